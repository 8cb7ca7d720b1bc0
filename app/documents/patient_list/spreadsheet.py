"""A spreadsheet (.xlsx, .xlsm, .xls, .ods) as a table; it is opened by a process of its own.

Trap: a file of 5 KB can name a cell so far out, or hold text so well packed, that opening it
takes gigabytes. The other process may take only so much memory and time.
"""

import json
import subprocess
import sys
from pathlib import Path

from app.documents.patient_list.table import (
    MAX_COLUMNS,
    MAX_LINES,
    ListTable,
    TableLine,
    UnreadableList,
    build_table,
)

SECONDS = 20
_SIGNS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
"""What the files of spreadsheets begin with: a zip file, or the older Office file."""
_OPENER = Path(__file__).with_name("sheet_process.py")


def is_spreadsheet(content: bytes) -> bool:
    """Whether the bytes are those of a spreadsheet, whatever the file is called."""
    return content.startswith(_SIGNS)


def read_spreadsheet(content: bytes) -> ListTable:
    """The table of the first sheet that says something. Raises UnreadableList."""
    limits = [str(MAX_LINES + 50), str(MAX_COLUMNS + 1)]
    command = [sys.executable, "-I", str(_OPENER), *limits]
    try:
        # Nothing of the file is in the command: this Python, a file of ours, two numbers.
        ended = subprocess.run(command, input=content, capture_output=True, timeout=SECONDS)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise UnreadableList("slow") from None
    if ended.returncode != 0:
        raise UnreadableList("broken")
    found = json.loads(ended.stdout)
    if "problem" in found:
        raise UnreadableList(found["problem"])
    lines = [TableLine(number, tuple(cells)) for number, cells in enumerate(found["rows"], 1)]
    return build_table(lines, frozenset(found["numbers"]))

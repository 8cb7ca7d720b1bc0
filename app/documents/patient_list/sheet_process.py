"""The process that opens a spreadsheet: the file on standard input, JSON on standard output.

Run by `spreadsheet.py` as a file of its own; it imports nothing of ours, and has little memory.
"""

import io
import json
import sys
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Any

MEMORY = 768 * 1024 * 1024  # bytes of address space; an honest list takes a tenth
PROCESSOR = 15  # seconds of work
_EXACT = 10**15  # beyond it a spreadsheet has lost digits of a number


def limit_process() -> None:
    """Take no more memory and time than an honest list needs, where the system can see to it."""
    try:
        import resource  # not on Windows
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR, PROCESSOR))
    with suppress(ValueError):  # macOS refuses this limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def read_sheet(content: bytes, most_rows: int, most_columns: int) -> dict[str, Any]:
    """Rows of text of the first visible sheet that says something, or which `problem` there is.

    Dates come as 2027-03-31, whichever year the file counts from; `numbers` are columns.
    """
    import python_calamine

    try:
        book = python_calamine.load_workbook(io.BytesIO(content))
        visible = python_calamine.SheetVisibleEnum.Visible
        for sheet in book.sheets_metadata:
            rows = book.get_sheet_by_name(sheet.name).to_python(skip_empty_area=False)
            if sheet.visible == visible and any(cell != "" for row in rows for cell in row):
                return write_rows(rows[:most_rows], most_columns)
    except python_calamine.PasswordError:
        return {"problem": "password"}
    except python_calamine.CalamineError as fault:
        if "password" in str(fault).casefold() or "encrypt" in str(fault).casefold():
            return {"problem": "password"}
        return {"problem": "kind" if "detect" in str(fault) else "broken"}
    return {"problem": "empty"}


def write_rows(rows: list[list[Any]], most_columns: int) -> dict[str, Any]:
    """The rows as text, with the columns that held numbers."""
    numbers = {
        place
        for row in rows
        for place, cell in enumerate(row[:most_columns])
        if isinstance(cell, (int, float)) and not isinstance(cell, bool)
    }
    written = [[write_cell(cell) for cell in row[:most_columns]] for row in rows]
    return {"rows": written, "numbers": sorted(numbers)}


def write_cell(cell: Any) -> str:
    """A cell as text. A number that lost digits is written as 1.23E+17, which is refused."""
    match cell:
        case bool():
            return str(cell).upper()
        case int() | float():
            if abs(cell) >= _EXACT:
                return f"{cell:.2E}"
            return str(int(cell)) if cell == int(cell) else str(cell)
        case datetime():
            clock = "" if cell.time() == time() else f" {cell:%H:%M}"
            return f"{cell:%Y-%m-%d}{clock}"
        case date():
            return cell.isoformat()
        case time():
            return f"{cell:%H:%M}"
        case timedelta():
            return ""
    return str(cell)


if __name__ == "__main__":
    limit_process()
    found = read_sheet(sys.stdin.buffer.read(), int(sys.argv[1]), int(sys.argv[2]))
    sys.stdout.write(json.dumps(found))

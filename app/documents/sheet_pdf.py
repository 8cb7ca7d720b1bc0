"""The sheet as a tagged PDF, set by typst.

What a person answered is handed over as data and never becomes a part of the source, so that no
word can be read as markup. Nothing is written to disk and nothing is fetched. typst remembers what
it laid out, for its next ten documents: it is made to forget each one at once.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typst import Compiler

_REMEMBERED = 11  # documents until typst has forgotten the first of them
_one_at_a_time = Lock()


def build_sheet_pdf(sheet: Mapping[str, Any], source: str, at: datetime) -> bytes:
    """The bytes of a PDF. `sheet`: values that JSON can hold, as the layout `source` names them.

    `at`: when the document was made.
    """
    compiler, inputs = _open_compiler(), {"sheet": json.dumps(sheet)}
    with _one_at_a_time:
        try:
            made = compiler.compile(
                source.encode(),
                format="pdf",
                sys_inputs=inputs,
                pdf_standards=["ua-1"],
                timestamp=at.replace(microsecond=0),  # typst refuses less than a second
            )
        finally:
            compiler.compile(b"", format="svg", sys_inputs={})
            for _ in range(_REMEMBERED - 1):
                compiler.compile(b"", format="svg")
    if not isinstance(made, bytes):
        raise TypeError("typst gives the bytes of a PDF where it has no file to write")
    return made


@cache
def _open_compiler() -> "Compiler":
    """Imported when first asked for, since it is large. Its own fonts, none of the machine's."""
    from typst import Compiler, Fonts

    return Compiler(b"", font_paths=Fonts(include_system_fonts=False), ignore_system_fonts=True)

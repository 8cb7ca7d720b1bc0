"""Lines of text as spreadsheets and hospital systems write them: CSV of any of three separators."""

import csv
import re
from collections.abc import Iterator

from app.documents.patient_list.table import ListTable, TableLine, UnreadableList, build_table

_SEPARATORS = (",", ";", "\t")
_SAMPLE = 20  # lines that show which separator it is
_MOST_JOINED = 5  # lines that a cell with ends of lines in it may run over
_LINE_END = re.compile(r"\r\n|\r|\n")
_NAMED_SEPARATOR = re.compile(r"sep=([,;\t])", re.IGNORECASE)
_PLAIN_SIGNS = frozenset("\u2019\u2013\u2014\u00b4\u00b0")
"""Apostrophe, dashes, accent, degree: what people type besides letters in an old file; anything
else shows that it was written another way."""


def read_text_file(content: bytes) -> ListTable:
    """The table of a text file. Raises UnreadableList, also where its letters cannot be told."""
    text, guessed = decode_text(content)
    return read_text(text, guessed=guessed)


def read_text(text: str, *, guessed: bool = False) -> ListTable:
    """The table of lines that were typed or decoded. Raises UnreadableList."""
    rows = _LINE_END.split(text.removeprefix("\ufeff"))
    named = _NAMED_SEPARATOR.fullmatch(rows[0].strip(" "))
    separator = named[1] if named else _find_separator(rows)
    start = 1 if named else 0
    return build_table(list(_split_lines(rows, start, separator)), guessed=guessed)


def decode_text(content: bytes) -> tuple[str, bool]:
    """(The text, whether its way of writing letters was guessed). Raises UnreadableList."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _decode_strictly(content, "utf-16"), False
    if b"\0" in content:
        return _decode_unmarked_utf16(content), False
    try:
        return _refuse_controls(content.decode("utf-8-sig")), False
    except UnicodeDecodeError:
        text = _decode_strictly(content, "cp1252")
    if any(not (c.isascii() or c.isalpha() or c in _PLAIN_SIGNS or c.isspace()) for c in text):
        raise UnreadableList("encoding")
    return text, True


def _decode_unmarked_utf16(content: bytes) -> str:
    """Digits and separators have their zero byte on one side alone, which tells the order."""
    order = "utf-16-le" if content[1::2].count(0) >= content[::2].count(0) else "utf-16-be"
    return _decode_strictly(content, order)


def _decode_strictly(content: bytes, encoding: str) -> str:
    try:
        return _refuse_controls(content.decode(encoding))
    except UnicodeDecodeError:
        raise UnreadableList("encoding") from None


def _refuse_controls(text: str) -> str:
    if any(c < " " and c not in "\t\r\n\f\v" for c in text) or "\ufffd" in text:
        raise UnreadableList("encoding")
    return text


def _find_separator(rows: list[str]) -> str:
    sample = [row for row in rows if row.strip()][:_SAMPLE]

    def weigh_separator(sign: str) -> tuple[int, int]:
        return sum(sign in row for row in sample), sum(row.count(sign) for row in sample)

    return max(_SEPARATORS, key=weigh_separator)


def _split_lines(rows: list[str], start: int, separator: str) -> Iterator[TableLine]:
    width, place = 0, start
    while place < len(rows):
        cells, used = _read_cells(rows, place, separator, width)
        width = max(width, len(cells or ()))
        yield TableLine(place + 1, cells or (), "" if cells is not None else "quote")
        place += used


def _read_cells(
    rows: list[str], place: int, separator: str, width: int
) -> tuple[tuple[str, ...] | None, int]:
    """(The cells, how many lines they take); None for the cells where a quote is left open.

    A cell may run over lines. Trap: so would a forgotten quotation mark, over other patients;
    lines are joined only where a row as wide as those before comes out.
    """
    for joined in range(1, _MOST_JOINED + 1):
        try:
            lines = (f"{row}\n" for row in rows[place : place + joined])
            cells = next(csv.reader(lines, delimiter=separator, strict=True))
        except csv.Error:
            continue
        except StopIteration:
            return (), 1
        if joined == 1 or len(cells) == width:
            return tuple(cells), joined
    return None, 1

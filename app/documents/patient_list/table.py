"""What a file or a box of lines holds: rows of cells, each with its line as the sender counts."""

import re
from typing import NamedTuple

MAX_FILE_BYTES = 1024 * 1024
MAX_LINES = 2000
MAX_COLUMNS = 40
MAX_CELL = 80
"""Letters of a cell that are kept; what is longer is refused wherever it is used."""
FILE_PROBLEMS = (
    *("empty", "encoding", "size", "lines", "columns", "kind", "password", "broken", "slow"),
)
_JOINERS = "\u200c\u200d"
"""They cannot be seen, and a Persian or Bengali name is misspelt without them."""
_SCALE = re.compile(r"\d(?:[.,]\d+)?E\+?\d+", re.IGNORECASE)


class UnreadableList(Exception):
    """The file cannot be read as a list; `problem` is which of FILE_PROBLEMS it is."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class TableLine(NamedTuple):
    """One line of the list. `problem`: "quote" where a quotation mark is left open, else ""."""

    number: int
    cells: tuple[str, ...]
    problem: str = ""


class ListTable(NamedTuple):
    """The lines that say something. `numbers`: columns in which a spreadsheet held numbers.

    `guessed`: the letters were read in an old way of writing, since the file does not say which.
    """

    lines: tuple[TableLine, ...]
    numbers: frozenset[int] = frozenset()
    guessed: bool = False


def clean_text(text: str) -> str:
    """One line of what a person can read: spaces of any kind are one kind, the unseen is left out.

    Joiners between letters stay: names in some scripts are misspelt without them.
    """
    return " ".join(unify_spaces(text).split()).strip(f" {_JOINERS}")


def unify_spaces(text: str) -> str:
    """The text with one kind of space and without what cannot be seen, but for joiners."""
    letters = (" " if letter.isspace() else letter for letter in text)
    return "".join(letter for letter in letters if letter in _JOINERS or letter.isprintable())


def build_table(
    lines: list[TableLine], numbers: frozenset[int] = frozenset(), *, guessed: bool = False
) -> ListTable:
    """The table of these lines without those that say nothing.

    Raises UnreadableList where there is none, or there are too many of anything.
    """
    cleaned = [
        TableLine(one.number, tuple(clean_text(cell)[:MAX_CELL] for cell in one.cells), one.problem)
        for one in lines
    ]
    said = [one for one in cleaned if one.problem or any(one.cells)]
    if not said:
        raise UnreadableList("empty")
    if len(said) > MAX_LINES:
        raise UnreadableList("lines")
    if max(_width(one.cells) for one in said) > MAX_COLUMNS:
        raise UnreadableList("columns")
    return ListTable(tuple(said), numbers, guessed)


def is_cut_number(text: str) -> bool:
    """Whether a spreadsheet wrote a long number as 9.43E+09, so that its digits are lost."""
    return _SCALE.fullmatch(text) is not None


def write_table(table: ListTable) -> str:
    """The table as text for a hidden field, which `restore_table` reads."""
    head = [",".join(str(column) for column in sorted(table.numbers)), str(int(table.guessed))]
    lines = ["\t".join([str(one.number), one.problem, *one.cells]) for one in table.lines]
    return "\n".join(["\t".join(head), *lines])


def restore_table(text: str) -> ListTable:
    """The table that was written so. Raises UnreadableList where it is none."""
    head, *lines = text.replace("\r\n", "\n").split("\n")
    numbers, _, guessed = head.partition("\t")
    found = []
    for line in lines:
        number, problem, *cells = [*line.split("\t"), "", ""]
        if not number.isdecimal() or problem not in ("", "quote"):
            raise UnreadableList("broken")
        found.append(TableLine(int(number[:9]), tuple(cells[:-2]), problem))
    columns = frozenset(int(column) for column in numbers.split(",") if column.isdecimal())
    return build_table(found, columns, guessed=guessed == "1")


def _width(cells: tuple[str, ...]) -> int:
    return max((place for place, cell in enumerate(cells, 1) if cell), default=0)

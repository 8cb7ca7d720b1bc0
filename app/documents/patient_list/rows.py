"""Each patient of a list, with what is wrong, as far as a line alone can tell."""

from dataclasses import dataclass
from datetime import date

from app.documents.patient_list.columns import ListLayout
from app.documents.patient_list.days import BadDay, DayOrder, find_day_order, parse_day
from app.documents.patient_list.spreadsheet import is_spreadsheet, read_spreadsheet
from app.documents.patient_list.table import (
    MAX_FILE_BYTES,
    ListTable,
    UnreadableList,
    clean_text,
    is_cut_number,
)
from app.documents.patient_list.text_file import read_text_file

LONGEST = 60  # letters of a reference, a name or a kind of visit
LINE_PROBLEMS = ("reference", "name", "kind", "day", "serial", "weekday", "quote", "cut_number")


@dataclass(frozen=True, slots=True)
class ListedPatient:
    """One line, as typed and as read. `problem`: "" or one of LINE_PROBLEMS."""

    line: int
    reference: str
    name: str
    day: str
    kind: str
    appointment_on: date | None = None
    problem: str = ""


def read_file(content: bytes) -> ListTable:
    """The table of a file of any kind that we read. Raises UnreadableList."""
    if len(content) > MAX_FILE_BYTES:
        raise UnreadableList("size")
    return read_spreadsheet(content) if is_spreadsheet(content) else read_text_file(content)


def read_patient(
    reference: str,
    name: str,
    day: str = "",
    kind: str = "",
    *,
    line: int = 0,
    month_first: bool = False,
) -> ListedPatient:
    """One patient as typed, with what is wrong."""
    reference, name, day, kind = map(clean_text, (reference, name, day, kind))
    problem, on = "", None
    try:
        on = parse_day(day, month_first=month_first) if day else None
    except BadDay as bad:
        problem = bad.problem
    for field, text, least in (("kind", kind, 0), ("name", name, 1), ("reference", reference, 1)):
        if not least <= len(text) <= LONGEST:
            problem = field
    if is_cut_number(reference):
        problem = "cut_number"
    return ListedPatient(line, reference, name, day, kind, on, problem)


def list_patients(
    table: ListTable, layout: ListLayout, *, month_first: bool = False
) -> list[ListedPatient]:
    """Every line below the headings as a patient; headings that come again are passed over."""
    above, below = table.lines[: layout.lines_above], table.lines[layout.lines_above :]
    headings = above[-1].cells if above else None
    found = []
    for line in below:
        if line.problem:
            found.append(ListedPatient(line.number, "", "", "", "", problem=line.problem))
        elif line.cells != headings:
            texts = read_cells(line.cells, layout)
            if any(texts):
                found.append(read_patient(*texts, line=line.number, month_first=month_first))
    return found


def read_cells(cells: tuple[str, ...], layout: ListLayout) -> tuple[str, str, str, str]:
    """(Reference, name, day, what the visit is) of a line; two names are joined."""

    def pick_cell(column: int | None) -> str:
        return cells[column] if column is not None and column < len(cells) else ""

    name = f"{pick_cell(layout.name)} {pick_cell(layout.surname)}".strip()
    return pick_cell(layout.reference), name, pick_cell(layout.day), pick_cell(layout.kind)


def find_list_order(table: ListTable, layout: ListLayout) -> DayOrder:
    """In which order the days of the list are written."""
    below = table.lines[layout.lines_above :]
    return find_day_order(read_cells(line.cells, layout)[2] for line in below)

"""Each patient of a list, with what is wrong, as far as a line alone can tell."""

from dataclasses import dataclass
from datetime import date

from app.documents.patient_list.columns import ListLayout
from app.documents.patient_list.spreadsheet import is_spreadsheet, read_spreadsheet
from app.documents.patient_list.table import (
    MAX_FILE_BYTES,
    ListTable,
    UnreadableList,
    clean_text,
    is_cut_number,
)
from app.documents.patient_list.text_file import read_text_file
from app.documents.typed_days import (
    DAY_FIRST,
    DayOrder,
    UnreadableDay,
    find_day_order,
    parse_day,
)

LONGEST = 60  # letters of a reference, a name or a kind of visit
LINE_PROBLEMS = ("reference", "name", "kind", "day", "serial", "weekday", "quote", "cut_number")


@dataclass(frozen=True, slots=True)
class ListedPatient:
    """One line, as typed and as read. `problems`: those of LINE_PROBLEMS that it has."""

    line: int
    reference: str
    name: str
    day: str
    kind: str
    appointment_on: date | None = None
    problems: tuple[str, ...] = ()
    contact: str = ""

    @property
    def problem(self) -> str:
        """The first of its problems; "" where there is none."""
        return self.problems[0] if self.problems else ""


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
    contact: str = "",
    *,
    line: int = 0,
    order: str = DAY_FIRST,
) -> ListedPatient:
    """One patient as typed, with what is wrong; `order`: of the numbers of the day."""
    texts = (reference, name, day, kind, contact)
    reference, name, day, kind, contact = map(clean_text, texts)
    lengths = (("reference", reference, 1), ("name", name, 1), ("kind", kind, 0))
    problems = [field for field, text, least in lengths if not least <= len(text) <= LONGEST]
    if is_cut_number(reference):
        problems.append("cut_number")
    on = None
    try:
        on = parse_day(day, order, short_year=True) if day else None
    except UnreadableDay as bad:
        problems.append(bad.problem if bad.problem in LINE_PROBLEMS else "day")
    return ListedPatient(line, reference, name, day, kind, on, tuple(problems), contact)


def list_patients(
    table: ListTable, layout: ListLayout, *, order: str = DAY_FIRST
) -> list[ListedPatient]:
    """Every line below the headings as a patient; headings that come again are passed over."""
    above, below = table.lines[: layout.lines_above], table.lines[layout.lines_above :]
    headings = above[-1].cells if above else None
    found = []
    for line in below:
        if line.problem:
            found.append(ListedPatient(line.number, "", "", "", "", problems=(line.problem,)))
        elif line.cells != headings:
            texts = read_cells(line.cells, layout)
            if any(texts):
                found.append(read_patient(*texts, line=line.number, order=order))
    return found


def read_cells(cells: tuple[str, ...], layout: ListLayout) -> tuple[str, str, str, str, str]:
    """(Reference, name, day, what the visit is, contact) of a line; two names are joined."""

    def pick_cell(column: int | None) -> str:
        return cells[column] if column is not None and column < len(cells) else ""

    name = f"{pick_cell(layout.name)} {pick_cell(layout.surname)}".strip()
    reference, day = pick_cell(layout.reference), pick_cell(layout.day)
    return reference, name, day, pick_cell(layout.kind), pick_cell(layout.contact)


def find_list_order(table: ListTable, layout: ListLayout) -> DayOrder:
    """In which order the days of the list are written."""
    below = table.lines[layout.lines_above :]
    return find_day_order(read_cells(line.cells, layout)[2] for line in below)

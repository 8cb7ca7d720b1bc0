"""Lists of patients as spreadsheets, hospital systems and people write them."""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from app.documents.patient_list import rows, spreadsheet
from app.documents.patient_list.columns import ListLayout, find_layout
from app.documents.patient_list.rows import ListedPatient, find_list_order, list_patients
from app.documents.patient_list.table import (
    FILE_PROBLEMS,
    MAX_FILE_BYTES,
    UnreadableList,
    clean_text,
    restore_table,
    write_table,
)
from app.presentation.invitation_checks import FILE_WORDS, LINE_WORDS

MARCH = date(2027, 3, 31)
# A sheet knows no time zone.
NINE_THIRTY = datetime(2027, 3, 31, 9, 30)  # noqa: DTZ001
PEOPLE = "R-7102\tŁukasz\t2027-03-31\nR-7103\tŞule\nR-7106\tЮля\n"


def listed(content: bytes | str) -> list[ListedPatient]:
    """What a file lists, with the layout that is found in it."""
    table = rows.read_file(content.encode() if isinstance(content, str) else content)
    order = find_list_order(table, find_layout(table))
    return list_patients(table, find_layout(table), order=order)


def names(content: bytes | str) -> list[tuple[str, str]]:
    return [(one.reference, one.name) for one in listed(content)]


def sheet(*lines: tuple[Any, ...], epoch: datetime | None = None) -> bytes:
    """An Excel file with these rows."""
    book = openpyxl.Workbook()
    if epoch:
        book.epoch = epoch
    for line in lines:
        book.active.append(line)
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"], ids=str
)
def test_a_file_is_read_in_the_letters_it_was_written_in(encoding: str) -> None:
    assert names(PEOPLE.encode(encoding)) == [
        ("R-7102", "Łukasz"),
        ("R-7103", "Şule"),
        ("R-7106", "Юля"),
    ]


def test_a_file_from_an_old_spreadsheet_keeps_its_letters_and_says_that_they_are_guessed() -> None:
    content = "R-1,Zoë\nR-2,O\u2019Neil".encode("cp1252")
    assert names(content) == [("R-1", "Zoë"), ("R-2", "O\u2019Neil")]
    assert rows.read_file(content).guessed
    assert not rows.read_file("R-1,Zoë".encode()).guessed


@pytest.mark.parametrize(
    "content",
    [
        b"R-1,Zo\x81",
        "R-1,Łukasz".encode("cp1250"),
        "R-1,Zoë".encode("mac_roman"),
        "R-1,田中".encode("shift_jis"),
        "R-1,Юля".encode("utf-16-le")[:-1],
        b"\xff\xfeR",
        bytes(range(256)),
    ],
)
def test_letters_that_cannot_be_told_refuse_the_file(content: bytes) -> None:
    with pytest.raises(UnreadableList) as refused:
        rows.read_file(content)
    assert refused.value.problem == "encoding"


@pytest.mark.parametrize("content", ["", "\n \n", ",,\n,,", "\ufeff", "\t"])
def test_a_file_that_says_nothing_is_refused_as_empty(content: str) -> None:
    with pytest.raises(UnreadableList) as refused:
        rows.read_file(content.encode())
    assert refused.value.problem == "empty"


def test_no_more_lines_columns_or_bytes_than_a_list_can_have() -> None:
    for content, problem in (
        (b"a,b\n" * 2001, "lines"),
        (b"x," * 41 + b"x", "columns"),
        (b"x" * (MAX_FILE_BYTES + 1), "size"),
    ):
        with pytest.raises(UnreadableList) as refused:
            rows.read_file(content)
        assert refused.value.problem == problem


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_any_of_three_separators_is_found(sign: str) -> None:
    lines = "Reference,Name,Day,Visit\nR-1,Ann,2027-03-31,Hill room 2\nR-2,Bob,,".replace(",", sign)
    for text in (lines, f"sep={sign}\n{lines}"):
        assert names(text) == [("R-1", "Ann"), ("R-2", "Bob")]
    assert listed('R-1;Ann;;"Hill, 10:30"\nR-2;Bob;;Hill, 11:30')[1].kind == "Hill, 11:30"


def test_a_quotation_mark_that_is_left_open_refuses_its_line_and_no_other() -> None:
    found = listed('R-7171,Ann\nR-7172,"Jo,2027-03-31,Dr Hill\nR-7173,Bob\n"R-7174"x,Cy\nR-7175,Di')
    assert [(one.line, one.name, one.problem) for one in found] == [
        (1, "Ann", ""),
        (2, "", "quote"),
        (3, "Bob", ""),
        (4, "", "quote"),
        (5, "Di", ""),
    ]


def test_a_cell_may_hold_separators_quotes_and_ends_of_lines() -> None:
    found = listed('Ref,Name,Day,Visit\nR-1,"Ann ""Bo""",,"Hill,\nroom 2"\nR-2,Cy,,x')
    assert (found[0].name, found[0].kind) == ('Ann "Bo"', "Hill, room 2")
    assert (found[1].line, found[1].name) == (4, "Cy")


def test_a_no_break_space_is_a_space_and_a_joiner_stays() -> None:
    assert clean_text(" Anna\u00a0Maria\u200b ") == "Anna Maria"
    assert clean_text("بهز\u200cرضی\u200c") == "بهز\u200cرضی"
    assert names("R-7140,Anna\u00a0Maria,2027-03-31,Dr Hill") == [("R-7140", "Anna Maria")]


@pytest.mark.parametrize(
    ("headings", "layout"),
    [
        ("NHS number,Surname,Forename,Appt date", ListLayout(0, 2, 1, 3, None, 1)),
        (
            "Hospital No.;Patient name;Clinic;DOB;Appointment Date/Time",
            ListLayout(0, 1, None, 4, 2, 1),
        ),
        ("Patient,MRN,Visit date", ListLayout(1, 0, None, 2, None, 1)),
        ("Date of birth,Name,Hosp_no", ListLayout(2, 1, None, None, None, 1)),
        ("Surname,Ref", ListLayout(1, 0, None, None, None, 1)),
        ("Name,Surname,ID", ListLayout(2, 0, None, None, None, 1)),
        ("R-1,Ann,2027-03-31,Hill", ListLayout()),
        ("Clinic list of Monday\nRef,Name", ListLayout(0, 1, None, None, None, 2)),
        ("Kennung,Vorname,Tag\n7,Ann,2027-03-31", ListLayout(lines_above=1)),
        ("Ann,Bob", ListLayout()),
    ],
)
def test_columns_are_found_by_the_headings_of_real_systems(
    headings: str, layout: ListLayout
) -> None:
    assert find_layout(rows.read_file(headings.encode())) == layout


def test_two_names_are_joined_and_headings_that_come_again_are_passed_over() -> None:
    text = (
        "NHS number,Surname,Forename\n943 476 5919,Lee,Kim\n\nNHS number,Surname,Forename\n8,Ray,Al"
    )
    assert names(text) == [("943 476 5919", "Kim Lee"), ("8", "Al Ray")]
    assert [one.line for one in listed(text)] == [2, 5]


@pytest.mark.parametrize(
    "text",
    [
        *("2027-03-31", "2027/3/31", "20270331", "2027-03-31 09:30", "2027-03-31T09:30:00Z"),
        *("31/03/2027", "31.3.27", "31-03-2027", "31/03/2027 09:30", "31/03/2027, 9.30 am"),
        *("31 Mar 2027", "31-Mar-27", "31 March 2027", "31st March 2027", "Wed 31 Mar 2027"),
        *(
            "March 31, 2027",
            "Mar 31 2027",
            "Wednesday 31 March 2027 at 14:00",
            "\uff13\uff11/03/2027",
        ),
    ],
)
def test_a_day_is_read_as_people_and_systems_write_it(text: str) -> None:
    assert rows.read_patient("R-1", "Ann", text).appointment_on == MARCH


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        *(
            (text, "day")
            for text in ("soon", "31/02/2027", "2027-13-01", "31 Foo 2027", "1/2", "9")
        ),
        ("46112", "serial"),
        ("Tue 31 Mar 2027", "weekday"),
        ("Lunes 31 Mar 2027", "day"),
    ],
)
def test_what_is_no_day_says_why(text: str, problem: str) -> None:
    assert rows.read_patient("R-1", "Ann", text).problem == problem


def test_the_order_of_a_list_is_found_from_all_of_its_rows() -> None:
    assert listed("R-1,Ann,03/04/2027\nR-2,Bob,03/31/2027")[0].appointment_on == date(2027, 3, 4)


@pytest.mark.parametrize("epoch", [None, CALENDAR_MAC_1904], ids=["1900", "1904"])
def test_a_spreadsheet_is_read_whatever_year_its_days_count_from(epoch: datetime | None) -> None:
    content = sheet(
        ("MRN", "Patient", "Appt date", "Clinic"),
        ("007", "Ann", MARCH, None),
        (9434765919, "Bob", NINE_THIRTY, "Hill"),
        ("R-3", "Cy", "31/03/2027", 2),
        epoch=epoch,
    )
    assert [(one.reference, one.name, one.appointment_on, one.kind) for one in listed(content)] == [
        ("007", "Ann", MARCH, ""),
        ("9434765919", "Bob", MARCH, "Hill"),
        ("R-3", "Cy", MARCH, "2"),
    ]
    assert rows.read_file(content).numbers == {0, 3}


def test_a_number_that_lost_its_digits_and_a_day_that_is_none_are_refused_with_their_line() -> None:
    content = sheet(
        ("Ref", "Name", "Day"), (12345678901234567, "Ann"), (None,), (7, "Bob", 46112), (8, None)
    )
    assert [(one.line, one.problem) for one in listed(content)] == [
        (2, "cut_number"),
        (4, "serial"),
        (5, "name"),
    ]
    assert listed("Ref,Name\n9.43477E+09,Ann")[0].problem == "cut_number"


def test_a_hidden_or_empty_sheet_is_passed_over() -> None:
    book = openpyxl.Workbook()
    book.active.title = "Empty"
    hidden, shown = book.create_sheet("Old"), book.create_sheet("List")
    hidden.append(("R-0", "Gone"))
    hidden.sheet_state = "hidden"
    shown["B3"], shown["C3"] = "R-1", "Ann"
    table = rows.read_file(saved(book))
    assert [(line.number, line.cells) for line in table.lines] == [(3, ("", "R-1", "Ann"))]
    with pytest.raises(UnreadableList) as refused:
        rows.read_file(sheet())
    assert refused.value.problem == "empty"


def test_a_sheet_that_would_take_all_memory_or_time_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = "R-1", "x"
    with pytest.raises(UnreadableList) as refused:
        rows.read_file(saved(book))
    assert refused.value.problem == "broken"
    monkeypatch.setattr(spreadsheet, "SECONDS", 0.001)
    with pytest.raises(UnreadableList) as slow:
        rows.read_file(sheet(("R-1", "Ann")))
    assert slow.value.problem == "slow"


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04", sheet(("R-1", "Ann"))[:-300], b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"]
)
def test_a_spreadsheet_that_is_none_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableList) as refused:
        rows.read_file(content)
    assert refused.value.problem in {"kind", "broken"}


def test_a_table_goes_into_a_form_and_comes_back() -> None:
    table = rows.read_file(b'Ref,Name\n,\nR-1,"Ann\tB"\nR-2,"x')
    assert restore_table(write_table(table)) == table
    assert restore_table(write_table(table).replace("\n", "\r\n")) == table
    number = rows.read_file(sheet((7, "Ann")))
    assert restore_table(write_table(number)) == number
    for text in ("", "x", "\t0\nx\t\ta", "\t0\n1\tbad\ta"):
        with pytest.raises(UnreadableList):
            restore_table(text)


def test_every_problem_of_a_file_or_a_line_has_words() -> None:
    assert set(FILE_WORDS) == set(FILE_PROBLEMS)
    assert set(LINE_WORDS) == set(rows.LINE_PROBLEMS)


def test_all_that_is_wrong_with_a_line_is_told_at_once() -> None:
    assert rows.read_patient("", "", "soon", "x" * 61).problems == (
        *("reference", "name", "kind", "day"),
    )

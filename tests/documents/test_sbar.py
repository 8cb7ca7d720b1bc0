"""SBAR: never too long, what matters most first, every sign kept, and what is cut is named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.documents import sbar
from app.documents.plain_text import clean_line, to_plain_ascii
from app.documents.sbar import MAX_LETTERS, AssessedAnswers, ClinicFacts
from app.documents.short_answers import ShortWording
from app.triage.dangers import assess_dangers
from app.triage.rules import assess_answers
from app.triage.terms import Answers
from app.triage.what_if import try_other_answers
from tests.builders import answers, examples, rulebook, some_answers
from tests.documents.test_receipt import published_cases

AROUND = ClinicFacts(
    reference="R-1001",
    name="Jo",
    sent_as="ABC-DEF",
    sent="self-check sent 15 January 2027, 08:02",
    answered_by="The patient answered",
    level="Today",
    needed="Needs to be seen by Fri 15 Jan 2027",
    emergency_number="999",
    visit="booked Thu 28 Jan 2027, bring forward",
    asked=("nothing agreed yet, please review",),
)
WORDY = replace(
    AROUND,
    reference="Zoë" * 40,
    name="Ångström “the 2nd” " * 10,
    asked=("x" * 100, "Żółć" * 30),
    labs=tuple(f"Calcium 2.{n} mmol/L" for n in range(12)),
    origin="lowered from Emergency: Someone looked at it in person",
    changes=("Kim lowered it “" + "Seen. " * 400 + "”", "Lou kept the level"),
    calls=tuple(f"Kim called ({n}): No answer" for n in range(20)),
    notes=("“" + "Her son helps. " * 400 + "”",) * 9,
)


UNITS = "Creatinine 900 µmol/L, ≥ 5 cm, 2½ tablets, ≤ 37 °C, \u00d7 3"


def everything() -> Answers:
    """Every box of an adult ticked."""
    picked = {"age": "adult", "pain": "severe", "kidney": "dialysis"}
    return {
        q.id: frozenset(
            [picked[q.id]] if q.kind == "one" else set(q.option_ids) - {q.none, q.unsure}
        )
        for q in rulebook().questionnaire
        if q.id != "baby"
    }


def known_of(given: Answers) -> AssessedAnswers:
    """Answers, with all that is made of them."""
    book = rulebook()
    path = book.questionnaire.trace_path(given)
    assessment = assess_answers(book, path.answers)
    looked = assess_dangers(book.dangers, book.questionnaire, path, assessment)
    return AssessedAnswers(
        book, path.answers, assessment, try_other_answers(book, path.answers), looked
    )


def text(
    given: Answers | AssessedAnswers,
    around: ClinicFacts = AROUND,
    *,
    full: bool = False,
    plain: bool = False,
) -> str:
    known = given if isinstance(given, AssessedAnswers) else known_of(given)
    words = known.rulebook.wording["en"]
    short = ShortWording(words.pages, words, known.rulebook.questionnaire)
    return sbar.write_sbar_texts(known, around, short, plain=plain)[full]


def check(written: str, *, plain: bool = False) -> None:
    """What holds for every text."""
    assert len(written) <= MAX_LETTERS < 1500
    assert written.isascii() or not plain
    assert all(line.isprintable() for line in written.split("\n"))
    lines = written.split("\n")
    assert lines[0].startswith("SBAR ")
    assert [line[0] for line in lines if line.startswith(("S: ", "A: ", "R: "))] == ["S", "A", "R"]
    assert f"{rulebook().version}, {rulebook().sha256[:12]}" in lines[-1]


def test_every_published_case_fits() -> None:
    cases = published_cases()
    assert len(cases) >= 110
    for known in (known_of(case.answers) for case in cases):
        for full in (False, True):
            check(text(known, full=full))
            wordy = text(known, WORDY, full=full)
            check(wordy)
            assert "Level: Today; lowered from Emergency: Someone looked at it in person;" in wordy
            check(text(known, WORDY, full=full, plain=True), plain=True)


@examples(30)
@given(some_answers(), st.booleans(), st.text(max_size=300), st.text(max_size=300))
def test_whatever_was_answered_and_typed_it_fits(
    given: Answers, full: bool, reference: str, name: str
) -> None:
    check(text(given, replace(WORDY, reference=reference, name=name), full=full))


def test_the_fullest_answers_fit_and_say_that_more_is_in_the_record() -> None:
    written = text(everything(), WORDY, full=True)
    check(written)
    assert "more is in the record" in written


def test_a_short_text_claims_nothing_more() -> None:
    written = text(answers(skin="pus"))
    assert "more is in the record" not in written
    assert "A: Decided by Skin: Pus, bad smell or known infection; rules U3." in written
    assert "Level: Today; Needs to be seen by Fri 15 Jan 2027; booked" in written


def test_only_the_full_text_tells_what_was_answered_no() -> None:
    assert "Answered no:" not in text(answers())
    assert "Answered no: Breathing and thinking: Too breathless" in text(answers(), full=True)


def test_what_matters_less_is_left_out_first() -> None:
    written = text(everything(), WORDY, full=True)
    for kept in ("Level: Today", "A: Decided by", "R: ", "Must not miss:"):
        assert kept in written
    assert "Likely type:" not in written


@pytest.mark.parametrize("unsure", ["pain", "kidney", "skin"])
def test_a_doubt_is_told(unsure: str) -> None:
    assert "Not sure: " in text(answers({unsure: "not_sure"}))


def test_every_letter_stays_and_a_plain_copy_is_given_on_request() -> None:
    around = replace(AROUND, reference="Zoë\u20137", name="李 O\u2019Neill", labs=(UNITS,))
    written = text(answers(), around)
    assert "SBAR Zoë\u20137 (ABC-DEF)" in written
    assert "S: 李 O\u2019Neill" in written
    assert UNITS in written
    plain = text(answers(), around, plain=True)
    assert "SBAR Zoe-7 (ABC-DEF)" in plain
    assert "S: ? O'Neill" in plain
    assert "Creatinine 900 umol/L, >= 5 cm, 2 1/2 tablets, <= 37 deg C, x 3" in plain


@pytest.mark.parametrize(
    ("signs", "plain"),
    [
        ("900 \u00b5mol/L", "900 umol/L"),
        ("900 \u03bcmol/L", "900 umol/L"),
        ("≥ 5 cm", ">= 5 cm"),
        ("½", "1/2"),
        ("2½", "2 1/2"),
        ("Łódź, Ærø, Straße", "Lodz, AEro, Strasse"),
        ("cm²", "cm2"),
    ],
)
def test_units_and_signs_have_their_plain_form(signs: str, plain: str) -> None:
    assert clean_line(to_plain_ascii(signs)) == plain


def test_what_is_cut_is_named_by_its_line_and_number() -> None:
    written = text(everything(), WORDY, full=True)
    cut = next(line for line in written.split("\n") if line.startswith("Cut to fit"))
    assert "more is in the record:" in cut
    assert "Notes 9" in cut
    assert "Calls 20" in cut


def test_level_origin_reason_and_what_decides_are_never_cut() -> None:
    for known in (known_of(case.answers) for case in published_cases()):
        why = next(line for line in text(known).split("\n") if line.startswith("A: "))
        wordy = text(known, WORDY, full=True)
        assert why in wordy
        assert WORDY.origin in wordy


def test_calls_notes_and_changes_stand_in_it_and_a_long_note_is_shortened() -> None:
    around = replace(
        AROUND,
        calls=("Kim called (08:10): Someone answered “She is well”",),
        notes=("Kim noted (08:11) “" + "a" * 999 + "”",),
        changes=("Kim raised the level (08:12)",),
        asked=("Kim closed it (08:20): Will be seen today “At 3.”",),
    )
    written = text(answers(skin="pus"), around)
    assert "Calls: Kim called (08:10): Someone answered “She is well”." in written
    assert "Level changed: Kim raised the level (08:12)." in written
    assert "R: Kim closed it (08:20): Will be seen today “At 3.”." in written
    assert "aaa [...]" in written
    assert "Cut to fit" not in written


def test_each_answer_of_a_question_stands_in_it_once() -> None:
    written = text(answers(skin=["pus", "open"]))
    assert written.count("Pus") == 1
    assert "Open, cracked" in written

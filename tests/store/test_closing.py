"""Closing what cannot wait: what one person may do, what two may, and what goes on meanwhile."""

from datetime import timedelta
from itertools import product

import pytest

from app.store import alarms, reviews, submission_reads, submissions, worklist, worklist_rows
from app.store.db import record_keys
from app.store.db.patient_tables import WorklistRow
from app.store.db.scope import Store
from app.store.db.tables import Clinic
from app.store.review_steps import DISPOSITIONS, ReviewStep
from app.store.reviews import StepNotAllowed
from app.triage.terms import Urgency
from tests.store.kim import actions
from tests.store.patients import KNOWN, MONDAY, TARGETS, Work, handed
from tests.store.rows import read_columns

GRAVE = ("emergency", "same_day")
FIVE = timedelta(minutes=5)
ONE_PERSON = {
    "emergency": {"emergency_service"},
    "same_day": {"emergency_service", "seen_today", "other_service"},
}
"""Written by hand, so that a slip in the table is seen."""
BY_TWO = {level: [end for end in DISPOSITIONS if end not in ONE_PERSON[level]] for level in GRAVE}
WORDS = "Rang three times, and a neighbour says she moved."


@pytest.fixture
def work(store: Store) -> Work:
    with store.writing_scope("c1", MONDAY, "kim") as scope:
        record_keys.create_data_key(scope, "c1")
    return Work(store)


def ready(work: Work, level: str = "emergency") -> str:
    """A submission that was seen, of which it is known who it is, and whose level was agreed to."""
    sent = work.send(level).submission
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        reviews.record_view(scope, sent, "")
    work.do("kim", sent, "identify", **KNOWN)
    work.do("kim", sent, "agree")
    return sent


def ask(work: Work, sent: str, outcome: str = "not_reached", who: str = "kim", **more) -> int:
    return work.do(who, sent, "ask_close", **{"outcome": outcome, "words": WORDS} | more)


def refused(work: Work, who: str, sent: str, kind: str, **more: object) -> str:
    """Why a step is refused; nothing was kept of it, and nothing changed."""
    before, row = kinds(work, sent), read_columns(work.row(sent))
    with pytest.raises(StepNotAllowed) as problem:
        work.do(who, sent, kind, **more)
    assert (kinds(work, sent), read_columns(work.row(sent))) == (before, row)
    return problem.value.problem


def kinds(work: Work, sent: str) -> list[str]:
    with work.store.reading_scope("c1") as scope:
        return [entry.kind for entry in submission_reads.list_actions(scope, sent)]


# --- What one person may do ---


@pytest.mark.parametrize("level", GRAVE)
def test_one_person_cannot_close_what_cannot_wait_without_its_help(work: Work, level: str) -> None:
    sent = ready(work, level)
    for _ in range(3):
        work.do("kim", sent, "call", outcome="no_answer")
    for outcome, words in product(BY_TWO[level], ("", WORDS)):
        assert refused(work, "kim", sent, "close", outcome=outcome, words=words) == "second_person"


@pytest.mark.parametrize("level", GRAVE)
def test_nor_where_agreeing_and_closing_are_one_form(work: Work, level: str) -> None:
    sent = work.send(level).submission
    for outcome in BY_TWO[level]:
        steps = [
            ReviewStep("identify", 0, "form", **KNOWN),
            ReviewStep("agree", 0, "form"),
            ReviewStep("close", 0, "form", outcome=outcome, words=WORDS),
        ]
        with (
            pytest.raises(StepNotAllowed, match="second_person"),
            work.store.writing_scope("c1", MONDAY, "kim") as scope,
        ):
            reviews.perform_steps(scope, sent, steps, TARGETS)
        assert kinds(work, sent) == []


def test_not_even_a_lead_can(work: Work) -> None:
    sent = ready(work)
    work.do("ada", sent, "take_over")
    assert refused(work, "ada", sent, "close", outcome="appointment_kept") == "second_person"


@pytest.mark.parametrize("level", GRAVE)
def test_one_person_can_refer_on(work: Work, level: str) -> None:
    for outcome in ONE_PERSON[level]:
        sent = ready(work, level)
        work.do("kim", sent, "close", outcome=outcome)
        assert work.row(sent).closed


@pytest.mark.parametrize("level", ["soon", "routine"])
def test_what_can_wait_is_closed_by_one_person(work: Work, level: str) -> None:
    for outcome in DISPOSITIONS:
        sent = ready(work, level)
        assert refused(work, "kim", sent, "ask_close", outcome=outcome, words=WORDS) == "outcome"
        work.do("kim", sent, "close", outcome=outcome, words=WORDS)
        assert work.row(sent).closed


def test_the_level_that_counts_decides(work: Work) -> None:
    raised = ready(work, "soon")
    work.do("kim", raised, "raise")
    assert refused(work, "kim", raised, "close", outcome="advice_given") == "second_person"
    lowered = ready(work, "same_day")
    work.lower("kim", lowered)
    work.do("lee", lowered, "second_yes")
    work.do("kim", lowered, "close", outcome="appointment_kept")
    assert work.row(lowered).closed


# --- What two may ---


@pytest.mark.parametrize(
    ("level", "outcome"), [("emergency", "not_reached"), ("same_day", "appointment_kept")]
)
def test_a_second_person_closes_it(work: Work, level: str, outcome: str) -> None:
    sent = ready(work, level)
    asked = ask(work, sent, outcome)
    row = work.row(sent)
    assert (row.closed, row.state, row.waits_since) == (False, "second_close", MONDAY)
    work.do("lee", sent, "close_yes", words="I know them.")
    row = work.row(sent)
    assert (row.closed, row.closed_at, row.state) == (True, MONDAY, "closed")
    assert (row.waits_since, row.forget_at) == (None, MONDAY + timedelta(days=90))
    with work.store.reading_scope("c1") as scope:
        first, second = submission_reads.list_actions(scope, sent)[-2:]
    assert (first.kind, first.by, first.words, first.outcome) == (
        "ask_close",
        "kim",
        WORDS,
        outcome,
    )
    assert (second.kind, second.by, second.outcome) == ("close_yes", "lee", outcome)
    assert second.answers_number == asked
    assert actions(work.store)[-2:] == ["review_ask_close", "review_close_yes"]


def test_a_second_person_who_says_no_leaves_it_open(work: Work) -> None:
    sent = ready(work)
    ask(work, sent)
    work.do("lee", sent, "close_no", words="Ask the police to look.")
    row = work.row(sent)
    assert (row.closed, row.state, row.waits_since) == (False, "claimed", None)
    assert row.owner_id == "kim"
    assert refused(work, "lee", sent, "close_yes") == "second_look"


@pytest.mark.parametrize("kind", ["close_yes", "close_no"])
def test_nobody_answers_what_they_asked(work: Work, kind: str) -> None:
    sent = ready(work)
    ask(work, sent)
    assert refused(work, "kim", sent, kind) == "own"
    work.do("ada", sent, "take_over")
    assert refused(work, "kim", sent, kind) == "own"


def test_an_auditor_or_another_clinic_is_no_second_person(work: Work) -> None:
    sent = ready(work)
    ask(work, sent)
    assert refused(work, "aud", sent, "close_yes") == "role"
    Work(work.store, "c2")
    with (
        work.store.writing_scope("c2", MONDAY, "lee") as scope,
        pytest.raises(worklist_rows.NoSuchSubmission),
    ):
        reviews.perform_step(scope, sent, ReviewStep("close_yes", 0, "k"), TARGETS)


def test_asking_needs_words_a_decision_and_to_know_who_it_is(work: Work) -> None:
    sent = work.send("emergency").submission
    assert (
        refused(work, "kim", sent, "ask_close", outcome="not_reached", words=WORDS) == "undecided"
    )
    work.do("kim", sent, "agree")
    kept = {"outcome": "appointment_kept"}
    assert refused(work, "kim", sent, "ask_close", **kept, words=" ") == "why"
    assert refused(work, "kim", sent, "ask_close", **kept, words=WORDS) == "unidentified"
    for outcome in ("emergency_service", "bye", None):
        assert refused(work, "kim", sent, "ask_close", outcome=outcome, words=WORDS) == "outcome"
    ask(work, sent)


def test_someone_else_found_out_meanwhile_to_be_another_person_is_not_closed(work: Work) -> None:
    sent = ready(work)
    ask(work, sent, "appointment_kept")
    work.do("kim", sent, "identify", outcome="wrong_person")
    assert refused(work, "lee", sent, "close_yes") == "unidentified"


def test_without_being_asked_nobody_agrees_to_close(work: Work) -> None:
    sent = ready(work)
    for kind in ("close_yes", "close_no"):
        assert refused(work, "lee", sent, kind) == "second_look"
    work.do("kim", sent, "release")
    lowered = ready(work, "same_day")
    work.lower("kim", lowered)
    assert refused(work, "lee", lowered, "close_yes") == "second_look"
    closing = ready(work, "same_day")
    ask(work, closing)
    assert refused(work, "lee", closing, "second_yes") == "second_look"


# --- Meanwhile ---


def test_whatever_gets_help_goes_on_meanwhile(work: Work) -> None:
    referred = ready(work)
    ask(work, referred)
    work.do("kim", referred, "call", outcome="answered")
    assert work.row(referred).state == "second_close"
    work.do("kim", referred, "close", outcome="emergency_service")
    assert work.row(referred).closed
    raised = ready(work, "same_day")
    ask(work, raised)
    work.do("kim", raised, "raise")
    row = work.row(raised)
    assert (row.rank, row.state, row.waits_since) == (0, "claimed", None)
    assert refused(work, "lee", raised, "close_yes") == "second_look"
    lowered = ready(work, "same_day")
    ask(work, lowered)
    work.lower("kim", lowered)
    assert (work.row(lowered).state, work.row(lowered).waits_since) == ("second_look", MONDAY)


def test_asking_again_puts_the_new_question_in_the_place_of_the_old(work: Work) -> None:
    sent = ready(work)
    ask(work, sent)
    ask(work, sent, "advice_given")
    work.do("lee", sent, "close_yes")
    with work.store.reading_scope("c1") as scope:
        assert submission_reads.list_actions(scope, sent)[-1].outcome == "advice_given"


def test_it_is_neither_let_go_nor_handed_over_meanwhile(work: Work) -> None:
    sent = ready(work)
    ask(work, sent)
    for kind, more in (("release", {}), ("hand_over", {"to_staff": "lee"}), ("agree", {})):
        assert refused(work, "kim", sent, kind, **more) == "second_look"


def test_a_yes_is_not_given_to_answers_that_have_changed(work: Work) -> None:
    invitation = work.invite()
    sent = work.hand_in(invitation, "same_day").submission
    work.do("kim", sent, "agree")
    ask(work, sent)
    work.hand_in(invitation, "emergency", MONDAY)
    assert refused(work, "lee", sent, "close_yes") == "second_look"
    row = work.row(sent)
    assert (row.state, row.waits_since, row.first_seen_at) == ("new", None, None)


def test_what_a_nurse_finds_meanwhile_ends_the_question_too(work: Work) -> None:
    sent = ready(work, "same_day")
    ask(work, sent)
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        row = worklist_rows.require_row(scope, sent, MONDAY)
        submissions.add_corrections(scope, row, handed("routine"), TARGETS, "found")
    row = work.row(sent)
    assert (row.state, row.waits_since) == ("claimed", None)
    assert refused(work, "lee", sent, "close_yes") == "second_look"


def test_it_stays_on_the_worklist_and_among_what_needs_a_second_person(work: Work) -> None:
    sent = ready(work, "same_day")
    ask(work, sent)
    with work.store.reading_scope("c1") as scope:
        for show in ("all", "second", "mine"):
            (line,) = worklist.list_worklist_page(scope, MONDAY, "kim", show)
            assert (line.row.submission_id, line.row.state) == (sent, "second_close")
        assert worklist.count_waiting(scope, MONDAY).by_level == {Urgency.same_day: 1}


def test_no_choice_of_a_clinic_lets_one_person_close_it(work: Work) -> None:
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        scope.update_rows(Clinic, to={"second_person_from": None, "may_lower": "nurse"})
    sent = ready(work)
    assert (
        refused(work, "kim", sent, "close", outcome="not_reached", words=WORDS) == "second_person"
    )


# --- The alarm ---


def due(work: Work, after: timedelta) -> list[str]:
    now = MONDAY + after
    return alarms.raise_due_alarms(work.store, "c1", now, now - FIVE)


def oldest(work: Work, after: timedelta):
    with work.store.reading_scope("c1") as scope:
        return alarms.find_oldest_emergency(scope, MONDAY + after, MONDAY + after - FIVE)


def test_an_emergency_that_waits_to_be_closed_goes_on_alarming(work: Work) -> None:
    sent = ready(work)
    assert (due(work, FIVE), oldest(work, FIVE)) == ([], None)
    asked = 3 * FIVE
    ask(work, sent, now=MONDAY + asked)
    almost = asked + FIVE - timedelta(seconds=1)
    assert (due(work, almost), oldest(work, almost)) == ([], None)
    assert (due(work, asked + FIVE), oldest(work, asked + FIVE)) == ([sent], MONDAY + asked)
    assert due(work, asked + 2 * FIVE) == []
    assert oldest(work, asked + 9 * FIVE) == MONDAY + asked


def test_one_that_alarmed_unseen_alarms_again_when_it_waits_to_be_closed(work: Work) -> None:
    sent = work.send("emergency").submission
    assert due(work, FIVE) == [sent]
    with work.store.writing_scope("c1", MONDAY + FIVE, "kim") as scope:
        reviews.record_view(scope, sent, "")
    work.do("kim", sent, "agree")
    ask(work, sent, now=MONDAY + FIVE)
    assert due(work, 2 * FIVE) == [sent]


@pytest.mark.parametrize("answer", ["close_yes", "close_no"])
def test_a_word_of_the_second_person_ends_the_alarm(work: Work, answer: str) -> None:
    sent = ready(work)
    ask(work, sent)
    assert oldest(work, FIVE) == MONDAY
    work.do("lee", sent, answer)
    assert (due(work, FIVE), oldest(work, FIVE)) == ([], None)


def test_what_is_for_today_waits_without_an_alarm(work: Work) -> None:
    sent = ready(work, "same_day")
    ask(work, sent)
    assert (due(work, 9 * FIVE), oldest(work, 9 * FIVE)) == ([], None)


def test_the_oldest_of_what_is_unseen_and_of_what_waits_is_told(work: Work) -> None:
    sent = ready(work)
    ask(work, sent)
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        scope.update_rows(WorklistRow, submission_id=sent, to={"waits_since": MONDAY + 2 * FIVE})
    unseen = work.send("emergency", MONDAY + FIVE).submission
    assert oldest(work, 3 * FIVE) == MONDAY + FIVE
    assert set(due(work, 3 * FIVE)) == {sent, unseen}

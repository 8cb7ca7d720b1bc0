"""The worklist as it is asked for: order, pages while rows arrive, filters, counts, few queries."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import event

from app.store import reviews, worklist, worklist_search, worklist_visits
from app.store.db import record_keys
from app.store.db.patient_tables import WorklistRow
from app.store.db.scope import Store
from app.triage.terms import Urgency
from tests.store.kim import times_rung
from tests.store.patients import KNOWN, MONDAY, Work

MINUTE = timedelta(minutes=1)


@pytest.fixture
def work(store: Store) -> Work:
    return Work(store)


def page(work: Work, **more) -> list[worklist.ListedSubmission]:
    with work.store.reading_scope(work.clinic) as scope:
        return worklist.list_worklist_page(
            scope, more.pop("now", MONDAY), more.pop("who", "kim"), **more
        )


def levels(lines: list[worklist.ListedSubmission]) -> list[str]:
    return [line.level.name for line in lines]


def test_the_most_urgent_stands_first_then_what_is_due_then_the_oldest(work: Work) -> None:
    sent = [
        work.send(level, MONDAY + n * MINUTE)
        for n, level in enumerate(["routine", "emergency", "soon", "emergency", "same_day"])
    ]
    lines = page(work)
    assert levels(lines) == ["emergency", "emergency", "same_day", "soon", "routine"]
    order = [sent[n].submission for n in (1, 3, 4, 2, 0)]
    assert [line.row.submission_id for line in lines] == order


def test_pages_skip_nothing_and_repeat_nothing_while_rows_arrive(work: Work) -> None:
    before = {work.send(["soon", "same_day"][n % 2]).submission for n in range(9)}
    seen: list[worklist.ListedSubmission] = []
    for _ in range(20):
        lines = page(work, after=seen[-1].page_cursor if seen else None, limit=2)
        if not lines:
            break
        seen += lines
        work.send("emergency") if len(seen) < 7 else None
    shown = [line.row.submission_id for line in seen]
    assert len(shown) == len(set(shown))
    assert before <= set(shown)


def test_an_emergency_is_never_filtered_away(work: Work) -> None:
    alarm = work.send("emergency").submission
    mine, theirs = work.send("soon").submission, work.send("soon").submission
    work.do("kim", mine, "claim")
    work.do("lee", theirs, "claim")
    work.do("lee", alarm, "claim")
    free = work.send("soon").submission
    asked = {
        show: [line.row.submission_id for line in page(work, show=show, visit_on=MONDAY.date())]
        for show in worklist.WORKLIST_FILTERS
    }
    assert asked == {
        "all": [alarm, mine, theirs, free],
        "mine": [alarm, mine],
        "unassigned": [alarm, free],
        "soon": [alarm, mine, theirs, free],
        **{show: [alarm] for show in ("second", "late", "moves", "visit", "done")},
        **{show: [alarm] for show in ("emergency", "same_day", "routine", "self_care")},
    }


def test_what_is_closed_is_among_the_done(work: Work) -> None:
    done = work.send("soon").submission
    work.do("kim", done, "agree")
    work.do("kim", done, "identify", **KNOWN)
    work.do("kim", done, "close", outcome="appointment_kept")
    assert page(work) == []
    assert [line.row.submission_id for line in page(work, show="done")] == [done]


def test_what_was_closed_before_today_is_not_among_the_done_of_today(work: Work) -> None:
    for at in (MONDAY, MONDAY + 60 * MINUTE):
        done = work.send("soon", at).submission
        work.do("kim", done, "agree", at)
        work.do("kim", done, "identify", at, **KNOWN)
        work.do("kim", done, "close", at, outcome="appointment_kept")
    today, now = MONDAY + 30 * MINUTE, MONDAY + 90 * MINUTE
    assert [line.row.submission_id for line in page(work, show="done", today=today, now=now)] == [
        done
    ]


def test_the_head_knows_the_bell_the_newest_and_an_emergency_that_nobody_saw(work: Work) -> None:
    work.send("soon")
    work.send("emergency", MONDAY + MINUTE)
    with work.store.reading_scope("c1") as scope:
        early = worklist.count_waiting(scope, MONDAY + 2 * MINUTE, MONDAY)
        late = worklist.count_waiting(scope, MONDAY + 2 * MINUTE, MONDAY + MINUTE)
        assert worklist.read_clinic_snapshot(scope).change_version == times_rung(scope) == 2
    assert (early.alarm, late.alarm) == (None, MONDAY + MINUTE)
    assert late.unseen == {Urgency.emergency: 1, Urgency.soon: 1}
    assert late.newest == 2


def test_the_head_counts_levels_the_late_and_the_oldest_unseen(work: Work) -> None:
    first = work.send("emergency").submission
    work.send("soon", MONDAY + MINUTE)
    work.send("soon", MONDAY + 2 * MINUTE)
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        reviews.record_view(scope, first, "")
    with work.store.reading_scope("c1") as scope:
        counts = worklist.count_waiting(scope, MONDAY + 20 * MINUTE)
    assert counts.by_level == {Urgency.emergency: 1, Urgency.soon: 2}
    assert counts.overdue == 1
    assert counts.oldest_unseen == MONDAY + MINUTE


def found(work: Work, words: str) -> list[str]:
    with work.store.reading_scope("c1") as scope:
        matches = worklist_search.search_worklist(scope, MONDAY, words)
    return [line.row.submission_id for line in matches.lines]


@pytest.mark.parametrize("words", [" r-1 ", "r1", "R-1"])
def test_a_person_is_found_by_the_reference(work: Work, words: str) -> None:
    sent = work.send("soon").submission
    work.send("soon")
    assert found(work, words) == [sent]


def test_a_submission_is_found_by_what_its_person_was_told(work: Work) -> None:
    work.send("soon")
    sent = work.send("soon")
    for words in (sent.reference, sent.reference.lower().replace("-", " ")):
        assert found(work, words) == [sent.submission]


@pytest.mark.parametrize("words", ["józef", "JOZ", "bq-4", "q47"])
def test_a_part_or_a_name_finds_what_was_sent_and_who_is_only_invited(
    work: Work, words: str
) -> None:
    of = {"reference": "BQ-471", "name": "Józef"}
    sent = work.hand_in(work.invite(**of), "soon").submission
    work.send("soon")
    work.invite(**of)
    with work.store.reading_scope("c1") as scope:
        matches = worklist_search.search_worklist(scope, MONDAY, words)
    assert [line.row.submission_id for line in matches.lines] == [sent]
    assert [one.person.reference for one in matches.invited] == ["BQ-471"]
    assert matches.complete


def test_what_is_not_looked_through_is_said_and_a_whole_reference_still_finds_it(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worklist_search, "OPEN_LOOKED_THROUGH", 1)
    for level in ("emergency", "soon"):
        work.send(level)
    with work.store.reading_scope("c1") as scope:
        by_name = worklist_search.search_worklist(scope, MONDAY, "patient")
        by_reference = worklist_search.search_worklist(scope, MONDAY, "R-2")
    assert (len(by_name.lines), by_name.complete) == (1, False)
    assert len(by_reference.lines) == 1


def test_one_letter_looks_for_nobody(work: Work) -> None:
    work.send("soon")
    assert found(work, "p-") == []


def test_the_visits_of_a_day_are_shown_with_every_open_emergency(work: Work) -> None:
    tomorrow = MONDAY.date() + timedelta(days=1)
    theirs = [
        work.hand_in(work.invite(appointment_on=day), level).submission
        for day, level in [(tomorrow, "soon"), (tomorrow, "same_day"), (MONDAY.date(), "soon")]
    ]
    alarm = work.send("emergency").submission
    lines = page(work, show="visit", visit_on=tomorrow)
    assert [line.row.submission_id for line in lines] == [alarm, theirs[1], theirs[0]]
    (last,) = page(work, show="visit", visit_on=tomorrow, after=lines[1].page_cursor)
    assert last.row.submission_id == theirs[0]


def test_days_of_visits_that_only_sealed_lines_hold_are_filed_once(work: Work) -> None:
    tomorrow = MONDAY.date() + timedelta(days=1)
    sent = work.hand_in(work.invite(appointment_on=tomorrow), "soon").submission
    invited = (work.invite(appointment_on=None) for _ in range(2))
    without, gone = (work.hand_in(one, "soon").submission for one in invited)
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        scope.update_rows(WorklistRow, to={"visit_on": worklist_visits.NOT_FILED})
        record_keys.destroy_data_keys(scope, [gone])
    assert worklist_visits.file_visit_days(work.store, MONDAY) == 3
    assert worklist_visits.file_visit_days(work.store, MONDAY) == 0
    assert [work.row(one).visit_on for one in (sent, without, gone)] == [tomorrow, None, None]


def test_the_late_are_those_whose_time_is_over_in_their_order(work: Work) -> None:
    late = [work.send(level, MONDAY).submission for level in ("routine", "soon")]
    work.send("soon", MONDAY + timedelta(days=30))
    lines = page(work, show="late", now=MONDAY + timedelta(days=20))
    assert [line.row.submission_id for line in lines] == late[::-1]


def test_another_clinic_sees_nothing(work: Work) -> None:
    work.send("emergency")
    with work.store.reading_scope("c2") as scope:
        assert worklist.list_worklist_page(scope, MONDAY, "kim") == []
        assert worklist_search.search_worklist(scope, MONDAY, "R-1").lines == []
        assert worklist.count_waiting(scope, MONDAY).by_level == {}


@pytest.fixture
def queries(work: Work) -> Iterator[list[str]]:
    sent: list[str] = []

    def note(_c, _cursor, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(work.store.engine, "before_cursor_execute", note)
    yield sent
    event.remove(work.store.engine, "before_cursor_execute", note)


def test_a_page_and_its_head_take_two_queries_however_long(work: Work, queries: list[str]) -> None:
    for _ in range(7):
        work.send("soon")
    queries.clear()
    with work.store.reading_scope("c1") as scope:
        assert len(worklist.list_worklist_page(scope, MONDAY, "kim")) == 7
        worklist.count_waiting(scope, MONDAY, MONDAY)
    assert len([q for q in queries if "SELECT" in q]) == 2

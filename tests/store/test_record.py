"""One submission read whole: its answers and entries, what the same person sent, few queries."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event

from app.store import submission_reads
from app.store.db import record_keys
from app.store.db.scope import Store
from app.store.submission_reads import SubmissionRecord
from app.store.worklist_rows import NoSuchSubmission
from app.triage.terms import Urgency
from tests.store.patients import MONDAY, Work


@pytest.fixture
def work(store: Store) -> Work:
    return Work(store)


def read(work: Work, submission: str, later: timedelta = timedelta()) -> SubmissionRecord:
    with work.store.reading_scope(work.clinic) as scope:
        return submission_reads.load_record(scope, MONDAY + later, submission)


def of_one_person(work: Work, *levels: str) -> list[str]:
    """The ids of what one person sent, the first one first."""
    who = {"reference": "SAME", "name": "Ann"}
    return [work.hand_in(work.invite(**who), level).submission for level in levels]


def test_it_holds_the_answers_what_was_done_and_what_else_the_person_sent(work: Work) -> None:
    first, second = of_one_person(work, "routine", "same_day")
    work.send("emergency")
    work.do("kim", second, "note", words="Rang her.")
    found = read(work, second)
    assert found.listed.level is Urgency.same_day
    assert [other.row.submission_id for other in found.others] == [first]
    assert [entry.kind for entry in found.actions] == ["claim", "note"]
    # None, where there is no note, has to fail the test.
    assert found.last_action("note").words == "Rang her."  # type: ignore[union-attr]
    assert found.newest_version is found.newest_own_version is found.versions[-1]
    assert (found.source, found.about, found.region) == ("invitation", "me", "uk")
    assert len(found.sent_as) == 7


def test_a_person_whom_nobody_else_is_has_no_other_submissions(work: Work) -> None:
    alone = work.send("soon").submission
    work.send("soon")
    assert read(work, alone).others == ()


def test_another_clinic_and_no_clinic_have_it_not(work: Work) -> None:
    mine = work.send("soon").submission
    with work.store.reading_scope("c2") as scope, pytest.raises(NoSuchSubmission):
        submission_reads.load_record(scope, MONDAY, mine)
    with pytest.raises(NoSuchSubmission):
        read(work, "nothing")


def test_what_is_to_be_forgotten_is_not_read_any_more(work: Work) -> None:
    first, second = of_one_person(work, "routine", "same_day")
    with pytest.raises(NoSuchSubmission):
        read(work, first, later=timedelta(days=31))
    with work.store.writing_scope(work.clinic, MONDAY, "kim") as scope:
        record_keys.destroy_data_keys(scope, [first])
    assert read(work, second).others == ()
    with pytest.raises(NoSuchSubmission):
        read(work, first)


def test_it_takes_four_statements_however_much_there_is(work: Work) -> None:
    ids = of_one_person(work, *["soon"] * 4)
    for _ in range(3):
        work.do("kim", ids[0], "note", words="x")
    with counted(work) as seen:
        read(work, ids[0])
    assert len([s for s in seen if s.startswith("SELECT")]) == 4


@contextmanager
def counted(work: Work) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(work.store.engine, "before_cursor_execute", note)
    yield seen
    event.remove(work.store.engine, "before_cursor_execute", note)

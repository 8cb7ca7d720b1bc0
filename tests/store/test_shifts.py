"""Whose a submission is over a shift: taken over, handed over, or let go by itself."""

from datetime import timedelta

import pytest

from app.store import claim_lapse, reviews, shifts, submission_reads, worklist
from app.store.accounts.sessions import IDLE_TIMEOUT
from app.store.db.patient_tables import WorklistRow
from app.store.db.scope import Store
from app.store.db.tables import Staff, StaffSession
from app.store.reviews import StepNotAllowed
from app.store.submission_reads import ReviewAction
from tests.store.patients import CLAIM_MINUTES, MONDAY, TARGETS, Work
from tests.store.rows import HASH

HOUR = timedelta(hours=1)


@pytest.fixture
def work(store: Store) -> Work:
    return Work(store)


@pytest.fixture
def sent(work: Work) -> str:
    return work.send("same_day").submission


def newest(work: Work, sent: str) -> ReviewAction:
    with work.store.reading_scope("c1") as scope:
        return submission_reads.list_actions(scope, sent)[-1]


def refused(work: Work, who: str, sent: str, kind: str, **more: object) -> str:
    with pytest.raises(StepNotAllowed) as problem:
        work.do(who, sent, kind, **more)
    return problem.value.problem


def sign_in(work: Work, who: str, now=MONDAY) -> None:
    with work.store.writing_scope("c1", now, who) as scope:
        session = {"token_hash": f"{who}{HASH}", "staff_id": who, "stage": "full", "browser": ""}
        times = dict.fromkeys(("started_at", "seen_at", "proved_at"), now)
        scope.add_row(StaffSession, **session, **times)


def lapse(work: Work, now) -> int:
    return claim_lapse.lapse_claims(work.store, "c1", now, CLAIM_MINUTES)


# --- Taking over ---


def test_an_emergency_is_taken_over_at_once_by_anyone_who_may_review(work: Work) -> None:
    grave = work.send("emergency").submission
    work.do("kim", grave, "claim")
    assert refused(work, "aud", grave, "take_over") == "role"
    work.do("lee", grave, "take_over")
    assert work.row(grave).owner_id == "lee"
    assert newest(work, grave).to_staff == "kim", "who had it is told"


def test_who_came_back_worse_is_taken_over_at_once(work: Work) -> None:
    invitation = work.invite()
    sent = work.hand_in(invitation, "routine").submission
    work.hand_in(invitation, "soon", MONDAY)
    work.do("kim", sent, "claim")
    work.do("lee", sent, "take_over")
    assert work.row(sent).owner_id == "lee"


def test_anything_else_is_taken_over_with_a_reason_in_words(work: Work, sent: str) -> None:
    assert refused(work, "lee", sent, "take_over", words="x") == "nobodys"
    work.do("kim", sent, "claim")
    assert refused(work, "lee", sent, "claim") == "owned"
    assert refused(work, "ada", sent, "claim") == "owned"
    assert refused(work, "lee", sent, "take_over", words=" ") == "take_over_words"
    work.do("lee", sent, "take_over", words="Kim is at lunch.")
    assert work.row(sent).owner_id == "lee"
    assert (newest(work, sent).kind, newest(work, sent).words) == ("take_over", "Kim is at lunch.")


# --- Handing over ---


def test_handing_over_asks_and_it_stays_its_owners_until_the_other_accepts(
    work: Work, sent: str
) -> None:
    work.do("kim", sent, "claim")
    for nobody in ("kim", "aud", "none", None):
        assert refused(work, "kim", sent, "hand_over", to_staff=nobody) == "to_staff"
    work.do("kim", sent, "hand_over", to_staff="lee")
    assert (work.row(sent).owner_id, work.row(sent).handed_to_id) == ("kim", "lee")
    assert newest(work, sent).to_staff == "lee"
    assert refused(work, "ada", sent, "hand_accept") == "not_handed"
    with work.store.reading_scope("c1") as scope:
        assert len(worklist.list_worklist_page(scope, MONDAY, "lee", "mine")) == 1
    work.do("lee", sent, "hand_accept")
    assert (work.row(sent).owner_id, work.row(sent).handed_to_id) == ("lee", None)


def test_who_refuses_leaves_it_where_it_was(work: Work, sent: str) -> None:
    work.do("kim", sent, "claim")
    work.do("kim", sent, "hand_over", to_staff="lee")
    work.do("lee", sent, "hand_refuse", words="I am off too.")
    assert (work.row(sent).owner_id, work.row(sent).handed_to_id) == ("kim", None)
    assert refused(work, "lee", sent, "hand_accept") == "not_handed"


def test_a_shift_is_handed_over_and_accepted_as_a_whole(work: Work) -> None:
    rows = [work.send(level).submission for level in ("soon", "emergency", "same_day")]
    for sent in rows[:2]:
        work.do("kim", sent, "claim")
    work.do("ada", rows[2], "claim")
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        assert shifts.hand_over_all(scope, "lee", "Off now.", "form", TARGETS) == 2
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        shifts.hand_over_all(scope, "lee", "Off now.", "form", TARGETS)
    assert [work.row(sent).handed_to_id for sent in rows] == ["lee", "lee", None]
    assert (newest(work, rows[0]).kind, newest(work, rows[0]).words) == ("hand_over", "Off now.")
    with work.store.writing_scope("c1", MONDAY, "lee") as scope:
        first = shifts.list_handed_submissions(scope, "lee")[0]
        assert first.row.submission_id == rows[1], "the most urgent one first"
        assert shifts.accept_all(scope, "form", TARGETS) == 2
    assert [work.row(sent).owner_id for sent in rows] == ["lee", "lee", "ada"]


# --- Claims that end by themselves ---


def test_a_claim_ends_when_its_owner_has_no_session_any_more(work: Work, sent: str) -> None:
    sign_in(work, "kim")
    work.do("kim", sent, "claim")
    assert lapse(work, MONDAY) == 0
    over = MONDAY + IDLE_TIMEOUT
    assert lapse(work, over) == 1
    assert lapse(work, over) == 0
    row, entry = work.row(sent), newest(work, sent)
    assert (row.owner_id, row.state) == (None, "new")
    assert (entry.kind, entry.by, entry.reason) == ("lapse", "kim", "signed_out")


def test_a_claim_ends_when_its_owner_is_disabled(work: Work, sent: str) -> None:
    work.do("kim", sent, "claim")
    with work.store.writing_scope("c1", MONDAY, "ada") as scope:
        scope.update_rows(Staff, id="kim", to={"disabled_at": MONDAY})
    assert lapse(work, MONDAY) == 1
    assert work.row(sent).owner_id is None


def test_a_claim_ends_after_its_time_without_an_act(work: Work, sent: str) -> None:
    work.do("kim", sent, "claim")
    work.do("kim", sent, "note", MONDAY + timedelta(minutes=30), words="Rang.")
    almost = MONDAY + timedelta(minutes=89)
    sign_in(work, "kim", almost)
    assert lapse(work, almost) == 0
    assert lapse(work, MONDAY + timedelta(minutes=90)) == 1
    assert newest(work, sent).reason == "idle"


def test_who_comes_back_worse_is_nobodys_and_who_had_it_is_named(work: Work) -> None:
    invitation = work.invite()
    sent = work.hand_in(invitation, "soon").submission
    work.do("kim", sent, "claim")
    work.hand_in(invitation, "routine", MONDAY)
    assert work.row(sent).owner_id == "kim", "what is no worse stays theirs"
    work.hand_in(invitation, "emergency", MONDAY)
    assert work.row(sent).owner_id is None
    assert (newest(work, sent).by, newest(work, sent).reason) == ("kim", "worse")


def test_what_waits_for_a_second_person_does_not_lapse(work: Work, sent: str) -> None:
    work.lower("kim", sent)
    assert lapse(work, MONDAY + HOUR) == 0
    assert work.row(sent).state == "second_look"


def test_a_claim_that_lapsed_is_nobody_who_came_first(work: Work, sent: str) -> None:
    last = work.do("kim", sent, "claim")
    lapse(work, MONDAY + HOUR)
    work.do("lee", sent, "note", after=last, words="She rang us.")
    assert (work.row(sent).owner_id, newest(work, sent).words) == ("lee", "She rang us.")


def test_who_is_asked_to_take_it_stays_asked_when_the_owner_signs_out(
    work: Work, sent: str
) -> None:
    work.do("kim", sent, "claim")
    work.do("kim", sent, "hand_over", to_staff="lee")
    assert lapse(work, MONDAY) == 1
    assert work.row(sent).handed_to_id == "lee"
    work.do("lee", sent, "hand_accept")
    assert work.row(sent).owner_id == "lee"


# --- Who is looking ---


def test_who_looked_last_is_kept_for_a_few_minutes(work: Work, sent: str) -> None:
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        reviews.record_view(scope, sent, "")
    with work.store.reading_scope("c1") as scope:
        row = scope.find_one(WorklistRow, submission_id=sent)
    assert row is not None
    assert row.viewer_id == "kim"
    assert reviews.is_viewed(row, MONDAY + timedelta(minutes=4))
    assert not reviews.is_viewed(row, MONDAY + reviews.LOOK_LASTS)

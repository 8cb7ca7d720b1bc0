"""Share codes: what is kept, for how long, and who can take it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlmodel import SQLModel

from app.store import shares, submission_reads, submission_versions, worklist_rows
from app.store.db.patient_tables import Submission
from app.store.db.rate_limits import RateLimitExceeded
from app.store.db.scope import Store
from app.store.db.tables import ShareCode
from app.store.shares import SHARE_LIFETIME, STATUS_LIFETIME, ShareGone
from app.store.submission_versions import SubmittedAnswers
from app.store.submissions import Delivery
from tests.store.kim import actions
from tests.store.patients import MONDAY, TARGETS, Work, handed

KEY = "k" * 32
HALF_AN_HOUR = timedelta(minutes=30)


@pytest.fixture
def work(store: Store) -> Work:
    return Work(store)


def offer(work: Work, level: str = "same_day", key: str = KEY) -> str:
    shares.offer_share(work.store, key, handed(level), MONDAY, address="here")
    return shares.find_share_status(work.store, key, MONDAY).code


def take(work: Work, code: str, by: str = "kim", clinic: str = "c1", again=lambda _: None, **more):
    came = Delivery("share", "", "R-7", "Jo")
    now = more.get("now", MONDAY)
    return shares.redeem_share(work.store, clinic, now, by, code, came, TARGETS, again)


def rows(work: Work) -> int:
    with work.store.engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(ShareCode)).scalar_one()


def test_its_person_sees_what_waits_under_the_code(work: Work) -> None:
    offer(work)
    found = shares.find_share_status(work.store, KEY, MONDAY)
    assert len(found.code) == 8
    assert found.expires_at == MONDAY + HALF_AN_HOUR
    assert found.taken is None
    submitted = handed()
    assert found.submitted is not None
    assert found.submitted.answers == submitted.answers
    assert found.submitted.assessment.urgency == submitted.assessment.urgency


def test_a_button_pressed_twenty_times_at_once_makes_one_code(work: Work) -> None:
    with ThreadPoolExecutor(4) as crowd:
        codes = set(crowd.map(lambda _: offer(work), range(20)))
    assert len(codes) == 1
    assert rows(work) == 1


def test_the_database_holds_neither_the_code_nor_an_answer(work: Work) -> None:
    code = offer(work)
    with work.store.engine.begin() as connection:
        kept = "".join(
            repr(row)
            for table in SQLModel.metadata.sorted_tables
            for row in connection.execute(table.select())
        )
    assert [w for w in (code, KEY, "scleroderma", "same_day", "dialysis") if w in kept] == []
    assert handed().rulebook_sha256 in kept


def test_a_nurse_takes_it_and_it_stands_on_the_worklist_as_nobodys_yet(work: Work) -> None:
    id_ = take(work, offer(work).lower())
    row = work.row(id_)
    assert row.person_id is None
    with work.store.reading_scope("c1") as scope:
        kept = submission_reads.find_submission(scope, id_)
        (version,) = submission_versions.list_versions(scope, id_)
        row_payload = worklist_rows.row_payload(scope, row)
    assert (kept.source, kept.taken_by) == ("share", "kim")
    assert (row_payload["reference"], row_payload["name"]) == ("R-7", "Jo")
    assert version.answers == handed().answers
    assert version.rulebook_sha256 == handed().rulebook_sha256
    assert version.urgency.name == "same_day"
    assert actions(work.store)[-1] == "submission_arrived"


def test_once_taken_its_person_sees_by_whom_for_a_day_and_the_answers_are_gone(work: Work) -> None:
    id_ = take(work, offer(work))
    found = shares.find_share_status(
        work.store, KEY, MONDAY + STATUS_LIFETIME - timedelta(seconds=1)
    )
    assert found.submitted is None
    assert found.taken == shares.RedeemedShare("c1", id_)
    with pytest.raises(ShareGone):
        shares.find_share_status(work.store, KEY, MONDAY + STATUS_LIFETIME)


def test_a_code_is_taken_once(work: Work) -> None:
    Work(work.store, "c2")
    code = offer(work)
    id_ = take(work, code)
    assert take(work, code) == id_  # who took it comes back to the same
    for by, clinic in (("lee", "c1"), ("kim", "c2")):
        with pytest.raises(ShareGone):
            take(work, code, by=by, clinic=clinic)
    assert actions(work.store).count("submission_arrived") == 1


def test_of_many_who_type_it_at_once_one_has_it(work: Work) -> None:
    Work(work.store, "c2")
    code = offer(work)

    def tried(clinic: str) -> str | None:
        try:
            return take(work, code, clinic=clinic)
        except ShareGone:
            return None

    with ThreadPoolExecutor(4) as crowd:
        got = list(crowd.map(tried, ["c1", "c2"] * 4))
    assert len({id_ for id_ in got if id_}) == 1


@pytest.mark.parametrize("how", ["late", "taken back", "unknown", "empty", "other key"])
def test_a_code_that_leads_nowhere_says_nothing_else(work: Work, how: str) -> None:
    code, now = offer(work), MONDAY
    if how == "late":
        now += SHARE_LIFETIME
    elif how == "taken back":
        shares.withdraw_share(work.store, KEY)
    elif how == "other key":
        with work.store.engine.begin() as connection:
            connection.execute(ShareCode.__table__.update().values(wrapped_key=b"1234"))
    else:
        code = {"unknown": "23456789", "empty": ""}[how]
    with pytest.raises(ShareGone) as gone:
        take(work, code, now=now)
    assert str(gone.value) == ""
    with work.store.reading_scope("c1") as scope:
        assert scope.count_rows(Submission) == 0


def test_what_is_taken_back_is_deleted_at_once(work: Work) -> None:
    offer(work)
    shares.withdraw_share(work.store, KEY)
    assert rows(work) == 0


def test_what_a_nurse_has_cannot_be_taken_back(work: Work) -> None:
    id_ = take(work, offer(work))
    shares.withdraw_share(work.store, KEY)
    found = shares.find_share_status(work.store, KEY, MONDAY).taken
    assert found is not None
    assert found.submission == id_


def test_what_has_ended_is_deleted_when_anyone_looks_or_offers(work: Work) -> None:
    offer(work)
    with pytest.raises(ShareGone):
        shares.find_share_status(work.store, KEY, MONDAY + SHARE_LIFETIME)
    assert rows(work) == 0
    offer(work)
    shares.offer_share(work.store, "x" * 32, handed(), MONDAY + SHARE_LIFETIME, address="here")
    assert rows(work) == 1


def test_what_the_rules_of_today_find_worse_counts_beside_what_was_told(work: Work) -> None:
    worse = replace(handed("emergency"), rulebook_sha256="b" * 64)
    id_ = take(work, offer(work, "soon"), again=lambda _: worse)
    with work.store.reading_scope("c1") as scope:
        first_version, today = submission_versions.list_versions(scope, id_)
        found = submission_reads.find_receipt(scope, id_, MONDAY)
    assert (first_version.urgency.name, today.urgency.name) == ("soon", "emergency")
    assert today.rulebook_sha256 == "b" * 64
    assert found.urgency.name == "emergency"


def test_a_level_is_never_lower_than_what_the_person_was_told(work: Work) -> None:
    calmer: SubmittedAnswers = replace(handed("routine"), rulebook_sha256="b" * 64)
    id_ = take(work, offer(work, "same_day"), again=lambda _: calmer)
    with work.store.reading_scope("c1") as scope:
        assert submission_reads.find_receipt(scope, id_, MONDAY).urgency.name == "same_day"
        assert len(submission_versions.list_versions(scope, id_)) == 2


def test_codes_cannot_be_guessed_or_made_at_length(work: Work) -> None:
    for _ in range(shares.SHARE_REDEEM_LIMIT.capacity):
        with pytest.raises(ShareGone):
            take(work, "23456789")
    waiting = offer(work)
    with pytest.raises(RateLimitExceeded):
        take(work, waiting)
    for number in range(shares.SHARE_OFFER_LIMIT.capacity):
        home = f"2001:db8:1:2::{number:x}"
        shares.offer_share(work.store, f"{number:032}", handed(), MONDAY, address=home)
    with pytest.raises(RateLimitExceeded):
        shares.offer_share(work.store, "y" * 32, handed(), MONDAY, address="2001:db8:1:2::ffff")

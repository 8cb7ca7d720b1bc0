"""What staff decide: each step, each refusal, and two who act at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from app.store import reviews, submissions, worklist
from app.store.reviews import NotNow, SomeoneWasFirst, Step
from app.store.scope import Store
from app.store.submissions import NoSuchSubmission
from app.store.tables import Clinic, ReviewEntry, Staff
from app.triage.terms import Urgency
from tests.store.kim import actions
from tests.store.patients import MONDAY, TARGETS, Work


@pytest.fixture
def work(store: Store) -> Work:
    return Work(store)


@pytest.fixture
def sent(work: Work) -> str:
    """A submission for today that nobody has looked at."""
    return work.send("same_day").submission


def kinds(work: Work, submission: str) -> list[str]:
    with work.store.reading("c1") as scope:
        return [entry.kind for entry in reviews.entries(scope, submission)]


def refused(work: Work, who: str, submission: str, kind: str, **more: object) -> str:
    """Why a step is refused; nothing was kept of it."""
    before = kinds(work, submission)
    with pytest.raises(NotNow) as problem:
        work.lower(who, submission, **more) if kind == "lower" else work.do(
            who, submission, kind, **more
        )
    assert kinds(work, submission) == before
    return problem.value.problem


def test_the_first_look_is_noted_and_every_look_is_audited(work: Work, sent: str) -> None:
    for minute in range(3):
        with work.store.writing("c1") as scope:
            now = MONDAY + timedelta(minutes=minute)
            reviews.look(scope, now, "kim", sent, "10.0.0.1")
    assert work.row(sent).first_seen_at == MONDAY
    assert actions(work.store).count("submission_viewed") == 3


def test_who_claims_it_owns_it_and_others_only_look(work: Work, sent: str) -> None:
    work.do("kim", sent, "claim")
    assert (work.row(sent).owner_id, work.row(sent).state) == ("kim", "claimed")
    for kind in ("claim", "release", "note", "agree", "raise", "close"):
        more = {"words": "x"} if kind == "note" else {}
        assert refused(work, "lee", sent, kind, **more) == "owned"


def test_a_lead_can_take_over_and_an_owner_can_hand_over_or_let_go(work: Work, sent: str) -> None:
    work.do("kim", sent, "claim")
    work.do("ada", sent, "claim")
    assert work.row(sent).owner_id == "ada"
    for nobody in ("ada", "aud", "none", None):
        assert refused(work, "ada", sent, "hand_over", to_staff=nobody) == "to_staff"
    work.do("ada", sent, "hand_over", to_staff="lee")
    assert work.row(sent).owner_id == "lee"
    work.do("lee", sent, "release")
    assert (work.row(sent).owner_id, work.row(sent).state) == (None, "new")


def test_a_step_on_what_is_nobodys_takes_it_first(work: Work, sent: str) -> None:
    assert work.do("kim", sent, "note", words="Called the ward.") == 2
    assert kinds(work, sent) == ["claim", "note"]
    assert work.row(sent).owner_id == "kim"
    with work.store.reading("c1") as scope:
        assert reviews.entries(scope, sent)[1].words == "Called the ward."


def test_a_role_without_the_permission_does_nothing(work: Work, sent: str) -> None:
    assert refused(work, "aud", sent, "claim") == "role"


def test_calls_and_notes_need_their_words(work: Work, sent: str) -> None:
    assert refused(work, "kim", sent, "call", outcome="maybe") == "outcome"
    assert refused(work, "kim", sent, "note", words="  ") == "words"
    assert refused(work, "kim", sent, "dance") == "kind"
    for outcome in reviews.CALLS:
        work.do("kim", sent, "call", outcome=outcome)
    assert kinds(work, sent) == ["claim", "call", "call", "call"]


def test_raising_goes_one_step_and_is_due_anew(work: Work, sent: str) -> None:
    work.do("kim", sent, "raise")
    row = work.row(sent)
    assert submissions.level_of(row.rank) is Urgency.emergency
    assert row.due_at == MONDAY + timedelta(minutes=TARGETS[Urgency.emergency])
    assert refused(work, "kim", sent, "raise") == "highest"


def test_lowering_from_today_waits_for_a_second_person(work: Work, sent: str) -> None:
    work.lower("kim", sent)
    row = work.row(sent)
    assert (row.state, submissions.level_of(row.rank)) == ("second_look", Urgency.same_day)
    for kind in ("agree", "raise", "close", "release", "lower"):
        assert refused(work, "kim", sent, kind) == "second_look"
    assert refused(work, "kim", sent, "second_yes") == "own"
    work.do("lee", sent, "second_yes")
    row = work.row(sent)
    assert (row.state, submissions.level_of(row.rank)) == ("claimed", Urgency.routine)
    with work.store.reading("c1") as scope:
        lower, yes = reviews.entries(scope, sent)[-2:]
    assert (lower.urgency, yes.urgency) == (Urgency.same_day, Urgency.routine)
    assert yes.answers_number == lower.number


def test_a_second_person_who_says_no_leaves_the_level(work: Work, sent: str) -> None:
    work.lower("kim", sent)
    work.do("lee", sent, "second_no", words="The pus is new.")
    row = work.row(sent)
    assert (row.state, submissions.level_of(row.rank)) == ("claimed", Urgency.same_day)
    assert refused(work, "lee", sent, "second_yes") == "second_look"


def test_a_second_yes_is_not_given_to_answers_that_have_changed(work: Work) -> None:
    invitation = work.invite()
    sent = work.hand_in(invitation, "same_day").submission
    work.lower("kim", sent)
    work.hand_in(invitation, "soon", MONDAY)
    assert refused(work, "lee", sent, "second_yes") == "second_look"
    row = work.row(sent)
    assert (row.state, submissions.level_of(row.rank)) == ("claimed", Urgency.same_day)


def test_below_the_clinics_line_one_person_lowers(work: Work) -> None:
    soon = work.send("soon").submission
    work.lower("kim", soon)
    assert submissions.level_of(work.row(soon).rank) is Urgency.routine
    with work.store.writing("c1") as scope:
        scope.change(Clinic, to={"second_person_from": None})
    today = work.send("same_day").submission
    work.lower("kim", today)
    assert submissions.level_of(work.row(today).rank) is Urgency.routine


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"to": Urgency.same_day}, "level"),
        ({"to": Urgency.emergency}, "level"),
        ({"level": None}, "level"),
        ({"reason": "busy"}, "reason"),
        ({"reason": None}, "reason"),
        ({"reason": "other", "words": " "}, "reason"),
        ({"rule": "no-such"}, "rule"),
        ({"rule": None}, "rule"),
    ],
)
def test_lowering_names_the_level_the_reason_and_the_sign_set_aside(
    work: Work, sent: str, more: dict[str, object], problem: str
) -> None:
    assert refused(work, "kim", sent, "lower", **more) == problem


def test_a_clinic_can_leave_lowering_to_its_leads(work: Work, sent: str) -> None:
    with work.store.writing("c1") as scope:
        scope.change(Clinic, to={"may_lower": "lead"})
    assert refused(work, "kim", sent, "lower") == "role"
    work.lower("ada", sent)


def test_nothing_is_closed_undecided_and_nothing_done_after(work: Work, sent: str) -> None:
    assert refused(work, "kim", sent, "close", outcome="seen_today") == "undecided"
    work.do("kim", sent, "agree")
    assert refused(work, "kim", sent, "close", outcome="bye") == "outcome"
    work.do("kim", sent, "close", outcome="seen_today")
    row = work.row(sent)
    assert (row.closed, row.closed_at, row.state) == (True, MONDAY, "closed")
    assert row.forget_at == MONDAY + timedelta(days=90)
    assert refused(work, "kim", sent, "note", words="x") == "closed"


def test_what_changed_after_a_decision_is_decided_anew(work: Work) -> None:
    invitation = work.invite()
    sent = work.hand_in(invitation, "soon").submission
    work.do("kim", sent, "agree")
    work.hand_in(invitation, "routine", MONDAY)
    assert refused(work, "kim", sent, "close", outcome="seen_today") == "undecided"


def test_the_second_of_two_learns_who_was_first_and_keeps_the_words(work: Work, sent: str) -> None:
    work.do("kim", sent, "claim")
    with pytest.raises(SomeoneWasFirst) as first:
        work.do("lee", sent, "note", after=0, words="x")
    assert (first.value.by, first.value.kind, first.value.at) == ("kim", "claim", MONDAY)


def test_of_two_who_claim_at_once_one_has_it(work: Work, sent: str) -> None:
    def claims(who: str) -> bool:
        try:
            work.do(who, sent, "claim", after=0, key=who)
        except (SomeoneWasFirst, NotNow):
            return False
        return True

    with ThreadPoolExecutor(4) as crowd:
        assert sum(crowd.map(claims, ["kim", "lee"])) == 1
    assert kinds(work, sent) == ["claim"]


def test_one_form_sent_twenty_times_at_once_counts_once(work: Work, sent: str) -> None:
    def once(_: int) -> int:
        return work.do("kim", sent, "agree", after=0, key="same form")

    with ThreadPoolExecutor(5) as crowd:
        replies = list(crowd.map(once, range(20)))
    assert set(replies) == {2}
    assert kinds(work, sent) == ["claim", "agree"]


def test_every_step_names_author_time_level_and_rulebook_and_is_audited(
    work: Work, sent: str
) -> None:
    work.do("kim", sent, "agree")
    with work.store.reading("c1") as scope:
        for row in scope.all(ReviewEntry):
            assert (row.author_id, row.at, row.urgency) == ("kim", MONDAY, 3)
            assert row.rulebook_sha256 == work.row(sent).rulebook_sha256
    assert actions(work.store)[-2:] == ["review_claim", "review_agree"]


def test_nobody_acts_at_another_clinic_or_when_disabled(work: Work, sent: str) -> None:
    step = Step("claim", 0, "k")
    with work.store.writing("c2") as scope, pytest.raises(NoSuchSubmission):
        reviews.do(scope, MONDAY, "kim", sent, step, TARGETS)
    with work.store.writing("c1") as scope:
        scope.change(Staff, id="kim", to={"disabled_at": MONDAY})
        with pytest.raises(NoSuchSubmission):
            reviews.do(scope, MONDAY, "kim", sent, step, TARGETS)
        with pytest.raises(NoSuchSubmission):
            reviews.look(scope, MONDAY, "lee", "none", "")
        assert worklist.page(scope, MONDAY, "lee")[0].state == "new"

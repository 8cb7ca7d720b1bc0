"""What staff decide: each step, each refusal, and two who act at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from app.store import (
    people,
    review_steps,
    reviews,
    submission_reads,
    submissions,
    worklist,
    worklist_rows,
    worklist_search,
)
from app.store.db.patient_tables import ReviewEntry
from app.store.db.scope import Store
from app.store.db.tables import Clinic, Staff
from app.store.review_steps import DISPOSITIONS, ReviewStep
from app.store.reviews import EditConflict, StepNotAllowed
from app.store.submissions import Delivery
from app.store.worklist_rows import NoSuchSubmission
from app.triage.terms import Urgency
from tests.store.kim import actions
from tests.store.patients import KNOWN, MONDAY, TARGETS, Work, handed


@pytest.fixture
def work(store: Store) -> Work:
    return Work(store)


@pytest.fixture
def sent(work: Work) -> str:
    """A submission for today that nobody has looked at."""
    return work.send("same_day").submission


def kinds(work: Work, submission: str) -> list[str]:
    with work.store.reading_scope("c1") as scope:
        return [entry.kind for entry in submission_reads.list_actions(scope, submission)]


def refused(work: Work, who: str, submission: str, kind: str, **more: object) -> str:
    """Why a step is refused; nothing was kept of it."""
    before = kinds(work, submission)
    with pytest.raises(StepNotAllowed) as problem:
        work.lower(who, submission, **more) if kind == "lower" else work.do(
            who, submission, kind, **more
        )
    assert kinds(work, submission) == before
    return problem.value.problem


def test_the_first_look_is_noted_and_every_look_is_audited(work: Work, sent: str) -> None:
    for minute in range(3):
        with work.store.writing_scope("c1", MONDAY + timedelta(minutes=minute), "kim") as scope:
            reviews.record_view(scope, sent, "10.0.0.1")
    assert work.row(sent).first_seen_at == MONDAY
    assert actions(work.store).count("submission_viewed") == 3


def test_who_claims_it_owns_it_and_others_only_look(work: Work, sent: str) -> None:
    work.do("kim", sent, "claim")
    assert (work.row(sent).owner_id, work.row(sent).state) == ("kim", "claimed")
    for kind in ("claim", "release", "note", "agree", "raise", "close"):
        more = {"words": "x"} if kind == "note" else {}
        assert refused(work, "lee", sent, kind, **more) == "owned"


def test_a_step_on_what_is_nobodys_takes_it_first(work: Work, sent: str) -> None:
    assert work.do("kim", sent, "note", words="Called the ward.") == 2
    assert kinds(work, sent) == ["claim", "note"]
    assert work.row(sent).owner_id == "kim"
    with work.store.reading_scope("c1") as scope:
        assert submission_reads.list_actions(scope, sent)[1].words == "Called the ward."


def test_a_role_without_the_permission_does_nothing(work: Work, sent: str) -> None:
    assert refused(work, "aud", sent, "claim") == "role"


def test_calls_and_notes_need_their_words(work: Work, sent: str) -> None:
    assert refused(work, "kim", sent, "call", outcome="maybe") == "outcome"
    assert refused(work, "kim", sent, "note", words="  ") == "words"
    assert refused(work, "kim", sent, "dance") == "kind"
    for outcome in review_steps.CALL_OUTCOMES:
        work.do("kim", sent, "call", outcome=outcome)
    assert kinds(work, sent) == ["claim", "call", "call", "call"]


def test_raising_goes_one_step_and_is_due_anew(work: Work, sent: str) -> None:
    work.do("kim", sent, "raise")
    row = work.row(sent)
    assert worklist_rows.rank_to_level(row.rank) is Urgency.emergency
    assert row.due_at == MONDAY + timedelta(minutes=TARGETS[Urgency.emergency])
    assert refused(work, "kim", sent, "raise") == "highest"


def test_lowering_from_today_waits_for_a_second_person(work: Work, sent: str) -> None:
    work.lower("kim", sent)
    row = work.row(sent)
    assert (row.state, worklist_rows.rank_to_level(row.rank)) == ("second_look", Urgency.same_day)
    for kind in ("agree", "raise", "close", "release", "lower"):
        assert refused(work, "kim", sent, kind) == "second_look"
    assert refused(work, "kim", sent, "second_yes") == "own"
    work.do("lee", sent, "second_yes")
    row = work.row(sent)
    assert (row.state, worklist_rows.rank_to_level(row.rank)) == ("claimed", Urgency.routine)
    with work.store.reading_scope("c1") as scope:
        lower, yes = submission_reads.list_actions(scope, sent)[-2:]
    assert (lower.urgency, yes.urgency) == (Urgency.same_day, Urgency.routine)
    assert yes.answers_number == lower.number


def test_a_second_person_who_says_no_leaves_the_level(work: Work, sent: str) -> None:
    work.lower("kim", sent)
    work.do("lee", sent, "second_no", words="The pus is new.")
    row = work.row(sent)
    assert (row.state, worklist_rows.rank_to_level(row.rank)) == ("claimed", Urgency.same_day)
    assert refused(work, "lee", sent, "second_yes") == "second_look"


def test_a_second_yes_is_not_given_to_answers_that_have_changed(work: Work) -> None:
    invitation = work.invite()
    sent = work.hand_in(invitation, "same_day").submission
    work.lower("kim", sent)
    work.hand_in(invitation, "soon", MONDAY)
    assert refused(work, "lee", sent, "second_yes") == "second_look"
    row = work.row(sent)
    assert (row.state, worklist_rows.rank_to_level(row.rank)) == ("claimed", Urgency.same_day)


def test_below_the_clinics_line_one_person_lowers(work: Work) -> None:
    soon = work.send("soon").submission
    work.lower("kim", soon)
    assert worklist_rows.rank_to_level(work.row(soon).rank) is Urgency.routine
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        scope.update_rows(Clinic, to={"second_person_from": None})
    today = work.send("same_day").submission
    work.lower("kim", today, to=Urgency.soon)
    assert work.row(today).state == "second_look", "whatever the clinic chose"


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"to": Urgency.same_day}, "level"),
        ({"to": Urgency.emergency}, "level"),
        ({"level": None}, "level"),
        ({"reason": "busy"}, "reason"),
        ({"reason": None}, "reason"),
        ({"reason": "other", "words": " "}, "reason"),
        ({"words": " "}, "lower_words"),
        ({"rules": ("no-such",)}, "signs"),
        ({"rules": ()}, "signs"),
    ],
)
def test_lowering_names_the_level_the_reason_and_the_sign_set_aside(
    work: Work, sent: str, more: dict[str, object], problem: str
) -> None:
    assert refused(work, "kim", sent, "lower", **more) == problem


def test_a_clinic_can_leave_lowering_to_its_leads(work: Work, sent: str) -> None:
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        scope.update_rows(Clinic, to={"may_lower": "lead"})
    assert refused(work, "kim", sent, "lower") == "role"
    work.lower("ada", sent)


def test_nothing_is_closed_undecided_and_nothing_done_after(work: Work, sent: str) -> None:
    assert refused(work, "kim", sent, "close", outcome="seen_today") == "undecided"
    work.do("kim", sent, "agree")
    assert refused(work, "kim", sent, "close", outcome="bye") == "outcome"
    assert refused(work, "kim", sent, "close", outcome="seen_today") == "unidentified"
    work.do("kim", sent, "identify", **KNOWN)
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
    with pytest.raises(EditConflict) as first:
        work.do("lee", sent, "note", after=0, words="x")
    assert (first.value.by, first.value.kind, first.value.at) == ("kim", "claim", MONDAY)


def test_of_two_who_claim_at_once_one_has_it(work: Work, sent: str) -> None:
    def claims(who: str) -> bool:
        try:
            work.do(who, sent, "claim", after=0, key=who)
        except (EditConflict, StepNotAllowed):
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
    with work.store.reading_scope("c1") as scope:
        for row in scope.find_all(ReviewEntry):
            assert (row.author_id, row.at, row.urgency) == ("kim", MONDAY, 3)
            assert row.rulebook_sha256 == work.row(sent).rulebook_sha256
    assert actions(work.store)[-2:] == ["review_claim", "review_agree"]


def test_nobody_acts_at_another_clinic_or_when_disabled(work: Work, sent: str) -> None:
    step = ReviewStep("claim", 0, "k")
    with work.store.writing_scope("c2", MONDAY, "kim") as scope, pytest.raises(NoSuchSubmission):
        reviews.perform_step(scope, sent, step, TARGETS)
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        scope.update_rows(Staff, id="kim", to={"disabled_at": MONDAY})
        with pytest.raises(NoSuchSubmission):
            reviews.perform_step(scope, sent, step, TARGETS)
        with pytest.raises(NoSuchSubmission):
            reviews.record_view(scope.act_as("lee"), "none", "")
        assert worklist.list_worklist_page(scope, MONDAY, "lee")[0].row.state == "new"


# --- Several steps of one form ---


def all_at_once(work: Work, who: str, submission: str, *steps: ReviewStep) -> int:
    with work.store.writing_scope("c1", MONDAY, who) as scope:
        return reviews.perform_steps(scope, submission, steps, TARGETS)


def agree_and_close(outcome: str = "seen_today") -> list[ReviewStep]:
    steps = [("identify", KNOWN), ("agree", {}), ("close", {"outcome": outcome})]
    return [ReviewStep(kind, 0, "form", **more) for kind, more in steps]


def test_several_steps_of_one_form_are_kept_together_and_once(work: Work, sent: str) -> None:
    numbers = {all_at_once(work, "kim", sent, *agree_and_close()) for _ in range(3)}
    assert numbers == {4}
    assert kinds(work, sent) == ["claim", "identify", "agree", "close"]
    assert work.row(sent).closed


def test_where_one_step_does_not_fit_none_is_kept(work: Work, sent: str) -> None:
    with pytest.raises(StepNotAllowed) as problem:
        all_at_once(work, "kim", sent, *agree_and_close(outcome="bye"))
    assert problem.value.problem == "outcome"
    assert kinds(work, sent) == []
    assert (work.row(sent).owner_id, work.row(sent).last_entry) == (None, 0)


def test_several_steps_are_told_who_was_first(work: Work, sent: str) -> None:
    work.do("kim", sent, "claim")
    with pytest.raises(EditConflict):
        all_at_once(work, "lee", sent, *agree_and_close())
    assert kinds(work, sent) == ["claim"]


# --- Who it is ---


def unknown(work: Work, reference: str = "R-1", name: str = "Patient 1") -> str:
    """Answers that someone showed with a code: the clinic does not know yet whose they are."""
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        came = Delivery("share", f"share:{reference}:{name}", reference, name)
        return submissions.add_submission(scope, handed("soon"), came, TARGETS).id


@pytest.mark.parametrize("compared", [None, "", "full_name", "full_name full_name", "address sex"])
def test_two_known_identifiers_are_needed(work: Work, sent: str, compared: str | None) -> None:
    more = {"outcome": "same_person", "reason": compared}
    assert refused(work, "kim", sent, "identify", **more) == "identifiers"
    assert refused(work, "kim", sent, "identify", reason="full_name address") == "outcome"


@pytest.mark.parametrize("outcome", DISPOSITIONS)
def test_only_some_ends_need_no_identity(work: Work, sent: str, outcome: str) -> None:
    work.do("kim", sent, "agree")
    kind = "close" if outcome in review_steps.closings_by_one(Urgency.same_day) else "ask_close"
    more = {"outcome": outcome, "words": "Moved away."}
    if outcome in ("not_reached", "emergency_service"):
        work.do("kim", sent, kind, **more)
    else:
        assert refused(work, "kim", sent, kind, **more) == "unidentified"


def test_what_is_nobodys_is_tied_once_it_is_known_who_it_is(work: Work) -> None:
    shared = unknown(work, "R-9", "Mo")
    assert work.row(shared).person_id is None
    assert refused(work, "kim", shared, "identify", **KNOWN) == "person"
    work.do("kim", shared, "identify", **KNOWN, reference="r-9", name="mo")
    with work.store.reading_scope("c1") as scope:
        known = people.find_by_reference(scope, "R-9")
        assert known is not None
        (line,) = worklist_search.search_worklist(scope, MONDAY, "R-9").lines
        assert line.row.submission_id == shared
    assert work.row(shared).person_id == known.id


def test_a_reference_of_another_name_is_asked_about_once(work: Work, sent: str) -> None:
    shared = unknown(work, name="P")
    more = {**KNOWN, "reference": "R-1", "name": "P"}
    assert refused(work, "kim", shared, "identify", **more) == "other_name"
    work.do("kim", shared, "identify", **more, sure=True)
    assert work.row(shared).person_id == work.row(sent).person_id
    with work.store.reading_scope("c1") as scope:
        assert worklist.find_listed_submission(scope, shared).payload["name"] == "Patient 1"


def test_the_wrong_person_unties_it_and_it_cannot_be_closed_as_theirs(
    work: Work, sent: str
) -> None:
    work.do("kim", sent, "identify", **KNOWN)
    work.do("kim", sent, "identify", outcome="wrong_person")
    row = work.row(sent)
    assert (row.person_id, row.reference_print) == (None, None)
    with work.store.reading_scope("c1") as scope:
        assert worklist.find_listed_submission(scope, sent).payload["wrong_person"] is True
        assert worklist_search.search_worklist(scope, MONDAY, "R-1").lines == []
    work.do("kim", sent, "agree")
    assert refused(work, "kim", sent, "close", outcome="seen_today") == "unidentified"
    work.do("kim", sent, "identify", **KNOWN, reference="R-2", name="Lu")
    work.do("kim", sent, "close", outcome="seen_today")
    with work.store.reading_scope("c1") as scope:
        assert worklist.find_listed_submission(scope, sent).payload["wrong_person"] is False


def test_what_was_compared_is_kept_and_nothing_of_what_was_said(work: Work, sent: str) -> None:
    work.do("kim", sent, "identify", **KNOWN)
    with work.store.reading_scope("c1") as scope:
        entry = submission_reads.list_actions(scope, sent)[-1]
    assert (entry.outcome, entry.reason, entry.words) == ("same_person", KNOWN["reason"], "")
    assert actions(work.store)[-1] == "review_identify"


# --- Three tries ---


def test_not_reached_needs_three_calls_in_vain_or_a_reason(work: Work) -> None:
    sent = work.send("soon").submission
    work.do("kim", sent, "agree")
    tried = ["no_answer", "answered", "wrong_number", "no_answer"]
    for outcome in tried:
        assert refused(work, "kim", sent, "close", outcome="not_reached") == "tries"
        work.do("kim", sent, "call", outcome=outcome)
    with work.store.reading_scope("c1") as scope:
        done = [(entry.kind, entry.outcome) for entry in submission_reads.list_actions(scope, sent)]
    assert review_steps.count_failed_calls(done) == review_steps.MIN_FAILED_CALLS == 3
    work.do("kim", sent, "close", outcome="not_reached")
    assert work.row(sent).closed

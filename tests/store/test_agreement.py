"""Agreement with the rules: who, which rule, why, how soon; and the counts without people."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from app.rulebook.faults import RulebookFaults
from app.store import agreement, submission_reads, submissions
from app.store.agreement import NO_RULE, ClosingRequestCounts, DecisionCounts
from app.store.clinics import load_policy
from app.store.db.patient_tables import Tally
from app.store.db.scope import PATIENT, Store
from app.triage.terms import Urgency
from tests.builders import RULES
from tests.store.patients import MONDAY, TARGETS, Work, handed

HOUR = timedelta(hours=1)


@pytest.fixture
def work(store: Store) -> Work:
    return Work(store)


def rules_of(work: Work, submission: str) -> list[str]:
    with work.store.reading_scope("c1") as scope:
        rows = scope.find_all(agreement.AssessmentVersion, submission_id=submission)
    return list(rows[0].rules)


def without_a_rule(work: Work) -> str:
    """A submission whose level is the one that is given where no rule fits."""
    given = handed("routine")
    bare = replace(given, assessment=given.assessment._replace(findings=()))
    invitation = work.invite()
    with work.store.writing_scope("c1", MONDAY, PATIENT) as scope:
        return submissions.accept_answers(scope, invitation, bare, TARGETS).submission


def test_decisions_are_counted_by_who_made_them(work: Work) -> None:
    for _ in range(2):
        work.do("kim", work.send("soon").submission, "agree")
    work.do("lee", work.send("soon").submission, "raise")
    work.lower("lee", work.send("soon").submission)
    work.do("kim", work.send("soon").submission, "note", words="not a decision")
    with work.store.reading_scope("c1") as scope:
        assert agreement.count_by_nurse(scope) == {
            "kim": DecisionCounts(2, 0, 0),
            "lee": DecisionCounts(0, 1, 1),
        }


def test_decisions_are_counted_by_the_rule_that_gave_the_level(work: Work) -> None:
    agreed, raised, lowered = (work.send("soon").submission for _ in range(3))
    quiet = without_a_rule(work)
    work.do("kim", agreed, "agree")
    work.do("kim", raised, "raise")
    work.lower("kim", lowered)
    work.do("kim", quiet, "raise")
    rules = rules_of(work, agreed)
    assert rules
    assert rules_of(work, quiet) == []
    with work.store.reading_scope("c1") as scope:
        found = agreement.count_by_rule(scope)
    assert found.pop(NO_RULE) == DecisionCounts(0, 1, 0)
    assert {rule for rule, counts in found.items() if counts.lowered} == {rules[0]}
    assert {rule: (c.agreed, c.raised) for rule, c in found.items()} == dict.fromkeys(rules, (1, 1))


def test_every_rule_that_is_set_aside_is_counted_and_by_its_reason(work: Work) -> None:
    several = [work.send("same_day").submission for _ in range(3)]
    assert len(rules_of(work, several[0])) > 1, "or the test shows nothing"
    for sent, reason in zip(several, ("examined", "examined", "misread"), strict=True):
        work.lower("kim", sent, reason=reason)
    with work.store.reading_scope("c1") as scope:
        first = submission_reads.list_actions(scope, several[0])[-1]
        assert set(rules_of(work, several[0])) <= set(first.rules)
        assert agreement.count_lowering_reasons(scope) == {
            (rule, reason): times
            for rule in first.rules
            for reason, times in (("examined", 2), ("misread", 1))
        }
        assert agreement.count_by_rule(scope) == {
            rule: DecisionCounts(0, 0, 3) for rule in first.rules
        }


def test_times_to_the_first_decision_are_told_by_level(work: Work) -> None:
    for hours in range(1, 11):
        sent = work.send("soon").submission
        work.do("kim", sent, "agree", MONDAY + hours * HOUR)
        work.do("kim", sent, "agree", MONDAY + 99 * HOUR)
    work.do("kim", work.send("routine").submission, "raise", MONDAY + 3 * HOUR)
    with work.store.reading_scope("c1") as scope:
        found = agreement.measure_decision_times(scope)
    assert list(found) == [Urgency.soon, Urgency.routine]
    soon = found[Urgency.soon]
    assert (soon.number, soon.median, soon.ninth_tenth) == (10, 5 * HOUR, 9 * HOUR)
    # Monday 10:00 and 8 open hours of 9 to 5 are Tuesday 10:00 in summer and winter.
    assert (soon.timed, soon.in_time) == (10, 10)
    assert (found[Urgency.routine].number, found[Urgency.routine].timed) == (1, 0)


@pytest.mark.parametrize(("minutes", "in_time"), [(60, 1), (61, 0)])
def test_who_decides_at_the_last_minute_is_in_time(work: Work, minutes: int, in_time: int) -> None:
    work.do("kim", work.send("same_day").submission, "agree", MONDAY + timedelta(minutes=minutes))
    with work.store.reading_scope("c1") as scope:
        found = agreement.measure_decision_times(scope)[Urgency.same_day]
    assert (found.timed, found.in_time) == (1, in_time)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_few_decisions_have_a_median_too(work: Work, number: int) -> None:
    for hours in range(1, number + 1):
        work.do("kim", work.send("soon").submission, "agree", MONDAY + hours * HOUR)
    with work.store.reading_scope("c1") as scope:
        found = agreement.measure_decision_times(scope)[Urgency.soon]
    assert found.median == (number + 1) // 2 * HOUR
    assert found.ninth_tenth == number * HOUR


def test_disagreements_come_newest_first_with_their_answers(work: Work) -> None:
    raised, lowered = (work.send("soon").submission for _ in range(2))
    work.do("kim", work.send("soon").submission, "agree")
    work.do("kim", raised, "raise", MONDAY + HOUR)
    work.lower("lee", lowered)
    with work.store.reading_scope("c1") as scope:
        found = agreement.list_disagreements(scope)
        assert [(d.submission, d.by) for d in found] == [(raised, "kim"), (lowered, "lee")]
        assert [(d.level.name, d.to.name) for d in found] == [
            ("soon", "same_day"),
            ("soon", "routine"),
        ]
        assert found[0].version.answers["change"] == {"grown"}
        assert agreement.list_disagreements(scope, entry=found[1].entry) == [found[1]]
        assert len(agreement.list_disagreements(scope, limit=1)) == 1


def test_closings_that_a_second_person_was_asked_about_are_counted_by_their_end(
    work: Work,
) -> None:
    words = {"words": "Moved away."}
    for answer in ("close_yes", "close_no", None):
        sent = work.send("emergency").submission
        work.do("kim", sent, "agree")
        work.do("kim", sent, "ask_close", outcome="not_reached", **words)
        if answer:
            work.do("lee", sent, answer)
    with work.store.reading_scope("c1") as scope:
        assert agreement.count_closing_requests(scope) == {
            "not_reached": ClosingRequestCounts(3, 1, 1)
        }
        assert agreement.count_by_nurse(scope) == {"kim": DecisionCounts(agreed=3)}


def test_another_clinic_counts_its_own_alone(work: Work) -> None:
    work.do("kim", work.send("soon").submission, "raise")
    asked = work.send("same_day").submission
    work.do("kim", asked, "agree")
    work.do("kim", asked, "ask_close", outcome="not_reached", words="Moved away.")
    Work(work.store, "c2")
    with work.store.reading_scope("c1") as scope:
        entry = agreement.list_disagreements(scope)[0].entry
    with work.store.reading_scope("c2") as scope:
        assert agreement.count_by_nurse(scope) == agreement.count_by_rule(scope) == {}
        assert (
            agreement.count_lowering_reasons(scope) == agreement.measure_decision_times(scope) == {}
        )
        assert agreement.count_closing_requests(scope) == {}
        assert (
            agreement.list_disagreements(scope)
            == agreement.list_disagreements(scope, entry=entry)
            == []
        )


def test_the_number_of_queries_does_not_grow_with_the_rows(work: Work) -> None:
    def queries() -> int:
        sent: list[str] = []
        listener = lambda *args: sent.append(args[2])  # noqa: E731
        event.listen(work.store.engine, "before_cursor_execute", listener)
        with work.store.reading_scope("c1") as scope:
            agreement.count_by_nurse(scope)
            agreement.count_by_rule(scope)
            agreement.count_lowering_reasons(scope)
            agreement.measure_decision_times(scope)
            agreement.list_disagreements(scope)
        event.remove(work.store.engine, "before_cursor_execute", listener)
        return sum(text.startswith("SELECT") for text in sent)

    work.do("kim", work.send("soon").submission, "raise")
    few = queries()
    for _ in range(5):
        work.do("kim", work.send("soon").submission, "raise")
    assert queries() == few <= 10


def test_a_tally_holds_a_day_a_word_and_a_number_and_nothing_else(work: Work) -> None:
    assert set(Tally.__table__.columns.keys()) == {"clinic_id", "day", "subject", "number"}
    day = MONDAY.date()
    with work.store.writing_scope("c1", MONDAY, "kim") as scope:
        agreement.add_tallies(scope, day, "reached:now", "reached:now", "answered:now")
        agreement.add_tallies(scope, day - timedelta(days=1), "reached:now")
        assert agreement.sum_tallies(scope, day) == {"reached:now": 2, "answered:now": 1}
        assert agreement.sum_tallies(scope, day - timedelta(days=1))["reached:now"] == 3
    with work.store.reading_scope("c2") as scope:
        assert agreement.sum_tallies(scope, day) == {}


@pytest.mark.parametrize(
    ("agreed", "decided", "too_much"),
    [(200, 200, True), (199, 199, False), (196, 200, False), (197, 200, True), (0, 0, False)],
)
def test_almost_complete_agreement_over_many_decisions_asks_for_a_look(
    agreed: int, decided: int, too_much: bool
) -> None:
    assert load_policy(RULES).reliance.suggests_overreliance(agreed, decided) is too_much


@pytest.mark.parametrize(
    ("overridden", "decided", "doubtful"),
    [(4, 4, False), (5, 25, True), (5, 26, False), (5, 5, True)],
)
def test_a_rule_that_is_often_set_aside_is_doubtful(
    overridden: int, decided: int, doubtful: bool
) -> None:
    assert load_policy(RULES).reliance.is_doubtful_rule(overridden, decided) is doubtful


@pytest.mark.parametrize(
    ("was", "now", "message"),
    [
        ("more_than: 98", "more_than: 101", "more_than"),
        ("sources: [expert]", "sources: [nobody]", "unknown source 'nobody'"),
        ("- id: agreement", "- id: something", "agreement"),
        ("decisions: 200", "", "decisions"),
    ],
)
def test_numbers_that_cannot_be_used_are_named(tmp_path, was: str, now: str, message: str) -> None:
    for name in ("sources.yaml", "rulebook.yaml", "targets.yaml"):
        (tmp_path / name).write_bytes((RULES / name).read_bytes())
    text = (RULES / "reliance.yaml").read_text("utf-8")
    assert was in text
    (tmp_path / "reliance.yaml").write_text(text.replace(was, now), "utf-8")
    with pytest.raises(RulebookFaults, match=message):
        load_policy(tmp_path)

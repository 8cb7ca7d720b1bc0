"""The safety net as it is told: every change once, the gravest first, no emergency folded away."""

from collections import Counter

from app.triage.advice import AdviceRule
from app.triage.rules import assess_answers
from app.triage.safety_net import (
    SafetyNet,
    SafetyNetChange,
    SafetyNetLayout,
    SafetyNetLine,
    arrange_lines,
    build_safety_net,
    collapse_lines,
)
from app.triage.terms import Answers, Urgency
from tests.builders import SOAK, Labs, answers, rulebook
from tests.triage.test_safetynet import known_people, some_people

PEOPLE = [*known_people(), *some_people(20_000 if SOAK else 1_000, seed=4)]
BOXED = {(q.id, o.id) for q in rulebook().questionnaire for o in q.options if o.box}


def told_of(given: Answers, values: Labs) -> tuple[SafetyNet, SafetyNetLayout]:
    found = build_safety_net(rulebook(), given, values)
    return found, arrange_lines(
        rulebook(), found, assess_answers(rulebook(), given, values).advice["watch"]
    )


def lines(layout: SafetyNetLayout) -> list[SafetyNetLine]:
    return [entry for entry in layout.entries if isinstance(entry, SafetyNetLine)]


def said_by(layout: SafetyNetLayout) -> dict[tuple[str, str], Urgency]:
    """Each change that is told in some way, and the highest level that is promised for it."""
    said: dict[tuple[str, str], Urgency] = dict.fromkeys(BOXED, Urgency.emergency)
    promises = [
        ((c.question, c.option), line.urgency) for line in lines(layout) for c in line.changes
    ]
    for warning in layout.entries:
        if isinstance(warning, AdviceRule) and warning.urgency is not None:
            promises += [(pair, warning.urgency) for pair in warning.covers]
    for pair, urgency in promises:
        said[pair] = max(urgency, said.get(pair, urgency))
    return said


def untold(found: SafetyNet, layout: SafetyNetLayout) -> list[SafetyNetChange]:
    """Changes that are not told, or less gravely than they are."""
    said = said_by(layout)
    return [c for c in found.changes if said.get((c.question, c.option), -1) < c.urgency]


def test_every_change_that_raises_the_level_is_told_no_less_gravely_than_it_is() -> None:
    assert [left for person in PEOPLE for left in untold(*told_of(*person))] == []


def test_no_change_has_two_lines_and_none_that_the_box_tells_has_one() -> None:
    for person in PEOPLE:
        _, layout = told_of(*person)
        counts = Counter((c.question, c.option) for line in lines(layout) for c in line.changes)
        assert set(counts.values()) <= {1}
        assert not BOXED & counts.keys()


def test_a_line_promises_exactly_what_each_of_its_changes_does() -> None:
    for person in PEOPLE:
        found, layout = told_of(*person)
        for line in lines(layout):
            assert {c.urgency for c in line.changes} == {line.urgency}
            assert len({c.within for c in line.changes}) == 1
            assert set(line.changes) <= set(found.changes)


def test_every_line_has_its_words() -> None:
    words = rulebook().wording["en"].questions
    for person in PEOPLE:
        for line in lines(told_of(*person)[1]):
            assert line.words in words[line.question].changes


def test_what_the_box_says_is_an_emergency_for_everyone() -> None:
    for person in PEOPLE:
        for change in build_safety_net(rulebook(), *person).changes:
            if (change.question, change.option) in BOXED:
                assert change.urgency is Urgency.emergency


def test_the_gravest_is_told_first() -> None:
    for person in PEOPLE:
        levels = [entry.urgency or 0 for entry in told_of(*person)[1].entries]
        assert levels == sorted(levels, reverse=True)


def test_folding_away_loses_nothing_and_folds_no_emergency() -> None:
    for person in PEOPLE[:300]:
        _, layout = told_of(*person)
        first, more = collapse_lines(layout)
        assert first.entries + more.entries == layout.entries
        assert first.remarks == layout.remarks
        assert Urgency.emergency not in {entry.urgency for entry in more.entries}
        assert {entry.urgency for entry in first.entries} <= {Urgency.emergency}


def test_a_line_for_several_signs_stands_only_where_all_lead_to_the_same_level() -> None:
    def words(**given: object) -> set[str]:
        return {line.words for line in lines(told_of(answers(**given), {})[1])}

    assert "infected" in words()
    assert not {"hot", "tender_lumps", "pus"} & words()
    assert "infected" not in words(skin="hot", unwell="none")


def test_a_warning_that_a_line_tells_is_left_out_and_one_that_says_more_stays() -> None:
    def warnings(**given: object) -> set[str]:
        entries = told_of(answers(**given), {})[1].entries
        return {entry.advice.id for entry in entries if isinstance(entry, AdviceRule)}

    assert "watch-hot" not in warnings()
    assert "watch-emergency" not in warnings()
    assert "watch-scleroderma" in warnings(autoimmune="scleroderma")
    assert "watch-warfarin-bleed" in warnings(medicines="warfarin_lately")
    assert "watch-muscles" in warnings(autoimmune="myositis")


def test_a_change_that_is_left_untold_is_noticed() -> None:
    found, layout = told_of(answers(), {})
    assert untold(found, layout._replace(entries=layout.entries[1:]))
    calmer = [entry._replace(urgency=Urgency.routine) for entry in lines(layout)]
    assert untold(found, layout._replace(entries=tuple(calmer)))

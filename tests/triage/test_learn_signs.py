"""Property (k): what a page says is to be done in time, the rules say to whoever has its signs."""

from collections.abc import Iterator, Mapping
from itertools import product

import pytest

from app.triage.dangers import Danger
from app.triage.learn import UrgentClaim
from app.triage.terms import Answers, Urgency
from tests.builders import GATES, QUIET_LUMPS, level, question, rulebook

PROMISES = [
    pytest.param(promise, id=f"{page.id}-{part.id}-{promise.at}-{promise.urgency}")
    for page in rulebook().learn["en"].pages
    for part in page.sections
    for promise in part.urgent_claims
    if promise.signs
]
BABYS = {"baby_breath", "baby_body", "baby"}
UNNAMED = [quiet for quiet in QUIET_LUMPS if "calcinosis" not in quiet["reason"]]
"""Of a lump that a doctor has named the pages say more than the rules: it may wait longer."""
DANGERS = [pytest.param(danger, id=danger.id) for danger in rulebook().dangers]


def with_these(group: Mapping[str, tuple[str, ...]]) -> Iterator[Answers]:
    """Quiet people with one option of each question, given together."""
    for chosen in product(*group.values()):
        for quiet in UNNAMED:
            given = dict(quiet)
            for name, option in zip(group, chosen, strict=True):
                kept = given[name] if name in ("conditions", "reason") else frozenset[str]()
                if question(name).kind == "one":
                    kept = frozenset()
                given[name] = kept - {question(name).none} | {option}
                if name in GATES:
                    given["conditions"] = given["conditions"] - {"none"} | {GATES[name]}
            if BABYS & group.keys() and "age" not in group:
                given["age"] = frozenset(["under_1"])
            path = rulebook().questionnaire.trace_path(given)
            for name, option in zip(group, chosen, strict=True):
                assert option in path.answers.get(name, ()), f"nobody is asked {name}"
            yield given


@pytest.mark.parametrize("promise", PROMISES)
def test_whoever_has_the_signs_of_a_line_gets_the_level_that_it_says(promise: UrgentClaim) -> None:
    for group in promise.signs:
        levels = {level(given) for given in with_these(group)}
        assert promise.urgency is not None
        assert min(levels) >= promise.urgency, group
        assert promise.urgency in levels, f"it says too little: {group}"


def test_a_line_without_signs_says_why() -> None:
    pages = rulebook().learn["en"].pages
    reasons = {
        f"{page.id}#{part.id} {one.at}": one.no_option
        for page in pages
        for part in page.sections
        for one in part.urgent_claims
        if not one.signs
    }
    assert all(reasons.values())
    assert len(reasons) == 8


@pytest.mark.parametrize("danger", DANGERS)
def test_whoever_has_a_sign_of_a_danger_gets_at_least_its_level(danger: Danger) -> None:
    found: set[Urgency] = set()
    for name, options in danger.signs.items():
        found |= {level(given) for one in sorted(options) for given in with_these({name: (one,)})}
    assert danger.urgency == min(found)

"""Properties (f) to (j) by decision diagram: reach, whole results, unasked answers, types, bands.

Each yields claims, as in `diagram_level`. Knows nothing of `app.triage` and shares no code with the
other checker.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, groupby, product
from typing import Any

from app.assurance.proof.answer_space import AnswerSpace
from app.assurance.proof.answer_types import CANNOT_TELL, AnswerTypes
from app.assurance.proof.diagram_level import Claim, everyone_unless
from app.assurance.proof.diagrams import Diagram
from app.assurance.proof.evaluator import LEVELS, read_entries, read_yaml_strings

LEVEL_WORDS = ("heading", "action", "when")
TYPE_WORDS = ("name", "plain", "summary")
SAME_AMOUNT = Fraction(95, 100)
"""How near the bounds of two units must lie: whoever gave them rounded each by itself."""


def everything_is_reached(space: AnswerSpace, types: AnswerTypes) -> Iterator[Claim]:
    """(f) Questions can be asked, rules can fire, levels and types are reached, options matter."""
    reached: list[tuple[str, Diagram]] = [
        *((f"{name} is never asked", asked) for name, asked in space.on_path.items()),
        *((f"{rule['id']} can never fire", where_rule_fires(space, rule)) for rule in space.rules),
        *((f"{level} is never given", space.exactly_at_level(level)) for level in LEVELS),
        *((f"{k} is never the likely type", where) for k, where in types.likely_types.items()),
        *((f"a condition of {of} can never hold", m.possible) for of, m in space.result_conditions),
    ]
    people = space.complete_answers & space.plausible_labs()
    for about, where in reached:
        yield about, everyone_unless(space, holds=people & where != space.bdd.false)
    read = {v for _, meaning in space.result_conditions for u in meaning for v in u.support}
    for name, options in space.options.items():
        for option, variable in options.items():
            unread = everyone_unless(space, holds=variable in read)
            yield f"{name}: {option} changes nothing", unread


def where_rule_fires(space: AnswerSpace, rule: dict[str, Any]) -> Diagram:
    """Where a rule gives its level for certain; self-care only where it is earned."""
    certain = space.complete_answers & space.meaning[rule["id"]].certain
    return certain & ~space.at_least[LEVELS[1]] if rule["urgency"] == LEVELS[0] else certain


def results_are_whole(space: AnswerSpace, types: AnswerTypes) -> Iterator[Claim]:
    """(g) Every level with every likely type has its action, warnings, sources and languages.

    Each type is taken to go with each level, which asks more than can happen.
    """
    advice = read_yaml_strings(space.folder / "advice.yaml")
    watch = [entry for entry in advice if entry["section"] == "watch"]
    for level, kind in product(LEVELS, [*types.kinds, CANNOT_TELL]):
        given = [e for e in watch if e["types"] == "all" or kind in e["types"]]
        given = [entry for entry in given if level in entry.get("levels", LEVELS)]
        warned = space.any_of(_advice_shown(space, entry) for entry in given)
        about = f"{level}, {kind}: no word on what to watch for"
        yield about, space.exactly_at_level(level) & ~warned
    sources = read_entries(space.folder / "sources.yaml").keys()
    for entry in [*space.rules, *advice]:
        sourced = bool(entry["sources"]) and sources >= {*entry["sources"]}
        yield f"{entry['id']} has no source", everyone_unless(space, holds=sourced)
    for language in read_yaml_strings(space.folder / "rulebook.yaml")["languages"]:
        for what, said in _list_required_words(space, language, [entry["id"] for entry in advice]):
            yield f"{what} has no words in {language}", everyone_unless(space, holds=said)


def _advice_shown(space: AnswerSpace, entry: dict[str, Any]) -> Diagram:
    """A warning is also for those who are not sure; a place has to be ticked."""
    shown = space.bdd.true
    if "when" in entry:
        shown &= space.read_condition(entry["when"]).possible
    if "places" in entry:
        placed = {"question": "place", "includes_any": entry["places"]}
        shown &= space.read_condition(placed).certain
    return shown


def _list_required_words(
    space: AnswerSpace, language: str, advice: list[str]
) -> Iterator[tuple[str, bool]]:
    folder = space.folder / "wording" / language
    files = (folder / f"{name}.yaml" for name in ("levels", "types", "rules", "advice"))
    levels, types, rules, advice_words = map(read_yaml_strings, files)
    for level, part in product(LEVELS, LEVEL_WORDS):
        yield f"'{part}' of {level}", bool(levels.get(level, {}).get(part))
    for kind, texts in types["types"].items():
        yield from ((f"'{part}' of {kind}", bool(texts.get(part))) for part in TYPE_WORDS)
    for rule in space.rules:
        yield f"rule {rule['id']}", bool(rules["rules"].get(rule["id"]))
    for entry in advice:
        yield f"advice {entry}", bool(advice_words.get(entry))


def unasked_changes_nothing(space: AnswerSpace) -> Iterator[Claim]:
    """(h) An answer to a question that is not on the path changes nothing."""
    for name, asked in space.on_path.items():
        answers = space.options[name].values()
        for level in LEVELS[1:]:
            off_path = space.at_least[level] & ~asked
            differs = off_path.exist(*answers) & ~off_path.forall(*answers)
            about = f"{name} changes {level} where it is not asked"
            yield about, space.complete_answers & ~asked & differs


def closed_questions_raise_nobody(space: AnswerSpace) -> Iterator[Claim]:
    """(k) What a closed question could say raises nobody, or was asked for in another way.

    It is a closer look at an answer above it and asked of all who gave one; or another one is asked
    in its place; or no answer to it would raise anyone of whom it is not asked.
    """
    for name, question in space.questions.items():
        others = space.find_counterparts(name)
        for other in question.get("instead_of", ()):
            alike = ~space.where_different(space.on_path[name], space.on_path[other])
            about = f"{name} and {other} are both asked, or neither"
            yield about, space.complete_answers & alike
            asked = {v for q in (name, other) for v in space.on_path[q].support}
            deciding = [q for q, options in space.options.items() if asked & {*options.values()}]
            about = f"{name} and {other} wait for more than one answer"
            yield about, everyone_unless(space, holds=len(deciding) == 1)
        closed = space.complete_answers & ~space.on_path[name]
        if "narrows" in question:
            about = f"{name} is not asked of some who said what it narrows"
            yield about, closed & space.read_condition(question["narrows"]).certain
        elif "ask_if" in question and not others:
            about = f"{name}: an answer where it is not asked would raise"
            yield about, _raised_if_asked(space, name)


def _raised_if_asked(space: AnswerSpace, name: str) -> Diagram:
    """Those not asked this question who would get a higher level if they were."""
    asked = AnswerSpace(space.folder, beside=space, always=name)
    free = [v for q in [name, *asked.find_follow_ups(name)] for v in space.options[q].values()]
    closed = space.complete_answers & ~space.on_path[name]
    raised = space.bdd.false
    for level in LEVELS[1:]:
        would_be = (asked.complete_answers & asked.at_least[level]).exist(*free)
        raised |= closed & ~space.at_least[level] & would_be
    return raised


def types_stay_apart(space: AnswerSpace, types: AnswerTypes) -> Iterator[Claim]:
    """(i) No tie between types is settled in silence, and a likely type never moves a level.

    Levels are read from answers and laboratory values alone, so no type can move them. Each of
    those who are looked at has just one likely type.
    """
    yield "a type is told though another has as much evidence", types.silently_tied()
    kinds = list(types.likely_types.values())
    yield "no likely type at all", types.people_considered & ~space.any_of(kinds)
    for one, other in combinations(types.likely_types, 2):
        yield f"{one} and {other} at once", types.likely_types[one] & types.likely_types[other]


def lab_bands_meet(space: AnswerSpace) -> Iterator[Claim]:
    """(j) In every unit the bounds stand in the same order, and every value lies in one band."""
    for analyte, bounds in space.every_bound().items():
        written = [
            {unit: Fraction(limit) for unit, limit in limits.items()}
            for _, limits in bounds.values()
        ]
        for about, holds in _bounds_in_order(space, analyte, written):
            yield f"{analyte}: {about}", everyone_unless(space, holds=holds)
        row = [met for met, _ in groupby(met for _, met in space.list_lab_bands(analyte))]
        once = everyone_unless(space, holds=len(row) == len({*row}))
        yield f"{analyte}: a band is left and met again", once


def _bounds_in_order(
    space: AnswerSpace, analyte: str, written: list[dict[str, Fraction]]
) -> Iterator[tuple[str, bool]]:
    """Each bound in every unit, at about the same amount, plausible, and no two change places."""
    factors, ends = space.unit_factors(analyte)
    for bound in written:
        said = " / ".join(f"{float(limit):g} {unit}" for unit, limit in bound.items())
        whole = bound.keys() == factors.keys()
        yield f"{said} is not given in every unit", whole
        amounts = [limit * factors[unit] for unit, limit in bound.items()]
        near = min(amounts) >= SAME_AMOUNT * max(amounts)
        yield f"{said} is not one amount in every unit", near
        inside = all(ends[0] < amount < ends[1] for amount in amounts)
        yield f"{said} is no plausible value, so one side is empty", inside
    for one, other in combinations(written, 2):
        ways = {(one[u] > other[u]) - (one[u] < other[u]) for u in one.keys() & other.keys()}
        yield "two bounds change places by unit", not {-1, 1} <= ways

"""Properties (f) to (j): reach, whole results, unasked answers, types, laboratory bands.

Each is a function from a Prover to what breaks it: nothing, where it is proved. What must be
possible is shown by a person whom the engine sees in the same way.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from itertools import combinations, pairwise, product

from app.assurance.proof.lab_bands import ADJUSTED, PHOSPHATE, LabBands
from app.assurance.proof.prover import (
    Counterexample,
    Prover,
    list_every_option,
    questions_in_condition,
    readable_answers,
)
from app.assurance.proof.sat import World
from app.assurance.proof.sat_types import EVERY_TYPE, TypeEncoding
from app.triage.compiled import CompiledRules
from app.triage.questionnaire import Question
from app.triage.rulebook import Rulebook
from app.triage.rules import assess_answers
from app.triage.terms import Answers, Truth, Urgency
from app.triage.wording import Wording

SAME_AMOUNT = Fraction(1, 20)
"""How far the bounds of two units may lie apart: whoever gave them rounded each by itself."""
LEVEL_WORDS = ("heading", "action", "when")
TYPE_WORDS = ("name", "plain", "summary")


def everything_is_reached(prover: Prover) -> Iterator[Counterexample]:
    """(f) Questions can be asked, rules can fire, levels and types are reached, options matter."""
    for about, literal in _list_reach_targets(prover):
        if not prover.is_possible(prover.first_world.complete, literal):
            yield Counterexample(f"{about}: no finished answer set reaches it")
    yield from _options_matter(prover)


def _list_reach_targets(prover: Prover) -> Iterator[tuple[str, int]]:
    one, book = prover.first_world, prover.rulebook
    options = [(f"{name}: {o}", t) for name, ticks in one.ticks.items() for o, t in ticks.items()]
    for what, found in (
        ("question", one.asked),
        ("option", dict(options)),
        ("rule", one.certain),
        ("the doubt of rule", one.unsure),
        ("level", {urgency.name: level for urgency, level in one.level.items()}),
        ("type", prover.types.likely),
        ("conflict rule", prover.types.leads),
        ("advice", prover.advice),
    ):
        yield from ((f"{what} {name}", literal) for name, literal in found.items())
    conditions = [(f"evidence {line.id}", line.when) for line in book.evidence]
    conditions += [(f"contradiction {c.id}", c.when) for c in book.contradictions]
    conditions += [(f"conflict rule {c.id}", c.when) for c in book.conflicts if c.lead is None]
    yield from ((about, one.truth_literal(when, Truth.TRUE)) for about, when in conditions)


def _options_matter(prover: Prover) -> Iterator[Counterexample]:
    """Of each option: two people who differ only in it differ in level, likely type or advice."""
    one, two, formula = prover.first_world, prover.second_world, prover.formula
    types = TypeEncoding(two)
    pairs = ((prover.types.likely, types.likely), (prover.advice, types.encode_advice()))
    others = [-formula.iff_gate(ours[key], theirs[key]) for ours, theirs in pairs for key in ours]
    levels = formula.or_gate([one.lower_than(two), two.lower_than(one)])
    read = formula.or_gate(
        -formula.iff_gate(ours, theirs) for ours, theirs in _deciding_literals(one, two)
    )
    matters = formula.or_gate([levels, *others])
    for question, option in list_every_option(prover.rulebook.questionnaire):
        if question.kind == "one" or option == question.none:
            ticked = [-one.ticks[question.id][option], two.ticks[question.id][option]]
            move = [*prover.same_elsewhere(question), one.answered[question.id], *ticked]
        else:
            move = prover.with_extra_tick(question, option)
        # The easy questions first: most options change the level of somebody without blood tests,
        # and one that no condition notices need not be sought in sums of weights.
        move += [one.complete, two.complete]
        if formula.find_model(*move, levels, *prover.without_labs) is None and (
            formula.find_model(*move, read) is None or formula.find_model(*move, matters) is None
        ):
            yield Counterexample(
                f"option {question.id}: {option} changes no level, likely type or advice"
            )


def _deciding_literals(one: World, two: World) -> Iterator[tuple[int, int]]:
    """What decides on level, type and advice, for either person."""
    book = one.rulebook
    yield one.doubt, two.doubt
    yield from zip(one.asked.values(), two.asked.values(), strict=True)
    yield from ((one.certain[r.id], two.certain[r.id]) for r in book.rules)
    yield from ((literal, two.unsure[rule]) for rule, literal in one.unsure.items())
    weighing = [(line.when, Truth.TRUE) for line in book.evidence]
    weighing += [(conflict.when, Truth.TRUE) for conflict in book.conflicts]
    weighing += [(a.when, a.required_truth) for a in book.advice if a.when is not None]
    yield from ((one.truth_literal(*part), two.truth_literal(*part)) for part in weighing)
    places = sorted({place for rule in book.advice for place in rule.places})
    yield from ((one.ticks["place"][place], two.ticks["place"][place]) for place in places)


def results_are_whole(prover: Prover) -> Iterator[Counterexample]:
    """(g) Every level with every likely type has its action, warnings, sources and languages."""
    one, book = prover.first_world, prover.rulebook
    warnings = [prover.advice[a.advice.id] for a in book.advice if a.section == "watch"]
    unwarned = [-shown for shown in warnings]
    for urgency, kind in product(Urgency, EVERY_TYPE):
        outcome = one.level[urgency], prover.types.likely[kind]
        if prover.is_possible(one.complete, *outcome):
            about = f"{urgency.name}, {kind}: no word on what to watch for"
            yield from prover.find_counterexamples(about, one.complete, *outcome, *unwarned)
            for language, words in book.wording.items():
                for lacking in _missing_words(words, urgency, kind):
                    yield Counterexample(f"{urgency.name}, {kind}: no {lacking} in {language}")
    for language in sorted({*book.languages} ^ {*book.wording}):
        yield Counterexample(f"the language {language} has no words, or is not listed")
    yield from _find_unsourced(book)


def _missing_words(words: Wording, urgency: Urgency, kind: str) -> Iterator[str]:
    level, likely = words.levels.get(urgency.name), words.types.get(kind)
    for part in LEVEL_WORDS:
        if level is None or not level.parts.get(part, "").strip():
            yield f"'{part}' of the level"
    for part in TYPE_WORDS:
        if likely is None or not likely.parts.get(part, "").strip():
            yield f"'{part}' of the type"


def _find_unsourced(book: Rulebook) -> Iterator[Counterexample]:
    """What a result can show, each with its sources and with its words in every language."""
    words = book.wording.values()
    entries = [
        (f"rule {r.id}", r.sources, all(r.id in w.rules for w in words)) for r in book.rules
    ] + [
        (f"advice {a.id}", a.sources, all(w.advice.get(a.id) for w in words))
        for a in (rule.advice for rule in book.advice)
    ]
    for what, sources, worded in entries:
        if not sources or not all(source in book.sources for source in sources):
            yield Counterexample(f"{what} has no source")
        if not worded:
            yield Counterexample(f"{what} has no words in some language")


def unasked_changes_nothing(prover: Prover) -> Iterator[Counterexample]:
    """(h) Answers to questions that are not asked change nothing but the list of what was ignored.

    The formula has no place for such answers; that the engine has none either is tried with every
    option of every unasked question, on one person for each way through the questions.
    """
    book = prover.rulebook
    for answers in _sample_paths(prover):
        plain = assess_answers(book, answers)
        for question, option in list_every_option(book.questionnaire):
            if question.id not in answers:
                stuffed = assess_answers(book, {**answers, question.id: frozenset([option])})
                if stuffed != plain._replace(ignored=(question.id,)):
                    about = f"{question.id}: {option} was not asked for and changes the result"
                    person = readable_answers(book, answers)
                    yield Counterexample(about, person, urgency=plain.urgency.name)


def _sample_paths(prover: Prover) -> Iterator[Answers]:
    """One person for each set of questions that can be asked together."""
    one, formula = prover.first_world, prover.formula
    others: list[int] = []
    while way := formula.find_model(one.complete, *prover.without_labs, *others):
        yield one.decode_answers(way)
        asked = (asked if asked in way else -asked for asked in one.asked.values())
        others.append(-formula.and_gate(asked))


def closed_questions_raise_nobody(prover: Prover) -> Iterator[Counterexample]:
    """(k) What a closed question could say raises nobody, or was asked for in another way.

    It is a closer look at an answer above it and asked of all who gave one; or another one is asked
    in its place; or no answer to it would raise anyone of whom it is not asked.
    """
    one, book = prover.first_world, prover.rulebook
    for question in book.questionnaire:
        asked = one.asked[question.id]
        for other in map(book.questionnaire.__getitem__, question.instead_of):
            alike = prover.formula.iff_gate(asked, one.asked[other.id])
            about = f"{question.id} and {other.id} are both asked, or neither"
            yield from prover.find_counterexamples(about, one.complete, alike)
            deciding = [questions_in_condition(q.ask_if) for q in (question, other)]
            if len(set().union(*deciding)) != 1:
                yield Counterexample(f"{question.id} and {other.id} wait for more than one answer")
        if question.narrows is not None:
            about = f"{question.id} is not asked of some who said what it narrows"
            said = one.truth_literal(question.narrows, Truth.TRUE)
            yield from prover.find_counterexamples(about, one.complete, -asked, said)
        elif question.ask_if and not book.questionnaire.counterpart_questions[question.id]:
            yield from _raised_if_asked(prover, question)


def _raised_if_asked(prover: Prover, question: Question) -> Iterator[Counterexample]:
    """Somebody not asked this question who would get a higher level if they were."""
    one, formula, book = prover.first_world, prover.formula, prover.rulebook
    other = World(prover.encoding, always=question.id)
    alike = [
        formula.or_gate([-one.asked[name], -other.asked[name], formula.iff_gate(tick, theirs)])
        for name, options in one.ticks.items()
        if name != question.id
        for tick, theirs in zip(options.values(), other.ticks[name].values(), strict=True)
    ]
    closed = [one.complete, other.complete, -one.asked[question.id], one.lower_than(other), *alike]
    model = formula.find_model(*closed, *prover.without_labs) or formula.find_model(*closed)
    if model is not None:
        about = f"{question.id}: an answer where it is not asked would raise"
        answers = readable_answers(book, one.decode_answers(model))
        said = {question.id: other.decode_answers(model)[question.id]}
        yield Counterexample(about, answers, then=readable_answers(book, said))


def types_stay_apart(prover: Prover) -> Iterator[Counterexample]:
    """(i) The type never changes the level, and no tie between types is settled in silence."""
    book = prover.rulebook
    typeless = CompiledRules(book.questionnaire, book.rules, {}, book.laboratory.not_weighed)
    if typeless.level.__code__ != book.compiled_rules.level.__code__:
        yield Counterexample("the level is worked out otherwise when there is evidence for types")
    about = "a type is told though another has as much evidence, and no conflict rule says why"
    yield from prover.find_counterexamples(about, prover.types.silently_tied())


def lab_bands_meet(prover: Prover) -> Iterator[Counterexample]:
    """(j) In every unit the bounds stand in the same order, and every value lies in one band."""
    bands = prover.encoding.labs.bands
    for analyte, line in bands.axes.items():
        prover.formula.asked += 1  # claims too, though no solver is needed for them
        yield from _bounds_agree(bands, analyte)
        if analyte != bands.product:
            yield from _one_band_each(bands, analyte)
        if analyte == ADJUSTED:
            for (low, _), (high, _) in pairwise(line.cuts):
                if 0 < high - low <= bands.adjustment_slack:
                    about = f"{analyte}: bounds at {float(low):g} and {float(high):g} mmol/L"
                    yield Counterexample(f"{about} lie closer than the two ways to adjust it agree")
    for met in bands.list_compatible_bands() if bands.product in bands.axes else ():
        prover.formula.asked += 1
        names = (ADJUSTED, PHOSPHATE, bands.product)
        if bands.find_values(dict(zip(names, met, strict=True))) is None:
            yield Counterexample(f"calcium, phosphate and product: no values for the bands {met}")


def _bounds_agree(bands: LabBands, analyte: str) -> Iterator[Counterexample]:
    factors = bands.unit_factors(analyte)
    written = [dict(bound.bounds) for bound in bands.bounds_of(analyte)]
    for one, other in combinations(written, 2):
        ways = {(one[unit] > other[unit]) - (one[unit] < other[unit]) for unit in factors}
        if {-1, 1} <= ways:
            both = f"{_format_bound(one)} and {_format_bound(other)}"
            yield Counterexample(f"{analyte}: {both} change places by unit")
    for bound in written:
        amounts = [Fraction(bound[unit]) * factor for unit, factor in factors.items()]
        if max(amounts) - min(amounts) > SAME_AMOUNT * max(amounts):
            said = _format_bound(bound)
            yield Counterexample(f"{analyte}: {said} is not one amount in every unit")
    for unit in bands.laboratory.analytes[analyte].units if analyte != bands.product else ():
        low, high = unit.hard
        for bound in written:
            place = bound[unit.name]
            if (low is not None and place <= low) or (high is not None and place >= high):
                about = f"{analyte}: {place} {unit.name} is no plausible value"
                yield Counterexample(f"{about}, so one side is empty")


def _one_band_each(bands: LabBands, analyte: str) -> Iterator[Counterexample]:
    line, own = bands.axes[analyte], frozenset(bands.bounds_of(analyte))
    expected = [bands.bounds_in_band(analyte, band) for band in range(len(line.band_spans))]
    for value in bands.sample_values(analyte):
        fitting = expected.count(bands.met_bounds({analyte: value}) & own)
        if fitting != 1:
            said = f"{value['value']} {value['unit']}"
            yield Counterexample(f"{analyte}: {said} lies in {fitting} bands", labs={analyte: said})
    for band, (low, high) in enumerate(line.band_spans):
        if low < high and expected[band] not in bands.value_examples[analyte]:
            yield Counterexample(f"{analyte}: no value was found for band {band + 1}")


def _format_bound(bound: Mapping[str, Decimal]) -> str:
    return " / ".join(f"{amount} {unit}" for unit, amount in bound.items())

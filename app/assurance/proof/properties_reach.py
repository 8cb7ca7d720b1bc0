"""Properties (f) to (j): reach, whole results, unasked answers, types, laboratory bands.

Each is a function from a Prover to what breaks it: nothing, where it is proved. What must be
possible is shown by a person whom the engine sees in the same way.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import combinations, pairwise, product

from app.assurance.proof.lab_bands import ADJUSTED, PHOSPHATE, Bands
from app.assurance.proof.prover import Broken, Prover, asked_about, every_option, readable
from app.assurance.proof.sat import World
from app.assurance.proof.sat_types import EVERY_TYPE, Weighed
from app.triage.compiled import Compiled
from app.triage.questionnaire import Question
from app.triage.rulebook import Rulebook
from app.triage.rules import assess
from app.triage.terms import Answers, Truth, Urgency
from app.triage.wording import Wording

SAME_AMOUNT = Fraction(1, 20)
"""How far the bounds of two units may lie apart: whoever gave them rounded each by itself."""
LEVEL_WORDS = ("heading", "action", "when")
TYPE_WORDS = ("name", "plain", "summary")


def all_reached(prover: Prover) -> Iterator[Broken]:
    """(f) Questions can be asked, rules can fire, levels and types are reached, options matter."""
    for about, literal in _to_reach(prover):
        if not prover.shown(prover.one.complete, literal):
            yield Broken("f", f"{about}: no finished answer set reaches it")
    yield from _options_matter(prover)


def _to_reach(prover: Prover) -> Iterator[tuple[str, int]]:
    one, book = prover.one, prover.rulebook
    conditions = [(f"evidence {line.id}", line.when) for line in book.evidence]
    conditions += [(f"contradiction {c.id}", c.when) for c in book.contradictions]
    conditions += [(f"conflict rule {c.id}", c.when) for c in book.conflicts if c.lead is None]
    for what, found in (
        ("question", one.asked),
        (
            "option",
            {f"{q.id}: {o}": one.ticks[q.id][o] for q, o in every_option(book.questionnaire)},
        ),
        ("rule", one.certain),
        ("the doubt of rule", one.unsure),
        ("level", {urgency.name: level for urgency, level in one.level.items()}),
        ("type", prover.types.likely),
        ("conflict rule", prover.types.leads),
        ("advice", prover.advice),
    ):
        yield from ((f"{what} {name}", literal) for name, literal in found.items())
    yield from ((about, one.holds(condition, Truth.TRUE)) for about, condition in conditions)


def _options_matter(prover: Prover) -> Iterator[Broken]:
    """Of each option: two people who differ only in it differ in level, likely type or advice."""
    one, two, formula = prover.one, prover.two, prover.formula
    types = Weighed(two)
    pairs = ((prover.types.likely, types.likely), (prover.advice, types.advice()))
    told = [-formula.same(ours[key], theirs[key]) for ours, theirs in pairs for key in ours]
    levels = formula.some([one.below(two), two.below(one)])
    read = formula.some(-formula.same(ours, theirs) for ours, theirs in _read(one, two))
    matters = formula.some([levels, *told])
    for question, option in every_option(prover.rulebook.questionnaire):
        if question.kind == "one" or option == question.none:
            ticked = [-one.ticks[question.id][option], two.ticks[question.id][option]]
            move = [*prover.elsewhere(question), one.answered[question.id], *ticked]
        else:
            move = prover.more(question, option)
        # The easy questions first: most options change the level of somebody without blood tests,
        # and one that no condition notices need not be sought in sums of weights.
        move += [one.complete, two.complete]
        if formula.solve(*move, levels, *prover.without_labs) is None and (
            formula.solve(*move, read) is None or formula.solve(*move, matters) is None
        ):
            about = f"option {question.id}: {option} changes no level, likely type or advice"
            yield Broken("f", about)


def _read(one: World, two: World) -> Iterator[tuple[int, int]]:
    """What decides on level, type and advice, for either person."""
    book = one.rulebook
    yield one.doubt, two.doubt
    yield from zip(one.asked.values(), two.asked.values(), strict=True)
    yield from ((one.certain[r.id], two.certain[r.id]) for r in book.rules)
    yield from ((literal, two.unsure[rule]) for rule, literal in one.unsure.items())
    weighing = [(line.when, Truth.TRUE) for line in book.evidence]
    weighing += [(conflict.when, Truth.TRUE) for conflict in book.conflicts]
    weighing += [(a.when, a.enough) for a in book.advice if a.when is not None]
    yield from ((one.holds(*part), two.holds(*part)) for part in weighing)
    places = sorted({place for rule in book.advice for place in rule.places})
    yield from ((one.ticks["place"][place], two.ticks["place"][place]) for place in places)


def results_are_whole(prover: Prover) -> Iterator[Broken]:
    """(g) Every level with every likely type has its action, warnings, sources and languages."""
    one, book = prover.one, prover.rulebook
    warnings = [prover.advice[a.advice.id] for a in book.advice if a.section == "watch"]
    unwarned = [-shown for shown in warnings]
    for urgency, kind in product(Urgency, EVERY_TYPE):
        outcome = one.level[urgency], prover.types.likely[kind]
        if prover.shown(one.complete, *outcome):
            about = f"{urgency.name}, {kind}: no word on what to watch for"
            yield from prover.never("g", about, one.complete, *outcome, *unwarned)
            for language, words in book.wording.items():
                for lacking in _lacking(words, urgency, kind):
                    yield Broken("g", f"{urgency.name}, {kind}: no {lacking} in {language}")
    for language in sorted({*book.languages} ^ {*book.wording}):
        yield Broken("g", f"the language {language} has no words, or is not listed")
    yield from _without_source(book)


def _lacking(words: Wording, urgency: Urgency, kind: str) -> Iterator[str]:
    level, likely = words.levels.get(urgency.name), words.types.get(kind)
    for part in LEVEL_WORDS:
        if level is None or not level.parts.get(part, "").strip():
            yield f"'{part}' of the level"
    for part in TYPE_WORDS:
        if likely is None or not likely.parts.get(part, "").strip():
            yield f"'{part}' of the type"


def _without_source(book: Rulebook) -> Iterator[Broken]:
    """What a result can show, each with its sources and with its words in every language."""
    words = book.wording.values()
    for rule in book.rules:
        worded = all(rule.id in w.rules for w in words)
        yield from _bare(book, f"rule {rule.id}", rule.sources, worded=worded)
    for advice in (a.advice for a in book.advice):
        worded = all(w.advice.get(advice.id) for w in words)
        yield from _bare(book, f"advice {advice.id}", advice.sources, worded=worded)


def _bare(book: Rulebook, what: str, sources: Sequence[str], *, worded: bool) -> Iterator[Broken]:
    if not sources or not all(source in book.sources for source in sources):
        yield Broken("g", f"{what} has no source")
    if not worded:
        yield Broken("g", f"{what} has no words in some language")


def unasked_changes_nothing(prover: Prover) -> Iterator[Broken]:
    """(h) Answers to questions that are not asked change nothing but the list of what was ignored.

    The formula has no place for such answers; that the engine has none either is tried with every
    option of every unasked question, on one person for each way through the questions.
    """
    book = prover.rulebook
    for answers in _ways_through(prover):
        plain = assess(book, answers)
        for question, option in every_option(book.questionnaire):
            if question.id not in answers:
                stuffed = assess(book, {**answers, question.id: frozenset([option])})
                if stuffed != plain._replace(ignored=(question.id,)):
                    about = f"{question.id}: {option} was not asked for and changes the result"
                    yield Broken("h", about, plain.urgency.name, readable(book, answers))


def _ways_through(prover: Prover) -> Iterator[Answers]:
    """One person for each set of questions that can be asked together."""
    one, formula = prover.one, prover.formula
    others: list[int] = []
    while way := formula.solve(one.complete, *prover.without_labs, *others):
        yield one.answers(way)
        asked = (asked if asked in way else -asked for asked in one.asked.values())
        others.append(-formula.every(asked))


def closed_questions(prover: Prover) -> Iterator[Broken]:
    """(k) What a closed question could say raises nobody, or was asked for in another way.

    It is a closer look at an answer above it and asked of all who gave one; or another one is asked
    in its place; or no answer to it would raise anyone of whom it is not asked.
    """
    one, book = prover.one, prover.rulebook
    for question in book.questionnaire:
        asked = one.asked[question.id]
        for other in map(book.questionnaire.__getitem__, question.instead_of):
            alike = prover.formula.same(asked, one.asked[other.id])
            about = f"{question.id} and {other.id} are both asked, or neither"
            yield from prover.never("k", about, one.complete, alike)
            if len(asked_about(question.ask_if) | asked_about(other.ask_if)) != 1:
                yield Broken("k", f"{question.id} and {other.id} wait for more than one answer")
        if question.narrows is not None:
            about = f"{question.id} is not asked of some who said what it narrows"
            said = one.holds(question.narrows, Truth.TRUE)
            yield from prover.never("k", about, one.complete, -asked, said)
        elif question.ask_if is not None and not book.questionnaire.counterparts[question.id]:
            yield from _raised(prover, question)


def _raised(prover: Prover, question: Question) -> Iterator[Broken]:
    """Somebody not asked this question who would get a higher level if they were."""
    one, formula = prover.one, prover.formula
    other = World(prover.space, always=question.id)
    alike = [
        formula.some([-one.asked[name], -other.asked[name], formula.same(tick, theirs)])
        for name, options in one.ticks.items()
        if name != question.id
        for tick, theirs in zip(options.values(), other.ticks[name].values(), strict=True)
    ]
    closed = [one.complete, other.complete, -one.asked[question.id], one.below(other), *alike]
    model = formula.solve(*closed, *prover.without_labs) or formula.solve(*closed)
    if model is not None:
        yield Broken(
            "k",
            f"{question.id}: an answer where it is not asked would raise",
            answers=readable(prover.rulebook, one.answers(model)),
            then=readable(prover.rulebook, {question.id: other.answers(model)[question.id]}),
        )


def types_stay_apart(prover: Prover) -> Iterator[Broken]:
    """(i) The type never changes the level, and no tie between types is settled in silence."""
    book = prover.rulebook
    typeless = Compiled(book.questionnaire, book.rules, {}, book.laboratory.not_weighed)
    if typeless.level.__code__ != book.compiled.level.__code__:
        yield Broken("i", "the level is worked out otherwise when there is evidence for types")
    about = "a type is told though another has as much evidence, and no conflict rule says why"
    yield from prover.never("i", about, prover.types.silently_tied())


def lab_bands_meet(prover: Prover) -> Iterator[Broken]:
    """(j) In every unit the bounds stand in the same order, and every value lies in one band."""
    bands = prover.space.labs.bands
    for analyte, line in bands.lines.items():
        prover.formula.asked += 1  # claims too, though no solver is needed for them
        yield from _bounds_agree(bands, analyte)
        if analyte != bands.product:
            yield from _one_band_each(bands, analyte)
        if analyte == ADJUSTED:
            for (low, _), (high, _) in pairwise(line.cuts):
                if 0 < high - low <= bands.slack:
                    about = f"{analyte}: bounds at {float(low):g} and {float(high):g} mmol/L"
                    yield Broken("j", f"{about} lie closer than the two ways to adjust it agree")
    for met in bands.meeting() if bands.product in bands.lines else ():
        prover.formula.asked += 1
        names = (ADJUSTED, PHOSPHATE, bands.product)
        if bands.give(dict(zip(names, met, strict=True))) is None:
            yield Broken("j", f"calcium, phosphate and product: no values for the bands {met}")


def _bounds_agree(bands: Bands, analyte: str) -> Iterator[Broken]:
    factors = bands.factors(analyte)
    written = [dict(bound.bounds) for bound in bands.bounds_of(analyte)]
    for one, other in combinations(written, 2):
        ways = {(one[unit] > other[unit]) - (one[unit] < other[unit]) for unit in factors}
        if {-1, 1} <= ways:
            yield Broken("j", f"{analyte}: {_said(one)} and {_said(other)} change places by unit")
    for bound in written:
        amounts = [Fraction(bound[unit]) * factor for unit, factor in factors.items()]
        if max(amounts) - min(amounts) > SAME_AMOUNT * max(amounts):
            yield Broken("j", f"{analyte}: {_said(bound)} is not one amount in every unit")
    for unit in bands.laboratory.analytes[analyte].units if analyte != bands.product else ():
        low, high = unit.hard
        for bound in written:
            place = bound[unit.name]
            if (low is not None and place <= low) or (high is not None and place >= high):
                about = (
                    f"{analyte}: {place} {unit.name} is no plausible value, so one side is empty"
                )
                yield Broken("j", about)


def _one_band_each(bands: Bands, analyte: str) -> Iterator[Broken]:
    line, own = bands.lines[analyte], frozenset(bands.bounds_of(analyte))
    expected = [bands.expected(analyte, band) for band in range(len(line.bands))]
    for value in bands.values(analyte):
        fitting = expected.count(bands.met({analyte: value}) & own)
        if fitting != 1:
            said = f"{value['value']} {value['unit']}"
            yield Broken("j", f"{analyte}: {said} lies in {fitting} bands", labs={analyte: said})
    for band, (low, high) in enumerate(line.bands):
        if low < high and expected[band] not in bands.examples[analyte]:
            yield Broken("j", f"{analyte}: no value was found for band {band + 1}")


def _said(bound: Mapping[str, Decimal]) -> str:
    return " / ".join(f"{amount} {unit}" for unit, amount in bound.items())

"""Everything that must hold between the parts of a rulebook: ids, sources, words, reachability.

One function a question: each walks the rulebook once and notes its faults.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING

from app.triage.conditions import Choice, Condition, Situation, judge, leaves
from app.triage.faults import Faults
from app.triage.questionnaire import Question
from app.triage.shapes import RegionEntry
from app.triage.terms import CANNOT_TELL, NOT_CALCINOSIS, TYPES, Truth, Urgency
from app.triage.wording import Texts, Wording, placeholders

if TYPE_CHECKING:
    from app.triage.rulebook import Rulebook

Where = Mapping[str, tuple[str, int]]
LEVEL_PARTS = {"heading", "action", "when", "hidden", "badge", "more"}
LEVEL_EXTRAS = {"heading_within", "action_within", "when_within", "badge_within"}
OWN_PLACEHOLDERS = {"within"}
"""Filled by whoever shows the text, not by the region."""


def check(rulebook: "Rulebook", faults: Faults, where: Where) -> None:
    """Note every fault between the parts of the rulebook."""
    _sources(rulebook, faults, where)
    _rules(rulebook, faults)
    _reachable(rulebook, faults, where)
    _options_read(rulebook, faults, where)
    _ranking(rulebook, faults)
    for language, words in rulebook.wording.items():
        _words(rulebook, words, f"wording/{language}", faults)


def conditions(rulebook: "Rulebook") -> Iterator[Condition]:
    """Every condition of the rulebook."""
    yield from (q.ask_if for q in rulebook.questionnaire if q.ask_if is not None)
    yield from (rule.when for rule in rulebook.rules)
    yield from (line.when for line in rulebook.evidence)
    yield from (conflict.when for conflict in rulebook.conflicts)
    yield from (contradiction.when for contradiction in rulebook.contradictions)
    yield from (advice.when for advice in rulebook.advice if advice.when is not None)
    yield rulebook.scale.likely_needs


def _sources(rulebook: "Rulebook", faults: Faults, where: Where) -> None:
    for key, (file, line) in where.items():
        if not key.startswith("source "):
            continue
        source, _, subject = key.removeprefix("source ").partition(" of ")
        if source not in rulebook.sources:
            subject = subject.partition(" in ")[0]
            faults.add(file, line, subject, f"unknown source '{source}'; add it to sources.yaml")
    known = rulebook.sources
    named = [(a.id, a.sources) for a in rulebook.laboratory.analytes.values()]
    named.append(
        (rulebook.laboratory.product.analyte.id, rulebook.laboratory.product.analyte.sources)
    )
    named += [("correction", c.sources) for c in rulebook.laboratory.corrections]
    for subject, sources in named:
        for source in (s for s in sources if s not in known):
            text = f"unknown source '{source}'; add it to sources.yaml"
            faults.add("labs.yaml", 0, subject, text)
    for region in rulebook.regions.values():
        for source in (s for s in region.sources if s not in known):
            text = f"unknown source '{source}'; add it to sources.yaml"
            faults.add("regions.yaml", 0, region.id, text)


def _rules(rulebook: "Rulebook", faults: Faults) -> None:
    for rule in rulebook.rules:
        if rule.if_unsure is not None and rule.if_unsure > rule.urgency:
            text = (
                f"'if_unsure' is above '{rule.urgency.name}'; it must not be graver than the rule"
            )
            faults.add(rule.file, 0, rule.id, text)
        if rule.urgency is Urgency.emergency and rule.if_unsure is None and _asks(rule.when):
            text = 'an emergency rule needs \'if_unsure\': "not sure" is never "no"'
            faults.add(rule.file, 0, rule.id, text)
        if rule.urgency is Urgency.self_care and rule.if_unsure is not None:
            text = "self-care must be certain; leave out 'if_unsure'"
            faults.add(rule.file, 0, rule.id, text)
    if not rulebook.regions:
        faults.add("regions.yaml", 0, "file", "holds no region; at least one is needed")


def _asks(condition: Condition) -> bool:
    """Whether the condition rests on answers alone (a lab value is never "not sure")."""
    return all(isinstance(leaf, Choice) for leaf in leaves(condition))


def _reachable(rulebook: "Rulebook", faults: Faults, where: Where) -> None:
    questionnaire = rulebook.questionnaire
    for question in questionnaire:
        if question.ask_if is not None and not _can_hold(question.ask_if, rulebook):
            file, line = where.get(f"question {question.id}", ("questions.yaml", 0))
            faults.add(file, line, question.id, "can never be asked; mend its 'ask_if'")
    longest = questionnaire.longest()
    if longest > rulebook.longest_path:
        text = f"the longest path has {longest} questions; allowed: {rulebook.longest_path}"
        faults.add("questions.yaml", 0, "questionnaire", text)


def _can_hold(condition: Condition, rulebook: "Rulebook") -> bool:
    """Whether some answers make it true: every single option, and for tick lists every tick at once."""
    questionnaire = rulebook.questionnaire
    asked = dict.fromkeys(leaf.question for leaf in leaves(condition) if isinstance(leaf, Choice))
    ways = [_ways(questionnaire[q]) for q in asked]
    return any(
        judge(
            condition,
            Situation(dict(zip(asked, way, strict=True)), frozenset(), questionnaire.unsure, {}),
        )
        is Truth.TRUE
        for way in product(*ways)
    )


def _ways(question: Question) -> list[frozenset[str]]:
    ways = [frozenset([option]) for option in question.option_ids]
    if question.kind == "many":
        ticks = set(question.option_ids) - {question.none, question.unsure}
        ways.append(frozenset(ticks))
    return ways


def _options_read(rulebook: "Rulebook", faults: Faults, where: Where) -> None:
    read: dict[str, set[str]] = {question.id: set() for question in rulebook.questionnaire}
    for condition in conditions(rulebook):
        for leaf in leaves(condition):
            if isinstance(leaf, Choice):
                read[leaf.question] |= leaf.options
    for advice in rulebook.advice:
        read.get("place", set()).update(advice.places)
    for question in rulebook.questionnaire:
        exempt = {question.none, question.unsure}
        for option in question.option_ids:
            if option not in exempt and option not in read[question.id]:
                file, line = where.get(f"question {question.id}", ("questions.yaml", 0))
                text = f"no rule reads option '{option}'; use it or take it out"
                faults.add(file, line, question.id, text)


def _ranking(rulebook: "Rulebook", faults: Faults) -> None:
    if set(rulebook.scale.tie_order) != {*TYPES, NOT_CALCINOSIS}:
        allowed = ", ".join([*TYPES, NOT_CALCINOSIS])
        text = f"'tie_order' must hold each of: {allowed}"
        faults.add("types/scale.yaml", 0, "scale", text)


def _words(rulebook: "Rulebook", words: Wording, folder: str, faults: Faults) -> None:
    def same(file: str, what: str, needed: Iterable[str], given: Iterable[str]) -> None:
        wanted, present = set(needed), set(given)
        for one in sorted(wanted - present):
            faults.add(f"{folder}/{file}", 0, one, f"has no words; {what} needs them")
        for one in sorted(present - wanted):
            faults.add(f"{folder}/{file}", 0, one, f"is no {what} of the rulebook; take it out")

    lines = [line for line in rulebook.evidence if line.look_alike is None]
    alikes = {line.look_alike for line in rulebook.evidence if line.look_alike is not None}
    lab_ids = [*rulebook.laboratory.analytes, rulebook.laboratory.product.analyte.id]
    same("questions.yaml", "question", (q.id for q in rulebook.questionnaire), words.questions)
    same("rules.yaml", "rule", (rule.id for rule in rulebook.rules), words.rules)
    same("rules.yaml", "name", rulebook.named, words.named)
    same(
        "rules.yaml", "contradiction", (c.id for c in rulebook.contradictions), words.contradictions
    )
    same("types.yaml", "type", [*TYPES, NOT_CALCINOSIS, CANNOT_TELL], words.types)
    same("types.yaml", "evidence", (line.id for line in lines), words.evidence)
    same(
        "types.yaml", "conflict", (conflict.id for conflict in rulebook.conflicts), words.conflicts
    )
    same("look_alikes.yaml", "look-alike", alikes, words.look_alikes)
    same("advice.yaml", "advice", (rule.advice.id for rule in rulebook.advice), words.advice)
    same("regions.yaml", "region", rulebook.regions, words.regions)
    same("labs.yaml", "analyte", lab_ids, words.labs)
    levels = [u.name for u in Urgency]
    same("levels.yaml", "level", [*levels, "cannot_work_out", "box"], words.levels)
    for question in rulebook.questionnaire:
        _question_words(question, words, f"{folder}/questions.yaml", faults)
    _parts(words.rules, {"reason"}, set(), f"{folder}/rules.yaml", faults)
    _parts(words.types, {"name", "plain", "summary"}, set(), f"{folder}/types.yaml", faults)
    parts = {"name", "looks_like", "tells_apart"}
    _parts(words.look_alikes, parts, set(), f"{folder}/look_alikes.yaml", faults)
    plain = {name: texts for name, texts in words.levels.items() if name != "box"}
    _parts(plain, LEVEL_PARTS, LEVEL_EXTRAS, f"{folder}/levels.yaml", faults)
    _placeholders(rulebook.regions, words, folder, faults)


def _question_words(question: Question, words: Wording, file: str, faults: Faults) -> None:
    given = words.questions.get(question.id)
    if given is None:
        return
    groups = {option.group for option in question.options if option.group is not None}
    for what, needed, have in (
        ("option", set(question.option_ids), set(given.options)),
        ("group", groups, set(given.groups or {})),
    ):
        for one in sorted(needed - have):
            faults.add(file, 0, question.id, f"{what} '{one}' has no words")
        for one in sorted(have - needed):
            faults.add(file, 0, question.id, f"words for unknown {what} '{one}'; take them out")
    if given.child is not None:
        for one in sorted(set(given.child.options) - set(given.options)):
            faults.add(file, 0, question.id, f"child words for unknown option '{one}'")


def _parts(
    named: Mapping[str, Texts], needed: set[str], extra: set[str], file: str, faults: Faults
) -> None:
    for name, texts in named.items():
        for part in sorted(needed - texts.parts.keys()):
            faults.add(file, 0, name, f"'{part}' is missing")
        for part in sorted(texts.parts.keys() - needed - extra):
            allowed = ", ".join(sorted(needed | extra))
            faults.add(file, 0, name, f"unknown key '{part}'; allowed: {allowed}")


def _placeholders(
    regions: Mapping[str, RegionEntry], words: Wording, folder: str, faults: Faults
) -> None:
    every = [set(texts) for texts in words.regions.values()]
    common = set.intersection(*every) if every else set()
    for region, texts in words.regions.items():
        for one in sorted(set(texts) - common):
            text = f"'{one}' stands in this region only; every region needs the same words"
            faults.add(f"{folder}/regions.yaml", 0, region, text)
    known = common | OWN_PLACEHOLDERS | {"emergency_number"}
    for file, name, text in _filled(words):
        for one in sorted(placeholders(text) - known):
            allowed = ", ".join(sorted(known))
            fault = f"unknown placeholder '{{{one}}}'; allowed: {allowed}"
            faults.add(f"{folder}/{file}", 0, name, fault)


def _filled(words: Wording) -> Iterator[tuple[str, str, str]]:
    """Texts that are shown with the region's words filled in: file, id, text."""
    several: Sequence[tuple[str, Mapping[str, Texts]]] = (
        ("rules.yaml", words.rules),
        ("types.yaml", words.types),
        ("levels.yaml", words.levels),
        ("look_alikes.yaml", words.look_alikes),
    )
    for file, named in several:
        yield from ((file, name, t) for name, texts in named.items() for t in texts.parts.values())
    plain: Sequence[tuple[str, Mapping[str, str]]] = (
        ("advice.yaml", words.advice),
        ("types.yaml", words.evidence),
        ("types.yaml", words.conflicts),
        ("rules.yaml", words.contradictions),
    )
    for file, texts in plain:
        yield from ((file, name, text) for name, text in texts.items())

"""Everything that must hold between the parts of a rulebook: reachability, use, words.

What concerns one entry is checked where that entry is read. What can only be asked of a whole is
asked once every entry could be read: otherwise one slip would look like many.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, combinations, product

from app.rulebook import entries
from app.rulebook.checks_words import check_words, is_urgent_text
from app.rulebook.entries import EntriesById
from app.rulebook.faults import FaultLog
from app.rulebook.reading_labs import FACTORS
from app.triage.advice import has_waiting_advice
from app.triage.conditions import (
    AtLeast,
    Choice,
    Condition,
    LabBound,
    NamedCondition,
    walk_leaves,
)
from app.triage.labs import ADJUSTED, TOTAL, Analyte
from app.triage.questionnaire import Question, Questionnaire
from app.triage.rulebook import Rulebook
from app.triage.sources import RegionEntry, SourceEntry
from app.triage.terms import AT_EMERGENCY, NOT_CALCINOSIS, Urgency

NEEDED = (
    ("questions.yaml", entries.QuestionEntry, "question"),
    ("urgency", entries.RuleEntry, "rule"),
    ("sources.yaml", SourceEntry, "source"),
    ("regions.yaml", RegionEntry, "region"),
)
RULE_FOLDERS = ("urgency", "types")


def check_rulebook(rulebook: Rulebook, faults: FaultLog, where: EntriesById) -> None:
    """Note every fault between the parts of the rulebook."""
    for file, model, what in NEEDED:
        if not where[model] and file not in faults.unread:
            faults.note_fault(file, 1, "file", f"holds no {what}; at least one is needed")
    _check_stray_files(faults)
    complete = all(fault.file.startswith("wording/") for fault in faults.noted)
    for language in rulebook.languages:
        check_words(rulebook, language, where, faults, complete=complete)
    if complete:
        _check_askable(rulebook, faults, where)
        _check_options_used(rulebook, where)
        _check_names_used(rulebook, where)
        _check_emergency_box(rulebook, where)
        _check_danger_signs(rulebook, where)
        _check_look_alikes(rulebook, where)
        _check_weighed_labs(rulebook, where)
        _check_emergency_advice(rulebook, where)
        _check_urgent_warnings(rulebook, where)
        _check_urgent_dangers(rulebook, where)


def list_conditions(rulebook: Rulebook) -> Iterator[Condition]:
    """Every condition of the rulebook."""
    yield from (q.ask_if for q in rulebook.questionnaire if q.ask_if is not None)
    yield from (rule.when for rule in rulebook.rules)
    yield from (rule.only_with for rule in rulebook.rules if rule.only_with is not None)
    yield from (line.when for line in rulebook.evidence)
    yield from (conflict.when for conflict in rulebook.conflicts)
    yield from (contradiction.when for contradiction in rulebook.contradictions)
    yield from (advice.when for advice in rulebook.advice if advice.when is not None)
    yield rulebook.scale.likely_needs


def _check_weighed_labs(rulebook: Rulebook, where: EntriesById) -> None:
    """Every analyte raises a level and counts at both ends, or is said to be weighed by none."""
    laboratory = rulebook.laboratory
    if not laboratory.not_weighed:
        return  # an edition before the list
    raising = {analyte for analyte, _ in _find_weighed_ends(rulebook, Urgency.soon)}
    ends = _find_weighed_ends(rulebook, Urgency.routine)
    for name, analyte in laboratory.analytes.items():
        problem = ""
        if name in raising and name in laboratory.not_weighed:
            problem = "is weighed by a rule; take it out of 'not_weighed'"
        elif name not in raising and name not in laboratory.not_weighed:
            problem = "raises no level in any rule; write one, or name it in 'not_weighed'"
        elif name in raising:
            missing = [end for end in _limited_ends(analyte) if (name, end) not in ends]
            if missing:
                problem = f"no rule weighs a value too {' or too '.join(missing)}; write one"
        if problem:
            where[entries.AnalyteEntry][name].note_fault(problem)


def _find_weighed_ends(rulebook: Rulebook, least: Urgency) -> set[tuple[str, str]]:
    """(analyte, "low" or "high") that rules of at least this level weigh, if through another."""
    found = {
        (leaf.analyte, "low" if leaf.comparison == "below" else "high")
        for rule in rulebook.rules
        if rule.urgency >= least
        for leaf in walk_leaves(rule.when)
        if isinstance(leaf, LabBound) and not leaf.negated
    }
    product = rulebook.laboratory.product.analyte.id
    found |= {(factor, end) for analyte, end in found if analyte == product for factor in FACTORS}
    return found | {(TOTAL, end) for analyte, end in found if analyte == ADJUSTED}


def _limited_ends(analyte: Analyte) -> list[str]:
    """The ends at which it has a usual limit in some unit; both, where it has none."""
    ends = [
        end
        for place, end in enumerate(("low", "high"))
        if any(unit.range[place] is not None for unit in analyte.units)
    ]
    return ends or ["low", "high"]


def _check_stray_files(faults: FaultLog) -> None:
    """A rule file that nothing reads would hold rules that nobody follows."""
    for path in [path for folder in RULE_FOLDERS for path in (faults.folder / folder).rglob("*")]:
        file = path.relative_to(faults.folder).as_posix()
        if path.suffix.lower() in (".yaml", ".yml") and file not in faults.contents:
            faults.note_fault(
                file, 1, "file", "is read by nothing; mend its name or place, or take it out"
            )


def _check_askable(rulebook: Rulebook, faults: FaultLog, where: EntriesById) -> None:
    questionnaire = rulebook.questionnaire
    for question in questionnaire:
        if question.ask_if is not None and not _can_be_asked(question, questionnaire):
            at = where[entries.QuestionEntry][question.id]
            at.note_fault("can never be asked; mend its 'ask_if'", "ask_if")
    longest = questionnaire.count_longest_path()
    if longest > rulebook.longest_path:
        line = faults.read_mapping("rulebook.yaml").line_of("longest_path")
        text = f"the longest path has {longest} questions; allowed: {rulebook.longest_path}"
        faults.note_fault("rulebook.yaml", line, "longest_path", text)
    if rulebook.roles.place not in questionnaire:
        text = f"question '{rulebook.roles.place}' is missing; advice names its options"
        faults.note_fault("questions.yaml", 1, "file", text)


def _can_be_asked(question: Question, questionnaire: Questionnaire) -> bool:
    """Whether some answers, given without any doubt, lead to the question."""
    before = _deciding_questions(question, questionnaire)
    comparisons = [leaf for q in [*before, question] for leaf in _choice_leaves(q.ask_if)]
    ways = [
        _distinct_answers(q, [leaf for leaf in comparisons if leaf.question == q.id])
        for q in before
    ]
    guesses = (dict(zip((q.id for q in before), way, strict=True)) for way in product(*ways))
    return any(question.id not in questionnaire.trace_path(guess).off_path for guess in guesses)


def _deciding_questions(question: Question, questionnaire: Questionnaire) -> list[Question]:
    """The questions whose answers decide, directly or not, whether this one is asked."""
    found = {question.id}
    for earlier in reversed(questionnaire.questions):
        if earlier.id in found:
            found |= {leaf.question for leaf in _choice_leaves(earlier.ask_if)}
    return [q for q in questionnaire if q.id in found and q is not question]


def _distinct_answers(question: Question, comparisons: Sequence[Choice]) -> list[frozenset[str]]:
    """Answers that differ to these comparisons; options that they do not tell apart stand once."""
    alike: dict[tuple[bool, ...], str] = {}
    for option in question.option_ids:
        if option not in (question.unsure, question.none):
            alike.setdefault(tuple(option in leaf.options for leaf in comparisons), option)
    most = len(alike) if question.kind == "many" else 1
    ticked = chain.from_iterable(combinations(alike.values(), n + 1) for n in range(most))
    nothing = [frozenset([question.none])] if question.none is not None else []
    return [*map(frozenset, ticked), *nothing]


def _choice_leaves(condition: Condition | None) -> list[Choice]:
    found = walk_leaves(condition) if condition is not None else ()
    return [leaf for leaf in found if isinstance(leaf, Choice)]


def _check_options_used(rulebook: Rulebook, where: EntriesById) -> None:
    read: dict[str, set[str]] = {question.id: set() for question in rulebook.questionnaire}
    for condition in list_conditions(rulebook):
        for leaf in _choice_leaves(condition):
            read[leaf.question] |= leaf.options
    for advice in rulebook.advice:
        read.setdefault(rulebook.roles.place, set()).update(advice.places)
    for question in rulebook.questionnaire:
        for index, option in enumerate(question.option_ids):
            exempt = option in (question.none, question.unsure)
            if not exempt and option not in read[question.id]:
                text = f"no rule reads option '{option}'; use it or take it out"
                where[entries.QuestionEntry][question.id].note_fault(text, "options", index)


def _check_names_used(rulebook: Rulebook, where: EntriesById) -> None:
    used = {name for condition in list_conditions(rulebook) for name in _condition_names(condition)}
    for name, at in where[entries.NamedEntry].items():
        if name not in used:
            at.note_fault("no rule uses this name; use it or take it out")


def _check_emergency_box(rulebook: Rulebook, where: EntriesById) -> None:
    """What the emergency box says to everyone is an emergency whatever else is answered."""
    grave = [rule.when for rule in rulebook.rules if rule.urgency is Urgency.emergency]
    for question in rulebook.questionnaire:
        for index, option in enumerate(question.options):
            if option.box and not any(_is_settled_by(w, question.id, option.id) for w in grave):
                text = f"'{option.id}' is in the box, but no rule makes it an emergency alone"
                where[entries.QuestionEntry][question.id].note_fault(text, "options", index)


def _check_danger_signs(rulebook: Rulebook, where: EntriesById) -> None:
    """What is said to be a sign of a danger is one for its rules too."""
    whens = {rule.id: rule.when for rule in rulebook.rules}
    for danger in rulebook.dangers:
        at = where[entries.DangerEntry][danger.id]
        for rule in sorted(danger.rules - whens.keys()):
            at.note_fault(f"unknown rule '{rule}'; name one of urgency/", "rules")
        rule_choices = [
            leaf for rule in danger.rules & whens.keys() for leaf in _choice_leaves(whens[rule])
        ]
        read = {(leaf.question, option) for leaf in rule_choices for option in leaf.options}
        for question, options in danger.signs.items():
            for option in sorted(options):
                if (question, option) not in read:
                    text = f"no rule of it reads '{option}'; name one that does, or take it out"
                    at.note_fault(text, "signs", question)
        for alike in sorted(danger.look_alikes - where[entries.LookAlikeEntry].keys()):
            at.note_fault(
                f"unknown look-alike '{alike}'; name one of look_alikes.yaml", "look_alikes"
            )
        for index, question in enumerate(danger.not_asked):
            if rulebook.questionnaire[question].ask_if is None:
                text = f"question '{question}' is asked of everyone; take it out"
                at.note_fault(text, "not_asked", index)


def _check_look_alikes(rulebook: Rulebook, where: EntriesById) -> None:
    mark = rulebook.scale.look_alike_at
    for alike, at in where[entries.LookAlikeEntry].items():
        lines = [line for line in rulebook.evidence if line.look_alike == alike]
        most = sum(max(0, line.weights[NOT_CALCINOSIS]) for line in lines)
        if most < mark:
            text = f"all its weights make {most}, below look_alike_at ({mark}): it is never named"
            at.note_fault(text)


def _check_emergency_advice(rulebook: Rulebook, where: EntriesById) -> None:
    """No line asks to be told in an emergency in a section that is not told there."""
    if not has_waiting_advice(rulebook.advice):
        return  # published before there was advice for the time until help comes
    allowed = ", ".join(AT_EMERGENCY)
    for rule in rulebook.advice:
        if Urgency.emergency.name in rule.levels and rule.section not in AT_EMERGENCY:
            text = f"in an emergency '{rule.section}' is not told; allowed there: {allowed}"
            where[entries.AdviceEntry][rule.advice.id].note_fault(text, "levels")


def _check_urgent_warnings(rulebook: Rulebook, where: EntriesById) -> None:
    """A warning in urgent words names the options that say the same: tests prove its level."""
    if not any(rule.signs for rule in rulebook.advice):
        return  # an edition before the signs
    for rule in rulebook.advice:
        texts = [words.advice.get(rule.advice.id, "") for words in rulebook.wording.values()]
        if rule.section != "watch" or not any(map(is_urgent_text, texts)):
            continue
        at = where[entries.AdviceEntry][rule.advice.id]
        if not (rule.signs or rule.no_option):
            at.note_fault(
                "its words name a time or a call; give 'signs', or say why in 'no_option'"
            )
        if rule.urgency is None and not rule.no_option:
            at.note_fault("its words name a time or a call; give 'urgency'")


def _check_urgent_dangers(rulebook: Rulebook, where: EntriesById) -> None:
    """A danger in urgent words names the level that each of its signs gives, or why none does."""
    for danger in rulebook.dangers:
        every = [words.dangers for words in rulebook.wording.values()]
        texts = [t for of in every if danger.id in of for t in of[danger.id].parts.values()]
        if any(map(is_urgent_text, texts)) and danger.urgency is None and not danger.no_option:
            text = "its words name a time or a call; give 'urgency', or say why in 'no_option'"
            where[entries.DangerEntry][danger.id].note_fault(text)


def _is_settled_by(condition: Condition, question: str, option: str) -> bool:
    """Whether this tick makes the condition true, whatever else is ticked, said or measured."""
    match condition:
        case Choice():
            return condition.question == question and (
                option in condition.options and not condition.negated
            )
        case NamedCondition():
            return _is_settled_by(condition.part, question, option)
        case AtLeast():
            met = sum(_is_settled_by(part, question, option) for part in condition.parts)
            return met >= condition.count
        case _:
            return False


def _condition_names(condition: Condition) -> Iterator[str]:
    """Every name in a condition, and the names within what it stands for."""
    match condition:
        case NamedCondition():
            yield condition.name
            yield from _condition_names(condition.part)
        case AtLeast():
            for part in condition.parts:
                yield from _condition_names(part)

"""A second reading of the rulebook, from its own README alone: path, rules and level. No types.

It reads the YAML itself and shares no code with `app.triage`, so that a slip in either shows as a
difference. It trusts its input: faulty rulebooks and impossible answers are refused elsewhere.
A condition is judged for the least or for the most that open questions may still make of it:
0 it does not hold, 1 a "not sure" keeps it open, 2 it holds.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from operator import ge, gt, lt
from pathlib import Path
from typing import Any, NamedTuple

import yaml

LEVELS = ("self_care", "routine", "soon", "same_day", "emergency")
AT_EMERGENCY = ("watch", "keep", "bring", "do_not")
"""The only sections of advice that are shown in an emergency."""
COMPARE = {"at_least": ge, "above": gt, "below": lt}

_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # the one in C is ten times as fast

Answers = Mapping[str, frozenset[str]]
Labs = Mapping[str, Mapping[str, str]]
Amounts = dict[str, dict[str, Fraction]]


class EvaluationState(NamedTuple):
    """What a condition is judged against: answers that count, questions off the path, amounts."""

    answers: dict[str, frozenset[str]]
    off_path: set[str]
    amounts: Amounts


class EvaluatorVerdict(NamedTuple):
    """The level, each rule that leads there ("certain" or "unsure"), the questions to ask."""

    level: str
    fired: dict[str, str]
    path: list[str]
    next: str | None


Judge = Callable[[EvaluationState, bool], int]
"""Person, the most (or the least) -> 0, 1 or 2."""


def read_yaml_strings(file: Path) -> Any:
    """A file with every scalar a plain string: "no" stays "no", and 3.50 stays "3.50"."""
    # As safe as safe_load, which would change those two: only texts, lists and maps come of it.
    return yaml.load(file.read_text("utf-8"), Loader=_LOADER)  # noqa: S506


def read_entries(file: Path) -> dict[str, dict[str, Any]]:
    """The entries of a file that is a list, by their ids."""
    return {entry["id"]: entry for entry in read_yaml_strings(file)}


class Evaluator:
    """One rulebook, ready to judge answers."""

    def __init__(self, folder: Path) -> None:
        self.labs = read_yaml_strings(folder / "labs.yaml")
        self.questions = read_entries(folder / "questions.yaml")
        self.named = read_entries(folder / "named.yaml")
        rules = [rule for file in folder.glob("urgency/*.yaml") for rule in read_yaml_strings(file)]
        self.rules = [(rule, self._compile_condition(rule["when"])) for rule in rules]
        self.only_with = {
            r["id"]: self._compile_condition(r["only_with"]) for r in rules if "only_with" in r
        }
        asked = self.questions.items()
        self.ask_if = {q: self._compile_condition(e["ask_if"]) for q, e in asked if "ask_if" in e}

    def judge_answers(self, answers: Answers, labs: Labs | None = None) -> EvaluatorVerdict:
        """The worst finding leads; with none it is a routine visit. Self-care has to be earned.

        Where adjusted calcium is not reliable, the total is read too; the first graver one counts.
        """
        readings = self._list_lab_readings(labs or {})
        found = [self._judge_lab_reading(answers, amounts) for amounts in readings]
        return max(found, key=lambda verdict: LEVELS.index(verdict.level))

    def _judge_lab_reading(self, answers: Answers, amounts: Amounts) -> EvaluatorVerdict:
        person = self._walk_questions(answers, amounts)
        fired, levels, self_care = {}, {"routine"}, {}
        for rule, judge in self.rules:
            holds = judge(person, False)
            if holds == 2 and rule["urgency"] == "self_care":
                self_care[rule["id"]] = "certain"
            elif holds == 2 or (holds == 1 and self._doubt_counts(rule, person)):
                fired[rule["id"]] = "certain" if holds == 2 else "unsure"
                levels.add(rule["urgency" if holds == 2 else "if_unsure"])
        path = [name for name in self.questions if name not in person.off_path]
        to_ask = next((name for name in path if name not in person.answers), None)
        unsure = any(self.questions[q]["unsure"] in said for q, said in person.answers.items())
        unread = any(
            entry["id"] in person.amounts and entry.get("unless") not in person.amounts
            for entry in self.labs.get("not_weighed", ())
        )
        if self_care and not (fired or to_ask or unsure or unread):
            return EvaluatorVerdict("self_care", self_care, path, None)
        return EvaluatorVerdict(max(levels, key=LEVELS.index), fired, path, to_ask)

    def _doubt_counts(self, rule: dict[str, Any], person: EvaluationState) -> bool:
        """Whether a doubt gives a level, and what limits it, if anything does, certainly holds."""
        only_with = self.only_with.get(rule["id"])
        return "if_unsure" in rule and (only_with is None or only_with(person, False) == 2)

    def _walk_questions(self, answers: Answers, amounts: Amounts) -> EvaluationState:
        """Walk the questions in order; one that certainly does not apply is left out."""
        person = EvaluationState({}, set(), amounts)
        for name in self.questions:
            if name in self.ask_if and self.ask_if[name](person, True) == 0:
                person.off_path.add(name)
            elif name in answers:
                person.answers[name] = answers[name]
        return person

    def _compile_condition(self, when: Any, *, no: bool = False) -> Judge:
        """The condition, or its opposite: that of "all" is "any opposite", down to each answer."""
        match when:
            case {"all": parts} | {"any": parts} | {"of": parts}:
                least = int(when.get("at_least", len(parts) if "all" in when else 1))
                needed = len(parts) + 1 - least if no else least
                judges = [self._compile_condition(part, no=no) for part in parts]
                return _threshold_judge(judges, needed)
            case {"not": part}:
                return self._compile_condition(part, no=not no)
            case {"named": name}:
                return self._compile_condition(self.named[name]["when"], no=no)
            case {"lab": analyte}:
                [(comparison, limits)] = [(k, when[k]) for k in COMPARE if k in when]
                return _negate_judge(no, _bound_judge(analyte, comparison, limits))
        wanted = {when[key] for key in ("is", "includes") if key in when}
        wanted |= {o for key in ("any_of", "includes_any") for o in when.get(key, ())}
        return _negate_judge(no, _choice_judge(self.questions[when["question"]], wanted))

    def _list_lab_readings(self, labs: Labs) -> list[Amounts]:
        """Every value in each of its units, and what follows from two values together."""
        units = {entry["id"]: entry["units"] for entry in self.labs["analytes"]} if labs else {}
        amounts = {name: _convert_to_units(units[name], value) for name, value in labs.items()}
        if "calcium_total" not in amounts or "calcium_adjusted" in amounts:
            return [self._add_product(amounts)]
        total, unreliable = amounts["calcium_total"], False
        adjusted = dict(total)
        for how in self.labs["correction"] if "albumin" in amounts else ():
            albumin = amounts["albumin"][how["albumin"]]
            lacking = Fraction(how["reference"]) - albumin
            adjusted[how["calcium"]] += Fraction(how["slope"]) * lacking
            low, high = map(Fraction, how.get("reliable", (0, 10**9)))
            unreliable = unreliable or not low <= albumin <= high
        ways = [adjusted, total] if unreliable else [adjusted]
        return [self._add_product(amounts | {"calcium_adjusted": way}) for way in ways]

    def _add_product(self, amounts: Amounts) -> Amounts:
        product = self.labs["product"]
        if not all(factor in amounts for factor in product["of"]):
            return amounts
        one, other = (amounts[factor] for factor in product["of"])
        of = {unit: entry["from"] for unit, entry in product["units"].items()}
        return amounts | {product["id"]: {unit: one[of[unit]] * other[of[unit]] for unit in of}}


def _threshold_judge(parts: list[Judge], needed: int) -> Judge:
    """What the `needed`-th best of the parts reaches: all of them, any of them, or some number."""
    spare = len(parts) - needed

    def judge_threshold(person: EvaluationState, most: bool) -> int:
        reached = [0, 0, 0]
        for part in parts:
            reached[part(person, most)] += 1
            if reached[0] > spare:
                return 0
            if reached[2] == needed:
                return 2
        return 1

    return judge_threshold


def _choice_judge(question: dict[str, Any], wanted: set[str]) -> Judge:
    """An unsure person may mean any option, but for what `unsure_among` leaves out."""
    name, unsure = question["id"], question["unsure"]
    doubt = 1 if wanted & set(question.get("unsure_among", wanted)) else 0

    def judge_choice(person: EvaluationState, most: bool) -> int:
        chosen = person.answers.get(name)
        if chosen is None:
            return 2 if most and name not in person.off_path else 0
        if chosen.isdisjoint(wanted):
            return doubt if unsure in chosen else 0
        return 2

    return judge_choice


def _negate_judge(no: bool, judge: Judge) -> Judge:
    """A doubt clears nothing: "not" undoes only what certainly holds."""
    return (lambda person, most: 0 if judge(person, not most) == 2 else 2) if no else judge


def _bound_judge(analyte: str, comparison: str, limits: dict[str, str]) -> Judge:
    """Compared in each unit, unrounded; one is enough. A value not given meets no bound."""
    exact = {unit: Fraction(limit) for unit, limit in limits.items()}

    def judge_bound(person: EvaluationState, _most: bool) -> int:
        amounts = person.amounts.get(analyte, {}).items()
        return 2 if any(COMPARE[comparison](amount, exact[u]) for u, amount in amounts) else 0

    return judge_bound


def _convert_to_units(units: dict[str, Any], value: Mapping[str, str]) -> dict[str, Fraction]:
    given = next(u for u, e in units.items() if value["unit"] in (u, *e.get("also", ())))
    in_si = Fraction(value["value"]) * Fraction(units[given]["factor"])
    return {unit: in_si / Fraction(entry["factor"]) for unit, entry in units.items()}

"""The two parts of what a nurse corrects: every question as it is answered now, and blood tests.

Only what was changed counts; an answer that the path leaves out is dropped as anywhere. A value
that is implausible is refused; what is unusual or old is kept after a tick, and a tick holds only
for the very value that it was given for. It must not know what an answer or a value means.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from app.documents.short_answers import ShortWording
from app.presentation.question import (
    QuestionView,
    build_question_view,
    find_problem_key,
    find_respondent,
)
from app.presentation.result import ResultPresenter
from app.store.submission_versions import Labs
from app.triage import labs
from app.triage.questionnaire import BadAnswer, Question, parse_answer
from app.triage.terms import Answers
from app.web.pages import AppContext, filler_for, translator_for

RIGHT = "findings.right"  # the key of the words beside the tick
OLD = "findings.old"


@dataclass(frozen=True, slots=True)
class QuestionField:
    """One question on the form. `now`: what it is answered with so far, in short words."""

    label: str
    question: QuestionView
    now: tuple[str, ...]
    on_path: bool
    given: frozenset[str]
    changed: bool = False
    problem: str = ""

    @property
    def error_target_id(self) -> str:
        """The line that an error leads to."""
        return self.question.first_line_id


@dataclass(frozen=True)
class AnswerForm:
    """The questions of one submission. `answers`: those of its newest version, in today's."""

    context: AppContext
    answers: Answers
    about: str
    region: str

    @property
    def result_presenter(self) -> ResultPresenter:
        """Puts what the rules make of it into words."""
        book, words = self.context.rulebook, self.context.page_wording
        fill = filler_for(self.context, self.region)
        return ResultPresenter(book, words, fill, self.known_answers, self.about)

    @cached_property
    def known_answers(self) -> dict[str, frozenset[str]]:
        """The answers so far, without what today's questions no longer have."""
        questions = {q.id: set(q.option_ids) for q in self.context.rulebook.questionnaire}
        return {q: c for q, c in self.answers.items() if q in questions and c <= questions[q]}

    @cached_property
    def _short(self) -> ShortWording:
        words = self.context.page_wording
        return ShortWording(words.pages, words, self.context.rulebook.questionnaire)

    def initial_fields(self) -> list[QuestionField]:
        """The form as it is opened."""
        return [
            self._build_field(q, self.known_answers.get(q.id, frozenset()))
            for q in self.context.rulebook.questionnaire
        ]

    def read_fields(self, form: Mapping[str, Sequence[str]]) -> list[QuestionField]:
        """The form as it came back: each question's options under its id after "answer-"."""
        return [
            self._read_field(question, set(form.get(f"answer-{question.id}", [])))
            for question in self.context.rulebook.questionnaire
        ]

    def merge_changes(self, filled: Sequence[QuestionField]) -> dict[str, frozenset[str]]:
        """The answers so far with those that were changed, as far as they stand on the path."""
        changed = {f.question.id: f.given for f in filled if f.changed}
        path = self.context.rulebook.questionnaire.trace_path({**self.known_answers, **changed})
        return dict(path.answers)

    def _read_field(self, question: Question, given: set[str]) -> QuestionField:
        before = self.known_answers.get(question.id, frozenset())
        if question.none in before and len(given) > 1:
            # The patient ticked "none of these", the nurse found something: what she found counts.
            given.discard(question.none)
        filled = self._build_field(question, frozenset(given))
        if given == before:
            return filled
        try:
            parse_answer(question, sorted(given))
        except BadAnswer as bad:
            key = find_problem_key(filled.question, bad.problem)
            translate, _ = translator_for(self.context, self.region)
            return replace(filled, problem=translate(key, nothing=filled.question.none_text))
        return replace(filled, changed=True)

    def _build_field(self, question: Question, given: frozenset[str]) -> QuestionField:
        words, known = self.context.page_wording, self.known_answers
        person = find_respondent(self.context.rulebook.roles, known, self.about)
        view = build_question_view(
            words, question, person, lambda o: " checked" if o in given else ""
        )
        now = [o for o in question.option_ids if o in known.get(question.id, ())]
        return QuestionField(
            self._short.question_text(question.id),
            _fit_one_page(view),
            tuple(self._short.option_text(question.id, option) for option in now),
            on_path=question.id in known,
            given=given,
        )


def _fit_one_page(view: QuestionView) -> QuestionView:
    """All questions in one form: the lines say all that pictures show and buttons do."""
    groups = tuple(
        replace(group, lines=tuple(replace(line, sized=False) for line in group.lines))
        for group in view.groups
    )
    return replace(view, groups=groups, body_map=(), signs=False)


@dataclass(frozen=True, slots=True)
class LabField:
    """One blood test on the form: what was typed, what is wrong with it, what is asked back."""

    id: str
    name: str
    hint: str
    units: tuple[str, ...]
    value: str
    unit: str
    on: str  # its own day as it was typed
    day: str = ""  # the day that counts: its own, or that of the whole form
    problem: str = ""
    asks: tuple[str, ...] = ()  # what to look at again
    tick: str = ""  # the key of the words beside it; "" where none is needed
    token: str = ""  # what the tick speaks of
    ticked: bool = False

    @property
    def amount(self) -> dict[str, str]:
        """What was typed, as the laboratory reads it."""
        return {"value": self.value, "unit": self.unit}

    @property
    def needs_fixing(self) -> bool:
        """Whether it cannot be kept as it is."""
        return bool(self.problem or (self.tick and not self.ticked))

    @property
    def problem_summary(self) -> str:
        """The same in words that can stand far from the field."""
        words = self.problem or self.asks[0]
        return words if words.startswith(self.name) else f"{self.name}: {words}"


@dataclass(frozen=True)
class LabForm:
    """All blood tests of one form. `before`: what is kept already, and was asked back then."""

    context: AppContext
    region: str
    today: date
    before: Labs

    @property
    def laboratory(self) -> labs.Laboratory:
        """The blood tests that today's rules read."""
        return self.context.rulebook.laboratory

    def initial_fields(self) -> list[LabField]:
        """The form as it is opened: what is kept already."""
        return [
            self._build_field(analyte, **self.before.get(analyte.id, {}))
            for analyte in self.laboratory.analytes.values()
        ]

    def read_fields(self, typed: Callable[[str], str]) -> list[LabField]:
        """The form as it was typed."""
        fields = [self._read_field(analyte, typed) for analyte in self.laboratory.analytes.values()]
        return self._check_together(fields)

    def format_message(self, key: str, **more: str) -> str:
        """One of the messages of labs.yaml."""
        words = self.context.page_wording.lab_messages
        return filler_for(self.context, self.region)(words[key], **more)

    def _build_field(
        self, analyte: labs.Analyte, value: str = "", unit: str = "", on: str = ""
    ) -> LabField:
        spoken = self.context.page_wording.labs[analyte.id].parts
        only = analyte.units[0].name if len(analyte.units) == 1 else ""
        names = analyte.unit_names
        return LabField(analyte.id, spoken["name"], spoken["hint"], names, value, unit or only, on)

    def _read_field(self, analyte: labs.Analyte, typed: Callable[[str], str]) -> LabField:
        value, on = typed(f"value-{analyte.id}"), typed(f"on-{analyte.id}")
        field = self._build_field(analyte, value, typed(f"unit-{analyte.id}"), on)
        if not value:
            return field
        on = on or typed("on")
        problem = self._check_field(analyte, field) or self._check_day(on)
        if problem:
            return replace(field, problem=problem)
        return self._ask_back_unusual(analyte, replace(field, day=on), typed(f"right-{analyte.id}"))

    def _check_field(self, analyte: labs.Analyte, field: LabField) -> str:
        try:
            labs.check_typed_labs(self.laboratory, {analyte.id: field.amount})
        except labs.BadLab as bad:
            # What a sign leaves open depends on the other values; see `_check_together`.
            return "" if bad.problem == "spans" else self._describe_refusal(analyte, field, bad)
        return ""

    def _check_together(self, fields: list[LabField]) -> list[LabField]:
        """The same, with a problem beside a value whose sign leaves open what all of them mean."""
        good = {f.id: f.amount for f in fields if f.value and not f.problem}
        try:
            labs.check_typed_labs(self.laboratory, good)
        except labs.BadLab as bad:
            analyte = self.laboratory.analytes[str(bad.analyte)]
            for at, field in enumerate(fields):
                if field.id == bad.analyte:
                    problem = self._describe_refusal(analyte, field, bad)
                    fields[at] = replace(field, problem=problem)
        return fields

    def _describe_refusal(self, analyte: labs.Analyte, field: LabField, bad: labs.BadLab) -> str:
        unit = analyte.find_unit(field.unit)
        if unit is None:
            return self.format_message("unit")
        low, high = (str(limit) for limit in unit.hard)
        if bad.problem == "not_a_number":
            return self.format_message("number", example=_example_amount(unit))
        if bad.problem == "two_ways":
            one, other = labs.ambiguous_amounts(analyte, field.amount)
            return self.format_message("two_ways", one=one, other=other)
        if bad.problem == "spans":
            return self.format_message("spans", bound=bad.bounds[0])
        if bad.problem == "other_unit":
            fits = [u.name for u in analyte.units if bad.allowed[1].endswith(f" {u.name}")]
            return self.format_message("other_unit", unit=unit.name, other=fits[0])
        return self.format_message("outside", name=field.name, low=low, high=high, unit=unit.name)

    def _check_day(self, text: str) -> str:
        day = _parse_day(text)
        if day is None:
            return translator_for(self.context, self.region)[0]("findings.day.problem")
        return self.format_message("future") if day > self.today else ""

    def _ask_back_unusual(self, analyte: labs.Analyte, field: LabField, tick: str) -> LabField:
        day = _parse_day(field.day)
        age = (self.today - day).days if day else 0
        old, too_old = self.laboratory.ages
        token = f"{field.value} {field.unit} {field.day}"
        asks = (
            [self.format_message("unusual")] if labs.is_unusual_value(analyte, field.amount) else []
        )
        other = labs.suggest_other_unit(analyte, field.amount)
        asks += [self.format_message("perhaps_unit", other=other)] if other else []
        words = RIGHT if asks else ""
        if age > too_old:
            asks, words = [*asks, self.format_message("very_old")], OLD
        elif age > old:
            asks = [*asks, self.format_message("old")]
        known = self.before.get(analyte.id) == {**field.amount, "on": field.day}
        ticked = bool(words) and (known or tick == token)
        return replace(field, asks=tuple(asks), tick=words, token=token, ticked=ticked)


def collect_labs(fields: list[LabField]) -> dict[str, dict[str, str]]:
    """What is kept of a form in which nothing is wrong."""
    return {f.id: {**f.amount, "on": f.day} for f in fields if f.value}


def _example_amount(unit: labs.Unit) -> str:
    """A usual value, so that nobody learns a wrong order of size from it."""
    return next((str(limit) for limit in unit.range if limit is not None), str(unit.hard[0]))


def _parse_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == len("2027-03-31") else None
    except ValueError:
        return None

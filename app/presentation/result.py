"""An assessment put into words: what the result, the answers and the emergency page show.

It joins ids with their words and orders them; it decides nothing and renders nothing.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from app.presentation.question import ME, find_respondent, words_for_respondent
from app.triage.conditions import Situation, judge_condition
from app.triage.explain import describe_open_signs
from app.triage.questionnaire import AnswerPath
from app.triage.rulebook import Rulebook
from app.triage.second_look import find_open_emergency
from app.triage.sources import SourceEntry
from app.triage.terms import (
    SECTIONS,
    Answers,
    Assessment,
    Evidence,
    Finding,
    Truth,
    TypeEvidence,
    Urgency,
)
from app.triage.wording import QuestionWords, Wording

Fill = Callable[..., str]
"""Fills the placeholders of a text with the words of a region."""
View = dict[str, Any]
"""What a template prints as it is."""


@dataclass(frozen=True, slots=True)
class AnswerView:
    """One question with what the person answered, in the words that they saw.

    `name` is the question in a word or two; one that has no short words is named by its text.
    """

    id: str
    question: str
    name: str
    chosen: tuple[str, ...]
    unsure: bool = False
    nothing: bool = False  # "none of these"


class LevelCard(NamedTuple):
    """The one card that leads: the level, what to do, by when.

    `signs` of an emergency may be there, since the person was not sure: they come first.
    `nobody`: what to do if nobody can be reached or seen in time; "" in editions that say it
    within `first`.
    """

    level: str
    heading: str
    first: str
    hidden: str
    badge: str
    nobody: str = ""
    signs: tuple[str, ...] = ()

    @property
    def action(self) -> str:
        """All that is to be done, where it is told in one piece."""
        # Trap: to join would forget that both are HTML already.
        return self.first + (self.nobody and " " + self.nobody)


@dataclass(frozen=True)
class ResultPresenter:
    """Puts one person's assessment into words: their region's numbers, their own answers."""

    rulebook: Rulebook
    words: Wording
    fill: Fill
    answers: Answers
    about: str = ME

    @cached_property
    def path(self) -> AnswerPath:
        """Where the answers lead."""
        return self.rulebook.questionnaire.trace_path(self.answers)

    @cached_property
    def respondent(self) -> str:
        """Whom "you" is about: ME, CHILD or OTHER."""
        return find_respondent(self.rulebook.roles, self.answers, self.about)

    def question_words(self, question: str) -> QuestionWords:
        """The words of a question, as this person is spoken to."""
        return words_for_respondent(self.words, question, self.respondent)

    def name_question(self, question: str) -> str:
        """A question in a word or two, or as it is asked where it has no short words."""
        spoken = self.question_words(question)
        return self.fill(spoken.short or spoken.text)

    def describe_result(self, assessment: Assessment) -> View:
        """What every page of a result shows: the card, why, what it might be, the answers."""
        reasons, also = self.split_reasons(assessment)
        return {
            "ages": self.path.answers.get(self.rulebook.roles.age, ()),
            "about": self.respondent,
            "card": self.build_card(assessment),
            "reasons": reasons,
            "also": also,
            "likely": assessment.likely_type,
            "likely_words": self.words.types[assessment.likely_type],
            "kinds": self.fitting_types(assessment),
            "others": [self._describe_look_alike(alike.id) for alike in assessment.look_alikes],
            "given": self.all_answers(self.path.answers),
        }

    def build_card(self, assessment: Assessment) -> LevelCard:
        """The leading card; an emergency that is left open comes first, then a shorter time."""
        open_ = find_open_emergency(self.rulebook, self.answers, assessment)
        signs: tuple[str, ...] = ()
        if open_:
            ages = self.answers.get(self.rulebook.roles.age, frozenset())
            questions, spoken = self.rulebook.questionnaire, self.question_words
            lines = describe_open_signs(open_, questions, self.words, spoken, ages)
            signs = tuple(map(self.fill, lines))
        return self.build_level_card(assessment.urgency.name, assessment.within, signs)

    def build_level_card(
        self, level: str, within: str | None = None, signs: tuple[str, ...] = ()
    ) -> LevelCard:
        """The card of a level, also of one that the rules do not give: "cannot_work_out".

        `signs` count only where the words of the level can tell them.
        """
        spoken = self.words.levels[level].parts
        signs = signs if "heading_doubt" in spoken else ()
        ending, more = "_doubt" if signs else "", {}
        if not signs and within is not None and "heading_within" in spoken:
            ending, more = "_within", {"within": self.words.times[within]}
        return LevelCard(
            level,
            heading=self.fill(spoken[f"heading{ending}"], **more),
            first=self.fill(spoken[f"action{ending}"], **more),
            hidden=spoken["hidden"],
            badge=self.fill(spoken.get(f"badge{ending}", spoken["badge"]), **more),
            nobody=self.fill(spoken.get(f"nobody{ending}", "")),
            signs=signs,
        )

    def level_badge(self, assessment: Assessment) -> str:
        """The level in a few words."""
        spoken = self.words.levels[assessment.urgency.name].parts
        if assessment.within is not None and "badge_within" in spoken:
            return self.fill(spoken["badge_within"], within=self.words.times[assessment.within])
        return spoken["badge"]

    def split_reasons(self, assessment: Assessment) -> tuple[list[View], list[View]]:
        """(What set the level, what else was found); a doubt set it only where nothing else did."""
        level = [f for f in assessment.findings if f.urgency == assessment.urgency]
        leading = [f for f in level if f.certain] or level
        others = [f for f in assessment.findings if f not in leading]
        built = self._build_reasons([*leading, *others])
        return built[: len(leading)], built[len(leading) :]

    def emergency_reasons(self, assessment: Assessment) -> list[View]:
        """The certain signs of an emergency."""
        certain = [f for f in assessment.findings if f.certain]
        return self._build_reasons([f for f in certain if f.urgency is Urgency.emergency])

    def _build_reasons(self, findings: Iterable[Finding]) -> list[View]:
        """Why, one after the other: the answers behind each, a sentence, where it comes from.

        `shown` are the answers to tell before the sentence, but for "none of these". One that
        speaks of them as "this" has them all before it, unless they are the last that were told;
        for any other, an answer that was told once is enough.
        """
        reasons: list[View] = []
        known: set[AnswerView] = set()
        last: tuple[AnswerView, ...] = ()
        for finding in findings:
            answers = self._answers_behind(finding.because)
            words = self.words.rules[finding.rule].parts
            given = words.get("given") if finding.certain and answers else None
            again = known if given is None else last if answers == last else ()
            reasons.append(
                {
                    "rule": finding.rule,
                    "text": self.fill(given or words["reason"]),
                    "answers": answers,
                    "shown": tuple(a for a in answers if a not in again and not a.nothing),
                    "sources": self.find_sources(finding.sources),
                    "certain": finding.certain,
                }
            )
            known.update(answers)
            last = answers
        return reasons

    def _answers_behind(self, evidence: Iterable[Evidence]) -> tuple[AnswerView, ...]:
        """Evidence as question and answer, each question once."""
        found: dict[str, AnswerView] = {}
        for piece in evidence:
            if piece.lab is not None or piece.question in found:
                continue
            spoken = self.question_words(piece.question)
            chosen = tuple(self.fill(spoken.options[option]) for option in piece.options)
            nothing = piece.options == (self.rulebook.questionnaire[piece.question].none,)
            marks = {"unsure": piece.unsure, "nothing": nothing}
            found[piece.question] = self._view_answer(piece.question, chosen, **marks)
        return tuple(found.values())

    def all_answers(self, answers: Answers) -> list[AnswerView]:
        """Every answer that counts, in asking order."""
        listed = []
        for question in self.rulebook.questionnaire:
            if question.id not in answers:
                continue
            given, spoken = answers[question.id], self.question_words(question.id)
            chosen = tuple(self.fill(spoken.options[o]) for o in question.option_ids if o in given)
            nothing = question.none in given
            if nothing and spoken.short_none:
                chosen = (self.fill(spoken.short_none),)
            listed.append(self._view_answer(question.id, chosen, nothing=nothing))
        return listed

    def _view_answer(
        self, question: str, chosen: tuple[str, ...] = (), **marks: bool
    ) -> AnswerView:
        spoken = self.question_words(question)
        return AnswerView(
            question, self.fill(spoken.text), self.name_question(question), chosen, **marks
        )

    def advice_by_section(self, assessment: Assessment) -> dict[str, list[str]]:
        """Every section of advice, by its id; a section may be empty."""
        return {
            section: [
                self.fill(self.words.advice[advice.id])
                for advice in assessment.advice.get(section, ())
            ]
            for section in SECTIONS
        }

    def fitting_types(self, assessment: Assessment) -> list[View]:
        """The types that fit at all, the best first."""
        order = {"likely": 0, "possible": 1}
        standing = [s for s in assessment.types if s.standing in order]
        standing.sort(key=lambda s: (s.type != assessment.likely_type, order[s.standing]))
        return [
            {
                "name": self.words.types[s.type].name,
                "standing": self.words.standings[s.standing],
                "speaks_for": [self._evidence_text(line) for line in s.evidence_for],
                "speaks_against": [self._evidence_text(line) for line in s.evidence_against],
            }
            for s in standing
        ]

    def _evidence_text(self, line: TypeEvidence) -> str:
        """A line of the evidence; what speaks for a look-alike is said by its name."""
        if line.id in self.words.evidence:
            return self.fill(self.words.evidence[line.id])
        also = self.words.pages["result.also_fits"]
        return self.fill(f"{also} {self.words.evidence_note(line.id)}.")

    def _describe_look_alike(self, alike: str) -> View:
        words = self.words.look_alikes[alike]
        filled = {part: self.fill(words.parts[part]) for part in ("looks_like", "tells_apart")}
        return {"name": words.name, **filled}

    def asked_contradictions(self, contradictions: Collection[str]) -> list[View]:
        """Answers that do not fit together, to be asked back, by the ids of what they are."""
        return [
            {
                "text": self.fill(self.words.contradictions[known.id]),
                "answers": [self._view_answer(q) for q in known.questions if q in self.answers],
            }
            for known in self.rulebook.contradictions
            if known.id in contradictions
        ]

    def is_in_scope(self) -> bool:
        """Whether any answer is about what this check knows. True where the rules do not say."""
        known = self.rulebook.named.get(self.rulebook.roles.out_of_scope)
        if known is None:
            return True
        unsure = self.rulebook.questionnaire.unsure_options
        situation = Situation(self.path.answers, self.path.off_path, unsure, {})
        return judge_condition(known, situation) is not Truth.TRUE

    def find_sources(self, ids: Iterable[str]) -> tuple[SourceEntry, ...]:
        """The sources of these ids."""
        return tuple(self.rulebook.sources[id_] for id_ in ids)

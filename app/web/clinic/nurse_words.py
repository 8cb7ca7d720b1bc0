"""A submission in words for a nurse: what decides, what to ask, what speaks for and against.

It joins ids with their words and orders them, for one person's answers; it decides nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from app.documents.short import Said, Short, behind, leading, urgent
from app.documents.what_if import IfSo, Tried
from app.triage.dangers import CLEAR, FOUND, OPEN, SIGN, UNSURE, Danger, LookedFor, look_for
from app.triage.loading.shapes import SourceEntry
from app.triage.questionnaire import Path
from app.triage.terms import Answers, Assessment, Urgency
from app.web.asking import words_for
from app.web.telling import Teller

_AT_A_GLANCE = 10  # options; nobody ticks more that are urgent, but a test does
_DANGER = {
    FOUND: "submission.danger.found",
    UNSURE: "submission.danger.unsure",
    SIGN: "submission.danger.sign",
    OPEN: "submission.danger.open",
    CLEAR: "submission.danger.clear",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule that holds: its id, its own words, the answers behind it, where it comes from."""

    id: str
    level: str
    badge: str
    reason: str
    answers: tuple[Said, ...]
    certain: bool
    sources: tuple[SourceEntry, ...]


@dataclass(frozen=True, slots=True)
class AtLevel:
    """Answers that lead to one level."""

    level: str
    badge: str
    answers: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """One line of a call: the question, what each answer leads to, and what "no" leads to."""

    id: str
    question: str
    if_yes: tuple[AtLevel, ...]
    if_no: str


@dataclass(frozen=True, slots=True)
class MustNotMiss:
    """One danger: what the answers say of it, and what they leave open.

    `not_asked` says why another question was asked instead, `closed` names what was not asked since
    other answers closed it. Neither is a "no".
    """

    id: str
    state: str
    words: str
    name: str
    speaks_for: tuple[Said, ...]
    speaks_against: tuple[Said, ...]
    open: tuple[str, ...]
    not_asked: str
    closed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """Puts one submission into a nurse's words."""

    teller: Teller
    short: Short
    path: Path
    assessment: Assessment
    tried: Tried
    to_look_for: tuple[Danger, ...]

    @property
    def answers(self) -> Answers:
        """The answers that count."""
        return self.path.answers

    def deciding(self) -> list[Said]:
        """The answers that set the level."""
        return self.short.grouped(behind(leading(self.assessment)))

    def also_urgent(self) -> list[Said]:
        """The answers behind other urgent signs, without those that set the level."""
        told = behind(leading(self.assessment))
        return self.short.grouped(behind(urgent(self.assessment)) - told)

    def if_all_no(self) -> str:
        """The level if every open question turns out to be no."""
        return self.badge(self.tried.if_all_no)

    def glance(self, answers: Sequence[Said]) -> tuple[list[Said], int]:
        """(The first of these answers, how many options are left): what fits in one look."""
        kept, room = [], _AT_A_GLANCE
        for said in answers:
            if room > 0:
                kept.append(replace(said, options=said.options[:room]))
                room -= len(said.options)
        return kept, max(0, -room) + sum(len(said.options) for said in answers[len(kept) :])

    def unsure(self) -> list[str]:
        """What was answered with "not sure"."""
        return self.short.unsure(self.answers)

    def clashes(self) -> list[Said]:
        """Answers that cannot all be right."""
        clashing = {
            question
            for known in self.teller.rulebook.contradictions
            for question in known.questions
            if known.id in self.assessment.contradictions
        }
        return self.short.grouped((q, o) for q in clashing for o in self.answers.get(q, ()))

    def positives(self) -> list[Said]:
        """All that was ticked."""
        return self.short.positives(self.answers)

    def raises(self) -> list[AtLevel]:
        """Answered no, and yes would raise the level: the gravest first."""
        return self._by_level(self.tried.raises)

    def denied(self) -> list[Said]:
        """Signs of a danger that were answered no, and would not raise this level."""
        told = {(one.question, one.option) for one in self.tried.raises}
        return self.short.grouped(pair for pair in self.tried.denied if pair not in told)

    def not_asked(self) -> list[str]:
        """The closer looks that other answers closed; never a "no"."""
        return self.short.closed(self.path)

    def lowers(self) -> list[AtLevel]:
        """Answers without which the level would be lower."""
        return self._by_level(self.tried.lowers)

    def call(self) -> list[Ask]:
        """What to ask back, as it is read out to whoever answered."""
        return [
            Ask(
                one.question,
                self.teller.fill(self._spoken(one.question)),
                tuple(self._by_level(one.each)),
                self.badge(one.if_no),
            )
            for one in self.tried.open
        ]

    def _spoken(self, question: str) -> str:
        return words_for(self.teller.words, question, self.teller.answers, self.teller.about).text

    def conflicts(self) -> list[str]:
        """How it was settled where evidence for several types met."""
        words = self.teller.words.conflicts
        return [self.teller.fill(words[id_]) for id_ in self.assessment.conflicts]

    def rules(self) -> list[Rule]:
        """Every rule that holds, the gravest first."""
        return [
            Rule(
                finding.rule,
                finding.urgency.name,
                self.badge(finding.urgency),
                self.teller.fill(self.teller.words.rules[finding.rule].reason),
                tuple(self.short.evidence(finding.because)),
                finding.certain,
                self.teller.sources(finding.sources),
            )
            for finding in self.assessment.findings
        ]

    def looked(self) -> tuple[LookedFor, ...]:
        """What the answers say of each danger."""
        questionnaire = self.teller.rulebook.questionnaire
        return look_for(self.to_look_for, questionnaire, self.path, self.assessment)

    def dangers(self) -> list[MustNotMiss]:
        """What must not be missed, with what speaks for it and against it."""
        known = {danger.id: danger for danger in self.to_look_for}
        return [self._danger(known[one.danger], one) for one in self.looked()]

    def _danger(self, danger: Danger, looked: LookedFor) -> MustNotMiss:
        words = self.teller.words.dangers[danger.id].parts
        questions = self.teller.rulebook.questionnaire
        telling = self._speaking(danger)
        touched = {q for group in danger.groups for q in group} | {q for q, _ in telling}
        unsure = [q for q in touched if questions[q].unsure in self.answers.get(q, ())]
        sure = ((q, o) for q, o in telling if o != questions[q].unsure)
        return MustNotMiss(
            danger.id,
            looked.state,
            _DANGER[looked.state],
            self.teller.fill(words["name"]),
            tuple(self.short.grouped(sure)),
            tuple(self.short.grouped(self._noes(danger))),
            tuple(self.short.question(q.id) for q in questions if q.id in unsure),
            self.teller.fill(words["not_asked"]) if looked.partly_asked else "",
            tuple(self.short.question(q.id) for q in questions if q.id in self._closed(danger)),
        )

    def _closed(self, danger: Danger) -> set[str]:
        signs = {question for group in danger.groups for question in group}
        looks = {q.id for q in self.teller.rulebook.questionnaire if q.narrows is not None}
        return signs & looks & self.path.off_path

    def _speaking(self, danger: Danger) -> set[tuple[str, str]]:
        """The answers that speak for it: its signs, and what its rules and look-alikes rest on."""
        found = behind(f for f in self.assessment.findings if f.rule in danger.rules)
        found |= behind(a for a in self.assessment.look_alikes if a.id in danger.look_alikes)
        for group in danger.groups:
            given = {q: options & self.answers.get(q, frozenset()) for q, options in group.items()}
            if all(given.values()):
                found |= {(q, option) for q, options in given.items() for option in options}
        return found

    def _noes(self, danger: Danger) -> list[tuple[str, str]]:
        """Signs that were answered no; one that counts only with another one is none alone."""
        questions = self.teller.rulebook.questionnaire
        alone = [pair for group in danger.groups if len(group) == 1 for pair in group.items()]
        return [
            (q, o)
            for q, options in alone
            for o in options
            if q in self.answers and not {o, questions[q].unsure} & self.answers[q]
        ]

    def _by_level(self, some: Iterable[IfSo]) -> list[AtLevel]:
        by_level: dict[Urgency, list[tuple[str, str]]] = {}
        for one in some:
            by_level.setdefault(one.urgency, []).append((one.question, one.option))
        return [
            AtLevel(level.name, self.badge(level), tuple(self.short.grouped(by_level[level])))
            for level in sorted(by_level, reverse=True)
        ]

    def badge(self, level: Urgency) -> str:
        """A level in one to three words."""
        return self.teller.words.levels[level.name].parts["badge"]


def labs_in_words(
    told: Told, labs: Mapping[str, Mapping[str, str]], unread: Collection[str]
) -> list[str]:
    """Blood results as a nurse typed them; those in `unread` are said to be weighed by no rule."""
    # The names are those of the rulebook that judged it; an older one has not all words of pages.
    names, no_rule = told.teller.words.labs, told.short.pages["labs.not_weighed"]
    found = []
    for analyte, lab in labs.items():
        if analyte in names:
            value = " ".join(filter(None, [names[analyte].name, lab.get("value"), lab.get("unit")]))
            notes = [lab.get("on"), no_rule if analyte in unread else None]
            beside = ", ".join(note for note in notes if note)
            found.append(f"{value} ({beside})" if beside else value)
    return found

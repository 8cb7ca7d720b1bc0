"""Answers in the short words of a nurse, which never say "you" and are plain ASCII.

The rulebook that judged the answers says them, since an id may mean something else in another
edition. What has no short words is said as the person read it.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from app.triage.questionnaire import AnswerPath, Questionnaire
from app.triage.terms import Answers, Assessment, Evidence, Finding, LookAlike
from app.triage.wording import Wording


@dataclass(frozen=True, slots=True)
class ShortAnswer:
    """One question with some of its options, in short words."""

    id: str
    question: str
    options: tuple[str, ...]

    def __str__(self) -> str:
        """As it stands in a running text."""
        return f"{self.question}: {' / '.join(self.options)}"


@dataclass(frozen=True, slots=True)
class ShortWording:
    """`pages`: the words of today; `words`: those of the rulebook that judged the answers."""

    pages: Mapping[str, str]
    words: Wording
    questionnaire: Questionnaire

    def question_text(self, id_: str) -> str:
        """A question in a few words."""
        words = self.words.questions[id_]
        return self.words.pages.get(f"nurse.question.{id_}") or words.short or words.text

    def question_texts(self, ids: Collection[str]) -> tuple[str, ...]:
        """These questions in a few words, in asking order."""
        return tuple(self.question_text(q.id) for q in self.questionnaire if q.id in ids)

    def list_unasked_questions(self, path: AnswerPath) -> list[str]:
        """The closer looks that other answers closed: not asked, which is no "no"."""
        asked = (q for q in self.questionnaire if q.narrows is not None)
        return [self.question_text(q.id) for q in asked if q.id in path.off_path]

    def option_text(self, question: str, option: str) -> str:
        """An option in a few words."""
        known = self.questionnaire[question]
        if option == known.unsure:
            return self.pages["nurse.unsure"]
        short = self.words.pages.get(f"nurse.option.{question}.{option}")
        if short is None and option == known.none:
            return self.pages["nurse.none"]
        return short or self.words.questions[question].options[option]

    def group_options(self, pairs: Iterable[tuple[str, str]]) -> list[ShortAnswer]:
        """(Question, option)s by question, in asking order, each once."""
        wanted: dict[str, set[str]] = {}
        for question_id, option in pairs:
            wanted.setdefault(question_id, set()).add(option)
        asked = [self.questionnaire[id_] for id_ in wanted if id_ in self.questionnaire]
        if len(asked) > 1:
            asked = [question for question in self.questionnaire if question.id in wanted]
        answers = []
        for question in asked:
            chosen = [option for option in question.option_ids if option in wanted[question.id]]
            texts = tuple(self.option_text(question.id, option) for option in chosen)
            answers.append(ShortAnswer(question.id, self.question_text(question.id), texts))
        return answers

    def group_evidence(self, pieces: Iterable[Evidence]) -> list[ShortAnswer]:
        """The answers behind something; laboratory values stand elsewhere."""
        return self.group_options(
            (p.question, o) for p in pieces if p.lab is None for o in p.options
        )

    def list_positives(
        self, answers: Answers, without: Collection[tuple[str, str]] = ()
    ) -> list[ShortAnswer]:
        """All that was ticked, without what says "none" or "not sure", and without these."""
        ticked = []
        for id_, chosen in answers.items():
            question = self.questionnaire[id_]
            noes = {question.none, question.unsure, *(chain[0] for chain in question.severity)}
            ticked += [(id_, option) for option in chosen if option not in noes]
        return self.group_options(pair for pair in ticked if pair not in without)

    def list_unsure_questions(self, answers: Answers) -> list[str]:
        """The questions that were answered with "not sure"."""
        asked = (self.questionnaire[id_] for id_ in answers)
        return [*self.question_texts({q.id for q in asked if q.unsure in answers[q.id]})]


def leading_findings(assessment: Assessment) -> list[Finding]:
    """What set the level; a doubt set it only where nothing else did."""
    level = [f for f in assessment.findings if f.urgency == assessment.urgency]
    return [f for f in level if f.certain] or level


def collect_supporting_analytes(findings: Iterable[Finding]) -> set[str]:
    """The laboratory values behind findings, those that were worked out among them."""
    return {p.lab for finding in findings for p in finding.because if p.lab is not None}


def collect_supporting_answers(findings: Iterable[Finding | LookAlike]) -> set[tuple[str, str]]:
    """The answers behind findings or look-alikes, as (question, option)."""
    return {
        (piece.question, option)
        for finding in findings
        for piece in finding.because
        for option in piece.options
        if piece.lab is None
    }

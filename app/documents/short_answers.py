"""Answers in the short words of a nurse, which never say "you" and are plain ASCII.

The rulebook that judged the answers says them, since an id may mean something else in another
edition. What has no short words is said as the person read it.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from app.triage.questionnaire import AnswerPath, Questionnaire
from app.triage.terms import Answers, Assessment, Evidence, Finding, LookAlike, Urgency
from app.triage.wording import Wording


@dataclass(frozen=True, slots=True)
class ShortAnswer:
    """One question with some of its options, in short words."""

    id: str
    question: str
    options: tuple[str, ...]
    unsure: bool = False
    nothing: bool = False

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
        wanted = set(pairs)
        found = []
        for question in self.questionnaire:
            chosen = [o for o in question.option_ids if (question.id, o) in wanted]
            if chosen:
                said = tuple(self.option_text(question.id, o) for o in chosen)
                unsure, nothing = question.unsure in chosen, question.none in chosen
                found.append(
                    ShortAnswer(question.id, self.question_text(question.id), said, unsure, nothing)
                )
        return found

    def group_evidence(self, pieces: Iterable[Evidence]) -> list[ShortAnswer]:
        """The answers behind something; laboratory values stand elsewhere."""
        return self.group_options(
            (p.question, o) for p in pieces if p.lab is None for o in p.options
        )

    def list_positives(
        self, answers: Answers, without: Collection[tuple[str, str]] = ()
    ) -> list[ShortAnswer]:
        """All that was ticked, without what says "none" or "not sure", and without these."""
        no = {q.id: {q.none, q.unsure, *(c[0] for c in q.severity)} for q in self.questionnaire}
        ticked = ((q, o) for q, chosen in answers.items() for o in chosen if o not in no[q])
        return self.group_options(pair for pair in ticked if pair not in without)

    def list_unsure_questions(self, answers: Answers) -> list[str]:
        """The questions that were answered with "not sure"."""
        return [
            self.question_text(q.id)
            for q in self.questionnaire
            if q.unsure in answers.get(q.id, ())
        ]


def leading_findings(assessment: Assessment) -> list[Finding]:
    """What set the level; a doubt set it only where nothing else did."""
    level = [f for f in assessment.findings if f.urgency == assessment.urgency]
    return [f for f in level if f.certain] or level


def collect_supporting_answers(findings: Iterable[Finding | LookAlike]) -> set[tuple[str, str]]:
    """The answers behind findings or look-alikes, as (question, option)."""
    return {
        (piece.question, option)
        for finding in findings
        for piece in finding.because
        for option in piece.options
        if piece.lab is None
    }


def urgent_findings(assessment: Assessment) -> list[Finding]:
    """The urgent signs: what is certain and leads to help today or now."""
    return [f for f in assessment.findings if f.certain and f.urgency >= Urgency.same_day]

"""Answers as they stood once, with what the rules made of them: sealed, added, never changed.

The person's own stand beside what a nurse found; neither takes the other's place.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from app.store.db import record_keys
from app.store.db.encryption import DataKey
from app.store.db.patient_tables import AssessmentVersion
from app.store.db.scope import Scope, WritingScope
from app.triage.rulebook import Rulebook
from app.triage.terms import Answers, Assessment, Urgency

Labs = Mapping[str, Mapping[str, str]]
"""Analyte -> value and unit as they were typed, with `on`, the day of the test."""


@dataclass(frozen=True, slots=True)
class SubmittedAnswers:
    """What is handed over: answers, blood results, and what the rules made of them.

    `stopped`: an emergency stopped the questions, and the others were not asked yet. `begun`: when
    the browser that sends it began, in seconds since 1970, which tells it from others; 0 for staff.
    """

    answers: Answers
    about: str
    region: str
    assessment: Assessment
    unsure: int
    rulebook_version: str
    rulebook_sha256: str
    labs: Labs = field(default_factory=dict)
    stopped: bool = False
    begun: int = 0

    @classmethod
    def from_rulebook(
        cls,
        rulebook: Rulebook,
        answers: Answers,
        assessment: Assessment,
        *,
        about: str,
        region: str,
        labs: Labs | None = None,
        stopped: bool = False,
        begun: int = 0,
    ) -> Self:
        """What this rulebook made of answers that stand on its path."""
        unsure = sum(rulebook.questionnaire[q].unsure in chosen for q, chosen in answers.items())
        made_by = (unsure, rulebook.version, rulebook.sha256)
        return cls(answers, about, region, assessment, *made_by, labs or {}, stopped, begun)


@dataclass(frozen=True, slots=True)
class AnswersVersion:
    """One set of answers of a submission, readable."""

    id: str
    number: int
    kind: str
    author: str | None
    made_at: datetime
    rulebook_version: str
    rulebook_sha256: str
    urgency: Urgency
    answers: dict[str, frozenset[str]]
    body: dict[str, Any]

    @property
    def lab_results(self) -> Labs:
        """Blood results that a nurse typed; `assess` takes them as they are."""
        found: Labs = self.body.get("labs", {})
        return found


def list_versions(scope: Scope, submission: str) -> list[AnswersVersion]:
    """All sets of answers, the first one first. Raises KeyDestroyed."""
    record = record_keys.load_data_key(scope, submission)
    rows = scope.find_all(
        AssessmentVersion, submission_id=submission, order_by=[AssessmentVersion.number]
    )
    return [open_version(record, row) for row in rows]


def build_body(submitted: SubmittedAnswers, **more: object) -> dict[str, Any]:
    """What is kept sealed of answers and of what the rules made of them, as JSON takes it."""
    assessment = submitted.assessment
    return {
        "answers": {question: sorted(chosen) for question, chosen in submitted.answers.items()},
        "about": submitted.about,
        **more,
        "urgency": assessment.urgency.name,
        "within": assessment.within,
        "likely_type": assessment.likely_type,
        "findings": [[f.rule, f.urgency.name, f.certain] for f in assessment.findings],
    }


def add_version(
    scope: WritingScope,
    submission: str,
    submitted: SubmittedAnswers,
    number: int,
    kind: str,
    key: str = "",
) -> None:
    """Keep one set of answers, by the person or by who of the staff writes. Raises KeyDestroyed."""
    version, assessment = secrets.token_urlsafe(12), submitted.assessment
    body = build_body(submitted, region=submitted.region)
    if submitted.labs:
        body["labs"] = {analyte: dict(value) for analyte, value in submitted.labs.items()}
    record = record_keys.load_data_key(scope, submission)
    scope.add_row(
        AssessmentVersion,
        id=version,
        submission_id=submission,
        number=number,
        kind=kind,
        author_id=scope.staff,
        made_at=scope.now,
        rulebook_version=submitted.rulebook_version,
        rulebook_sha256=submitted.rulebook_sha256,
        urgency=int(assessment.urgency),
        rules=[f.rule for f in assessment.findings if f.urgency == assessment.urgency],
        body_sealed=record.seal_json("assessment_version", version, "body", body),
        idempotency_key=key or f"{submission}:{number}",
    )


def open_version(record: DataKey, row: AssessmentVersion) -> AnswersVersion:
    """One set of answers, opened."""
    body = record.open_json("assessment_version", row.id, "body", row.body_sealed)
    answers = {question: frozenset(chosen) for question, chosen in body["answers"].items()}
    made = (row.id, row.number, row.kind, row.author_id, row.made_at)
    rules = (row.rulebook_version, row.rulebook_sha256, Urgency(row.urgency))
    return AnswersVersion(*made, *rules, answers, body)

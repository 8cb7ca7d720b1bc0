"""Answers as they stood once, with what the rules made of them: sealed, added, never changed.

The person's own stand beside what a nurse found; neither takes the other's place.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from sqlmodel import col

from app.store.ground import keys
from app.store.ground.scope import Scope, WritingScope
from app.store.ground.sealing import RecordKey
from app.store.tables import AssessmentVersion
from app.triage.rulebook import Rulebook
from app.triage.terms import Answers, Assessment, Urgency

Labs = Mapping[str, Mapping[str, str]]
"""Analyte -> value and unit as they were typed, with `on`, the day of the test."""


@dataclass(frozen=True, slots=True)
class Handed:
    """What is handed over: answers, blood results, and what the rules made of them."""

    answers: Answers
    about: str
    region: str
    assessment: Assessment
    unsure: int
    rulebook_version: str
    rulebook_sha256: str
    labs: Labs = field(default_factory=dict)

    @classmethod
    def by(
        cls,
        rulebook: Rulebook,
        answers: Answers,
        assessment: Assessment,
        *,
        about: str,
        region: str,
        labs: Labs | None = None,
    ) -> Self:
        """What this rulebook made of answers that stand on its path."""
        return cls(
            answers,
            about,
            region,
            assessment,
            sum(rulebook.questionnaire[q].unsure in chosen for q, chosen in answers.items()),
            rulebook.version,
            rulebook.sha256,
            labs or {},
        )


@dataclass(frozen=True, slots=True)
class Version:
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
    def labs(self) -> Labs:
        """Blood results that a nurse typed; `assess` takes them as they are."""
        found: Labs = self.body.get("labs", {})
        return found


def versions(scope: Scope, submission: str) -> list[Version]:
    """All sets of answers, the first one first. Raises keys.Forgotten."""
    record = keys.of(scope, submission)
    rows = scope.all(
        AssessmentVersion, submission_id=submission, order_by=[col(AssessmentVersion.number)]
    )
    return [readable(record, row) for row in rows]


def add_version(
    scope: WritingScope,
    now: datetime,
    submission: str,
    handed: Handed,
    number: int,
    kind: str,
    author: str | None = None,
    key: str = "",
) -> None:
    """Keep one set of answers. Raises keys.Forgotten."""
    version, told = secrets.token_urlsafe(12), handed.assessment
    body: dict[str, Any] = {
        "answers": {question: sorted(chosen) for question, chosen in handed.answers.items()},
        "about": handed.about,
        "region": handed.region,
        "urgency": told.urgency.name,
        "within": told.within,
        "likely_type": told.likely_type,
        "findings": [[f.rule, f.urgency.name, f.certain] for f in told.findings],
    }
    if handed.labs:
        body["labs"] = {analyte: dict(value) for analyte, value in handed.labs.items()}
    record = keys.of(scope, submission)
    scope.add(
        AssessmentVersion,
        id=version,
        submission_id=submission,
        number=number,
        kind=kind,
        author_id=author,
        made_at=now,
        rulebook_version=handed.rulebook_version,
        rulebook_sha256=handed.rulebook_sha256,
        urgency=int(told.urgency),
        rules=[f.rule for f in told.findings if f.urgency == told.urgency],
        body_sealed=record.seal("assessment_version", version, "body", json.dumps(body)),
        idempotency_key=key or f"{submission}:{number}",
    )


def readable(record: RecordKey, row: AssessmentVersion) -> Version:
    """One set of answers, opened."""
    body = json.loads(record.open("assessment_version", row.id, "body", row.body_sealed))
    return Version(
        row.id,
        row.number,
        row.kind,
        row.author_id,
        row.made_at,
        row.rulebook_version,
        row.rulebook_sha256,
        Urgency(row.urgency),
        {question: frozenset(chosen) for question, chosen in body["answers"].items()},
        body,
    )

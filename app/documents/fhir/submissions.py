"""A submission for a record system: one Bundle of FHIR R4, all of it about one person."""

import base64
from dataclasses import dataclass

from app.documents.assessment_json import AssessmentWriter
from app.documents.fhir import codes
from app.documents.fhir.assessing import name_resource, write_bundle
from app.documents.fhir.codes import Resource
from app.documents.fhir.observations import (
    write_lab_observations,
    write_level_observation,
    write_type_observation,
)
from app.documents.fhir.responses import write_response
from app.triage.labs import RawLabs
from app.triage.rulebook import Rulebook
from app.triage.rules import assess_answers
from app.triage.terms import Answers, Urgency
from app.triage.wording import Wording


@dataclass(frozen=True, slots=True)
class SubmissionFacts:
    """What is kept of a submission.

    `level`: the one that counts, which a nurse may have changed. `answered_at`, `exported_at`: as
    R4 dateTimes with a zone. `text`: for the record, in plain sentences.
    """

    reference: str
    name: str
    sent_as: str
    region: str
    answers: Answers
    labs: RawLabs
    level: Urgency
    answered_at: str
    exported_at: str
    text: str


def write_submission_bundle(rulebook: Rulebook, words: Wording, facts: SubmissionFacts) -> Resource:
    """The person, the answers, laboratory values, level and type, and the text for the record."""
    patient = _write_patient(facts)
    subject = {"subject": {"reference": name_resource(patient)}}
    response = write_response(rulebook, words, facts.answers, facts.answered_at) | subject
    source, at = name_resource(response), facts.answered_at
    found = assess_answers(rulebook, facts.answers, facts.labs)
    writer = AssessmentWriter(rulebook, words, facts.region, facts.answers, facts.labs)
    written = writer.write_assessment(found)
    observations = [
        *write_lab_observations(rulebook, words, facts.labs),
        write_level_observation(words, written, source, at),
        write_type_observation(words, written, source, at),
    ]
    if facts.level != found.urgency:
        observations.append(_write_decided_level(words, facts, source))
    about = [one | subject for one in (*observations, _write_document(words, facts))]
    resources = {name_resource(one): one for one in about}
    return write_bundle({name_resource(patient): patient, source: response, **resources})


def _write_patient(facts: SubmissionFacts) -> Resource:
    """Who it is, by what the clinic calls them; no birthday, no address."""
    reference = {"identifier": [{"value": facts.reference}]} if facts.reference else {}
    name = {"name": [{"text": facts.name}]} if facts.name else {}
    return {"resourceType": "Patient", **reference, **name}


def _write_decided_level(words: Wording, facts: SubmissionFacts, source: str) -> Resource:
    """The level that someone of the clinic decided on, beside that of the rules."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": words.page_text("fhir.level_decided")},
        "effectiveDateTime": facts.exported_at,
        "valueCodeableConcept": {
            "coding": [{"system": codes.LEVEL_SYSTEM, "code": facts.level.name}],
            "text": words.levels[facts.level.name].parts["badge"],
        },
        "derivedFrom": [{"reference": source}],
    }


def _write_document(words: Wording, facts: SubmissionFacts) -> Resource:
    data = base64.b64encode(facts.text.encode()).decode()
    return {
        "resourceType": "DocumentReference",
        "identifier": [{"value": facts.sent_as}],
        "status": "current",
        "type": {"text": words.page_text("fhir.document")},
        "date": facts.exported_at,
        "content": [
            {
                "attachment": {
                    "contentType": "text/plain; charset=utf-8",
                    "language": words.language,
                    "data": data,
                }
            }
        ],
    }

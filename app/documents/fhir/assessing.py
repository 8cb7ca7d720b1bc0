"""`Questionnaire/$assess`: answers in as a QuestionnaireResponse, an assessment out as a Bundle."""

import uuid
from collections.abc import Mapping, Sequence

from app.documents.assessment_json import AssessmentWriter
from app.documents.exchange import DEFAULT_REGION
from app.documents.fhir import codes
from app.documents.fhir.codes import Resource
from app.documents.fhir.json_text import write_json
from app.documents.fhir.observations import write_level_observation, write_type_observation
from app.documents.fhir.outcomes import Issue, write_outcome
from app.documents.fhir.responses import Resolution, read_response, write_response
from app.triage.rulebook import Rulebook
from app.triage.rules import assess_answers
from app.triage.wording import Wording

_NAMES = uuid.UUID(codes.QUESTIONNAIRE_URL)


def assess_response(
    rulebook: Rulebook, words: Wording, resource: object, region: str = DEFAULT_REGION
) -> Resource:
    """A Bundle of the answers that count, the level, the likely type, and what was resolved.

    Nothing is kept. An empty response is assessed as far as it goes. Raises BadResource.
    """
    read = read_response(rulebook, words, resource)
    found = assess_answers(rulebook, read.answers)
    written = AssessmentWriter(rulebook, words, region, read.answers, {}).write_assessment(found)
    response = write_response(rulebook, words, read.answers)
    source = name_resource(response)
    derived = [
        write_level_observation(words, written, source),
        write_type_observation(words, written, source),
    ]
    if read.resolutions:
        derived.append(write_outcome(describe_resolutions(read.resolutions)))
    return write_bundle({source: response, **{name_resource(one): one for one in derived}})


def describe_resolutions(resolutions: Sequence[Resolution]) -> list[Issue]:
    """What was resolved, as warnings."""
    where = "QuestionnaireResponse.item.where(linkId = '{}')"
    return [
        Issue("warning", "business-rule", where.format(one.question), one.rule)
        for one in dict.fromkeys(resolutions)
    ]


def write_bundle(resources: Mapping[str, Resource]) -> Resource:
    """A collection of resources by their addresses."""
    entries = [{"fullUrl": name, "resource": one} for name, one in resources.items()]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def name_resource(resource: Resource) -> str:
    """The address of a resource within its Bundle: by what it holds, so the same has the same."""
    return f"urn:uuid:{uuid.uuid5(_NAMES, write_json(resource))}"

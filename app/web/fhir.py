"""What other record systems ask in HL7 FHIR R4: stateless, nothing stored, no cookie read.

`GET /fhir/metadata`, `GET /fhir/Questionnaire/calcinosis-check` and
`POST /fhir/Questionnaire/$assess`. Every fault is an OperationOutcome.
"""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.documents.fhir import codes, json_text, outcomes
from app.documents.fhir.assessing import assess_response
from app.documents.fhir.capability import write_capability_statement
from app.documents.fhir.outcomes import BadResource, make_error
from app.documents.fhir.questionnaire import write_questionnaire
from app.web.pages import app_context
from app.web.wire import compress_response

FHIR_JSON = "application/fhir+json"
_TAKEN = (FHIR_JSON, "application/json")

router = APIRouter(prefix="/fhir", include_in_schema=False)


@router.get("/metadata")
async def show_capabilities(request: Request) -> Response:
    """What this server can do."""
    statement = write_capability_statement(app_context(request).rulebook)
    return _answer(request, statement)


@router.get(f"/Questionnaire/{codes.QUESTIONNAIRE_ID}")
async def show_questionnaire(request: Request) -> Response:
    """All questions that a patient is asked, with the condition of each."""
    context = app_context(request)
    words = context.rulebook.wording[context.language]
    return _answer(request, write_questionnaire(context.rulebook, words))


@router.post("/Questionnaire/$assess")
async def assess(request: Request) -> Response:
    """The assessment of a QuestionnaireResponse as a Bundle; 422 names what is wrong."""
    context = app_context(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _TAKEN:
        return answer_fault(request, 415, make_error("", "wrong_content_type", _TAKEN))
    try:
        resource = json_text.parse_json(await request.body())
    except json_text.BadJson:
        return answer_fault(request, 400, make_error("", "not_json", code="structure"))
    words = context.rulebook.wording[context.language]
    try:
        return _answer(request, assess_response(context.rulebook, words, resource))
    except BadResource as problem:
        return answer_fault(request, 422, *problem.issues)


def answer_fault(request: Request, status: int, *issues: outcomes.Issue) -> Response:
    """The OperationOutcome of a fault."""
    return _answer(request, outcomes.write_outcome(issues), status)


def _answer(request: Request, resource: codes.Resource, status: int = 200) -> Response:
    return compress_response(
        request, json_text.write_json(resource).encode(), f"{FHIR_JSON}; charset=utf-8", status
    )

"""What machines ask: the JSON API, stateless, nothing stored, no cookie read, and the status.

`GET /api/v1/questionnaire` and `POST /api/v1/assess`; the description is at `/api/v1/openapi.json`.
"""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic_core import to_json

from app.documents.exchange import AssessBody, BadBody, assess_json_body, build_questionnaire_json
from app.web.pages import app_context
from app.web.wire import compress_response

router = APIRouter(prefix="/api/v1")

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": AssessBody.model_json_schema(ref_template="#/components/schemas/{model}")
            }
        },
    }
}
AUDIENCES = ("patient", "nurse")


@router.get("/questionnaire")
async def questionnaire(request: Request) -> Response:
    """All questions in asking order; `?audience=nurse` adds the laboratory values."""
    audience = request.query_params.get("audience", "patient")
    if audience not in AUDIENCES or len(request.query_params.getlist("audience")) > 1:
        fault = {"where": "audience", "problem": "unknown_audience", "allowed": list(AUDIENCES)}
        return _json_response(request, {"faults": [fault]}, 422)
    context = app_context(request)
    questions = build_questionnaire_json(context.rulebook, audience, context.language)
    return _json_response(request, questions)


@router.post("/assess", openapi_extra=_BODY)
async def assess(request: Request) -> Response:
    """When to be seen and the likely type, with reasons and sources; 422 names what is wrong."""
    context = app_context(request)
    try:
        body = await request.body()
        return _json_response(request, assess_json_body(context.rulebook, body, context.language))
    except BadBody as problem:
        return _json_response(request, {"faults": problem.faults}, 422)


def _json_response(request: Request, content: object, status: int = 200) -> Response:
    return compress_response(request, to_json(content), "application/json", status)


async def show_health(request: Request) -> Response:
    """GET /healthz: up, and with which rulebook."""
    rulebook = app_context(request).rulebook
    return JSONResponse(
        {"status": "up", "rulebook": {"version": rulebook.version, "sha256": rulebook.sha256}}
    )

"""The JSON API: stateless, nothing stored, no cookie read.

`GET /api/v1/questionnaire` and `POST /api/v1/assess`; the description is at `/api/v1/openapi.json`.
"""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic_core import to_json

from app.documents.exchange import AssessBody, BadBody, assess_json, questionnaire_json
from app.web.pages import floor
from app.web.wire import packed

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
        return _json(request, {"faults": [fault]}, 422)
    return _json(request, questionnaire_json(floor(request).rulebook, audience))


@router.post("/assess", openapi_extra=_BODY)
async def assess(request: Request) -> Response:
    """When to be seen and the likely type, with reasons and sources; 422 names what is wrong."""
    try:
        return _json(request, assess_json(floor(request).rulebook, await request.body()))
    except BadBody as problem:
        return _json(request, {"faults": problem.faults}, 422)


def _json(request: Request, content: object, status: int = 200) -> Response:
    return packed(request, to_json(content), "application/json", status)

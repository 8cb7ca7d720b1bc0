"""What staff need to know of a person before they call, such as which language they speak.

To some of it words can be typed. No patient reads any of it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from starlette.responses import Response

from app.store import worklist_rows
from app.store.worklist_rows import MOST_FLAG_LETTERS, PATIENT_FLAGS, BadFlagWords
from app.web.pages import see_other
from app.web.staff_request import StaffRequest


@dataclass(frozen=True, slots=True)
class FlagField:
    """One flag on the form. `most`: how many letters may be typed to it; 0 where none may."""

    id: str
    most: int
    ticked: bool
    words: str
    problem: str = ""


def show_flags_form(request: StaffRequest) -> Response:
    """GET /submissions/{id}/marks: what staff need to know before they call."""
    with request.reading_scope() as scope:
        row = worklist_rows.require_row(scope, request.path_id, request.now)
        flags = worklist_rows.read_row_flags(worklist_rows.row_payload(scope, row))
    return _render_form(request, flags, flags)


def save_flags(request: StaffRequest) -> Response:
    """POST /submissions/{id}/marks: these and no others, or the form again with what is wrong."""
    chosen = request.chosen_values("mark")
    words = {flag: request.typed_field(f"words-{flag}") for flag in MOST_FLAG_LETTERS}
    try:
        with request.writing_scope() as scope:
            worklist_rows.save_patient_flags(scope, request.path_id, chosen, words)
    except BadFlagWords as bad:
        return _render_form(request, chosen, words, bad)
    return see_other(f"/submissions/{request.path_id}")


def _render_form(
    request: StaffRequest,
    chosen: Collection[str],
    words: Mapping[str, str],
    bad: BadFlagWords | None = None,
) -> Response:
    with request.reading_scope() as scope:
        row = worklist_rows.require_row(scope, request.path_id, request.now)
        payload = worklist_rows.row_payload(scope, row)
    problems = {bad.flag: _describe_problem(request, bad, words[bad.flag])} if bad else {}
    return request.render_page(
        "nurse/marks.html",
        problems={f"#words-{flag}": problem for flag, problem in problems.items()},
        id=request.path_id,
        reference=payload["reference"],
        name=payload["name"],
        flags=[
            FlagField(
                flag,
                MOST_FLAG_LETTERS.get(flag, 0),
                flag in chosen,
                words.get(flag, ""),
                problems.get(flag, ""),
            )
            for flag in PATIENT_FLAGS
        ],
    )


def _describe_problem(request: StaffRequest, bad: BadFlagWords, typed: str) -> str:
    return request.translate(
        f"marks.{bad.problem}",
        flag=request.translate(f"marks.{bad.flag}"),
        most=MOST_FLAG_LETTERS[bad.flag],
        number=len(typed),
    )

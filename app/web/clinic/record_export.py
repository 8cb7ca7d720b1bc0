"""A submission as a file for another record system. Each export is noted; it decides nothing."""

from dataclasses import replace
from datetime import UTC, datetime

from starlette.responses import Response

from app.documents.fhir.json_text import write_json
from app.documents.fhir.submissions import SubmissionFacts, write_submission_bundle
from app.presentation.record_text import write_record_texts
from app.web.clinic.submission_reading import describe_assessment, open_submission
from app.web.staff_request import StaffRequest
from app.web.wire import build_download


def export_fhir(request: StaffRequest) -> Response:
    """GET /submissions/{id}/fhir.json: a Bundle of FHIR R4 with all that the page shows."""
    view = open_submission(request, "submission_exported").view
    record, presenter = view.record, view.presenter
    _, text = write_record_texts(view, describe_assessment(view))
    facts = SubmissionFacts(
        reference=record.listed.payload["reference"],
        name=record.listed.payload["name"],
        sent_as=record.sent_as,
        region=record.region,
        answers=presenter.counted_answers,
        labs=record.newest_version.lab_results,
        level=record.listed.level,
        answered_at=_format_instant(record.newest_version.made_at),
        exported_at=_format_instant(request.now),
        text=text,
    )
    book = presenter.result_presenter.rulebook
    # A rulebook of an earlier day has no words of the pages of today.
    pages = request.context.page_wording.pages
    words = replace(presenter.result_presenter.words, pages=pages)
    bundle = write_submission_bundle(book, words, facts)
    name = f'"{record.sent_as}.fhir.json"'
    return build_download(request, write_json(bundle), "application/fhir+json", name)


def _format_instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")

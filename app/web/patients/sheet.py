"""The sheet to take along: on the screen and printed, as a PDF, and as a text to keep or share.

It is made when asked and kept nowhere. A tablet that patients pass on saves no file of it: the next
person would find it there.
"""

from jinja2 import BaseLoader
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.documents.receipt import write_receipt
from app.documents.sheet_pdf import build_sheet_pdf
from app.presentation.sheet import Sheet, build_sheet, describe_sheet, write_sheet_text
from app.web.pages import AppContext, app_context, render_page, see_other
from app.web.tablet import is_tablet
from app.web.visit import Visit, open_visit, redirect_unfinished
from app.web.wire import build_download, find_site_address

SHEET_PATH = "/result/sheet"
LAYOUT = "patient/sheet.typ"


async def show_sheet(request: Request) -> Response:
    """GET /result/sheet: the result on one page, with ways to keep it."""
    visit = open_visit(request)
    if visit.path.next is not None:
        return redirect_unfinished(request, visit)
    sheet = _make_sheet(request, visit)
    return render_page(
        request,
        "patient/sheet.html",
        region=visit.journey.region,
        alarmed=visit.is_emergency,
        sheet=sheet,
        text=write_sheet_text(sheet),
        may_save=not is_tablet(request),
    )


async def download_pdf(request: Request) -> Response:
    """GET /result/sheet.pdf: the sheet as a tagged PDF."""
    visit = open_visit(request)
    if is_tablet(request) or visit.path.next is not None:
        return see_other(SHEET_PATH)
    context, layout = app_context(request), _read_layout(app_context(request))
    sheet = describe_sheet(_make_sheet(request, visit))
    pdf = await run_in_threadpool(build_sheet_pdf, sheet, layout, context.now)
    headers = {"Content-Disposition": 'attachment; filename="sheet.pdf"'}
    return Response(pdf, media_type="application/pdf", headers=headers)


async def download_text(request: Request) -> Response:
    """GET /result/sheet.txt: the sheet as plain text."""
    visit = open_visit(request)
    if is_tablet(request) or visit.path.next is not None:
        return see_other(SHEET_PATH)
    text = write_sheet_text(_make_sheet(request, visit))
    return build_download(request, text, "text/plain", '"sheet.txt"')


def _make_sheet(request: Request, visit: Visit) -> Sheet:
    """What stands on the sheet of this person. Raises AssessmentFailed."""
    context, assessment, region = visit.context, visit.assessment, visit.journey.region
    presenter = visit.plain_presenter
    receipt = write_receipt(context.rulebook, visit.path.answers, assessment, region)
    site = find_site_address(request)
    return visit.run_assessment(
        lambda: build_sheet(presenter, assessment, receipt, context.now, site)
    )


def _read_layout(context: AppContext) -> str:
    """The source that sets the PDF; it stands among the templates."""
    loader = context.environment.loader
    if not isinstance(loader, BaseLoader):
        raise TypeError("templates are read from a folder")
    return loader.get_source(context.environment, LAYOUT)[0]

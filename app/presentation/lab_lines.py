"""Blood results of a submission in words: as a nurse typed them, each with its unit and day."""

from collections.abc import Mapping
from datetime import date

from app.documents.short_answers import collect_supporting_analytes, leading_findings
from app.presentation.dates import SHORT_DAY, format_day
from app.presentation.submission import SubmissionPresenter
from app.store.submission_versions import Labs
from app.triage.labs import trace_measured_analytes


def describe_labs(presenter: SubmissionPresenter, labs: Labs, language: str) -> dict[str, str]:
    """Analyte -> its value in words; some are said to be weighed by no rule."""
    # The names are those of the rulebook that judged it; an older one has not all page words.
    short, unread = presenter.short, presenter.assessment.labs_not_weighed
    names, found = short.words.labs, {}
    for analyte, lab in labs.items():
        if analyte not in names:
            continue
        value = " ".join(filter(None, [names[analyte].name, lab.get("value"), lab.get("unit")]))
        not_weighed = short.pages["labs.not_weighed"] if analyte in unread else None
        beside = ", ".join(filter(None, [_format_lab_day(lab, language), not_weighed]))
        found[analyte] = f"{value} ({beside})" if beside else value
    return found


def list_deciding_labs(presenter: SubmissionPresenter, described: Mapping[str, str]) -> list[str]:
    """Those of the described values that set the level, or from which such a value was worked out.

    Each once, in the order in which they are kept.
    """
    laboratory = presenter.result_presenter.rulebook.laboratory
    deciding = collect_supporting_analytes(leading_findings(presenter.assessment))
    behind = {
        measured
        for analyte in deciding
        for measured in trace_measured_analytes(laboratory, analyte, described)
    }
    return [text for analyte, text in described.items() if analyte in behind]


def _format_lab_day(lab: Mapping[str, str], language: str) -> str:
    """The day of a blood test in words, which cannot be read as another one."""
    on = lab.get("on")
    return format_day(date.fromisoformat(on), language, SHORT_DAY) if on else ""

"""How far nurses and rules agree, for leads: by rule, by nurse, how soon, and where people stop.

A disagreement is given out as a case of answers alone. It counts; it knows no rule.
"""

from datetime import timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.documents.clinic_files import format_cases_yaml, make_case
from app.presentation.review_words import OUTCOMES, REASONS
from app.store import agreement, clinics, raised_rules
from app.store.accounts import staff
from app.store.agreement import MOST_EXPORTED, DecisionCounts, Disagreement
from app.store.db import audit
from app.store.db.scope import Scope
from app.store.db.tables import Clinic
from app.triage.terms import Urgency
from app.web.pages import filler_for
from app.web.raised_rules import describe_raised_rules, describe_rule
from app.web.staff_request import StaffRequest
from app.web.wire import build_download

COUNTED = timedelta(days=90)
"""How far back the page counts where people stop."""
_KINDS = {"raise": "agreement.raised", "lower": "agreement.lowered"}


def show_agreement(request: StaffRequest) -> Response:
    """GET /agreement: all counts, and the newest disagreements."""
    limits = request.context.policy.reliance
    with request.reading_scope() as scope:
        clinic = clinics.load_clinic(scope)
        names = staff.list_staff_names(scope)
        by_nurse, by_rule = agreement.count_by_nurse(scope), agreement.count_by_rule(scope)
        reasons = agreement.count_lowering_reasons(scope)
        times = agreement.measure_decision_times(scope)
        against = agreement.list_disagreements(scope)
        closings = agreement.count_closing_requests(scope)
        stops = _count_dropouts(request, scope, clinic)
        raised = raised_rules.list_raised_rules(scope, request.now)
    agreed = sum(counts.agreed for counts in by_nurse.values())
    decided = sum(counts.decision_total for counts in by_nurse.values())
    levels = request.context.page_wording.levels
    return request.render_page(
        "agreement/page.html",
        agreed=agreed,
        decided=decided,
        too_much=limits.suggests_overreliance(agreed, decided),
        smallest=limits.smallest_group,
        names=names,
        nurses=_sort_by_overrides(by_nurse),
        rules=_sort_by_overrides(by_rule),
        doubtful={
            rule
            for rule, counts in by_rule.items()
            if limits.is_doubtful_rule(counts.override_total, counts.decision_total)
        },
        quiet=sum(not counts.override_total for counts in by_rule.values()),
        reasons=sorted(reasons.items(), key=lambda pair: -pair[1]),
        closings=closings,
        times=times,
        targets=_format_targets(request, clinic),
        stops=stops,
        against=against,
        raised=describe_raised_rules(request, raised, names, clinic.time_zone),
        words={"ends": OUTCOMES, "reasons": REASONS, "kinds": _KINDS},
        badges={level: levels[level.name].parts["badge"] for level in Urgency},
        rule_words=partial(describe_rule, request),
        duration=request.format_wait,
        time=lambda at: request.format_time(at, clinic.time_zone),
    )


def export_cases(request: StaffRequest) -> Response:
    """GET /agreement/cases.yaml, /agreement/cases/{entry}: disagreements as cases of answers alone.

    All of them, or the one that is named.
    """
    entry = request.path_params.get("entry")
    with request.writing_scope() as scope:
        found = agreement.list_disagreements(scope, entry, limit=MOST_EXPORTED)
        if entry and not found:
            raise HTTPException(404)
        text = format_cases_yaml(_build_case(request, one) for one in found)
        subject = ("submission", found[0].submission) if entry else ("clinic", request.clinic)
        audit.record_event(scope, "cases_taken", subject, request.client_address, number=len(found))
    name = '"case.yaml"' if entry else '"cases.yaml"'
    return build_download(request, text, "application/yaml", name)


def _build_case(request: StaffRequest, one: Disagreement) -> dict[str, Any]:
    context, version = request.context, one.version
    answers = context.archive.translate_to_current(version.rulebook_version, version.answers)
    return make_case(context.rulebook, answers, one.level, one.to, one.reason)


def _sort_by_overrides(counted: dict[str, DecisionCounts]) -> list[tuple[str, DecisionCounts]]:
    return sorted(
        counted.items(),
        key=lambda pair: (-pair[1].override_total, -pair[1].decision_total, pair[0]),
    )


def _format_targets(request: StaffRequest, clinic: Clinic) -> dict[str, str]:
    """The time within which a level should be looked at, in open hours."""
    minutes = {
        level.name: int(clinic.targets.get(level.name, usual))
        for level, usual in request.context.policy.targets.items()
    }
    return {level: request.format_wait(timedelta(minutes=m)) for level, m in minutes.items()}


def _count_dropouts(
    request: StaffRequest, scope: Scope, clinic: Clinic
) -> list[tuple[str, int | None, int]]:
    """(Question, how many reached it, how many went no further); None where it was too few."""
    context, smallest = request.context, request.context.policy.reliance.smallest_group
    since = (request.now - COUNTED).astimezone(ZoneInfo(clinic.time_zone)).date()
    sums, fill = agreement.sum_tallies(scope, since), filler_for(context, clinic.region)
    rows: list[tuple[str, int | None, int]] = []
    for question in context.rulebook.questionnaire:
        answered = sums.get(f"answered:{question.id}", 0)
        # The first question is reached without an answer before it, and so is not counted.
        reached = max(sums.get(f"reached:{question.id}", 0), answered)
        if reached:
            words = fill(context.page_wording.questions[question.id].text)
            rows.append((words, reached if reached >= smallest else None, reached - answered))
    return rows

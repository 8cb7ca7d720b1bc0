"""How far nurses and rules agree, for leads: by rule, by nurse, how soon, and where people stop.

A disagreement is given out as a case of answers alone. It counts; it knows no rule.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from app.documents.clinic_files import format_cases_yaml, make_case
from app.documents.receipt import RulebookArchive
from app.presentation.review_words import OUTCOMES, REASONS
from app.store import agreement, clinics
from app.store.agreement import MOST_EXPORTED, NO_RULE, DecisionCounts, Disagreement
from app.store.clinic_policy import Reliance
from app.store.db import audit
from app.store.db.scope import Scope
from app.store.db.tables import Clinic
from app.triage.terms import Urgency
from app.web.access import StaffRequest, staff_route
from app.web.clinic.page_parts import build_download, format_time, list_staff_names
from app.web.pages import app_context, translator_for

COUNTED = timedelta(days=90)
"""How far back the page counts where people stop."""
_KINDS = {"raise": "agreement.raised", "lower": "agreement.lowered"}


def page_routes() -> list[Route]:
    """The pages about agreement."""
    return [
        staff_route("GET", "/agreement", show_agreement),
        staff_route("GET", "/agreement/cases.yaml", export_cases),
        staff_route("GET", "/agreement/cases/{entry}", export_one_case),
    ]


def show_agreement(staff_request: StaffRequest) -> Response:
    """GET /agreement: all counts, and the newest disagreements."""
    limits: Reliance = staff_request.request.app.state.reliance
    with staff_request.store.reading_scope(staff_request.signed_in_staff.clinic) as scope:
        clinic = clinics.load_clinic(scope)
        names = list_staff_names(scope)
        by_nurse, by_rule = agreement.count_by_nurse(scope), agreement.count_by_rule(scope)
        reasons, times = (
            agreement.count_lowering_reasons(scope),
            agreement.measure_decision_times(scope),
        )
        against, closings = (
            agreement.list_disagreements(scope),
            agreement.count_closing_requests(scope),
        )
        stops = _count_dropouts(staff_request, scope, clinic, limits)
    agreed = sum(counts.agreed for counts in by_nurse.values())
    decided = sum(counts.decision_total for counts in by_nurse.values())
    return staff_request.render_page(
        "agreement/page.html",
        agreed=agreed,
        decided=decided,
        too_much=limits.suggests_overreliance(agreed, decided),
        nurses=[(names.get(who, ""), counts) for who, counts in _sort_by_overrides(by_nurse)],
        rules=[
            (
                rule,
                _rule_reason(staff_request, rule),
                counts,
                limits.is_doubtful_rule(counts.override_total, counts.decision_total),
            )
            for rule, counts in _sort_by_overrides(by_rule)
        ],
        quiet=sum(not counts.override_total for counts in by_rule.values()),
        reasons=[
            (_rule_reason(staff_request, rule), REASONS[reason], number)
            for (rule, reason), number in sorted(reasons.items(), key=lambda pair: -pair[1])
        ],
        closings=[(OUTCOMES[end], asked) for end, asked in closings.items()],
        times=[
            (
                _level_badge(staff_request, level),
                found,
                _format_duration(staff_request, found.median),
                _format_duration(staff_request, found.ninth_tenth),
            )
            for level, found in times.items()
        ],
        targets=_format_targets(staff_request, clinic),
        stops=stops,
        smallest=limits.smallest_group,
        against=[
            (
                one,
                format_time(staff_request, one.at, clinic.time_zone),
                names.get(one.by, ""),
                _KINDS[one.kind],
                _level_badge(staff_request, one.level),
                _level_badge(staff_request, one.to),
                REASONS[one.reason] if one.reason else "",
            )
            for one in against
        ],
    )


def export_cases(staff_request: StaffRequest) -> Response:
    """GET /agreement/cases.yaml: every disagreement as a case of answers alone."""
    with staff_request.store.writing_scope(staff_request.signed_in_staff.clinic) as scope:
        found = agreement.list_disagreements(scope, limit=MOST_EXPORTED)
        text = format_cases_yaml(_build_case(staff_request, one) for one in found)
        _audit_case_export(
            staff_request, scope, ("clinic", staff_request.signed_in_staff.clinic), len(found)
        )
    return build_download(staff_request, text, "application/yaml", '"cases.yaml"')


def export_one_case(staff_request: StaffRequest) -> Response:
    """GET /agreement/cases/{entry}: one disagreement as a case of answers alone."""
    entry = staff_request.request.path_params["entry"]
    with staff_request.store.writing_scope(staff_request.signed_in_staff.clinic) as scope:
        found = agreement.list_disagreements(scope, entry)
        if not found:
            raise HTTPException(404)
        _audit_case_export(staff_request, scope, ("submission", found[0].submission), 1)
    return build_download(
        staff_request,
        format_cases_yaml([_build_case(staff_request, found[0])]),
        "application/yaml",
        '"case.yaml"',
    )


def _audit_case_export(
    staff_request: StaffRequest, scope: Any, subject: tuple[str, str], number: int
) -> None:
    audit.record_event(
        scope,
        staff_request.now,
        staff_request.signed_in_staff.staff,
        "cases_taken",
        subject,
        staff_request.client_address,
        number=number,
    )


def _build_case(staff_request: StaffRequest, one: Disagreement) -> dict[str, Any]:
    rulebook, version = app_context(staff_request.request).rulebook, one.version
    shelf: RulebookArchive = staff_request.request.app.state.archive
    answers = shelf.translate_to_current(version.rulebook_version, version.answers)
    return make_case(rulebook, answers, one.level, one.to, one.reason)


def _sort_by_overrides(counted: dict[str, DecisionCounts]) -> list[tuple[str, DecisionCounts]]:
    return sorted(
        counted.items(),
        key=lambda pair: (-pair[1].override_total, -pair[1].decision_total, pair[0]),
    )


def _rule_reason(staff_request: StaffRequest, rule: str) -> str:
    """What the rule says in words; its id where the rules of today have no such rule."""
    context = app_context(staff_request.request)
    t, fill = translator_for(context, None)
    if rule == NO_RULE:
        return t("agreement.no_rule")
    return (
        fill(context.page_wording.rules[rule].reason)
        if rule in context.page_wording.rules
        else rule
    )


def _level_badge(staff_request: StaffRequest, level: Urgency) -> tuple[str, str]:
    return level.name, app_context(staff_request.request).page_wording.levels[level.name].parts[
        "badge"
    ]


def _format_duration(staff_request: StaffRequest, time: timedelta) -> str:
    t, _ = translator_for(app_context(staff_request.request), None)
    minutes = round(time.total_seconds() / 60)
    if minutes < 100:
        return t("agreement.minutes", number=minutes)
    hours = round(minutes / 60)
    if hours < 48:
        return t("agreement.hours", number=hours)
    return t("agreement.days", number=round(hours / 24))


def _format_targets(staff_request: StaffRequest, clinic: Clinic) -> dict[str, str]:
    """The time within which a level should be looked at, in open hours."""
    targets = staff_request.request.app.state.targets
    return {
        level.name: _format_duration(
            staff_request, timedelta(minutes=int(clinic.targets.get(level.name, minutes)))
        )
        for level, minutes in targets.items()
    }


def _count_dropouts(
    staff_request: StaffRequest, scope: Scope, clinic: Clinic, limits: Reliance
) -> list[tuple[str, int | None, int]]:
    """(Question, how many reached it, how many went no further); None where it was too few."""
    context = app_context(staff_request.request)
    since = (staff_request.now - COUNTED).astimezone(ZoneInfo(clinic.time_zone)).date()
    sums = agreement.sum_tallies(scope, since)
    _, fill = translator_for(context, clinic.region)
    rows: list[tuple[str, int | None, int]] = []
    for question in context.rulebook.questionnaire:
        answered = sums.get(f"answered:{question.id}", 0)
        # The first question is reached without an answer before it, and so is not counted.
        reached = max(sums.get(f"reached:{question.id}", 0), answered)
        if reached:
            shown = reached if reached >= limits.smallest_group else None
            rows.append(
                (fill(context.page_wording.questions[question.id].text), shown, reached - answered)
            )
    return rows

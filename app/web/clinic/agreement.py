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

from app.documents.case_file import as_yaml, case
from app.documents.receipt import Shelf
from app.store import agreement, clinics, tallies
from app.store.accounts import staff
from app.store.agreement import MOST_EXPORTED, NO_RULE, Counts, Disagreement
from app.store.ground.scope import Scope
from app.store.keeping import audit
from app.store.tables import Clinic
from app.triage.reliance import Reliance
from app.triage.terms import Urgency
from app.web.access import Desk, guarded
from app.web.clinic.account import told
from app.web.clinic.people import attached
from app.web.clinic.review_words import OUTCOMES, REASONS
from app.web.pages import floor, voice

COUNTED = timedelta(days=90)
"""How far back the page counts where people stop."""
_KINDS = {"raise": "agreement.raised", "lower": "agreement.lowered"}


def routes() -> list[Route]:
    """The pages about agreement."""
    return [
        guarded("GET", "/agreement", page),
        guarded("GET", "/agreement/cases.yaml", cases),
        guarded("GET", "/agreement/cases/{entry}", one_case),
    ]


def page(desk: Desk) -> Response:
    """GET /agreement: all counts, and the newest disagreements."""
    limits: Reliance = desk.request.app.state.reliance
    with desk.store.reading(desk.who.clinic) as scope:
        clinic = clinics.known(scope)
        names = {member.id: member.name for member in staff.everyone(scope)}
        by_nurse, by_rule = agreement.by_nurse(scope), agreement.by_rule(scope)
        reasons, times = agreement.reasons(scope), agreement.times(scope)
        against, closings = agreement.disagreements(scope), agreement.closings(scope)
        stops = _stops(desk, scope, clinic, limits)
    agreed = sum(counts.agreed for counts in by_nurse.values())
    decided = sum(counts.all for counts in by_nurse.values())
    return desk.show(
        "agreement/page.html",
        agreed=agreed,
        decided=decided,
        too_much=limits.too_much(agreed, decided),
        nurses=[(names.get(who, ""), counts) for who, counts in _most_first(by_nurse)],
        rules=[
            (rule, _rule(desk, rule), counts, limits.doubtful(counts.overridden, counts.all))
            for rule, counts in _most_first(by_rule)
        ],
        quiet=sum(not counts.overridden for counts in by_rule.values()),
        reasons=[
            (_rule(desk, rule), REASONS[reason], number)
            for (rule, reason), number in sorted(reasons.items(), key=lambda pair: -pair[1])
        ],
        closings=[(OUTCOMES[end], asked) for end, asked in closings.items()],
        times=[
            (_level(desk, level), found, _long(desk, found.median), _long(desk, found.ninth_tenth))
            for level, found in times.items()
        ],
        targets=_targets(desk, clinic),
        stops=stops,
        smallest=limits.smallest_group,
        against=[
            (
                one,
                told(one.at, clinic.time_zone),
                names.get(one.by, ""),
                _KINDS[one.kind],
                _level(desk, one.level),
                _level(desk, one.to),
                REASONS[one.reason] if one.reason else "",
            )
            for one in against
        ],
    )


def cases(desk: Desk) -> Response:
    """GET /agreement/cases.yaml: every disagreement as a case of answers alone."""
    with desk.store.writing(desk.who.clinic) as scope:
        found = agreement.disagreements(scope, limit=MOST_EXPORTED)
        text = as_yaml(_case(desk, one) for one in found)
        _note(desk, scope, ("clinic", desk.who.clinic), len(found))
    return attached(desk, text, "application/yaml", "cases.yaml")


def one_case(desk: Desk) -> Response:
    """GET /agreement/cases/{entry}: one disagreement as a case of answers alone."""
    entry = desk.request.path_params["entry"]
    with desk.store.writing(desk.who.clinic) as scope:
        found = agreement.disagreements(scope, entry)
        if not found:
            raise HTTPException(404)
        _note(desk, scope, ("submission", found[0].submission), 1)
    return attached(desk, as_yaml([_case(desk, found[0])]), "application/yaml", "case.yaml")


def _note(desk: Desk, scope: Any, subject: tuple[str, str], number: int) -> None:
    audit.add(scope, desk.now, desk.who.staff, "cases_taken", subject, desk.address, number=number)


def _case(desk: Desk, one: Disagreement) -> dict[str, Any]:
    rulebook, version = floor(desk.request).rulebook, one.version
    shelf: Shelf = desk.request.app.state.shelf
    answers = shelf.in_todays_questions(version.rulebook_version, version.answers)
    return case(rulebook, answers, one.level, one.to, one.reason)


def _most_first(counted: dict[str, Counts]) -> list[tuple[str, Counts]]:
    return sorted(counted.items(), key=lambda pair: (-pair[1].overridden, -pair[1].all, pair[0]))


def _rule(desk: Desk, rule: str) -> str:
    """What the rule says in words; its id where the rules of today have no such rule."""
    here = floor(desk.request)
    say, fill = voice(here, None)
    if rule == NO_RULE:
        return say("agreement.no_rule")
    return fill(here.words.rules[rule].reason) if rule in here.words.rules else rule


def _level(desk: Desk, level: Urgency) -> tuple[str, str]:
    return level.name, floor(desk.request).words.levels[level.name].parts["badge"]


def _long(desk: Desk, time: timedelta) -> str:
    say, _ = voice(floor(desk.request), None)
    minutes = round(time.total_seconds() / 60)
    if minutes < 100:
        return say("agreement.minutes", number=minutes)
    hours = round(minutes / 60)
    if hours < 48:
        return say("agreement.hours", number=hours)
    return say("agreement.days", number=round(hours / 24))


def _targets(desk: Desk, clinic: Clinic) -> dict[str, str]:
    """The time within which a level should be looked at, in open hours."""
    targets = desk.request.app.state.targets
    return {
        level.name: _long(desk, timedelta(minutes=int(clinic.targets.get(level.name, minutes))))
        for level, minutes in targets.items()
    }


def _stops(
    desk: Desk, scope: Scope, clinic: Clinic, limits: Reliance
) -> list[tuple[str, int | None, int]]:
    """(Question, how many reached it, how many went no further); None where it was too few."""
    here = floor(desk.request)
    since = (desk.now - COUNTED).astimezone(ZoneInfo(clinic.time_zone)).date()
    sums = tallies.sums(scope, since)
    _, fill = voice(here, clinic.region)
    rows: list[tuple[str, int | None, int]] = []
    for question in here.rulebook.questionnaire:
        answered = sums.get(f"answered:{question.id}", 0)
        # The first question is reached without an answer before it, and so is not counted.
        reached = max(sums.get(f"reached:{question.id}", 0), answered)
        if reached:
            shown = reached if reached >= limits.smallest_group else None
            rows.append((fill(here.words.questions[question.id].text), shown, reached - answered))
    return rows

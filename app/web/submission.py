"""One submission: what was answered and why it matters, what was done, and what can be done now.

Every look is noted. A step that comes second tells who was first and keeps what was typed. It
shows what the rules of that day made of the answers; it knows no rule.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from app.documents.receipt import Shelf
from app.store import clinics, keys, reviews, staff, submissions, worklist
from app.store.permissions import may
from app.store.reviews import CALLS, DISPOSITIONS, LOWER_REASONS, NotNow, SomeoneWasFirst, Step
from app.store.submissions import NoSuchSubmission, Version
from app.store.tables import Submission
from app.triage.rules import assess
from app.triage.terms import Urgency
from app.web.access import Desk, guarded
from app.web.account import told
from app.web.pages import LANGUAGE, Floor, filler, floor, see_other, voice
from app.web.result import careful
from app.web.telling import Teller
from app.web.worklist import row as line_in_words

KINDS = {
    "claim": "review.claim.done",
    "release": "review.release.done",
    "hand_over": "review.hand_over.done",
    "note": "review.note.done",
    "call": "review.call.done",
    "agree": "review.agree.done",
    "raise": "review.raise.done",
    "lower": "review.lower.done",
    "second_yes": "review.second_yes.done",
    "second_no": "review.second_no.done",
    "close": "review.close.done",
}
OUTCOMES = {
    "answered": "review.call.answered",
    "no_answer": "review.call.no_answer",
    "wrong_number": "review.call.wrong_number",
    "appointment_kept": "review.close.appointment_kept",
    "brought_forward": "review.close.brought_forward",
    "other_service": "review.close.other_service",
    "emergency_service": "review.close.emergency_service",
    "seen_today": "review.close.seen_today",
    "advice_given": "review.close.advice_given",
    "not_reached": "review.close.not_reached",
}
REASONS = {
    "examined": "review.lower.examined",
    "in_care": "review.lower.in_care",
    "misread": "review.lower.misread",
    "known_change": "review.lower.known_change",
    "wrong_person": "review.lower.wrong_person",
    "other": "review.lower.other",
}
PROBLEMS = {
    "closed": "review.problem.closed",
    "role": "review.problem.role",
    "owned": "review.problem.owned",
    "second_look": "review.problem.second_look",
    "words": "review.problem.words",
    "outcome": "review.problem.outcome",
    "to_staff": "review.problem.to_staff",
    "highest": "review.problem.highest",
    "level": "review.problem.level",
    "reason": "review.problem.reason",
    "rule": "review.problem.rule",
    "own": "review.problem.own",
    "undecided": "review.problem.undecided",
}
_STEPS = {
    "claim": "claim",
    "release": "release",
    "hand-over": "hand_over",
    "note": "note",
    "call": "call",
    "agree": "agree",
    "raise": "raise",
    "close": "close",
}


def routes() -> list[Route]:
    """The pages of one submission."""
    return [
        guarded("GET", "/submissions/{id}", page),
        guarded("GET", "/submissions/{id}/lower", lower_page),
        guarded("POST", "/submissions/{id}/lower", lower),
        guarded("POST", "/submissions/{id}/second", second),
        guarded("POST", "/submissions/{id}/{step}", step),
    ]


def page(desk: Desk, problem: str = "", at: str = "actions", first: str = "") -> Response:
    """GET /submissions/{id}: all that is known; looking is noted in the audit."""
    values = _values(desk)
    return desk.show(
        "nurse/submission.html",
        problems={at: problem} if problem else None,
        first=first,
        typed=desk.typed("words"),
        calls=_named(desk, CALLS, OUTCOMES),
        dispositions=_named(desk, DISPOSITIONS, OUTCOMES),
        **values,
    )


def step(desk: Desk) -> Response:
    """POST /submissions/{id}/{step}: one step, then the same page again."""
    kind = _STEPS.get(desk.request.path_params["step"])
    if kind is None:
        raise HTTPException(404)
    return _do(desk, _step(desk, kind))


def second(desk: Desk) -> Response:
    """POST /submissions/{id}/second: the second person's yes or no to a lowering."""
    return _do(desk, _step(desk, "second_yes" if desk.typed("answer") == "yes" else "second_no"))


def lower_page(desk: Desk, problem: str = "", first: str = "") -> Response:
    """GET /submissions/{id}/lower: stops, and names the signs that would be set aside."""
    values = _values(desk)
    below = [level for level in reversed(Urgency) if level < values["level"]]
    if not below:
        return see_other(f"/submissions/{_id(desk)}")
    words = floor(desk.request).words.levels
    return desk.show(
        "nurse/lower.html",
        problems={"lower": problem} if problem else None,
        first=first,
        typed=desk.typed("words"),
        levels=[(level.name, words[level.name].parts["badge"]) for level in below],
        lower_reasons=_named(desk, LOWER_REASONS, REASONS),
        **values,
    )


def lower(desk: Desk) -> Response:
    """POST /submissions/{id}/lower: with level, coded reason, and the sign that is set aside."""
    chosen = desk.typed("level")
    level = Urgency[chosen] if chosen in Urgency.__members__ else None
    asked = replace(
        _step(desk, "lower"),
        level=level,
        reason=desk.typed("reason") or None,
        rule=desk.typed("rule") or None,
    )
    return _do(desk, asked)


def _step(desk: Desk, kind: str) -> Step:
    after = desk.typed("after")
    return Step(
        kind,
        after=int(after) if after.isascii() and after.isdigit() and len(after) < 9 else -1,
        key=f"{desk.who.staff}:{desk.typed('key')[:50]}",
        words="\n".join(filter(None, map(str.strip, desk.raw("words")[:5000].splitlines()))),
        outcome=desk.typed("outcome") or None,
        to_staff=desk.typed("to_staff") or None,
    )


def _do(desk: Desk, asked: Step) -> Response:
    again = lower_page if asked.kind == "lower" else page
    asked = replace(asked, words=asked.words.replace("\0", ""))
    try:
        with desk.store.writing(desk.who.clinic) as scope:
            targets = desk.request.app.state.targets
            reviews.do(scope, desk.now, desk.who.staff, _id(desk), asked, targets)
    except NoSuchSubmission:
        raise HTTPException(404) from None
    except NotNow as refused:
        return again(desk, PROBLEMS[refused.problem])
    except SomeoneWasFirst as other:
        with desk.store.reading(desk.who.clinic) as scope:
            name = staff.one(scope, other.by).name
        return again(desk, "review.problem.first", first=name)
    return see_other(f"/submissions/{_id(desk)}")


def _named(desk: Desk, codes: Iterable[str], words: Mapping[str, str]) -> list[tuple[str, str]]:
    """Codes with their words, to choose from."""
    say, _ = voice(floor(desk.request), None)
    return [(code, say(words[code])) for code in codes]


def _id(desk: Desk) -> str:
    found: str = desk.request.path_params["id"]
    return found


def _values(desk: Desk) -> dict[str, Any]:
    """What the page shows. Raises HTTPException for what this clinic does not have."""
    who = desk.who
    try:
        with desk.store.writing(who.clinic) as scope:
            reviews.look(scope, desk.now, who.staff, _id(desk), desk.address)
            here = submissions.known(scope, _id(desk))
            line = worklist.one(scope, _id(desk))
            versions = submissions.versions(scope, _id(desk))
            entries = reviews.entries(scope, _id(desk))
            clinic = clinics.known(scope)
            members = staff.everyone(scope)
    except (NoSuchSubmission, keys.Forgotten):
        raise HTTPException(404) from None
    names = {member.id: member.name for member in members}
    others = [m for m in members if m.id != who.staff and not m.disabled_at]
    lowered = next((entry for entry in reversed(entries) if entry.kind == "lower"), None)
    return {
        **_told(desk, here, versions),
        "id": _id(desk),
        "row": line_in_words(desk, clinic, names, line),
        "level": line.level,
        "owner": line.owner,
        "mine": line.owner in (None, who.staff),
        "state": line.state,
        "own_lowering": lowered is not None and lowered.by == who.staff,
        "last": entries[-1].number if entries else 0,
        "key": secrets.token_urlsafe(12),
        "arrived": told(here.arrived_at, clinic.time_zone),
        "patient_reference": here.reference,
        "can_take": [(m.id, m.name) for m in others if may(m.role, "review")],
        "entries": [
            (entry, names.get(entry.by, ""), told(entry.at, clinic.time_zone), KINDS[entry.kind])
            for entry in entries
        ],
        "outcomes": OUTCOMES,
        "reason_words": REASONS,
    }


def _told(desk: Desk, here: Submission, versions: list[Version]) -> dict[str, Any]:
    """The newest answers as the rules of their day saw them, and what was answered before."""
    house, newest = floor(desk.request), versions[-1]
    shelf: Shelf = desk.request.app.state.shelf
    found = shelf.find(newest.rulebook_version, newest.rulebook_sha256[:16].upper())
    teller = _teller(replace(house, rulebook=found or house.rulebook), here, newest)
    path = teller.rulebook.questionnaire.path(teller.answers)
    assessment = assess(teller.rulebook, path.answers)
    reasons, also = teller.reasons(assessment)
    unsure = {q for q, c in path.answers.items() if teller.rulebook.questionnaire[q].unsure in c}
    given = teller.all_answers(path.answers)
    before = _before(teller, versions[-2].answers, newest.answers) if len(versions) > 1 else {}
    return {
        "own_rulebook": found is not None,
        "rulebook_version": newest.rulebook_version,
        "card": teller.card_of(newest.urgency.name, newest.body["within"]),
        "reasons": reasons,
        "also": also,
        "rules": [
            (f.rule, teller.fill(teller.words.rules[f.rule].reason))
            for f in assessment.findings
            if f.urgency == assessment.urgency
        ],
        "given": given,
        "before": before,
        "to_ask": [answer for answer in given if answer.id in unsure],
        "likely": teller.words.types[assessment.likely_type].name,
        "contradictions": teller.contradictions(assessment),
        "about": here.about,
        **careful(teller, assessment),
    }


def _teller(house: Floor, here: Submission, newest: Version) -> Teller:
    """Answers that today's rules no longer know are left out; the page says that rules differ."""
    known = {q: c for q, c in newest.answers.items() if q in house.rulebook.questionnaire}
    answers = {
        q: c for q, c in known.items() if c <= set(house.rulebook.questionnaire[q].option_ids)
    }
    words = house.rulebook.wording[LANGUAGE]
    return Teller(house.rulebook, words, filler(house, here.region), answers, here.about)


def _before(teller: Teller, was: Any, now: Any) -> dict[str, tuple[str, ...]]:
    """What was answered before, by question, where it is answered otherwise now."""
    known = {q: c for q, c in was.items() if q in teller.rulebook.questionnaire}
    return {a.id: a.chosen for a in teller.all_answers(known) if was[a.id] != now.get(a.id)}

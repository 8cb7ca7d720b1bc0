"""What a nurse found: the same questions as she answers them, and blood results.

Only what she changed counts. Before anything is kept, the page says what will be kept and what the
rules make of it; what was typed is never lost. It knows no rule.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from app.documents.receipt import Shelf
from app.documents.short import Short
from app.store import clinics, findings, reviews, submissions, worklist
from app.store.accounts import staff
from app.store.findings import OtherAnswers
from app.store.ground import keys
from app.store.reviews import NotNow
from app.store.submissions import NoSuchSubmission
from app.store.tables import Submission
from app.store.versions import Handed, Labs, Version
from app.triage.rules import assess
from app.triage.terms import Answers, Assessment, Urgency
from app.web.access import Desk, guarded
from app.web.clinic.answer_form import AnswerForm, Filled
from app.web.clinic.lab_form import Field, LabForm, as_labs
from app.web.clinic.result_of_findings import Before, Outcome, outcome
from app.web.clinic.review_words import PROBLEMS
from app.web.clinic.stepping import submission_of, typed_number
from app.web.clinic.worklist import row as line_in_words
from app.web.pages import filler, floor, see_other


@dataclass(frozen=True, slots=True)
class _Here:
    """The submission that the form is about."""

    submission: Submission
    newest: Version
    level: Urgency  # the one that counts
    answers: AnswerForm
    lab_form: LabForm
    shown: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Typed:
    """The form as it came back."""

    filled: list[Filled]
    fields: list[Field]

    @property
    def wrong(self) -> bool:
        """Whether something has to be put right first."""
        return any(f.problem for f in self.filled) or any(f.wrong for f in self.fields)


def routes() -> list[Route]:
    """The page of what a nurse found."""
    return [
        guarded("GET", "/submissions/{id}/findings", page),
        guarded("POST", "/submissions/{id}/findings", add),
    ]


def page(desk: Desk) -> Response:
    """GET /submissions/{id}/findings: every question as it is answered now, and blood tests."""
    here = _here(desk)
    kept = _Typed(here.answers.kept(), here.lab_form.kept())
    return _show(desk, here, kept)


def add(desk: Desk) -> Response:
    """POST /submissions/{id}/findings: say what will be kept; sent once more, keep it."""
    here = _here(desk)
    typed = _Typed(here.answers.read(desk.form), here.lab_form.read(desk.typed))
    if typed.wrong:
        return _show(desk, here, typed)
    answers, labs = here.answers.merged(typed.filled), as_labs(typed.fields)
    if answers == dict(here.answers.answers) and labs == here.lab_form.before:
        return _show(desk, here, typed, {"findings": "findings.nothing"})
    told = assess(floor(desk.request).rulebook, answers, labs)
    seal = _seal(here, answers, labs)
    if desk.typed("seen") != seal:
        before = Before(here.level, here.answers.answers, here.lab_form.before)
        found = outcome(here.answers.teller, before, answers, labs, told)
        return _show(desk, here, typed, found=found, seal=seal)
    return _keep(desk, here, typed, answers, labs, told)


def _keep(
    desk: Desk, here: _Here, typed: _Typed, answers: Answers, labs: Labs, told: Assessment
) -> Response:
    rulebook, who = floor(desk.request).rulebook, desk.who
    handed = Handed.by(
        rulebook,
        rulebook.questionnaire.path(answers).answers,
        told,
        about=here.submission.about,
        region=here.submission.region,
        labs=labs,
    )
    try:
        with desk.store.writing(who.clinic) as scope:
            findings.keep(
                scope,
                desk.now,
                who.staff,
                here.submission.id,
                handed,
                desk.request.app.state.targets,
                seen=typed_number(desk, "version"),
                key=f"{who.staff}:{desk.typed('key')[:50]}",
            )
    except NotNow as refused:
        return _show(desk, here, typed, {"findings": PROBLEMS[refused.problem]})
    except OtherAnswers:
        return _show(desk, here, typed, {"findings": "findings.other_answers"})
    return see_other(f"/submissions/{here.submission.id}")


def _show(
    desk: Desk,
    here: _Here,
    typed: _Typed,
    problems: Mapping[str, str] | None = None,
    found: Outcome | None = None,
    seal: str = "",
) -> Response:
    say = here.answers.say
    faults = {f"#{id_}": str(say(words)) for id_, words in (problems or {}).items()}
    faults |= {f"#{f.first}": f"{f.label}: {f.problem}" for f in typed.filled if f.problem}
    faults |= {f"#value-{f.id}": f.what_is_wrong for f in typed.fields if f.wrong}
    return desk.show(
        "nurse/findings.html",
        problems=faults,
        region=here.submission.region,
        questions=typed.filled,
        labs=typed.fields,
        common=desk.typed("on"),
        found=found,
        seal=seal,
        version=here.newest.number,
        key=desk.typed("key") or secrets.token_urlsafe(12),
        **here.shown,
    )


def _seal(here: _Here, answers: Answers, labs: Labs) -> str:
    """What was shown before it is kept, in a word that other findings do not have."""
    chosen = {question: sorted(options) for question, options in answers.items()}
    whole = [here.submission.id, here.newest.number, chosen, {k: dict(v) for k, v in labs.items()}]
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:32]


def _here(desk: Desk) -> _Here:
    """The submission as it stands; looking at it is noted. Raises HTTPException."""
    id_, house = submission_of(desk), floor(desk.request)
    try:
        with desk.store.writing(desk.who.clinic) as scope:
            reviews.look(scope, desk.now, desk.who.staff, id_, desk.address)
            submission, versions = submissions.known(scope, id_), submissions.versions(scope, id_)
            line, clinic = worklist.one(scope, id_), clinics.known(scope)
            names = {member.id: member.name for member in staff.everyone(scope)}
    except (NoSuchSubmission, keys.Forgotten):
        raise HTTPException(404) from None
    fill = filler(house, submission.region)
    today = desk.now.astimezone(ZoneInfo(clinic.time_zone)).date()
    short = Short(house.words.pages, house.words, house.rulebook.questionnaire)
    newest = versions[-1]
    # Trap: the form asks today's questions, and what it does not show is lost once it is kept.
    shelf: Shelf = desk.request.app.state.shelf
    answers = shelf.in_todays_questions(newest.rulebook_version, newest.answers)
    labs = next((version.labs for version in reversed(versions) if version.kind == "nurse"), {})
    return _Here(
        submission,
        newest,
        line.level,
        AnswerForm(house, short, answers, submission.about, submission.region),
        LabForm(house.rulebook.laboratory, house.words, fill, today, labs),
        {
            "id": id_,
            "row": line_in_words(desk, clinic, names, line),
            "may_keep": line.state != "closed" and line.owner in (None, desk.who.staff),
        },
    )

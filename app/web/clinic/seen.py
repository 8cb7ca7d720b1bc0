"""A submission read for a member of staff, which is noted in the audit, and its parts in words.

Read in six statements, whatever was answered and done. It renders nothing and knows no rule.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException

from app.documents.receipt import Shelf
from app.documents.short import Short
from app.documents.what_if import tried
from app.store import clinics, record, reviews
from app.store.accounts import staff
from app.store.ground import keys
from app.store.keeping import audit
from app.store.record import Record
from app.store.submissions import NoSuchSubmission
from app.store.tables import Clinic, Staff
from app.store.versions import Version
from app.triage.dangers import as_known_today
from app.triage.rules import assess
from app.triage.terms import Answers, Assessment, Urgency
from app.web.access import Desk
from app.web.asking import voice
from app.web.clinic import account
from app.web.clinic.nurse_words import Told, labs_in_words
from app.web.clinic.worklist import STATES, needed_by
from app.web.pages import LANGUAGE, Floor, filler, floor
from app.web.patients.result import careful
from app.web.telling import Answer, Card, Teller

_BY = {"me": "submission.by.me", "child": "submission.by.child", "other": "submission.by.other"}
_KINDS = {
    "first": "submission.version.first",
    "changed": "submission.version.changed",
    "nurse": "submission.version.nurse",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A submission, and the newest of its answers as the rules of their day saw them."""

    record: Record
    clinic: Clinic
    members: list[Staff]
    told: Told
    own: Teller
    own_assessment: Assessment
    own_rulebook: bool

    @property
    def names(self) -> dict[str, str]:
        """Who is who of the staff."""
        return {member.id: member.name for member in self.members}

    @property
    def labs(self) -> list[str]:
        """Blood results that a nurse typed, in words."""
        unread = self.told.assessment.labs_not_weighed
        return labs_in_words(self.told, self.record.newest.labs, unread)


class Needed(NamedTuple):
    """By when, in words; whether that is over; the visit; whether it should come sooner."""

    words: str
    day: str
    late: bool
    visit: str
    forward: bool


class Was(NamedTuple):
    """One assessment of several: whose answers, when, and the level."""

    number: int
    kind: str
    by: str
    at: str
    level: str
    badge: str
    likely: str


class Given(NamedTuple):
    """One answer as it was read and ticked, since which version, and what it was before."""

    short: str
    answer: Answer
    since: int
    at: str
    was: tuple[str, ...]


class Other(NamedTuple):
    """Another submission of the same person."""

    id: str
    at: str
    level: str
    badge: str
    state: str


def seen(desk: Desk, also: str = "") -> Seen:
    """The submission in the address; `also`: what is done with it beside looking.

    Raises HTTPException for what this clinic does not have.
    """
    who, id_ = desk.who, desk.request.path_params["id"]
    try:
        with desk.store.writing(who.clinic) as scope:
            found = record.read(scope, desk.now, id_)
            reviews.look(scope, desk.now, who.staff, id_, desk.address, found.row)
            if also:
                audit.add(scope, desk.now, who.staff, also, ("submission", id_), desk.address)
            clinic, members = clinics.known(scope), staff.everyone(scope)
    except (NoSuchSubmission, keys.Forgotten):
        raise HTTPException(404) from None
    teller, at_hand = _teller(desk, found, found.newest)
    own, _ = (teller, at_hand) if found.own is found.newest else _teller(desk, found, found.own)
    told = _told(desk, teller, found.newest)
    own_assessment = told.assessment if own is teller else assess(own.rulebook, own.answers)
    return Seen(found, clinic, members, told, own, own_assessment, at_hand)


def _told(desk: Desk, teller: Teller, version: Version) -> Told:
    book = teller.rulebook
    path = book.questionnaire.path(teller.answers)
    short = Short(floor(desk.request).words.pages, teller.words, book.questionnaire)
    labs = {
        analyte: {"value": lab["value"], "unit": lab["unit"]}
        for analyte, lab in version.labs.items()
        if analyte in book.laboratory.analytes
    }
    assessment = assess(book, path.answers, labs)
    today = floor(desk.request).rulebook.dangers
    dangers = as_known_today(book.dangers, today, book.questionnaire)
    return Told(teller, short, path, assessment, tried(book, path.answers, labs), dangers)


def _teller(desk: Desk, found: Record, version: Version) -> tuple[Teller, bool]:
    """In the words of the rulebook that judged these answers, where it is at hand.

    Answers that today's rules no longer know are left out; the page says that rules differ.
    """
    shelf: Shelf = desk.request.app.state.shelf
    book = shelf.find(version.rulebook_version, version.rulebook_sha256)
    house: Floor = floor(desk.request)
    if book is not None:
        house = replace(house, rulebook=book)
    questions = house.rulebook.questionnaire
    given: Answers = version.answers
    if book is None:
        given = shelf.in_todays_questions(version.rulebook_version, given)
    known = {q: c for q, c in given.items() if q in questions}
    answers = {q: c for q, c in known.items() if c <= set(questions[q].option_ids)}
    words, fill = house.rulebook.wording[LANGUAGE], filler(house, found.region)
    return Teller(house.rulebook, words, fill, answers, found.about), book is not None


def answered_by(here: Seen) -> str:
    """The key of the words for who answered."""
    if here.record.source == "assisted":
        return "submission.by.nurse"
    return _BY[voice(here.own.answers, here.record.about)]


def needed(desk: Desk, here: Seen) -> Needed:
    """By when the patient should be seen, and whether the visit that is booked fits that."""
    line, zone = here.record.line, here.clinic.time_zone
    day = _latest(desk, here)
    booked = line.told["appointment_on"]
    visit = date.fromisoformat(booked) if booked else None
    if line.level is Urgency.emergency:
        words = "submission.needed.now"
    elif day is not None:
        words = "submission.needed.by"
    elif line.level is Urgency.self_care:
        words = "submission.needed.home"
    else:
        words = "submission.needed.routine"
    today = desk.now.astimezone(ZoneInfo(zone)).date()
    forward = visit is not None and day is not None and visit > day
    late = day is not None and day < today and line.state != "closed"
    return Needed(words, _day(day), late, _day(visit), forward)


def _latest(desk: Desk, here: Seen) -> date | None:
    """The last day that is soon enough; None where the level names none."""
    line, found = here.record.line, here.told.assessment
    zone = here.clinic.time_zone
    if line.level == found.urgency and found.within is not None:
        last = line.arrived_at + timedelta(hours=int(found.within.split()[0]))
        return last.astimezone(ZoneInfo(zone)).date()
    within = desk.request.app.state.visit_days.get(line.level)
    return needed_by(within, line.arrived_at, zone)


def _day(day: date | None) -> str:
    return f"{day:%a} {day.day} {day:%b %Y}" if day else ""


def said_of(desk: Desk, here: Seen) -> list[Was]:
    """Every assessment that was made, the first one first."""
    levels, types = floor(desk.request).words.levels, here.told.teller.words.types
    return [
        Was(
            version.number,
            _KINDS[version.kind],
            here.names.get(version.author or "", ""),
            account.told(version.made_at, here.clinic.time_zone),
            version.urgency.name,
            levels[version.urgency.name].parts["badge"],
            types[likely].name if (likely := version.body["likely_type"]) in types else "",
        )
        for version in here.record.versions
    ]


def own_words(desk: Desk, here: Seen) -> list[Given]:
    """Every answer as it was read, with the version it is from and what was ticked before."""
    told, versions = here.told, here.record.versions
    given = {version.number: _as_newest(desk, here, version) for version in versions}
    found = []
    for answer in told.teller.all_answers(told.answers):
        since, before = versions[0], None
        for earlier, version in pairwise(versions):
            said = given[earlier.number].get(answer.id)
            if given[version.number].get(answer.id) != said:
                since, before = version, said
        at = _clock(since.made_at, here.clinic.time_zone)
        was = _ticked(told.teller, answer.id, before) if before else ()
        short = told.short.question(answer.id)
        found.append(Given(short, answer, since.number, at, was))
    return found


def _as_newest(desk: Desk, here: Seen, version: Version) -> Answers:
    """What a version says in the questions of the newest one, with which it is compared."""
    shelf: Shelf = desk.request.app.state.shelf
    if here.record.newest.rulebook_version != shelf.current.version:
        return version.answers
    return shelf.in_todays_questions(version.rulebook_version, version.answers)


def _ticked(teller: Teller, question: str, chosen: frozenset[str]) -> tuple[str, ...]:
    known = chosen & set(teller.rulebook.questionnaire[question].option_ids)
    return next((one.chosen for one in teller.all_answers({question: known})), ())


def _clock(at: datetime, time_zone: str) -> str:
    there = at.astimezone(ZoneInfo(time_zone))
    return f"{there.day} {there:%b, %H:%M}"


def shown(here: Seen) -> dict[str, Any]:
    """What the person was shown: the very words and parts of their result."""
    teller, assessment = here.own, here.own_assessment
    reasons, also = teller.reasons(assessment)
    card: Card = teller.card(assessment)
    return {
        "card": card,
        "about": voice(teller.answers, teller.about),
        "reasons": reasons,
        "also": also,
        "advice": teller.advice(assessment),
        **careful(teller, assessment),
    }


def other_lines(desk: Desk, here: Seen) -> list[Other]:
    """What else this person sent."""
    levels = floor(desk.request).words.levels
    return [
        Other(
            line.submission,
            account.told(line.arrived_at, here.clinic.time_zone),
            line.level.name,
            levels[line.level.name].parts["badge"],
            STATES[line.state],
        )
        for line in here.record.others
    ]

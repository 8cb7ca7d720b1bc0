"""The nurses of made-up clinics: they look, call, agree, raise, lower and close."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import col

from app.commands.made_up.days import Days, Doing, Sent, Town
from app.store import marks, reviews, submissions
from app.store.clinics import known as clinic_of_scope
from app.store.ground.scope import WritingScope
from app.store.hours import due
from app.store.lines import level_of
from app.store.steps import SAME_PERSON, Step
from app.store.tables import AssessmentVersion, WorklistRow
from app.triage.terms import Urgency

NOTES = (
    "Will bring the list of all medicines.",
    "Brings the letter of the last blood test.",
    "A daughter helps with the pills and will come too.",
    "Asked for a large-print letter.",
)
LOWER_REASONS = ("examined", "in_care", "misread", "known_change")
ENDS: Mapping[Urgency, Sequence[str]] = {
    Urgency.emergency: ("emergency_service",),
    Urgency.same_day: ("seen_today", "seen_today", "other_service"),
    Urgency.soon: ("brought_forward", "appointment_kept", "other_service"),
    Urgency.routine: ("appointment_kept", "advice_given"),
    Urgency.self_care: ("advice_given",),
}


def looked_at(days: Days, sent: Sent, at: datetime, *, comes_back: bool) -> None:
    """Someone looks and most often decides; of whom will come back, they only make a note."""
    way = _note if comes_back else WAYS[days.sent % len(WAYS)]
    days.plan(_opened_at(days, sent, at), _review(days, sent, way, comes_back=comes_back))


def looked_at_again(days: Days, sent: Sent, at: datetime) -> None:
    """Someone looks at the new answers of one who came back, and decides."""
    days.plan(_opened_at(days, sent, at), _review(days, sent, _close))


def at_work(days: Days, town: Town) -> None:
    """What nurses do at this moment: some are being read, one waits for a second person."""
    order = [col(WorklistRow.rank), col(WorklistRow.due_at), col(WorklistRow.arrived)]
    with town.store.writing(town.id) as scope:
        waiting = scope.all(WorklistRow, closed=False, owner_id=None, order_by=order)
        grave = [row for row in waiting if level_of(row.rank) >= Urgency.same_day]
        soon = [row for row in waiting if level_of(row.rank) is Urgency.soon]
        for row, way in [(row, _lower) for row in grave[-1:]] + [(row, _note) for row in soon[:2]]:
            id_, number = row.submission_id, row.last_version
            newest = scope.one(AssessmentVersion, submission_id=id_, number=number)
            rules = tuple(newest.rules if newest else ())
            sent = Sent(town, row.submission_id, level_of(row.rank), rules)
            nurse = days.chance.choice(town.nurses)
            reviews.look(scope, days.now, nurse, sent.id, "")
            way(Hand(days, scope, sent, nurse, days.now, row.last_entry))


def _opened_at(days: Days, sent: Sent, at: datetime) -> datetime:
    """When someone looks: mostly within the target, in opening hours."""
    with sent.town.store.reading(sent.town.id) as scope:
        clinic = clinic_of_scope(scope)
    target = days.targets[sent.level]
    return due(clinic, at, max(2, round(target * days.chance.uniform(0.1, 1.15))))


def _review(days: Days, sent: Sent, way: "Way", *, comes_back: bool = False) -> Doing:
    """Someone looks, and most often decides. A grave level is seldom left open."""
    if sent.level >= Urgency.same_day and way is not _lower and days.chance.random() < 0.6:
        way = _close

    def do(at: datetime) -> None:
        with sent.town.store.writing(sent.town.id) as scope:
            row = submissions.line(scope, sent.id, at)
            nurse = row.owner_id or days.chance.choice(sent.town.nurses)
            reviews.look(scope, at, nurse, sent.id, "")
            if days.chance.random() < 0.12:
                marks.put(scope, at, nurse, sent.id, [days.chance.choice(marks.MARKS)])
            if row.closed:
                return
            way(Hand(days, scope, sent, nurse, at, row.last_entry))
        if way in STAYS_OPEN and not comes_back:
            days.plan(_opened_at(days, sent, at), _review(days, sent, _close))

    return do


@dataclass(slots=True)
class Hand:
    """Someone at work on one submission, a minute or two for each step."""

    days: Days
    scope: WritingScope
    sent: Sent
    who: str
    at: datetime
    last: int = 0

    def does(self, kind: str, **more: object) -> None:
        """One step."""
        later = self.at + timedelta(seconds=self.days.chance.randint(20, 200))
        self.at = min(later, self.days.now)
        # Each kind of step has fields of its own, which a dict of keywords cannot tell the checker.
        step = Step(kind, self.last, f"{self.who}:{self.sent.id}:{self.last}", **more)  # type: ignore[arg-type]
        self.last = reviews.do(self.scope, self.at, self.who, self.sent.id, step, self.days.targets)


def _close(hand: Hand) -> None:
    chance, level = hand.days.chance, hand.sent.level
    if level >= Urgency.same_day or chance.random() < 0.3:
        hand.does("call", outcome="answered", words=chance.choice([*NOTES, "", ""]))
    if level in (Urgency.routine, Urgency.soon) and chance.random() < 0.08:
        hand.does("raise")
        level = Urgency(level + 1)
    else:
        hand.does("agree")
    _end(hand, level)


def _note(hand: Hand) -> None:
    hand.does("claim")
    hand.does("note", words=hand.days.chance.choice(NOTES))


def _no_answer(hand: Hand) -> None:
    hand.does("call", outcome="no_answer")
    if hand.days.chance.random() < 0.5:
        hand.does("call", outcome="no_answer", words="Left no message.")


def _only_look(hand: Hand) -> None:
    """Nothing more: it stays nobody's."""


def _lower(hand: Hand) -> None:
    """Lower by one level; from the two highest on, a second person has to agree later."""
    days, sent = hand.days, hand.sent
    if sent.level <= Urgency.routine:
        return _close(hand)
    hand.does(
        "lower",
        level=Urgency(sent.level - 1),
        reason=days.chance.choice(LOWER_REASONS),
        rule=next(iter(sent.rules), None),
        words="Seen at the desk today." if days.chance.random() < 0.4 else "",
    )
    if sent.level >= Urgency.same_day:
        later = hand.at + timedelta(hours=days.chance.choice([1, 24, 48]))
        return days.plan(later, _second(days, sent, hand.last))
    return _end(hand, Urgency(sent.level - 1))


def _end(hand: Hand, level: Urgency) -> None:
    """Close it, once two facts about the person were compared."""
    hand.does("identify", outcome=SAME_PERSON, reason="full_name born_on")
    hand.does("close", outcome=hand.days.chance.choice(ENDS[level]))


def _second(days: Days, sent: Sent, last: int) -> Doing:
    def do(at: datetime) -> None:
        with sent.town.store.writing(sent.town.id) as scope:
            lead = sent.town.leads[0]
            reviews.look(scope, at, lead, sent.id, "")
            yes = days.chance.random() < 0.6
            Hand(days, scope, sent, lead, at, last).does("second_yes" if yes else "second_no")
        days.plan(_opened_at(days, sent, at), _review(days, sent, _close))

    return do


Way = Callable[[Hand], None]
WAYS: tuple[Way, ...] = (
    *(_close, _close, _note, _close, _lower, _close, _no_answer, _close, _close, _lower),
    *(_close, _only_look, _close),
)
"""What comes of a look, one person after the other."""
STAYS_OPEN = (_note, _no_answer, _only_look)
"""After these, someone comes back to it."""

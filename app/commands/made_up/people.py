"""The people of made-up clinics: they are invited, send their answers, and some get worse."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random

from app.commands.made_up.days import LONG, Days, Doing, Sent, Town
from app.commands.made_up.reviews import at_work, looked_at, looked_at_again
from app.store import invitations, submissions
from app.store.invitations import Guest
from app.store.submissions import Handed
from app.store.tables import Tally
from app.triage.rulebook import Rulebook
from app.triage.rules import assess
from app.triage.targets import Targets
from app.triage.terms import Answers, Urgency

NAMES = (
    *("Ada", "Bo", "Cai", "Dot", "Eli", "Fay", "Gus", "Hal", "Ida", "Jo", "Kit", "Lou"),
    *("May", "Ned", "Oda", "Pip", "Quin", "Ray", "Sal", "Ted", "Una", "Val", "Wim", "Zoe"),
)
VISITS = ("Skin clinic", "Joint clinic", "Nurse visit", "Kidney clinic", "")
WORSE: tuple[Mapping[str, frozenset[str]], ...] = (
    {"skin": frozenset({"pus"}), "unwell": frozenset({"fever"})},
    {"skin": frozenset({"dead_skin"})},
    {"breath": frozenset({"confused"})},
)


def live(
    rulebook: Rulebook,
    targets: Targets,
    towns: Sequence[tuple[Town, Sequence[Answers]]],
    now: datetime,
    tell: Callable[[int], None],
) -> None:
    """Let these people send their answers to these clinics over the last days."""
    # The same people each time, whatever the hour; nothing secret is ever made of this.
    chance = Random(5)  # noqa: S311
    days = Days(rulebook, targets, now, chance, tell)
    for town, people in towns:
        _invite(days, town, people)
    days.pass_by()
    for town, _ in towns:
        at_work(days, town)
        _keep_counts(days, town)


def _invite(days: Days, town: Town, people: Sequence[Answers]) -> None:
    """Invite everyone, some at a time, and some more who have not answered yet."""
    batches = [list(people[at : at + 15]) for at in range(0, len(people), 15)]
    for number, batch in enumerate(batches):
        at = days.now - timedelta(days=LONG - (LONG - 1) * number / len(batches))
        days.plan(at, _invitation(days, town, batch, f"day {number}"))
    for key, ago, number in (("late", timedelta(days=20), 6), ("open", timedelta(hours=3), 8)):
        days.plan(days.now - ago, _invitation(days, town, [None] * number, key))


def _invitation(days: Days, town: Town, batch: Sequence[Answers | None], key: str) -> Doing:
    """A nurse invites these; None never answers, and the last one of a batch is taken back."""
    chance = days.chance

    def do(at: datetime) -> None:
        nurse = chance.choice(town.nurses)
        guests = [_guest(days, at) for _ in batch]
        made = invitations.invite(town.store, town.id, at, nurse, guests, f"{nurse}:{key}")
        for answers, invitation in zip(batch, made, strict=True):
            if answers is not None:
                days.plan(_some_time_after(days, at), _sending(days, town, invitation, answers))
            else:
                begun = [asked.id for asked in days.rulebook.questionnaire][: chance.randint(1, 6)]
                _count(days, town, at, begun)
        if batch[-1] is None:
            with town.store.writing(town.id) as scope:
                invitations.revoke(scope, at, nurse, made[-1])

    return do


def _guest(days: Days, at: datetime) -> Guest:
    chance = days.chance
    day = (at + timedelta(days=chance.randint(3, 40))).date()
    reference = f"H-{1000 + days.planned * 7 + chance.randint(0, 6)}"
    days.planned += 1  # so that no reference is given twice
    kind = chance.choice(VISITS)
    return Guest(reference, chance.choice(NAMES), day if kind else None, kind)


def _some_time_after(days: Days, at: datetime) -> datetime:
    """Some moment up to now, most often soon after, and seldom at night; some just now."""
    if days.planned % 12 == 0:
        return days.now - timedelta(minutes=days.chance.randint(2, 40))
    share = min(days.chance.expovariate(3.0), 0.999)
    then = at + timedelta(minutes=5) + (days.now - at - timedelta(minutes=7)) * share
    waking = then + timedelta(hours=7) if then.hour < 7 else then
    return waking if waking < days.now else then


def _sending(days: Days, town: Town, invitation: str, answers: Answers) -> Doing:
    """A person sends; some come back later, worse."""

    def do(at: datetime) -> None:
        handed = _handed(days, town.region, answers)
        found = submissions.send(town.store, town.id, invitation, handed, days.targets, at)
        days.sent += 1
        days.tell(days.sent)
        _count(days, town, at, [*handed.answers, "end"])
        rules = [f.rule for f in handed.assessment.findings if f.urgency == found.urgency]
        sent = Sent(town, found.submission, found.urgency, tuple(rules))
        worse = _worse(days, answers, found.urgency) if days.chance.random() < 0.06 else None
        if worse is not None:
            days.plan(at + timedelta(hours=26), _again(days, town, invitation, worse))
        looked_at(days, sent, at, comes_back=worse is not None)

    return do


def _again(days: Days, town: Town, invitation: str, answers: Answers) -> Doing:
    """The same person sends again; it is to be looked at again."""

    def do(at: datetime) -> None:
        handed = _handed(days, town.region, answers)
        found = submissions.send(town.store, town.id, invitation, handed, days.targets, at)
        looked_at_again(days, Sent(town, found.submission, found.urgency, ()), at)

    return do


def _handed(days: Days, region: str, answers: Answers) -> Handed:
    book = days.rulebook
    kept = book.questionnaire.path(answers).answers
    (age,) = kept.get("age", frozenset({""}))
    young = age in {"under_3m", "under_1", "child"}
    about = "child" if young else "other" if days.chance.random() < 0.1 else "me"
    return Handed.by(book, kept, assess(book, kept), about=about, region=region)


def _worse(days: Days, answers: Answers, level: Urgency) -> Answers | None:
    """The same person with graver signs; None where nothing graver is left."""
    for signs in WORSE:
        changed = days.rulebook.questionnaire.path({**answers, **signs}).answers
        if assess(days.rulebook, changed).urgency > level:
            return changed
    return None


def _count(days: Days, town: Town, at: datetime, reached: Sequence[str]) -> None:
    """Count the questions that someone came to; the last one they left without an answer."""
    for question, following in pairwise(reached):
        for subject in (f"answered:{question}", f"reached:{following}"):
            days.counts[town.id, at.date(), subject] += 1


def _keep_counts(days: Days, town: Town) -> None:
    rows = [
        {"day": day, "subject": subject, "number": number}
        for (clinic, day, subject), number in days.counts.items()
        if clinic == town.id
    ]
    with town.store.writing(town.id) as scope:
        scope.add_all(Tally, rows)

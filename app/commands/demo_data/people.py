"""The people of made-up clinics: they are invited, send their answers, and some get worse."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random

from app.commands.demo_data.days import (
    DAYS_BACK,
    DemoClinic,
    DemoEvent,
    DemoSubmission,
    DemoTimeline,
)
from app.commands.demo_data.reviews import (
    schedule_renewed_review,
    schedule_review,
    start_reviews_now,
)
from app.store import invitations, submissions
from app.store.clinic_policy import Targets
from app.store.db.tables import Tally
from app.store.invitations import Invitee
from app.store.submission_versions import SubmittedAnswers
from app.triage.rulebook import Rulebook
from app.triage.rules import assess_answers
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


def simulate_patients(
    rulebook: Rulebook,
    targets: Targets,
    clinic_shares: Sequence[tuple[DemoClinic, Sequence[Answers]]],
    now: datetime,
    show_progress: Callable[[int], None],
) -> None:
    """Let these people send their answers to these clinics over the last days."""
    # The same people each time, whatever the hour; nothing secret is ever made of this.
    chance = Random(5)  # noqa: S311
    timeline = DemoTimeline(rulebook, targets, now, chance, show_progress)
    for demo_clinic, people in clinic_shares:
        _schedule_invitations(timeline, demo_clinic, people)
    timeline.run_due_events()
    for demo_clinic, _ in clinic_shares:
        start_reviews_now(timeline, demo_clinic)
        _store_question_counts(timeline, demo_clinic)


def _schedule_invitations(
    timeline: DemoTimeline, demo_clinic: DemoClinic, people: Sequence[Answers]
) -> None:
    """Invite everyone, some at a time, and some more who have not answered yet."""
    batches = [list(people[at : at + 15]) for at in range(0, len(people), 15)]
    for number, batch in enumerate(batches):
        at = timeline.now - timedelta(days=DAYS_BACK - (DAYS_BACK - 1) * number / len(batches))
        timeline.schedule_event(
            at, _make_invitation_event(timeline, demo_clinic, batch, f"day {number}")
        )
    for key, ago, number in (("late", timedelta(days=20), 6), ("open", timedelta(hours=3), 8)):
        timeline.schedule_event(
            timeline.now - ago, _make_invitation_event(timeline, demo_clinic, [None] * number, key)
        )


def _make_invitation_event(
    timeline: DemoTimeline, demo_clinic: DemoClinic, batch: Sequence[Answers | None], key: str
) -> DemoEvent:
    """A nurse invites these; None never answers, and the last one of a batch is taken back."""
    chance = timeline.chance

    def invite_batch(at: datetime) -> None:
        nurse = chance.choice(demo_clinic.nurses)
        guests = [_make_guest(timeline, at) for _ in batch]
        made = invitations.invite_patients(
            demo_clinic.store, demo_clinic.id, at, nurse, guests, f"{nurse}:{key}"
        )
        for answers, invitation in zip(batch, made, strict=True):
            if answers is not None:
                timeline.schedule_event(
                    _choose_later_time(timeline, at),
                    _make_sending_event(timeline, demo_clinic, invitation, answers),
                )
            else:
                begun = [asked.id for asked in timeline.rulebook.questionnaire][
                    : chance.randint(1, 6)
                ]
                _count_questions(timeline, demo_clinic, at, begun)
        if batch[-1] is None:
            with demo_clinic.store.writing_scope(demo_clinic.id) as scope:
                invitations.revoke_invitation(scope, at, nurse, made[-1])

    return invite_batch


def _make_guest(timeline: DemoTimeline, at: datetime) -> Invitee:
    chance = timeline.chance
    day = (at + timedelta(days=chance.randint(3, 40))).date()
    reference = f"H-{1000 + timeline.planned * 7 + chance.randint(0, 6)}"
    timeline.planned += 1  # so that no reference is given twice
    kind = chance.choice(VISITS)
    return Invitee(reference, chance.choice(NAMES), day if kind else None, kind)


def _choose_later_time(timeline: DemoTimeline, at: datetime) -> datetime:
    """Some moment up to now, most often soon after, and seldom at night; some just now."""
    if timeline.planned % 12 == 0:
        return timeline.now - timedelta(minutes=timeline.chance.randint(2, 40))
    share = min(timeline.chance.expovariate(3.0), 0.999)
    then = at + timedelta(minutes=5) + (timeline.now - at - timedelta(minutes=7)) * share
    waking = then + timedelta(hours=7) if then.hour < 7 else then
    return waking if waking < timeline.now else then


def _make_sending_event(
    timeline: DemoTimeline, demo_clinic: DemoClinic, invitation: str, answers: Answers
) -> DemoEvent:
    """A person sends; some come back later, worse."""

    def send_answers(at: datetime) -> None:
        handed = _build_submitted_answers(timeline, demo_clinic.region, answers)
        found = submissions.accept_answers(
            demo_clinic.store, demo_clinic.id, invitation, handed, timeline.targets, at
        )
        timeline.sent += 1
        timeline.show_progress(timeline.sent)
        _count_questions(timeline, demo_clinic, at, [*handed.answers, "end"])
        rules = [f.rule for f in handed.assessment.findings if f.urgency == found.urgency]
        sent = DemoSubmission(demo_clinic, found.submission, found.urgency, tuple(rules))
        worse = (
            _worsen_answers(timeline, answers, found.urgency)
            if timeline.chance.random() < 0.06
            else None
        )
        if worse is not None:
            timeline.schedule_event(
                at + timedelta(hours=26),
                _make_resending_event(timeline, demo_clinic, invitation, worse),
            )
        schedule_review(timeline, sent, at, comes_back=worse is not None)

    return send_answers


def _make_resending_event(
    timeline: DemoTimeline, demo_clinic: DemoClinic, invitation: str, answers: Answers
) -> DemoEvent:
    """The same person sends again; it is to be looked at again."""

    def send_answers_again(at: datetime) -> None:
        handed = _build_submitted_answers(timeline, demo_clinic.region, answers)
        found = submissions.accept_answers(
            demo_clinic.store, demo_clinic.id, invitation, handed, timeline.targets, at
        )
        schedule_renewed_review(
            timeline, DemoSubmission(demo_clinic, found.submission, found.urgency, ()), at
        )

    return send_answers_again


def _build_submitted_answers(
    timeline: DemoTimeline, region: str, answers: Answers
) -> SubmittedAnswers:
    book = timeline.rulebook
    kept = book.questionnaire.trace_path(answers).answers
    (age,) = kept.get("age", frozenset({""}))
    young = age in {"under_3m", "under_1", "child"}
    about = "child" if young else "other" if timeline.chance.random() < 0.1 else "me"
    return SubmittedAnswers.from_rulebook(
        book, kept, assess_answers(book, kept), about=about, region=region
    )


def _worsen_answers(timeline: DemoTimeline, answers: Answers, level: Urgency) -> Answers | None:
    """The same person with graver signs; None where nothing graver is left."""
    for signs in WORSE:
        changed = timeline.rulebook.questionnaire.trace_path({**answers, **signs}).answers
        if assess_answers(timeline.rulebook, changed).urgency > level:
            return changed
    return None


def _count_questions(
    timeline: DemoTimeline, demo_clinic: DemoClinic, at: datetime, reached: Sequence[str]
) -> None:
    """Count the questions that someone came to; the last one they left without an answer."""
    for question, following in pairwise(reached):
        for subject in (f"answered:{question}", f"reached:{following}"):
            timeline.counts[demo_clinic.id, at.date(), subject] += 1


def _store_question_counts(timeline: DemoTimeline, demo_clinic: DemoClinic) -> None:
    rows = [
        {"day": day, "subject": subject, "number": number}
        for (clinic, day, subject), number in timeline.counts.items()
        if clinic == demo_clinic.id
    ]
    with demo_clinic.store.writing_scope(demo_clinic.id) as scope:
        scope.add_rows(Tally, rows)

"""The tables of people whom a clinic invites, of what they hand in, and of what is done with it.

A change here needs a migration; `alembic check` tells.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.store.db.tables import (
    ClinicTable,
    clinic_foreign_key,
    row_foreign_key,
    urgency_check,
    word_check,
)

SOURCES = ("invitation", "share", "assisted")
VERSION_KINDS = ("first", "changed", "nurse")
REVIEW_KINDS = (
    *("claim", "release", "hand_over", "note", "call", "identify", "agree", "raise", "lower"),
    *("second_yes", "second_no", "close", "ask_close", "close_yes", "close_no"),
    *("visit", "trace", "addendum", "reopen"),
    *("take_over", "hand_accept", "hand_refuse", "lapse"),
)
SECOND_PERSON_STATES = ("second_look", "second_close")
"""What waits for a second person: a lowering, or a closing."""
STATES = ("new", "claimed", *SECOND_PERSON_STATES, "closed")
DESTINATION_KINDS = ("webhook", "email")
MESSAGE_KINDS, MESSAGE_CHANNELS = ("invitation", "reminder"), ("email", "webhook")
MESSAGE_ENDS = ("sent", "bounced", "stopped")


class Person(ClinicTable):
    """A patient, as the clinic names them: a reference, and a first name or initials.

    `markers` are for staff alone: interpreter, access needs, no calls, safeguarding; with words.
    """

    __tablename__ = "person"
    __table_args__ = (clinic_foreign_key(), UniqueConstraint("clinic_id", "reference_print"))

    id: Mapped[str] = mapped_column(primary_key=True)
    reference_print: Mapped[str]
    reference_sealed: Mapped[bytes]
    name_sealed: Mapped[bytes]
    markers_sealed: Mapped[bytes | None]
    made_at: Mapped[datetime]


class Invitation(ClinicTable):
    """A link and a code for one self-check, good until finished, revoked or expired.

    The link goes on to show its person what became of it, until the submission is forgotten.
    """

    __tablename__ = "invitation"
    __table_args__ = (
        row_foreign_key("person", "person_id"),
        row_foreign_key("staff", "made_by"),
        UniqueConstraint("clinic_id", "token_hash"),
        UniqueConstraint("clinic_id", "idempotency_key"),
        Index("ix_invitation_person", "clinic_id", "person_id"),
        Index("ix_invitation_open", "clinic_id", "finished_at", "expires_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str]
    token_hash: Mapped[str]
    code_print: Mapped[str]
    appointment_on: Mapped[date | None]
    appointment_kind_sealed: Mapped[bytes | None]
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    begun_at: Mapped[datetime | None]  # when its person first pressed "Start"
    revoked_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    idempotency_key: Mapped[str]
    contact_sealed: Mapped[bytes | None]  # an e-mail address or a telephone number
    stopped_at: Mapped[datetime | None]  # when its person first met the stop page


class Submission(ClinicTable):
    """Answers handed to a clinic; what was answered stands in its versions. Never changed."""

    __tablename__ = "submission"
    __table_args__ = (
        clinic_foreign_key(),
        row_foreign_key("invitation", "invitation_id"),
        UniqueConstraint("clinic_id", "arrived"),
        UniqueConstraint("clinic_id", "reference"),
        UniqueConstraint("clinic_id", "invitation_id"),  # an invitation is finished once
        UniqueConstraint("clinic_id", "idempotency_key"),
        word_check("source", SOURCES),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    arrived: Mapped[int]  # counts up within the clinic; orders by itself, whatever clocks did
    arrived_at: Mapped[datetime]
    reference: Mapped[str]  # what the person is told, to name it on the phone
    source: Mapped[str]
    invitation_id: Mapped[str | None]
    taken_by: Mapped[str | None]  # who of the staff took the share code or asked the questions
    about: Mapped[str]  # who answered, for whom
    region: Mapped[str]
    idempotency_key: Mapped[str]


class AssessmentVersion(ClinicTable):
    """Answers as they stood once, and what the rules made of them. Added, never changed.

    `rules` are the ids of the deciding rules, for counting; everything else is in the sealed body.
    """

    __tablename__ = "assessment_version"
    __table_args__ = (
        row_foreign_key("submission", "submission_id"),
        row_foreign_key("staff", "author_id"),
        UniqueConstraint("clinic_id", "submission_id", "number"),
        UniqueConstraint("clinic_id", "idempotency_key"),
        word_check("kind", VERSION_KINDS),
        urgency_check(),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    submission_id: Mapped[str]
    number: Mapped[int]  # from 1, within the submission
    kind: Mapped[str]
    author_id: Mapped[str | None]  # who of the staff; None: the person
    made_at: Mapped[datetime]
    rulebook_version: Mapped[str]
    rulebook_sha256: Mapped[str]
    urgency: Mapped[int]
    rules: Mapped[list[Any]] = mapped_column(JSON)
    body_sealed: Mapped[bytes]
    idempotency_key: Mapped[str]


class ReviewEntry(ClinicTable):
    """One thing that someone did with a submission. Added, never changed.

    `number` counts within the submission: of two people who write after the same entry, the
    second is refused and learns who was first.
    """

    __tablename__ = "review_entry"
    __table_args__ = (
        row_foreign_key("submission", "submission_id"),
        row_foreign_key("staff", "author_id"),
        row_foreign_key("assessment_version", "version_id"),
        row_foreign_key("staff", "to_staff_id"),
        UniqueConstraint("clinic_id", "submission_id", "number"),
        UniqueConstraint("clinic_id", "idempotency_key"),
        Index("ix_review_entry_at", "clinic_id", "at"),
        Index("ix_review_entry_version", "clinic_id", "version_id"),  # or erasing one reads all
        word_check("kind", REVIEW_KINDS),
        urgency_check(),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    submission_id: Mapped[str]
    number: Mapped[int]
    kind: Mapped[str]
    author_id: Mapped[str]
    at: Mapped[datetime]
    version_id: Mapped[str]  # the assessment that was looked at
    rulebook_sha256: Mapped[str]
    urgency: Mapped[int]  # the level that counts from here on
    reason: Mapped[str | None]  # coded: why lowered, raised or let go; what was compared or tried
    rule: Mapped[str | None]  # the gravest rule whose finding is set aside
    outcome: Mapped[str | None]  # of a call, or the disposition that is meant or agreed to
    to_staff_id: Mapped[str | None]  # handed over to, or taken over from
    answers_number: Mapped[int | None]  # the entry that a second person speaks to
    words_sealed: Mapped[bytes | None]
    idempotency_key: Mapped[str]
    details_sealed: Mapped[bytes | None]  # what the person reads of it, and a visit that moves
    urgency_before: Mapped[int | None]  # the level that counted until then; older rows have none
    # Of all signs that are set aside; older rows name one alone, in `rule`.
    rules_set_aside: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))


class WorklistRow(ClinicTable):
    """A submission as the worklist shows it, kept in step in the transaction of each change.

    Order: `rank` (0 is emergency), `due_at`, `arrived`. `line` holds, sealed, the words shown.
    What alarms, alarms until `acted_at`: a look or a claim alone is no act (app/store/alarms.py).
    """

    __tablename__ = "worklist_row"
    __table_args__ = (
        row_foreign_key("submission", "submission_id"),
        row_foreign_key("person", "person_id"),
        row_foreign_key("staff", "owner_id"),
        row_foreign_key("staff", "handed_to_id"),
        row_foreign_key("staff", "viewer_id"),
        # Five give the order; by the others, counts and filters need not read the rows.
        Index(
            "ix_worklist_row_order",
            *("clinic_id", "closed", "rank", "due_at", "arrived"),
            *("arrived_at", "first_seen_at", "acted_at", "forget_at", "owner_id", "state"),
        ),
        Index("ix_worklist_row_done", "clinic_id", "closed_at"),
        Index("ix_worklist_row_reference", "clinic_id", "reference_print"),
        Index("ix_worklist_row_person", "clinic_id", "person_id"),
        Index(
            "ix_worklist_row_visit",
            *("clinic_id", "closed", "visit_on", "rank", "due_at", "arrived"),
        ),
        Index("ix_worklist_row_move", "clinic_id", "move_due_at"),
        Index("ix_worklist_row_taken", "clinic_id", "taken_from_id"),
        # Trap: with the clinic first, SQLite would read the worklist by it, and sort all of it.
        Index("ix_worklist_row_forget", "forget_at", "clinic_id"),
        word_check("state", STATES),
    )

    submission_id: Mapped[str] = mapped_column(primary_key=True)
    closed: Mapped[bool] = mapped_column(default=False)
    rank: Mapped[int]
    due_at: Mapped[datetime]
    arrived: Mapped[int]
    arrived_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="new")
    owner_id: Mapped[str | None]
    person_id: Mapped[str | None]
    reference_print: Mapped[str | None]
    visit_on: Mapped[date | None]  # the day of the visit that counts now
    first_seen_at: Mapped[datetime | None]
    alarmed_at: Mapped[datetime | None]
    acted_at: Mapped[datetime | None]  # when someone who has it last did something with it
    waits_since: Mapped[datetime | None]  # since when a second person, or who took it, is awaited
    handed_to_id: Mapped[str | None]  # who is asked to take it; it stays its owner's until then
    viewer_id: Mapped[str | None]  # who opened it last
    viewed_at: Mapped[datetime | None]
    lowered_from: Mapped[int | None]  # the highest level from which someone lowered it
    lowered_reason: Mapped[str | None]  # coded: why
    closed_at: Mapped[datetime | None]
    move_due_at: Mapped[datetime | None]  # by when to tell the day of a visit that is to move
    move_alarmed_at: Mapped[datetime | None]  # that this time passed without a day
    last_version: Mapped[int] = mapped_column(default=1)
    last_entry: Mapped[int] = mapped_column(default=0)
    rulebook_sha256: Mapped[str]
    line_sealed: Mapped[bytes]
    forget_at: Mapped[datetime]
    taken_from_id: Mapped[str | None]  # whose it was, until they open it; no key: staff stay


class OutboxMessage(ClinicTable):
    """An alarm on its way to one place, until the other side took it or it is no longer needed.

    Nothing here is to be sealed: address and reference are read when it is sent. `due_at` is the
    next try, and while one sends it the end of that claim; `id` stays the same on every try.
    """

    __tablename__ = "outbox_message"
    __table_args__ = (
        row_foreign_key("submission", "submission_id"),
        word_check("kind", DESTINATION_KINDS),
        word_check("ended", ("taken", "stopped")),
        Index("ix_outbox_message_due", "clinic_id", "ended_at", "due_at"),
        Index("ix_outbox_message_submission", "clinic_id", "submission_id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    submission_id: Mapped[str]
    kind: Mapped[str]
    made_at: Mapped[datetime]
    due_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    fault: Mapped[str | None]  # why the last try failed, in a word
    ended: Mapped[str | None]
    ended_at: Mapped[datetime | None]


class PatientMessage(ClinicTable):
    """A message that asks an invited person to answer, on its way or at its end.

    It holds no word of the message and no address: both are read when it is sent. `due_at` is the
    next try, and while one sends it the end of that claim; `id` stays the same on every try.
    """

    __tablename__ = "patient_message"
    __table_args__ = (
        row_foreign_key("invitation", "invitation_id"),
        word_check("kind", MESSAGE_KINDS),
        word_check("channel", MESSAGE_CHANNELS),
        word_check("ended", MESSAGE_ENDS),
        UniqueConstraint("clinic_id", "invitation_id", "kind"),
        Index("ix_patient_message_due", "clinic_id", "ended_at", "due_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    invitation_id: Mapped[str]
    kind: Mapped[str]
    channel: Mapped[str]
    made_at: Mapped[datetime]
    due_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    fault: Mapped[str | None]  # why the last try failed, or why it was stopped, in a word
    ended: Mapped[str | None]
    ended_at: Mapped[datetime | None]


class PersonRequest(ClinicTable):
    """A wish to export or erase all of a person, which a second member of staff must agree to.

    No foreign key to the person: the row tells of it after the person is gone.
    """

    __tablename__ = "person_request"
    __table_args__ = (
        row_foreign_key("staff", "asked_by"),
        row_foreign_key("staff", "answered_by"),
        word_check("kind", ("export", "erase")),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    person_id: Mapped[str]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    answered_by: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    agreed: Mapped[bool | None]
    done_at: Mapped[datetime | None]


class Tally(ClinicTable):
    """How often something happened on a day, such as a question left unanswered."""

    __tablename__ = "tally"
    __table_args__ = (clinic_foreign_key(),)

    day: Mapped[date] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]


class RaisedRule(ClinicTable):
    """A rule whose level nurses raised so often that a lead is to know; kept until the next time.

    `rule`: its id, or "" where no rule gave the level. `number`: submissions raised by then.
    """

    __tablename__ = "raised_rule"
    __table_args__ = (clinic_foreign_key(), row_foreign_key("staff", "seen_by"))

    rule: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    number: Mapped[int]
    seen_at: Mapped[datetime | None]
    seen_by: Mapped[str | None]
    mailed_at: Mapped[datetime | None]

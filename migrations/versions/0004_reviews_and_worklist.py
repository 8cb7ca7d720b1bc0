"""reviews and worklist

Revision 0004, after 0003.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from migrations.append_only import allow_changes, forbid_changes

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tally",
        sa.Column("clinic_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id"], ["clinic.clinic_id"], name=op.f("fk_tally_clinic_id_clinic")
        ),
        sa.PrimaryKeyConstraint("clinic_id", "day", "subject", name=op.f("pk_tally")),
    )
    op.create_table(
        "person_request",
        sa.Column("clinic_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("person_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("asked_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("asked_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("answered_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("answered_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("agreed", sa.Boolean(), nullable=True),
        sa.Column("done_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.CheckConstraint("kind IN ('export', 'erase')", name=op.f("ck_person_request_kind")),
        sa.ForeignKeyConstraint(
            ["clinic_id", "answered_by"],
            ["staff.clinic_id", "staff.id"],
            name=op.f("fk_person_request_clinic_id_answered_by_staff"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "asked_by"],
            ["staff.clinic_id", "staff.id"],
            name=op.f("fk_person_request_clinic_id_asked_by_staff"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_person_request")),
    )
    op.create_table(
        "worklist_row",
        sa.Column("clinic_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("submission_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("due_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("arrived", sa.Integer(), nullable=False),
        sa.Column("arrived_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("owner_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("person_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("reference_print", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("first_seen_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("alarmed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("closed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("last_version", sa.Integer(), nullable=False),
        sa.Column("last_entry", sa.Integer(), nullable=False),
        sa.Column("rulebook_sha256", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("line_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("forget_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.CheckConstraint(
            "state IN ('new', 'claimed', 'second_look', 'closed')",
            name=op.f("ck_worklist_row_state"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "owner_id"],
            ["staff.clinic_id", "staff.id"],
            name=op.f("fk_worklist_row_clinic_id_owner_id_staff"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "person_id"],
            ["person.clinic_id", "person.id"],
            name=op.f("fk_worklist_row_clinic_id_person_id_person"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "submission_id"],
            ["submission.clinic_id", "submission.id"],
            name=op.f("fk_worklist_row_clinic_id_submission_id_submission"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "submission_id", name=op.f("pk_worklist_row")),
    )
    with op.batch_alter_table("worklist_row", schema=None) as batch_op:
        batch_op.create_index("ix_worklist_row_done", ["clinic_id", "closed_at"], unique=False)
        batch_op.create_index("ix_worklist_row_forget", ["forget_at", "clinic_id"], unique=False)
        batch_op.create_index(
            "ix_worklist_row_order",
            [
                *("clinic_id", "closed", "rank", "due_at", "arrived"),
                *("arrived_at", "first_seen_at", "forget_at", "owner_id", "state"),
            ],
            unique=False,
        )
        batch_op.create_index("ix_worklist_row_person", ["clinic_id", "person_id"], unique=False)
        batch_op.create_index(
            "ix_worklist_row_reference", ["clinic_id", "reference_print"], unique=False
        )

    op.create_table(
        "review_entry",
        sa.Column("clinic_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("submission_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("author_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("version_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("rulebook_sha256", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("rule", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("outcome", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("to_staff_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("answers_number", sa.Integer(), nullable=True),
        sa.Column("words_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("idempotency_key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('claim', 'release', 'hand_over', 'note', "
            "'call', 'identify', 'agree', 'raise', 'lower', 'second_yes', 'second_no', 'close')",
            name=op.f("ck_review_entry_kind"),
        ),
        sa.CheckConstraint("urgency BETWEEN 0 AND 4", name=op.f("ck_review_entry_urgency")),
        sa.ForeignKeyConstraint(
            ["clinic_id", "author_id"],
            ["staff.clinic_id", "staff.id"],
            name=op.f("fk_review_entry_clinic_id_author_id_staff"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "submission_id"],
            ["submission.clinic_id", "submission.id"],
            name=op.f("fk_review_entry_clinic_id_submission_id_submission"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "to_staff_id"],
            ["staff.clinic_id", "staff.id"],
            name=op.f("fk_review_entry_clinic_id_to_staff_id_staff"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "version_id"],
            ["assessment_version.clinic_id", "assessment_version.id"],
            name=op.f("fk_review_entry_clinic_id_version_id_assessment_version"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_review_entry")),
        sa.UniqueConstraint(
            "clinic_id", "idempotency_key", name=op.f("uq_review_entry_clinic_id_idempotency_key")
        ),
        sa.UniqueConstraint(
            "clinic_id",
            "submission_id",
            "number",
            name=op.f("uq_review_entry_clinic_id_submission_id_number"),
        ),
    )
    with op.batch_alter_table("review_entry", schema=None) as batch_op:
        batch_op.create_index("ix_review_entry_at", ["clinic_id", "at"], unique=False)
        batch_op.create_index("ix_review_entry_version", ["clinic_id", "version_id"], unique=False)

    forbid_changes(op.get_bind(), "review_entry", "submission_id")


def downgrade() -> None:
    allow_changes(op.get_bind(), "review_entry")
    with op.batch_alter_table("review_entry", schema=None) as batch_op:
        batch_op.drop_index("ix_review_entry_version")
        batch_op.drop_index("ix_review_entry_at")

    op.drop_table("review_entry")
    with op.batch_alter_table("worklist_row", schema=None) as batch_op:
        batch_op.drop_index("ix_worklist_row_reference")
        batch_op.drop_index("ix_worklist_row_person")
        batch_op.drop_index("ix_worklist_row_order")
        batch_op.drop_index("ix_worklist_row_forget")
        batch_op.drop_index("ix_worklist_row_done")

    op.drop_table("worklist_row")
    op.drop_table("person_request")
    op.drop_table("tally")

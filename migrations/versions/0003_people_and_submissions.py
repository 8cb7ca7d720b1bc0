"""people and submissions

Revision 0003, after 0002.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from migrations.append_only import allow_changes, forbid_changes

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "person",
        sa.Column("clinic_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reference_print", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reference_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("markers_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("made_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id"], ["clinic.clinic_id"], name=op.f("fk_person_clinic_id_clinic")
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_person")),
        sa.UniqueConstraint(
            "clinic_id", "reference_print", name=op.f("uq_person_clinic_id_reference_print")
        ),
    )
    op.create_table(
        "invitation",
        sa.Column("clinic_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("person_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("token_hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("code_print", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("appointment_on", sa.Date(), nullable=True),
        sa.Column("appointment_kind_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("made_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("made_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("expires_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("revoked_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("finished_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("idempotency_key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "made_by"],
            ["staff.clinic_id", "staff.id"],
            name=op.f("fk_invitation_clinic_id_made_by_staff"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "person_id"],
            ["person.clinic_id", "person.id"],
            name=op.f("fk_invitation_clinic_id_person_id_person"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_invitation")),
        sa.UniqueConstraint(
            "clinic_id", "idempotency_key", name=op.f("uq_invitation_clinic_id_idempotency_key")
        ),
        sa.UniqueConstraint(
            "clinic_id", "token_hash", name=op.f("uq_invitation_clinic_id_token_hash")
        ),
    )
    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.create_index(
            "ix_invitation_open", ["clinic_id", "finished_at", "expires_at"], unique=False
        )
        batch_op.create_index("ix_invitation_person", ["clinic_id", "person_id"], unique=False)

    op.create_table(
        "submission",
        sa.Column("clinic_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("arrived", sa.Integer(), nullable=False),
        sa.Column("arrived_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("invitation_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("taken_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("about", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("region", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("idempotency_key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint(
            "source IN ('invitation', 'share', 'assisted')", name=op.f("ck_submission_source")
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "invitation_id"],
            ["invitation.clinic_id", "invitation.id"],
            name=op.f("fk_submission_clinic_id_invitation_id_invitation"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id"], ["clinic.clinic_id"], name=op.f("fk_submission_clinic_id_clinic")
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_submission")),
        sa.UniqueConstraint("clinic_id", "arrived", name=op.f("uq_submission_clinic_id_arrived")),
        sa.UniqueConstraint(
            "clinic_id", "idempotency_key", name=op.f("uq_submission_clinic_id_idempotency_key")
        ),
        sa.UniqueConstraint(
            "clinic_id", "invitation_id", name=op.f("uq_submission_clinic_id_invitation_id")
        ),
        sa.UniqueConstraint(
            "clinic_id", "reference", name=op.f("uq_submission_clinic_id_reference")
        ),
    )
    op.create_table(
        "assessment_version",
        sa.Column("clinic_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("submission_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("author_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("made_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("rulebook_version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("rulebook_sha256", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("idempotency_key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('first', 'changed', 'nurse')", name=op.f("ck_assessment_version_kind")
        ),
        sa.CheckConstraint("urgency BETWEEN 0 AND 4", name=op.f("ck_assessment_version_urgency")),
        sa.ForeignKeyConstraint(
            ["clinic_id", "author_id"],
            ["staff.clinic_id", "staff.id"],
            name=op.f("fk_assessment_version_clinic_id_author_id_staff"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "submission_id"],
            ["submission.clinic_id", "submission.id"],
            name=op.f("fk_assessment_version_clinic_id_submission_id_submission"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_assessment_version")),
        sa.UniqueConstraint(
            "clinic_id",
            "idempotency_key",
            name=op.f("uq_assessment_version_clinic_id_idempotency_key"),
        ),
        sa.UniqueConstraint(
            "clinic_id",
            "submission_id",
            "number",
            name=op.f("uq_assessment_version_clinic_id_submission_id_number"),
        ),
    )
    forbid_changes(op.get_bind(), "submission", "id")
    forbid_changes(op.get_bind(), "assessment_version", "submission_id")


def downgrade() -> None:
    allow_changes(op.get_bind(), "assessment_version")
    allow_changes(op.get_bind(), "submission")
    op.drop_table("assessment_version")
    op.drop_table("submission")
    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.drop_index("ix_invitation_person")
        batch_op.drop_index("ix_invitation_open")

    op.drop_table("invitation")
    op.drop_table("person")

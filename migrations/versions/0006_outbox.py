"""outbox

Revision 0006, after 0005.

An alarm that an earlier edition marked may never have gone out; it is not sent again. Its
emergency stays on the open pages until someone looks.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outbox_message",
        sa.Column("clinic_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("submission_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("made_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("due_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("fault", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("ended", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("ended_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.CheckConstraint("kind IN ('webhook', 'email')", name=op.f("ck_outbox_message_kind")),
        sa.CheckConstraint("ended IN ('taken', 'stopped')", name=op.f("ck_outbox_message_ended")),
        sa.ForeignKeyConstraint(
            ["clinic_id", "submission_id"],
            ["submission.clinic_id", "submission.id"],
            name=op.f("fk_outbox_message_clinic_id_submission_id_submission"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_outbox_message")),
    )
    with op.batch_alter_table("outbox_message", schema=None) as batch_op:
        batch_op.create_index(
            "ix_outbox_message_due", ["clinic_id", "ended_at", "due_at"], unique=False
        )
        batch_op.create_index(
            "ix_outbox_message_submission", ["clinic_id", "submission_id"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("outbox_message", schema=None) as batch_op:
        batch_op.drop_index("ix_outbox_message_submission")
        batch_op.drop_index("ix_outbox_message_due")

    op.drop_table("outbox_message")

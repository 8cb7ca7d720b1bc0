"""messages to invited people

Revision 0012, after 0011.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TEXT, TIME = sqlmodel.sql.sqltypes.AutoString, sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    op.add_column(
        "clinic",
        sa.Column("sends_messages", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column("clinic", sa.Column("reminder_days", sa.Integer(), nullable=True))
    op.add_column("clinic", sa.Column("message_webhook_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("invitation", sa.Column("contact_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("invitation", sa.Column("stopped_at", TIME(), nullable=True))
    op.create_table(
        "patient_message",
        sa.Column("clinic_id", TEXT(), nullable=False),
        sa.Column("id", TEXT(), nullable=False),
        sa.Column("invitation_id", TEXT(), nullable=False),
        sa.Column("kind", TEXT(), nullable=False),
        sa.Column("channel", TEXT(), nullable=False),
        sa.Column("made_at", TIME(), nullable=False),
        sa.Column("due_at", TIME(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("fault", TEXT(), nullable=True),
        sa.Column("ended", TEXT(), nullable=True),
        sa.Column("ended_at", TIME(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('invitation', 'reminder')", name=op.f("ck_patient_message_kind")
        ),
        sa.CheckConstraint(
            "channel IN ('email', 'webhook')", name=op.f("ck_patient_message_channel")
        ),
        sa.CheckConstraint(
            "ended IN ('sent', 'bounced', 'stopped')", name=op.f("ck_patient_message_ended")
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "invitation_id"],
            ["invitation.clinic_id", "invitation.id"],
            name=op.f("fk_patient_message_clinic_id_invitation_id_invitation"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_patient_message")),
        sa.UniqueConstraint(
            "clinic_id",
            "invitation_id",
            "kind",
            name=op.f("uq_patient_message_clinic_id_invitation_id_kind"),
        ),
    )
    op.create_index(
        "ix_patient_message_due", "patient_message", ["clinic_id", "ended_at", "due_at"]
    )


def downgrade() -> None:
    op.drop_index("ix_patient_message_due", table_name="patient_message")
    op.drop_table("patient_message")
    op.drop_column("invitation", "stopped_at")
    op.drop_column("invitation", "contact_sealed")
    op.drop_column("clinic", "message_webhook_sealed")
    op.drop_column("clinic", "reminder_days")
    op.drop_column("clinic", "sends_messages")

"""the identity provider of a clinic, who of the staff it knows, and what it last said of a session

Revision 0014, after 0013.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text, time = sqlmodel.sql.sqltypes.AutoString(), sqlmodel.sql.sqltypes.UTCDateTime()
    op.create_table(
        "identity_provider",
        sa.Column("clinic_id", text, nullable=False),
        sa.Column("issuer", text, nullable=False),
        sa.Column("client_id", text, nullable=False),
        sa.Column("client_secret_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("groups_claim", text, nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id"], ["clinic.clinic_id"], name="fk_identity_provider_clinic_id_clinic"
        ),
        sa.PrimaryKeyConstraint("clinic_id", name="pk_identity_provider"),
    )
    op.add_column("staff", sa.Column("subject_print", text, nullable=True))
    op.create_index("ix_staff_subject", "staff", ["clinic_id", "subject_print"], unique=True)
    op.add_column("staff_session", sa.Column("refresh_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("staff_session", sa.Column("confirmed_at", time, nullable=True))


def downgrade() -> None:
    op.drop_column("staff_session", "confirmed_at")
    op.drop_column("staff_session", "refresh_sealed")
    op.drop_index("ix_staff_subject", table_name="staff")
    op.drop_column("staff", "subject_print")
    op.drop_table("identity_provider")

"""rules that nurses raised again and again

Revision 0013, after 0012.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "raised_rule",
        sa.Column("clinic_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("rule", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("seen_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("seen_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.ForeignKeyConstraint(
            ["clinic_id"], ["clinic.clinic_id"], name=op.f("fk_raised_rule_clinic_id_clinic")
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "seen_by"],
            ["staff.clinic_id", "staff.id"],
            name=op.f("fk_raised_rule_clinic_id_staff"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "rule", name=op.f("pk_raised_rule")),
    )


def downgrade() -> None:
    op.drop_table("raised_rule")

"""rulebooks that were taken out of use, and times at which the checker is closed

Revision 0020, after 0019.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    words, at = sqlmodel.sql.sqltypes.AutoString, sqlmodel.sql.sqltypes.UTCDateTime
    op.create_table(
        "withdrawal",
        sa.Column("id", words(), nullable=False),
        sa.Column("rulebook_version", words(), nullable=True),
        sa.Column("reason", words(), nullable=False),
        sa.Column("made_by", words(), nullable=False),
        sa.Column("made_at", at(), nullable=False),
        sa.Column("ended_by", words(), nullable=True),
        sa.Column("ended_at", at(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withdrawal")),
    )


def downgrade() -> None:
    op.drop_table("withdrawal")

"""when a raised rule was written to the clinic's mailbox, and when a move that is late alarmed

Revision 0019, after 0015.

What leads were told of before on their pages is not written again, and moves whose time had passed
before stand on the worklist as late without a flood of messages.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0019"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    at = sqlmodel.sql.sqltypes.UTCDateTime()
    op.add_column("raised_rule", sa.Column("mailed_at", at, nullable=True))
    op.add_column("worklist_row", sa.Column("move_alarmed_at", at, nullable=True))
    rule = sa.table("raised_rule", sa.column("at", at), sa.column("mailed_at", at))
    op.execute(rule.update().values(mailed_at=rule.c.at))
    row = sa.table(
        "worklist_row", *(sa.column(name, at) for name in ("move_due_at", "move_alarmed_at"))
    )
    now = datetime.now(UTC)
    op.execute(row.update().where(row.c.move_due_at <= now).values(move_alarmed_at=now))


def downgrade() -> None:
    op.drop_column("worklist_row", "move_alarmed_at")
    op.drop_column("raised_rule", "mailed_at")

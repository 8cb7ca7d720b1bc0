"""who is told that a row was taken over, the order of days, and what was late before

Revision 0015, after 0014.

Every clinic had got the day first, while blood tests were read by the region. Now one order counts
for both, so what was read with the month first stays so. A time that was missed now alarms once;
what was missed before stands on the worklist as late, and no clinic gets a flood of messages.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    taken = sa.Column("taken_from_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True)
    op.add_column("worklist_row", taken)
    op.create_index(
        "ix_worklist_row_taken", "worklist_row", ["clinic_id", "taken_from_id"], unique=False
    )
    clinic = sa.table("clinic", sa.column("region"), sa.column("date_order"))
    for region, order in (("us", "month_first"), ("ca", "year_first")):
        unchosen = (clinic.c.region == region, clinic.c.date_order == "day_first")
        op.execute(clinic.update().where(*unchosen).values(date_order=order))
    times = [
        sa.column(name, sqlmodel.sql.sqltypes.UTCDateTime()) for name in ("due_at", "alarmed_at")
    ]
    row = sa.table("worklist_row", sa.column("rank"), sa.column("closed", sa.Boolean()), *times)
    now = datetime.now(UTC)
    late = (row.c.closed.is_(False), row.c.rank > 0, row.c.due_at <= now)
    op.execute(row.update().where(*late, row.c.alarmed_at.is_(None)).values(alarmed_at=now))


def downgrade() -> None:
    """The order of days stays: what a clinic chose since then is its own."""
    op.drop_index("ix_worklist_row_taken", table_name="worklist_row")
    op.drop_column("worklist_row", "taken_from_id")

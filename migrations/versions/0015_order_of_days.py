"""the order in which a clinic types days, and what was late before lateness alarmed

Revision 0015, after 0011.

Every clinic had got the day first, while blood tests were read by the region. Now one order counts
for both, so what was read with the month first stays so. A time that was missed now alarms once;
what was missed before stands on the worklist as late, and no clinic gets a flood of messages.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0015"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
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
    """Nothing: what a clinic chose since then is its own."""

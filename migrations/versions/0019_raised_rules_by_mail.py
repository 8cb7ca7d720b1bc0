"""when a raised rule was written to the clinic's mailbox

Revision 0019, after 0015.

What leads were told of before on their pages is not written again.
"""

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
    rule = sa.table("raised_rule", sa.column("at", at), sa.column("mailed_at", at))
    op.execute(rule.update().values(mailed_at=rule.c.at))


def downgrade() -> None:
    op.drop_column("raised_rule", "mailed_at")

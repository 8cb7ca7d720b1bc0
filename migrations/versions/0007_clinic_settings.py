"""clinic settings

Revision 0007, after 0006.

What a clinic did not choose yet is empty; its dates go on being typed with the day first.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TEXTS = ("telephone", "address", "holiday_area")
OBJECTS = ("closed_reasons", "holidays_checked")


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString()
    for name in TEXTS:
        op.add_column("clinic", sa.Column(name, text, nullable=True))
    for name in OBJECTS:
        op.add_column("clinic", sa.Column(name, sa.JSON(), nullable=True))
    order = sa.Column("date_order", text, nullable=False, server_default="day_first")
    op.add_column("clinic", order)


def downgrade() -> None:
    for name in ("date_order", *OBJECTS, *TEXTS):
        op.drop_column("clinic", name)

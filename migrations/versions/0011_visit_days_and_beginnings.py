"""the day of the visit on the worklist, and when an invited person began

Revision 0011, after 0009.

What came by an invitation gets the day of it. Of what came otherwise only the sealed line knows
the day: such a row gets a day that nobody can have, and the server files the true one when it
starts (app/store/worklist_visits.py).
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None

COLUMNS = ["clinic_id", "closed", "visit_on", "rank", "due_at", "arrived"]


def upgrade() -> None:
    began = sa.Column("begun_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True)
    op.add_column("invitation", began)
    op.add_column("worklist_row", sa.Column("visit_on", sa.Date(), nullable=True))
    op.execute(
        "UPDATE worklist_row SET visit_on = (SELECT i.appointment_on FROM submission s"
        " JOIN invitation i ON i.clinic_id = s.clinic_id AND i.id = s.invitation_id"
        " WHERE s.clinic_id = worklist_row.clinic_id AND s.id = worklist_row.submission_id)"
    )
    op.execute(
        "UPDATE worklist_row SET visit_on = '0001-01-01' WHERE EXISTS (SELECT 1 FROM submission s"
        " WHERE s.clinic_id = worklist_row.clinic_id AND s.id = worklist_row.submission_id"
        " AND s.invitation_id IS NULL)"
    )
    op.create_index("ix_worklist_row_visit", "worklist_row", COLUMNS, unique=False)


def downgrade() -> None:
    op.drop_index("ix_worklist_row_visit", table_name="worklist_row")
    op.drop_column("worklist_row", "visit_on")
    op.drop_column("invitation", "begun_at")

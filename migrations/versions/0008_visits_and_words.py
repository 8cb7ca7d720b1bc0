"""visits that move, words to the person, texts of the clinic

Revision 0008, after 0007.
"""

from collections.abc import Iterable

import sqlalchemy as sa
import sqlmodel
from alembic import op

from migrations.append_only import allow_changes, forbid_changes

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KINDS = (
    *("claim", "release", "hand_over", "note", "call", "identify"),
    *("agree", "raise", "lower", "second_yes", "second_no", "close"),
    *("ask_close", "close_yes", "close_no"),
)
NEW_KINDS = ("visit", "trace", "addendum", "reopen")


def upgrade() -> None:
    op.create_table(
        "clinic_text",
        sa.Column("clinic_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("title", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("body", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("outcome", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("changed_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("changed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("retired_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["clinic_id", "changed_by"],
            ["staff.clinic_id", "staff.id"],
            name=op.f("fk_clinic_text_clinic_id_staff"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_clinic_text")),
    )
    op.add_column(
        "worklist_row",
        sa.Column("move_due_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    )
    op.create_index("ix_worklist_row_move", "worklist_row", ["clinic_id", "move_due_at"])
    op.add_column("review_entry", sa.Column("details_sealed", sa.LargeBinary(), nullable=True))
    allow_changes(op.get_bind(), "review_entry")
    _allow_kinds((*KINDS, *NEW_KINDS))
    forbid_changes(op.get_bind(), "review_entry", "submission_id")


def downgrade() -> None:
    """What was added afterwards becomes a note; the words for the person and the days go."""
    allow_changes(op.get_bind(), "review_entry")
    listed = ", ".join(repr(kind) for kind in NEW_KINDS)
    # The words are those of the tuple above.
    op.execute(f"UPDATE review_entry SET kind = 'note' WHERE kind IN ({listed})")  # noqa: S608
    _allow_kinds(KINDS)
    op.drop_column("review_entry", "details_sealed")
    forbid_changes(op.get_bind(), "review_entry", "submission_id")
    op.drop_index("ix_worklist_row_move", "worklist_row")
    op.drop_column("worklist_row", "move_due_at")
    op.drop_table("clinic_text")


def _allow_kinds(kinds: Iterable[str]) -> None:
    """Let an entry be of these kinds and no others."""
    name = op.f("ck_review_entry_kind")
    with op.batch_alter_table("review_entry") as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(
            name, f"kind IN ({', '.join(repr(kind) for kind in kinds)})"
        )

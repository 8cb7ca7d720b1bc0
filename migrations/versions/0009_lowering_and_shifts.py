"""lowering and shifts

Revision 0009, after 0008.

What an earlier edition let somebody look at counts as acted on: nobody is alarmed by an upgrade.
"""

from collections.abc import Iterable

import sqlalchemy as sa
import sqlmodel
from alembic import op
from alembic.operations import BatchOperations

from migrations.append_only import allow_changes, forbid_changes

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

KINDS = (
    *("claim", "release", "hand_over", "note", "call", "identify", "agree", "raise", "lower"),
    *("second_yes", "second_no", "close", "ask_close", "close_yes", "close_no"),
    *("visit", "trace", "addendum", "reopen"),
)
SHIFT_KINDS = ("take_over", "hand_accept", "hand_refuse", "lapse")
ORDER = ("clinic_id", "closed", "rank", "due_at", "arrived", "arrived_at", "first_seen_at")
WORKLIST_COLUMNS = {
    "acted_at": sqlmodel.sql.sqltypes.UTCDateTime,
    "handed_to_id": sqlmodel.sql.sqltypes.AutoString,
    "viewer_id": sqlmodel.sql.sqltypes.AutoString,
    "viewed_at": sqlmodel.sql.sqltypes.UTCDateTime,
    "lowered_from": sa.Integer,
    "lowered_reason": sqlmodel.sql.sqltypes.AutoString,
}
TO_STAFF = ("handed_to_id", "viewer_id")


def upgrade() -> None:
    with op.batch_alter_table("worklist_row") as batch_op:
        batch_op.drop_index("ix_worklist_row_order")
        for name, kind in WORKLIST_COLUMNS.items():
            batch_op.add_column(sa.Column(name, kind(), nullable=True))
        for name in TO_STAFF:
            batch_op.create_foreign_key(
                op.f(f"fk_worklist_row_clinic_id_{name}_staff"),
                "staff",
                ["clinic_id", name],
                ["clinic_id", "id"],
            )
        _index_order(batch_op, ["acted_at"])
    op.execute("UPDATE worklist_row SET acted_at = first_seen_at")
    allow_changes(op.get_bind(), "review_entry")
    with op.batch_alter_table("review_entry") as batch_op:
        batch_op.add_column(sa.Column("urgency_before", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("rules_set_aside", sa.JSON(), nullable=True))
        _allow_kinds(batch_op, (*KINDS, *SHIFT_KINDS))
    forbid_changes(op.get_bind(), "review_entry", "submission_id")


def downgrade() -> None:
    """Who took over or accepted took it, and what lapsed or was refused was let go or noted."""
    allow_changes(op.get_bind(), "review_entry")
    op.execute("UPDATE review_entry SET kind = 'claim' WHERE kind IN ('take_over', 'hand_accept')")
    op.execute("UPDATE review_entry SET kind = 'release' WHERE kind = 'lapse'")
    op.execute("UPDATE review_entry SET kind = 'note' WHERE kind = 'hand_refuse'")
    with op.batch_alter_table("review_entry") as batch_op:
        _allow_kinds(batch_op, KINDS)
        batch_op.drop_column("rules_set_aside")
        batch_op.drop_column("urgency_before")
    forbid_changes(op.get_bind(), "review_entry", "submission_id")
    with op.batch_alter_table("worklist_row") as batch_op:
        batch_op.drop_index("ix_worklist_row_order")
        for name in TO_STAFF:
            batch_op.drop_constraint(
                op.f(f"fk_worklist_row_clinic_id_{name}_staff"), type_="foreignkey"
            )
        for name in WORKLIST_COLUMNS:
            batch_op.drop_column(name)
        _index_order(batch_op, [])


def _index_order(batch_op: BatchOperations, more: list[str]) -> None:
    """The index by which the worklist is read, with what counts and filters need."""
    columns = [*ORDER, *more, "forget_at", "owner_id", "state"]
    batch_op.create_index("ix_worklist_row_order", columns, unique=False)


def _allow_kinds(batch_op: BatchOperations, kinds: Iterable[str]) -> None:
    """Let an entry be of these kinds, in the place of those that it may be of."""
    name = op.f("ck_review_entry_kind")
    batch_op.drop_constraint(name, type_="check")
    batch_op.create_check_constraint(name, f"kind IN ({', '.join(repr(kind) for kind in kinds)})")

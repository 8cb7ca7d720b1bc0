"""closing what cannot wait by two

Revision 0005, after 0004.
"""

from collections.abc import Iterable

import sqlalchemy as sa
import sqlmodel
from alembic import op

from migrations.append_only import allow_changes, forbid_changes

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KINDS = (
    *("claim", "release", "hand_over", "note", "call", "identify"),
    *("agree", "raise", "lower", "second_yes", "second_no", "close"),
)
STATES_BEFORE = ("new", "claimed", "second_look", "closed")
STATES = ("new", "claimed", "second_look", "second_close", "closed")


def upgrade() -> None:
    op.add_column(
        "worklist_row",
        sa.Column("waits_since", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    )
    _allow("worklist_row", "state", STATES)
    allow_changes(op.get_bind(), "review_entry")
    _allow("review_entry", "kind", (*KINDS, "ask_close", "close_yes", "close_no"))
    forbid_changes(op.get_bind(), "review_entry", "submission_id")


def downgrade() -> None:
    """Who was asked becomes a note, and what two closed was closed; nothing waits any more."""
    allow_changes(op.get_bind(), "review_entry")
    op.execute("UPDATE review_entry SET kind = 'close' WHERE kind = 'close_yes'")
    op.execute("UPDATE review_entry SET kind = 'note' WHERE kind IN ('ask_close', 'close_no')")
    op.execute("UPDATE worklist_row SET state = 'claimed' WHERE state = 'second_close'")
    _allow("review_entry", "kind", KINDS)
    forbid_changes(op.get_bind(), "review_entry", "submission_id")
    _allow("worklist_row", "state", STATES_BEFORE)
    op.drop_column("worklist_row", "waits_since")


def _allow(table: str, column: str, words: Iterable[str]) -> None:
    """Let the column hold these words, in the place of those that it may hold."""
    name = op.f(f"ck_{table}_{column}")
    with op.batch_alter_table(table) as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(
            name, f"{column} IN ({', '.join(repr(word) for word in words)})"
        )

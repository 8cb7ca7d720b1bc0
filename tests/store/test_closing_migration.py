"""Going back to before closings by two: what was said stays, and nothing waits for ever."""

import pytest
from alembic import command
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from app.store.db.database import migration_config, upgrade_schema
from app.store.db.patient_tables import REVIEW_KINDS, STATES
from tests.store.rows import A_ROW_OF, fill

ENTRY = """INSERT INTO review_entry (clinic_id, id, submission_id, number, kind, author_id, at,
    version_id, rulebook_sha256, urgency, outcome, idempotency_key)
    SELECT clinic_id, :id, submission_id, :number, :kind, author_id, at,
    version_id, rulebook_sha256, urgency, 'not_reached', :id FROM review_entry WHERE id = 'e1'"""


def add(engine: Engine, number: int, kind: str) -> None:
    with engine.begin() as connection:
        values = {"id": f"n{number}", "number": number, "kind": kind}
        connection.execute(text(ENTRY), values)


def kinds(engine: Engine) -> list[str]:
    with engine.begin() as connection:
        found = connection.execute(text("SELECT kind FROM review_entry ORDER BY number"))
        return list(found.scalars())


def state(engine: Engine, to: str = "") -> str:
    with engine.begin() as connection:
        if to:
            connection.execute(text("UPDATE worklist_row SET state = :to"), {"to": to})
        return str(connection.execute(text("SELECT state FROM worklist_row")).scalar_one())


def test_what_two_closed_is_closed_and_who_was_asked_a_note_for_older_programs(
    database: Engine,
) -> None:
    fill(database)
    for number, kind in enumerate(("ask_close", "close_no", "ask_close", "close_yes"), start=2):
        add(database, number, kind)
    state(database, to="second_close")
    command.downgrade(migration_config(database), "0004")
    assert kinds(database) == ["claim", "note", "note", "note", "close"]
    assert state(database) == "claimed"
    upgrade_schema(database)
    assert kinds(database) == ["claim", "note", "note", "note", "close"]


def test_rows_of_before_are_kept_and_the_new_words_are_taken(database: Engine) -> None:
    fill(database)
    command.downgrade(migration_config(database), "0004")
    before = kinds(database)
    add(database, 2, "close")
    with pytest.raises(IntegrityError):
        add(database, 3, "ask_close")
    upgrade_schema(database)
    assert kinds(database) == [*before, "close"] == [A_ROW_OF["review_entry"]["kind"], "close"]
    for number, kind in enumerate(REVIEW_KINDS, start=3):
        add(database, number, kind)
    assert [state(database, to=one) for one in STATES] == list(STATES)


def test_the_database_takes_no_other_word_and_no_change_of_an_entry(database: Engine) -> None:
    fill(database)
    with pytest.raises(IntegrityError):
        add(database, 2, "closed")
    with pytest.raises(IntegrityError):
        state(database, to="gone")
    with pytest.raises(IntegrityError, match="append-only"), database.begin() as connection:
        connection.execute(text("UPDATE review_entry SET urgency = 0"))

"""Makes the database itself keep rows from change.

Frozen: migrations that have run call these functions, so that a change here would rewrite them.
What has to differ gets a function of its own, for the migrations from then on.

A migration that has SQLite copy such a table (`batch_alter_table`) must call `forbid_changes`
again, since the copy has no triggers; tests/store/test_tables.py tells.
"""

from sqlalchemy import Connection, text

_SQLITE = (
    """CREATE TRIGGER TABLE_stays BEFORE UPDATE ON TABLE
    BEGIN SELECT RAISE(ABORT, 'TABLE is append-only'); END""",
    """CREATE TRIGGER TABLE_kept BEFORE DELETE ON TABLE WHEN CONDITION
    BEGIN SELECT RAISE(ABORT, 'TABLE is append-only'); END""",
)
_POSTGRESQL = (
    """CREATE FUNCTION TABLE_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'TABLE is append-only' USING ERRCODE = 'integrity_constraint_violation';
    END $$""",
    """CREATE FUNCTION TABLE_judge() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF CONDITION THEN
            RAISE EXCEPTION 'TABLE is append-only'
            USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN OLD;
    END $$""",
    """CREATE TRIGGER TABLE_stays BEFORE UPDATE ON TABLE
    FOR EACH ROW EXECUTE FUNCTION TABLE_refuse()""",
    """CREATE TRIGGER TABLE_kept BEFORE DELETE ON TABLE
    FOR EACH ROW EXECUTE FUNCTION TABLE_judge()""",
    """CREATE TRIGGER TABLE_whole BEFORE TRUNCATE ON TABLE
    FOR EACH STATEMENT EXECUTE FUNCTION TABLE_refuse()""",
)
_KEY_LIVES = """EXISTS (SELECT 1 FROM record_key
    WHERE record_key.clinic_id = OLD.clinic_id AND record_key.record_id = OLD.COLUMN)"""


def forbid_changes(connection: Connection, table: str, key_column: str | None) -> None:
    """Refuse every change of the table's rows, and every deletion.

    With a `key_column`, which names the record under whose key a row is sealed, a row may go once
    that key is gone: nobody can read it any more.
    """
    condition = "1 = 1" if key_column is None else _KEY_LIVES.replace("COLUMN", key_column)
    statements = _SQLITE if connection.dialect.name == "sqlite" else _POSTGRESQL
    for statement in statements:
        filled = statement.replace("TABLE", table).replace("CONDITION", condition)
        connection.execute(text(filled))


def allow_changes(connection: Connection, table: str) -> None:
    """Take back what `forbid_changes` made, before the table is dropped or copied."""
    on_table = "" if connection.dialect.name == "sqlite" else f" ON {table}"
    kinds = ("stays", "kept") if connection.dialect.name == "sqlite" else ("stays", "kept", "whole")
    for kind in kinds:
        connection.execute(text(f"DROP TRIGGER {table}_{kind}{on_table}"))
    if connection.dialect.name != "sqlite":
        for name in ("refuse", "judge"):
            connection.execute(text(f"DROP FUNCTION {table}_{name}()"))

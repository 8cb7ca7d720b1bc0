"""What the database itself holds: keys led by the clinic, rows that nobody can change."""

import pytest
from sqlalchemy import Engine, UniqueConstraint, inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import SQLModel

from tests.store.rows import A_ROW_OF, fill

TABLES = SQLModel.metadata.tables
CLINIC_TABLES = sorted(name for name, table in TABLES.items() if "clinic_id" in table.columns)
SERVER_TABLES = {"served_rulebook", "signpost", "share_code", "bucket", "lease", "withdrawal"}
FOR_GOOD = "audit_entry"
WHILE_READABLE = ("submission", "assessment_version", "review_entry")
APPEND_ONLY = [FOR_GOOD, *WHILE_READABLE]


def test_only_tables_of_the_server_have_no_clinic() -> None:
    assert set(TABLES) - set(CLINIC_TABLES) == SERVER_TABLES


BY_TIME = {"ix_worklist_row_forget"}
"""Led by the clinic, SQLite would read the worklist by it and sort all of the clinic's rows."""

ACROSS_CLINICS = {("clinic", "name")}
"""No two clinics have one name, since people choose by it. Sharded, a list of all would hold it."""


@pytest.mark.parametrize("name", CLINIC_TABLES)
def test_the_clinic_leads_every_key_index_and_reference(name: str) -> None:
    table = TABLES[name]
    keys = [list(table.primary_key.columns.keys())]
    keys += [list(index.columns.keys()) for index in table.indexes if index.name not in BY_TIME]
    keys += [list(key.column_keys) for key in table.foreign_key_constraints]
    keys += [
        list(rule.columns.keys())
        for rule in table.constraints
        if isinstance(rule, UniqueConstraint)
    ]
    others = [tuple(key) for key in keys if key[0] != "clinic_id"]
    assert {(name, *key) for key in others} == {row for row in ACROSS_CLINICS if row[0] == name}


def test_no_row_can_point_into_another_clinic(database: Engine) -> None:
    fill(database)
    with database.begin() as connection:
        other = {**A_ROW_OF["clinic"], "clinic_id": "c2", "name": "Dale"}
        connection.execute(TABLES["clinic"].insert(), other)
    row = {**A_ROW_OF["recovery_code"], "clinic_id": "c2"}
    with pytest.raises(IntegrityError), database.begin() as connection:
        connection.execute(TABLES["recovery_code"].insert(), row)


@pytest.mark.parametrize("name", APPEND_ONLY)
def test_no_row_of_an_append_only_table_can_be_changed(database: Engine, name: str) -> None:
    fill(database)
    for column in TABLES[name].columns:
        _refused(database, f"UPDATE {name} SET {column.name} = {column.name}")


@pytest.mark.parametrize("name", APPEND_ONLY)
def test_no_row_of_an_append_only_table_can_be_deleted(database: Engine, name: str) -> None:
    fill(database)
    _refused(database, f"DELETE FROM {name}")


@pytest.mark.parametrize("name", APPEND_ONLY)
def test_no_row_of_an_append_only_table_can_be_replaced(database: Engine, name: str) -> None:
    fill(database)
    columns = ", ".join(TABLES[name].columns.keys())
    if database.dialect.name == "sqlite":
        _refused(database, f"INSERT OR REPLACE INTO {name} SELECT {columns} FROM {name}")
        _refused(database, f"UPDATE OR REPLACE {name} SET clinic_id = clinic_id")
    else:
        again = f"INSERT INTO {name} SELECT {columns} FROM {name}"
        key = ", ".join(TABLES[name].primary_key.columns.keys())
        _refused(database, f"{again} ON CONFLICT ({key}) DO UPDATE SET clinic_id = 'c1'")
        _refused(database, f"TRUNCATE {name} CASCADE")


def test_what_nobody_can_read_any_more_can_be_removed(database: Engine) -> None:
    fill(database)
    with database.begin() as connection:
        for name in ("record_key", "worklist_row", "outbox_message", *reversed(WHILE_READABLE)):
            assert connection.execute(TABLES[name].delete()).rowcount == 1


def test_the_audit_stays_whatever_else_goes(database: Engine) -> None:
    fill(database)
    with database.begin() as connection:
        connection.execute(TABLES["record_key"].delete())
    _refused(database, f"DELETE FROM {FOR_GOOD}")


def test_every_name_in_the_database_is_as_long_as_we_wrote_it(database: Engine) -> None:
    made = {index["name"] for name in TABLES for index in inspect(database).get_indexes(name)}
    meant = {index.name for table in TABLES.values() for index in table.indexes}
    assert meant <= made


@pytest.mark.parametrize(
    ("name", "column", "value"),
    [
        ("assessment_version", "urgency", 5),
        ("review_entry", "kind", "delete"),
        ("staff", "role", "root"),
        ("worklist_row", "state", "lost"),
        ("outbox_message", "kind", "pigeon"),
        ("outbox_message", "ended", "lost"),
        ("patient_message", "kind", "pigeon"),
        ("patient_message", "channel", "fax"),
        ("patient_message", "ended", "lost"),
    ],
)
def test_a_word_or_level_that_we_do_not_know_is_refused(
    database: Engine, name: str, column: str, value: str | int
) -> None:
    row = {**A_ROW_OF[name], column: value}
    with database.begin() as connection:
        for table in SQLModel.metadata.sorted_tables:
            if table.name == name:
                break
            connection.execute(table.insert(), A_ROW_OF[table.name])
    with pytest.raises(IntegrityError), database.begin() as connection:
        connection.execute(TABLES[name].insert(), row)


def _refused(database: Engine, statement: str) -> None:
    with pytest.raises(DBAPIError, match="append-only"), database.begin() as connection:
        connection.execute(text(statement))

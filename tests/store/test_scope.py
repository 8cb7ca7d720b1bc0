"""No query of clinic data without its clinic: as it runs, and as it is written."""

import ast
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel, col

from app.settings import ROOT
from app.store.db import patient_tables, tables
from app.store.db.patient_tables import Person
from app.store.db.scope import (
    PATIENT,
    SCOPE_CLINIC,
    CrossClinicAccess,
    Store,
    prepare_columns,
    prepare_statement,
    refuse_other_clinics,
)
from app.store.db.tables import Clinic, ClinicTable, Staff, StaffInvite
from tests.store.kim import NOON
from tests.store.rows import A_ROW_OF

PERSON = {key: value for key, value in A_ROW_OF["person"].items() if key != "clinic_id"}
BUILDS_STATEMENTS = {
    *("app/store/db/scope.py", "app/store/db/tables.py", "app/store/db/patient_tables.py"),
}
TABLE_MODULES = ("app.store.db.tables", "app.store.db.patient_tables")
SPEAKS_SQL = {
    "app/store/db/scope.py",
    # A backup holds all clinics, and the names of whole schemas are no values.
    "app/store/backups/dump.py",
    "app/store/backups/place.py",
}
HARMLESS = {
    *("Engine", "case", "col", "or_", "and_", "func", "tuple_", "ColumnElement", "IntegrityError"),
    "bindparam",  # a value that comes when the scope sends the statement
    "aliased",  # names a table once more; the scope holds that name to the clinic too
}
FILES = sorted((ROOT / "app").rglob("*.py"))
CLINIC_TABLES = {
    name
    for name, value in {**vars(tables), **vars(patient_tables)}.items()
    if isinstance(value, type) and issubclass(value, ClinicTable)
}

each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))


@pytest.fixture
def store(store: Store) -> Store:
    """In each of two clinics one person, of the same reference."""
    for clinic in ("c1", "c2"):
        with store.writing_scope(clinic, NOON, "kim") as scope:
            scope.add_row(Person, **PERSON)
    return store


def test_a_scope_reads_its_own_clinic_alone(store: Store) -> None:
    with store.reading_scope("c1") as scope:
        assert [person.clinic_id for person in scope.find_all(Person)] == ["c1"]
        assert scope.count_rows(Person) == 1
        assert scope.find_one(Person, id="p1") is not None
        assert scope.execute_read(scope.select_columns(col(Person.clinic_id))).scalars().all() == [
            "c1"
        ]
        assert scope.find_one(Clinic) is not None
        assert scope.find_all(Person, clinic_id="c2") == []


def test_a_scope_that_writes_knows_who_does_and_when(store: Store) -> None:
    with store.writing_scope("c1", NOON, "kim") as scope:
        lee = scope.act_as("lee", NOON + timedelta(minutes=1))
        patient = lee.act_as(PATIENT)
        assert (scope.who, scope.now, scope.staff) == ("kim", NOON, "kim")
        assert (lee.who, lee.now, lee.staff) == ("lee", NOON + timedelta(minutes=1), "lee")
        assert (patient.now, patient.staff) == (lee.now, None)
        patient.update_rows(Person, to={"name_sealed": b"new"})
        assert [person.name_sealed for person in scope.find_all(Person)] == [b"new"]


def test_a_scope_changes_and_removes_in_its_own_clinic_alone(store: Store) -> None:
    with store.writing_scope("c1", NOON, "kim") as scope:
        assert scope.update_rows(Person, to={"name_sealed": b"new"}) == 1
        assert scope.delete_rows(Person) == 1
    with store.reading_scope("c2") as scope:
        assert [person.name_sealed for person in scope.find_all(Person)] == [b"n"]


def test_no_row_is_added_to_or_moved_into_another_clinic(store: Store) -> None:
    with store.writing_scope("c1", NOON, "kim") as scope:
        scope.add_row(Person, **{**PERSON, "id": "p2", "reference_print": "x", "clinic_id": "c2"})
        with pytest.raises(CrossClinicAccess):
            scope.update_rows(Person, to={"clinic_id": "c2"})
    with store.reading_scope("c2") as scope:
        assert scope.count_rows(Person) == 1


@pytest.mark.parametrize(
    "statement",
    [
        select(Person),
        select(Person).where(col(Person.clinic_id) == "c2"),
        select(Person).where(col(Person.clinic_id) != "c1"),
        select(Person).where(col(Person.id) == "c1"),
        select(Person).where(col(Person.clinic_id) == bindparam("other")),
        select(Staff, StaffInvite).where(col(Staff.clinic_id) == "c1"),
        select(Staff)
        .join(StaffInvite, col(StaffInvite.staff_id) == col(Staff.id))
        .where(col(Staff.clinic_id) == "c1"),
        select(Staff).where(
            col(Staff.clinic_id) == "c1",
            col(Staff.id).in_(select(StaffInvite.staff_id)),
        ),
        update(SQLModel.metadata.tables["person"]).values(name_sealed=b"x"),
    ],
)
def test_a_statement_that_reaches_other_clinics_is_neither_sent_nor_prepared(
    statement: Any,
) -> None:
    with pytest.raises(CrossClinicAccess):
        refuse_other_clinics(statement, "c1")
    with pytest.raises(CrossClinicAccess):
        prepare_statement(statement)


def test_a_prepared_statement_reads_the_clinic_of_the_scope_that_sends_it(store: Store) -> None:
    asked = prepare_statement(
        prepare_columns(Person.clinic_id).where(Person.id == bindparam("person"))
    )
    for clinic in ("c1", "c2"):
        with store.reading_scope(clinic) as scope:
            more = {"person": PERSON["id"], SCOPE_CLINIC.key: "c2"}
            assert scope.execute_read(asked, **more).scalars().all() == [clinic]


def test_a_comparison_with_a_table_that_was_not_asked_for_is_not_sent(store: Store) -> None:
    with store.reading_scope("c1") as scope, pytest.raises(CrossClinicAccess, match="staff"):
        scope.find_all(Person, col(Person.id) == col(Staff.id))


def test_two_tables_asked_for_together_are_both_held_to_the_clinic(store: Store) -> None:
    with store.reading_scope("c1") as scope:
        asked = scope.select_columns(col(Person.id), col(Clinic.name))
        joined = asked.where(col(Person.clinic_id) == col(Clinic.clinic_id))
        assert scope.execute_read(joined).all() == [("p1", "Clinic c1")]


def test_a_reading_scope_cannot_write(store: Store) -> None:
    with store.reading_scope("c1") as scope:
        assert not any(hasattr(scope, name) for name in ("add", "add_all", "change", "remove"))
        person = scope.find_one(Person)
        assert person is not None
        person.name_sealed = b"changed"
    with store.reading_scope("c1") as scope:
        assert [person.name_sealed for person in scope.find_all(Person)] == [b"n"]


def test_nothing_is_kept_of_a_block_that_fails(store: Store) -> None:
    with pytest.raises(IntegrityError):
        _remove_one_and_add_another_twice(store)
    with store.reading_scope("c1") as scope:
        assert scope.count_rows(Person) == 1


def test_what_a_block_wrote_it_also_reads(store: Store) -> None:
    with store.writing_scope("c1", NOON, "kim") as scope:
        assert scope.find_one(Person) is not None
        scope.update_rows(Person, to={"name_sealed": b"new"})
        person = scope.find_one(Person)
        assert person is not None
        assert person.name_sealed == b"new"


def test_all_clinics_are_named(store: Store) -> None:
    assert store.list_clinic_ids() == ["c1", "c2"]


def _remove_one_and_add_another_twice(store: Store) -> None:
    with store.writing_scope("c1", NOON, "kim") as scope:
        scope.delete_rows(Person)
        scope.add_rows(Person, [{**PERSON, "id": "p2"}] * 2)


@each_file
def test_a_file_that_names_clinic_tables_builds_no_statements(file: Path) -> None:
    if str(file.relative_to(ROOT)) in BUILDS_STATEMENTS:
        return
    assert _loose(ast.parse(file.read_text("utf-8"))) == []


@each_file
def test_only_the_scope_and_the_guards_write_sql_by_hand(file: Path) -> None:
    if str(file.relative_to(ROOT)) in SPEAKS_SQL:
        return
    tree = ast.parse(file.read_text("utf-8"))
    names = {name for module, name in _imports(tree) if module.startswith("sqlalchemy")}
    assert not names & {"text", "literal_column", "DDL", "TextClause"}


@pytest.mark.parametrize(
    "source",
    [
        "from sqlalchemy import select\nfrom app.store.db.patient_tables import Person",
        "from sqlmodel import Session\nfrom app.store.db.patient_tables import Person",
        "import sqlalchemy as sa\nfrom app.store.db.patient_tables import Person",
        "from sqlalchemy.dialects import postgresql\nfrom app.store.db import tables",
        "from sqlalchemy import select\nimport app.store.db.tables",
        "from app.store.db.patient_tables import Person\nPerson.__table__.select()",
        "from app.store.db.tables import SQLModel\nSQLModel.metadata.tables['person'].select()",
    ],
)
def test_the_rule_sees_a_statement_built_elsewhere(source: str) -> None:
    assert _loose(ast.parse(source)) != []


def test_the_rule_lets_tables_of_the_server_be() -> None:
    source = "from sqlalchemy import select\nfrom app.store.db.tables import Bucket"
    assert _loose(ast.parse(source)) == []


def _loose(tree: ast.AST) -> list[str]:
    """What in a file could reach clinic tables without a scope."""
    imports = list(_imports(tree))
    reached = [
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in {"__table__", "metadata", "exec_driver_sql"}
    ]
    names_them = any(
        (module in TABLE_MODULES and name in {*CLINIC_TABLES, ""})
        or f"{module}.{name}" in TABLE_MODULES
        for module, name in imports
    )
    of_tables = any(module in TABLE_MODULES for module, _ in imports)
    builders = [
        f"{module}.{name}"
        for module, name in imports
        if module.partition(".")[0] in {"sqlalchemy", "sqlmodel"} and name not in HARMLESS
    ]
    return (builders if names_them else []) + (reached if of_tables or names_them else [])


def _imports(tree: ast.AST) -> list[tuple[str, str]]:
    """Every import as module and name; the name is empty where a module is imported whole."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [(node.module or "", alias.name) for alias in node.names]
    return found

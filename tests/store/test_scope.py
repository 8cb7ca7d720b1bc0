"""No query of clinic data without its clinic: as it runs, and as it is written."""

import ast
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel, col

from app.settings import ROOT
from app.store import tables
from app.store.ground.scope import OtherClinic, Store, refuse_other_clinics
from app.store.tables import Clinic, ClinicTable, Person, Staff, StaffInvite
from tests.store.rows import A_ROW_OF

PERSON = {key: value for key, value in A_ROW_OF["person"].items() if key != "clinic_id"}
BUILDS_STATEMENTS = {"app/store/ground/scope.py"}
SPEAKS_SQL = {"app/store/ground/scope.py", "app/store/ground/append_only.py"}
HARMLESS = {
    *("Engine", "case", "col", "or_", "and_", "func", "tuple_", "ColumnElement", "IntegrityError"),
    "aliased",  # names a table once more; the scope holds that name to the clinic too
}
FILES = sorted((ROOT / "app").rglob("*.py"))
CLINIC_TABLES = {
    name
    for name, value in vars(tables).items()
    if isinstance(value, type) and issubclass(value, ClinicTable)
}

each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))


@pytest.fixture
def store(store: Store) -> Store:
    """In each of two clinics one person, of the same reference."""
    for clinic in ("c1", "c2"):
        with store.writing(clinic) as scope:
            scope.add(Person, **PERSON)
    return store


def test_a_scope_reads_its_own_clinic_alone(store: Store) -> None:
    with store.reading("c1") as scope:
        assert [person.clinic_id for person in scope.all(Person)] == ["c1"]
        assert scope.count(Person) == 1
        assert scope.one(Person, id="p1") is not None
        assert scope.run(scope.columns(col(Person.clinic_id))).scalars().all() == ["c1"]
        assert scope.one(Clinic) is not None
        assert scope.all(Person, clinic_id="c2") == []


def test_a_scope_changes_and_removes_in_its_own_clinic_alone(store: Store) -> None:
    with store.writing("c1") as scope:
        assert scope.change(Person, to={"name_sealed": b"new"}) == 1
        assert scope.remove(Person) == 1
    with store.reading("c2") as scope:
        assert [person.name_sealed for person in scope.all(Person)] == [b"n"]


def test_no_row_is_added_to_or_moved_into_another_clinic(store: Store) -> None:
    with store.writing("c1") as scope:
        scope.add(Person, **{**PERSON, "id": "p2", "reference_print": "x", "clinic_id": "c2"})
        with pytest.raises(OtherClinic):
            scope.change(Person, to={"clinic_id": "c2"})
    with store.reading("c2") as scope:
        assert scope.count(Person) == 1


@pytest.mark.parametrize(
    "statement",
    [
        select(Person),
        select(Person).where(col(Person.clinic_id) == "c2"),
        select(Person).where(col(Person.clinic_id) != "c1"),
        select(Person).where(col(Person.id) == "c1"),
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
def test_a_statement_that_reaches_other_clinics_is_not_sent(statement: Any) -> None:
    with pytest.raises(OtherClinic):
        refuse_other_clinics(statement, "c1")


def test_a_comparison_with_a_table_that_was_not_asked_for_is_not_sent(store: Store) -> None:
    with store.reading("c1") as scope, pytest.raises(OtherClinic, match="staff"):
        scope.all(Person, col(Person.id) == col(Staff.id))


def test_two_tables_asked_for_together_are_both_held_to_the_clinic(store: Store) -> None:
    with store.reading("c1") as scope:
        asked = scope.columns(col(Person.id), col(Clinic.name))
        joined = asked.where(col(Person.clinic_id) == col(Clinic.clinic_id))
        assert scope.run(joined).all() == [("p1", "Clinic c1")]


def test_a_reading_scope_cannot_write(store: Store) -> None:
    with store.reading("c1") as scope:
        assert not any(hasattr(scope, name) for name in ("add", "add_all", "change", "remove"))
        person = scope.one(Person)
        assert person is not None
        person.name_sealed = b"changed"
    with store.reading("c1") as scope:
        assert [person.name_sealed for person in scope.all(Person)] == [b"n"]


def test_nothing_is_kept_of_a_block_that_fails(store: Store) -> None:
    with pytest.raises(IntegrityError):
        _remove_one_and_add_another_twice(store)
    with store.reading("c1") as scope:
        assert scope.count(Person) == 1


def test_what_a_block_wrote_it_also_reads(store: Store) -> None:
    with store.writing("c1") as scope:
        assert scope.one(Person) is not None
        scope.change(Person, to={"name_sealed": b"new"})
        person = scope.one(Person)
        assert person is not None
        assert person.name_sealed == b"new"


def test_all_clinics_are_named(store: Store) -> None:
    assert store.clinics() == ["c1", "c2"]


def _remove_one_and_add_another_twice(store: Store) -> None:
    with store.writing("c1") as scope:
        scope.remove(Person)
        scope.add_all(Person, [{**PERSON, "id": "p2"}] * 2)


@each_file
def test_a_file_that_names_clinic_tables_builds_no_statements(file: Path) -> None:
    if str(file.relative_to(ROOT)) in BUILDS_STATEMENTS or file.parent.name == "tables":
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
        "from sqlalchemy import select\nfrom app.store.tables import Person",
        "from sqlmodel import Session\nfrom app.store.tables.patients import Person",
        "import sqlalchemy as sa\nfrom app.store.tables import Person",
        "from sqlalchemy.dialects import postgresql\nfrom app.store import tables",
        "from sqlalchemy import select\nimport app.store.tables",
        "from app.store.tables import Person\nPerson.__table__.select()",
        "from app.store.tables import SQLModel\nSQLModel.metadata.tables['person'].select()",
    ],
)
def test_the_rule_sees_a_statement_built_elsewhere(source: str) -> None:
    assert _loose(ast.parse(source)) != []


def test_the_rule_lets_tables_of_the_server_be() -> None:
    source = "from sqlalchemy import select\nfrom app.store.tables import Bucket"
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
        (module.startswith("app.store.tables") and name in {*CLINIC_TABLES, ""})
        or (module, name) == ("app.store", "tables")
        for module, name in imports
    )
    of_tables = any(module.startswith("app.store.tables") for module, _ in imports)
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

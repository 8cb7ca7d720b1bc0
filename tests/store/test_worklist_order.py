"""The worklist's index: pages of any size in order, each row once, read without sorting."""

import os
from datetime import timedelta

import pytest
from sqlalchemy import Engine, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel, col, select

from app.store import worklist
from app.store.db.patient_tables import WorklistRow
from app.store.db.scope import Scope, Store
from tests.store.rows import A_ROW_OF, KEYRING, THEN, fill

ROWS = 100_000 if os.environ.get("CALCINOSIS_SOAK") else 2_000
PAGE = 50
TABLES = SQLModel.metadata.tables
ORDER = worklist.WORKLIST_ORDER


@pytest.fixture
def full(database: Engine) -> Store:
    """A worklist of many rows, many of them equally urgent and due at the same time."""
    fill(database)
    with database.begin() as connection:
        connection.execute(TABLES["worklist_row"].delete())
        for name, key in (("submission", "id"), ("worklist_row", "submission_id")):
            row = A_ROW_OF[name]
            rows = [{**row, **_differs(name, number), key: f"x{number}"} for number in range(ROWS)]
            connection.execute(TABLES[name].insert(), rows)
        analyse = "ANALYZE" if database.dialect.name == "sqlite" else "ANALYZE worklist_row"
        connection.exec_driver_sql(analyse)
    return Store(database, KEYRING)


def test_pages_show_every_row_once_and_in_order(full: Store) -> None:
    seen: list[WorklistRow] = []
    while True:
        with full.reading_scope("c1") as scope:
            page = page_after(scope, seen[-1] if seen else None)
        seen += page
        if len(page) < PAGE:
            break
    keys = [(row.rank, row.due_at, row.arrived) for row in seen]
    assert keys == sorted(keys)
    assert len({row.submission_id for row in seen}) == ROWS


def test_a_page_is_read_from_the_index_in_its_order(full: Store) -> None:
    statement = (
        select(WorklistRow)
        .where(col(WorklistRow.clinic_id) == "c1", col(WorklistRow.closed).is_(False))
        .where(tuple_(*ORDER) > (1, THEN + timedelta(minutes=5), 40))
        .order_by(*ORDER)
        .limit(PAGE)
    )
    sqlite_only = full.engine.dialect.name == "sqlite"
    dialect = sqlite.dialect() if sqlite_only else postgresql.dialect()
    words = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    explain = "EXPLAIN QUERY PLAN " if sqlite_only else "EXPLAIN "
    with full.engine.begin() as connection:
        plan = str(connection.exec_driver_sql(explain + words).all())
    assert "ix_worklist_row_order" in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan


def page_after(scope: Scope, last: WorklistRow | None) -> list[WorklistRow]:
    after = [tuple_(*ORDER) > (last.rank, last.due_at, last.arrived)] if last is not None else []
    return scope.find_all(WorklistRow, *after, closed=False, order_by=ORDER, limit=PAGE)


def _differs(name: str, number: int) -> dict[str, object]:
    if name == "submission":
        reference = {"reference": f"R{number}", "invitation_id": None}
        return {**reference, "arrived": number + 10, "idempotency_key": f"k{number + 10}"}
    due = THEN + timedelta(minutes=number * 7919 % 40)
    return {"arrived": number + 10, "rank": number % 5, "due_at": due}

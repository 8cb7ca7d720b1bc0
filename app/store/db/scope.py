"""One clinic's share of the database, for the length of one transaction.

The only way to clinic data: whoever has no scope has no clinic, and a statement that would read or
write another clinic's rows is refused before it is sent. tests/store/test_scope.py holds that no
other file builds statements on tables of clinics.
"""

import copy
import functools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self, TypeVar, cast

from sqlalchemy import (
    BinaryExpression,
    BindParameter,
    ColumnElement,
    Connection,
    CursorResult,
    Engine,
    Executable,
    Result,
    ScalarResult,
    Select,
    String,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.sql import operators, visitors

from app.store.db.encryption import KeyEncryptionKeys
from app.store.db.erasures import ERASURES_FILE, note_erasures
from app.store.db.sqlite import ONLY_READS
from app.store.db.tables import ChangeCounter, Clinic, ClinicTable, ServerTable

Row = TypeVar("Row", bound=ClinicTable)
PATIENT = "patient"
"""Who writes where a person sends their answers."""
Criterion = ColumnElement[bool] | bool
"""What a comparison of columns gives; by its types, `Table.column == value` is a bool."""

SCOPE_CLINIC: BindParameter[str] = bindparam("scope_clinic", type_=String())
"""The clinic of the scope that sends a statement, which the statement leaves open."""
_PREPARED: set[Executable] = set()


class CrossClinicAccess(Exception):
    """A statement would have reached rows of other clinics; it was not sent."""


@dataclass(frozen=True, slots=True)
class Store:
    """The database and the keys to what is sealed in it."""

    engine: Engine
    keyring: KeyEncryptionKeys

    @contextmanager
    def reading_scope(self, clinic: str) -> Iterator["Scope"]:
        """A scope that only reads: it waits for nobody, and nobody for it."""
        engine = self.engine.execution_options(**{ONLY_READS: True, "postgresql_readonly": True})
        with engine.begin() as connection:
            yield Scope(clinic, connection, self.keyring)

    @contextmanager
    def writing_scope(self, clinic: str, now: datetime, who: str) -> Iterator["WritingScope"]:
        """A scope that also writes, kept on the disk when the block ends, or not at all.

        Those who write for one clinic take turns, so what counts up there has no gaps and no
        two wait for each other in a ring. `who`: an id of staff, or patient, command, job or
        nobody.
        """
        with self.engine.begin() as connection:
            if self.engine.dialect.name == "postgresql":
                turn = text("SELECT pg_advisory_xact_lock(hashtextextended(:clinic, 0))")
                connection.execute(turn, {"clinic": clinic})
            scope = WritingScope(clinic, connection, self.keyring)
            scope.now, scope.who, scope.destroyed = now, who, []
            yield scope
            if scope.destroyed and self.keyring.file is not None:
                file = self.keyring.file.with_name(ERASURES_FILE)
                note_erasures(file, clinic, scope.destroyed, now)

    def list_clinic_ids(self) -> list[str]:
        """The ids of all clinics, for what is done to each in turn."""
        return query_clinic_ids(self.engine)

    def read_change_versions(self, clinics: Collection[str]) -> dict[str, int]:
        """How often the bell of each of these clinics has rung, in one query: counts, no more."""
        columns = _sql_table(ChangeCounter).c
        asked = select(columns.clinic_id, columns.rung).where(columns.clinic_id.in_(clinics))
        with self.engine.execution_options(**{ONLY_READS: True}).begin() as connection:
            return {row.clinic_id: row.rung for row in connection.execute(asked)}


class Scope:
    """Reads the rows of one clinic."""

    def __init__(self, clinic: str, connection: Connection, keyring: KeyEncryptionKeys) -> None:
        self.clinic = clinic
        self.keyring = keyring
        self._connection = connection
        # It builds rows as typed objects and never writes: a changed object changes nothing.
        self._session = Session(connection, autoflush=False)

    @property
    def dialect_name(self) -> str:
        """The kind of database: sqlite or postgresql."""
        return self._connection.dialect.name

    def find_one(self, table: type[Row], *where: Criterion, **equals: object) -> Row | None:
        """The only row that fits, or None. Raises MultipleResultsFound where there are more."""
        return self._select_rows(table, where, equals).one_or_none()

    def require_one(self, table: type[Row], missing: type[Exception], **equals: object) -> Row:
        """The only row that fits. Raises `missing` where there is none."""
        row = self.find_one(table, **equals)
        if row is None:
            raise missing
        return row

    def find_first(
        self,
        table: type[Row],
        *where: Criterion,
        order_by: Sequence[Any] = (),
        **equals: object,
    ) -> Row | None:
        """The first row that fits, in that order, or None."""
        return next(iter(self.find_all(table, *where, order_by=order_by, limit=1, **equals)), None)

    def find_all(
        self,
        table: type[Row],
        *where: Criterion,
        order_by: Sequence[Any] = (),
        limit: int | None = None,
        **equals: object,
    ) -> list[Row]:
        """The rows that fit, in that order."""
        return list(self._select_rows(table, where, equals, order_by, limit))

    def count_rows(self, table: type[ClinicTable], *where: Criterion, **equals: object) -> int:
        """How many rows fit."""
        counted = select(func.count()).select_from(_sql_table(table))
        found = self.execute_read(self._narrow_statement(counted, table, where, equals))
        return int(found.scalar_one())

    def select_columns(self, *columns: Any) -> Any:
        """A select of these columns, narrowed to the clinic in all their tables, to be executed."""
        tables = dict.fromkeys(_clinic_tables_in(columns))
        return select(*columns).where(*(table.c.clinic_id == self.clinic for table in tables))

    def execute_read(self, statement: Executable, **values: object) -> Result[Any]:
        """Send a statement, with the values of what it leaves open.

        Raises CrossClinicAccess where it is not narrowed to this clinic.
        """
        if statement not in _PREPARED:
            refuse_other_clinics(statement, self.clinic)
        values[SCOPE_CLINIC.key] = self.clinic
        options = {"populate_existing": True}
        return self._session.execute(statement, values, execution_options=options)

    def _select_rows(
        self,
        table: type[Row],
        where: Sequence[Criterion],
        equals: Mapping[str, object],
        order_by: Sequence[Any] = (),
        limit: int | None = None,
    ) -> ScalarResult[Row]:
        """The rows that fit; what differs by its values alone is built once."""
        # Left open, a truth value would match no partial index, and nothing is equal to NULL.
        fixed = {name: v for name, v in equals.items() if v is None or isinstance(v, bool)}
        given = {name: value for name, value in equals.items() if name not in fixed}
        statement: Any = _prepare_rows(table, tuple(given), tuple(fixed.items()))
        if where or order_by or limit is not None:
            statement = statement.where(*where).order_by(*order_by).limit(limit)
        return self.execute_read(statement, **given).scalars()

    def _narrow_statement(
        self, statement: Any, table: type[ClinicTable], where: Iterable[Any], equals: dict[str, Any]
    ) -> Any:
        """The statement for this clinic's rows alone that fit."""
        columns = _sql_table(table).c
        fits = [columns[name] == value for name, value in equals.items()]
        return statement.where(columns.clinic_id == self.clinic, *fits, *where)


class WritingScope(Scope):
    """Reads and writes the rows of one clinic. `who` does it, at the moment `now`.

    `destroyed`: records whose keys go with this transaction.
    """

    now: datetime
    who: str
    destroyed: list[str]

    @property
    def staff(self) -> str | None:
        """Who of the staff writes; None where it is the person themselves."""
        return None if self.who == PATIENT else self.who

    def act_as(self, who: str, now: datetime | None = None) -> Self:
        """The same transaction for what someone else does in it, or does at another moment."""
        other = copy.copy(self)
        other.who, other.now = who, now or self.now
        return other

    def add_row(self, table: type[ClinicTable], **values: object) -> None:
        """Add a row."""
        self.add_rows(table, [values])

    def add_rows(self, table: type[ClinicTable], rows: Sequence[Mapping[str, object]]) -> None:
        """Add rows that have the same columns."""
        if rows:
            owned = [{**row, "clinic_id": self.clinic} for row in rows]
            self._connection.execute(insert(_sql_table(table)), owned)

    def update_rows(
        self,
        table: type[ClinicTable],
        *where: Criterion,
        to: Mapping[str, object],
        **equals: object,
    ) -> int:
        """Change the rows that fit; give how many there were."""
        if "clinic_id" in to:
            raise CrossClinicAccess("no row moves to another clinic")
        changed = update(_sql_table(table)).values(to)
        return self.execute_write(self._narrow_statement(changed, table, where, equals))

    def delete_rows(self, table: type[ClinicTable], *where: Criterion, **equals: object) -> int:
        """Delete the rows that fit; give how many there were."""
        gone = delete(_sql_table(table))
        return self.execute_write(self._narrow_statement(gone, table, where, equals))

    def execute_write(self, statement: Executable) -> int:
        """Send a statement that writes; give how many rows it reached. Raises CrossClinicAccess."""
        refuse_other_clinics(statement, self.clinic)
        result: CursorResult[Any] = self._connection.execute(statement)
        return result.rowcount

    def notify_channel(self, channel: str, words: str) -> None:
        """Tell all servers on PostgreSQL, once this is kept; SQLite has only one server."""
        if self.dialect_name == "postgresql":
            self._connection.execute(select(func.pg_notify(channel, words)))


def insert_into(dialect: str, table: type[ServerTable]) -> postgresql.Insert | sqlite.Insert:
    """The insert of this database that can say what is done about a row that is known already."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def query_clinic_ids(engine: Engine) -> list[str]:
    """The ids of all clinics, by name; it needs no keys."""
    columns = _sql_table(Clinic).c
    with engine.execution_options(**{ONLY_READS: True}).begin() as connection:
        return list(connection.scalars(select(columns.clinic_id).order_by(columns.name)))


def join_selects(parts: Sequence[Any], order: Sequence[Any], limit: int) -> Any:
    """The first rows of several selects of the same columns, in this order of some of them.

    Read apart, each comes from an index in its order; with an OR between them, all is sorted.
    """
    asked = [part.order_by(*order).limit(limit) for part in parts]
    if len(asked) == 1:
        return asked[0]
    joined = union_all(*(select(one.subquery()) for one in asked)).subquery()
    by = [joined.c[column.key] if hasattr(column, "key") else column for column in order]
    return select(joined).order_by(*by).limit(limit)


def prepare_columns(*columns: Any) -> Any:
    """A select of these columns for `prepare_statement`, in all their tables held to the clinic."""
    tables = dict.fromkeys(_clinic_tables_in(columns))
    return select(*columns).where(*(table.c.clinic_id == SCOPE_CLINIC for table in tables))


def prepare_rows(table: type[ClinicTable]) -> Any:
    """A select of the rows of this table for `prepare_statement`, held to the clinic."""
    return select(table).where(_sql_table(table).c.clinic_id == SCOPE_CLINIC)


def prepare_statement(statement: Any) -> Any:
    """A statement that is built once, since what differs is left open by `bindparam`.

    Raises CrossClinicAccess where one of its tables is not held to the clinic.
    """
    refuse_other_clinics(statement, None)
    _PREPARED.add(statement)
    return statement


@functools.cache
def _prepare_rows(
    table: type[Row], given: tuple[str, ...], fixed: tuple[tuple[str, object], ...]
) -> Select[tuple[Row]]:
    columns = _sql_table(table).c
    fits = [columns[name] == bindparam(name, type_=columns[name].type) for name in given]
    fits += [columns[name] == value for name, value in fixed]
    rows: Select[tuple[Row]] = prepare_statement(prepare_rows(table).where(*fits))
    return rows


def refuse_other_clinics(statement: Executable, clinic: str | None) -> None:
    """Raise CrossClinicAccess unless each clinic table in the statement is held to this clinic.

    A net below the methods above: it sees a forgotten table, not one that an `or` lets loose.
    """
    named: set[Any] = set()
    held: set[Any] = set()
    # Every statement can be walked; the type of `iterate` names a narrower class.
    for part in visitors.iterate(statement):  # type: ignore[arg-type]
        table = part if isinstance(part, Table) else getattr(part, "table", None)
        if table is not None and "clinic_id" in getattr(table, "c", ()):
            named.add(table)
        if (
            isinstance(part, BinaryExpression)
            and part.operator is operators.eq
            and getattr(part.left, "name", "") == "clinic_id"
            and isinstance(part.right, BindParameter)
            and (
                part.right.key == SCOPE_CLINIC.key
                or (clinic is not None and part.right.value == clinic)
            )
        ):
            held.add(part.left.table)
    if named - held:
        loose = ", ".join(sorted(str(table) for table in named - held))
        raise CrossClinicAccess(f"not held to one clinic: {loose}")


def _clinic_tables_in(columns: Iterable[Any]) -> Iterator[Any]:
    for column in columns:
        for part in visitors.iterate(column.__clause_element__()):
            table = getattr(part, "table", None)
            if table is not None and "clinic_id" in table.c:
                yield table


@functools.cache
def _sql_table(table: type[ClinicTable]) -> Table:
    return cast("Table", table.__table__)

"""What all tables share. Holds no queries and knows no database.

Times come in and go out with their zone, kept in UTC. A column that ends in `_sealed` holds what
app/store/db/encryption.py made of a text; one that ends in `_hash` or `_print` a hash of something
that must not stand in clear.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

# Without fixed names a migration could not name, and so not drop, a constraint again.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class ServerTable(DeclarativeBase):
    """A table of the whole server, whose columns are typed both on the class and on a row."""

    metadata = SQLModel.metadata
    type_annotation_map = {str: AutoString(), datetime: UTCDateTime()}  # noqa: RUF012


class ClinicTable(ServerTable):
    """A table of clinic data: the clinic leads its key. Only a Scope reads or writes it."""

    __abstract__ = True

    clinic_id: Mapped[str] = mapped_column(primary_key=True, sort_order=-1)


def clinic_foreign_key() -> ForeignKeyConstraint:
    """The clinic is one that we know."""
    return ForeignKeyConstraint(["clinic_id"], ["clinic.clinic_id"])


def row_foreign_key(table: str, column: str) -> ForeignKeyConstraint:
    """The column names a row of that table, of the same clinic."""
    return ForeignKeyConstraint(["clinic_id", column], [f"{table}.clinic_id", f"{table}.id"])


def word_check(column: str, words: Iterable[str]) -> CheckConstraint:
    """The column holds one of these words."""
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def urgency_check() -> CheckConstraint:
    """The column `urgency` holds a level from 0, self_care, to 4, emergency."""
    return CheckConstraint("urgency BETWEEN 0 AND 4", name="urgency")

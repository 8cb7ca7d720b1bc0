"""The tables, all of them. A change here needs a migration; `alembic check` tells.

Holds no queries and knows no database; times come in and go out with their zone, kept in UTC.
"""

from datetime import datetime

from sqlmodel import Field, SQLModel

# Without fixed names a migration could not name, and so not drop, a constraint again.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class ServedRulebook(SQLModel, table=True):
    """A rulebook that this server has answered with, and since when."""

    __tablename__ = "served_rulebook"

    version: str = Field(primary_key=True)
    sha256: str = Field(primary_key=True)
    first_served_at: datetime

"""Tables of the whole server: what is served, and what leads from outside to a clinic.

No row here says anything about a person that could be read without the keys.
"""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from app.store.db.tables.base import word_check


class ServedRulebook(SQLModel, table=True):
    """A rulebook that this server has answered with, and since when."""

    __tablename__ = "served_rulebook"

    version: str = Field(primary_key=True)
    sha256: str = Field(primary_key=True)
    first_served_at: datetime


class BlindIndexEntry(SQLModel, table=True):
    """Where a word typed outside any clinic leads: a sign-in name or an invitation's code.

    It names a clinic and a record there; what that record is worth, the clinic's tables say.
    """

    __tablename__ = "signpost"
    __table_args__ = (word_check("kind", ("staff", "code")),)

    word_print: str = Field(primary_key=True)
    kind: str
    leads_to_clinic: str
    record_id: str


class ShareCode(SQLModel, table=True):
    """A self-check that a person wants to hand to a clinic; which one is not known yet.

    It carries its own wrapped key, since it belongs to no clinic before it is taken.
    """

    __tablename__ = "share_code"

    code_print: str = Field(primary_key=True)
    wrapped_key: bytes
    answers_sealed: bytes
    region: str
    rulebook_version: str
    rulebook_sha256: str
    made_at: datetime
    expires_at: datetime = Field(index=True)
    taken_at: datetime | None = None


class Bucket(SQLModel, table=True):
    """A bucket of tokens that fills up evenly, told by the moment at which it is full again."""

    __tablename__ = "bucket"

    key_hash: str = Field(primary_key=True)
    full_at: int = Field(sa_type=BigInteger, index=True)  # microseconds since 1970


class Lease(SQLModel, table=True):
    """Which server does a recurring job now, so that no two do it at once."""

    __tablename__ = "lease"

    job: str = Field(primary_key=True)
    holder: str
    until: datetime

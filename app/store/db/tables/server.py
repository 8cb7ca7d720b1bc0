"""Tables of the whole server: what is served, and what leads from outside to a clinic.

No row here says anything about a person that could be read without the keys.
"""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from app.store.db.tables.base import ServerTable, word_check


class ServedRulebook(ServerTable):
    """A rulebook that this server has answered with, and since when."""

    __tablename__ = "served_rulebook"

    version: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(primary_key=True)
    first_served_at: Mapped[datetime]


class BlindIndexEntry(ServerTable):
    """Where a word typed outside any clinic leads: a sign-in name or an invitation's code.

    It names a clinic and a record there; what that record is worth, the clinic's tables say.
    """

    __tablename__ = "signpost"
    __table_args__ = (word_check("kind", ("staff", "code")),)

    word_print: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    leads_to_clinic: Mapped[str]
    record_id: Mapped[str]


class ShareCode(ServerTable):
    """A self-check that a person wants to hand to a clinic; which one is not known yet.

    It carries its own wrapped key, since it belongs to no clinic before it is taken.
    """

    __tablename__ = "share_code"

    code_print: Mapped[str] = mapped_column(primary_key=True)
    wrapped_key: Mapped[bytes]
    answers_sealed: Mapped[bytes]
    region: Mapped[str]
    rulebook_version: Mapped[str]
    rulebook_sha256: Mapped[str]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    taken_at: Mapped[datetime | None]


class Bucket(ServerTable):
    """A bucket of tokens that fills up evenly, told by the moment at which it is full again."""

    __tablename__ = "bucket"

    key_hash: Mapped[str] = mapped_column(primary_key=True)
    full_at: Mapped[int] = mapped_column(BigInteger, index=True)  # microseconds since 1970


class Lease(ServerTable):
    """Which server does a recurring job now, so that no two do it at once."""

    __tablename__ = "lease"

    job: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    until: Mapped[datetime]

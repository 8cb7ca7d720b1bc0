"""Takes a rulebook out of use, or closes the checker, for every server of this database at once.

Each server looks at it every few seconds. The level of what was sent stands: a withdrawal lowers
nothing, it says that people have to look themselves.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine, insert, select, update
from sqlalchemy.orm import Session

from app.store.db import audit
from app.store.db.audit import SERVER_CHAIN
from app.store.db.scope import Store
from app.store.db.sqlite import ONLY_READS
from app.store.db.tables import ServedRulebook, Withdrawal


class NothingToEnd(Exception):
    """Nothing is withdrawn, so nothing can be taken back."""


@dataclass(frozen=True, slots=True)
class WithdrawalState:
    """What holds now. `versions`, `hashes`: of withdrawn rulebooks, each with since when."""

    checker_closed: bool = False
    versions: Mapping[str, datetime] = field(default_factory=dict)
    hashes: Mapping[str, datetime] = field(default_factory=dict)

    def closes(self, version: str) -> bool:
        """Whether a server with this rulebook gives no advice."""
        return self.checker_closed or version in self.versions


def withdraw(store: Store, now: datetime, version: str | None, reason: str, by: str) -> None:
    """Take a rulebook out of use; without a version, close the checker. Twice is as once."""
    with store.engine.begin() as connection:
        same = Withdrawal.rulebook_version == version if version else _OF_CHECKER
        if connection.execute(select(Withdrawal.id).where(same, _HOLDS)).first() is None:
            row = {"rulebook_version": version, "reason": reason, "made_by": by, "made_at": now}
            connection.execute(insert(Withdrawal).values(id=secrets.token_urlsafe(9), **row))
    _audit(store, now, "advice_withdrawn", version or "checker")


def end_withdrawals(store: Store, now: datetime, version: str | None, by: str) -> None:
    """Let a rulebook, or without a version the checker, be used again. Raises NothingToEnd."""
    same = Withdrawal.rulebook_version == version if version else _OF_CHECKER
    with store.engine.begin() as connection:
        ended = {"ended_by": by, "ended_at": now}
        if not connection.execute(update(Withdrawal).where(same, _HOLDS).values(ended)).rowcount:
            raise NothingToEnd
    _audit(store, now, "advice_given_again", version or "checker")


_HOLDS = Withdrawal.ended_at.is_(None)
_OF_CHECKER = Withdrawal.rulebook_version.is_(None)


def _audit(store: Store, now: datetime, action: str, what: str) -> None:
    with store.writing_scope(SERVER_CHAIN, now, "command") as scope:
        audit.record_event(scope, action, ("rulebook", what))


def read_state(engine: Engine) -> WithdrawalState:
    """What holds now, in two short queries."""
    with engine.execution_options(**{ONLY_READS: True}).begin() as connection:
        asked = select(Withdrawal.rulebook_version, Withdrawal.made_at).where(_HOLDS)
        rows = connection.execute(asked).all()
        versions = {version: at for version, at in rows if version is not None}
        served = select(ServedRulebook.sha256, ServedRulebook.version)
        known = served.where(ServedRulebook.version.in_(versions))
        found = connection.execute(known).all() if versions else []
    hashes = {sha256: versions[version] for sha256, version in found}
    closed = any(version is None for version, _ in rows)
    return WithdrawalState(closed, versions, hashes)


def list_withdrawals(engine: Engine) -> list[Withdrawal]:
    """All that there were, the newest first."""
    with Session(engine) as session:
        newest = select(Withdrawal).order_by(Withdrawal.made_at.desc(), Withdrawal.id)
        return list(session.scalars(newest))

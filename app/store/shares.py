"""Self-checks to be shown to a nurse: sealed under a code, for half an hour, and taken once.

Until its person asks for it nothing is stored, and until a nurse types the code nobody knows to
which clinic it goes. The code follows from a random key that only the person's browser holds; the
database has its hash. Once it is taken, the answers are gone from here. Knows no rule.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlmodel import col

from app.store import submissions
from app.store.ground import limits
from app.store.ground.database import ONLY_READS
from app.store.ground.limits import Limit
from app.store.ground.neighbourhood import neighbourhood
from app.store.ground.scope import Store, WritingScope
from app.store.ground.sealing import Keyring, RecordKey, WillNotOpen
from app.store.invitations import as_typed, spelled
from app.store.keeping.audit import SERVER
from app.store.submissions import Came
from app.store.tables import ShareCode
from app.store.versions import Handed
from app.triage.targets import Targets
from app.triage.terms import Assessment, Finding, Urgency

LASTS = timedelta(minutes=30)
SEEN_FOR = timedelta(days=1)
"""How long its person can look up who took it; the cookie that leads there lasts no longer."""
MAKING = Limit("share codes made from one address", 60, timedelta(hours=1))
TRYING = Limit("share codes tried by one of the staff", 60, timedelta(hours=1))

Again = Callable[[Handed], Handed | None]
"""What today's rules make of it, where they are others than those that the person was told by."""


class ShareGone(Exception):
    """The code ended, was taken back or taken, or never was: nobody is told which."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Who has it now."""

    clinic: str
    submission: str


@dataclass(frozen=True, slots=True)
class Shared:
    """A code as its person sees it; `taken` is None as long as it waits."""

    code: str
    expires_at: datetime
    handed: Handed | None
    taken: Taken | None


def offer(store: Store, key: str, handed: Handed, now: datetime, *, address: str) -> None:
    """Keep what is to be shown under the code of this key; twice is once. Raises TooMany."""
    print_ = _print(store.keyring, code_of(store.keyring, key))
    if _row(store, print_) is not None:
        return
    limits.take(store.engine, MAKING, neighbourhood(address), now)
    sealing, wrapped = store.keyring.make(SERVER, print_)
    row = {
        "code_print": print_,
        "wrapped_key": wrapped,
        "answers_sealed": _sealed(sealing, print_, _body(handed)),
        "region": handed.region,
        "rulebook_version": handed.rulebook_version,
        "rulebook_sha256": handed.rulebook_sha256,
        "made_at": now,
        "expires_at": now + LASTS,
    }
    sweep(store, now)
    try:
        with store.engine.begin() as connection:
            connection.execute(insert(ShareCode).values(row))
    except IntegrityError:
        return  # the same button, pressed twice at once


def look(store: Store, key: str, now: datetime) -> Shared:
    """What became of it, for its person. Raises ShareGone, and forgets what has ended."""
    code = code_of(store.keyring, key)
    row = _row(store, _print(store.keyring, code))
    if row is None:
        raise ShareGone
    if row.expires_at <= now:
        sweep(store, now)
        raise ShareGone
    body = _opened(store.keyring, row)
    if row.taken_at is None:
        return Shared(code, row.expires_at, _handed(row, body), None)
    return Shared(code, row.expires_at, None, Taken(body["clinic"], body["submission"]))


def take_back(store: Store, key: str) -> None:
    """Delete it, unless someone has taken it."""
    this = _this(_print(store.keyring, code_of(store.keyring, key)))
    with store.engine.begin() as connection:
        connection.execute(delete(ShareCode).where(this, col(ShareCode.taken_at).is_(None)))


def take(
    store: Store, clinic: str, code: str, came: Came, targets: Targets, again: Again, now: datetime
) -> str:
    """Turn it into a submission of this clinic, once; give its id.

    What the person was told is the first version. `again` may add what today's rules say; it is
    counted where it is worse. Typed once more by who took it, it leads to the same submission.
    Raises ShareGone or TooMany.
    """
    by = came.taken_by or ""
    limits.take(store.engine, TRYING, f"{clinic} {by}", now)
    print_ = _print(store.keyring, as_typed(code))
    waits = (col(ShareCode.taken_at).is_(None), col(ShareCode.expires_at) > now)
    with store.writing(clinic) as scope:
        claim = update(ShareCode).where(_this(print_), *waits)
        first = scope.write(claim.values(taken_at=now, expires_at=now + SEEN_FOR)) == 1
        row = scope.run(select(ShareCode).where(_this(print_))).scalar_one_or_none()
        if row is None or row.taken_at is None:
            raise ShareGone  # none, or one that has ended and is still to be swept
        body = _opened(store.keyring, row)
        if not first:
            return _taken_before(body, clinic, by)
        submission = _add(scope, now, _handed(row, body), replace(came, key=print_), targets, again)
        pointer = {"clinic": clinic, "submission": submission, "by": by}
        sealed = _sealed(_key(store.keyring, row), print_, pointer)
        scope.write(update(ShareCode).where(_this(print_)).values(answers_sealed=sealed))
        return submission


def sweep(store: Store, now: datetime) -> int:
    """Forget what has ended; give how many there were."""
    with store.engine.begin() as connection:
        over = delete(ShareCode).where(col(ShareCode.expires_at) <= now)
        return connection.execute(over).rowcount


def rewrap(store: Store) -> int:
    """Wrap every key by the newest master key; give how many were wrapped by an older one."""
    done, ring = 0, store.keyring
    with store.engine.begin() as connection:
        columns = (col(ShareCode.code_print), col(ShareCode.wrapped_key))
        for print_, wrapped in connection.execute(select(*columns)).all():
            if not ring.is_newest(wrapped):
                anew = ring.rewrap(SERVER, print_, wrapped)
                connection.execute(update(ShareCode).where(_this(print_)).values(wrapped_key=anew))
                done += 1
    return done


def code_of(keyring: Keyring, key: str) -> str:
    """The code to show to the nurse."""
    return spelled(keyring.fingerprint("share code", key))


def _add(
    scope: WritingScope, now: datetime, told: Handed, came: Came, targets: Targets, again: Again
) -> str:
    came = replace(came, key=f"share:{came.key}", source="share")
    added = submissions.add(scope, now, told, came, targets)
    today = again(told)
    if today is not None:
        row = submissions.line(scope, added.id, now)
        key = f"{came.key}:again"
        submissions.add_findings(scope, now, row, today, targets, came.taken_by or "", key)
    return added.id


def _taken_before(body: Mapping[str, Any], clinic: str, by: str) -> str:
    if (body["clinic"], body["by"]) != (clinic, by):
        raise ShareGone
    return str(body["submission"])


def _row(store: Store, print_: str) -> ShareCode | None:
    engine = store.engine.execution_options(**{ONLY_READS: True})
    with engine.begin() as connection:
        return Session(connection).scalars(select(ShareCode).where(_this(print_))).one_or_none()


def _this(print_: str) -> ColumnElement[bool]:
    return col(ShareCode.code_print) == print_


def _print(keyring: Keyring, code: str) -> str:
    return keyring.fingerprint("share", code)


def _key(keyring: Keyring, row: ShareCode) -> RecordKey:
    return keyring.unwrap(SERVER, row.code_print, row.wrapped_key)


def _sealed(key: RecordKey, print_: str, body: Mapping[str, Any]) -> bytes:
    return key.seal("share_code", print_, "answers", json.dumps(body))


def _opened(keyring: Keyring, row: ShareCode) -> dict[str, Any]:
    """Raises ShareGone where its master key is gone."""
    try:
        key = _key(keyring, row)
        opened = key.open("share_code", row.code_print, "answers", row.answers_sealed)
    except WillNotOpen:
        raise ShareGone from None
    body: dict[str, Any] = json.loads(opened)
    return body


def _body(handed: Handed) -> dict[str, Any]:
    told = handed.assessment
    return {
        "answers": {question: sorted(chosen) for question, chosen in handed.answers.items()},
        "about": handed.about,
        "unsure": handed.unsure,
        "urgency": told.urgency.name,
        "within": told.within,
        "likely_type": told.likely_type,
        "findings": [[f.rule, f.urgency.name, f.certain] for f in told.findings],
    }


def _handed(row: ShareCode, body: Mapping[str, Any]) -> Handed:
    """What the person was told, with all of it that a submission keeps."""
    found = [
        Finding(rule, Urgency[level], certain=certain, because=(), sources=())
        for rule, level, certain in body["findings"]
    ]
    told = Assessment(
        urgency=Urgency[body["urgency"]],
        within=body["within"],
        findings=tuple(found),
        likely_type=body["likely_type"],
        types=(),
        look_alikes=(),
        conflicts=(),
        contradictions=(),
        next_question=None,
        complete=True,
        ignored=(),
        advice={},
    )
    answers = {question: frozenset(chosen) for question, chosen in body["answers"].items()}
    return Handed(
        answers,
        body["about"],
        row.region,
        told,
        body["unsure"],
        row.rulebook_version,
        row.rulebook_sha256,
    )

"""Self-checks to be shown to a nurse: sealed under a code, for half an hour, and taken once.

Until its person asks for it nothing is stored, and until a nurse types the code nobody knows to
which clinic it goes. The code follows from a random key that only the person's browser holds; the
database has its hash. Once it is taken, the answers are gone from here.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.store import submissions, worklist_rows
from app.store.clinics import Targets
from app.store.db import rate_limits
from app.store.db.audit import SERVER_CHAIN
from app.store.db.encryption import DecryptionFailed, KeyEncryptionKeys
from app.store.db.rate_limits import RateLimit, network_prefix
from app.store.db.scope import Store
from app.store.db.sqlite import ONLY_READS
from app.store.db.tables import ShareCode
from app.store.invitations import normalize_code, spell_code
from app.store.submission_versions import SubmittedAnswers, build_body
from app.store.submissions import Delivery
from app.triage.terms import Assessment, Finding, Urgency

SHARE_LIFETIME = timedelta(minutes=30)
STATUS_LIFETIME = timedelta(days=1)
"""How long its person can look up who took it; the cookie that leads there lasts no longer."""
SHARE_OFFER_LIMIT = RateLimit("share codes made from one address", 60, timedelta(hours=1))
SHARE_REDEEM_LIMIT = RateLimit("share codes tried by one of the staff", 60, timedelta(hours=1))

Reassess = Callable[[SubmittedAnswers], SubmittedAnswers | None]
"""What today's rules make of it, where they are others than those that the person was told by."""


class ShareGone(Exception):
    """The code ended, was taken back or taken, or never was: nobody is told which."""


class RedeemedShare(NamedTuple):
    """Who has it now."""

    clinic: str
    submission: str


class ShareStatus(NamedTuple):
    """A code as its person sees it; `taken` is None as long as it waits."""

    code: str
    expires_at: datetime
    submitted: SubmittedAnswers | None
    taken: RedeemedShare | None


def offer_share(
    store: Store, key: str, submitted: SubmittedAnswers, now: datetime, *, address: str
) -> None:
    """Keep what is to be shown under the code of this key; twice is once.

    Raises RateLimitExceeded.
    """
    print_ = _hash_share_code(store.keyring, derive_share_code(store.keyring, key))
    if _find_share_row(store, print_) is not None:
        return
    rate_limits.acquire_tokens(store.engine, SHARE_OFFER_LIMIT, network_prefix(address), now)
    sealing, wrapped = store.keyring.make_data_key(SERVER_CHAIN, print_)
    body = build_body(submitted, unsure=submitted.unsure)
    row = {
        "code_print": print_,
        "wrapped_key": wrapped,
        "answers_sealed": sealing.seal_json("share_code", print_, "answers", body),
        "region": submitted.region,
        "rulebook_version": submitted.rulebook_version,
        "rulebook_sha256": submitted.rulebook_sha256,
        "made_at": now,
        "expires_at": now + SHARE_LIFETIME,
    }
    delete_expired_shares(store, now)
    try:
        with store.engine.begin() as connection:
            connection.execute(insert(ShareCode).values(row))
    except IntegrityError:
        return  # the same button, pressed twice at once


def find_share_status(store: Store, key: str, now: datetime) -> ShareStatus:
    """What became of it, for its person. Raises ShareGone, and forgets what has ended."""
    code = derive_share_code(store.keyring, key)
    row = _find_share_row(store, _hash_share_code(store.keyring, code))
    if row is None:
        raise ShareGone
    if row.expires_at <= now:
        delete_expired_shares(store, now)
        raise ShareGone
    body = _open_body(store.keyring, row)
    if row.taken_at is None:
        return ShareStatus(code, row.expires_at, _restore_answers(row, body), None)
    taken = RedeemedShare(body["clinic"], body["submission"])
    return ShareStatus(code, row.expires_at, None, taken)


def withdraw_share(store: Store, key: str) -> None:
    """Delete it, unless someone has taken it."""
    print_ = _hash_share_code(store.keyring, derive_share_code(store.keyring, key))
    waits = (ShareCode.code_print == print_, ShareCode.taken_at.is_(None))
    with store.engine.begin() as connection:
        connection.execute(delete(ShareCode).where(*waits))


def redeem_share(
    store: Store,
    clinic: str,
    now: datetime,
    who: str,
    code: str,
    delivery: Delivery,
    targets: Targets,
    reassess: Reassess,
) -> str:
    """Turn it into a submission of this clinic, once; give its id.

    What the person was told is the first version. `reassess` may add what today's rules say; it is
    counted where it is worse. Typed once more by who took it, it leads to the same submission.
    Raises ShareGone or RateLimitExceeded.
    """
    rate_limits.acquire_tokens(store.engine, SHARE_REDEEM_LIMIT, f"{clinic} {who}", now)
    print_ = _hash_share_code(store.keyring, normalize_code(code))
    this, waits = ShareCode.code_print == print_, ShareCode.taken_at.is_(None)
    taken = {"taken_at": now, "expires_at": now + STATUS_LIFETIME}
    with store.writing_scope(clinic, now, who) as scope:
        claim = update(ShareCode).where(this, waits, ShareCode.expires_at > now).values(taken)
        first = scope.execute_write(claim) == 1
        row = scope.execute_read(select(ShareCode).where(this)).scalar_one_or_none()
        if row is None or row.taken_at is None:
            raise ShareGone  # none, or one that has ended and is still to be swept
        body = _open_body(store.keyring, row)
        if not first:
            if (body["clinic"], body["by"]) != (clinic, who):
                raise ShareGone
            return str(body["submission"])
        submitted, key = _restore_answers(row, body), f"share:{print_}"
        added = submissions.add_submission(scope, submitted, replace(delivery, key=key), targets)
        submission, today = added.id, reassess(submitted)
        if today is not None:
            listed = worklist_rows.require_row(scope, submission, now)
            submissions.add_corrections(scope, listed, today, targets, f"{key}:again")
        pointer = {"clinic": clinic, "submission": submission, "by": who}
        sealing = store.keyring.unwrap_key(SERVER_CHAIN, print_, row.wrapped_key)
        sealed = sealing.seal_json("share_code", print_, "answers", pointer)
        scope.execute_write(update(ShareCode).where(this).values(answers_sealed=sealed))
        return submission


def delete_expired_shares(store: Store, now: datetime) -> int:
    """Forget what has ended; give how many there were."""
    with store.engine.begin() as connection:
        over = delete(ShareCode).where(ShareCode.expires_at <= now)
        return connection.execute(over).rowcount


def rewrap_share_keys(store: Store) -> int:
    """Wrap every key by the newest master key; give how many were wrapped by an older one."""
    done, ring = 0, store.keyring
    with store.engine.begin() as connection:
        columns = (ShareCode.code_print, ShareCode.wrapped_key)
        for print_, wrapped in connection.execute(select(*columns)).all():
            if not ring.has_newest_wrapping(wrapped):
                anew = ring.rewrap_key(SERVER_CHAIN, print_, wrapped)
                this = update(ShareCode).where(ShareCode.code_print == print_)
                connection.execute(this.values(wrapped_key=anew))
                done += 1
    return done


def derive_share_code(keyring: KeyEncryptionKeys, key: str) -> str:
    """The code to show to the nurse."""
    return spell_code(keyring.keyed_hash("share code", key))


def _find_share_row(store: Store, print_: str) -> ShareCode | None:
    this = select(ShareCode).where(ShareCode.code_print == print_)
    with store.engine.execution_options(**{ONLY_READS: True}).begin() as connection:
        return Session(connection).scalars(this).one_or_none()


def _hash_share_code(keyring: KeyEncryptionKeys, code: str) -> str:
    return keyring.keyed_hash("share", code)


def _open_body(keyring: KeyEncryptionKeys, row: ShareCode) -> dict[str, Any]:
    """Raises ShareGone where its master key is gone."""
    try:
        key = keyring.unwrap_key(SERVER_CHAIN, row.code_print, row.wrapped_key)
        place = ("share_code", row.code_print, "answers")
        body: dict[str, Any] = key.open_json(*place, row.answers_sealed)
    except DecryptionFailed:
        raise ShareGone from None
    return body


def _restore_answers(row: ShareCode, body: Mapping[str, Any]) -> SubmittedAnswers:
    """What the person was told, with all of it that a submission keeps."""
    found = [
        Finding(rule, Urgency[level], certain=certain, because=(), sources=())
        for rule, level, certain in body["findings"]
    ]
    assessment = Assessment(
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
    return SubmittedAnswers(
        answers,
        body["about"],
        row.region,
        assessment,
        body["unsure"],
        row.rulebook_version,
        row.rulebook_sha256,
    )

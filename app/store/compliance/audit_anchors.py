"""Notes the newest entry of each audit in a second place: what is cut off at its end shows there.

A file beside the database and the log of the server; whoever can change the database need not be
able to change what the log was sent to. `calcinosis-check audit verify --anchors FILE` reads it.
"""

import logging
import os
from pathlib import Path

from app.store.db import audit
from app.store.db.audit import SERVER_CHAIN, AuditAnchor
from app.store.db.scope import Store

ANCHOR_FILE = "audit-anchors"
log = logging.getLogger(__name__)


class BadAnchors(ValueError):
    """A line of the file is no anchor."""


def append_anchors(store: Store, folder: Path) -> int:
    """Add a line for each audit that has grown since it was last noted; give how many."""
    file = folder / ANCHOR_FILE
    known = {anchor.clinic: anchor for anchor in (read_anchors(file) if file.exists() else ())}
    grown = [anchor for anchor in list_newest_anchors(store) if known.get(anchor.clinic) != anchor]
    if not grown:
        return 0
    lines = [" ".join(map(str, anchor)) for anchor in grown]
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "w") as kept:
        kept.write("".join(f"{line}\n" for line in lines))
        kept.flush()
        os.fsync(kept.fileno())
    for line in lines:
        log.warning("audit anchor %s", line)  # at a level that every server writes
    return len(grown)


def list_newest_anchors(store: Store) -> list[AuditAnchor]:
    """The newest entry of each audit that has one."""
    found = []
    for clinic in (SERVER_CHAIN, *store.list_clinic_ids()):
        with store.reading_scope(clinic) as scope:
            found.append(audit.read_head(scope))
    return [anchor for anchor in found if anchor is not None]


def read_anchors(file: Path) -> list[AuditAnchor]:
    """The anchors in a file, the oldest first. Raises OSError or BadAnchors."""
    try:
        lines = [line.split() for line in file.read_text("utf-8").splitlines()]
        return [AuditAnchor(clinic, int(number), mac) for clinic, number, mac in lines]
    except ValueError:
        raise BadAnchors(f"{file}: a line is: clinic, number, hash") from None

"""What a clinic has of someone: by any reference of theirs, whole or in part, or by their name.

References are found by their hashes. Names and parts are sealed: for these the newest lines are
opened and looked through, as many as one page can wait for.
"""

import unicodedata
from datetime import datetime
from typing import Any, NamedTuple

from app.store import invitations, people
from app.store.db.patient_tables import Submission, WorklistRow
from app.store.db.scope import Scope
from app.store.invitations import InvitationSummary, normalize_code
from app.store.worklist import WORKLIST_ORDER, WORKLIST_PAGE_SIZE, ListedSubmission, read_lines

MIN_LETTERS = 2
"""Fewer letters would fit nearly everyone."""
OPEN_LOOKED_THROUGH, DONE_LOOKED_THROUGH = 1_000, 500
"""Lines that are opened: what waits, the most urgent first, and what was closed last."""


class WorklistMatches(NamedTuple):
    """What was found. `complete`: no line was left that was not looked through."""

    lines: list[ListedSubmission]
    invited: list[InvitationSummary]
    complete: bool


def search_worklist(scope: Scope, now: datetime, words: str) -> WorklistMatches:
    """All that fits: whole references first, then what waits, then what was closed.

    `words`: the clinic's reference or the one that the person was given, or at least two letters
    of one or of a name, whatever their accents and capitals.
    """
    part = fold_letters(words)
    if len(part) < MIN_LETTERS:
        return WorklistMatches([], [], complete=True)
    kept = WorklistRow.forget_at > now
    newest = [WorklistRow.closed_at.desc()]
    waits, done = [kept, WorklistRow.closed.is_(False)], [kept, WorklistRow.closed.is_(True)]
    open_lines = read_lines(scope, [waits], WORKLIST_ORDER, OPEN_LOOKED_THROUGH)
    done_lines = read_lines(scope, [done], newest, DONE_LOOKED_THROUGH)
    fitting = [line for line in (*open_lines, *done_lines) if _is_of(line, part)]
    whole = _find_by_whole_reference(scope, kept, words)
    by_id = {line.row.submission_id: line for line in (*whole, *fitting)}
    invited = invitations.list_unfinished_invitations(scope, now)
    return WorklistMatches(
        list(by_id.values())[:WORKLIST_PAGE_SIZE],
        [one for one in invited if _fits(part, one.person.reference, one.person.name)],
        complete=len(open_lines) < OPEN_LOOKED_THROUGH and len(done_lines) < DONE_LOOKED_THROUGH,
    )


def _find_by_whole_reference(scope: Scope, kept: Any, words: str) -> list[ListedSubmission]:
    """By the hash of the clinic's own reference, or by the one that the person was given."""
    theirs: list[Any] = [WorklistRow.reference_print.in_(people.list_hashes(scope, words))]
    letters = normalize_code(words)
    sent = scope.find_one(Submission, reference=f"{letters[:3]}-{letters[3:]}")
    parts = [theirs, [WorklistRow.submission_id == sent.id]] if sent is not None else [theirs]
    newest = [WorklistRow.arrived.desc()]
    found = [read_lines(scope, [[kept, *part]], newest, WORKLIST_PAGE_SIZE) for part in parts]
    return [line for lines in found for line in lines]


def _is_of(line: ListedSubmission, part: str) -> bool:
    """Whether the line is of someone so called; one that was found to be another's is not."""
    known = not line.payload.get("wrong_person")
    return known and _fits(part, line.payload["reference"], line.payload["name"])


def _fits(part: str, *texts: str) -> bool:
    return any(part in fold_letters(text) for text in texts)


def fold_letters(words: str) -> str:
    """Letters and digits alone, without accents and capitals, as two of them are compared."""
    apart = unicodedata.normalize("NFKD", words.casefold())
    return "".join(letter for letter in apart if letter.isalnum())

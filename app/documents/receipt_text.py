"""The letters of a receipt: its parts joined into one text, and found again in whatever holds it.

Two formats. Format 1 has no region and one check for the whole; it is read for ever. Format 2,

    CALCINOSIS-CHECK/2/2026.12.2/44F0B8FF8A93108E/UK/SAME-DAY/DYSTROPHIC/0G4K7...0/Q7ZK2M9T/1M5ZQ2A

also has a mark: a letter for the parts before the answers, then one for each seven letters of the
answers. So who copied it by hand is told where to look. The check is a CRC-32: it catches every
wrong letter and every two neighbours that changed places.

Mail programs and word processors put things in between: they are taken out again. This file knows
letters; what they mean it does not know.
"""

import re
import zlib
from itertools import accumulate
from typing import NamedTuple

from app.triage.terms import CANNOT_TELL, NOT_CALCINOSIS, TYPES, Urgency

NAME = "CALCINOSIS-CHECK"
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # of Crockford: no I, L, O or U to be mistaken
BITS = 5  # in one letter
FINGERPRINT = 16  # hexadecimal digits of the rulebook's hash
RECEIPT_PROBLEMS = ("not_a_receipt", "damaged", "other_rulebook", "unknown_answer")

_CHECK = 7  # letters that hold the 32 bits of the check
_GROUP = 7  # letters of the answers that share a letter of the mark
_FORM_OF = {
    "version": r"[0-9]{4}\.[0-9]{1,2}\.[0-9]{1,6}",
    "fingerprint": rf"[0-9A-F]{{{FINGERPRINT}}}",
    "region": r"[A-Z-]{1,30}",
    "level": "|".join(level.name.upper().replace("_", "-") for level in Urgency),
    "kind": "|".join(
        kind.upper().replace("_", "-") for kind in (*TYPES, NOT_CALCINOSIS, CANNOT_TELL)
    ),
    "answers": rf"[{LETTERS}]{{1,200}}",
    "mark": rf"[{LETTERS}]{{2,30}}",
    "check": rf"[{LETTERS}]{{{_CHECK}}}",
}
_PARTS_OF = {
    "1": ("version", "fingerprint", "level", "kind", "answers", "check"),
    "2": ("version", "fingerprint", "region", "level", "kind", "answers", "mark", "check"),
}
_FORMS = {
    number: re.compile(
        "/".join([NAME, number, *(rf"(?P<{part}>{_FORM_OF[part]})" for part in parts)])
    )
    for number, parts in _PARTS_OF.items()
}
_UNSEEN = re.compile("[\u00ad\u180e\u200b-\u200f\u2060-\u2064\ufeff]")
_QUOTED = re.compile(r"(?m)^[ \t>|]+")  # before each line of a mail that was answered
_SOFT_BREAK = re.compile(r"=[ \t]*(\r\n|\r|\n)")  # within a mail of short lines
_DASHES = re.compile("[\u2010-\u2015\u2212\ufe63\uff0d]")
_ALL_LETTERS = re.compile(r"[A-Z0-9./-]*")


class BadReceipt(Exception):
    """A text that cannot be read as a receipt; `problem` is one of RECEIPT_PROBLEMS.

    `version` and `fingerprint` name the rulebook of `other_rulebook`, which is not at hand. `part`:
    the letters among which the damage is, "" where that cannot be known. They may be private, so
    nobody but the person who sent them may see them.
    """

    def __init__(
        self, problem: str, version: str = "", fingerprint: str = "", part: str = ""
    ) -> None:
        self.problem = problem
        self.version = version
        self.fingerprint = fingerprint
        self.part = part
        super().__init__(problem)


class ReceiptParts(NamedTuple):
    """What stands in a receipt, each part as its letters; `region` is "" in format 1."""

    version: str
    fingerprint: str
    region: str
    level: str
    kind: str
    answers: str


def join_parts(parts: ReceiptParts) -> str:
    """The text of a receipt: in format 2, or in format 1 where it has no region."""
    number = "2" if parts.region else "1"
    body = "/".join([NAME, number, *(part for part in parts if part)])
    if parts.region:
        body += "/" + _make_mark(body.rpartition("/")[0], parts.answers)
    return f"{body}/{_make_check(body)}"


def find_parts(text: str) -> ReceiptParts:
    """The parts of the last receipt in a text. Raises BadReceipt.

    Spaces, line breaks, small letters, and what mail programs add do no harm; what follows it does
    none either, if it does not run into the last letter.
    """
    tight, gaps = _tighten_text(text)
    begin = tight.rfind(f"{NAME}/")
    if begin < 0:
        raise BadReceipt("not_a_receipt")
    number = tight[begin + len(NAME) + 1 :][:1]
    found = _FORMS[number].match(tight, begin) if number in _FORMS else None
    whole = found is not None and (
        found.end() in gaps or not (tight[found.end()].isalnum() or tight[found.end()] == "/")
    )
    if found is None or not whole or not _is_undamaged(found):
        raise BadReceipt("damaged", part=_find_damage(tight[begin:]))
    return ReceiptParts(*(found.groupdict().get(part, "") for part in ReceiptParts._fields))


def encode_letters(number: int, width: int) -> str:
    """A number as so many letters, five bits each."""
    places = range(BITS * (width - 1), -1, -BITS)
    return "".join(LETTERS[number >> place & 31] for place in places)


def decode_letters(letters: str) -> int:
    """The number that these letters hold."""
    return sum(LETTERS.index(letter) << BITS * i for i, letter in enumerate(letters[::-1]))


def _tighten_text(text: str) -> tuple[str, frozenset[int]]:
    """(The text in capitals without spaces and what programs put in, the places where it broke)."""
    seen = _DASHES.sub("-", _SOFT_BREAK.sub("", _UNSEEN.sub("", text)))
    pieces = _QUOTED.sub("", seen).upper().split()
    return "".join(pieces), frozenset(accumulate(map(len, pieces)))


def _is_undamaged(found: re.Match[str]) -> bool:
    body = found[0].rpartition("/")[0]
    if _make_check(body) != found["check"]:
        return False
    head = body.rpartition("/")[0].rpartition("/")[0]
    return "mark" not in found.re.groupindex or found["mark"] == _make_mark(head, found["answers"])


def _find_damage(tight: str) -> str:
    """The first part that cannot be right; "" where all could be."""
    stretch = _ALL_LETTERS.match(tight)
    name, number, *parts = (stretch[0] if stretch else "").split("/")
    if number not in _PARTS_OF:
        return number
    named = dict(zip(_PARTS_OF[number], parts, strict=False))
    for part, letters in named.items():
        if not re.fullmatch(_FORM_OF[part], letters):
            return "" if part == "check" else letters  # what follows may have run into the check
    if "check" not in named or "mark" not in named:
        return ""
    head, answers, mark = "/".join([name, number, *parts[:5]]), named["answers"], named["mark"]
    true = _make_mark(head, answers)
    if _make_check(f"{head}/{answers}/{true}") == named["check"]:
        return mark
    groups = [head, *_split_groups(answers)]
    return next((g for g, is_, was in zip(groups, true, mark, strict=False) if is_ != was), "")


def _make_mark(head: str, answers: str) -> str:
    parts = [head, *_split_groups(answers)]
    return "".join(LETTERS[zlib.crc32(part.encode()) & 31] for part in parts)


def _split_groups(answers: str) -> list[str]:
    return [answers[i : i + _GROUP] for i in range(0, len(answers), _GROUP)]


def _make_check(body: str) -> str:
    return encode_letters(zlib.crc32(body.encode()), _CHECK)

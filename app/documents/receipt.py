"""The receipt: one assessment as a short text, and that text turned back into the same assessment.

It holds which rulebook, the region, the answers that count, the level and the likely type. It holds
no identity and no date, so that the same answers always give the same receipt. How it is written
down is the business of app/documents/receipt_text.py.

The answers are one bit for each option of each question, in the rulebook's order: 49 letters
whatever was ticked. Ids would survive a change of the rulebook, but need up to 1,500 letters,
and no phone reads a QR code of that size from paper. Bits mean something only with the very
rulebook that they were made with, so its hash stands beside them, and an older receipt is read
with the published copy of its own rulebook or not at all. A receipt is not signed: what it says
is compared with what the rules say, never believed. It has no place for laboratory values.

Every letter is one of those that a QR code packs most tightly. This file knows no page.
"""

import logging
import re
from dataclasses import dataclass
from pathlib import Path

from zxingcpp import BarcodeFormat, create_barcode

from app.documents.receipt_text import (
    BITS,
    FINGERPRINT,
    BadReceipt,
    ReceiptParts,
    decode_letters,
    encode_letters,
    find_parts,
    join_parts,
)
from app.rulebook.faults import RulebookFaults
from app.rulebook.load import load_rulebook_folder
from app.rulebook.translation import NotTranslated, Translation, load_translation
from app.triage.questionnaire import BadAnswer, keep_known_answers, parse_answer
from app.triage.rulebook import Rulebook
from app.triage.rules import assess_answers
from app.triage.terms import Answers, Assessment, Urgency

log = logging.getLogger(__name__)

_RIM = 4  # light squares round a QR code, without which some readers do not find it
_RUNS = re.compile("\0+|\xff+")
_LONGEST_ROW = 177  # squares, in the largest code that there is
_STROKES = {"\0" * n: f"h{n}" for n in range(1, _LONGEST_ROW + 1)} | {
    "\xff" * n: f"m{n} 0" for n in range(1, _LONGEST_ROW + 1)
}


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt says, with the rulebook that it was made with.

    `region` is "" where it holds none, or one that its rulebook does not know.
    """

    rulebook: Rulebook
    answers: Answers
    urgency: Urgency
    likely_type: str
    region: str = ""


@dataclass(frozen=True, slots=True)
class ReceiptCheck:
    """A receipt beside what its own rulebook makes of the answers, and what today's does.

    `currently` is None where today's rulebook is the receipt's own or knows some answer no more.
    """

    receipt: Receipt
    assessment: Assessment
    older: bool
    currently: Assessment | None

    @property
    def matches_rulebook(self) -> bool:
        """Whether the receipt says what its rulebook says."""
        said = (self.receipt.urgency, self.receipt.likely_type)
        return said == (self.assessment.urgency, self.assessment.likely_type)


@dataclass(frozen=True, slots=True)
class QrCode:
    """A QR code: its width in squares with the light rim, its dark squares as an SVG's path."""

    size: int
    path: str


class RulebookArchive:
    """The rulebooks at hand: today's, and published ones, each loaded when first asked for."""

    def __init__(self, current: Rulebook, published: Path) -> None:
        self.current = current
        self._published = published
        self._loaded: dict[str, Rulebook | None] = {}
        self._translations: dict[str, Translation | None] = {}

    def find_rulebook(self, version: str, fingerprint: str) -> Rulebook | None:
        """The very rulebook of this version and hash, or start of a hash, if it is at hand."""
        if _has_fingerprint(self.current, version, fingerprint):
            return self.current
        found = self._load_version(version)
        return found if found and _has_fingerprint(found, version, fingerprint) else None

    def translate_to_current(
        self, version: str, answers: Answers, *, half_told: bool = True
    ) -> Answers:
        """Answers to a published edition's questions, as far as they can be told in today's.

        They come back as they are where nothing translates them: the edition asked the same
        questions, or is not at hand. `half_told` as in `Translation.translate`.
        """
        if version not in self._translations:
            self._translations[version] = self._load_translation(version)
        known = self._translations[version]
        return answers if known is None else known.translate_answers(answers, half_told=half_told)

    def _load_translation(self, version: str) -> Translation | None:
        old = None if version == self.current.version else self._load_version(version)
        if old is None:
            return None
        try:
            rules = self._published.parent
            return load_translation(rules, version, old.questionnaire, self.current.questionnaire)
        except (OSError, NotTranslated):
            return None

    def _load_version(self, version: str) -> Rulebook | None:
        """A published rulebook; None where there is none, or it cannot be read any more."""
        folder = self._published / version
        if version not in self._loaded and folder.is_dir():
            try:
                self._loaded[version] = load_rulebook_folder(folder)
            except RulebookFaults:
                log.warning("the published rulebook in %s cannot be read any more", folder)
                self._loaded[version] = None
        return self._loaded.get(version)


def write_receipt(
    rulebook: Rulebook, answers: Answers, assessment: Assessment, region: str = ""
) -> str:
    """The receipt of an assessment of these answers; without a region it is of format 1."""
    return join_parts(
        ReceiptParts(
            version=rulebook.version,
            fingerprint=_short_fingerprint(rulebook),
            region=_write_id(region),
            level=_write_id(assessment.urgency.name),
            kind=_write_id(assessment.likely_type),
            answers=_pack_answers(rulebook, rulebook.questionnaire.trace_path(answers).answers),
        )
    )


def verify_receipt(text: str, archive: RulebookArchive) -> ReceiptCheck:
    """A receipt's assessment, worked out again from its answers alone. Raises BadReceipt."""
    receipt = parse_receipt(text, archive)
    older = receipt.rulebook is not archive.current
    return ReceiptCheck(
        receipt,
        assess_answers(receipt.rulebook, receipt.answers),
        older=older,
        currently=_assess_today(archive, receipt) if older else None,
    )


def parse_receipt(text: str, archive: RulebookArchive) -> Receipt:
    """What the last receipt in a text says, of either format. Raises BadReceipt."""
    parts = find_parts(text)
    rulebook = archive.find_rulebook(parts.version, parts.fingerprint)
    if rulebook is None:
        raise BadReceipt("other_rulebook", parts.version, parts.fingerprint.lower())
    level, kind = (part.lower().replace("-", "_") for part in (parts.level, parts.kind))
    region = next((id_ for id_ in rulebook.regions if _write_id(id_) == parts.region), "")
    answers = _unpack_answers(rulebook, parts.answers)
    return Receipt(rulebook, answers, Urgency[level], kind, region)


def make_qr_code(receipt: str) -> QrCode:
    """A text, and nothing else, as one QR code with error correction M."""
    # Trap: without `eci` a short text with a micro sign is read as katakana by phones.
    code = create_barcode(receipt, BarcodeFormat.QRCode, ec_level="M", eci="UTF-8")
    image = code.to_image(scale=1, add_quiet_zones=False)
    rows = memoryview(image).tolist()  # type: ignore[arg-type]  # a buffer, not said in its types
    lines = []
    for y, row in enumerate(rows, start=_RIM):
        # One row of squares: `h` draws over dark ones (0), `m` passes over light ones.
        runs = _RUNS.findall(bytes(row).rstrip(b"\xff").decode("latin-1"))
        lines.append(f"M{_RIM} {y}.5{''.join(map(_STROKES.__getitem__, runs))}")
    return QrCode(len(rows) + 2 * _RIM, "".join(lines))


def _assess_today(archive: RulebookArchive, receipt: Receipt) -> Assessment | None:
    rulebook = archive.current
    answers = archive.translate_to_current(receipt.rulebook.version, receipt.answers)
    known = keep_known_answers(rulebook.questionnaire, answers)
    return None if known.dropped else assess_answers(rulebook, known.answers)


def _pack_answers(rulebook: Rulebook, answers: Answers) -> str:
    """One bit an option; a question without an answer leaves all of its bits at 0."""
    options = _list_options(rulebook)
    bits = "".join("1" if option in answers.get(id_, ()) else "0" for id_, option in options)
    return encode_letters(int(bits, 2), -(-len(bits) // BITS))


def _unpack_answers(rulebook: Rulebook, letters: str) -> Answers:
    places = _list_options(rulebook)
    number = decode_letters(letters)
    if len(letters) != -(-len(places) // BITS) or number >> len(places):
        raise BadReceipt("unknown_answer")
    ticked: dict[str, list[str]] = {}
    for i, (question, option) in enumerate(reversed(places)):
        if number >> i & 1:
            ticked.setdefault(question, []).append(option)
    questions = rulebook.questionnaire
    try:
        answers = {id_: parse_answer(questions[id_], chosen) for id_, chosen in ticked.items()}
    except BadAnswer:
        raise BadReceipt("unknown_answer") from None
    if questions.trace_path(answers).ignored:
        raise BadReceipt("unknown_answer")
    return answers


def _list_options(rulebook: Rulebook) -> list[tuple[str, str]]:
    return [(q.id, option) for q in rulebook.questionnaire for option in q.option_ids]


def _write_id(id_: str) -> str:
    """An id in the letters of a receipt."""
    return id_.upper().replace("_", "-")


def _has_fingerprint(rulebook: Rulebook, version: str, fingerprint: str) -> bool:
    known = fingerprint[:FINGERPRINT].upper()
    return (rulebook.version, _short_fingerprint(rulebook)) == (version, known)


def _short_fingerprint(rulebook: Rulebook) -> str:
    return rulebook.sha256[:FINGERPRINT].upper()

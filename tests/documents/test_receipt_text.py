"""The letters of a receipt: what comes between them, where they are wrong, and both formats."""

import json
import zlib

import pytest
from zxingcpp import BarcodeFormat, create_barcode, read_barcodes

from app.documents.receipt import make_qr_code, parse_receipt, verify_receipt
from app.documents.receipt_text import BadReceipt, find_parts, join_parts
from app.triage.terms import Urgency
from tests.builders import RULES, SOAK, answers, rulebook
from tests.documents.test_receipt import (
    IN_A_CODE,
    LETTERS,
    checked,
    problem_of,
    published_cases,
    receipt_of,
    shelf,
)

OLD, NEW = receipt_of(answers()), receipt_of(answers(), "uk")
BOTH = pytest.mark.parametrize("receipt", [OLD, NEW])


def damaged_part(text: str) -> str:
    with pytest.raises(BadReceipt) as caught:
        parse_receipt(text, shelf())
    assert caught.value.problem == "damaged"
    return caught.value.part


def replaced(text: str, at: int, letter: str = "") -> str:
    """The text with another letter at that place: one that a receipt may have."""
    wrong = letter or ("Z" if text[at] != "Z" else "Y")
    return text[:at] + wrong + text[at + 1 :]


def test_format_2_is_written_as_its_description_says() -> None:
    fields = NEW.split("/")
    assert fields[:2] == ["CALCINOSIS-CHECK", "2"]
    assert fields[4] == "UK"
    *body, mark, _ = fields
    code = body[-1]
    groups = ["/".join(body[:-1]), *(code[i : i + 7] for i in range(0, len(code), 7))]
    assert mark == "".join(LETTERS[zlib.crc32(group.encode()) & 31] for group in groups)
    assert checked("/".join([*body, mark])) == NEW


def test_the_region_stands_in_the_receipt_and_comes_back() -> None:
    for region in rulebook().regions:
        assert parse_receipt(receipt_of(answers(), region), shelf()).region == region
    assert parse_receipt(OLD, shelf()).region == ""
    unknown = join_parts(find_parts(NEW)._replace(region="MOON"))
    assert parse_receipt(unknown, shelf()).region == ""


def test_both_formats_say_the_same_of_every_published_case() -> None:
    for case in published_cases()[:: 1 if SOAK else 10]:
        old, new = (
            verify_receipt(receipt_of(case.answers, region), shelf()) for region in ("", "uk")
        )
        assert new.matches_rulebook
        assert (new.receipt.answers, new.assessment) == (old.receipt.answers, old.assessment)


@pytest.mark.parametrize("edition", ["2026.11.1", "2026.11.2", "2026.12.1"])
def test_a_receipt_of_every_edition_is_read(edition: str) -> None:
    left = json.loads((RULES.parent / "tests" / "editions" / edition / "left.json").read_text())
    assert parse_receipt(left["receipt"], shelf()).urgency in Urgency


def test_no_receipt_with_a_region_is_longer_than_a_phone_can_scan_from_paper() -> None:
    receipts = [
        receipt_of(case.answers, region)
        for case in published_cases()
        for region in rulebook().regions
    ]
    assert max(map(len, receipts)) <= 154
    assert make_qr_code(max(receipts, key=len)).size <= 41 + 2 * 4


@BOTH
@pytest.mark.parametrize(
    ("before", "between", "after"),
    [
        ("", "\n> ", "\n"),
        ("On Monday Jo wrote:\n> ", "\n> > ", "\n> \n> Best wishes\n"),
        ("", "\u00ad", ""),
        ("\ufeff", "\u200b", "\u200b"),
        ("", "=\r\n", ""),
        ("", "=\n", "=\n"),
        ("", " ", "."),
        ("", "\n", "..."),
        ("", "", ", thanks"),
        ("", "", "\n-- \nJo Hill\nHill Street 7"),
        ("", "\r\n", "\r\nSent from my phone"),
        ("|", "\n| ", "\n"),
        ("“", "", "”"),
        ("", "", ")"),
    ],
)
def test_what_mail_programs_put_in_does_no_harm(
    receipt: str, before: str, between: str, after: str
) -> None:
    text = before + between.join(receipt[i : i + 40] for i in range(0, len(receipt), 40)) + after
    assert parse_receipt(text, shelf()) == parse_receipt(receipt, shelf())


@BOTH
@pytest.mark.parametrize("dash", ["\u2010", "\u2011", "\u2013", "\u2014", "\u2212"])
def test_a_dash_of_a_word_processor_is_read_as_ours(receipt: str, dash: str) -> None:
    assert parse_receipt(receipt.replace("-", dash), shelf()) == parse_receipt(receipt, shelf())


def test_every_single_wrong_letter_of_format_2_is_caught() -> None:
    for place in range(len(NEW)):
        for wrong in set(IN_A_CODE) - {NEW[place]}:
            assert problem_of(replaced(NEW, place, wrong)) in ("damaged", "not_a_receipt")


def test_swapped_lost_and_doubled_letters_of_format_2_are_caught() -> None:
    for i in range(len(NEW)):
        swapped = NEW[:i] + NEW[i : i + 2][::-1] + NEW[i + 2 :]
        if swapped != NEW:
            assert problem_of(swapped) in ("damaged", "not_a_receipt")
        assert problem_of(NEW[:i] + NEW[i + 1 :]) in ("damaged", "not_a_receipt")
        assert problem_of(NEW[:i]) in ("damaged", "not_a_receipt")
        if i > 0:
            assert problem_of(NEW[: i + 1] + NEW[i:]) in ("damaged", "not_a_receipt")


def test_a_wrong_letter_among_the_answers_is_named_to_within_seven() -> None:
    begin = len("/".join(NEW.split("/")[:7])) + 1
    named = 0
    for place in range(begin, begin + 49):
        wrong = replaced(NEW, place)
        first = begin + (place - begin) // 7 * 7
        part = damaged_part(wrong)
        assert part in (wrong[first : first + 7], ""), "the right part or none"
        named += part != ""
    assert named > 40, "one wrong letter in 32 leaves its mark as it was"


def test_a_wrong_mark_is_told_apart_from_wrong_answers() -> None:
    begin = len("/".join(NEW.split("/")[:8])) + 1
    for place in range(begin, begin + 8):
        assert damaged_part(replaced(NEW, place)) == replaced(NEW, place).split("/")[8]


@BOTH
@pytest.mark.parametrize(
    ("part", "wrong"),
    [
        ("/CANNOT-TELL/", "CANNOT-TEL1"),
        ("/ROUTINE/", "R0UTINE"),
        (f"/{rulebook().version}/", "2026.I2.2"),
        (f"/{rulebook().sha256[:16].upper()}/", "44F0B8FF8A93108"),
    ],
)
def test_a_part_that_cannot_be_is_told_in_both_formats(receipt: str, part: str, wrong: str) -> None:
    assert part in receipt
    assert damaged_part(receipt.replace(part, f"/{wrong}/")) == wrong


def test_a_letter_that_no_receipt_has_is_told_in_format_1() -> None:
    code = OLD.split("/")[6]
    assert damaged_part(OLD.replace(code, replaced(code, 3, "U"))) == replaced(code, 3, "U")
    assert damaged_part(OLD[:-1]) == ""


def test_a_short_text_with_signs_of_units_is_read_as_it_was_written() -> None:
    for text in ("µ", "°", "±", "½", "µmol"):
        code = create_barcode(text, BarcodeFormat.QRCode, ec_level="M", eci="UTF-8")
        (found,) = read_barcodes(code.to_image(scale=4))
        assert found.text == text
    assert make_qr_code("µ").path != make_qr_code("u").path

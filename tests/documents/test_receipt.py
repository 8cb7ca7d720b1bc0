"""The receipt: the same answers give the same text, and that text gives the same assessment."""

import logging
import re
import shutil
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given

from app.assurance.cases import Case, read_cases
from app.documents.receipt import (
    RulebookArchive,
    make_qr_code,
    parse_receipt,
    verify_receipt,
    write_receipt,
)
from app.documents.receipt_text import RECEIPT_PROBLEMS, BadReceipt
from app.rulebook.load import load_rulebook_folder
from app.triage.rulebook import Rulebook
from app.triage.rules import assess_answers
from app.triage.terms import Answers, Urgency
from tests.builders import (
    RULES,
    SOAK,
    answers,
    examples,
    rulebook,
    some_answers,
    some_unfinished_answers,
)

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
IN_A_CODE = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
"""What a QR code packs most tightly, in the order of its standard."""
BLOCKS = {37: (2, 43), 41: (4, 27)}
"""Squares on a side -> how many blocks there are, and how many words of data in each."""
CANARY = "canary-7f3a"


def receipt_of(given: Answers, region: str = "") -> str:
    return write_receipt(rulebook(), given, assess_answers(rulebook(), given), region)


def shelf(published: Path = RULES / "published") -> RulebookArchive:
    return RulebookArchive(rulebook(), published)


def problem_of(text: str, at_hand: RulebookArchive | None = None) -> str:
    with pytest.raises(BadReceipt) as caught:
        parse_receipt(text, at_hand or shelf())
    assert caught.value.problem in RECEIPT_PROBLEMS
    return caught.value.problem


def forged(
    ticked: Iterable[tuple[str, str]],
    level: str = "ROUTINE",
    kind: str = "CANNOT-TELL",
    spare: int = 0,
) -> str:
    """A receipt with a right check that nobody's assessment gave, put together apart from ours."""
    wanted, bits = set(ticked), ""
    for question in rulebook().questionnaire:
        bits += "".join(str(int((question.id, o) in wanted)) for o in question.option_ids)
    padded = ("0" * (-len(bits) % 5 - 1) + str(spare) if -len(bits) % 5 else "") + bits
    coded = "".join(LETTERS[int(padded[i : i + 5], 2)] for i in range(0, len(padded), 5))
    print_ = rulebook().sha256[:16].upper()
    body = f"CALCINOSIS-CHECK/1/{rulebook().version}/{print_}/{level}/{kind}/{coded}"
    return checked(body)


def checked(body: str) -> str:
    check = format(zlib.crc32(body.encode()), "035b")
    return f"{body}/{''.join(LETTERS[int(check[i : i + 5], 2)] for i in range(0, 35, 5))}"


def published_cases() -> list[Case]:
    return read_cases(rulebook(), RULES / "cases" / "published")


@examples(300)
@given(some_answers())
def test_a_receipt_gives_its_assessment_back(given: Answers) -> None:
    counting = rulebook().questionnaire.trace_path(given).answers
    expected = assess_answers(rulebook(), counting)
    verdict = verify_receipt(receipt_of(given), shelf())
    assert verdict.receipt.answers == counting
    assert verdict.assessment == expected
    assert verdict.matches_rulebook
    assert not verdict.older


@examples(200)
@given(some_unfinished_answers())
def test_unfinished_answers_stay_unfinished(given: Answers) -> None:
    verdict = verify_receipt(receipt_of(given), shelf())
    assert verdict.matches_rulebook
    assert verdict.assessment.complete is assess_answers(rulebook(), given).complete


def test_every_published_case_verifies_to_the_same_assessment() -> None:
    cases = published_cases()
    assert len(cases) == 110
    for case in cases:
        verdict = verify_receipt(receipt_of(case.answers), shelf())
        assert verdict.matches_rulebook, case.entry.id
        assert verdict.assessment == assess_answers(rulebook(), verdict.receipt.answers), (
            case.entry.id
        )


@examples(200)
@given(some_answers())
def test_the_same_answers_always_give_the_same_receipt_and_others_another(given: Answers) -> None:
    counting = rulebook().questionnaire.trace_path(given).answers
    receipt = receipt_of(given)
    assert receipt == receipt_of(dict(reversed(list(counting.items()))))
    before = counting["medicines"]  # asked of everyone
    other = {**counting, "medicines": frozenset({"heparin"} - before or {"steroids"})}
    assert receipt != receipt_of(other)


def test_a_receipt_is_written_as_its_description_says() -> None:
    given = answers()
    ticked = [(question, option) for question, chosen in given.items() for option in chosen]
    found = assess_answers(rulebook(), given)
    kind = found.likely_type.upper().replace("_", "-")
    assert receipt_of(given) == forged(ticked, found.urgency.name.upper(), kind)


def test_no_receipt_is_longer_than_a_phone_can_scan_from_paper() -> None:
    everything = {
        question.id: frozenset(question.option_ids) - {question.none}
        for question in rulebook().questionnaire
        if question.kind == "many"
    }
    receipts = [receipt_of(answers(everything)), receipt_of(answers()), receipt_of({})]
    receipts += [receipt_of(case.answers) for case in published_cases()]
    assert max(map(len, receipts)) <= 154, "the most that a code of 41 by 41 squares takes"
    assert {len(text.split("/")[6]) for text in receipts} == {49}
    assert max(make_qr_code(text).size for text in receipts) <= 41 + 2 * 4


def test_a_receipt_holds_only_letters_that_a_code_packs_tightly() -> None:
    for case in published_cases():
        assert set(receipt_of(case.answers)) <= set(IN_A_CODE) - set(" $%*+:")


def test_a_receipt_names_its_rulebook_level_and_type() -> None:
    receipt = receipt_of(answers(breath=["confused"]))
    fields = receipt.split("/")
    assert fields[:3] == ["CALCINOSIS-CHECK", "1", rulebook().version]
    assert rulebook().sha256.startswith(fields[3].lower())
    assert len(fields[3]) >= 12
    assert fields[4] == "EMERGENCY"
    said = parse_receipt(receipt, shelf())
    assert said.urgency is Urgency.emergency


def test_every_single_wrong_letter_is_caught() -> None:
    for case in published_cases()[:: 5 if SOAK else 60]:
        receipt = receipt_of(case.answers)
        for place, right in enumerate(receipt):
            for wrong in set(IN_A_CODE) - {right}:
                changed = receipt[:place] + wrong + receipt[place + 1 :]
                assert problem_of(changed) in ("damaged", "not_a_receipt")


def test_swapped_lost_and_doubled_letters_are_caught() -> None:
    for case in published_cases()[:: 5 if SOAK else 25]:
        receipt = receipt_of(case.answers)
        for i in range(len(receipt)):
            swapped = receipt[:i] + receipt[i : i + 2][::-1] + receipt[i + 2 :]
            if swapped != receipt:
                assert problem_of(swapped) in ("damaged", "not_a_receipt")
            assert problem_of(receipt[:i] + receipt[i + 1 :]) in ("damaged", "not_a_receipt")
            assert problem_of(receipt[:i]) in ("damaged", "not_a_receipt")
            if i > 0:  # what stands before a receipt is none of its business
                assert problem_of(receipt[: i + 1] + receipt[i:]) in ("damaged", "not_a_receipt")


def test_spaces_line_breaks_and_small_letters_do_no_harm() -> None:
    receipt = receipt_of(answers())
    broken = "\r\n ".join(receipt[i : i + 7] for i in range(0, len(receipt), 7))
    for text in (broken, receipt.lower(), f"  {receipt}\n", f"My result:\n- rest\n{receipt}"):
        assert parse_receipt(text, shelf()) == parse_receipt(receipt, shelf())


@pytest.mark.parametrize(
    "text",
    ["", " ", "hello", CANARY, "https://example.org/", "CALCINOSIS-CHECK", "\x00", "ß" * 1000],
)
def test_other_texts_are_no_receipt(text: str) -> None:
    with pytest.raises(BadReceipt) as caught:
        parse_receipt(text, shelf())
    assert caught.value.problem == "not_a_receipt"
    assert CANARY not in repr(caught.value.__dict__) + str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        ("CALCINOSIS-CHECK/1/", "CALCINOSIS-CHECK/2/"),
        ("/ROUTINE/", "/TOMORROW/"),
        ("/CANNOT-TELL/", "/FLU/"),
        (rulebook().version, "../../etc"),
        (rulebook().version, "٢٠٢٦.11.1"),
    ],
)
def test_what_no_receipt_can_say_is_damage_even_with_a_right_check(change: tuple[str, str]) -> None:
    body = forged([]).rpartition("/")[0]
    assert change[0] in body
    assert problem_of(checked(body.replace(*change))) == "damaged"


def test_answers_that_do_not_fit_their_questions_are_refused() -> None:
    fitting = [("age", "adult"), ("breath", "none")]
    assert parse_receipt(forged(fitting), shelf()).answers == {
        "age": frozenset({"adult"}),
        "breath": frozenset({"none"}),
    }
    assert problem_of(forged([*fitting, ("age", "older")])) == "unknown_answer"
    assert problem_of(forged([*fitting, ("breath", "blue")])) == "unknown_answer"
    assert problem_of(forged([*fitting, ("baby", "none")])) == "unknown_answer"
    assert problem_of(forged(fitting, spare=1)) == "unknown_answer"
    longer = forged(fitting).rpartition("/")[0] + "0"
    assert problem_of(checked(longer)) == "unknown_answer"


def test_a_receipt_that_claims_another_level_or_type_is_told_apart() -> None:
    ticked = [("breath", "confused")]
    true = assess_answers(rulebook(), {"breath": frozenset({"confused"})})
    kind = true.likely_type.upper().replace("_", "-")
    assert verify_receipt(forged(ticked, "EMERGENCY", kind), shelf()).matches_rulebook
    calmer = verify_receipt(forged(ticked, "SELF-CARE", kind), shelf())
    assert not calmer.matches_rulebook
    assert calmer.assessment.urgency is Urgency.emergency
    other = "DYSTROPHIC" if kind != "DYSTROPHIC" else "IDIOPATHIC"
    assert not verify_receipt(forged(ticked, "EMERGENCY", other), shelf()).matches_rulebook


def copied(folder: Path) -> Path:
    """Today's rules in a folder that is named after their version, as published ones are."""
    shutil.copytree(RULES, folder, ignore=shutil.ignore_patterns("cases", "published"))
    head = folder / "rulebook.yaml"
    head.write_text(head.read_text().replace(f'"{rulebook().version}"', f'"{folder.name}"'))
    return folder


@cache
def older_rulebook(folder: Path) -> Rulebook:
    """Today's rules under an older version, for which hot skin could wait."""
    rules = copied(folder) / "urgency" / "skin.yaml"
    before, hot, after = rules.read_text().partition("- id: U1\n")
    assert "urgency: same_day" in after
    rules.write_text(before + hot + after.replace("urgency: same_day", "urgency: soon", 1))
    return load_rulebook_folder(folder)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rules") / "published"
    older_rulebook(folder / "2025.1.1")
    return folder


def test_a_receipt_of_a_published_rulebook_is_judged_by_that_and_by_todays(published: Path) -> None:
    old = older_rulebook(published / "2025.1.1")
    given = answers(skin=["hot"])
    receipt = write_receipt(old, given, assess_answers(old, given))
    verdict = verify_receipt(receipt, shelf(published))
    assert verdict.older
    assert verdict.matches_rulebook
    assert verdict.receipt.rulebook.sha256 == old.sha256
    assert verdict.assessment.urgency is Urgency.soon
    assert verdict.currently is not None
    assert verdict.currently.urgency is Urgency.same_day


def test_a_receipt_whose_rulebook_is_not_at_hand_names_it(published: Path, tmp_path: Path) -> None:
    old = older_rulebook(published / "2025.1.1")
    receipt = write_receipt(old, answers(), assess_answers(old, answers()))
    with pytest.raises(BadReceipt) as caught:
        parse_receipt(receipt, shelf(tmp_path))
    assert caught.value.problem == "other_rulebook"
    assert caught.value.version == "2025.1.1"
    assert old.sha256.startswith(caught.value.fingerprint)
    assert len(caught.value.fingerprint) == 16


def test_a_published_rulebook_that_was_changed_since_is_not_the_receipts(
    published: Path, tmp_path: Path
) -> None:
    old = older_rulebook(published / "2025.1.1")
    receipt = write_receipt(old, answers(), assess_answers(old, answers()))
    shutil.copytree(published / "2025.1.1", tmp_path / "2025.1.1")
    with (tmp_path / "2025.1.1" / "regions.yaml").open("a") as file:
        file.write("# changed\n")
    assert problem_of(receipt, shelf(tmp_path)) == "other_rulebook"


def test_a_published_rulebook_that_cannot_be_read_is_not_at_hand_and_the_log_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "2025.1.1").mkdir()
    body = forged([]).rpartition("/")[0].replace(rulebook().version, "2025.1.1")
    at_hand = shelf(tmp_path)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert problem_of(checked(body), at_hand) == "other_rulebook"
    assert len(caplog.records) == 1, "it is tried once"
    assert "2025.1.1" in caplog.text


def test_older_answers_that_today_nobody_asks_for_are_not_judged_by_todays_rules(
    tmp_path: Path,
) -> None:
    old = copied(tmp_path / "2025.1.2")
    for file in old.rglob("*.yaml"):
        file.write_text(re.sub(r"\bacne_bite\b", "insect_bite", file.read_text()))
    rules = load_rulebook_folder(old)
    given = {**answers(), "before": frozenset({"insect_bite"})}
    verdict = verify_receipt(
        write_receipt(rules, given, assess_answers(rules, given)), shelf(tmp_path)
    )
    assert verdict.matches_rulebook
    assert verdict.older
    assert verdict.currently is None


def test_the_code_reads_back_as_the_receipt() -> None:
    for case in published_cases()[:: 1 if SOAK else 10]:
        receipt = receipt_of(case.answers)
        assert decoded(squares(make_qr_code(receipt).path)) == receipt


def squares(path: str) -> list[list[int]]:
    """The dark squares that the path draws, without the light rim."""
    assert re.fullmatch(r"(M4 \d+\.5(h\d+|m\d+ 0)+)+", path), "numbers and four letters only"
    rows = []
    for number, row in enumerate(path.split("M")[1:]):
        start, rest = row[: row.index("5") + 1], row
        assert row.startswith(f"4 {number + 4}.5"), start
        marks: list[int] = []
        for kind, length in re.findall(r"([hm])(\d+)", rest):
            marks += [int(kind == "h")] * int(length)
        rows.append(marks)
    assert len(rows) in BLOCKS
    return [marks + [0] * (len(rows) - len(marks)) for marks in rows]


def decoded(rows: list[list[int]]) -> str:
    """The text of a code of version 5-M or 6-M (ISO/IEC 18004); no error is corrected."""
    size, level_m = len(rows), 0b00
    blocks, words_each = BLOCKS[size]
    shape = [rows[8][x] for x in (0, 1, 2, 3, 4, 5, 7, 8)] + [
        rows[y][8] for y in (7, 5, 4, 3, 2, 1, 0)
    ]
    shape_bits = int("".join(map(str, shape)), 2) ^ 0b101010000010010
    assert shape_bits >> 13 == level_m
    masks: list[Callable[[int, int], int]] = [
        lambda y, x: (y + x) % 2,
        lambda y, _: y % 2,
        lambda _, x: x % 3,
        lambda y, x: (y + x) % 3,
        lambda y, x: (y // 2 + x // 3) % 2,
        lambda y, x: y * x % 2 + y * x % 3,
        lambda y, x: (y * x % 2 + y * x % 3) % 2,
        lambda y, x: ((y + x) % 2 + y * x % 3) % 2,
    ]
    mask = masks[shape_bits >> 10 & 7]

    def fixed(y: int, x: int) -> bool:
        finder = (y < 9 and (x < 9 or x > size - 9)) or (y > size - 9 and x < 9)
        return finder or 6 in (x, y) or max(abs(y - size + 7), abs(x - size + 7)) <= 2

    bits = ""
    columns = [x for x in range(size - 1, 0, -2) if x > 6] + [5, 3, 1]
    for turn, right in enumerate(columns):
        for y in range(size) if turn % 2 else range(size - 1, -1, -1):
            for x in (right, right - 1):
                if not fixed(y, x):
                    bits += str(rows[y][x] ^ (mask(y, x) == 0))
    words = [bits[i : i + 8] for i in range(0, blocks * words_each * 8, 8)]
    # The blocks take turns, a word each.
    stream = "".join(word for first in range(blocks) for word in words[first::blocks])
    return "".join(segments(stream))


def segments(stream: str) -> Iterator[str]:
    """The pieces of the text: letters and digits packed in pairs, or digits packed in threes."""
    declared = "0111" + format(26, "08b")
    assert stream.startswith(declared), "the text is declared to be UTF-8"
    at = len(declared)
    while (mode := stream[at : at + 4]) in ("0010", "0001"):
        count_bits = 9 if mode == "0010" else 10
        count, at = int(stream[at + 4 : at + 4 + count_bits], 2), at + 4 + count_bits
        most, bits = (2, {2: 11, 1: 6}) if mode == "0010" else (3, {3: 10, 2: 7, 1: 4})
        while count:
            taken = min(most, count)
            value = int(stream[at : at + bits[taken]], 2)
            at, count = at + bits[taken], count - taken
            if mode == "0001":
                yield f"{value:0{taken}}"
            else:
                yield (IN_A_CODE[value // 45] if taken == 2 else "") + IN_A_CODE[value % 45]
    assert mode == "0000", "the text is all in these two ways of packing"

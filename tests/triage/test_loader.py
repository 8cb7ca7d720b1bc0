"""Loading the rulebook: its hash, its speed, what every entry has, and how YAML is read."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from app.rulebook import yaml_lines
from app.rulebook.faults import RulebookFaults
from app.rulebook.load import UNHASHED_FILES, load_rulebook_folder
from app.rulebook.roles import DEFAULT_ROLES
from app.rulebook.yaml_lines import LinedList, LinedMapping, parse_lined_yaml
from app.settings import ROOT
from app.triage.conditions import Choice, walk_leaves
from app.triage.rulebook import Rulebook
from tests.builders import seeded

RULES = ROOT / "rules"
OWN_FILES = [
    file.relative_to(RULES)
    for file in sorted(RULES.rglob("*.yaml"))
    if file.relative_to(RULES).parts[0] not in ("cases", "published")
]
each_file = pytest.mark.parametrize("file", OWN_FILES, ids=str)


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    """The real rulebook."""
    return load_rulebook_folder(RULES)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A copy of the real rulebook, without its cases."""
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder, ignore=shutil.ignore_patterns("cases", "published"))
    return folder


def test_the_hash_of_the_same_files_is_the_same(rulebook: Rulebook, rules: Path) -> None:
    assert load_rulebook_folder(rules).sha256 == rulebook.sha256
    assert len(rulebook.sha256) == 64


@each_file
def test_the_hash_changes_with_every_file_that_a_result_rests_on(
    file: Path, rulebook: Rulebook, rules: Path
) -> None:
    with (rules / file).open("a", encoding="utf-8") as text:
        text.write("\n# A note.\n")
    only_to_read = file.name in UNHASHED_FILES
    assert (load_rulebook_folder(rules).sha256 == rulebook.sha256) is only_to_read


def test_the_hash_changes_when_a_rule_file_gets_another_name(
    rulebook: Rulebook, rules: Path
) -> None:
    (rules / "urgency/alarm.yaml").rename(rules / "urgency/first.yaml")
    assert load_rulebook_folder(rules).sha256 != rulebook.sha256


@pytest.mark.parametrize("file", ["cases/one.yaml", "published/2025.1.0/rulebook.yaml", "NOTE.md"])
def test_the_hash_does_not_change_with_cases_old_rulebooks_and_notes(
    file: str, rulebook: Rulebook, rules: Path
) -> None:
    (rules / file).parent.mkdir(parents=True, exist_ok=True)
    (rules / file).write_text("id: one\n", encoding="utf-8")
    assert load_rulebook_folder(rules).sha256 == rulebook.sha256


def test_an_edition_without_roles_has_those_that_it_had(rules: Path) -> None:
    (rules / "roles.yaml").unlink()
    assert load_rulebook_folder(rules).roles == DEFAULT_ROLES


def test_who_is_spoken_of_as_a_child_stands_in_the_roles(rulebook: Rulebook, rules: Path) -> None:
    assert rulebook.roles.children == DEFAULT_ROLES.children
    text = (rules / "roles.yaml").read_text("utf-8").replace("under_1, child]", "under_1]", 1)
    (rules / "roles.yaml").write_text(text, "utf-8")
    changed = load_rulebook_folder(rules)
    assert changed.sha256 == rulebook.sha256
    a_child = {"age": frozenset({"child"})}
    assert rulebook.roles.are_children(a_child)
    assert not changed.roles.are_children(a_child)


def test_the_rulebook_is_read_in_less_than_a_second() -> None:
    def seconds() -> float:
        start = time.process_time()
        load_rulebook_folder(RULES)
        return time.process_time() - start

    assert min(seconds() for _ in range(3)) < 1


@pytest.mark.parametrize("folder", ["urgency", "types", "advice.yaml", "regions.yaml"])
def test_every_rule_and_its_like_has_listed_sources_and_a_review_to_come(
    folder: str, rulebook: Rulebook
) -> None:
    entries = [
        entry
        for file in OWN_FILES
        if file.parts[0] == folder and file.name != "scale.yaml"
        for entry in _list(RULES / file)
    ]
    assert entries
    for entry in entries:
        sources = entry["sources"]
        assert isinstance(sources, list)
        assert sources, entry["id"]
        assert set(sources) <= {*rulebook.sources}, entry["id"]
        assert str(entry["review_by"]) > rulebook.date, entry["id"]


def test_no_without_quotes_is_the_option_no(rules: Path) -> None:
    _edit(rules / "urgency/floor.yaml", 'kidney, is: "no"', "kidney, is: no")
    assert Choice("kidney", frozenset({"no"})) in set(
        walk_leaves(load_rulebook_folder(rules).find_rule("S1").when)
    )


def test_a_question_may_wait_for_two_ticks_without_a_third(rules: Path) -> None:
    wanted = "{question: sudden, includes: sight}, {question: limbs, includes: digit_dead}"
    ask_if = f"{{all: [{wanted}, {{not: {{question: sudden, includes: bleeding}}}}]}}"
    _edit(rules / "questions.yaml", "- id: medicines\n", f"- id: medicines\n  ask_if: {ask_if}\n")
    assert load_rulebook_folder(rules).questionnaire["medicines"].ask_if is not None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("7", 7),
        ("-3", -3),
        ("yes", "yes"),
        ("no", "no"),
        ("On", "On"),
        ("True", "True"),
        ("0.5", "0.5"),
        ("1e3", "1e3"),
        ("010", "010"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("9" * 5000, "9" * 5000),
        (".inf", ".inf"),
        ("2026-11-20", "2026-11-20"),
        ("'7'", "7"),
        ('"true"', "true"),
        ("<<", "<<"),
    ],
)
def test_only_plain_truth_nothing_and_whole_numbers_are_no_text(text: str, value: object) -> None:
    read = _read(f"a: {text}\n")
    assert read == {"a": value}
    assert isinstance(read, LinedMapping)
    assert type(read["a"]) is type(value)


def test_everything_read_knows_its_line() -> None:
    read = _read("# A note.\na:\n  - x\n  - b: 1\n    c: [y,\n        z]\n")
    assert isinstance(read, LinedMapping)
    assert read.line_of("a") == 2
    assert read.line_of("a", 0) == 3
    assert read.line_of("a", 1, "b") == 4
    assert read.line_of("a", 1, "c") == 5
    assert read.line_of("a", 1, "c", 1) == 6
    assert read.line_of("a", 1, "missing") == 4


def test_aliases_cannot_make_a_small_file_huge() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30)
    )
    faults: list[tuple[int, str]] = []
    assert parse_lined_yaml(bomb, lambda line, fault: faults.append((line, fault))) is None
    assert faults[-1] == (2, "the alias '*a0' is not allowed; write it out")


@each_file
def test_without_the_reader_in_c_every_file_reads_the_same(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (RULES / file).read_text(encoding="utf-8")
    fast = _read(text)
    monkeypatch.setattr(yaml_lines, "_LOADER", yaml.SafeLoader)
    slow = _read(text)
    assert slow == fast
    assert list(_lines(slow)) == list(_lines(fast))


@pytest.mark.parametrize("seed", range(60))
def test_a_damaged_rulebook_is_read_or_refused_and_never_crashes(seed: int, rules: Path) -> None:
    chance = seeded(seed)
    for _ in range(3):
        file = rules / chance.choice(OWN_FILES)
        text = file.read_text(encoding="utf-8")
        start = chance.randrange(len(text))
        end = start + chance.choice([0, 0, 2, 20, 200])
        piece = chance.choice(
            ["", "[", "}", "- ", "\n", ": ", "true", "null", "5", "\t", "'", "&a "]
        )
        file.write_text(text[:start] + piece + text[end:], encoding="utf-8")
    try:
        load_rulebook_folder(rules)
    except RulebookFaults as refused:
        places = [fault.split(":", 2) for fault in refused.faults]
        assert places
        assert all((rules / file).is_file() for file, _, _ in places)
        assert all(int(line) >= 1 for _, line, _ in places)


def _read(text: str) -> object:
    faults: list[tuple[int, str]] = []
    content = parse_lined_yaml(text, lambda line, fault: faults.append((line, fault)))
    assert faults == []
    return content


def _list(file: Path) -> list[LinedMapping]:
    content = _read(file.read_text(encoding="utf-8"))
    assert isinstance(content, LinedList)
    return [entry for entry in content if isinstance(entry, LinedMapping)]


def _lines(content: object) -> Iterator[object]:
    if isinstance(content, LinedMapping | LinedList):
        yield content.line, content.lines
        for part in content.values() if isinstance(content, LinedMapping) else content:
            yield from _lines(part)


def _edit(file: Path, find: str, replace: str, times: int = 1) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(find) == times
    file.write_text(text.replace(find, replace), encoding="utf-8")


@pytest.mark.parametrize("file", ["clinic.yaml", "targets.yaml"])
def test_an_older_rulebook_is_whole_without_what_only_clinics_need(
    rules: Path, rulebook: Rulebook, file: str
) -> None:
    for path in rules.rglob(file):
        path.unlink()
    assert load_rulebook_folder(rules).sha256 == rulebook.sha256

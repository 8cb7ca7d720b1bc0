"""Broken rulebooks, each refused with exactly its faults.

A file in faulty/ is one of them: what it changes in the real rulebook (`edit`), and every fault
that must be found (`expect`). An edit names a `file` and what happens to it: `find` and `replace`
(the text to find must stand there once, or once in the `entry` of that id), `append`, `content`
(the whole file anew), `delete`, or `copy_to`. In a fault
    {line}             is the line where the edit of that file begins, {line+2} the second after it,
    {line of a / b}    the first line of that file that holds b, at or after the first that holds a,
    {ids in FILE}      the ids of its entries, {keys in FILE} its keys one step in, in their order.
"""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel, ConfigDict

from app.rulebook.faults import RulebookFaults
from app.rulebook.load import load_rulebook_folder
from app.rulebook.yaml_lines import MAX_NESTING
from app.settings import ROOT

FAULTY = sorted((Path(__file__).parent / "faulty").glob("*.yaml"))
LINE = re.compile(r"\{line(?:\+(?P<more>\d+)| of (?P<text>[^}]+))?\}")
LISTED = re.compile(r"\{(?P<what>ids|keys) in (?P<file>[^}]+)\}")
LIST = {
    "ids": r"^ *- id: ([\w-]+)",
    "keys": r"^  (?!(?:finder|channel)_|regulator)(\w+):",
}


class Edit(BaseModel):
    """One change of one file, or folder, of the rulebook."""

    model_config = ConfigDict(extra="forbid")

    file: str
    entry: str | None = None
    find: str | None = None
    replace: str = ""
    append: str | None = None
    content: str | None = None
    copy_to: str | None = None
    delete: bool = False


class Broken(BaseModel):
    """One broken rulebook."""

    model_config = ConfigDict(extra="forbid")

    edit: list[Edit]
    expect: list[str]


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A copy of the real rulebook, without its cases."""
    folder = tmp_path / "rules"
    shutil.copytree(ROOT / "rules", folder, ignore=shutil.ignore_patterns("cases", "published"))
    return folder


@pytest.mark.parametrize("file", FAULTY, ids=lambda file: file.stem)
def test_a_faulty_rulebook_is_refused_with_each_of_its_faults(file: Path, rules: Path) -> None:
    broken = Broken.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    begins = {edit.file: apply(edit, rules) for edit in broken.edit}
    assert faults_of(rules) == [filled(fault, begins, rules) for fault in broken.expect]


def test_the_rulebook_that_the_edits_start_from_has_no_fault(rules: Path) -> None:
    assert load_rulebook_folder(rules).rules


def test_there_are_at_least_45_faulty_rulebooks() -> None:
    assert len(FAULTY) >= 45


def test_faults_of_many_files_are_told_at_once_in_the_order_of_files_and_lines(
    rules: Path,
) -> None:
    for file, find, replace in (
        ("wording/en/regions.yaml", "  doctor: GP\n", ""),
        ("urgency/alarm.yaml", "- id: E3\n", "- id: E3\n  colour: red\n"),
        ("urgency/alarm.yaml", "includes: rash_glass}", "includes: rash_glas}"),
        ("types/scale.yaml", "margin: 1", "margin: one"),
        ("sources.yaml", 'link: "none"\n  year: undated', "link: none"),
        ("labs.yaml", 'factor: "0.3229"', 'factor: "0"'),
    ):
        text = read(rules, file)
        assert find in text
        (rules / file).write_text(text.replace(find, replace, 1), encoding="utf-8")
    places = [fault.split(":")[:3] for fault in faults_of(rules)]
    assert [(file, id_) for file, _, id_ in places] == [
        ("labs.yaml", " phosphate"),
        ("sources.yaml", " expert"),
        ("types/scale.yaml", " scale"),
        ("urgency/alarm.yaml", " E2"),
        ("urgency/alarm.yaml", " E3"),
        ("wording/en/regions.yaml", " uk"),
    ]


def test_a_file_that_is_not_utf_8_is_refused(rules: Path) -> None:
    (rules / "types/conflicts.yaml").write_bytes("# größer\n[]\n".encode("latin-1"))
    assert faults_of(rules) == ["types/conflicts.yaml:1: file: is not UTF-8 text; save it as UTF-8"]


@pytest.mark.parametrize("file", ["rulebook.yaml", "labs.yaml", "urgency/alarm.yaml"])
def test_a_file_that_cannot_be_read_is_refused(rules: Path, file: str) -> None:
    (rules / file).unlink()
    (rules / file).mkdir()
    assert faults_of(rules) == [f"{file}:1: file: cannot be read: Is a directory"]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_nesting_without_end_is_a_fault_and_no_crash(rules: Path, opening: str) -> None:
    (rules / "contradictions.yaml").write_text(opening * 100_000, encoding="utf-8")
    assert faults_of(rules) == [
        f"contradictions.yaml:1: yaml: nested too deep; at most {MAX_NESTING} levels are allowed"
    ]


def apply(edit: Edit, rules: Path) -> int:
    """Make the edit; the line where it begins."""
    path = rules / edit.file
    if edit.delete:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        return 1
    if edit.copy_to is not None:
        shutil.copytree(path, rules / edit.copy_to)
        return 1
    text = "" if edit.content is not None else path.read_text(encoding="utf-8")
    before, after = text, edit.content or edit.append or ""
    if edit.find is not None:
        start, end = span(text, edit.entry)
        assert text.count(edit.find, start, end) == 1, f"must stand once: {edit.find}"
        start = text.index(edit.find, start, end)
        before, after = text[:start], edit.replace + text[start + len(edit.find) :]
    path.write_text(before + after, encoding="utf-8")
    return before.count("\n") + 1


def span(text: str, entry: str | None) -> tuple[int, int]:
    """Where the entry of this id begins and ends, or the whole text."""
    if entry is None:
        return 0, len(text)
    found = re.search(rf"^( *)- id: {entry}\b(.|\n)*?(?=^\1- id: |\Z)", text, re.MULTILINE)
    assert found, f"no entry {entry}"
    return found.span()


def filled(fault: str, begins: Mapping[str, int], rules: Path) -> str:
    """The expected fault with its {...} filled in."""

    def number(found: re.Match[str]) -> str:
        file = fault.split(":")[0]
        if found["text"] is None:
            return str(begins[file] + int(found["more"] or 0))
        text, position = read(rules, file), 0
        for part in found["text"].split(" / "):
            position = text.index(part, position)
        return str(text.count("\n", 0, position) + 1)

    def listed(found: re.Match[str]) -> str:
        ids = re.findall(LIST[found["what"]], read(rules, found["file"]), re.MULTILINE)
        return ", ".join(dict.fromkeys(ids))

    return LISTED.sub(listed, LINE.sub(number, fault, count=1))


def read(rules: Path, file: str) -> str:
    """The text of a file of the rulebook."""
    return (rules / file).read_text(encoding="utf-8")


def faults_of(rules: Path) -> list[str]:
    """The faults with which the rulebook is refused."""
    with pytest.raises(RulebookFaults) as refused:
        load_rulebook_folder(rules)
    return list(refused.value.faults)

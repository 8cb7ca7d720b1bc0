"""Published rulebooks: kept whole, never changed, read for ever."""

import shutil
from pathlib import Path

import pytest

from app.rulebook.faults import RulebookFaults
from app.rulebook.load import (
    PUBLISHED_FOLDER,
    NotPublished,
    find_newest_folder,
    find_published_faults,
    load_published_versions,
    load_rulebook_folder,
    publish_rulebook,
)
from tests.builders import RULES, rulebook

PUBLISHED = RULES / PUBLISHED_FOLDER


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """Today's rules, nothing published."""
    left_out = shutil.ignore_patterns(PUBLISHED_FOLDER)
    folder = Path(shutil.copytree(RULES, tmp_path / "rules", ignore=left_out))
    shutil.rmtree(folder / "cases")
    return folder


def replace(file: Path, find: str, text: str) -> None:
    before = file.read_text("utf-8")
    assert before.count(find) == 1
    file.write_text(before.replace(find, text), "utf-8")


def raise_version(rules: Path, version: str) -> None:
    replace(rules / "rulebook.yaml", rulebook().version, version)


def test_nothing_is_published_where_nothing_was(rules: Path) -> None:
    assert (
        load_published_versions(rules / PUBLISHED_FOLDER),
        find_newest_folder(rules / PUBLISHED_FOLDER),
    ) == ({}, None)
    assert list(find_published_faults(rules / PUBLISHED_FOLDER)) == []


def test_a_published_rulebook_is_read_back_the_same(rules: Path) -> None:
    published, folder = publish_rulebook(rules)
    again = load_rulebook_folder(folder)
    assert (again.version, again.sha256) == (published.version, rulebook().sha256)
    assert again.wording == rulebook().wording
    assert load_published_versions(rules / PUBLISHED_FOLDER) == {
        published.version: published.sha256
    }
    assert list(find_published_faults(rules / PUBLISHED_FOLDER)) == []
    assert find_newest_folder(rules / PUBLISHED_FOLDER) == folder


def test_publishing_changes_nothing_in_the_rules_of_today(rules: Path) -> None:
    before = load_rulebook_folder(rules).sha256
    publish_rulebook(rules)
    assert load_rulebook_folder(rules).sha256 == before


def test_the_same_rulebook_twice_is_kept_once(rules: Path) -> None:
    first, second = publish_rulebook(rules), publish_rulebook(rules)
    assert first[1] == second[1]
    assert len(load_published_versions(rules / PUBLISHED_FOLDER)) == 1


def test_a_version_is_never_given_to_other_rules(rules: Path) -> None:
    _, folder = publish_rulebook(rules)
    kept = load_rulebook_folder(folder).sha256
    replace(rules / "types" / "scale.yaml", "margin: 1\n", "margin: 2\n")
    with pytest.raises(NotPublished, match="raise the version"):
        publish_rulebook(rules)
    assert load_rulebook_folder(folder).sha256 == kept


def test_a_lower_version_is_refused(rules: Path) -> None:
    publish_rulebook(rules)
    raise_version(rules, "2026.10.9")
    with pytest.raises(NotPublished, match="lower"):
        publish_rulebook(rules)


def test_the_highest_version_is_the_newest(rules: Path) -> None:
    publish_rulebook(rules)
    raise_version(rules, "2026.12.10")
    _, later = publish_rulebook(rules)
    assert find_newest_folder(rules / PUBLISHED_FOLDER) == later
    assert len(load_published_versions(rules / PUBLISHED_FOLDER)) == 2


def test_a_faulty_rulebook_is_not_published(rules: Path) -> None:
    replace(rules / "types" / "scale.yaml", "margin: 1\n", "margin: much\n")
    with pytest.raises(RulebookFaults):
        publish_rulebook(rules)
    assert not (rules / PUBLISHED_FOLDER).exists()


def test_a_touched_lost_or_stray_copy_is_found_out(rules: Path) -> None:
    published, folder = publish_rulebook(rules)
    replace(folder / "types" / "scale.yaml", "margin: 1\n", "margin: 2\n")
    assert "was changed" in next(find_published_faults(rules / PUBLISHED_FOLDER))
    shutil.move(folder, rules / PUBLISHED_FOLDER / "2020.1.1")
    fault_lines = list(find_published_faults(rules / PUBLISHED_FOLDER))
    assert any(line.startswith(f"{published.version}: cannot be read") for line in fault_lines)
    assert "2020.1.1: stands in no list" in fault_lines


def test_every_published_rulebook_is_whole_and_can_be_read() -> None:
    assert list(find_published_faults(PUBLISHED)) == []


def test_todays_version_is_not_that_of_other_published_rules() -> None:
    """After a change to published rules: raise the version in rulebook.yaml."""
    kept = load_published_versions(PUBLISHED).get(rulebook().version)
    assert kept in (None, rulebook().sha256)

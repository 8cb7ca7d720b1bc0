"""Published rulebooks: each kept whole under its version, and never changed again.

A folder for each, `rules/published/<version>/`, read by the same loader as the rules of today, so
that what was once told can be worked out again for ever. `versions.yaml` beside them holds the
hash of each: a copy that was touched is found out. Knows nothing of receipts.
"""

import gzip
import shutil
from collections.abc import Iterator
from pathlib import Path

import yaml

from app.rulebook.faults import RulebookFaults
from app.rulebook.load import load_rulebook_folder
from app.triage.rulebook import Rulebook

PUBLISHED_FOLDER = "published"
VERSIONS_FILE = "versions.yaml"
CORPUS_FILE = "replay.jsonl.gz"
"""Some assessments of that rulebook, packed: a line of JSON each."""
LEFT_OUT = (PUBLISHED_FOLDER, "cases")
"""Cases rest on no hash and change nothing for anyone; they stay with the rules of today."""
VERSIONS_HEADING = (
    "# Every published rulebook with its hash, the oldest first. `rules publish` writes it.\n"
)


class NotPublished(Exception):
    """Why a rulebook cannot be published, in words."""


def load_published_versions(published: Path) -> dict[str, str]:
    """Version -> hash of every published rulebook, the oldest first."""
    file = published / VERSIONS_FILE
    entries = yaml.safe_load(file.read_text("utf-8")) if file.is_file() else None
    return {entry["version"]: entry["sha256"] for entry in entries or ()}


def read_corpus(corpus: Path) -> list[str]:
    """The lines of a corpus."""
    return gzip.decompress(corpus.read_bytes()).decode().splitlines()


def find_newest_folder(published: Path) -> Path | None:
    """The folder of the newest published rulebook, if there is one."""
    known = list(load_published_versions(published))
    return published / known[-1] if known else None


def find_published_faults(published: Path) -> Iterator[str]:
    """Each published rulebook that is missing, was changed, or can no longer be read."""
    known = load_published_versions(published)
    for version, sha256 in known.items():
        try:
            rulebook = load_rulebook_folder(published / version)
        except RulebookFaults as problem:
            yield f"{version}: cannot be read any more: {problem.faults[0]}"
            continue
        if (rulebook.version, rulebook.sha256) != (version, sha256):
            yield f"{version}: was changed: it is now {rulebook.version}, {rulebook.sha256}"
    folders = sorted(path.name for path in published.glob("*/")) if published.is_dir() else []
    yield from (f"{name}: stands in no list" for name in folders if name not in known)


def publish_rulebook(rules: Path) -> tuple[Rulebook, Path]:
    """Keep the rulebook in this folder; give it back with the folder of its copy.

    The same rulebook twice is no fault. Raises NotPublished, and RulebookFaults for a faulty one.
    """
    rulebook, published = load_rulebook_folder(rules), rules / PUBLISHED_FOLDER
    known = load_published_versions(published)
    folder = published / rulebook.version
    if rulebook.version in known:
        if known[rulebook.version] != rulebook.sha256:
            raise NotPublished(
                f"{rulebook.version} is published with other rules "
                f"({known[rulebook.version][:12]}); raise the version in rulebook.yaml"
            )
        return rulebook, folder
    if known and _version_key(rulebook.version) < max(map(_version_key, known)):
        raise NotPublished(f"{rulebook.version} is lower than a published version")
    unfinished = published / f".{rulebook.version}"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    for path in (path for path in sorted(rules.iterdir()) if path.name not in LEFT_OUT):
        copy = shutil.copytree if path.is_dir() else shutil.copy
        copy(path, unfinished / path.name)
    unfinished.rename(folder)
    known[rulebook.version] = rulebook.sha256
    lines = [{"version": version, "sha256": sha256} for version, sha256 in known.items()]
    (published / VERSIONS_FILE).write_text(
        VERSIONS_HEADING + yaml.safe_dump(lines, sort_keys=False), "utf-8"
    )
    return rulebook, folder


def _version_key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))

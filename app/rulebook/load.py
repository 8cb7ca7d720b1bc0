"""All of rules/ as one value, at one version and hash, or every fault; and what was published.

Each published rulebook is kept whole in `rules/published/<version>/` and never changed again. The
same loader reads it, so that what was once told can be worked out again for ever. `versions.yaml`
beside them holds the hash of each: a copy that was touched is found out.
"""

import gzip
import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import yaml

from app.rulebook.checks import check_rulebook, list_conditions
from app.rulebook.entries import RulebookEntry, build_value, read_entry
from app.rulebook.faults import RulebookFaults
from app.rulebook.learn_pages import LEARN_FILES, check_learn_content, read_learn_content
from app.rulebook.reading import RulebookReader
from app.rulebook.reading_words import (
    CLINIC_FILE,
    PUBLISHED_FOLDER,
    SERVICE_FILE,
    read_wording,
)
from app.rulebook.roles import ROLES_FILE, check_age_pairs, check_roles, read_age_pairs, read_roles
from app.triage.labs import with_rule_bounds
from app.triage.learn import LearnContent
from app.triage.rulebook import Rulebook
from app.triage.sources import RegionEntry, SourceEntry

TARGETS_FILE = "targets.yaml"
RELIANCE_FILE = "reliance.yaml"
UNHASHED_FILES = LEARN_FILES | {
    *(SERVICE_FILE, CLINIC_FILE, TARGETS_FILE, RELIANCE_FILE, ROLES_FILE)
}
"""What no result rests on. Roles name ids that the hashed files already hold, and are checked."""


def load_rulebook_folder(folder: Path) -> Rulebook:
    """The rulebook in this folder. Raises RulebookFaults with every fault that was found."""
    reader = RulebookReader(folder)
    rulebook = _read_rulebook(reader)
    if rulebook is not None:
        laboratory = with_rule_bounds(rulebook.laboratory, list_conditions(rulebook))
        rulebook = replace(rulebook, laboratory=laboratory)
        check_rulebook(rulebook, reader.faults, reader.where)
        check_roles(rulebook, reader.faults)
        check_age_pairs(rulebook, reader.faults, reader.where)
    if rulebook is None or reader.faults.fault_lines:
        raise RulebookFaults(tuple(reader.faults.fault_lines))
    # Last: only now is every file known to be read, and one slip no longer looks like many.
    learn = {name: _load_learn_content(folder, name, rulebook) for name in rulebook.languages}
    return replace(rulebook, sha256=_hash_rule_files(folder), learn=learn)


def _read_rulebook(reader: RulebookReader) -> Rulebook | None:
    """What could be read, in the order in which one part speaks of another."""
    faults = reader.faults
    head = read_entry(RulebookEntry, faults.read_whole("rulebook.yaml", "file"))
    sources = {e.id: e for _, e in reader.read_entries("sources.yaml", SourceEntry)}
    regions = {e.id: e for _, e in reader.read_entries("regions.yaml", RegionEntry)}
    roles = read_roles(faults)
    laboratory = reader.read_laboratory_file()
    questionnaire = reader.read_questionnaire("questions.yaml")
    reader.read_named_conditions("named.yaml")
    places = questionnaire[roles.place].option_ids if roles.place in questionnaire else ()
    parts = {
        "rules": reader.read_rules("urgency"),
        "evidence": reader.read_evidence("types/evidence.yaml", "types/look_alikes.yaml"),
        "conflicts": reader.read_conflict_rules("types/conflicts.yaml"),
        "scale": reader.read_scale("types/scale.yaml"),
        "contradictions": reader.read_contradictions("contradictions.yaml"),
        "advice": reader.read_advice_rules("advice.yaml", places),
        "dangers": reader.read_dangers("dangers.yaml"),
        "age_pairs": tuple(read_age_pairs(reader)),
    }
    if head is None:
        return None
    return build_value(
        Rulebook,
        head,
        sha256="",
        roles=roles,
        questionnaire=questionnaire,
        named=dict(reader.named),
        laboratory=laboratory,
        sources=sources,
        regions=regions,
        wording={language: read_wording(faults, language, roles) for language in head.languages},
        learn={},
        **parts,
    )


def _load_learn_content(folder: Path, language: str, rulebook: Rulebook) -> LearnContent:
    reader = RulebookReader(folder)
    pages = read_learn_content(reader, language)
    check_learn_content(pages, rulebook, reader)
    if reader.faults.fault_lines:
        raise RulebookFaults(tuple(reader.faults.fault_lines))
    return pages


def _hash_rule_files(folder: Path) -> str:
    """SHA-256 over names and contents of all files that a result rests on."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.yaml")):
        name = path.relative_to(folder).as_posix()
        if not name.startswith(("cases/", "published/")) and path.name not in UNHASHED_FILES:
            digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


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

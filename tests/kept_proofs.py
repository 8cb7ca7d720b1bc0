"""Proofs that need not be made again: what was proved, by a hash of all that it was proved from.

A test that ends well and returns its counts is kept in .build/proofs/; as long as no byte changes
of what stands in PROVED_FROM, it is not run again and tells the same counts. A failure is never
kept; a soak (CALCINOSIS_SOAK=1) neither reads nor keeps anything.

    @kept
    def test_something_hard() -> Counts:
        ...
        return {"mutants tried": 120}
"""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, wraps
from hashlib import sha256
from importlib.metadata import version
from inspect import Parameter, signature
from os import getpid
from pathlib import Path
from typing import Any

import pytest

from app.settings import ROOT
from tests.builders import SOAK

KEPT = ROOT / ".build" / "proofs"
PROVED_FROM = (
    "rules",
    "app/settings.py",
    "app/rulebook",
    "app/triage",
    "app/assurance",
    "tests/assurance",
    "tests/builders.py",
    "tests/kept_proofs.py",
    "tests/triage/test_faulty.py",
)
"""Files and folders; a test holds that no proof imports anything else of ours."""
SOLVERS = ("python-sat", "dd", "PyYAML")

Counts = Mapping[str, int]
"""What was proved -> how many, such as "claims"."""


def kept(test: Callable[..., Counts]) -> Callable[..., None]:
    """The test, which is not run where it is kept that it ended well."""

    @wraps(test)
    def prove(*args: Any, request: pytest.FixtureRequest, **given: Any) -> None:
        file = KEPT / hash_of(ROOT) / f"{sha256(request.node.nodeid.encode()).hexdigest()}.json"
        counts = None if SOAK else read(file)
        if counts is None:
            counts = test(*args, **given)
            if not SOAK:
                write(file, counts)
        else:
            record_counts(request.node, {"kept proofs": 1})
        record_counts(request.node, counts)

    asked = signature(test)
    wanted = [*asked.parameters.values(), Parameter("request", Parameter.KEYWORD_ONLY)]
    prove.__signature__ = asked.replace(parameters=wanted, return_annotation=None)  # type: ignore[attr-defined]
    return prove


def record_counts(item: pytest.Item, counts: Counts) -> None:
    """Have these counts told when all tests have ended."""
    item.user_properties += [("counted", [name, count]) for name, count in counts.items()]


def sum_counts(reports: Iterable[pytest.TestReport]) -> Counter[str]:
    """The sums of all that was counted."""
    found = Counter[str]()
    for report in reports:
        for what, counted in report.user_properties:
            if what == "counted":
                found[counted[0]] += counted[1]
    return found


def read(file: Path) -> Counts | None:
    """The kept counts; None where there are none, or none that can be read."""
    try:
        counts = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return counts if isinstance(counts, dict) else None


def write(file: Path, counts: Counts) -> None:
    """Keep the counts: whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(f".{getpid()}")
    new.write_text(json.dumps(counts), "utf-8")
    new.replace(file)


@cache
def hash_of(root: Path) -> str:
    """Of the names and bytes of all that is proved from, and of what proves."""
    digest = sha256(sys.version.encode())
    for package in SOLVERS:
        digest.update(f"\0{package} {version(package)}".encode())
    for file in files(root):
        digest.update(f"\0{file.relative_to(root).as_posix()}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def files(root: Path) -> Iterator[Path]:
    """All that is proved from, in order."""
    for name in PROVED_FROM:
        found = root / name
        every = sorted(found.rglob("*")) if found.is_dir() else [found]
        yield from (f for f in every if f.is_file() and "__pycache__" not in f.parts)

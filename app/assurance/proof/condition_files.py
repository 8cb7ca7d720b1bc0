"""Every condition in the rule files, as it is written there. Knows nothing of what it means."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.assurance.proof.evaluator import read_yaml_strings

TELLING = ("questions.yaml", "urgency/*.yaml", "types/*.yaml", "advice.yaml")
"""The files whose conditions can change a result."""


def list_written_conditions(
    folder: Path, patterns: tuple[str, ...] = TELLING
) -> Iterator[tuple[str, Any]]:
    """Every condition in these files, with what it belongs to; `places` of advice is one too."""
    for file in (file for files in patterns for file in sorted(folder.glob(files))):
        yield from _walk_conditions(read_yaml_strings(file), file.stem)


def _walk_conditions(tree: Any, what: str) -> Iterator[tuple[str, Any]]:
    if isinstance(tree, dict):
        what = tree.get("id", what)
        for key, value in tree.items():
            if key in ("when", "only_with", "ask_if", "likely_needs"):
                yield what, value
            elif key == "places":
                yield what, {"question": "place", "includes_any": value}
            else:
                yield from _walk_conditions(value, what)
    elif isinstance(tree, list):
        for part in tree:
            yield from _walk_conditions(part, what)

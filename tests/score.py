"""What the harnesses counted, kept for the score line: one small file for each name."""

from __future__ import annotations

import json
import os
from pathlib import Path

ENV = "CALCINOSIS_SCORE"
"""The folder that `make score` collects the counts in; a usual run leaves it unset."""


def keep_count(name: str, bad: int, of: int, **parts: int) -> None:
    """Keep that `bad` of `of` tries went wrong; `parts` say what the tries were made up of."""
    folder = os.environ.get(ENV)
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        kept = {"bad": bad, "of": of, **({"parts": parts} if parts else {})}
        Path(folder, f"{name}.json").write_text(json.dumps(kept) + "\n", encoding="utf-8")

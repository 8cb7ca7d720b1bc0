"""A small library of cases for tests: made-up stories, labels and readings in a folder of rules.

Three cases: Anna's is an emergency, Ben's is routine, Cora's routine with a type. Knows nothing of
the real sets.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.assurance.asked import hash_questions
from app.assurance.blind import BlindReport, benchmark_sets
from app.assurance.reading import build_reading, create_case_set, open_labels, read_stories
from app.assurance.sets import Use, read_library, write_reading, write_set
from app.triage.rulebook import Rulebook
from tests.builders import RULES, answers, rulebook

STORIES = [
    {"id": "anna", "story": "You are confused and have a lump."},
    {"id": "ben", "story": "You have a lump."},
    {"id": "cora", "vignette": "You have hard lumps on the vulva.", "diagnosis": "secret"},
]
LABELS = [
    {"id": "anna", "urgency": "emergency", "urgency_reason": "A sentence of the reader's."},
    {"id": "ben", "urgency": "routine", "urgency_acceptable": ["routine", "soon"]},
    {"id": "cora", "urgency": "routine", "type": "idiopathic", "diagnosis": "Idiopathic stones"},
]
RIGHT: Mapping[str, Mapping[str, list[str]]] = {
    "anna": {"breath": ["confused"]},
    "ben": {},
    "cora": {"place": ["genital"], "feel": ["hard", "several"]},
}
"""Answers that lead to every label."""
DAY, LATER = "2026-12-01", "2026-12-02"


def whole(changes: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Every question on the path answered, as a reader hands it in."""
    return {name: sorted(chosen) for name, chosen in answers(changes).items()}


@dataclass
class Shelf:
    """The folder of a small rulebook's cases, and what is done with it."""

    rules: Path
    name: str = "new"
    book: Rulebook = field(default_factory=rulebook)
    """Whose questions are asked."""

    @property
    def cases(self) -> Path:
        return self.rules / "cases"

    def note(self, use: Use) -> None:
        """Note the set, not opened yet."""
        write_set(self.cases, create_case_set(self.name, use, read_stories(self.stories())))

    def stories(self, *more: Mapping[str, str]) -> Path:
        """The file of stories."""
        file = self.rules / "stories.json"
        file.write_text(json.dumps([*STORIES, *more]))
        return file

    def handed(self, changes: Mapping[str, Mapping[str, list[str]]], **more: object) -> Path:
        """A file as a reader hands it in: the right answers with these changes."""
        answers_by_story = {
            name: {"answers": whole(reply)} for name, reply in {**RIGHT, **changes}.items()
        }
        known = read_library(self.cases).sets[self.name].stories
        hashes = {"questions": hash_questions(self.book), "stories": known}
        file = self.rules / "answers.json"
        file.write_text(json.dumps({**hashes, "answers": answers_by_story, **more}))
        return file

    def keep(
        self,
        reader: str,
        changes: Mapping[str, Mapping[str, list[str]]] | None = None,
        date: str = DAY,
        **more: object,
    ) -> Path:
        """Keep what this reader hands in."""
        handed, library = self.handed(changes or {}, **more), read_library(self.cases)
        reading = build_reading(self.book, library, handed, self.name, reader, date)
        return write_reading(self.cases, reading)

    def open(self, book: Rulebook | None = None, date: str = DAY) -> None:
        """Open the labels with this rulebook."""
        file = self.rules / "labels.json"
        file.write_text(json.dumps(LABELS))
        library = read_library(self.cases)
        write_set(self.cases, open_labels(book or rulebook(), library, self.name, file, date))

    def runs(self, book: Rulebook | None = None) -> BlindReport:
        """What comes out with this rulebook."""
        return benchmark_sets(book or rulebook(), self.rules, read_library(self.cases))


def shelf(folder: Path) -> Shelf:
    """An empty library with the real convention."""
    made = Shelf(folder / "rules")
    made.cases.mkdir(parents=True)
    shutil.copy(RULES / "cases" / "README.md", made.cases)
    return made

"""Everything found wrong with a rulebook, and the files of its folder, each read once.

Every fault is one line, `file:line: id: what is wrong; what is allowed`. Knows nothing of rules.
"""

from dataclasses import dataclass, field
from pathlib import Path

from app.rulebook.yaml_lines import LinedList, LinedMapping, parse_lined_yaml


class RulebookFaults(Exception):
    """A rulebook that must not be used; `faults`: `file:line: id: what is wrong and allowed`."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        self.faults = faults
        super().__init__("\n".join(faults))


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong, at one line of one file."""

    file: str
    line: int
    subject: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.subject}: {self.text}"


@dataclass
class FaultLog:
    """The faults of the rulebook in this folder; `unread` are files that gave nothing."""

    folder: Path
    noted: set[Fault] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)
    contents: dict[str, object] = field(default_factory=dict)

    @property
    def fault_lines(self) -> list[str]:
        """Every fault once, in the order of files and lines."""
        return [str(fault) for fault in sorted(self.noted)]

    def note_fault(self, file: str, line: int, subject: str, text: str) -> None:
        """Note one fault."""
        self.noted.add(Fault(file, line, subject, text))

    def read_file(self, file: str) -> object:
        """The content of a file of the rulebook; None, with a fault noted, if there is none."""
        if file not in self.contents:
            self.contents[file] = self._load_file(file)
            if self.contents[file] is None:
                self.unread.add(file)
        return self.contents[file]

    def read_list(self, file: str) -> list[LinedMapping]:
        """The mappings in a file that holds a list of them."""
        content = self.read_file(file)
        if content is not None and not isinstance(content, LinedList):
            self.note_fault(
                file, 1, "file", "holds no list; a list of entries with an id is expected"
            )
            self.unread.add(file)
        return self.list_mappings(content, file)

    def read_mapping(self, file: str) -> LinedMapping:
        """A file that holds one mapping; an empty one, with a fault noted, if it does not."""
        content = self.read_file(file)
        if isinstance(content, LinedMapping):
            return content
        if content is not None:
            self.note_fault(file, 1, "file", "holds no mapping; 'key: value' lines are expected")
            self.unread.add(file)
        return LinedMapping()

    def list_mappings(self, content: object, file: str) -> list[LinedMapping]:
        """The mappings in a list; anything else in it is a fault."""
        if not isinstance(content, LinedList):
            return []
        for index, entry in enumerate(content):
            if not isinstance(entry, LinedMapping):
                text = "holds no 'key: value' lines; every entry has an id and more"
                self.note_fault(file, content.lines[index], "entry", text)
        return [entry for entry in content if isinstance(entry, LinedMapping)]

    def _load_file(self, file: str) -> object:
        try:
            text = (self.folder / file).read_text(encoding="utf-8")
        except FileNotFoundError:
            self.note_fault(file, 1, "file", "is missing; every rulebook has it")
        except UnicodeDecodeError:
            self.note_fault(file, 1, "file", "is not UTF-8 text; save it as UTF-8")
        except OSError as problem:
            self.note_fault(file, 1, "file", f"cannot be read: {problem.strerror}")
        else:
            content = parse_lined_yaml(
                text, lambda line, fault: self.note_fault(file, line, "yaml", fault)
            )
            if content is None and not any(fault.file == file for fault in self.noted):
                self.note_fault(file, 1, "file", "is empty; fill it, or write [] for an empty list")
            return content
        return None


@dataclass(frozen=True, slots=True)
class WrittenEntry:
    """Something as its author wrote it: says what is wrong with it, and on which line."""

    file: str
    id: str
    raw: LinedMapping
    faults: FaultLog

    @property
    def start_line(self) -> int:
        """The line on which it begins."""
        return self.raw.line

    def note_fault(self, text: str, *path: object) -> None:
        """Note a fault at this path of keys and positions, or at the whole."""
        self.faults.note_fault(self.file, self.raw.line_of(*path), self.id, text)

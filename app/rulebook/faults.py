"""Everything found wrong with a rulebook, and the files of its folder, each read once.

Every fault is one line, `file:line: id: what is wrong; what is allowed`. Knows nothing of rules.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from app.rulebook.yaml_lines import LinedList, LinedMapping, parse_lined_yaml
from app.triage.conditions import BadCondition, Vocabulary, parse_condition


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

    def read_whole(self, file: str, name: str) -> "WrittenEntry":
        """The one mapping of a file, as an entry of this name."""
        return WrittenEntry(file, name, self.read_mapping(file), self)

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

    def note_fault(self, text: str, *path: object) -> None:
        """Note a fault at this path of keys and positions, or at the whole."""
        self.faults.note_fault(self.file, self.raw.line_of(*path), self.id, text)


KeyPath = tuple[object, ...]


def list_validation_messages(
    model: type[BaseModel], problem: ValidationError
) -> Iterator[tuple[KeyPath, str]]:
    """For each misfit the path to it, and what is wrong and what is allowed."""
    for error in problem.errors(include_url=False):
        path = tuple(part for part in error["loc"] if part != "[key]")
        yield path, _describe_error(model, path, error)


def find_bad_parts(
    raw: object, vocabulary: Vocabulary, path: KeyPath
) -> Iterator[tuple[object, str, KeyPath]]:
    """The innermost parts of a condition that do not fit: the part, the fault, its path."""
    try:
        parse_condition(raw, vocabulary)
    except BadCondition as problem:
        inner = [
            bad
            for key, part in _list_subconditions(raw)
            for bad in find_bad_parts(part, vocabulary, path + key)
        ]
        yield from inner
        if str(problem) not in [text for _, text, _ in inner]:
            yield raw, str(problem), path


def _list_subconditions(raw: object) -> Iterator[tuple[KeyPath, LinedMapping]]:
    """Every condition that stands directly inside this one: in a list, or under `not`."""
    for key, value in raw.items() if isinstance(raw, LinedMapping) else ():
        if isinstance(value, LinedMapping) and key == "not":
            yield (key,), value
        elif isinstance(value, LinedList):
            yield from (((key, i), p) for i, p in enumerate(value) if isinstance(p, LinedMapping))


def _describe_error(model: type[BaseModel], path: KeyPath, error: Mapping[str, Any]) -> str:
    names = [part for part in path if isinstance(part, str)]
    if error["loc"][-1] == "[key]":
        names.pop()
    key, given, context = names[-1], error["input"], error.get("ctx") or {}
    match error["type"]:
        case "extra_forbidden":
            return f"unknown key '{key}'; allowed: {', '.join(_allowed_keys(model, path[:-1]))}"
        case "missing":
            return f"key '{key}' is missing"
        case "literal_error":
            allowed = context["expected"].replace("'", "").replace(" or ", ", ")
            return f"'{format_value(given)}' is not allowed for '{key}'; allowed: {allowed}"
        case "value_error":
            return f"'{format_value(given)}' does not fit '{key}'; allowed: {context['error']}"
        case "string_type" if isinstance(given, bool | int):
            return f"'{format_value(given)}' is not text for '{key}'; put quotes round it"
        case "too_short":
            return f"'{key}' holds {context['actual_length']}; allowed: at least " + str(
                context["min_length"]
            )
        case "too_long":
            return f"'{key}' holds {context['actual_length']}; allowed: at most " + str(
                context["max_length"]
            )
        case "greater_than_equal" | "less_than_equal":
            bound = context.get("ge", context.get("le"))
            side = "at least" if "ge" in context else "at most"
            return f"'{format_value(given)}' does not fit '{key}'; allowed: {side} {bound}"
        case kind:
            return (
                f"'{format_value(given)}' does not fit '{key}'; allowed: {_KINDS.get(kind, kind)}"
            )


_KINDS = {
    "string_type": "text",
    "int_type": "a whole number without quotes",
    "bool_type": "true, false",
    "list_type": "a list, such as [a, b]",
    "frozen_set_type": "a list, such as [a, b]",
    "dict_type": "'key: value' lines",
    "model_type": "'key: value' lines",
}


def format_value(given: object) -> str:
    """A value as it may stand in a rule file."""
    match given:
        case None:
            return "nothing"
        case bool():
            return str(given).lower()
        case LinedMapping():
            return "{" + ", ".join(given) + "}"
        case LinedList():
            return "[" + ", ".join(map(format_value, given)) + "]"
        case _:
            return str(given)


def _allowed_keys(model: type[BaseModel], path: KeyPath) -> list[str]:
    """The keys that are allowed at the end of this path."""
    for part in path:
        for name, known in model.model_fields.items():
            if part in (name, known.alias):
                model = next(_list_models(known.annotation), model)
                break
    keys = [known.alias or name for name, known in model.model_fields.items()]
    return sorted(keys, key=lambda key: key != "id")


def _list_models(annotation: object) -> Iterator[type[BaseModel]]:
    """Every model inside an annotation such as `list[OptionEntry] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _list_models(part)

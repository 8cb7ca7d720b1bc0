"""Reading a YAML file so that every fault can name its file and line, and no YAML trap bites.

Only `true` and `false` are true and false (plain PyYAML also takes yes, no, on, off), dates stay
text, and a key that stands twice is a fault instead of a silent overwrite.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

import yaml


class Lined(dict[str, object]):
    """A mapping that remembers on which line it and each of its keys began."""

    line: int = 0
    lines: dict[str, int]

    def line_of(self, key: object) -> int:
        """The line of this key, or of the mapping itself."""
        return self.lines.get(str(key), self.line)


@dataclass
class Faults:
    """Everything found wrong with a rulebook: `file:line: id: what is wrong and what is allowed`."""

    folder: Path
    found: list[str] = field(default_factory=list)

    def add(self, file: str, line: int, subject: str, text: str) -> None:
        """Note one fault."""
        self.found.append(f"{file}:{line}: {subject}: {text}")

    def read(self, file: str) -> object:
        """The content of a file of the rulebook; None, with a fault noted, if it cannot be read."""
        path = self.folder / file
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            self.add(file, 0, "file", "is missing")
            return None
        except UnicodeDecodeError:
            self.add(file, 0, "file", "is not UTF-8 text")
            return None
        loader = _Loader(text)
        loader.file, loader.faults = file, self
        try:
            content: object = loader.get_single_data()
        except (yaml.MarkedYAMLError, RecursionError) as problem:
            mark = getattr(problem, "problem_mark", None)
            line = mark.line + 1 if mark else 0
            self.add(file, line, "yaml", getattr(problem, "problem", None) or "nested too deep")
            return None
        finally:
            loader.dispose()
        return content

    def read_list(self, file: str) -> list[Lined]:
        """A file that holds a list of mappings, each with an id."""
        content = self.read(file)
        if content is None:
            return []
        if not isinstance(content, list):
            self.add(file, 1, "file", "holds no list; a list of entries with an id is expected")
            return []
        entries = []
        for entry in content:
            if isinstance(entry, Lined) and isinstance(entry.get("id"), str):
                entries.append(entry)
            else:
                line = entry.line if isinstance(entry, Lined) else 1
                self.add(file, line, "entry", "has no id; every entry needs an id in words")
        return entries

    def read_mapping(self, file: str) -> Lined:
        """A file that holds one mapping."""
        content = self.read(file)
        if isinstance(content, Lined):
            return content
        if content is not None:
            self.add(file, 1, "file", "holds no mapping; 'key: value' lines are expected")
        empty = Lined()
        empty.lines = {}
        return empty


class _Loader(yaml.SafeLoader):
    file: str
    faults: Faults


def _mapping(loader: _Loader, node: yaml.MappingNode) -> Lined:
    lined = Lined()
    lined.line = node.start_mark.line + 1
    lined.lines = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)  # type: ignore[no-untyped-call]  # PyYAML
        line = key_node.start_mark.line + 1
        if not isinstance(key, str):
            text = f"key '{key_node.value}' is not a word; put quotes round it"
            loader.faults.add(loader.file, line, "yaml", text)
        if str(key) in lined:
            loader.faults.add(loader.file, line, "yaml", f"key '{key}' stands twice")
        lined[str(key)] = loader.construct_object(value_node, deep=True)  # type: ignore[no-untyped-call]
        lined.lines[str(key)] = line
    return lined


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.endswith((":int", ":null"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(  # type: ignore[no-untyped-call]
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf")
)

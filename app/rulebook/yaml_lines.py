"""YAML text as values that remember their lines, with the traps of YAML closed.

Only `true` and `false` are true and false (plain YAML also takes yes, no, on, off), only plain
digits are numbers, and dates stay text. A key that stands twice, an anchor, an alias, a tag, a tab
and a second document are faults. Knows nothing of rules.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import yaml

NoteFault = Callable[[int, str], None]
"""Takes note of a fault: its line, counted from 1, and what is wrong."""

MAX_NESTING = 30
"""How deep lists and mappings may stand in each other; a rule file needs about ten."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C is ten times as fast
_UNWANTED = re.compile("[^\n\r -~\xa0-\u2027\u202f-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Tabs, and characters that cannot be seen: some break lines where no editor does, or turn text."""

_NUMBER = re.compile(r"-?(0|[1-9]\d{0,8})")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}


class LinedMapping(dict[str, object]):
    """A mapping that remembers on which line it and each of its keys began."""

    line = 1
    lines: Mapping[object, int] = MappingProxyType({})

    def line_of(self, *path: object) -> int:
        """The line of what stands at this path of keys and positions, as far as the path leads."""
        return _find_line(self, path)


class LinedList(list[object]):
    """A list that remembers on which line it and each of its entries began."""

    line = 1
    lines: Sequence[int] = ()


def parse_lined_yaml(text: str, wrong: NoteFault) -> object:
    """What the text holds; None if it is empty or, with a fault noted, cannot be read."""
    unwanted = list(_UNWANTED.finditer(text))
    for found in unwanted:
        line = text.count("\n", 0, found.start()) + 1
        name = "a tab" if found[0] == "\t" else f"the character U+{ord(found[0]):04X}"
        wrong(line, f"{name} stands here; use spaces and characters that can be seen")
    if unwanted:
        return None
    try:
        return _YamlReader(text, wrong).read_document()
    except _RefusedYaml as refused:
        wrong(refused.line, refused.text)
    except yaml.MarkedYAMLError as problem:
        wrong(_line_number(problem.problem_mark), f"is not YAML: {_describe_problem(problem)}")
    return None


class _RefusedYaml(Exception):
    """Something in the text after which it is not read on."""

    def __init__(self, line: int, text: str) -> None:
        self.line, self.text = line, text
        super().__init__(text)


class _YamlReader:
    """One reading of a text, event by event: no object is ever made that the text asks for."""

    def __init__(self, text: str, wrong: NoteFault) -> None:
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=_LOADER)
        self._wrong = wrong

    def read_document(self) -> object:
        next(self._events)  # the start of the stream
        start = next(self._events)
        if isinstance(start, yaml.StreamEndEvent):
            return None
        content = self._read_value(next(self._events), 1)
        next(self._events)  # the end of the document
        following = next(self._events)
        if not isinstance(following, yaml.StreamEndEvent):
            text = "a second document ('---') starts here; a file holds one"
            self._wrong(_line_number(following.start_mark), text)
        return content

    def _read_value(self, event: yaml.Event, depth: int) -> object:
        line = _line_number(event.start_mark)
        if depth > MAX_NESTING:
            raise _RefusedYaml(line, f"nested too deep; at most {MAX_NESTING} levels are allowed")
        if isinstance(event, yaml.AliasEvent):
            raise _RefusedYaml(line, f"the alias '*{event.anchor}' is not allowed; write it out")
        if anchor := getattr(event, "anchor", None):
            self._wrong(line, f"the anchor '&{anchor}' is not allowed; take it out")
        if getattr(event, "tag", None):
            self._wrong(line, "tags ('!...') are not allowed; for text put quotes round it")
        if isinstance(event, yaml.MappingStartEvent):
            return self._read_mapping(event, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._read_list(event, depth)
        if isinstance(event, yaml.ScalarEvent) and not event.implicit[0]:
            return event.value  # in quotes, or a block of text
        return _parse_scalar(getattr(event, "value", ""))

    def _read_mapping(self, start: yaml.Event, depth: int) -> LinedMapping:
        lined, lines = LinedMapping(), dict[object, int]()
        lined.line, lined.lines = _line_number(start.start_mark), lines
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            line, key = _line_number(event.start_mark), self._read_value(event, depth + 1)
            value = self._read_value(next(self._events), depth + 1)
            if not isinstance(key, str):
                shown = f" '{event.value}'" if isinstance(event, yaml.ScalarEvent) else ""
                self._wrong(line, f"the key{shown} is not a word; put quotes round it")
            elif key in lined:
                self._wrong(line, f"key '{key}' stands twice; once is allowed")
            else:
                lined[key], lines[key] = value, line
        return lined

    def _read_list(self, start: yaml.Event, depth: int) -> LinedList:
        lined, lines = LinedList(), list[int]()
        lined.line, lined.lines = _line_number(start.start_mark), lines
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            lined.append(self._read_value(event, depth + 1))
            lines.append(_line_number(event.start_mark))
        return lined


def _parse_scalar(text: str) -> str | int | bool | None:
    """The meaning of text that has no quotes round it."""
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _NUMBER.fullmatch(text) else text


def _find_line(whole: LinedMapping | LinedList, path: tuple[object, ...]) -> int:
    line = whole.line
    node: object = whole
    for part in path:
        if isinstance(node, LinedMapping) and part in node:
            line, node = node.lines[part], node[str(part)]
        elif isinstance(node, LinedList) and isinstance(part, int) and part < len(node.lines):
            line, node = node.lines[part], node[part]
        else:
            break
    return line


def _line_number(mark: Any) -> int:  # a mark of the reader in C, or of the one in Python
    return mark.line + 1 if mark else 1


def _describe_problem(problem: yaml.MarkedYAMLError) -> str:
    where = f" ({problem.context} from line {_line_number(problem.context_mark)})"
    return f"{problem.problem}{where if problem.context_mark else ''}"

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

Wrong = Callable[[int, str], None]
"""Takes note of a fault: its line, counted from 1, and what is wrong."""

MOST_NESTED = 30
"""How deep lists and mappings may stand in each other; a rule file needs about ten."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C is ten times as fast
_UNWANTED = re.compile("[^\n\r -~\xa0-\u2027\u202f-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Tabs, and characters that cannot be seen: some break lines where no editor does, or turn text."""

_NUMBER = re.compile(r"-?(0|[1-9]\d{0,8})")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}


class Lined(dict[str, object]):
    """A mapping that remembers on which line it and each of its keys began."""

    line = 1
    lines: Mapping[object, int] = MappingProxyType({})

    def line_of(self, *path: object) -> int:
        """The line of what stands at this path of keys and positions, as far as the path leads."""
        return _line_at(self, path)


class LinedList(list[object]):
    """A list that remembers on which line it and each of its entries began."""

    line = 1
    lines: Sequence[int] = ()


def read_yaml(text: str, wrong: Wrong) -> object:
    """What the text holds; None if it is empty or, with a fault noted, cannot be read."""
    unwanted = list(_UNWANTED.finditer(text))
    for found in unwanted:
        line = text.count("\n", 0, found.start()) + 1
        name = "a tab" if found[0] == "\t" else f"the character U+{ord(found[0]):04X}"
        wrong(line, f"{name} stands here; use spaces and characters that can be seen")
    if unwanted:
        return None
    try:
        return _Document(text, wrong).content()
    except _Refused as refused:
        wrong(refused.line, refused.text)
    except yaml.MarkedYAMLError as problem:
        wrong(_line(problem.problem_mark), f"is not YAML: {_in_words(problem)}")
    return None


class _Refused(Exception):
    """Something in the text after which it is not read on."""

    def __init__(self, line: int, text: str) -> None:
        self.line, self.text = line, text
        super().__init__(text)


class _Document:
    """One reading of a text, event by event: no object is ever made that the text asks for."""

    def __init__(self, text: str, wrong: Wrong) -> None:
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=_LOADER)
        self._wrong = wrong

    def content(self) -> object:
        next(self._events)  # the start of the stream
        start = next(self._events)
        if isinstance(start, yaml.StreamEndEvent):
            return None
        content = self._value(next(self._events), 1)
        next(self._events)  # the end of the document
        following = next(self._events)
        if not isinstance(following, yaml.StreamEndEvent):
            text = "a second document ('---') starts here; a file holds one"
            self._wrong(_line(following.start_mark), text)
        return content

    def _value(self, event: yaml.Event, depth: int) -> object:
        line = _line(event.start_mark)
        if depth > MOST_NESTED:
            raise _Refused(line, f"nested too deep; at most {MOST_NESTED} levels are allowed")
        if isinstance(event, yaml.AliasEvent):
            raise _Refused(line, f"the alias '*{event.anchor}' is not allowed; write it out")
        if anchor := getattr(event, "anchor", None):
            self._wrong(line, f"the anchor '&{anchor}' is not allowed; take it out")
        if getattr(event, "tag", None):
            self._wrong(line, "tags ('!...') are not allowed; for text put quotes round it")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(event, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(event, depth)
        if isinstance(event, yaml.ScalarEvent) and not event.implicit[0]:
            return event.value  # in quotes, or a block of text
        return _scalar(getattr(event, "value", ""))

    def _mapping(self, start: yaml.Event, depth: int) -> Lined:
        lined, lines = Lined(), dict[object, int]()
        lined.line, lined.lines = _line(start.start_mark), lines
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            line, key = _line(event.start_mark), self._value(event, depth + 1)
            value = self._value(next(self._events), depth + 1)
            if not isinstance(key, str):
                shown = f" '{event.value}'" if isinstance(event, yaml.ScalarEvent) else ""
                self._wrong(line, f"the key{shown} is not a word; put quotes round it")
            elif key in lined:
                self._wrong(line, f"key '{key}' stands twice; once is allowed")
            else:
                lined[key], lines[key] = value, line
        return lined

    def _list(self, start: yaml.Event, depth: int) -> LinedList:
        lined, lines = LinedList(), list[int]()
        lined.line, lined.lines = _line(start.start_mark), lines
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            lined.append(self._value(event, depth + 1))
            lines.append(_line(event.start_mark))
        return lined


def _scalar(text: str) -> str | int | bool | None:
    """The meaning of text that has no quotes round it."""
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _NUMBER.fullmatch(text) else text


def _line_at(whole: Lined | LinedList, path: tuple[object, ...]) -> int:
    line = whole.line
    here: object = whole
    for part in path:
        if isinstance(here, Lined) and part in here:
            line, here = here.lines[part], here[str(part)]
        elif isinstance(here, LinedList) and isinstance(part, int) and part < len(here.lines):
            line, here = here.lines[part], here[part]
        else:
            break
    return line


def _line(mark: Any) -> int:  # a mark of the reader in C, or of the one in Python
    return mark.line + 1 if mark else 1


def _in_words(problem: yaml.MarkedYAMLError) -> str:
    where = f" ({problem.context} from line {_line(problem.context_mark)})"
    return f"{problem.problem}{where if problem.context_mark else ''}"

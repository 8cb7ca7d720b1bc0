"""JSON that keeps decimals as they were written: 2.50 stays 2.50, on the way in and out."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

MOST_DEPTH = 40
"""Levels within levels; a questionnaire response of ours has four."""


class BadJson(Exception):
    """Not JSON, a key that stands twice, a number that is none, or too many levels."""


def parse_json(text: bytes) -> Any:
    """The value of a JSON text in UTF-8, numbers as int or Decimal. Raises BadJson."""
    try:
        value = json.loads(
            text.decode("utf-8-sig"),
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_build_object,
        )
    except (ValueError, RecursionError):
        raise BadJson from None
    if _measure_depth(value) > MOST_DEPTH:
        raise BadJson
    return value


def write_json(value: object) -> str:
    """The JSON text of mappings, sequences, text, int, bool, None and Decimal."""
    try:
        return _ENCODER.encode(value)  # far quicker, and it knows no Decimal
    except TypeError:
        return _write_value(value)


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)


def _write_value(value: object) -> str:
    match value:
        case Decimal():
            return format(value, "f")
        case str() | bool() | int() | None:
            return json.dumps(value, ensure_ascii=False)
        case Mapping():
            parts = (f"{_write_value(str(key))}:{_write_value(one)}" for key, one in value.items())
            return f"{{{','.join(parts)}}}"
        case Sequence():
            return f"[{','.join(map(_write_value, value))}]"
    raise TypeError(type(value).__name__)


def _build_object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise BadJson
    return dict(pairs)


def _refuse_constant(_: str) -> object:
    raise BadJson


def _measure_depth(value: object) -> int:
    depth, level = 0, [value]
    while level and depth <= MOST_DEPTH:
        depth += 1
        level = [
            inner
            for one in level
            if isinstance(one, (dict, list))
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return depth

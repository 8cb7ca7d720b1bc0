"""What does not fit in an entry, and at which path: as a whole by its model, in its conditions."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from app.rulebook.yaml_lines import LinedList, LinedMapping
from app.triage.conditions import BadCondition, Vocabulary, parse_condition

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

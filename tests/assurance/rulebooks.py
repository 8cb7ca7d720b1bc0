"""Rulebooks for proofs: a changed copy of the real one, a small one, conditions nobody wrote."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from app.assurance.proof.evaluator import read_yaml_strings
from app.triage.questionnaire import Question
from tests.builders import RULES, rulebook


def changed_copy(to: Path, file: str, find: str, replace: str) -> Path:
    """The real rulebook with one text of one file replaced, which must stand there once."""
    folder = copied(to)
    text = (folder / file).read_text("utf-8")
    assert text.count(find) == 1, f"{find!r} stands {text.count(find)} times in {file}"
    (folder / file).write_text(text.replace(find, replace), "utf-8")
    return folder


def copied(to: Path) -> Path:
    """A copy of the real rulebook without its cases and the published ones."""
    left_out = shutil.ignore_patterns("cases", "published")
    return Path(shutil.copytree(RULES, to / "rules", ignore=left_out))


def small_rulebook(
    folder: Path,
    questions: Sequence[Mapping[str, Any]],
    rules: Sequence[Mapping[str, Any]],
    named: Sequence[Mapping[str, Any]] = (),
    longest: int | None = None,
) -> Path:
    """A folder with just these questions and rules, and the real laboratory values.

    JSON is YAML. `options` may be plain ids; every question gets its "not sure".
    """
    (folder / "urgency").mkdir(parents=True)
    asked = [
        {"unsure": "not_sure", **q, "options": [_option(option) for option in q["options"]]}
        for q in questions
    ]
    files = {
        "questions.yaml": asked,
        "named.yaml": list(named),
        "urgency/all.yaml": list(rules),
        "rulebook.yaml": {"longest_path": str(longest or len(questions))},
        "labs.yaml": read_yaml_strings(RULES / "labs.yaml"),
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content), "utf-8")
    return folder


def _option(option: str | Mapping[str, Any]) -> Mapping[str, Any]:
    return {"id": option} if isinstance(option, str) else option


def with_random_conditions(to: Path, chance: Random, rules: Sequence[str]) -> Path:
    """A copy in which these rules hold where a random condition does.

    Each old condition stays in a place where it decides nothing, so that all its options are read.
    """
    folder = copied(to)
    for file in folder.glob("urgency/*.yaml"):
        entries = read_yaml_strings(file)
        for entry in (entry for entry in entries if entry["id"] in rules):
            condition = random_condition(chance, 3)
            entry["when"] = {"any": [condition, {"all": [entry["when"], condition]}]}
            if "if_unsure" in entry:
                limit = random_condition(chance, 1)
                old = entry.get("only_with", limit)
                entry["only_with"] = {"any": [limit, {"all": [old, limit]}]}
        file.write_text(json.dumps(_with_numbers(entries)), "utf-8")
    return folder


def random_condition(chance: Random, depth: int) -> dict[str, Any]:
    """Any condition that the language of the rules can say, nested at most so deep."""
    kind = chance.choice(("all", "any", "not", "of", "lab", "named", *3 * ["question"]))
    if depth == 0 or kind == "question":
        return _about(chance, chance.choice(rulebook().questionnaire.questions))
    if kind == "lab":
        bounds = {"mmol/L": "2.60", "mg/dL": "10.4"}
        return {"lab": "calcium_adjusted", chance.choice(("at_least", "above", "below")): bounds}
    if kind == "named":
        return {"named": chance.choice(("fever", "low_defences", "under_16", "undiagnosed"))}
    parts = [random_condition(chance, depth - 1) for _ in range(3)]
    if kind == "of":
        return {"at_least": "2", "of": parts}
    return {"not": parts[0]} if kind == "not" else {kind: parts[: chance.randint(1, 3)]}


def _about(chance: Random, question: Question) -> dict[str, Any]:
    is_one, any_of = ("is", "any_of") if question.kind == "one" else ("includes", "includes_any")
    options = question.option_ids
    if chance.random() < 0.4:
        return {"question": question.id, is_one: chance.choice(options)}
    some = chance.sample(options, chance.choice((2, 3, len(options) - 1, len(options))))
    return {"question": question.id, any_of: some}


def _with_numbers(tree: Any) -> Any:
    """The one number of the language as a number: read_yaml makes all of them text."""
    if isinstance(tree, list):
        return [_with_numbers(part) for part in tree]
    if isinstance(tree, dict):
        return {
            key: int(value)
            if key == "at_least" and isinstance(value, str)
            else _with_numbers(value)
            for key, value in tree.items()
        }
    return tree

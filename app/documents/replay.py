"""Old assessments worked out again: what was asked, what was answered, to the last byte.

A corpus is a packed text of lines, one assessment each, kept with the published rulebook that it
was made with: the body that was sent, the answer, the receipt (it has no place for blood values).
"""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from app.documents.exchange import assess_json
from app.documents.receipt import BadReceipt, Shelf, verify, write
from app.triage.published import unpack
from app.triage.rulebook import Rulebook
from app.triage.rules import assess
from app.triage.terms import Answers

Labs = Mapping[str, Mapping[str, str]]


def record(corpus: Path, rulebook: Rulebook, people: Sequence[tuple[Answers, Labs]]) -> None:
    """Write the corpus of these people; the same people always give the same bytes."""
    pack(corpus, [_written(_line(rulebook, *person)) for person in people])


def pack(corpus: Path, lines: Sequence[str]) -> None:
    """Write the lines of a corpus."""
    text = "".join(f"{line}\n" for line in lines)
    corpus.write_bytes(gzip.compress(text.encode(), mtime=0))


def replay(corpus: Path, shelf: Shelf) -> Iterator[str]:
    """Each line of a corpus that does not come out the same, with why."""
    for number, text in enumerate(unpack(corpus), start=1):
        line = json.loads(text)
        stands = line["answer"]["rulebook"]
        rulebook = shelf.find(stands["version"], stands["sha256"])
        if rulebook is None:
            yield f"line {number}: its rulebook is not at hand"
        elif _again(rulebook, line) != _written(line["answer"]):
            yield f"line {number}: another answer than was given"
        elif "receipt" in line:
            yield from (f"line {number}: {why}" for why in _receipt(line, rulebook, shelf))


def _again(rulebook: Rulebook, line: Mapping[str, Any]) -> str:
    """What is told today, but for parts of the answer that came later."""
    answer = assess_json(rulebook, _written(line["body"]).encode())
    return _written(_without_what_came_later(answer, line["answer"]))


def _without_what_came_later(now: object, then: object) -> object:
    if isinstance(now, Mapping) and isinstance(then, Mapping):
        return {part: _without_what_came_later(now.get(part), then[part]) for part in then}
    return now


def _receipt(line: Mapping[str, Any], rulebook: Rulebook, shelf: Shelf) -> Iterator[str]:
    try:
        verdict = verify(line["receipt"], shelf)
    except BadReceipt as problem:
        yield f"its receipt is refused: {problem}"
        return
    given = {name: sorted(chosen) for name, chosen in verdict.receipt.answers.items()}
    if verdict.receipt.rulebook is not rulebook or not verdict.same:
        yield "its receipt gives another level or type"
    elif given != {name: sorted(chosen) for name, chosen in line["body"]["answers"].items()}:
        yield "its receipt holds other answers"
    elif write(rulebook, verdict.receipt.answers, verdict.assessment) != line["receipt"]:
        yield "its receipt is written otherwise now"


def _line(rulebook: Rulebook, answers: Answers, labs: Labs) -> dict[str, Any]:
    kept = rulebook.questionnaire.path(answers).answers
    body: dict[str, Any] = {"answers": {name: sorted(chosen) for name, chosen in kept.items()}}
    if labs:
        body["labs"] = {name: dict(value) for name, value in labs.items()}
    line: dict[str, Any] = {"body": body}
    line["answer"] = assess_json(rulebook, _written(body).encode())
    if not labs:
        line["receipt"] = write(rulebook, kept, assess(rulebook, kept))
    return line


def _written(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

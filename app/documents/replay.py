"""Old assessments worked out again: what was asked, what was answered, to the last byte.

A corpus is a packed text of lines, one assessment each, kept with the published rulebook that it
was made with: the body that was sent, the answer, the receipt (it has no place for blood values).
"""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from app.documents.exchange import assess_json_body
from app.documents.receipt import RulebookArchive, verify_receipt, write_receipt
from app.documents.receipt_text import BadReceipt
from app.rulebook.load import read_corpus
from app.triage.rulebook import Rulebook
from app.triage.rules import assess_answers
from app.triage.terms import Answers

RawLabs = Mapping[str, Mapping[str, str]]


def record_corpus(
    corpus: Path, rulebook: Rulebook, people: Sequence[tuple[Answers, RawLabs]]
) -> None:
    """Write the corpus of these people; the same people always give the same bytes."""
    write_corpus(corpus, [_dump_json(_make_corpus_line(rulebook, *person)) for person in people])


def write_corpus(corpus: Path, lines: Sequence[str]) -> None:
    """Write the lines of a corpus."""
    text = "".join(f"{line}\n" for line in lines)
    corpus.write_bytes(gzip.compress(text.encode(), mtime=0))


def replay_corpus(corpus: Path, archive: RulebookArchive) -> Iterator[str]:
    """Each line of a corpus that does not come out the same, with why."""
    for number, text in enumerate(read_corpus(corpus), start=1):
        line = json.loads(text)
        stands = line["answer"]["rulebook"]
        rulebook = archive.find_rulebook(stands["version"], stands["sha256"])
        if rulebook is None:
            yield f"line {number}: its rulebook is not at hand"
        elif _assess_again(rulebook, line) != _dump_json(line["answer"]):
            yield f"line {number}: another answer than was given"
        elif "receipt" in line:
            yield from (f"line {number}: {why}" for why in _check_receipt(line, rulebook, archive))


def _assess_again(rulebook: Rulebook, line: Mapping[str, Any]) -> str:
    """What is told today, but for parts of the answer that came later."""
    answer = assess_json_body(rulebook, _dump_json(line["body"]).encode())
    return _dump_json(_keep_known_parts(answer, line["answer"]))


def _keep_known_parts(now: object, then: object) -> object:
    if isinstance(now, Mapping) and isinstance(then, Mapping):
        return {part: _keep_known_parts(now.get(part), then[part]) for part in then}
    return now


def _check_receipt(
    line: Mapping[str, Any], rulebook: Rulebook, archive: RulebookArchive
) -> Iterator[str]:
    try:
        verdict = verify_receipt(line["receipt"], archive)
    except BadReceipt as problem:
        yield f"its receipt is refused: {problem}"
        return
    given = {name: sorted(chosen) for name, chosen in verdict.receipt.answers.items()}
    if verdict.receipt.rulebook is not rulebook or not verdict.matches_rulebook:
        yield "its receipt gives another level or type"
    elif given != {name: sorted(chosen) for name, chosen in line["body"]["answers"].items()}:
        yield "its receipt holds other answers"
    elif write_receipt(rulebook, verdict.receipt.answers, verdict.assessment) != line["receipt"]:
        yield "its receipt is written otherwise now"


def _make_corpus_line(rulebook: Rulebook, answers: Answers, labs: RawLabs) -> dict[str, Any]:
    kept = rulebook.questionnaire.trace_path(answers).answers
    body: dict[str, Any] = {"answers": {name: sorted(chosen) for name, chosen in kept.items()}}
    if labs:
        body["labs"] = {name: dict(value) for name, value in labs.items()}
    line: dict[str, Any] = {"body": body}
    line["answer"] = assess_json_body(rulebook, _dump_json(body).encode())
    if not labs:
        line["receipt"] = write_receipt(rulebook, kept, assess_answers(rulebook, kept))
    return line


def _dump_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

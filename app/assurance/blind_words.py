"""What came out of the readings, as text for a terminal: the headline, then every other run."""

from collections.abc import Iterator, Mapping

from app.assurance.benchmark import COLUMNS
from app.assurance.blind import BlindReport, NotBlind, NotUnseen, ReaderRun, SetRun, Standing
from app.assurance.reading import READERS_NEEDED

_STANDINGS: Mapping[Standing, str] = {
    "unseen": "unseen: opened once, after the last change of this rulebook",
    "not_built_with": "this rulebook was not built with them",
    "built_with": "tuned: rules were sharpened with these cases",
}
_NOT_UNSEEN: Mapping[NotUnseen, str] = {
    "building": "the set is open for building",
    "other_rulebook": "it was opened with another rulebook",
    "few_readers": f"fewer than {READERS_NEEDED} blind readings are kept",
}
_NOT_BLIND: Mapping[NotBlind, str] = {
    "not_logged": "no hash of it was kept when it was made",
    "edited": "it was changed after it was kept",
    "other_questions": "the questions of this rulebook are others than those that were answered",
    "other_stories": "the stories of the set are others than those that were read",
    "unanswered": "not every story is answered",
    "late": "it was made after the labels were opened",
}


def format_blind_report(runs: BlindReport, today: str) -> str:
    """The runs as text; `today`: the hash of the rulebook that is judged."""
    lines = list(_headline_lines(runs, today))
    for one in runs.others:
        lines += _set_run_lines(one)
    for name, readings in runs.closed.items():
        lines += [f"Set {name}: not opened yet; kept readings: {readings}", ""]
    return "\n".join(lines)


def _headline_lines(runs: BlindReport, today: str) -> Iterator[str]:
    if runs.headline is None:
        yield "No headline: no cases that a rulebook was not built with have been read blind yet."
        yield ""
        return
    yield "HEADLINE"
    yield from _set_run_lines(runs.headline)
    if runs.headline.sha256 != today:
        yield "The headline is of another rulebook than today's, which has met no such cases yet."
        yield ""


def _set_run_lines(set_run: SetRun) -> Iterator[str]:
    rules = f"{set_run.rulebook} ({set_run.sha256[:12]})"
    yield f"Set {set_run.name}, rulebook {rules}: {_STANDINGS[set_run.standing]}"
    if set_run.not_unseen and set_run.standing != "built_with":
        yield f"  Not called unseen: {'; '.join(_NOT_UNSEEN[why] for why in set_run.not_unseen)}."
    for reader in set_run.readers:
        yield _reader_line(reader)
    yield ""
    if set_run.mean is None:
        yield "  No blind reading, so no mean"
    else:
        readings, cases = len(set_run.blind_readings), set_run.cases
        yield f"  Mean of blind readings ({readings}), 95 % bounds over {cases} cases"
        yield from (f"    {name:<22}{set_run.mean[key]}" for name, key in COLUMNS.items())
    if set_run.same_answers is not None:
        yield f"  Readers agree in answers  {set_run.same_answers}"
        yield f"  Readers agree in levels   {set_run.same_level}"
    yield ""


def _reader_line(reader_run: ReaderRun) -> str:
    score = reader_run.score
    return (
        f"  Reader {reader_run.reader}, {reader_run.date}, {_describe_blindness(reader_run)}: "
        f"level exact {score.exact}, acceptable {score.acceptable}, urgent missed "
        f"{score.urgent_missed}; type exact {score.type_exact}, acceptable "
        f"{score.type_acceptable}; {reader_run.refused} ids refused, {reader_run.left_out} left out"
    )


def _describe_blindness(reader_run: ReaderRun) -> str:
    why = "; ".join(_NOT_BLIND[reason] for reason in reader_run.not_blind)
    if reader_run.translated is not None:
        return f"translated from the questions of {reader_run.translated}, NOT blind: {why}"
    return f"NOT blind: {why}" if why else "blind"

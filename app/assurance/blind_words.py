"""What came out of the readings, as text for a terminal: the headline, then every other run."""

from collections.abc import Iterator, Mapping

from app.assurance.benchmark import COLUMNS
from app.assurance.blind import NotBlind, NotUnseen, ReaderRun, Runs, SetRun, Standing
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


def in_words(runs: Runs, today: str) -> str:
    """The runs as text; `today`: the hash of the rulebook that is judged."""
    lines = list(_headline(runs, today))
    for one in runs.others:
        lines += _run(one)
    for name, readings in runs.closed.items():
        lines += [f"Set {name}: not opened yet; kept readings: {readings}", ""]
    return "\n".join(lines)


def _headline(runs: Runs, today: str) -> Iterator[str]:
    if runs.headline is None:
        yield "No headline: no cases that a rulebook was not built with have been read blind yet."
        yield ""
        return
    yield "HEADLINE"
    yield from _run(runs.headline)
    if runs.headline.sha256 != today:
        yield "The headline is of another rulebook than today's, which has met no such cases yet."
        yield ""


def _run(one: SetRun) -> Iterator[str]:
    yield f"Set {one.name}, rulebook {one.rulebook} ({one.sha256[:12]}): {_STANDINGS[one.standing]}"
    if one.not_unseen and one.standing != "built_with":
        yield f"  Not called unseen: {'; '.join(_NOT_UNSEEN[why] for why in one.not_unseen)}."
    for reader in one.readers:
        yield _reader(reader)
    yield ""
    if one.mean is None:
        yield "  No blind reading, so no mean"
    else:
        yield f"  Mean of blind readings ({len(one.blind)}), 95 % bounds over {one.cases} cases"
        yield from (f"    {name:<22}{one.mean[key]}" for name, key in COLUMNS.items())
    if one.same_answers is not None:
        yield f"  Readers agree in answers  {one.same_answers}"
        yield f"  Readers agree in levels   {one.same_level}"
    yield ""


def _reader(one: ReaderRun) -> str:
    score = one.score
    return (
        f"  Reader {one.reader}, {one.date}, {_called(one)}: "
        f"level exact {score.exact}, acceptable {score.acceptable}, urgent missed "
        f"{score.urgent_missed}; type exact {score.type_exact}, acceptable "
        f"{score.type_acceptable}; {one.refused} ids refused, {one.left_out} left out"
    )


def _called(one: ReaderRun) -> str:
    why = "; ".join(_NOT_BLIND[reason] for reason in one.not_blind)
    if one.translated is not None:
        return f"translated from the questions of {one.translated}, NOT blind: {why}"
    return f"NOT blind: {why}" if why else "blind"

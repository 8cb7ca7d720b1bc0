"""How good it is, in a few sentences for README.md: the honest figure first, the tuned one second.

Made from the published figures, so that nobody types a figure by hand.
"""

from collections.abc import Iterator, Mapping
from textwrap import fill

from app.assurance.figures import COMMAND, BenchmarkFigures, Figures, MeanFigure, SetFigures

FILE = "README.md"
BEGIN = f"<!-- What follows is made by `{COMMAND}`. Never edit by hand. -->"
END = "<!-- Here ends what is made. -->"
WIDTH = 140
NOT_UNSEEN = {
    "building": "rules are built with these cases by now",
    "other_rulebook": "the rules were changed after they were opened",
    "few_readers": "fewer than two readers answered for them blind",
}
"""Why a set is not called unseen."""


class NoPlace(Exception):
    """A text has no place for what is made."""


def renewed(text: str, figures: Figures) -> str:
    """The text with the sentences of these figures between its two marks. Raises NoPlace."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise NoPlace(f"has no place for the figures: {BEGIN} ... {END}")
    said = "\n\n".join(fill(part, WIDTH, break_on_hyphens=False) for part in _parts(figures))
    return f"{before}{begin}\n{said}\n{end}{after}"


def called(one: SetFigures) -> str:
    """What the cases of a set may be called by the rulebook that met them."""
    many = f"{one.cases} published patients"
    if one.standing == "unseen":
        return f"{many}, unseen until rulebook {one.rulebook} was finished"
    built = "was built with" if one.standing == "built_with" else "was not built with"
    return f"{many} that rulebook {one.rulebook} {built}"


def _parts(figures: Figures) -> Iterator[str]:
    found = figures.readings.headline if figures.readings is not None else None
    if found is None:
        yield "No cases that the rules were not built with have been read blind yet."
    else:
        yield _strangers(found, figures.sha256)
    for one in figures.readings.translated if figures.readings is not None else ():
        yield from _translated(one)
    yield _tuned(figures.benchmark)


def _strangers(one: SetFigures, today: str) -> str:
    readers = "one blind reader" if one.blind == 1 else f"the mean of {one.blind} blind readers"
    said = f"{called(one)} (`{one.sha256[:12]}`), {readers}: {_shares(one.mean)}."
    why = "; ".join(NOT_UNSEEN[reason] for reason in one.not_unseen)
    unseen = f" They are not called unseen: {why}." if why else ""
    later = " Today's rules are others, and have met no such cases yet."
    return f"**{said}** Bounds: 95 %.{unseen}{later if one.sha256 != today else ''}"


def _translated(one: SetFigures) -> Iterator[str]:
    """What came out where the questions that were answered are asked no more."""
    for reader in one.translated:
        yield (
            f"Translated, not blind: {called(one)} (`{one.sha256[:12]}`), whose questions are "
            f"others than those of {reader.translated} that reader {reader.reader} answered. "
            f"Turned into its questions, these answers give: {_shares(reader.shares)}."
        )


def _tuned(found: BenchmarkFigures) -> str:
    return (
        f"Tuned, since these are our own answers to {found.cases} published patients with which "
        f"questions and rules were sharpened: {_shares(found.shares)}. "
        "Expect less for anyone else: this is a regression test."
    )


def _shares(shares: Mapping[str, MeanFigure]) -> str:
    missed = shares["urgent_missed"]
    return (
        f"level as expected {_share(shares['exact'])}, acceptable {_share(shares['acceptable'])}; "
        f"{missed.count:g} of {missed.of} that needed help the same day rated below it "
        f"({missed.low:.1%} to {missed.high:.1%}); "
        f"likely type as expected {_share(shares['type_exact'])}, "
        f"acceptable {_share(shares['type_acceptable'])}"
    )


def _share(share: MeanFigure) -> str:
    found = share.count / share.of if share.of else 0.0
    return f"{found:.1%} ({share.low:.1%} to {share.high:.1%})"

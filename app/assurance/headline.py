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


class MissingMarkers(Exception):
    """A text has no place for what is made."""


def renew_headline(text: str, figures: Figures) -> str:
    """The text with the sentences of these figures between its two marks. Raises MissingMarkers."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise MissingMarkers(f"has no place for the figures: {BEGIN} ... {END}")
    said = "\n\n".join(
        fill(part, WIDTH, break_on_hyphens=False) for part in _headline_paragraphs(figures)
    )
    return f"{before}{begin}\n{said}\n{end}{after}"


def describe_cases(set_figures: SetFigures) -> str:
    """What the cases of a set may be called by the rulebook that met them."""
    many = f"{set_figures.cases} published patients"
    if set_figures.standing == "unseen":
        return f"{many}, unseen until rulebook {set_figures.rulebook} was finished"
    built = "was built with" if set_figures.standing == "built_with" else "was not built with"
    return f"{many} that rulebook {set_figures.rulebook} {built}"


def describe_not_unseen(set_figures: SetFigures) -> str:
    """Why a set is not called unseen."""
    return "; ".join(NOT_UNSEEN[reason] for reason in set_figures.not_unseen)


def _headline_paragraphs(figures: Figures) -> Iterator[str]:
    readings = figures.readings
    if readings is None or readings.headline is None:
        yield "No cases that the rules were not built with have been read blind yet."
    else:
        yield _headline_sentence(readings.headline, figures.sha256)
    for one in readings.translated_sets if readings is not None else ():
        yield from _translated_sentences(one)
    yield _tuned_sentence(figures.benchmark)


def _headline_sentence(set_figures: SetFigures, today: str) -> str:
    count = set_figures.blind_count
    readers = "one blind reader" if count == 1 else f"the mean of {count} blind readers"
    shares = _format_shares(set_figures.mean)
    said = f"{describe_cases(set_figures)} (`{set_figures.sha256[:12]}`), {readers}: {shares}."
    why = describe_not_unseen(set_figures)
    unseen = f" They are not called unseen: {why}." if why else ""
    later = " Today's rules are others, and have met no such cases yet."
    return f"**{said}** Bounds: 95 %.{unseen}{later if set_figures.sha256 != today else ''}"


def _translated_sentences(set_figures: SetFigures) -> Iterator[str]:
    """What came out where the questions that were answered are asked no more."""
    for reader in set_figures.translated_readers:
        yield (
            f"Translated, not blind: {describe_cases(set_figures)} "
            f"(`{set_figures.sha256[:12]}`), whose questions are "
            f"others than those of {reader.translated} that reader {reader.reader} answered. "
            f"Turned into its questions, these answers give: {_format_shares(reader.shares)}."
        )


def _tuned_sentence(found: BenchmarkFigures) -> str:
    return (
        f"Tuned, since these are our own answers to {found.cases} published patients with which "
        f"questions and rules were sharpened: {_format_shares(found.shares)}. "
        "Expect less for anyone else: this is a regression test."
    )


def _format_shares(shares: Mapping[str, MeanFigure]) -> str:
    missed = shares["urgent_missed"]
    return (
        f"level as expected {_format_share(shares['exact'])}, "
        f"acceptable {_format_share(shares['acceptable'])}; "
        f"{missed.count:g} of {missed.of} that needed help the same day rated below it "
        f"({missed.low:.1%} to {missed.high:.1%}); "
        f"likely type as expected {_format_share(shares['type_exact'])}, "
        f"acceptable {_format_share(shares['type_acceptable'])}"
    )


def _format_share(share: MeanFigure) -> str:
    found = share.count / share.of if share.of else 0.0
    return f"{found:.1%} ({share.low:.1%} to {share.high:.1%})"

"""Made-up figures of readings, for whatever shows them: they depend on no file of today."""

from app.assurance.figures import (
    MeanFigure,
    ReaderFigure,
    ReadingsFigures,
    SetFigures,
    ShareFigure,
)

TODAY = "a" * 64
EARLIER = "b" * 64
NAMES = [
    "exact", "acceptable", "within_one", "under", "over_by_one", "over_by_more",
    "urgent_missed", "type_exact", "type_acceptable", "not_calcinosis_right",
]  # fmt: skip


def met(**changes: object) -> SetFigures:
    """Forty cases, unseen, that two readers answered blind: 20.5 of 40 on average in all."""
    mean = MeanFigure(count=20.5, of=40, low=0.331, high=0.684)
    share = ShareFigure(count=20, of=40, low=0.338, high=0.662)
    return SetFigures(
        name="fresh",
        cases=40,
        rulebook="2026.12.1",
        sha256=TODAY,
        standing="unseen",
        not_unseen=[],
        readers=[
            ReaderFigure(reader=reader, blind=True, shares=dict.fromkeys(NAMES, share))
            for reader in "AB"
        ],
        mean=dict.fromkeys(NAMES, mean),
        same_answers=ShareFigure(count=500, of=560, low=0.86, high=0.92),
        same_level=ShareFigure(count=31, of=40, low=0.6, high=0.9),
    ).model_copy(update=changes)


def readings(headline: SetFigures | None, *others: SetFigures) -> ReadingsFigures:
    """The figures of these sets."""
    return ReadingsFigures(headline=headline, others=list(others))


def translated(**changes: object) -> SetFigures:
    """The same cases, whose only reader answered the questions of an earlier edition."""
    reader = met().readers[0].model_copy(update={"blind": False, "translated": "2026.11.1"})
    given: dict[str, object] = {
        "standing": "built_with",
        "not_unseen": ["building", "few_readers"],
        "readers": [reader],
        "mean": {},
        "same_answers": None,
        "same_level": None,
    }
    return met(**(given | changes))

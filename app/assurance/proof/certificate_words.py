"""The certificate for a reader: as a table for the terminal, and as plain values for JSON."""

from collections.abc import Iterator

from app.assurance.proof.answer_types import AT_MOST
from app.assurance.proof.certificate import Certificate, Proof
from app.assurance.proof.diagram import DiagramCheck, DiagramReport

NARROW = 44


def format_certificate(certificate: Certificate) -> str:
    """The certificate as text for a terminal."""
    examined = certificate.examined
    wide = max(len(proof.title) for proof in certificate.proofs)
    lines = [
        f"Rulebook {certificate.rulebook}, sha256 {certificate.sha256}",
        "",
        f"     {'':<{wide}}     SAT solver        decision diagrams",
        f"     {'Proved over all answer sets':<{wide}}  claims      s      claims      s",
    ]
    for proof in certificate.proofs:
        checked = examined.checked[proof.letter] if examined is not None else None
        lines.append(_proof_row(proof, checked, wide))
        lines += _counterexample_lines(proof, checked)
    lines += ["", *_count_lines(examined)] if examined is not None else []
    lines += [
        "Not asked of everyone",
        *(f"  {name:<14}{why}" for name, why in certificate.closed.items()),
        f"Longest path             {certificate.longest} questions",
        f"Shown to the engine      {certificate.replayed} answer sets",
        f"Time and memory          {certificate.seconds} s of one processor, "
        f"{certificate.peak_mib} MiB at most",
        *(f"Disagreement: {difference}" for difference in certificate.differences),
    ]
    both = " Both checkers agree." if examined is not None else ""
    return "\n".join(
        [*lines, f"All properties hold.{both}" if certificate.all_hold else "Not proved."]
    )


def _proof_row(proof: Proof, checked: DiagramCheck | None, wide: int) -> str:
    first = f"{proof.asked:>8}{proof.seconds:>7.2f} {_format_state(proof.holds)}"
    second = (
        f"{checked.claims:>6}{checked.seconds:>7.2f} {_format_state(checked.property_holds)}"
        if checked
        else ""
    )
    return f"({proof.letter})  {proof.title:<{wide}}{first}{second}"


def _format_state(holds: bool) -> str:
    return "holds " if holds else "BROKEN"


def _counterexample_lines(proof: Proof, checked: DiagramCheck | None) -> Iterator[str]:
    for broken in proof.counterexamples:
        yield from (
            "",
            *(f"       {line}" for line in broken.format_yaml(proof.letter).splitlines()),
        )
    if checked is not None and not checked.property_holds:
        yield from ("", *(f"       by decision diagram: {breach}" for breach in checked.breaches))
        yield f"       the smallest: {checked.smallest}"


def _count_lines(examined: DiagramReport) -> Iterator[str]:
    yield f"Finished answer sets     {examined.answer_sets:>{NARROW}}, each with any blood values"
    for level, count in examined.by_level.items():
        yield f"  {level:<23}{count:>{NARROW}}"
    few = sum(examined.by_type.values())
    yield f"Who say {AT_MOST} things at most  {few:>{NARROW - 1},}, by likely type"
    for kind, count in examined.by_type.items():
        yield f"  {kind:<23}{count:>{NARROW},}"


def serialize_certificate(certificate: Certificate) -> dict[str, object]:
    """The certificate as plain values; what no machine repeats stands apart in `measured`."""
    examined = certificate.examined
    return {
        "holds": certificate.all_hold,
        "rulebook": certificate.rulebook,
        "sha256": certificate.sha256,
        "answer_sets": examined.answer_sets if examined else None,
        "by_level": examined.by_level if examined else {},
        "by_type_of_those_who_say_little": examined.by_type if examined else {},
        "longest_path": certificate.longest,
        "not_asked_of_everyone": dict(certificate.closed),
        "shown_to_the_engine": certificate.replayed,
        "proofs": [_serialize_proof(proof, examined) for proof in certificate.proofs],
        "differences": list(certificate.differences),
        "measured": {
            "seconds": certificate.seconds,
            "peak_mib": certificate.peak_mib,
            "sat_seconds": {proof.letter: proof.seconds for proof in certificate.proofs},
            "diagram_seconds": {
                letter: checked.seconds for letter, checked in examined.checked.items()
            }
            if examined
            else {},
        },
    }


def _serialize_proof(proof: Proof, examined: DiagramReport | None) -> dict[str, object]:
    found: dict[str, object] = {
        "property": proof.letter,
        "title": proof.title,
        "sat": {
            "holds": proof.holds,
            "claims": proof.asked,
            "broken": [broken.as_worked_case(proof.letter) for broken in proof.counterexamples],
        },
    }
    if examined is not None:
        checked = examined.checked[proof.letter]
        found["diagram"] = {
            "holds": checked.property_holds,
            "claims": checked.claims,
            "breaches": list(checked.breaches),
            "smallest": checked.smallest,
        }
    return found

"""The hazard log: what can go wrong, what guards against it, and the tests that prove each guard.

Every fault of the log is one line, as in the rulebook. A control is proved by tests that exist and
are not skipped, or says openly that it is not built. It runs no test and knows no rule.
"""

import ast
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from app.rulebook.entries import read_entry
from app.rulebook.faults import FaultLog, WrittenEntry
from app.triage.sources import EachOnce, FileEntry, Id, Text

Severity = Literal["minor", "significant", "considerable", "major", "catastrophic"]
Likelihood = Literal["very_low", "low", "medium", "high", "very_high"]
State = Literal["proved", "partly", "open"]

SEVERITIES: tuple[Severity, ...] = (
    "minor", "significant", "considerable", "major", "catastrophic"
)  # fmt: skip
RISK: Mapping[Likelihood, tuple[int, ...]] = {
    "very_low": (1, 1, 2, 2, 3),
    "low": (1, 2, 2, 3, 4),
    "medium": (2, 2, 3, 3, 4),
    "high": (2, 3, 3, 4, 5),
    "very_high": (3, 4, 4, 5, 5),
}
"""The matrix of DCB0129: likelihood -> risk from 1 to 5 at each severity, the mildest first."""
_NODE = re.compile(r"(tests/[\w/]+\.py)::(test_\w+)(\[[^\]]+\])?")


class RiskScore(FileEntry):
    """How bad it would be and how likely it is; provisional until a safety officer has signed."""

    severity: Severity
    likelihood: Likelihood

    @property
    def risk_rating(self) -> int:
        """From 1 (acceptable) to 5 (unacceptable)."""
        return RISK[self.likelihood][SEVERITIES.index(self.severity)]


class HazardControl(FileEntry):
    """What guards against a hazard: proved by tests, or open."""

    what: Text
    proofs: Annotated[list[Text], EachOnce] = Field(default_factory=list)
    open: Literal["not built", "not done"] | None = None


class Hazard(FileEntry):
    """One way in which people can come to harm."""

    id: Id
    side: Literal["rules", "patient", "clinic"]
    title: Text
    causes: Annotated[list[Text], Field(min_length=1)]
    harm: Text
    before: RiskScore
    after: RiskScore
    controls: Annotated[list[HazardControl], Field(min_length=1)]

    @property
    def proof_state(self) -> State:
        """Whether all, some or none of its controls are proved."""
        built = [not control.open for control in self.controls]
        return "proved" if all(built) else "partly" if any(built) else "open"


class HazardFaults(Exception):
    """A hazard log that must not be used; `faults`: `file:line: id: what is wrong and allowed`."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(faults))


def read_hazards(file: Path, root: Path) -> tuple[Hazard, ...]:
    """The hazards of this log; `root` holds the tests. Raises HazardFaults with every fault."""
    faults = FaultLog(file.parent)
    found: dict[str, Hazard] = {}
    for raw in faults.read_list(file.name):
        name = str(raw.get("id", "entry"))
        written = WrittenEntry(file.name, name, raw, faults)
        hazard = read_entry(Hazard, written)
        if hazard is None:
            continue
        if hazard.id in found:
            written.note_fault("stands twice; every id is given once", "id")
        _check_hazard(hazard, written, root)
        found[hazard.id] = hazard
    if not found and not faults.noted:
        faults.note_fault(file.name, 1, "file", "holds no hazard; every system has some")
    if faults.noted:
        raise HazardFaults(faults.fault_lines)
    return tuple(found.values())


def _check_hazard(hazard: Hazard, written: WrittenEntry, root: Path) -> None:
    """What no shape can say: proofs that exist, and scores that claim no more than is built."""
    for place, control in enumerate(hazard.controls):
        at = ("controls", place)
        if bool(control.proofs) == bool(control.open):
            written.note_fault("a control has either 'proofs' or 'open: not built'", *at)
        for number, proof in enumerate(control.proofs):
            if fault := _find_proof_fault(proof, root):
                written.note_fault(f"'{proof}' is no proof: {fault}", *at, "proofs", number)
    if hazard.proof_state == "open":
        if hazard.side != "clinic":
            text = f"nothing guards against this hazard of the {hazard.side} side; a proof is due"
            written.note_fault(text, "controls")
        if hazard.after != hazard.before:
            written.note_fault("nothing is built yet, so 'after' has to be as 'before'", "after")
    if hazard.after.risk_rating > hazard.before.risk_rating:
        written.note_fault("'after' is a higher risk than 'before'", "after")


def _find_proof_fault(proof: str, root: Path) -> str | None:
    """Why a test does not prove anything; None if it is there and runs."""
    node = _NODE.fullmatch(proof)
    if node is None:
        return "write it as tests/FILE.py::test_NAME"
    file, name = root / node[1], node[2]
    if not file.is_file():
        return "there is no such file"
    tests = _list_tests(file)
    if name not in tests:
        return "there is no such test in that file"
    return "it is skipped or expected to fail" if tests[name] else None


@cache
def _list_tests(file: Path) -> Mapping[str, bool]:
    """Every test in a file, and whether it is skipped or expected to fail."""
    tree = ast.parse(file.read_text("utf-8"))
    others = [node for node in tree.body if not isinstance(node, ast.FunctionDef)]
    whole = any(_is_skipped(node) for node in others)
    tests = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {
        test.name: whole or _is_skipped(test) for test in tests if test.name.startswith("test_")
    }


def _is_skipped(node: ast.AST) -> bool:
    return any(
        isinstance(part, ast.Attribute) and part.attr in {"skip", "skipif", "xfail", "importorskip"}
        for part in ast.walk(node)
    )

"""What was wrong, or was resolved, as a FHIR R4 OperationOutcome. What was sent is never echoed."""

from collections.abc import Sequence
from typing import NamedTuple

from app.documents.fhir.codes import Resource


class Issue(NamedTuple):
    """One line. `code`: of the R4 value set issue-type. `where`: a FHIRPath, or "" for all of it.

    `problem`: a word that a program can act on; `allowed`: what would do.
    """

    severity: str
    code: str
    where: str
    problem: str
    allowed: Sequence[str] = ()


class BadResource(Exception):
    """A resource that cannot be used; `issues` say where and why."""

    def __init__(self, *issues: Issue) -> None:
        self.issues = issues
        super().__init__("; ".join(f"{issue.where}: {issue.problem}" for issue in issues))


def make_error(where: str, problem: str, allowed: Sequence[str] = (), code: str = "value") -> Issue:
    """A fault that keeps the resource from being used."""
    return Issue("error", code, where, problem, allowed)


def write_outcome(issues: Sequence[Issue]) -> Resource:
    """The OperationOutcome of at least one issue."""
    return {"resourceType": "OperationOutcome", "issue": [_write_issue(one) for one in issues]}


def _write_issue(issue: Issue) -> Resource:
    words = issue.problem.replace("_", " ")
    allowed = f"; allowed: {', '.join(issue.allowed)}" if issue.allowed else ""
    return {
        "severity": issue.severity,
        "code": issue.code,
        "details": {"text": issue.problem},
        "diagnostics": f"{issue.where or 'the resource'}: {words}{allowed}",
        **({"expression": [issue.where]} if issue.where else {}),
    }

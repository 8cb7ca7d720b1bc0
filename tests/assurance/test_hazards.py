"""The hazard log: it holds, each proof is a test that runs, and a planted fault is refused."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.assurance.hazards import RISK, SEVERITIES, Hazard, HazardFaults, RiskScore, read_hazards
from app.settings import ROOT

LOG = ROOT / "safety" / "hazards.yaml"
GOOD = """\
- id: X1
  side: rules
  title: A thing goes wrong
  causes: [Haste.]
  harm: Late care.
  before: {severity: major, likelihood: high}
  after: {severity: major, likelihood: low}
  controls:
    - what: It is looked at.
      proofs: [tests/test_it.py::test_it_is_looked_at]
"""
PROOF = "[tests/test_it.py::test_it_is_looked_at]"
# Text that is read and never run: one of these tests proves something, three prove nothing.
TESTS = """\
import pytest

def test_it_is_looked_at(): ...

@pytest.mark.skip(reason="later")
def test_it_is_skipped(): ...

@pytest.mark.xfail
def test_it_fails(): ...

def test_it_gives_up():
    pytest.skip("not here")
"""
Read = Callable[..., tuple[Hazard, ...]]


@pytest.fixture(scope="module")
def hazards() -> tuple[Hazard, ...]:
    return read_hazards(LOG, ROOT)


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads a log of one good hazard, with some of its text replaced."""

    def made(old: str = "", new: str = "", *, after: str = "", tests: str = TESTS):
        assert old in GOOD
        (tmp_path / "tests").mkdir()
        (tmp_path / "tests" / "test_it.py").write_text(tests)
        (tmp_path / "hazards.yaml").write_text(GOOD.replace(old, new) + after)
        return read_hazards(tmp_path / "hazards.yaml", tmp_path)

    return made


# The real log.


def test_the_start_set_of_26_hazards_is_kept(hazards: tuple[Hazard, ...]) -> None:
    assert {f"H{number:02}" for number in range(1, 27)} <= {hazard.id for hazard in hazards}


def test_every_proof_is_a_test_that_pytest_finds(hazards: tuple[Hazard, ...]) -> None:
    """By pytest itself, since only that knows the cases of a test that has many."""
    proofs = {p for hazard in hazards for control in hazard.controls for p in control.proofs}
    files = sorted({proof.partition("::")[0] for proof in proofs})
    collect = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    listed = subprocess.run([*collect, *files], cwd=ROOT, capture_output=True, text=True)
    assert listed.returncode == 0, listed.stdout[-2000:]
    found = set(listed.stdout.split())
    found |= {node.partition("[")[0] for node in found}
    assert proofs - found == set()


def test_no_hazard_is_without_any_proof(hazards: tuple[Hazard, ...]) -> None:
    assert {hazard.id for hazard in hazards if hazard.proof_state == "open"} == set()
    assert {hazard.side for hazard in hazards} == {"rules", "patient", "clinic"}


# Planted faults.


def test_a_log_without_fault_is_read(read: Read) -> None:
    [hazard] = read()
    assert (hazard.id, hazard.proof_state) == ("X1", "proved")
    assert (hazard.before.risk_rating, hazard.after.risk_rating) == (4, 3)


@pytest.mark.parametrize(
    ("old", "new", "line", "fault"),
    [
        ("test_it.py", "test_that.py", 10, "there is no such file"),
        ("test_it_is_looked_at", "test_nothing", 10, "there is no such test in that file"),
        ("test_it_is_looked_at", "test_it_is_skipped", 10, "it is skipped or expected to fail"),
        ("test_it_is_looked_at", "test_it_fails", 10, "it is skipped or expected to fail"),
        ("test_it_is_looked_at", "test_it_gives_up", 10, "it is skipped or expected to fail"),
        (PROOF, "[see the tests]", 10, "write it as tests/FILE.py::test_NAME"),
        (PROOF, "[]", 9, "a control has either 'proofs' or 'open: not built'"),
        (f"{PROOF}\n", f"{PROOF}\n      open: not built\n", 9, "either 'proofs' or 'open"),
        (f"proofs: {PROOF}", "open: later", 10, "allowed: not built, not done"),
        (f"proofs: {PROOF}", "open: not built", 8, "a proof is due"),
        (f"proofs: {PROOF}", "open: not built", 7, "'after' has to be as 'before'"),
        ("likelihood: low", "likelihood: very_high", 7, "a higher risk than 'before'"),
        ("severity: major, likelihood: high", "severity: huge, likelihood: high", 6, "'huge'"),
        ("  harm: Late care.\n", "", 1, "key 'harm' is missing"),
        ("  harm: Late", "  owner: me\n  harm: Late", 5, "unknown key 'owner'"),
        ("causes: [Haste.]", "causes: []", 4, "'causes' holds 0; allowed: at least 1"),
    ],
)
def test_a_fault_is_named_with_its_line(
    read: Read, old: str, new: str, line: int, fault: str
) -> None:
    with pytest.raises(HazardFaults) as refused:
        read(old, new)
    assert any(
        found.startswith(f"hazards.yaml:{line}: X1: ") and fault in found
        for found in refused.value.faults
    ), refused.value.faults


def test_a_hazard_without_a_control_is_refused(read: Read) -> None:
    controls = GOOD[GOOD.index("  controls:") :]
    with pytest.raises(HazardFaults, match="'controls' holds 0; allowed: at least 1"):
        read(controls, "  controls: []\n")


def test_an_id_that_stands_twice_is_refused(read: Read) -> None:
    with pytest.raises(HazardFaults, match="X1: stands twice"):
        read(after=GOOD)


def test_a_log_without_hazards_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hazards.yaml").write_text("[]\n")
    with pytest.raises(HazardFaults, match="holds no hazard"):
        read_hazards(tmp_path / "hazards.yaml", tmp_path)


def test_a_file_of_tests_that_is_left_out_as_a_whole_proves_nothing(read: Read) -> None:
    with pytest.raises(HazardFaults, match="skipped"):
        read(tests=f"{TESTS}\npytestmark = pytest.mark.skip\n")


def test_a_part_that_is_open_leaves_a_hazard_proved_in_part(read: Read) -> None:
    [hazard] = read(after="    - what: More.\n      open: not done\n")
    assert hazard.proof_state == "partly"


def test_risk_grows_with_severity_and_with_likelihood() -> None:
    rows = [
        [RiskScore(severity=severity, likelihood=likelihood).risk_rating for severity in SEVERITIES]
        for likelihood in RISK
    ]
    assert all(row == sorted(row) for row in rows)
    assert all(list(column) == sorted(column) for column in zip(*rows, strict=True))
    assert (rows[0][0], rows[-1][-1]) == (1, 5)

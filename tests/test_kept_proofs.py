"""What was proved is kept only as long as nothing changes, and only where it ended well."""

import ast
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.settings import ROOT
from tests import kept_proofs
from tests.kept_proofs import PROVED_FROM, Counts, files, hash_of, kept


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project of one file in each place."""
    for name in PROVED_FROM:
        file = tmp_path / name if name.endswith(".py") else tmp_path / name / "deep" / "file"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("1")
    monkeypatch.setattr(kept_proofs, "ROOT", tmp_path)
    monkeypatch.setattr(kept_proofs, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(kept_proofs, "SOAK", False)
    hash_of.cache_clear()
    return tmp_path


class Proof:
    """A proof that counts how often it is made."""

    def __init__(self) -> None:
        self.made = 0
        self.holds = True

    def __call__(self, name: str = "one") -> dict[str, int]:
        """Run it as a test of this name; what it tells."""
        item = SimpleNamespace(nodeid=name, user_properties=[])
        kept(self.test)(request=SimpleNamespace(node=item))
        return {counted[0]: counted[1] for _, counted in item.user_properties}

    def test(self) -> Counts:
        """Hold or fail."""
        self.made += 1
        assert self.holds
        return {"claims": 3}


@pytest.mark.usefixtures("root")
def test_what_was_proved_is_told_again_without_a_proof() -> None:
    proof = Proof()
    assert proof() == {"claims": 3}
    assert proof() == {"claims": 3, "kept proofs": 1}
    assert proof("other") == {"claims": 3}
    assert proof.made == 2


@pytest.mark.parametrize("place", PROVED_FROM)
@pytest.mark.parametrize(
    "change",
    [
        lambda file: file.write_text("2"),
        lambda file: file.rename(file.with_name("renamed")),
        lambda file: file.with_name("more").write_text(""),
        lambda file: file.unlink(),
    ],
    ids=["byte", "name", "file more", "file less"],
)
def test_any_change_of_what_is_proved_from_has_it_proved_anew(
    root: Path, place: str, change: Callable[[Path], object]
) -> None:
    if place.endswith(".py"):
        change = lambda file: file.write_text("2")  # noqa: E731
    proof = Proof()
    proof()
    [file] = [file for file in files(root) if file.is_relative_to(root / place)]
    change(file)
    hash_of.cache_clear()
    proof()
    assert proof.made == 2


def test_another_solver_has_it_proved_anew(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = hash_of(root)
    monkeypatch.setattr(kept_proofs, "version", lambda package: f"{package} of tomorrow")
    hash_of.cache_clear()
    assert hash_of(root) != before


@pytest.mark.usefixtures("root")
def test_a_failure_is_never_kept() -> None:
    proof = Proof()
    proof.holds = False
    for _ in range(2):
        with pytest.raises(AssertionError):
            proof()
    assert proof.made == 2


@pytest.mark.usefixtures("root")
def test_a_soak_neither_reads_nor_keeps_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    proof = Proof()
    proof()
    monkeypatch.setattr(kept_proofs, "SOAK", True)
    assert proof() == proof("other") == {"claims": 3}
    assert proof.made == 3
    monkeypatch.setattr(kept_proofs, "SOAK", False)
    assert proof("other") == {"claims": 3}


def test_what_was_kept_and_cannot_be_read_is_proved_anew(root: Path) -> None:
    proof = Proof()
    proof()
    [file] = (root / "kept").rglob("*.json")
    file.write_text("{")
    assert proof() == {"claims": 3}


def test_no_proof_rests_on_a_file_that_is_not_hashed() -> None:
    """But for the commands, through which some proofs are told: they prove nothing."""
    hashed = {file.relative_to(ROOT) for file in files(ROOT)}
    missing = set()
    python = [file for file in files(ROOT) if file.suffix == ".py"]
    helps = [file for file in python if not file.name.startswith("test_")]
    proving = {*helps, *filter(uses_kept, python)}
    for file in proving:
        for module in imported(file):
            if module.split(".")[0] in ("app", "tests") and module != "app.commands":
                place = Path(*module.split("."))
                if not {place.with_suffix(".py"), place / "__init__.py"} & hashed:
                    missing.add(f"{file.name} imports {module}")
    assert missing == set()


def uses_kept(file: Path) -> bool:
    """Whether some test of this file is kept."""
    return "tests.kept_proofs" in imported(file)


def imported(file: Path) -> set[str]:
    """The modules that a file imports from."""
    tree = ast.parse(file.read_text("utf-8"))
    whole = [node.names for node in ast.walk(tree) if isinstance(node, ast.Import)]
    froms = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    return froms | {alias.name for names in whole for alias in names}

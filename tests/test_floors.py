"""The floors of the house, each looking only down (see app/__init__.py)."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import ROOT

MAY_IMPORT = {
    "triage": {"triage"},
    "assurance": {"triage", "assurance"},
    "documents": {"triage", "documents"},
    "store": {"triage", "store"},
    "web": {"triage", "assurance", "documents", "store", "web"},
    # These stand outside and join the floors.
    "settings": {"settings"},
    "main": {"triage", "assurance", "documents", "store", "web", "settings", "main"},
    "commands": {
        "triage",
        "assurance",
        "documents",
        "store",
        "web",
        "settings",
        "main",
        "commands",
    },
    "__main__": {"commands"},
    "__init__": set(),
}
TRIAGE_MAY_USE = {"pydantic", "pydantic_core", "yaml", "typing_extensions"}
NOT_IN_TRIAGE = {"os", "random", "secrets", "socket", "subprocess", "time", "urllib"}
KNOW_THE_TIME = {"web", "commands", "main"}
CLOCKS = {"now", "today", "utcnow", "time_ns", "localtime", "gmtime"}


def _floor(file: Path) -> str:
    """The floor that a file belongs to: the folder below app/, or its own name."""
    return file.relative_to(ROOT / "app").parts[0].removesuffix(".py")


FILES = sorted((ROOT / "app").rglob("*.py"))
GROUND = [file for file in FILES if _floor(file) == "triage"]

each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))


@each_file
def test_a_floor_imports_only_what_lies_below_it(file: Path) -> None:
    floor = _floor(file)
    above = [name for name in _imports(file) if _leads_up(name, MAY_IMPORT[floor])]
    assert above == [], f"{floor} may import only {sorted(MAY_IMPORT[floor])} of ours"


@pytest.mark.parametrize("file", GROUND, ids=lambda file: file.name)
def test_the_ground_floor_needs_only_pydantic_and_yaml_and_looks_at_nothing_outside(
    file: Path,
) -> None:
    roots = {name.partition(".")[0] for name in _imports(file)}
    foreign = roots - {"app"} - TRIAGE_MAY_USE - set(sys.stdlib_module_names)
    assert foreign | roots & NOT_IN_TRIAGE == set()


@each_file
def test_only_the_outermost_code_knows_what_time_it_is(file: Path) -> None:
    if _floor(file) in KNOW_THE_TIME:
        return
    asked = [
        f"line {node.lineno}: {node.attr}"
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in CLOCKS
    ]
    assert asked == [], "take the time as an argument"


@each_file
def test_every_file_says_first_what_it_is_for(file: Path) -> None:
    assert ast.get_docstring(ast.parse(file.read_text("utf-8")))


def test_the_rule_sees_every_way_to_import(tmp_path: Path) -> None:
    file = tmp_path / "sample.py"
    file.write_text(
        "import app.web.pages\n"
        "from app import web\n"
        "def later():\n    from app.web.pages import render\n"
    )
    assert all(_leads_up(name, {"triage"}) for name in _imports(file))
    assert len(list(_imports(file))) == 3


def _imports(file: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it, by full name."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: import by full name"
            assert node.module is not None
            if node.module == "app":
                yield from (f"app.{alias.name}" for alias in node.names)
            else:
                yield node.module


def _leads_up(name: str, allowed: set[str]) -> bool:
    root, _, rest = name.partition(".")
    return root == "app" and rest.partition(".")[0] not in allowed

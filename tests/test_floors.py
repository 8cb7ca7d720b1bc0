"""The rooms of the house, each looking only down (see app/__init__.py)."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from app.settings import ROOT

_ROOMS = {"triage", "rulebook", "assurance", "documents", "store", "presentation", "web"}
MAY_IMPORT = {
    "triage": {"triage"},
    "rulebook": {"triage", "rulebook"},
    "assurance": {"triage", "rulebook", "assurance"},
    "documents": {"triage", "rulebook", "documents"},
    "store": {"triage", "rulebook", "store"},
    "presentation": {"triage", "rulebook", "documents", "store", "presentation"},
    "web": _ROOMS,
    # These stand outside and join the rooms.
    "settings": {"settings"},
    "main": _ROOMS | {"settings", "main"},
    "commands": _ROOMS | {"settings", "main", "commands"},
    "__main__": {"commands"},
    "__init__": set(),
}
TRIAGE_MAY_USE = {"pydantic", "pydantic_core", "yaml", "typing_extensions"}
NOT_IN_TRIAGE = {"os", "random", "secrets", "socket", "subprocess", "time", "urllib"}
NOT_IN_PRESENTATION = {"starlette", "fastapi", "sqlalchemy", "sqlmodel", "jinja2"}
KNOW_THE_TIME = {"web", "commands", "main"}
CLOCKS = {"now", "today", "utcnow", "time_ns", "localtime", "gmtime"}


def _room(file: Path) -> str:
    """The room that a file belongs to: the folder below app/, or its own name."""
    return file.relative_to(ROOT / "app").parts[0].removesuffix(".py")


FILES = sorted((ROOT / "app").rglob("*.py"))
GROUND = [file for file in FILES if _room(file) == "triage"]


def test_a_room_imports_only_what_lies_below_it() -> None:
    above = [
        f"{_module_of(file)}: {name}"
        for file in FILES
        for name in _imports(file)
        if _leads_up(name, MAY_IMPORT[_room(file)])
    ]
    assert above == []


def test_the_triage_room_needs_only_pydantic_and_yaml_and_looks_at_nothing_outside() -> None:
    roots = {name.partition(".")[0] for file in GROUND for name in _imports(file)}
    foreign = roots - {"app"} - TRIAGE_MAY_USE - set(sys.stdlib_module_names)
    assert foreign | roots & NOT_IN_TRIAGE == set()


def test_presentation_knows_no_http_and_no_statement() -> None:
    files = [file for file in FILES if _room(file) == "presentation"]
    roots = {name.partition(".")[0] for file in files for name in _imports(file)}
    assert roots & NOT_IN_PRESENTATION == set()


def test_the_packages_inside_a_room_form_no_circle() -> None:
    """Also not by imports for types; modules of one package may lean on each other."""
    packages = {
        f"{_room(file)}/{file.relative_to(ROOT / 'app').parts[1]}"
        for file in FILES
        if len(file.relative_to(ROOT / "app").parts) > 2
    }
    circles = {circle for circle in _list_circles(_parts_by_import()) if circle & packages}
    assert circles == set()


def test_a_page_module_imports_no_other() -> None:
    pages = set(_imports(ROOT / "app" / "web" / "routes.py")) - {"app.web.access"}
    pages = {name for name in pages if name.startswith("app.web.") and name.count(".") == 3}
    assert len(pages) > 15
    found = {
        (_module_of(file), name)
        for file in FILES
        if _module_of(file) in pages
        for name in _imports(file)
        if name in pages
    }
    assert found == set()


def test_only_the_outermost_code_knows_what_time_it_is() -> None:
    asked = [
        f"{_module_of(file)}, line {node.lineno}: take the time as an argument"
        for file in FILES
        if _room(file) not in KNOW_THE_TIME
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if _reads_a_clock(node)
    ]
    assert asked == []


def test_every_way_to_read_a_clock_is_seen() -> None:
    source = "datetime.now(UTC); date.today; dt.datetime.utcnow(); time.time_ns; attempt.now"
    assert sum(map(_reads_a_clock, ast.walk(ast.parse(source)))) == 4


def test_every_file_says_first_what_it_is_for() -> None:
    silent = [f for f in FILES if not ast.get_docstring(ast.parse(f.read_text("utf-8")))]
    assert silent == []


def test_the_rule_sees_every_way_to_import(tmp_path: Path) -> None:
    file = tmp_path / "sample.py"
    file.write_text(
        "import app.web.pages\n"
        "from app import web\n"
        "def later():\n    from app.web.pages import render\n"
    )
    assert all(_leads_up(name, {"triage"}) for name in _imports(file))
    assert len(list(_imports(file))) == 3


def test_the_rule_sees_circles() -> None:
    leads = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set[str]()}
    assert _list_circles(leads) == {frozenset("abc")}


def _reads_a_clock(node: ast.AST) -> bool:
    """Whether the time is asked of a clock; a value may keep it under the same name."""
    if not (isinstance(node, ast.Attribute) and node.attr in CLOCKS):
        return False
    return ast.unparse(node.value).rpartition(".")[2] in {"datetime", "date", "time"}


def _module_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _parts_by_import() -> dict[str, set[str]]:
    """Each part of a room (a package, or a module beside it) -> the other parts it imports."""
    leads: dict[str, set[str]] = {}
    for file in FILES:
        own = _part_of(_module_of(file))
        if own is not None:
            others = {_part_of(name) for name in _imports(file)} - {None, own}
            same_room = {o for o in others if o and o.split("/")[0] == own.split("/")[0]}
            leads.setdefault(own, set()).update(same_room)
    return leads


def _part_of(module: str) -> str | None:
    parts = module.split(".")
    return "/".join(parts[1:3]) if parts[0] == "app" and len(parts) > 2 else None


def _list_circles(leads: dict[str, set[str]]) -> set[frozenset[str]]:
    """Every largest group of which each member leads to each other one."""
    reached = {start: _list_reached(start, leads) for start in leads}
    groups = (
        frozenset(other for other in seen if start in reached.get(other, ()))
        for start, seen in reached.items()
    )
    return {group for group in groups if len(group) > 1}


def _list_reached(start: str, leads: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    left = [start]
    while left:
        left += (fresh := leads.get(left.pop(), set()) - seen)
        seen |= fresh
    return seen


def _imports(file: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it, by full name."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: import by full name"
            assert node.module is not None
            if node.module == "app" or node.module.startswith("app."):
                yield from (_named_module(node.module, alias.name) for alias in node.names)
            else:
                yield node.module


def _named_module(package: str, name: str) -> str:
    """`from app.web import pages` names a module; `from app.web.pages import render` its own."""
    path = ROOT.joinpath(*package.split("."), name)
    return f"{package}.{name}" if path.is_dir() or path.with_suffix(".py").exists() else package


def _leads_up(name: str, allowed: set[str]) -> bool:
    root, _, rest = name.partition(".")
    return root == "app" and rest.partition(".")[0] not in allowed

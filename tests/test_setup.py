"""Set-up: what is locked, what is built from it, and that nothing is done twice."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from app.settings import ROOT

VENDOR = ROOT / "static" / "vendor"
PYTHON_LOCKS = sorted(ROOT.glob("requirements*.txt"))
PACKAGE_LOCK = json.loads((ROOT / "package-lock.json").read_text("utf-8"))
NPM_PACKAGES = {
    path.removeprefix("node_modules/"): package
    for path, package in PACKAGE_LOCK["packages"].items()
    if path
}
MADE_BY_SETUP = [".venv/x", ".build/x", "node_modules/x", "static/vendor/x", "var/x"]


@pytest.mark.parametrize("lock", PYTHON_LOCKS, ids=lambda lock: lock.name)
def test_every_python_package_is_locked_by_version_and_hash(lock: Path) -> None:
    entries = re.split(r"\n(?=\S)", lock.read_text("utf-8").strip())
    assert entries
    assert [entry for entry in entries if not re.match(r"\S+==\S+", entry)] == []
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("lock", PYTHON_LOCKS, ids=lambda lock: lock.name)
def test_the_python_locks_name_no_registry(lock: Path) -> None:
    assert re.findall(r"://|--(?:extra-)?index-url|--find-links", lock.read_text("utf-8")) == []


def test_runtime_and_development_use_the_same_versions() -> None:
    runtime, development = (
        set(re.findall(r"^\S+==\S+", (ROOT / name).read_text("utf-8"), re.MULTILINE))
        for name in ("requirements.txt", "requirements-dev.txt")
    )
    assert runtime <= development


def test_every_npm_package_is_locked_by_hash_and_names_no_registry() -> None:
    for name, package in NPM_PACKAGES.items():
        if package.get("inBundle"):
            continue  # it comes inside another package, under that one's hash
        assert package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name


def test_every_python_dependency_has_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    lists = re.findall(r"^\w+ = \[\n((?:    \".*\n)+)\]", text.partition("[tool.")[0], re.MULTILINE)
    lines = "".join(lists).splitlines()
    assert len(lines) > 15
    assert [line for line in lines if not re.search(r"\",\s+# \w+", line)] == []


@pytest.mark.parametrize(
    ("built", "package", "source"),
    [
        ("htmx.min.js", "htmx.org", "dist/htmx.min.js"),
        ("hx-csp.min.js", "htmx.org", "dist/ext/hx-csp.min.js"),
    ],
)
def test_the_served_scripts_are_those_of_the_locked_versions(
    built: str, package: str, source: str
) -> None:
    folder = ROOT / "node_modules" / package
    installed = json.loads((folder / "package.json").read_text("utf-8"))["version"]
    assert installed == NPM_PACKAGES[package]["version"]
    assert (VENDOR / built).read_bytes() == (folder / source).read_bytes()


def test_the_served_style_sheet_is_of_the_locked_version() -> None:
    version = NPM_PACKAGES["nhsuk-frontend"]["version"]
    assert f'--nhsuk-frontend-version: "{version}"' in _style_sheet()


def test_nothing_that_is_served_names_a_foreign_host() -> None:
    for file in VENDOR.iterdir():
        assert re.findall(r"(?:https?:)?//[\w-]+\.[\w.-]+", file.read_text("utf-8")) == [], file


def test_the_whole_style_sheet_stands_inside_its_layer() -> None:
    sheet = _style_sheet()
    assert sheet.startswith("@layer vendor{")
    depth = 0
    for place, character in enumerate(sheet):
        depth += {"{": 1, "}": -1}.get(character, 0)
        assert depth > 0 or place < len("@layer vendor") or place == len(sheet) - 1
    assert depth == 0


def test_every_class_of_the_design_system_that_a_page_uses_is_built_in() -> None:
    pages = "".join(file.read_text("utf-8") for file in (ROOT / "templates").rglob("*.html"))
    used = set(re.findall(r"(?<![\w-])nhsuk-[\w-]*\w", pages))
    built = set(re.findall(r"\.(nhsuk-[\w-]+)", _style_sheet()))
    assert used - built == set(), "add it to static/_vendor-components.scss"


def test_no_class_of_the_design_system_is_put_together_from_parts() -> None:
    """What no page names in full is left out of the style sheet."""
    pages = {file: file.read_text("utf-8") for file in (ROOT / "templates").rglob("*.html")}
    in_parts = re.compile(r"nhsuk[\w-]*[_-]\{\{|\}\}(__|--)")
    assert {file.name for file, page in pages.items() if in_parts.search(page)} == set()


def test_no_font_of_the_nhs_is_asked_for() -> None:
    assert re.findall("frutiger|@font-face", _style_sheet(), re.IGNORECASE) == []


@pytest.mark.parametrize("background", ["#ffffff", "#f0f4f5"], ids=["white", "page grey"])
def test_the_brand_colour_can_be_read(background: str) -> None:
    brand = re.search(r"--nhsuk-brand-colour: (#\w{6})", _style_sheet())
    assert brand is not None
    assert _contrast(brand[1], background) >= 4.5


def test_a_second_set_up_has_nothing_to_do() -> None:
    # Under `make test`, the flags that make itself was given would count here too.
    environment = {name: value for name, value in os.environ.items() if name != "MAKEFLAGS"}
    question = subprocess.run(
        ["make", "--question", "setup"], cwd=ROOT, env=environment, check=False
    )
    assert question.returncode == 0, "set-up is out of date: run `make setup`"


@pytest.mark.parametrize("path", MADE_BY_SETUP)
def test_what_set_up_makes_is_never_committed(path: str) -> None:
    ignored = subprocess.run(["git", "check-ignore", "--quiet", path], cwd=ROOT, check=False)
    assert ignored.returncode == 0


def test_the_container_does_not_run_as_root_and_holds_no_node() -> None:
    *_, last_stage = (ROOT / "Dockerfile").read_text("utf-8").split("\nFROM ")
    assert re.search(r"^USER (?!root|0)\w+", last_stage, re.MULTILINE)
    assert "node" not in last_stage


def _style_sheet() -> str:
    return (VENDOR / "nhsuk.css").read_text("utf-8-sig").strip()


def _contrast(one: str, other: str) -> float:
    """The contrast of two colours as WCAG 2 counts it, from 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

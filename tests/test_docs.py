"""What docs/ says is so: each file and name that it names exists, each command in it runs."""

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

from app.settings import PREFIX, ROOT, Settings

PAGES = sorted((ROOT / "docs").glob("*.md"))
TOO_LONG = {
    "make test": "it is what runs this",
    "make run": "it serves until it is stopped; test_setup.py holds its parts",
    "make safety": "it tries every mutant, for half an hour; test_figures.py holds its parts",
    "CALCINOSIS_REWRITE=1 .venv/bin/python -m pytest -q tests/browser/test_spoken.py": (
        "it opens every page in a browser; test_spoken.py holds what it writes"
    ),
    ".venv/bin/calcinosis-check rules mutate --refresh": "half an hour; see test_mutants.py",
    ".venv/bin/calcinosis-check rules certify": "test_certificate.py proves the rulebook",
    ".venv/bin/calcinosis-check rules diff": "test_difference.py compares the rulebooks",
    ".venv/bin/calcinosis-check rules length": "test_commands_length.py runs it",
    **{
        f'.venv/bin/calcinosis-check incident reopen {what}--by "Ada Hill"': (
            "nothing is withdrawn in the copy; test_commands_incident.py runs it"
        )
        for what in ("", "2026.12.2 ")
    },
    ".venv/bin/calcinosis-check backup /srv/backups": "test_commands_backup.py runs it",
    **{
        f".venv/bin/calcinosis-check {command} /srv/backups/calcinosis-20261201T023000Z.data.age"
        " --identity backup.key": "test_commands_backup.py runs it"
        for command in ("verify-backup", "restore")
    },
    ".venv/bin/calcinosis-check benchmark": "test_commands_benchmark.py runs it",
}
"""Commands that are not run here, each with the reason. Nor are tests, which run by themselves."""
TOOLS = {
    ".venv/bin/calcinosis-check": [sys.executable, "-m", "app"],
    ".venv/bin/alembic": [sys.executable, "-m", "alembic"],
    ".venv/bin/python": [sys.executable],
}
"""The copy has no set-up of its own: what is installed runs there, on the code of the copy."""
NOT_COPIED = (".git", ".venv", ".build", "node_modules", "var", "var-demo", ".*_cache")


def _commands() -> list[str]:
    blocks = chain.from_iterable(
        re.findall(r"^```sh\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
        for page in PAGES
    )
    return list(dict.fromkeys(line for block in blocks for line in block.splitlines()))


def _quoted() -> list[tuple[str, str]]:
    """Every (page, text) in backticks outside blocks."""
    return [
        (page.name, text)
        for page in PAGES
        for text in re.findall(
            r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.M | re.S)
        )
    ]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of everything, for commands that write."""
    folder = tmp_path_factory.mktemp("docs") / "copy"
    return shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*NOT_COPIED), symlinks=True)


def _run_by_itself(command: str) -> bool:
    return command.startswith(".venv/bin/python -m pytest -q tests/")


@pytest.mark.parametrize(
    "command", [one for one in _commands() if one not in TOO_LONG and not _run_by_itself(one)]
)
def test_every_command_of_the_docs_runs(command: str, copy: Path, tmp_path: Path) -> None:
    words = shlex.split(command)
    settings = dict(word.split("=", 1) for word in words if re.match(r"[A-Z_]+=", word))
    program, *arguments = words[len(settings) :]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CALCINOSIS_")}
    one_page = "-k adult-soon"  # of the golden ones: it runs as it does for all
    environment |= {"CALCINOSIS_VAR": str(tmp_path), "PYTEST_ADDOPTS": one_page, **settings}
    if "alembic" in program:
        _run([*TOOLS[program], "upgrade", "head"], copy, environment)
    _run([*TOOLS.get(program, [program]), *arguments], copy, environment)


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


def test_every_command_that_is_not_run_is_in_the_docs_and_names_tests_that_exist() -> None:
    assert set(TOO_LONG) <= set(_commands())
    tests = {file.name for file in (ROOT / "tests").rglob("test_*.py")}
    named = re.findall(r"test_\w+\.py", " ".join(TOO_LONG.values()))
    named += [
        Path(word).name
        for command in filter(_run_by_itself, _commands())
        for word in command.split()[4:]
        if (ROOT / word).is_file()
    ]
    assert len(named) > 10
    assert set(named) <= tests


def test_every_file_that_the_docs_name_exists() -> None:
    paths = [(page, text) for page, text in _quoted() if _is_path(text)]
    assert len(paths) > 80
    made = ("var/", "static/vendor/", "master.key", "journey.key")
    lacking = [path for path in paths if not path[1].startswith(made)]
    assert [path for path in lacking if not (ROOT / path[1]).exists()] == []


def test_every_page_that_is_linked_to_exists() -> None:
    found = {
        (page, link)
        for page in (*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md")
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8"))
    }
    assert [(page.name, link) for page, link in found if not (page.parent / link).exists()] == []
    linked_to = {(page.parent / link).resolve() for page, link in found}
    assert [page.name for page in PAGES if page not in linked_to] == []


def test_every_name_that_the_docs_name_is_in_the_code_or_the_rules() -> None:
    code, rules = _names_of_code(), _text_of("rules", "*.yaml")
    addresses = _text_of("app/web", "*.py")
    names = [(page, text) for page, text in _quoted() if not _is_path(text) and not _is_shown(text)]
    assert len(names) > 80
    lacking = [
        (page, text)
        for page, text in names
        if text.removesuffix("()") not in code
        and text.removeprefix(PREFIX).lower() not in Settings.model_fields
        and not re.search(rf"(?<![\w-]){re.escape(text)}(?![\w-])", rules)
        and f' {text.rpartition(" ")[2]}"' not in addresses
    ]
    assert lacking == []


def test_a_word_of_the_glossary_has_one_meaning() -> None:
    rows = re.findall(
        r"^\| (?!word|---)(.+?) \| (.+) \|$",
        (ROOT / "docs" / "glossary.md").read_text("utf-8"),
        re.MULTILINE,
    )
    assert len(rows) > 90
    words = Counter(word for row, _ in rows for word in row.split(", "))
    assert [word for word, times in words.items() if times > 1] == []
    assert [row for row, meaning in rows if len(meaning) > 170] == []


def _is_path(text: str) -> bool:
    return bool(re.fullmatch(r"[\w-][\w.-]*(/[\w.-]+)*/?", text)) and bool(
        re.search(r"/|\.\w", text)
    )


def _is_shown(text: str) -> bool:
    """Whether it is a command, a form of words, or stands for many names."""
    starts = ("make ", "rules ", "file:line", "/learn/<", "_sealed", "audit-", "letters ")
    return text.startswith(starts) or text.endswith(("...", "emergency_call}"))


@cache
def _names_of_code() -> set[str]:
    """Every name that app/ defines or uses."""
    nodes = chain.from_iterable(
        ast.walk(ast.parse(file.read_text("utf-8"))) for file in (ROOT / "app").rglob("*.py")
    )
    return {
        getattr(node, field)
        for node in nodes
        for field in ("name", "id", "attr", "arg")
        if isinstance(getattr(node, field, None), str)
    }


@cache
def _text_of(folder: str, kind: str) -> str:
    return "\n".join(file.read_text("utf-8") for file in sorted((ROOT / folder).rglob(kind)))

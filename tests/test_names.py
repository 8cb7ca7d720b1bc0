"""Names in code: each word one meaning, each class name once, verbs with their objects."""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from app.settings import ROOT

FOLDERS = ("app", "tests", "benchmarks", "scripts", "migrations")
BANNED = {"told", "here"}
"""Words that once named anything: an assessment, a row, a page, a date."""
LEAST_WORDS = 2.0

TREES = {
    file: ast.parse(file.read_text("utf-8"))
    for folder in FOLDERS
    for file in sorted((ROOT / folder).rglob("*.py"))
}
OURS = {file: tree for file, tree in TREES.items() if file.is_relative_to(ROOT / "app")}


def test_no_name_is_a_word_for_anything() -> None:
    found = [
        f"{file.relative_to(ROOT)}:{line}: {name}"
        for file, tree in TREES.items()
        for line, name in _names(tree)
        if name in BANNED
    ]
    assert found == []


def test_a_class_name_is_used_once() -> None:
    classes = Counter(
        node.name
        for tree in OURS.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, times in classes.items() if times > 1] == []


def test_a_function_is_named_by_more_than_a_word() -> None:
    counts = [len(words) for words in _function_words(OURS.values())]
    assert sum(counts) / len(counts) >= LEAST_WORDS


def test_every_kind_of_name_is_seen() -> None:
    source = (
        "import here\nfrom a import b as told\nclass told(C):\n    here: int = 1\n"
        "def here(told, *, here=1): pass\nfor told in x: y.here = told\n"
        "lambda here: 0\nf(told=1)\nmatch x:\n    case {'a': here, **told}: pass\n"
        "try: pass\nexcept E as told: pass\n"
    )
    assert Counter(name for _, name in _names(ast.parse(source)) if name in BANNED) == {
        "here": 7,
        "told": 8,
    }


def _names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every (line, name) that a file binds, reads or passes on, of whatever kind."""
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                yield line, name
            case (
                ast.ClassDef(name=name)
                | ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
            ):
                yield line, name
            case ast.keyword(arg=str(name)):
                yield line, name
            case ast.alias(name=name, asname=asname):
                yield line, asname or name.rpartition(".")[2]
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield line, name
            case ast.MatchMapping(rest=str(name)) | ast.ExceptHandler(name=str(name)):
                yield line, name


def _function_words(trees: Iterable[ast.AST]) -> Iterator[list[str]]:
    """The words of every function's name but those that Python itself calls."""
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not re.fullmatch(
                r"__\w+__", node.name
            ):
                yield [word for word in node.name.split("_") if word]

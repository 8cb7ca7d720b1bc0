"""The switch that takes a rulebook out of use reaches every server within a minute."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import pytest

from app.settings import ROOT
from tests.builders import rulebook
from tests.postgresql import new_database
from tests.running import Running, serving

MINUTE = 60.0


def status(server: Running, path: str) -> int:
    try:
        with urllib.request.urlopen(server.base + path, timeout=20) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        refused.close()
        return refused.code


def seconds_until(servers: list[Running], wanted: int) -> float:
    began = time.monotonic()
    while any(status(one, "/") != wanted for one in servers):
        assert time.monotonic() - began < MINUTE
        time.sleep(0.5)
    return time.monotonic() - began


def call(*words: str) -> str:
    """What the command says, run as an operator runs it."""
    command = [sys.executable, "-m", "app", "incident", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_every_server_obeys_within_a_minute_and_again_when_it_is_over(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = f"sqlite:///{tmp_path / 'shared.db'}"
    if kind == "postgresql":
        database = new_database(request.getfixturevalue("cluster"))
    folder = tmp_path / "one"
    with ExitStack() as stack:
        first = stack.enter_context(serving(folder, database=database))
        monkeypatch.setenv("CALCINOSIS_VAR", str(folder / "var"))
        monkeypatch.setenv("CALCINOSIS_DATABASE_URL", database)
        second_var = {"CALCINOSIS_VAR": str(folder / "var")}
        second = stack.enter_context(serving(tmp_path / "two", database=database, more=second_var))
        servers = [first, second]
        assert [status(one, "/") for one in servers] == [200, 200]
        version = rulebook().version
        call("withdraw-rulebook", version, "--reason", "R3 misses a sign", "--by", "Ada Hill")
        assert seconds_until(servers, 503) < MINUTE
        assert [status(one, "/emergency") for one in servers] == [200, 200]
        call("reopen", version, "--by", "Ada Hill")
        assert seconds_until(servers, 200) < MINUTE
    shown = call("show")
    assert "R3 misses a sign" in shown
    assert "ended" in shown

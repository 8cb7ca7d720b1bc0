"""The shipped Caddyfile before two servers on one PostgreSQL, as processes of this machine."""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPSConnection
from pathlib import Path

import psycopg
import pytest

from app.settings import ROOT
from tests.builders import answers
from tests.faults.walker import Walker
from tests.postgresql import running_postgresql
from tests.running import Running, serving

pytestmark = pytest.mark.alone  # three servers and a database at once

EMERGENCY = {
    question: sorted(chosen)
    for question, chosen in answers(breath="confused", medicines="binder").items()
}


@dataclass
class Deployed:
    """A site as people reach it: its address, what opens its certificate, its two servers."""

    port: int
    authority: ssl.SSLContext
    servers: list[Running]
    stacks: list[ExitStack]
    database: str
    log: Path  # of the proxy

    def connect(self, source: str = "127.0.0.1") -> HTTPSConnection:
        """A connection of a visitor at this address."""
        return HTTPSConnection(
            "localhost", self.port, timeout=30, context=self.authority, source_address=(source, 0)
        )

    def ask(self, address: str, **headers: str) -> tuple[int, list[tuple[str, str]], str]:
        """Status, headers in lower case, and text of one page."""
        line = self.connect()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        line.request("GET", address, headers=named)
        response = line.getresponse()
        text = response.read().decode()
        line.close()
        return response.status, [(k.lower(), v) for k, v in response.getheaders()], text

    def walker(self) -> Walker:
        """A patient at the proxy."""
        base = f"https://localhost:{self.port}"
        person = Walker(Running(base, ROOT, "", self.servers[0].process))
        person.line.close()
        person.line = self.connect()
        return person


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """All of it, up; the folder with the keys is one for both servers, as in compose.yaml."""
    caddy = shutil.which("caddy")
    if caddy is None:
        refuse = pytest.fail if os.environ.get("CI") else pytest.skip
        refuse("Caddy is not installed; `make caddy` brings it")
    folder = tmp_path_factory.mktemp("site")
    port = _free_port()
    more = {
        "CALCINOSIS_TRUSTED_ORIGIN": f"https://localhost:{port}",
        "CALCINOSIS_TRUSTED_PROXIES": "127.0.0.1",
    }
    with running_postgresql() as database, ExitStack() as all_of_it:
        stacks = [all_of_it.enter_context(ExitStack()) for _ in range(2)]
        servers = [s.enter_context(serving(folder, database=database, more=more)) for s in stacks]
        authority = all_of_it.enter_context(_proxy(caddy, folder / "caddy", port, servers))
        yield Deployed(port, authority, servers, stacks, database, folder / "caddy" / "log")


@contextmanager
def _proxy(caddy: str, folder: Path, port: int, servers: list[Running]) -> Iterator[ssl.SSLContext]:
    folder.mkdir()
    # Its log then says which server answered.
    options = "debug\nadmin off\nlocal_certs\nskip_install_trust\nauto_https disable_redirects"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "SITE_ADDRESS": f"https://localhost:{port}",
        "UPSTREAMS": " ".join(server.base.removeprefix("http://") for server in servers),
        "CADDY_OPTIONS": options,
    }
    run = [caddy, "run", "--adapter", "caddyfile", "--config", str(ROOT / "deploy" / "Caddyfile")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(run, env=environment, stdout=log, stderr=log, cwd=folder)
    try:
        yield _wait_for_proxy(process, folder, port)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for_proxy(process: subprocess.Popen[bytes], folder: Path, port: int) -> ssl.SSLContext:
    root = folder / "caddy" / "pki" / "authorities" / "local" / "root.crt"
    until = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < until:
        try:
            authority = ssl.create_default_context(cafile=root)
            line = HTTPSConnection("localhost", port, timeout=5, context=authority)
            with closing(line):
                line.request("GET", "/healthz")
                if line.getresponse().status == 200:
                    return authority
            time.sleep(0.1)
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"Caddy did not start:\n{(folder / 'log').read_text()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_patient_is_answered_by_both_servers_on_one_way_through(site: Deployed) -> None:
    before = _count_requests(site)
    with site.walker() as person:
        assert person.walk(EMERGENCY).level == "emergency"
        pages = person.pages
    handed = [now - then for now, then in zip(_count_requests(site), before, strict=True)]
    assert sum(handed) == pages
    assert min(handed) >= pages // 3


def test_pages_of_staff_are_served_since_the_proxy_says_that_it_is_https(site: Deployed) -> None:
    status, headers, _ = site.ask("/sign-in")
    assert status == 200
    assert dict(headers)["cache-control"].startswith("no-store")


def test_no_header_of_ours_comes_twice_and_the_proxy_is_not_named(site: Deployed) -> None:
    _, headers, _ = site.ask("/")
    names = [name for name, _ in headers if name != "set-cookie"]
    assert sorted(names) == sorted(set(names))
    assert "server" not in names
    assert "content-security-policy" in names


def test_an_address_that_a_visitor_claims_is_not_believed(site: Deployed) -> None:
    _sign_in_wrongly(site, claimed="203.0.113.7")
    first = _buckets(site)
    _sign_in_wrongly(site, claimed="203.0.113.8")
    assert first
    assert _buckets(site) == first, "another claim counted as another visitor"
    _sign_in_wrongly(site, claimed="203.0.113.7", source="127.0.0.5")
    assert _buckets(site) > first, "all visitors count as one"


def test_an_over_long_body_gets_our_page(site: Deployed) -> None:
    line = site.connect()
    line.request("POST", "/start", b"x" * 300_000, {"Origin": f"https://localhost:{site.port}"})
    response = line.getresponse()
    assert response.status == 413
    assert "Calcinosis Check" in response.read().decode()
    line.close()


def test_no_patient_sees_that_one_server_stops_and_without_any_the_emergency_comes_first(
    site: Deployed,
) -> None:
    # The last one here: nothing answers after it.
    with site.walker() as person:
        person.post("/start", {"region": "uk"})
        site.stacks[0].close()
        for _ in range(20):
            assert person.get("/").status == 200
        assert person.walk(EMERGENCY).level == "emergency"
    site.stacks[1].close()
    status, headers, text = site.ask("/")
    assert status == 503
    assert dict(headers)["retry-after"] == "10"
    assert text.startswith("If someone may be in danger, call your emergency number now.")


def _sign_in_wrongly(site: Deployed, *, claimed: str, source: str = "127.0.0.1") -> None:
    line = site.connect(source)
    headers = {
        "Origin": f"https://localhost:{site.port}",
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Forwarded-For": claimed,
    }
    line.request("POST", "/sign-in", "email=nobody%40x.example&password=wrong", headers)
    line.getresponse().read()
    line.close()


def _buckets(site: Deployed) -> set[str]:
    """The names under which the limits count visitors."""
    with psycopg.connect(site.database) as connection:
        return {str(row[0]) for row in connection.execute("SELECT * FROM bucket")}


def _count_requests(site: Deployed) -> list[int]:
    """How many requests the proxy has handed to each server so far."""
    lines = site.log.read_text("utf-8").splitlines()
    handed = Counter(
        entry["upstream"]
        for entry in map(json.loads, filter(lambda line: "upstream roundtrip" in line, lines))
    )
    return [handed[server.base.removeprefix("http://")] for server in site.servers]

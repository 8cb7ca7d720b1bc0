"""Where a request comes from: only named proxies are believed, so limits cannot be dodged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app import main
from app.commands.service import serve
from app.store.accounts.sessions import ADDRESS_LIMIT
from app.web.server import DrainingServer
from tests.visitor import OWN
from tests.web.desk import House

LOCAL = "http://127.0.0.1:8000"
Server = Callable[[str, str], TestClient]


@pytest.fixture
def server(house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Server:
    """The application as `serve` gives it to the server, met by a connection from an address."""

    def started(proxies: str, connected_from: str) -> TestClient:
        given: list[DrainingServer] = []
        house.clock.seconds += 600  # the limits of earlier tests are over
        monkeypatch.setattr(main, "create_app", lambda _settings, **_more: house.app)
        monkeypatch.setattr(DrainingServer, "run", lambda self, **_: given.append(self))
        monkeypatch.setenv("CALCINOSIS_VAR", str(tmp_path / "var"))
        monkeypatch.setenv("CALCINOSIS_DATABASE_URL", "")
        monkeypatch.setenv("CALCINOSIS_TRUSTED_PROXIES", proxies)
        serve(host=None, port=0)
        config = given[0].config
        config.load()
        return TestClient(config.loaded_app, base_url=LOCAL, client=(connected_from, 5000))

    return started


def guesses(client: TestClient, headers: Callable[[int], dict[str, str]]) -> list[int]:
    """One more try to sign in than an address has, each by another name."""
    return [
        client.post(
            "/sign-in", content=f"email=p{n}@x.example&password=z", headers=OWN | headers(n)
        ).status_code
        for n in range(ADDRESS_LIMIT.capacity + 1)
    ]


ALL_PASS = [422] * (ADDRESS_LIMIT.capacity + 1)
THE_LAST_WAITS = [422] * ADDRESS_LIMIT.capacity + [429]


@pytest.mark.parametrize(
    "name", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Client-IP", "True-Client-IP"]
)
@pytest.mark.parametrize("connected_from", ["127.0.0.1", "203.0.113.9"])
def test_without_a_named_proxy_no_header_dodges_the_limit(
    server: Server, name: str, connected_from: str
) -> None:
    forged = "for=198.51.100.{}" if name == "Forwarded" else "198.51.100.{}"
    client = server("", connected_from)
    assert guesses(client, lambda n: {name: forged.format(n)}) == THE_LAST_WAITS


def test_behind_a_named_proxy_each_visitor_has_their_own_limit(server: Server) -> None:
    client = server("10.0.0.0/8", "10.0.0.1")
    assert guesses(client, lambda n: {"X-Forwarded-For": f"198.51.100.{n}"}) == ALL_PASS


def test_what_a_visitor_writes_before_the_proxy_does_is_passed_over(server: Server) -> None:
    client = server("10.0.0.0/8", "10.0.0.1")
    forged = "198.51.100.{}, 10.0.0.7, 203.0.113.9"
    assert guesses(client, lambda n: {"X-Forwarded-For": forged.format(n)}) == THE_LAST_WAITS


def test_someone_who_passes_the_proxy_by_is_not_believed(server: Server) -> None:
    client = server("10.0.0.1", "203.0.113.9")
    assert guesses(client, lambda n: {"X-Forwarded-For": f"198.51.100.{n}"}) == THE_LAST_WAITS


def test_only_a_named_proxy_says_that_the_line_is_sealed(server: Server) -> None:
    proxy_headers = {"X-Forwarded-Proto": "https"}
    secret = {"strict-transport-security"}
    assert not secret & set(server("", "127.0.0.1").get("/", headers=proxy_headers).headers)
    assert secret <= set(server("127.0.0.1", "127.0.0.1").get("/", headers=proxy_headers).headers)

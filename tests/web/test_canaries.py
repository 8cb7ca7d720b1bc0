"""What people send is found nowhere again: not in a log, a file, a table, or an answer.

Unique words, the canaries, are sent in every field, header, path and body, also with requests that
are refused, that break off and that meet a failure. The same search is then tried on a server with
planted leaks.
"""

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from sqlalchemy import MetaData, select

from app.store.db.database import open_database
from app.web.journey import LIFETIME, LostJourney, load_journey_keys, unseal_journey
from tests.builders import SOAK, rulebook, seeded
from tests.planted import MARK, MEMORY
from tests.postgresql import new_database
from tests.running import FAULTY, REAL, Running, serving
from tests.visitor import OWN
from tests.web.test_nothing_is_stored import RECEIPT, answer_all

CANARIES = 10_000 if SOAK else 600
CANARY = re.compile(rf"{MARK}\w*".encode(), re.IGNORECASE)


def words(text: str) -> list[str]:
    """The words of a text."""
    return text.split()


QUESTIONS = [question.id for question in rulebook().questionnaire]
HEADERS = words(
    """
    Cookie User-Agent Accept Accept-Language Accept-Encoding X-Forwarded-For X-Forwarded-Host
    X-Forwarded-Proto X-Forwarded-Prefix X-Real-IP Forwarded Via Referer Origin Host Authorization
    Content-Type Sec-Fetch-Site HX-Request HX-Current-URL HX-Target If-None-Match Range From
    Traceparent X-Request-ID DNT Upgrade Expect
    """
)
PAGES = words(
    """
    / /start /check/age /answers /answers/age /emergency /result /changed /changed/breath /clear
    /cleared /about /privacy /verify /wrong-advice /learn /rules /healthz /api/v1/questionnaire
    /api/v1/assess /api/v1/openapi.json /static/site.css
    """
)
PATHS = words(
    """
    /{} /{}/ /check/{} /check/age/{} /static/{} /static/site.{}.css /learn/{} /rules/{} /verify/{}
    /api/{} /api/v1/{} /.well-known/{} /%2e%2e/{} /{}%00 /{}%ff //{}/check/age
    """
)
BODIES = [
    '{{"answers": {{"age": "{}"}}}}',
    '{{"answers": {{"skin": ["pus", "{}"]}}}}',
    '{{"answers": {{"{}": "adult"}}}}',
    '{{"answers": {{}}, "region": "{}"}}',
    '{{"answers": {{}}, "audience": "{}"}}',
    '{{"answers": {{}}, "{}": 1}}',
    '{{"answers": "{}"}}',
    '{{"answers": {{"age": {{"{}": 1}}}}}}',
    '{{"answers": {{}}, "labs": {{"{}": {{"value": "1", "unit": "g"}}}}}}',
    '{{"answers": {{}}, "labs": {{"crp": {{"value": "{}", "unit": "mg/L"}}}}}}',
    '{{"answers": {{}}, "labs": {{"crp": {{"value": "1", "unit": "{}"}}}}}}',
    '{{"answers": {{}}, "labs": {{"crp": {{"{}": "1", "unit": "mg/L"}}}}}}',
    '{{"answers": {{"{0}": "a", "{0}": "b"}}}}',
    '["{}"]',
    '"{}"',
    "{}",
    '{{"answers": {{"age": "{}"',
    '{{"answers": {{"age": "\\ud800{}"}}}}',
]
RAW = [
    b"{} HTTP/1.1\r\n\r\n",
    b"GET /{} HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n{}\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n{}\x00: y\r\n\r\n",
    b"GET /{} HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
    b"POST /start HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n{}",
    b"POST /start HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 90 + b"\r\n\r\n{}",
    b"POST /start HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n",
    b"GET /{} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    b"GET http://{}/ HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
]
BROKEN_OFF = (
    b"POST /%s HTTP/1.1\r\nHost: %s\r\nOrigin: http://%s\r\nContent-Length: 9000\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\nage={}&skin={}"
)


@dataclass
class Sender:
    """Sends canaries, and keeps what comes back."""

    server: Running
    client: httpx2.Client
    sent: int = 0
    place: str = ""  # what is being tried
    statuses: set[int] = field(default_factory=set)
    echoes: list[str] = field(default_factory=list)

    def canary(self) -> str:
        """A word that was never sent before."""
        self.sent += 1
        return f"{MARK}{self.sent:08d}"

    def send(self, method: str, address: str, content: bytes | str = b"", **headers: str) -> None:
        """One request; what was sent must not come back, but into the box of a receipt."""
        response = self.client.request(method, address, content=content, headers=headers)
        self.statuses.add(response.status_code)
        self.look(repr(response.headers.raw).encode())
        if address != "/verify":
            self.look(response.content)
        for sealed in response.headers.get_list("set-cookie"):
            self.look(repr(self.opened(sealed)).encode())

    def raw(self, request: bytes) -> None:
        """Bytes as they are, and the answer if there is one."""
        there = urlsplit(self.server.base)
        with socket.create_connection((there.hostname, there.port), timeout=5) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while part := connection.recv(65536):
                answer += part
        self.look(answer)

    def look(self, answer: bytes) -> None:
        """Note whatever was sent and came back."""
        self.echoes += [f"{self.place}: {found!r}" for found in CANARY.findall(answer)]

    def opened(self, cookie: str) -> object:
        """What the person's own cookie holds: what was sent must not be carried along there."""
        sealed = cookie.partition("=")[2].partition(";")[0]
        keys = load_journey_keys(self.server.folder / "var")
        try:
            return unseal_journey(keys, sealed, self.begun) if sealed else ""
        except LostJourney:
            return "it holds nothing that was sealed by us"

    @property
    def begun(self) -> int:
        """A time at which every cookie of today can be read."""
        return int((self.server.folder / "var" / "journey.key").stat().st_mtime) + LIFETIME // 2


def fill_fields(to: Sender) -> None:
    """In the value of each field, in its name, and beside a right answer."""
    for question in [*QUESTIONS, "start"]:
        address = "/start" if question == "start" else f"/check/{question}"
        to.place = f"fields of {address}"
        name = "region" if question == "start" else question
        for content in (
            f"{name}={to.canary()}",
            f"{to.canary()}={to.canary()}",
            f"{name}=not_sure&{name}={to.canary()}",
            f"{name}={'uk' if name == 'region' else 'not_sure'}&x={to.canary()}",
            f"region=uk&about={to.canary()}&{to.canary()}",
        ):
            to.send("POST", address, content, **OWN)


def fill_receipts(to: Sender) -> None:
    """As the receipt, around one, and inside one."""
    to.place = "the receipt"
    receipt = RECEIPT.findall(to.client.get("/result/sheet").text)[0]
    made = receipt.split("/")
    inside = ["/".join([*made[:i], to.canary(), *made[i + 1 :]]) for i in range(len(made))]
    for text in (to.canary(), f"{to.canary()} {receipt} {to.canary()}", *inside):
        to.send("POST", "/verify", f"receipt={text}", **OWN)
        to.send("POST", "/verify", f"receipt={text.upper()}", **OWN)


def fill_headers(to: Sender) -> None:
    """In each header, on a page, an answer, a page that is not there, and the API."""
    for name in HEADERS:
        to.place = f"header {name}"
        for value in ({name: to.canary()}, {f"X-{to.canary()}": to.canary()}):
            to.send("GET", "/check/age", **value)
            to.send("POST", "/check/age", "age=adult", **OWN | value)
            to.send("GET", "/clear", **value)
            to.send("GET", "/nothing", **value)
            to.send("POST", "/api/v1/assess", '{"answers": {}}', **value)
    to.place = "our own cookies"
    for cookie in (
        f"journey={to.canary()}",
        f'journey="{to.canary()}',
        f"__Host-journey={to.canary()}",
    ):
        to.send("GET", "/result", Cookie=cookie)
        to.send("GET", "/", Cookie=cookie)


def fill_addresses(to: Sender) -> None:
    """In each path, in the query of each page, and as the method."""
    for path in PATHS:
        to.place = f"path {path}"
        for method in ("GET", "POST"):
            to.send(method, path.format(to.canary()), **OWN)
    for page in PAGES:
        to.place = f"query of {page}"
        to.send("GET", f"{page}?{to.canary()}={to.canary()}")
        to.send("GET", f"{page}?audience={to.canary()}")
        to.send("DELETE", f"{page}?{to.canary()}", to.canary(), **OWN)
    to.place = "method"
    to.send(to.canary().upper(), "/")


def fill_bodies(to: Sender) -> None:
    """In every place of a JSON body; in bodies that are too long, or no text at all."""
    for body in BODIES:
        to.place = f"API body {body}"
        to.send("POST", "/api/v1/assess", body.format(to.canary()))
    for address in ("/check/age", "/start", "/verify", "/clear", "/api/v1/assess"):
        to.place = f"bodies of {address}"
        word = to.canary().encode()
        for content in (word * 5000, b"age=\xff" + word + b"\xfe", b"\x00" + word, b"{}" + word):
            to.send("POST", address, content, **OWN)


def fill_the_wire(to: Sender) -> None:
    """In what is no request at all, and in requests that break off half way."""
    for request in RAW:
        to.place = f"wire {request[:40]!r}"
        to.raw(request.replace(b"{}", to.canary().encode()))
    host = urlsplit(to.server.base).netloc.encode()
    for path in (b"check/age", b"start", b"verify", b"api/v1/assess"):
        to.place = f"broken off {path!r}"
        to.raw((BROKEN_OFF % (path, host, host)).replace(b"{}", to.canary().encode()))


ROUND: list[Callable[[Sender], None]] = [
    fill_fields,
    fill_receipts,
    fill_headers,
    fill_addresses,
    fill_bodies,
    fill_the_wire,
]


@contextmanager
def sending(server: Running) -> Iterator[Sender]:
    """Someone with a browser at this server."""
    with httpx2.Client(base_url=server.base, timeout=30) as client:
        yield Sender(server, client)


def send_canaries(to: Sender, least: int) -> None:
    """Rounds of requests, at least with so many canaries, by someone who has answered all."""
    while to.sent < least:
        for fill in ROUND:
            answer_all(to.client, seeded(to.sent))
            fill(to)


def kept(server: Running) -> dict[str, list[bytes]]:
    """Where canaries are found after the server has ended: prints, files, names, tables."""
    places = {"printed": bytes(server.printed)}
    for file in (path for path in server.folder.parent.rglob("*") if path.is_file()):
        places[f"file {file.relative_to(server.folder.parent)}"] = (
            str(file).encode() + file.read_bytes()
        )
    places["tables"] = repr(_all_rows(server.database)).encode()
    found = {place: CANARY.findall(content) for place, content in places.items()}
    return {place: canaries for place, canaries in found.items() if canaries}


def _all_rows(database: str) -> list[object]:
    engine, tables = open_database(database), MetaData()
    with engine.connect() as connection:
        tables.reflect(connection)
        rows = [list(connection.execute(select(table))) for table in tables.sorted_tables]
    engine.dispose()
    assert any(rows), "the tables were looked at"
    return rows


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """The address of an empty database; none means an SQLite file that the server makes."""
    return "" if request.param == "sqlite" else new_database(request.getfixturevalue("cluster"))


def test_no_canary_is_found_again(tmp_path: Path, database: str) -> None:
    folder = tmp_path / "here" / "server"
    with serving(folder, database=database, program=REAL) as server, sending(server) as to:
        send_canaries(to, CANARIES)
    assert to.echoes == []
    assert kept(server) == {}
    assert to.statuses >= {200, 303, 400, 403, 404, 405, 413, 422}
    assert b"raised at" not in server.printed, "a request that breaks off is no fault of ours"


def test_no_canary_is_logged_where_everything_is_logged_and_pages_fail(tmp_path: Path) -> None:
    folder = tmp_path / "here" / "server"
    with serving(folder, program=FAULTY) as server, sending(server) as to:
        send_canaries(to, CANARIES)
        to.place, word = "failures", to.canary()
        failing = {"Planted": "failure", "User-Agent": word, "Cookie": f"x={word}"}
        for address in ("/check/age", "/start", "/verify", "/api/v1/assess", "/nothing"):
            to.send("POST", f"{address}?{word}", f"age={word}", **OWN | failing)
            to.send("GET", f"{address}?{word}", **failing)
        held = to.client.get(MEMORY).json()
    assert to.echoes == []
    assert kept(server) == {}
    # uvicorn remembers of which addresses in X-Forwarded-For it knows whether to trust them.
    assert [where for where in held if "_TrustedHosts" not in where] == []
    assert to.statuses >= {200, 303, 400, 403, 404, 405, 413, 422, 500}
    assert server.printed.count(b"RuntimeError, raised at") == 10, "failures are told, in our way"


LEAKS = {
    "row": "tables",
    "file": "file server/var/planted",
    "file elsewhere": "file planted",
    "print": "printed",
    "log": "printed",
    "logged failure": "printed",
    "memory": "memory",
    "echo": "echoes",
}
"""Each planted leak, and where its canary must be found."""


@pytest.fixture(scope="module")
def leaked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    """By leak: the canary that was sent to it, and all that was found where it should be."""
    folder = tmp_path_factory.mktemp("leaky") / "here" / "server"
    words = {}
    with serving(folder, program=FAULTY) as server, sending(server) as to:
        for leak in LEAKS:
            words[leak] = to.canary()
            to.send("POST", "/check/age", f"age={words[leak]}", **OWN | {"Planted": leak})
        held = to.client.get(MEMORY).json()
    found = {place: repr(canaries) for place, canaries in kept(server).items()}
    found |= {"memory": repr(held), "echoes": repr(to.echoes)}
    return {leak: (word, found.get(LEAKS[leak], "")) for leak, word in words.items()}


@pytest.mark.parametrize("leak", LEAKS)
def test_each_planted_leak_is_found(leaked: dict[str, tuple[str, str]], leak: str) -> None:
    word, found = leaked[leak]
    assert word in found

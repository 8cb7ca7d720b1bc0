"""A person at a real server, page by page over one connection; the time of each page is kept."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

from tests.running import Running

PATIENCE = 30.0
"""Seconds until a page counts as never coming."""

KEPT = 3.0
"""Seconds in which a server keeps a quiet connection open for certain."""


@dataclass(frozen=True)
class TimedResponse:
    """What came back, and what it took."""

    address: str
    status: int
    headers: Mapping[str, str]
    html: str

    @property
    def level(self) -> str:
        """The level of the first card."""
        found = re.search(r'data-level="(\w+)"', self.html)
        assert found, f"{self.address} shows no level"
        return found[1]


class Walker:
    """Keeps cookies and times, follows redirects, runs no script."""

    def __init__(self, server: Running, *, looks: bool = True) -> None:
        where = urlsplit(server.base)
        self.line = HTTPConnection(where.hostname or "", where.port, timeout=PATIENCE)
        self.origin, self.cookies = server.base, dict[str, str]()
        self.slowest, self.pages = (0.0, ""), 0
        self.until = 0.0
        self.looks = looks  # whether they read each question, or answer it unseen

    def __enter__(self) -> Walker:
        return self

    def __exit__(self, *_: object) -> None:
        self.line.close()

    def get(self, address: str) -> TimedResponse:
        """The page, after every redirect."""
        return self._ask("GET", address, "")

    def post(self, address: str, fields: Mapping[str, Iterable[str] | str]) -> TimedResponse:
        """The page after sending a form."""
        return self._ask("POST", address, urlencode(fields, doseq=True))

    def walk(self, answers: Mapping[str, list[str]], at: str = "") -> TimedResponse:
        """From the start, or from where a link leads, to the result."""
        page = self.get(at) if at else self.post("/start", {"region": "uk"})
        while page.address.startswith(("/check/", "/emergency")):
            if page.address == "/emergency":
                page = self.get(page.address)
                onward = re.search(r'href="(/check/\w+|/answers)"', page.html)
                assert onward
                page = self.get(onward[1])
                continue
            question = page.address.rpartition("/")[2]
            page = self.post(page.address, {question: answers.get(question, ["not_sure"])})
        assert self.get("/answers").address == "/answers"
        return self.get("/result")

    def _ask(self, method: str, address: str, body: str) -> TimedResponse:
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        if method == "POST":
            kind = "application/x-www-form-urlencoded"
            headers |= {"Origin": self.origin, "Content-Type": kind}
        if time.perf_counter() > self.until:
            self.line.close()  # the server has done so, or will; it is opened again by itself
        begun = time.perf_counter()
        self.line.request(method, address, body, headers)
        response = self.line.getresponse()
        html = response.read().decode()
        self.until = time.perf_counter() + KEPT
        self.slowest = max(self.slowest, (time.perf_counter() - begun, f"{method} {address}"))
        self.pages += 1
        for cookie in response.headers.get_all("set-cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        if response.status == 303 and not self.looks:
            return TimedResponse(response.headers["location"], 303, {}, "")
        if response.status == 303:
            return self._ask("GET", response.headers["location"], "")
        return TimedResponse(address, response.status, dict(response.headers), html)

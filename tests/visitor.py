"""The one client of all web tests: it walks the pages like a person without JavaScript.

Every page that it sees is checked in the same way, whatever the test is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode

from fastapi import FastAPI
from starlette.testclient import TestClient

from app.settings import ROOT
from app.web.assets import bundle_assets

SERVICE = "Calcinosis Check"
OWN = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
_TYPED = {"radio", "checkbox", "text", "textarea", "email", "password"}
_FIRST_SIGHT = re.compile(
    r'<style nonce="[\w-]{22}">'
    + re.escape(str(bundle_assets(ROOT / "static").first_sight))
    + "</style>"
)
"""Our own sheets within a page on which people begin; browser tests see that its nonce fits."""
AT_THE_DOOR = ("/join/", "/sign-in", "/signed-out")
"""Pages of staff before anyone is signed in: there is nothing to clear and no session to end."""


@dataclass
class Page(HTMLParser):
    """One page, read: what a test and the checks ask of it."""

    status: int
    url: str
    html: str
    headers: Mapping[str, str]
    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    title: str = ""
    h1: list[str] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.html = _FIRST_SIGHT.sub("", self.html)
        self._open: list[str] = []
        self._said: list[str] = []
        self._closed = ""
        self.feed(self.html)
        self.close()
        self.h1 = [" ".join(heading.split()) for heading in self.h1]
        self.text = " ".join(" ".join(self._said).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in {"meta", "link", "input", "br", "hr", "img"}:
            self._open.append(tag)
        if tag == "h1":
            self.h1.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"{self.url}: </{tag}> closes nothing"
        assert self._open.pop() == tag, f"{self.url}: </{tag}> closes another tag"
        self._closed = tag

    def handle_data(self, data: str) -> None:
        if "title" in self._open:
            self.title += data
        elif "script" not in self._open:
            # What is set apart only for its direction stands in the line that it is in.
            apart = "bdi" in [*self._open[-1:], self._closed]
            before = self._said.pop() if apart and self._said else ""
            self._said.append(before + data)
        self._closed = ""
        if "h1" in self._open:
            self.h1[-1] += data

    def all(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        """The attributes of every such tag."""
        return [
            found
            for name, found in self.tags
            if name == tag and all(found.get(key) == value for key, value in wanted.items())
        ]

    @property
    def ticked(self) -> set[str]:
        """The values of all inputs that are ticked, and of what is chosen from a list."""
        chosen = {found["value"] for found in self.all("option") if "selected" in found}
        return chosen | {found["value"] for found in self.all("input") if "checked" in found}

    @property
    def links(self) -> list[str]:
        """The addresses of all links."""
        return [found["href"] for found in self.all("a")]

    @property
    def level(self) -> str:
        """The level of the page's first card."""
        return next(found["data-level"] for _, found in self.tags if "data-level" in found)


class Visitor:
    """A person with a browser that keeps cookies and runs no script."""

    def __init__(self, app: FastAPI, base: str = "http://testserver") -> None:
        self.client = TestClient(
            app, base_url=base, follow_redirects=False, raise_server_exceptions=False
        )
        self.steps: list[str] = []

    def get(self, address: str, status: int = 200, **headers: str) -> Page:
        """The page at this address, after every redirect, checked."""
        return self._arrive(self.client.get(address, headers=headers), status)

    def post(
        self,
        address: str,
        fields: Mapping[str, str | Iterable[str]] | None = None,
        status: int = 200,
        **headers: str,
    ) -> Page:
        """The page after sending a form, checked."""
        return self._arrive(self.send(address, fields, **headers), status)

    def send(
        self, address: str, fields: Mapping[str, str | Iterable[str]] | None = None, **headers: str
    ):
        """The bare response to a form, without following or checking anything."""
        body = urlencode(
            {k: v if isinstance(v, str) else list(v) for k, v in (fields or {}).items()},
            doseq=True,
        )
        return self.client.post(address, content=body, headers=OWN | headers)

    def start(self, region: str = "uk") -> Page:
        """Begin a self-check."""
        return self.post("/start", {"region": region})

    def begin(self, age: str = "adult") -> Page:
        """Begin a self-check and say the age: the first screen of emergency signs."""
        self.start()
        return self.answer("age", age)

    def answer(
        self, question: str, *options: str, status: int = 200, at_first: bool = False
    ) -> Page:
        """Answer one question. A doubt is said twice to a screen of signs, but `at_first` once."""
        again = {} if at_first or "not_sure" not in options else {"again": "1"}
        return self.post(f"/check/{question}", {question: options, **again}, status)

    def walk(self, answers: Mapping[str, Iterable[str]], rest: str = "not_sure") -> Page:
        """Start and answer question by question, as they are asked; the list of answers."""
        page = self.start()
        while page.url.startswith("/check/"):
            question = page.url.removeprefix("/check/")
            page = self.answer(question, *answers.get(question, [rest]))
            if page.url == "/emergency":
                page = self.get(next(a for a in page.links if a.startswith(("/check/", "/ans"))))
        return page

    def _arrive(self, response, status: int) -> Page:
        while response.is_redirect:
            assert response.status_code == 303, "a page is left with 303 only"
            response = self.client.get(response.headers["location"])
        self.steps.append(response.request.url.path)
        page = Page(
            response.status_code, response.request.url.path, response.text, response.headers
        )
        assert page.status == status, f"{page.url}: {page.status}, not {status}: {page.text[:300]}"
        check_page(page)
        return page


def check_page(page: Page) -> None:
    """What holds on every page of the house."""
    _check_headers(page)
    _check_head(page)
    _check_body(page)


def _check_headers(page: Page) -> None:
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "same-origin"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "server" not in page.headers
    assert page.headers["content-type"] == "text/html; charset=utf-8"


def _check_head(page: Page) -> None:
    where = page.url
    assert page.html.lstrip().startswith("<!doctype html>"), where
    html = page.all("html")
    assert html[0]["lang"] == "en", where
    assert html[0]["dir"] == "ltr", where
    assert len(page.h1) == 1, f"{where}: {page.h1}"
    problem = "Error: " if page.all("div", id="problem") else ""
    assert " ".join(page.title.split()) == f"{problem}{page.h1[0]} - {SERVICE}", where
    nonce = re.search(r"'nonce-([^']+)'", page.headers["content-security-policy"])
    assert nonce, where
    for script in page.all("script"):
        assert script["src"].startswith("/static/"), where
        if page.status != 500:
            assert script["nonce"] == nonce.group(1), where
    assert not page.all("style"), f"{where}: no inline style"


def _check_body(page: Page) -> None:
    where = page.url
    ids = [found["id"] for _, found in page.tags if "id" in found]
    assert len(ids) == len(set(ids)), f"{where}: an id stands twice"
    labels = {found["for"] for found in page.all("label")}
    for tag, found in page.tags:
        names = set(found)
        assert "style" not in names, f"{where}: inline style on {tag}"
        assert not {name for name in names if name.startswith("on")}, f"{where}: inline script"
        for target in ("aria-describedby", "aria-labelledby"):
            named = set(found.get(target, "").split())
            assert named <= set(ids), f"{where}: {target} leads nowhere"
        if tag == "input" and found["type"] in _TYPED:
            assert found["id"] in labels, f"{where}: {found['id']} has no label"
        if tag == "form":
            assert found["method"] == "post", where
            assert found["action"].startswith("/"), where
        if tag == "a":
            assert found["href"].startswith(("/", "#", "tel:", "http")), where
            assert "?" not in found["href"] or found["href"].startswith("http"), where
        if tag in {"img", "link", "script"}:
            assert found.get("src", found.get("href", "/"))[0] == "/", f"{where}: foreign request"
    if not page.all("form", action="/sign-out") and not where.startswith(AT_THE_DOOR):
        clears = page.all("form", action="/clear") + page.all("a", href="/clear")
        assert clears, f"{where}: no way to clear the answers"
    headings = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert min(headings) == 1, where

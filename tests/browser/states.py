"""Every page of the site, in every state that a person can meet it in.

It knows which there are and how to open them; it must not know what is then looked at. A page that
needs no answers is found by its route or by the links to it, so a new one is looked at unasked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from unittest.mock import patch

from fastapi import FastAPI
from playwright.sync_api import expect
from starlette.routing import Route

from app.presentation.question import CHILD, ME, OTHER
from app.triage.questionnaire import Question
from app.triage.terms import Answers
from app.web.errors import MACHINE_PATHS
from app.web.journey import Journey, seal_journey
from app.web.pages import render_html
from app.web.visit import UNFINISHED
from tests.browser.conftest import Tab
from tests.builders import SOAK, answers, rulebook
from tests.documents.test_receipt import forged, receipt_of
from tests.visitor import Page, Visitor
from tests.web.test_every_page import FOR_CLINICS, NO_PAGES, ROUTES_WITHOUT_PAGE, crawl

RESULTS = {
    "self_care": answers(reason="calcinosis"),
    "routine": answers(),
    "soon": answers(change="grown"),
    "same_day": answers(skin="pus", autoimmune="scleroderma", kidney="dialysis", place="finger"),
    "emergency": answers(breath="confused", medicines="binder"),
}
UNLIKELY = answers(feel=["soft", "jelly"], reason="lump")
AT_ODDS = answers(reason=["calcinosis", "something_else"])
BABY = answers(age="under_3m")
GATED = answers(kidney="weak", autoimmune="raynaud")
OUT_OF_SCOPE = answers(reason="none")
HOW = ("fresh", "refused", "filled")
AT_THE_DOOR = {"/sign-in", "/signed-out", "/i"}
"""Pages of clinics that anyone can open without a link."""
KEYS = {"place, filled", "result, same_day"}


@dataclass(frozen=True)
class State:
    """One page in one state."""

    name: str
    path: str
    given: Answers | None = None  # the answers so far; None before the start
    about: str = ME
    note: str = ""
    sends: str | None = None  # what is typed, before the form is sent; "" sends it as it is
    ticks: tuple[str, ...] = ()  # what is ticked, before a button of the question is pressed
    press: str = ""
    html: str = ""  # of a page that no address gives on demand
    earlier: Answers = field(default_factory=dict)  # what a second look has asked again

    @property
    def key(self) -> bool:
        """Whether it is one of the few that stand for the rest."""
        return self.name in KEYS

    def open(self, tab: Tab, app: FastAPI, now: float) -> None:
        """Show it, as if the person had come here step by step."""
        tab.page.context.clear_cookies()
        if self.given is not None:
            journey = Journey(
                "uk",
                int(now),
                self.given,
                note=self.note,
                about=self.about,
                earlier=self.earlier,
                edition=app.state.context.rulebook.version,
            )
            sealed = seal_journey(app.state.context.keys, journey)
            tab.page.context.add_cookies([{"name": "journey", "value": sealed, "url": tab.base}])
        if self.html:
            tab.page.route(
                f"**{self.path}",
                lambda route: route.fulfill(body=self.html, content_type="text/html"),
                times=1,
            )
        tab.open(self.path)
        if self.sends is not None:
            self._send(tab)
        if self.press:
            self._press(tab)

    def _press(self, tab: Tab) -> None:
        question = self.path.rpartition("/")[2]
        heading = tab.heading
        for option in self.ticks:
            tab.page.check(f"#{question}-{option}")
        tab.page.click(f"#{question}-{self.press}")
        expect(tab.page.locator("main h1")).not_to_have_text(heading)

    def _send(self, tab: Tab) -> None:
        box = tab.page.locator("textarea:visible")
        if self.sends:
            box.fill(self.sends)
        tab.page.click("main form button")
        expect(tab.page.locator("#problem, [data-same]")).to_be_visible()


@dataclass
class States:
    """All of them, and which addresses they cover."""

    app: FastAPI
    all: list[State] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.all = [*self._start(), *self._questions(), *self._results(), *self._receipts()]
        self.all += [*self._second_look(), *self._failures()]
        self.all += self._doors()
        self.all += self._reading()

    @property
    def named(self) -> dict[str, State]:
        """Every state by its name."""
        return {state.name: state for state in self.all}

    @property
    def chosen(self) -> list[State]:
        """Every page, but each question in one of its states by turns; a soak takes all of all."""
        return self.all if SOAK else [state for state in self.all if state.name not in self.spared]

    @property
    def spared(self) -> set[str]:
        """What only a soak looks at: nothing but ticks or a few words tell these from others."""
        turns = enumerate(rulebook().questionnaire)
        asked = {f"{q.id}, {how}" for n, q in turns for how in HOW if how != HOW[n % len(HOW)]}
        errors = {state.name for state in self.all if state.name.startswith("error ")}
        return (asked | errors) - KEYS - {"error 500"}

    def _start(self) -> Iterator[State]:
        yield State("start", "/")
        yield State("start, refused", "/", sends="")
        yield State("start, under way", "/", answers(breath="none"))
        yield State("no journey", "/answers")

    def _questions(self) -> Iterator[State]:
        for question in rulebook().questionnaire:
            whole = next(g for g in (answers(), BABY, GATED) if question.id in g)
            earlier = dict(list(whole.items())[: list(whole).index(question.id)])
            path = f"/check/{question.id}"
            yield State(f"{question.id}, fresh", path, earlier)
            yield State(f"{question.id}, refused", path, earlier, sends="")
            yield State(f"{question.id}, filled", path, whole)
            if question.signs:
                yield from self._signs(question, path, earlier)
        yield State("place, widely filled", "/check/place", answers(place=_all_places()))
        yield State("question for a child", "/check/skin", answers(age="child"), CHILD)
        yield State("question in an emergency", "/check/pain", RESULTS["emergency"], OTHER)
        half = {"age": frozenset({"adult"})}
        yield State("question, sent back", "/check/breath", half, note=UNFINISHED)

    def _signs(self, question: Question, path: str, earlier: Answers) -> Iterator[State]:
        """What follows where "none of these" was pressed beside ticks, and where "not sure" was."""
        assert question.none
        assert question.unsure
        first, second, *_ = (option.id for option in question.options)
        pressed = {"asked back": question.none, "look again": question.unsure}
        for how, press in pressed.items():
            name = f"{question.id}, {how}"
            yield State(name, path, earlier, ticks=(first, second), press=press)

    def _results(self) -> Iterator[State]:
        for level, given in RESULTS.items():
            yield State(f"result, {level}", "/result", given)
        yield State("result for a child", "/result", answers(age="child", change="grown"), CHILD)
        yield State("result for someone else", "/result", RESULTS["same_day"], OTHER)
        yield State("result, out of scope", "/result", OUT_OF_SCOPE)
        yield State("result, not calcinosis", "/result", UNLIKELY)
        yield State("result, at odds", "/result", AT_ODDS)
        yield State("sheet", "/result/sheet", RESULTS["same_day"])
        yield State("sheet, emergency", "/result/sheet", RESULTS["emergency"])
        yield State("answers", "/answers", answers())
        yield State("answers, unfinished", "/answers", {"age": frozenset({"adult"})})
        yield State("answers, at odds", "/answers", AT_ODDS)
        off = {**answers(), "baby": frozenset({"none"})}
        yield State("answers, some left out", "/answers", off)
        yield State("answers, emergency", "/answers", RESULTS["emergency"])
        yield State("answers, change", "/answers/pain", answers())
        yield State("answers, change that may open more", "/answers/conditions", answers())
        yield State("emergency", "/emergency", RESULTS["emergency"])

    def _receipts(self) -> Iterator[State]:
        yield State("receipt", "/verify")
        yield State("receipt, refused", "/verify", sends="nothing that we know")
        yield State("receipt, the same", "/verify", sends=receipt_of(RESULTS["same_day"]))
        yield State("receipt, of a place", "/verify", sends=receipt_of(answers(), "uk"))
        yield State("receipt, emergency", "/verify", sends=receipt_of(RESULTS["emergency"]))
        yield State("receipt, differs", "/verify", sends=forged([("age", "child")], "SELF-CARE"))
        yield State("wrong advice", "/wrong-advice")

    def _second_look(self) -> Iterator[State]:
        grown = answers(change="grown", skin="pus", autoimmune="scleroderma")
        yield State("second look", "/changed", answers())
        yield State("second look, emergency", "/changed", RESULTS["emergency"])
        yield State("second look, question", "/changed/skin", answers())
        none = {question: chosen for question, chosen in answers().items() if question != "skin"}
        yield State("second look, refused", "/changed/skin", none, sends="")
        was = {"skin": answers()["skin"], "change": answers()["change"]}
        yield State("second look, result", "/result", grown, earlier=was)
        yield State("second look, nothing new", "/result", answers(), earlier=was)

    def _doors(self) -> Iterator[State]:
        yield State("sign in", "/sign-in")
        yield State("sign in, refused", "/sign-in", sends="")
        yield State("signed out", "/signed-out")
        yield State("join, by no link", "/join/nothing")
        yield State("code of an invitation", "/i")
        yield State("code of an invitation, refused", "/i", sends="")
        yield State("invited, by no link", "/i/nothing")

    def _reading(self) -> Iterator[State]:
        covered = {state.path for state in self.all}
        bare = [route.path for route in page_routes(self.app) if not route.param_convertors]
        found = crawl(Visitor(self.app), [path for path in bare if path not in covered])
        for path, page in sorted(found.items()):
            if path not in covered:
                yield State(path.strip("/"), path)
                if asks(page):
                    yield State(f"{path.strip('/')}, refused", path, sends="")
        yield State("learn in an emergency", "/learn/fingers", RESULTS["emergency"])

    def _failures(self) -> Iterator[State]:
        floor = self.app.state.context
        yield State("not found", "/nothing")
        for key in floor.page_wording.pages:
            if key.startswith("error.") and key.endswith(".heading"):
                *family, kind = key.removeprefix("error.").removesuffix(".heading").split(".")
                template, more = f"errors/{'store' if family else 'error'}.html", {"again": ""}
                html = render_html(floor, template, "", region=None, error=False, kind=kind, **more)
                yield State(" ".join(["error", *family, kind]), f"/failed/{kind}", html=html)
        html = render_html(floor, "errors/closed.html", "", region=None, error=False)
        yield State("closed", "/failed/closed", html=html)
        broken = Visitor(self.app)
        broken.start("uk")
        with patch.object(floor.rulebook.compiled_rules, "fired", side_effect=ValueError):
            html = broken.answer("age", "adult", status=500).html
        yield State("cannot work it out", "/failed/unworkable", html=html)


def page_routes(app: FastAPI) -> list[Route]:
    """The routes that give a person a page."""
    return [
        route
        for route in app.router.routes
        if isinstance(route, Route)
        and route.methods
        and "GET" in route.methods
        and not route.path.startswith(MACHINE_PATHS)
        and not route.path.endswith(NO_PAGES)
        and route.path not in ROUTES_WITHOUT_PAGE | (FOR_CLINICS - AT_THE_DOOR)
    ]


def asks(page: Page) -> bool:
    """Whether it has a form of its own, beside the one that clears all answers."""
    return any(form["action"] != "/clear" for form in page.all("form"))


def _all_places() -> list[str]:
    place = rulebook().questionnaire["place"]
    return [o.id for o in place.options if o.id not in (place.none, place.unsure)]

"""The pages of the self-check and those to read, with people who answered this and that."""

import time
from collections.abc import Iterator

from playwright.sync_api import Browser

from app.rulebook.load import load_rulebook_folder
from app.settings import ROOT
from app.triage.rulebook import Rulebook
from app.triage.terms import Answers
from app.web.journey import Journey, load_journey_keys, seal_journey
from scripts.screenshots.camera import Cookies, Shot
from tests.builders import answers
from tests.running import Running

PEOPLE = {
    "self care": answers(change="under_2_weeks"),
    "routine": answers(feel="hard"),
    "soon": answers(autoimmune="scleroderma", pain="moderate", change="grown"),
    "same day": answers(autoimmune="scleroderma", skin="pus", kidney="dialysis"),
    "emergency": answers(skin="dead_skin", kidney="dialysis", pain="severe"),
    "child": answers(age="child", change="grown"),
    "out of scope": answers(reason="none"),
}
STILL = (
    *("/", "/about", "/privacy", "/accessibility", "/wrong-advice", "/clear", "/cleared"),
    *("/verify", "/safety", "/safety/hazards"),
    *("/learn", "/learn/words", "/rules", "/rules/types", "/rules/evidence"),
    *("/rules/look-alikes", "/rules/sources", "/nothing"),
)


def shots(_browser: Browser, server: Running) -> Iterator[Shot]:
    """All pages that need nobody but a patient."""
    rulebook, base = load_rulebook_folder(ROOT / "rules"), server.base
    key = load_journey_keys(server.folder / "var")

    def carrying(given: Answers) -> Cookies:
        journey = Journey("uk", int(time.time()), given, edition=rulebook.version)
        return [{"name": "journey", "value": seal_journey(key, journey), "url": base}]

    for path in STILL:
        yield Shot(path.strip("/") or "start", base + path)
    yield Shot("start, error", f"{base}/", press="main form button")
    for page in rulebook.learn["en"].pages:
        yield Shot(f"learn/{page.id}", f"{base}/learn/{page.id}")
    everything = PEOPLE | {"not sure": _unsure(rulebook)}
    before: dict[str, frozenset[str]] = {}
    for question in rulebook.questionnaire:
        if question.id in everything["emergency"]:
            name, question_url = f"check/{question.id}", f"{base}/check/{question.id}"
            yield Shot(name, question_url, carrying(before))
            if question.id in ("place", "pain"):
                yield Shot(
                    f"{name}, error", question_url, carrying(before), press="main form button"
                )
            before[question.id] = everything["emergency"][question.id]
    yield Shot("check/place, filled", f"{base}/check/place", carrying(everything["soon"]))
    yield Shot("answers", f"{base}/answers", carrying(everything["soon"]))
    yield Shot("answers, change", f"{base}/answers/place", carrying(everything["soon"]))
    yield Shot("emergency", f"{base}/emergency", carrying(everything["emergency"]))
    yield Shot("changed", f"{base}/changed", carrying(everything["soon"]))
    yield Shot("no journey", f"{base}/answers")
    for name, given in everything.items():
        yield Shot(f"result, {name}", f"{base}/result", carrying(given), paper=True)


def _unsure(rulebook: Rulebook) -> Answers:
    """Not sure of anything that is asked."""
    given: dict[str, frozenset[str]] = {}
    while (question := rulebook.questionnaire.trace_path(given).next) is not None:
        given[question.id] = frozenset([question.unsure])
    return given

"""From a template and its values to an answer: the one place where pages are rendered.

It knows templates, words and the request; it must not know what a page is about.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.triage.rulebook import Rulebook
from app.triage.wording import Wording
from app.web import tablet
from app.web.assets import Assets
from app.web.journey import LostJourney, NoJourney, open_journey
from app.web.tablet import Stay
from app.web.wire import packed

if TYPE_CHECKING:
    from app.web.still import Still

KIND = "text/html; charset=utf-8"
LANGUAGE = "en"
ANYWHERE = "international"  # whose words a page takes before the person has said where they are

MOST_FILLED = 5000  # texts of one region; a rulebook has about 2,000

Say = Callable[..., Markup]


@dataclass(frozen=True, slots=True)
class Floor:
    """What every request of this floor needs; made once at start."""

    rulebook: Rulebook
    environment: Environment
    assets: Assets
    key: bytes
    clock: Callable[[], float]
    stills: dict[tuple[str, str, str], Still] = field(default_factory=dict)
    voices: dict[tuple[str, str], tuple[Say, Say]] = field(default_factory=dict)

    @property
    def words(self) -> Wording:
        """The words of the language that the pages are in."""
        return self.rulebook.wording[LANGUAGE]

    @property
    def now(self) -> int:
        """Seconds since 1970."""
        return int(self.clock())


def floor(request: Request) -> Floor:
    """The floor that this request came to."""
    found: Floor = request.app.state.floor
    return found


def show(
    request: Request,
    template: str,
    *,
    region: str | None = None,
    status: int = 200,
    error: bool = False,
    **values: Any,
) -> Response:
    """One whole page. Without a `region` it is where the person said they are, if they did."""
    nonce, stays = request.scope["nonce"], tablet.stay(request, template)
    if region is None and values.get("who") is None:  # staff see the words of no patient's region
        region, alarmed = whereabouts(request)
        values = {"alarmed": alarmed, **values}
    html = render(
        floor(request), template, nonce, region=region, error=error, tablet=stays, **values
    )
    response = packed(request, html.encode(), KIND, status)
    response.headers.update(tablet.headers(stays))
    return response


def render(
    here: Floor,
    template: str,
    nonce: str,
    /,  # a page may call a value of its own by the same name
    *,
    region: str | None,
    error: bool,
    alarmed: bool = False,
    tablet: Stay | None = None,
    ages: Collection[str] = (),
    **values: Any,
) -> str:
    """The HTML of one page. `tablet`: how long it stays on one that patients pass on.

    `alarmed`: whether the person's answers are a certain emergency; `ages`: what they said of age.
    """
    say, fill = voice(here, region)
    return here.environment.get_template(template).render(
        nonce=nonce,
        t=say,
        fill=fill,
        region=here.rulebook.regions[region or ANYWHERE],
        numbers=[] if region else emergency_numbers(here),
        box=tuple(here.words.box_for(ages).values()),
        emergency_hidden=here.words.levels["emergency"].hidden,
        address=here.assets.addresses,
        language=LANGUAGE,
        approvals=here.rulebook.approvals,
        error=error,
        alarmed=alarmed,
        tablet=tablet,
        **values,
    )


def whereabouts(request: Request) -> tuple[str | None, bool]:
    """(Where the person said they are, whether their answers are a certain emergency).

    By their cookie, for pages that ask it for nothing else.
    """
    here = floor(request)
    try:
        journey = open_journey(request, here.key, here.now)
    except (NoJourney, LostJourney):
        return None, False
    if journey.region not in here.rulebook.regions:
        return None, False
    # It is set for as long as the answers are an emergency, and the engine need not be asked.
    return journey.region, bool(journey.warned_at)


def see_other(address: str) -> RedirectResponse:
    """Send the browser on with a GET."""
    return RedirectResponse(address, status_code=303)


def region_words(here: Floor, region: str | None) -> Mapping[str, str]:
    """The words that differ between regions."""
    return here.words.regions[region or ANYWHERE]


def filler(here: Floor, region: str | None) -> Say:
    """Fills the placeholders of a text with the words of the region; see `voice`."""
    return voice(here, region)[1]


def voice(here: Floor, region: str | None) -> tuple[Say, Say]:
    """(Gives the words of a page by their key, fills any text of the rulebook), as HTML.

    Both remember what they made: most of a page is the same words again. An unknown key is a
    fault of ours, and so a KeyError.
    """
    key = (here.rulebook.sha256, region or ANYWHERE)
    if key not in here.voices:
        here.voices[key] = _voice(here.words, region_words(here, region))
    return here.voices[key]


def _voice(words: Wording, places: Mapping[str, str]) -> tuple[Say, Say]:
    escaped = {name: escape(word) for name, word in places.items()}

    @lru_cache(MOST_FILLED)
    def fill(text: str, **more: object) -> Markup:
        others = {name: escape(word) for name, word in more.items()}
        # The text and every word that is filled in were escaped just above; none came in otherwise.
        return Markup(words.fill(escape(text), escaped, **others))  # noqa: S704

    @lru_cache(MOST_FILLED)
    def say(key: str, **more: object) -> Markup:
        return fill(words.pages[key], **more)

    return say, fill


def emergency_numbers(here: Floor) -> list[tuple[str, str, str, str]]:
    """(Region, what to call in words, number, all in short), where nobody said where they are."""
    return [
        (
            words["name"],
            words["local_emergency_words"],
            here.rulebook.regions[id_].emergency_number,
            words["emergency_short"],
        )
        for id_, words in here.words.regions.items()
    ]


def environment(folder: Path) -> Environment:
    """Our templates: strict about names, and escaping in every file whatever its ending."""
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )

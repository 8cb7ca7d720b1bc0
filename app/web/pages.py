"""From a template and its values to an answer: the one place where pages are rendered.

It knows templates, words and the request; it must not know what a page is about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from app.triage.rulebook import Rulebook
from app.triage.wording import Wording
from app.web.assets import Assets

if TYPE_CHECKING:
    from app.web.still import Still

LANGUAGE = "en"
ANYWHERE = "international"  # whose words a page takes before the person has said where they are

Say = Callable[..., str]


@dataclass(frozen=True, slots=True)
class Floor:
    """What every request of this floor needs; made once at start."""

    rulebook: Rulebook
    environment: Environment
    assets: Assets
    key: bytes
    clock: Callable[[], float]
    stills: dict[tuple[str, str, str], Still] = field(default_factory=dict)

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
) -> HTMLResponse:
    """One whole page. `region` None means that the person has not said yet where they are."""
    here = floor(request)
    return HTMLResponse(
        render(here, template, request.scope["nonce"], region=region, error=error, **values), status
    )


def render(
    here: Floor, template: str, nonce: str, *, region: str | None, error: bool, **values: Any
) -> str:
    """The HTML of one page."""
    fill = filler(here, region)
    return here.environment.get_template(template).render(
        nonce=nonce,
        t=speaker(here, region),
        fill=fill,
        region=here.rulebook.regions[region or ANYWHERE],
        numbers=[] if region else emergency_numbers(here),
        box=here.words.box,
        emergency_hidden=here.words.levels["emergency"].hidden,
        address=here.assets.addresses,
        language=LANGUAGE,
        error=error,
        **values,
    )


def see_other(address: str) -> RedirectResponse:
    """Send the browser on with a GET."""
    return RedirectResponse(address, status_code=303)


def region_words(here: Floor, region: str | None) -> Mapping[str, str]:
    """The words that differ between regions."""
    return here.words.regions[region or ANYWHERE]


def filler(here: Floor, region: str | None) -> Callable[..., str]:
    """Fills the placeholders of a text with the words of the region."""
    words, places = here.words, region_words(here, region)

    def fill(text: str, **more: object) -> str:
        return words.fill(text, places, **{name: str(word) for name, word in more.items()})

    return fill


def speaker(here: Floor, region: str | None) -> Say:
    """Gives the words of a page by their key; an unknown key is a fault of ours."""
    texts, fill = here.words.pages, filler(here, region)

    def say(key: str, **more: object) -> str:
        return fill(texts[key], **more)

    return say


def emergency_numbers(here: Floor) -> list[tuple[str, str, str]]:
    """(Region, what to call in words, number), for pages that do not know where the person is."""
    return [
        (words["name"], words["local_emergency_words"], here.rulebook.regions[id_].emergency_number)
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

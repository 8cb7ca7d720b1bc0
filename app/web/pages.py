"""From a template and its values to an answer: the one place where pages are rendered.

It knows templates, words and the request; it must not know what a page is about.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from babel import Locale, negotiate_locale
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.assurance.figures import Figures
from app.documents.receipt import RulebookArchive
from app.store.clinics import ClinicPolicy
from app.store.db.database import DeferredStore
from app.store.worklist import WorklistCounts
from app.triage.rulebook import Rulebook
from app.triage.wording import Wording
from app.web import tablet
from app.web.assets import Assets
from app.web.journey import OWN, JourneyKeys, LostJourney, NoJourney, open_journey
from app.web.tablet import PageTimeout
from app.web.wire import compress_response, cookie_name

if TYPE_CHECKING:
    from app.web.page_cache import CachedPage, PageKey

HTML_MEDIA_TYPE = "text/html; charset=utf-8"
ANYWHERE = "international"  # whose words a page takes before the person has said where they are

_LANDINGS = frozenset(
    {
        "patient/start.html",
        "patient/invited.html",
        "learn/index.html",
        "learn/page.html",
        "learn/words.html",
    }
)
"""The pages to which links from outside lead."""
MOST_FILLED = 5000  # texts of one region; a rulebook has about 2,000

Translate = Callable[..., Markup]


class Operator(NamedTuple):
    """Who runs this website and how to reach them; empty where no setting says it."""

    name: str
    address: str
    telephone: str


@dataclass(frozen=True, slots=True)
class AppContext:
    """What every page needs, in one language; made once at start."""

    rulebook: Rulebook
    archive: RulebookArchive
    policy: ClinicPolicy
    figures: Figures | None
    environment: Environment
    assets: Assets
    keys: JourneyKeys
    clock: Callable[[], float]
    store: DeferredStore
    operator: Operator
    language: str = "en"  # a code such as en or pt-BR: one of the rulebook's
    demo_clinics: dict[str, bool] = field(default_factory=dict)
    """Whether all people of a clinic are made up; asked of the database once."""
    worklist_counts: dict[str, tuple[int, datetime, WorklistCounts]] = field(default_factory=dict)
    """Of each clinic with the number of its changes, for as long as that stays."""
    cached_pages: dict[PageKey, CachedPage] = field(default_factory=dict)
    translators: dict[tuple[str, str, str], tuple[Translate, Translate]] = field(
        default_factory=dict
    )

    @property
    def page_wording(self) -> Wording:
        """The words of the language that the pages are in."""
        return self.rulebook.wording[self.language]

    @property
    def now(self) -> datetime:
        """What time it is, in UTC."""
        return datetime.fromtimestamp(self.clock(), UTC)

    @property
    def unix_time(self) -> int:
        """Seconds since 1970."""
        return int(self.clock())


def app_context(request: Request) -> AppContext:
    """The context of this request, in the language that it is answered in."""
    context: AppContext = request.app.state.context
    language = choose_language(request, context.rulebook.languages)
    return context if language == context.language else replace(context, language=language)


def choose_language(request: Request, offered: Sequence[str]) -> str:
    """The language of the answer: the first offered one that the browser asks for, or the first."""
    if len(offered) == 1:
        return offered[0]
    accepted = request.headers.get("accept-language", "").split(",")
    asked = [part.partition(";")[0].strip() for part in accepted]
    return negotiate_locale(asked, offered, sep="-") or offered[0]


@cache
def text_direction(language: str) -> str:
    """Which way a language is written: "ltr" or "rtl"."""
    return str(Locale.parse(language, sep="-").text_direction)


def render_page(
    request: Request,
    template: str,
    *,
    region: str | None = None,
    status: int = 200,
    error: bool = False,
    **values: Any,
) -> Response:
    """One whole page. Without a `region` it is where the person said they are, if they did."""
    nonce, timeout = request.scope["nonce"], tablet.find_page_timeout(request, template)
    if region is None and values.get("who") is None:  # staff see the words of no patient's region
        region, alarmed = read_region_and_alarm(request)
        values = {"alarmed": alarmed, **values}
    lands = is_landing(request, template)
    html = render_html(
        app_context(request),
        template,
        nonce,
        region=region,
        error=error,
        tablet=timeout,
        lands=lands,
        **values,
    )
    response = compress_response(request, html.encode(), HTML_MEDIA_TYPE, status)
    response.headers.update(tablet.refresh_headers(timeout))
    return response


def render_html(
    context: AppContext,
    template: str,
    nonce: str,
    /,  # a page may call a value of its own by the same name
    *,
    region: str | None,
    error: bool,
    alarmed: bool = False,
    tablet: PageTimeout | None = None,
    ages: Collection[str] = (),
    lands: bool = False,
    **values: Any,
) -> str:
    """The HTML of one page. `tablet`: how long it stays on one that patients pass on.

    `lands`: whether its styles stand in it, for a browser that has loaded nothing yet.
    `alarmed`: whether the person's answers are a certain emergency; `ages`: what they said of age.
    """
    t, fill = translator_for(context, region)
    return context.environment.get_template(template).render(
        nonce=nonce,
        t=t,
        fill=fill,
        region=context.rulebook.regions[region or ANYWHERE],
        numbers=[] if region else _list_emergency_numbers(context),
        box=tuple(context.page_wording.emergency_box_for(ages).values()),
        emergency_hidden=context.page_wording.levels["emergency"].hidden,
        address=context.assets.addresses,
        first_sight=context.assets.first_sight if lands else "",
        language=context.language,
        direction=text_direction(context.language),
        approvals=context.rulebook.approvals,
        error=error,
        alarmed=alarmed,
        tablet=tablet,
        **values,
    )


def is_landing(request: Request, template: str) -> bool:
    """Whether the browser begins with this page, as far as it shows: it has no answers yet."""
    is_within_ours = "hx-request" in request.headers or cookie_name(request, OWN) in request.cookies
    return template in _LANDINGS and not is_within_ours


def read_region_and_alarm(request: Request) -> tuple[str | None, bool]:
    """(Where the person said they are, whether their answers are a certain emergency).

    By their cookie, for pages that ask it for nothing else.
    """
    context = app_context(request)
    try:
        journey = open_journey(request, context.keys, context.unix_time)
    except (NoJourney, LostJourney):
        return None, False
    if journey.region not in context.rulebook.regions:
        return None, False
    # It is set for as long as the answers are an emergency, and the engine need not be asked.
    return journey.region, bool(journey.warned_at)


def see_other(address: str) -> RedirectResponse:
    """Send the browser on with a GET."""
    return RedirectResponse(address, status_code=303)


def filler_for(context: AppContext, region: str | None) -> Translate:
    """Fills the placeholders of a text with the words of the region; see `translator_for`."""
    return translator_for(context, region)[1]


def translator_for(context: AppContext, region: str | None) -> tuple[Translate, Translate]:
    """(Gives the words of a page by their key, fills any text of the rulebook), as HTML.

    Both remember what they made: most of a page is the same words again. An unknown key is a
    fault of ours, and so a KeyError.
    """
    key = (context.rulebook.sha256, context.language, region or ANYWHERE)
    if key not in context.translators:
        words = context.page_wording
        context.translators[key] = _make_translator(words, words.regions[region or ANYWHERE])
    return context.translators[key]


def _make_translator(words: Wording, places: Mapping[str, str]) -> tuple[Translate, Translate]:
    escaped = {name: escape(word) for name, word in places.items()}

    @lru_cache(MOST_FILLED)
    def fill_text(text: str, **more: object) -> Markup:
        others = {name: escape(word) for name, word in more.items()}
        # The text and every word that is filled in were escaped just above; none came in otherwise.
        return Markup(words.fill_placeholders(escape(text), escaped, **others))  # noqa: S704

    @lru_cache(MOST_FILLED)
    def translate_key(key: str, **more: object) -> Markup:
        return fill_text(words.pages[key], **more)

    return translate_key, fill_text


def _list_emergency_numbers(context: AppContext) -> list[tuple[str, str, str, str]]:
    """(Regions, what to call in words, number, all in short), where nobody said where they are.

    Regions with the same number share a line, so that the number is soon found.
    """
    words, alike = context.page_wording, defaultdict[str, list[Mapping[str, str]]](list)
    for id_, entry in context.rulebook.regions.items():
        alike[entry.emergency_number].append(words.regions[id_])
    lines = []
    for number, places in alike.items():
        names = ", ".join(dict.fromkeys(place["name_short"] for place in places))
        spoken = places[-1]["local_emergency_words"]
        short = words.page_text("emergency.short", places=names, spoken=spoken)
        lines.append((names, spoken, number, short))
    return lines


def build_template_environment(folder: Path) -> Environment:
    """Our templates: strict about names, and escaping in every file whatever its ending."""
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    # An import in a template compares all globals, each time; ours need just this one.
    environment.globals = {"namespace": environment.globals["namespace"]}
    return environment

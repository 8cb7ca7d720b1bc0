"""Joins the floors into one application. The only place that knows all of them."""

from __future__ import annotations

import asyncio
import functools
import gc
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from fastapi import FastAPI
from starlette.routing import Route

from app.assurance.figures import read_figures
from app.documents.receipt import Shelf
from app.settings import ROOT, Settings
from app.store import clinics
from app.store.ground.jobs import Job
from app.store.ground.late import open_late
from app.store.ground.scope import Store
from app.store.keeping import anchors, retention
from app.store.rulebooks import record
from app.triage.reliance import load_reliance
from app.triage.rulebook import load
from app.triage.targets import load_alarm, load_targets, load_visit_days
from app.web import api, assets, status
from app.web.clinic import (
    account,
    agreement,
    assisted,
    auditor,
    closing,
    findings,
    identity,
    invitations,
    live,
    papers,
    people,
    reviewing,
    signin,
    staff,
    staying,
    submission,
    worklist,
)
from app.web.clinic.alarm import EVERY, Messenger
from app.web.clinic.live import Streams, first_to_hear
from app.web.errors import LastResort, add_error_pages, last_page
from app.web.journey import load_key
from app.web.outgoing import Mail
from app.web.pages import Floor, environment
from app.web.patients import changed, invited, patient, result, share, verify, waiting_room
from app.web.patients.clinics_here import ClinicsHere
from app.web.patients.drop_off import DropOff
from app.web.reading import learn, safety, trust
from app.web.recurring import keep_doing, keep_for_itself, once
from app.web.shield import Gate, Headings

LAST_WORDS = 3.0
"""Seconds that a server that is told to stop gives its database to take the last counts."""


def create_app(
    settings: Settings, clock: Callable[[], float] = time.time, patience: float = 30.0
) -> FastAPI:
    """The application on one rulebook. Its database may come later: see app/store/ground/late.py.

    `patience`: seconds to wait for it. Raises RulebookFaults, BadFigures, AssetFault, BadKeyring,
    BadDatabase, OSError or ValueError.
    """
    app = FastAPI(
        title="Calcinosis Check",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # they would load scripts from another host
        redoc_url=None,
        lifespan=_lifespan,
        redirect_slashes=False,
        # On by default, it would send paths and errors to any collector in the environment.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    floor = Floor(
        rulebook=load(settings.rules),
        environment=environment(ROOT / "templates"),
        assets=assets.gather(ROOT / "static"),
        key=load_key(settings.var / "journey.key"),
        clock=clock,
    )
    app.state.floor = floor
    app.state.shelf = Shelf(floor.rulebook, settings.rules / "published")
    app.state.figures = read_figures(ROOT / "safety" / "figures.json")
    app.state.last_page = last_page(floor)
    app.state.targets = load_targets(settings.rules)
    app.state.visit_days = load_visit_days(settings.rules)
    app.state.reliance = load_reliance(settings.rules)
    app.state.alarm_after = load_alarm(settings.rules)
    app.state.clinics_here, app.state.drop_off = ClinicsHere(), DropOff()
    app.state.store = open_late(
        settings.database, settings.master_key, functools.partial(_first, app), patience
    )
    app.state.for_show = functools.cache(functools.partial(clinics.is_for_show, app.state.store))
    app.state.jobs = recurring_jobs(settings, floor)
    app.state.streams = Streams(app.state.store)
    app.state.counts = {}  # of each clinic's worklist, for as long as nothing rings
    app.router.routes += [*learn.routes(), *trust.routes(), *safety.routes()]
    app.router.routes += [*patient.routes(), *result.routes(), *changed.routes()]
    app.router.routes += [*verify.routes(), *status.routes()]
    app.router.routes += [*signin.routes(), *account.routes(), *staff.routes(), *staying.routes()]
    app.router.routes += [*waiting_room.routes(), *share.routes()]  # before /i/{token}
    app.router.routes += [*invited.routes(), *invitations.routes()]
    app.router.routes += [*live.routes(), *worklist.routes()]
    app.router.routes += [*assisted.routes(), *findings.routes(), *identity.routes()]
    app.router.routes += [*submission.routes()]
    app.router.routes += [*papers.routes(), *closing.routes(), *reviewing.routes()]
    app.router.routes += [*people.routes(), *agreement.routes(), *auditor.routes()]
    app.include_router(api.router)
    app.router.routes.append(Route("/static/{path:path}", assets.serve, methods=["GET"]))
    add_error_pages(app)
    # The last one added is the outermost.
    app.add_middleware(Gate, open_paths=["/api/"])
    app.add_middleware(LastResort)
    app.add_middleware(Headings, origin=settings.trusted_origin)
    return app


def _first(app: FastAPI, store: Store) -> None:
    """What is done with a database that was just opened."""
    here: Floor = app.state.floor
    now = datetime.fromtimestamp(here.clock(), UTC)
    record(store.engine, here.rulebook.version, here.rulebook.sha256, now)
    app.state.clinics_here.look(store, now)
    store.engine.dispose()  # what was open stays open no longer than it is needed


def recurring_jobs(settings: Settings, floor: Floor) -> list[Job]:
    """What the server does again and again by itself; each round is done by one server."""
    hour = timedelta(hours=1)
    mail = Mail(settings.mail_server, settings.mail_from)
    messenger = Messenger(floor, load_alarm(settings.rules), settings.origin, mail)
    return [
        Job("alarm", EVERY, messenger),
        Job("retention", hour, retention.run_all),
        Job("audit anchors", hour, lambda store, _: anchors.note(store, settings.var)),
    ]


def own_jobs(app: FastAPI) -> list[Job]:
    """What each server does for itself, since it is about what this one knows."""
    minute = timedelta(minutes=1)
    return [
        Job("drop-off", minute, app.state.drop_off.write),
        Job("clinics here", minute, app.state.clinics_here.look),
    ]


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """What stands at start stays for ever, so the collector need not look at it again."""
    gc.collect()
    gc.freeze()
    beside = asyncio.create_task(_beside(app))
    with first_to_hear(app.state.streams.close):
        yield
    beside.cancel()
    await asyncio.gather(beside, return_exceptions=True)
    if app.state.store.is_open:
        last = once(app.state.store, own_jobs(app)[0], app.state.floor.clock)
        await asyncio.wait([asyncio.create_task(last)], timeout=LAST_WORDS)
    app.state.store.close()


async def _beside(app: FastAPI) -> None:
    """All that goes on beside the pages, as soon as there is a database."""
    state = app.state
    while not state.store.is_open:
        await asyncio.sleep(0.2)
    clock = state.floor.clock
    own = (keep_for_itself(state.store, job, clock) for job in own_jobs(app))
    await asyncio.gather(keep_doing(state.store, state.jobs, clock), state.streams.watch(), *own)

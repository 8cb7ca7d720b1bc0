"""Joins the rooms into one application. The only place that knows all of them."""

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
from app.documents.receipt import RulebookArchive
from app.rulebook.load import load_rulebook_folder
from app.settings import ROOT, Settings
from app.store import clinics
from app.store.clinic_policy import load_policy
from app.store.compliance import retention
from app.store.db import audit
from app.store.db.database import open_deferred_store
from app.store.db.jobs import Job
from app.store.db.scope import Store
from app.store.served_rulebooks import record_served_rulebook
from app.web import api, assets, health
from app.web.clinic import (
    agreement,
    assisted,
    auditor,
    corrections,
    identity,
    invitations,
    people,
    print_views,
    shared_code,
    signin,
    staff,
    submission,
    worklist,
    worklist_stream,
)
from app.web.clinic.alarm import EVERY, AlarmSender
from app.web.clinic.worklist_stream import StreamRegistry, close_before_shutdown
from app.web.errors import UnhandledErrorMiddleware, add_error_pages, render_last_page
from app.web.journey import load_journey_key
from app.web.outgoing_messages import MailServer
from app.web.pages import AppContext, build_template_environment
from app.web.patients import handing_over, result, second_look, self_check, waiting_room
from app.web.patients.clinic_presence import ClinicPresence, DropOffCounter
from app.web.reading import learn, safety, trust
from app.web.scheduler import run_job_once, run_local_job, run_recurring_jobs
from app.web.shield import RequestGuardMiddleware, SecurityHeadersMiddleware

SHUTDOWN_GRACE = 3.0
"""Seconds that a server that is told to stop gives its database to take the last counts."""


def create_app(
    settings: Settings, clock: Callable[[], float] = time.time, database_timeout: float = 30.0
) -> FastAPI:
    """The application on one rulebook. Its database may come later (app/store/db/database.py).

    `database_timeout`: seconds to wait for it. Raises RulebookFaults, BadFigures, AssetFault,
    BadKeyring,    BadDatabase, OSError or ValueError.
    """
    app = FastAPI(
        title="Calcinosis Check",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # they would load scripts from another host
        redoc_url=None,
        lifespan=_run_lifespan,
        redirect_slashes=False,
        # On by default, it would send paths and errors to any collector in the environment.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    context = AppContext(
        rulebook=load_rulebook_folder(settings.rules),
        environment=build_template_environment(ROOT / "templates"),
        assets=assets.bundle_assets(ROOT / "static"),
        key=load_journey_key(settings.var / "journey.key"),
        clock=clock,
    )
    app.state.context = context
    app.state.archive = RulebookArchive(context.rulebook, settings.rules / "published")
    app.state.figures = read_figures(ROOT / "safety" / "figures.json")
    app.state.last_page = render_last_page(context)
    policy = load_policy(settings.rules)
    app.state.targets, app.state.visit_days = policy.targets, policy.visit_days
    app.state.reliance, app.state.alarm_after = policy.reliance, policy.alarm_delay
    app.state.clinic_presence, app.state.drop_off = ClinicPresence(), DropOffCounter()
    app.state.store = open_deferred_store(
        settings.effective_database_url,
        settings.master_key_file,
        functools.partial(_prepare_database, app),
        database_timeout,
    )
    app.state.for_show = functools.cache(functools.partial(clinics.is_demo_clinic, app.state.store))
    app.state.jobs = build_recurring_jobs(settings, context, policy.alarm_delay)
    app.state.streams = StreamRegistry(app.state.store)
    app.state.counts = {}  # of each clinic's worklist, for as long as nothing rings
    # Routes are tried in this order: what is asked for most comes first.
    app.router.routes += [
        *self_check.page_routes(),
        *result.page_routes(),
        *second_look.page_routes(),
    ]
    app.router.routes += [*learn.page_routes(), *trust.page_routes(), *safety.page_routes()]
    app.router.routes += health.page_routes()
    app.router.routes += [
        *signin.page_routes(),
        *staff.page_routes(),
    ]
    app.router.routes += waiting_room.page_routes()  # before /i/{token}
    app.router.routes += shared_code.page_routes()
    app.router.routes += [*handing_over.page_routes(), *invitations.page_routes()]
    app.router.routes += [*worklist_stream.page_routes(), *worklist.page_routes()]
    app.router.routes += [
        *assisted.page_routes(),
        *corrections.page_routes(),
        *identity.page_routes(),
    ]
    app.router.routes += [
        *print_views.page_routes(),
        *submission.page_routes(),
    ]
    app.router.routes += [*people.page_routes(), *agreement.page_routes(), *auditor.page_routes()]
    app.include_router(api.router)
    app.router.routes.append(Route("/static/{path:path}", assets.serve_asset, methods=["GET"]))
    add_error_pages(app)
    # The last one added is the outermost.
    app.add_middleware(RequestGuardMiddleware, open_paths=["/api/"])
    app.add_middleware(UnhandledErrorMiddleware)
    app.add_middleware(SecurityHeadersMiddleware, origin=settings.trusted_origin)
    return app


def _prepare_database(app: FastAPI, store: Store) -> None:
    """What is done with a database that was just opened."""
    context: AppContext = app.state.context
    now = datetime.fromtimestamp(context.clock(), UTC)
    record_served_rulebook(store.engine, context.rulebook.version, context.rulebook.sha256, now)
    app.state.clinic_presence.update_presence(store, now)
    store.engine.dispose()  # what was open stays open no longer than it is needed


def build_recurring_jobs(
    settings: Settings, context: AppContext, alarm_delay: timedelta
) -> list[Job]:
    """What the server does again and again by itself; each round is done by one server."""
    hour = timedelta(hours=1)
    mail = MailServer(settings.mail_server, settings.mail_from)
    messenger = AlarmSender(context, alarm_delay, settings.public_origin, mail)
    return [
        Job("alarm", EVERY, messenger),
        Job("retention", hour, retention.run_all_retention),
        Job(
            "audit anchors",
            hour,
            lambda store, _: audit.append_anchors(store, settings.var),
        ),
    ]


def build_local_jobs(app: FastAPI) -> list[Job]:
    """What each server does for itself, since it is about what this one knows."""
    minute = timedelta(minutes=1)
    return [
        Job("drop-off", minute, app.state.drop_off.write_counts),
        Job("clinics here", minute, app.state.clinic_presence.update_presence),
    ]


@asynccontextmanager
async def _run_lifespan(app: FastAPI) -> AsyncIterator[None]:
    """What stands at start stays for ever, so the collector need not look at it again."""
    gc.collect()
    gc.freeze()
    background = asyncio.create_task(_run_background_work(app))
    with close_before_shutdown(app.state.streams.close_all):
        yield
    background.cancel()
    await asyncio.gather(background, return_exceptions=True)
    if app.state.store.is_open:
        last = run_job_once(app.state.store, build_local_jobs(app)[0], app.state.context.clock)
        await asyncio.wait([asyncio.create_task(last)], timeout=SHUTDOWN_GRACE)
    app.state.store.close()


async def _run_background_work(app: FastAPI) -> None:
    """All that goes on beside the pages, as soon as there is a database."""
    state = app.state
    while not state.store.is_open:
        await asyncio.sleep(0.2)
    clock = state.context.clock
    local_jobs = (run_local_job(state.store, job, clock) for job in build_local_jobs(app))
    await asyncio.gather(
        run_recurring_jobs(state.store, state.jobs, clock),
        state.streams.watch_versions(),
        *local_jobs,
    )

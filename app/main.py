"""Joins the rooms into one application. The only place that knows all of them."""

import asyncio
import functools
import gc
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from fastapi import FastAPI

from app.assurance.figures import read_figures
from app.documents.receipt import RulebookArchive
from app.rulebook.load import load_rulebook_folder
from app.settings import ROOT, Settings
from app.store import claim_lapse, downtime, retention, worklist_visits
from app.store.clinics import load_policy
from app.store.db import audit
from app.store.db.database import open_deferred_store
from app.store.db.scope import Store
from app.store.db.server_records import Job, record_served_rulebook
from app.triage.rulebook import Rulebook
from app.web import api, fhir
from app.web.assets import bundle_assets
from app.web.clinic import message_sender, provider_rechecks, raised_rule_letters
from app.web.clinic.alarm import EVERY, AlarmSender
from app.web.clinic.worklist_stream import StreamRegistry, close_before_shutdown
from app.web.errors import (
    ERROR_PAGES,
    MACHINE_PATHS,
    UnhandledErrorMiddleware,
    render_last_page,
)
from app.web.journey import load_journey_keys
from app.web.outgoing_messages import MailServer
from app.web.pages import AppContext, Operator, build_template_environment
from app.web.patients.clinic_presence import ClinicPresence, DropOffCounter
from app.web.raised_rules import RaisedRuleCounter
from app.web.readiness import ReadinessProbe
from app.web.routes import ROUTES
from app.web.scheduler import run_job_once, run_local_job, run_recurring_jobs
from app.web.shield import RequestGuardMiddleware, SecurityHeadersMiddleware
from app.web.withdrawal_guard import EVERY as EVERY_LOOK
from app.web.withdrawal_guard import WithdrawalMiddleware, WithdrawalWatch

SHUTDOWN_GRACE = 3.0
"""Seconds that a server that is told to stop gives its database to take the last counts."""


def create_app(
    settings: Settings, clock: Callable[[], float] = time.time, database_timeout: float = 30.0
) -> FastAPI:
    """The application on one rulebook. Its database may come later (app/store/db/database.py).

    `database_timeout`: seconds to wait for it. Raises RulebookFaults, BadFigures, AssetFault,
    BadKeyring, BadDatabase, OSError or ValueError.
    """
    app = FastAPI(
        title="Calcinosis Check",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # they would load scripts from another host
        redoc_url=None,
        lifespan=_run_lifespan,
        redirect_slashes=False,
        exception_handlers=ERROR_PAGES,
        # On by default, it would send paths and errors to any collector in the environment.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    rulebook = load_rulebook_folder(settings.rules)
    presence, raised = ClinicPresence(), RaisedRuleCounter()
    withdrawals, keys = WithdrawalWatch(settings.var), load_journey_keys(settings.var)
    watched = (
        *(presence.update_presence, raised.update_totals, withdrawals.update_state),
        lambda _store, _now: keys.adopt_masters(),  # a new database has just got its keys
    )
    prepare = functools.partial(_prepare_database, rulebook, clock, watched)
    context = AppContext(
        rulebook=rulebook,
        archive=RulebookArchive(rulebook, settings.rules / "published"),
        policy=load_policy(settings.rules),
        figures=read_figures(ROOT / "safety" / "figures.json"),
        environment=build_template_environment(ROOT / "templates"),
        assets=bundle_assets(ROOT / "static"),
        keys=keys,
        clock=clock,
        operator=Operator(
            settings.operator_name, settings.operator_address, settings.operator_telephone
        ),
        # Last, since nobody waits for a database where something else is wrong.
        store=open_deferred_store(
            settings.effective_database_url, settings.master_key_file, prepare, database_timeout
        ),
    )
    app.state.context = context
    app.state.last_page = render_last_page(context)
    app.state.clinic_presence, app.state.drop_off = presence, DropOffCounter()
    app.state.raised_rules, app.state.withdrawals = raised, withdrawals
    app.state.jobs = build_recurring_jobs(settings, context)
    app.state.readiness = ReadinessProbe(context, settings.var)
    app.state.streams = StreamRegistry(context.store)
    app.router.routes += ROUTES
    app.include_router(api.router)
    app.include_router(fhir.router)
    # The last one added is the outermost.
    app.add_middleware(WithdrawalMiddleware, watch=withdrawals, version=rulebook.version)
    app.add_middleware(RequestGuardMiddleware, open_paths=MACHINE_PATHS)
    app.add_middleware(UnhandledErrorMiddleware)
    app.add_middleware(SecurityHeadersMiddleware, origin=settings.trusted_origin)
    return app


def _prepare_database(
    rulebook: Rulebook,
    clock: Callable[[], float],
    watched: Iterable[Callable[[Store, datetime], None]],
    store: Store,
) -> None:
    """What is done with a database that was just opened."""
    now = datetime.fromtimestamp(clock(), UTC)
    record_served_rulebook(store.engine, rulebook.version, rulebook.sha256, now)
    worklist_visits.file_visit_days(store, now)
    for look in watched:
        look(store, now)
    store.engine.dispose()  # what was open stays open no longer than it is needed


def build_recurring_jobs(settings: Settings, context: AppContext) -> list[Job]:
    """What the server does again and again by itself; each round is done by one server."""
    minute, hour = timedelta(minutes=1), timedelta(hours=1)
    lapse = functools.partial(claim_lapse.lapse_all_claims, minutes=context.policy.claim_minutes)
    mail = MailServer(settings.mail_server, settings.mail_from)
    messenger = AlarmSender(context, f"{settings.public_origin}/worklist", mail)
    letters = message_sender.MessageSender(context, settings.public_origin, mail)
    about_rules = raised_rule_letters.RaisedRuleLetters(
        context, f"{settings.public_origin}/reports", mail
    )
    return [
        Job("alarm", EVERY, messenger),
        Job("providers", minute, provider_rechecks.SessionRechecker(context)),
        Job("messages", message_sender.EVERY, letters),
        Job("raised rule letters", raised_rule_letters.EVERY, about_rules),
        Job("claims", minute, lapse),
        Job("retention", hour, retention.run_all_retention),
        Job("audit anchors", hour, lambda store, _: audit.append_anchors(store, settings.var)),
    ]


def build_local_jobs(app: FastAPI) -> list[Job]:
    """What each server does for itself, since it is about what this one knows."""
    minute = timedelta(minutes=1)
    return [
        Job("drop-off", minute, app.state.drop_off.write_counts),
        Job("clinics here", minute, app.state.clinic_presence.update_presence),
        Job("withdrawals", EVERY_LOOK, app.state.withdrawals.update_state),
        Job("raised rules", timedelta(hours=1), app.state.raised_rules.update_totals),
        Job("downtime lists", downtime.EVERY, downtime.write_all_lists),
    ]


@asynccontextmanager
async def _run_lifespan(app: FastAPI) -> AsyncIterator[None]:
    """What stands at start stays for ever, so the collector need not look at it again."""
    gc.collect()
    gc.freeze()
    context: AppContext = app.state.context
    background = asyncio.create_task(_run_background_work(app, context))
    with close_before_shutdown(app.state.streams.close_all):
        yield
    background.cancel()
    await asyncio.gather(background, return_exceptions=True)
    if context.store.is_open:
        last = run_job_once(context, build_local_jobs(app)[0])
        await asyncio.wait([asyncio.create_task(last)], timeout=SHUTDOWN_GRACE)
    context.store.close()


async def _run_background_work(app: FastAPI, context: AppContext) -> None:
    """All that goes on beside the pages, as soon as there is a database."""
    while not context.store.is_open:
        await asyncio.sleep(0.2)
    await asyncio.gather(
        run_recurring_jobs(context, app.state.jobs),
        app.state.streams.watch_versions(),
        *(run_local_job(context, job) for job in build_local_jobs(app)),
    )

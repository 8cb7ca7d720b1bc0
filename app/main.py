"""Joins the floors into one application. The only place that knows all of them."""

from __future__ import annotations

import gc
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.routing import Route

from app.assurance.figures import read_figures
from app.documents.receipt import Shelf
from app.settings import ROOT, Settings
from app.store.opening import open_store
from app.triage.rulebook import load
from app.triage.targets import load_targets
from app.web import (
    account,
    api,
    assets,
    changed,
    invitations,
    invited,
    learn,
    patient,
    result,
    safety,
    signin,
    staff,
    status,
    submission,
    trust,
    verify,
    worklist,
)
from app.web.errors import LastResort, add_error_pages, last_page
from app.web.journey import load_key
from app.web.pages import Floor, environment
from app.web.shield import Gate, Headings


def create_app(settings: Settings, clock: Callable[[], float] = time.time) -> FastAPI:
    """The application on one rulebook.

    Raises RulebookFaults, BadFigures, AssetFault, BadKeyring, OSError, ValueError, or SQLAlchemy's
    OperationalError.
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
    app.state.store = open_store(settings.database, settings.master_key)
    app.router.routes += [*learn.routes(), *trust.routes(), *safety.routes()]
    app.router.routes += [*patient.routes(), *result.routes(), *changed.routes()]
    app.router.routes += [*verify.routes(), *status.routes()]
    app.router.routes += [*signin.routes(), *account.routes(), *staff.routes()]
    app.router.routes += [*invited.routes(), *invitations.routes()]
    app.router.routes += [*worklist.routes(), *submission.routes()]
    app.include_router(api.router)
    app.router.routes.append(Route("/static/{path:path}", assets.serve, methods=["GET"]))
    add_error_pages(app)
    # The last one added is the outermost.
    app.add_middleware(Gate, open_paths=["/api/"])
    app.add_middleware(LastResort)
    app.add_middleware(Headings, origin=settings.trusted_origin)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """What stands at start stays for ever, so the collector need not look at it again."""
    gc.collect()
    gc.freeze()
    yield
    app.state.store.engine.dispose()

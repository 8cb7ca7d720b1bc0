"""The pages of clinics, as the made-up people of `make demo` see them."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

from playwright.sync_api import Browser, Page

from app.commands import demo_data
from app.settings import Settings
from app.store import clinics, invitations
from app.store.db.database import open_store
from app.store.db.patient_tables import Invitation
from app.store.db.scope import Store
from scripts.screenshots.camera import Cookies, Shot
from tests.running import Running

ROLES = {
    "nurse": (
        *("/worklist", "/worklist/mine", "/worklist/done", "/invitations", "/assisted"),
        *("/shared", "/account"),
    ),
    "lead": ("/agreement", "/people", "/people/requests"),
    "admin": ("/staff", "/staff/invite"),
    "auditor": ("/audit",),
}
LEVELS = ("emergency", "same_day", "soon", "routine")
OF_ONE = ("findings", "marks", "identify", "lower", "ask-close", "print", "copy")
PAPER = ("print", "copy", "slips")


def shots(browser: Browser, server: Running) -> Iterator[Shot]:
    """All pages that stand only where there are clinics."""
    store, base = _filled(server), server.base
    for path in ("/", "/i", "/sign-in", "/signed-out"):
        yield Shot(f"clinic {path.strip('/') or 'start'}", base + path)
    yield Shot("clinic sign-in, error", f"{base}/sign-in", press="main form button")
    yield from _links(store, base)
    for role, paths in ROLES.items():
        page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        _sign_in(page, base, store, role)
        cookies = page.context.cookies()
        for path in paths:
            yield Shot(f"{role} {path.strip('/')}", base + path, cookies)
        if role == "nurse":
            yield from _of_nurse(page, base)
        page.context.close()


def _filled(server: Running) -> Store:
    """The server's database with the demo in it."""
    own = {
        "CALCINOSIS_VAR": str(server.folder / "var"),
        "CALCINOSIS_DATABASE_URL": server.database,
    }
    command = [sys.executable, "-m", "app", "demo", "fill"]
    subprocess.run(command, env=os.environ | own, check=True, stdout=subprocess.DEVNULL)
    settings = Settings(var=server.folder / "var", database_url=server.database)
    return open_store(settings.effective_database_url, settings.master_key_file)


def _links(store: Store, base: str) -> Iterator[Shot]:
    """What patients see behind their links: one to begin, one sent, one that was looked at."""
    clinic = next(row.clinic_id for row in clinics.list_clinics(store))
    with store.reading_scope(clinic) as scope:
        rows = scope.find_all(Invitation)
    for name, finished in (("invited", False), ("handed over", True)):
        row = next(r for r in rows if (r.finished_at is not None) == finished and not r.revoked_at)
        yield Shot(name, f"{base}/i/{invitations.derive_link_token(store.keyring, clinic, row.id)}")


def _sign_in(page: Page, base: str, store: Store, role: str) -> None:
    who = next(row for row in demo_data.list_sign_ins(store) if row.role == role)
    page.goto(f"{base}/sign-in")
    page.fill("#email", who.email)
    page.fill("#password", demo_data.derive_demo_password(store.keyring))
    page.click("main form button")
    page.fill("#code", demo_data.make_sign_in_code(store, who.email, datetime.now(UTC)))
    page.click("main form button")
    page.wait_for_url(lambda url: "sign-in" not in url)


def _of_nurse(page: Page, base: str) -> Iterator[Shot]:
    """One submission of each level, and all that can be done with one."""
    cookies = page.context.cookies()
    page.goto(f"{base}/worklist/unassigned")
    rows = {level: page.locator(f"tr[data-level={level}] th a").first for level in LEVELS}
    links = {level: row.get_attribute("href") for level, row in rows.items() if row.count()}
    for level, link in links.items():
        yield Shot(f"submission, {level}", f"{base}{link}", cookies)
    mine = f"{base}{next(iter(links.values()))}"
    page.goto(mine)
    page.click("form[action$='/claim'] button")
    for part in OF_ONE:
        yield Shot(f"submission {part}", f"{mine}/{part}", cookies, paper=part in PAPER)
    yield from _batch(page, base, cookies)


def _batch(page: Page, base: str, cookies: Cookies) -> Iterator[Shot]:
    page.goto(f"{base}/invitations/list")
    page.fill("#lines", "R-7001, Jo, 2027-06-30\nR-7002, Al, 2027-06-30")
    page.click("form:has(#lines) button")
    page.click("#rows > button")
    page.wait_for_url(re.compile("/batch/"))
    yield Shot("invitations, many", page.url, cookies)
    yield Shot("invitations, slips", f"{page.url}/slips", cookies, paper=True)

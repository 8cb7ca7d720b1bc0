"""Made-up clinics to try things out on: who works there, and how they sign in.

Who they are stands in people.yaml; player.py plays what happens there.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pyotp

from app.assurance.cases import read_plain
from app.commands.demo_data.player import DemoPlayer
from app.commands.demo_data.reviewing import DemoClinic
from app.store import clinic_settings, clinics
from app.store.accounts import factors, staff
from app.store.clinics import Targets
from app.store.db import audit, record_keys
from app.store.db.encryption import KeyEncryptionKeys
from app.store.db.scope import Store, WritingScope
from app.store.db.tables import Staff
from app.store.public_holidays import propose_holidays
from app.triage.rulebook import Rulebook
from app.triage.terms import Answers

FILLED_ACTION = "demo_filled"
"""What the audit of each made-up clinic tells once everything is there."""
OPENED_AGO = timedelta(days=30)  # this long ago
WORDS: Mapping[str, Any] = read_plain(Path(__file__).with_name("people.yaml"))


class DemoSignIn(NamedTuple):
    """How one of the made-up staff signs in."""

    clinic: str
    name: str
    role: str
    email: str
    secret: str

    @property
    def provisioning_uri(self) -> str:
        """What an authenticator app reads."""
        return factors.build_totp_uri(self.secret, self.email, f"Calcinosis Check, {self.clinic}")


class NoCodeYet(Exception):
    """Every code that would be taken now was used; `wait` says how many seconds to wait."""

    def __init__(self, wait: int) -> None:
        super().__init__(f"again in {wait} seconds")
        self.wait = wait


def fill_demo_clinics(
    store: Store,
    rulebook: Rulebook,
    targets: Targets,
    people: Sequence[Answers],
    now: datetime,
    show_progress: Callable[[int], None] = lambda _done: None,
) -> None:
    """Add the made-up clinics, and share these people between them.

    `show_progress` learns how many have sent.
    """
    plans = WORDS["clinics"]
    parts, first, clinic_shares = sum(plan["share"] for plan in plans), 0, []
    for plan in plans:
        last = first + len(people) * plan["share"] // parts if plan is not plans[-1] else None
        clinic_shares.append((_open_demo_clinic(store, plan, now), people[first:last]))
        first = last or 0
    DemoPlayer(store, rulebook, targets, WORDS, now, show_progress).play(clinic_shares)
    for demo_clinic, _ in clinic_shares:
        with store.writing_scope(demo_clinic.id, now, "command") as scope:
            audit.record_event(scope, FILLED_ACTION, ("clinic", demo_clinic.id))


def is_demo_filled(store: Store) -> bool:
    """Whether everything is there: it was not stopped halfway."""
    made = [clinic.clinic_id for clinic in clinics.list_clinics(store) if clinic.for_show]
    filled = [clinic for clinic in made if _has_filled_entry(store, clinic)]
    return len(made) == len(filled) == len(WORDS["clinics"])


def list_sign_ins(store: Store) -> list[DemoSignIn]:
    """How all made-up staff sign in; those who have not joined cannot."""
    return [
        DemoSignIn(clinic.name, member.name, member.role, email, secret)
        for clinic in clinics.list_clinics(store)
        if clinic.for_show
        for member, email, secret in _list_totp_secrets(store, clinic.clinic_id)
    ]


def make_sign_in_code(store: Store, email: str, now: datetime) -> str:
    """A code that this one can sign in with now. Raises LookupError or NoCodeYet."""
    for clinic in clinics.list_clinics(store):
        for member, theirs, secret in (
            _list_totp_secrets(store, clinic.clinic_id) if clinic.for_show else ()
        ):
            if staff.normalize_email(theirs) == staff.normalize_email(email):
                this = int(now.timestamp()) // factors.TOTP_PERIOD_SECONDS
                step = max(this, member.totp_step + 1)
                if step > this + 1:  # no code is taken that early
                    raise NoCodeYet((step - 1) * factors.TOTP_PERIOD_SECONDS - int(now.timestamp()))
                return pyotp.TOTP(secret).generate_otp(step)
    raise LookupError(email)


def derive_demo_password(keyring: KeyEncryptionKeys) -> str:
    """What all made-up staff sign in with: another word in each database."""
    letters = keyring.keyed_hash("password of made-up staff")
    return "-".join(letters[at : at + 4] for at in range(0, 16, 4))


def _open_demo_clinic(store: Store, plan: Mapping[str, Any], now: datetime) -> DemoClinic:
    """Add the clinic and let its staff join, one of whom has left and one has yet to come."""
    then = now - OPENED_AGO
    place = {key: plan[key] for key in ("name", "region", "time_zone")}
    clinic = clinics.add_clinic(store, then, **place, for_show=True)
    ids: dict[str, list[str]] = {}
    for name, role in (*plan["people"].items(), ("Lena Frost", "nurse")):
        email = f"{name.lower().replace(' ', '.')}@{plan['domain']}"
        member = _join_demo_member(store, clinic, then, email=email, name=name, role=role)
        ids.setdefault(role, []).append(member)
    admin = ids["admin"][0]
    with store.writing_scope(clinic, then, admin) as scope:
        _choose_settings(scope, plan)
    with store.writing_scope(clinic, now, admin) as scope:
        staff.disable_staff(scope.act_as(admin, now - OPENED_AGO / 2), ids["nurse"].pop())
        email = f"milo.berg@{plan['domain']}"
        staff.invite_staff(scope, email=email, name="Milo Berg", role="nurse")
    return DemoClinic(clinic, plan["region"], ids["nurse"], ids["lead"])


def _choose_settings(scope: WritingScope, plan: Mapping[str, Any]) -> None:
    """What an admin chose on the first day: contact, hours, and this year's public holidays."""
    contact = {name: text.replace("; ", "\n") for name, text in plan["contact"].items()}
    clinic_settings.save_contact(scope, {"name": plan["name"], **contact})
    weekdays = dict.fromkeys(clinic_settings.WEEKDAYS[:5], plan["hours"])
    clinic_settings.save_hours(scope, dict.fromkeys(clinic_settings.WEEKDAYS, "") | weekdays)
    clinic_settings.save_holiday_area(scope, plan["holiday_area"])
    proposal = propose_holidays(plan["holiday_area"], scope.now.year)
    clinic_settings.confirm_holidays(scope, proposal, list(proposal.days))


def _join_demo_member(store: Store, clinic: str, then: datetime, **who: str) -> str:
    with store.writing_scope(clinic, then, "command") as scope:
        token = staff.invite_staff(scope, **who)
    joining = staff.open_staff_invite(store, token, then)
    code = pyotp.TOTP(joining.secret).at(then)
    staff.join_staff(store, token, derive_demo_password(store.keyring), code, then)
    return joining.staff


def _has_filled_entry(store: Store, clinic: str) -> bool:
    with store.reading_scope(clinic) as scope:
        entries = audit.list_audit_entries(scope, actor="command", limit=1000)
        return any(entry.action == FILLED_ACTION for entry in entries)


def _list_totp_secrets(store: Store, clinic: str) -> Iterator[tuple[Staff, str, str]]:
    with store.reading_scope(clinic) as scope:
        for member in staff.list_staff(scope):
            if member.totp_sealed is not None and member.disabled_at is None:
                key = record_keys.load_data_key(scope, member.id)
                secret = key.open_field("staff", member.id, "totp", member.totp_sealed)
                yield member, staff.read_staff_email(scope, member), secret

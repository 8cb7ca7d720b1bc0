"""Made-up clinics to try things out on: who works there, and how they sign in.

What happens there is in people.py and reviews.py. Names and addresses lead to nobody.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import pyotp

from app.commands.made_up.days import Town
from app.commands.made_up.people import live
from app.store import clinics
from app.store.accounts import factors, staff
from app.store.ground import keys
from app.store.ground.scope import Store
from app.store.ground.sealing import Keyring
from app.store.keeping import audit
from app.store.tables import Staff
from app.triage.rulebook import Rulebook
from app.triage.targets import Targets
from app.triage.terms import Answers

FILLED = "demo_filled"
"""What the audit of each made-up clinic tells once everything is there."""
OPENED = timedelta(days=30)  # this long ago


@dataclass(frozen=True, slots=True)
class Place:
    """A made-up clinic, and who works there."""

    name: str
    domain: str
    region: str
    time_zone: str
    people: tuple[tuple[str, str], ...]  # (name, role)
    sends: int  # how many parts of all submissions go there


PLACES = (
    Place(
        "Hill Street Clinic",
        "hill.example",
        "uk",
        "Europe/London",
        (
            ("Amina Khan", "nurse"),
            ("Ben Okafor", "nurse"),
            ("Carla Rossi", "lead"),
            ("Dev Patel", "admin"),
            ("Ella Novak", "auditor"),
        ),
        sends=13,
    ),
    Place(
        "Harbor Skin Clinic",
        "harbor.example",
        "us",
        "America/New_York",
        (
            ("Finn Meyer", "nurse"),
            ("Grace Lee", "nurse"),
            ("Hugo Silva", "lead"),
            ("Iris Cohen", "admin"),
            ("Jack Brown", "auditor"),
        ),
        sends=7,
    ),
)


class SignIn(NamedTuple):
    """How one of the made-up staff signs in."""

    clinic: str
    name: str
    role: str
    email: str
    secret: str

    @property
    def address(self) -> str:
        """What an authenticator app reads."""
        return factors.address(self.secret, self.email, f"Calcinosis Check, {self.clinic}")


class NoneYet(Exception):
    """Every code that would be taken now was used; `wait` says how many seconds to wait."""

    def __init__(self, wait: int) -> None:
        super().__init__(f"again in {wait} seconds")
        self.wait = wait


def fill(
    store: Store,
    rulebook: Rulebook,
    targets: Targets,
    people: Sequence[Answers],
    now: datetime,
    tell: Callable[[int], None] = lambda _done: None,
) -> None:
    """Add the made-up clinics, and share these people between them; `tell` learns who has sent."""
    parts, first = sum(place.sends for place in PLACES), 0
    towns = []
    for place in PLACES:
        last = len(people) if place is PLACES[-1] else first + len(people) * place.sends // parts
        town = _open(store, place, now)
        towns.append((town, people[first:last]))
        first = last
    live(rulebook, targets, towns, now, tell)
    for town, _ in towns:
        with store.writing(town.id) as scope:
            audit.add(scope, now, "command", FILLED, ("clinic", town.id))


def is_filled(store: Store) -> bool:
    """Whether everything is there: it was not stopped halfway."""
    made = [clinic.clinic_id for clinic in clinics.everyone(store) if clinic.for_show]
    return len(made) == len(PLACES) and all(_tells(store, clinic) for clinic in made)


def sign_ins(store: Store) -> list[SignIn]:
    """How all made-up staff sign in; those who have not joined cannot."""
    return [
        SignIn(clinic.name, member.name, member.role, email, secret)
        for clinic in clinics.everyone(store)
        if clinic.for_show
        for member, email, secret in _secrets(store, clinic.clinic_id)
    ]


def code(store: Store, email: str, now: datetime) -> str:
    """A code that this one can sign in with now. Raises LookupError or NoneYet."""
    for clinic in clinics.everyone(store):
        for member, theirs, secret in _secrets(store, clinic.clinic_id) if clinic.for_show else ():
            if staff.sign_in_name(theirs) == staff.sign_in_name(email):
                this = int(now.timestamp()) // factors.STEP
                step = max(this, member.totp_step + 1)
                if step > this + 1:  # no code is taken that early
                    raise NoneYet((step - 1) * factors.STEP - int(now.timestamp()))
                return pyotp.TOTP(secret).generate_otp(step)
    raise LookupError(email)


def password(keyring: Keyring) -> str:
    """What all made-up staff sign in with: another word in each database."""
    letters = keyring.fingerprint("password of made-up staff")
    return "-".join(letters[at : at + 4] for at in range(0, 16, 4))


def _open(store: Store, place: Place, now: datetime) -> Town:
    """Add the clinic and let its staff join, one of whom has left and one has yet to come."""
    then = now - OPENED
    clinic = clinics.add(
        store,
        then,
        name=place.name,
        region=place.region,
        time_zone=place.time_zone,
        for_show=True,
    )
    ids: dict[str, list[str]] = {}
    for name, role in (*place.people, ("Lena Frost", "nurse")):
        ids.setdefault(role, []).append(_join(store, clinic, place.domain, (name, role), then))
    with store.writing(clinic) as scope:
        staff.disable(scope, now - OPENED / 2, ids["admin"][0], ids["nurse"].pop())
        email = f"milo.berg@{place.domain}"
        staff.invite(scope, now, ids["admin"][0], email=email, name="Milo Berg", role="nurse")
    return Town(store, clinic, place.region, ids["nurse"], ids["lead"])


def _join(store: Store, clinic: str, domain: str, who: tuple[str, str], then: datetime) -> str:
    name, role = who
    email = f"{name.lower().replace(' ', '.')}@{domain}"
    with store.writing(clinic) as scope:
        token = staff.invite(scope, then, "command", email=email, name=name, role=role)
    joining = staff.opened(store, token, then)
    code = pyotp.TOTP(joining.secret).at(then)
    staff.join(store, token, password(store.keyring), code, then)
    return joining.staff


def _tells(store: Store, clinic: str) -> bool:
    with store.reading(clinic) as scope:
        return any(e.action == FILLED for e in audit.entries(scope, actor="command", limit=1000))


def _secrets(store: Store, clinic: str) -> Iterator[tuple[Staff, str, str]]:
    with store.reading(clinic) as scope:
        for member in staff.everyone(scope):
            if member.totp_sealed is not None and member.disabled_at is None:
                key = keys.of(scope, member.id)
                secret = key.open("staff", member.id, "totp", member.totp_sealed)
                yield member, staff.email_of(scope, member), secret

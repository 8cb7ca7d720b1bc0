"""A nurse for the tests: what is on her phone, on her paper, and in her head."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pyotp
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.store.accounts import sessions, staff
from app.store.db import audit
from app.store.db.scope import Scope, Store
from app.store.db.tables import ChangeCounter

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NEXT = timedelta(seconds=30)  # when the next code is shown
QUICK = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
EMAIL, PASSWORD = "Kim@Hill.example", "purple kettle walks"


class Kim:
    """A nurse who has joined clinic c1, with what is on her phone and on her paper."""

    def __init__(self, store: Store) -> None:
        self.store = store
        link = invited(store)
        joining = staff.open_staff_invite(store, link, NOON)
        self.id, self.secret = joining.staff, joining.secret
        self.paper = staff.join_staff(store, link, PASSWORD, self.code(NOON), NOON)

    def code(self, now: datetime) -> str:
        return pyotp.TOTP(self.secret).at(now)

    def half(
        self,
        now: datetime,
        password: str = PASSWORD,
        email: str = EMAIL,
        address: str = "10.0.0.1",
        marks: Sequence[str] = (),
    ) -> str:
        return sessions.start_sign_in(
            self.store,
            email,
            password,
            now,
            address=address,
            browser="Firefox",
            device_tokens=marks,
        )

    def marks(self, before: Sequence[str] = ()) -> list[str]:
        """What signing in leaves in her browser."""
        with self.store.reading_scope("c1") as scope:
            return sessions.add_device_token(scope, staff.find_staff(scope, self.id), before)

    def prove(self, token: str, code: str, now: datetime) -> str:
        return sessions.prove_second_factor(self.store, token, code, now, address="10.0.0.1")

    def sign_in(self, now: datetime) -> str:
        return self.prove(self.half(now), self.code(now), now)


def invited(store: Store, email: str = EMAIL, clinic: str = "c1") -> str:
    with store.writing_scope(clinic, NOON, "command") as scope:
        return staff.invite_staff(scope, email=email, name="Kim", role="nurse")


def actions(store: Store, clinic: str = "c1") -> list[str]:
    assert audit.verify_chain(store, clinic) is None
    with store.reading_scope(clinic) as scope:
        return [entry.action for entry in reversed(audit.list_audit_entries(scope))]


def times_rung(scope: Scope) -> int:
    """How often the clinic's bell has rung."""
    bell = scope.find_one(ChangeCounter)
    return bell.rung if bell else 0

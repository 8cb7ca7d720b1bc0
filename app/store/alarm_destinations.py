"""Where a clinic wants its alarms to go besides its open pages: a webhook and a mailbox, sealed."""

import re
from dataclasses import dataclass

from app.store.clinics import load_clinic
from app.store.db import record_keys
from app.store.db.patient_tables import DESTINATION_KINDS
from app.store.db.scope import Scope, Store


@dataclass(frozen=True, slots=True)
class AlarmDestinations:
    """Where a clinic wants alarms to go besides its open pages; empty where it chose nothing."""

    webhook: str = ""
    email: str = ""


def read_destinations(store: Store, clinic: str) -> AlarmDestinations:
    """Where this clinic wants alarms to go."""
    with store.reading_scope(clinic) as scope:
        return open_destinations(scope)


def read_webhook_secret(store: Store, clinic: str) -> bytes:
    """What messages to the chosen webhook are signed with: 32 bytes, others for each address."""
    with store.reading_scope(clinic) as scope:
        return derive_webhook_secret(scope, open_destinations(scope).webhook)


def is_mailbox(typed: str) -> bool:
    """Whether it looks like the address of one mailbox."""
    return re.fullmatch(r"[^\s@<>,]+@[^\s@<>,]+", typed) is not None


def list_chosen_kinds(scope: Scope) -> list[str]:
    """The kinds of places that are chosen. It opens nothing, so no lost key hides an alarm."""
    clinic = load_clinic(scope)
    return [kind for kind in DESTINATION_KINDS if getattr(clinic, f"alarm_{kind}_sealed")]


def open_destinations(scope: Scope) -> AlarmDestinations:
    """Where this clinic wants alarms to go, within a transaction."""
    chosen = list_chosen_kinds(scope)
    if not chosen:
        return AlarmDestinations()
    clinic, key = load_clinic(scope), record_keys.load_data_key(scope, scope.clinic)
    opened = {}
    for kind in chosen:
        column = f"alarm_{kind}_sealed"
        opened[kind] = key.open_field("clinic", scope.clinic, column, getattr(clinic, column))
    return AlarmDestinations(**opened)


def derive_webhook_secret(scope: Scope, address: str) -> bytes:
    """What messages to this address are signed with: 32 bytes."""
    return record_keys.load_data_key(scope, scope.clinic).derive_secret(f"webhook {address}")

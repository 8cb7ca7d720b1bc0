"""The letter to a clinic's mailbox when nurses raised one rule again and again."""

from __future__ import annotations

from email.message import Message
from pathlib import Path

import pytest

from app.store import alarms, raised_rules
from app.store.alarm_destinations import AlarmDestinations
from app.store.db.patient_tables import RaisedRule
from app.web.clinic.raised_rule_letters import RaisedRuleLetters
from app.web.outgoing_messages import MailServer
from tests.far_ends import BROKEN, OK, id_of, mail_at, mailbox
from tests.web.desk import House, Member

BOX = "lead@hill.example"


def clinic_of(request: pytest.FixtureRequest) -> str:
    return f"L {request.node.name[5:45]}"


@pytest.fixture
def lead(house: House, request: pytest.FixtureRequest) -> Member:
    """The lead of a clinic with a mailbox, where one rule was raised for the third person."""
    lead = house.member("lead", clinic=clinic_of(request))
    with house.store.writing_scope(lead.clinic, house.now, "command") as scope:
        alarms.save_destinations(scope, AlarmDestinations(email=BOX))
        scope.add_row(RaisedRule, rule="U3", at=house.now, number=3)
    return lead


def letters_of(house: House, server: str) -> RaisedRuleLetters:
    mail = MailServer(server, "us@hill.example")
    return RaisedRuleLetters(house.app.state.context, "https://check.example/reports", mail)


def test_a_rule_raised_three_times_is_written_to_the_mailbox_once(
    house: House, lead: Member, pem: Path, request: pytest.FixtureRequest
) -> None:
    with mailbox(pem, does=[BROKEN, OK]) as box:
        write = letters_of(house, mail_at(box))
        for _ in range(3):
            write(house.store, house.now)
    # The server of the others is the same one, and each clinic is written to by itself.
    first, again = [letter for letter in box.came if lead.clinic in id_of(letter)]
    assert isinstance(again, Message)
    assert id_of(first) == id_of(again)
    assert again["To"] == BOX
    assert "https://check.example/reports" in str(again.get_payload(decode=True))
    assert "U3" not in str(again.get_payload(decode=True)), "which rule it is stays on the pages"
    assert house.actions(clinic_of(request))[-1] == "raised_rule_mailed"


def test_what_a_lead_has_seen_is_not_written(house: House, lead: Member, pem: Path) -> None:
    with house.store.writing_scope(lead.clinic, house.now, lead.id) as scope:
        raised_rules.mark_seen(scope, ["U3"])
    with mailbox(pem) as box:
        letters_of(house, mail_at(box))(house.store, house.now)
    assert not [letter for letter in box.came if lead.clinic in id_of(letter)]


def test_a_mailbox_that_is_not_reached_loses_no_letter(house: House, lead: Member) -> None:
    letters_of(house, "smtps://localhost:1")(house.store, house.now)
    with house.store.reading_scope(lead.clinic) as scope:
        assert [row.rule for row in raised_rules.list_unmailed_rules(scope)] == ["U3"]


def test_without_a_mailbox_nothing_is_sent_and_nothing_forgotten(house: House, pem: Path) -> None:
    lead = house.member("lead", clinic="L without")
    with house.store.writing_scope(lead.clinic, house.now, "job") as scope:
        scope.add_row(RaisedRule, rule="U3", at=house.now, number=3)
    with mailbox(pem) as box:
        letters_of(house, mail_at(box))(house.store, house.now)
    assert not [letter for letter in box.came if lead.clinic in id_of(letter)]
    with house.store.reading_scope(lead.clinic) as scope:
        assert len(raised_rules.list_unmailed_rules(scope)) == 1

"""Submissions for tests of their pages: sent or handed in at once, a step on one, what it shows."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from app.store import invitations, submission_reads, submissions
from app.store.db.scope import PATIENT
from app.store.invitations import Invitee
from app.store.submission_versions import SubmittedAnswers
from app.triage.rules import assess_answers
from app.triage.terms import Answers
from tests.builders import answers, rulebook
from tests.visitor import Page
from tests.web.desk import TODAY, House, Member, Patient

DOUBTS = answers(skin="net", pain="not_sure", kidney="not_sure", medicines="warfarin_lately")


def sent(house: House, nurse: Member, given=TODAY, **more: object) -> tuple[str, Patient]:
    """The address of a new submission, and its patient."""
    patient = Patient(house, nurse, **more)
    patient.send_all(given)
    with house.store.reading_scope(nurse.clinic) as scope:
        found = submission_reads.find_invitation_receipt(scope, patient.invitation, house.now)
    return f"/submissions/{found.submission}", patient


def hidden(page: Page, action: str) -> dict[str, str]:
    """What a form carries unseen: of the form with this action, the last entry and the key."""
    form = page.html[page.html.index(f'action="{action}"') :]
    return {name: re.search(f'name="{name}" value="([^"]*)"', form)[1] for name in ("after", "key")}


def act(nurse: Member, address: str, step: str, status: int = 200, **fields: Any) -> Page:
    """Open the submission and take one step."""
    own_page = step in ("lower", "identify")
    opened = nurse.get(f"{address}/{step}" if own_page else address)
    return nurse.post(f"{address}/{step}", hidden(opened, f"{address}/{step}") | fields, status)


def lowering(nurse: Member, address: str) -> dict[str, Any]:
    """All that a lowering needs: every sign is set aside, with a reason and words."""
    page = nurse.get(f"{address}/lower")
    rules = [box["value"] for box in page.all("input", name="rule")]
    said = {"reason": "examined", "words": "Seen at the desk."}
    return {"rule": rules, "level": "routine", **said}


def handed(
    house: House, nurse: Member, given: Answers = TODAY, days_ago: int = 0, **more: Any
) -> str:
    """The address of a new submission, handed in without walking through the pages."""
    house.hired += 1
    at = house.now - timedelta(days=days_ago)
    guest = Invitee(**{"reference": f"H{house.hired}", "name": "Jo"} | more)
    key = f"handed{house.hired}"
    (invitation,) = invitations.invite_patients(
        house.store, nurse.clinic, house.now, nurse.id, [guest], key
    )
    sent_in = of(given)
    targets = house.app.state.context.policy.targets
    with house.store.writing_scope(nurse.clinic, at, PATIENT) as scope:
        arrived = submissions.accept_answers(scope, invitation, sent_in, targets)
    return f"/submissions/{arrived.submission}"


def of(given: Answers, labs: dict[str, dict[str, str]] | None = None) -> SubmittedAnswers:
    """Answers as they are handed over."""
    book = rulebook()
    kept = book.questionnaire.trace_path(given).answers
    unsure = sum(book.questionnaire[q].unsure in chosen for q, chosen in kept.items())
    found = assess_answers(book, kept)
    return SubmittedAnswers(kept, "me", "uk", found, unsure, book.version, book.sha256, labs or {})


def checked(house: House, nurse: Member, given: Answers = TODAY, **more: object) -> str:
    """The address of a submission of which it is known who it is."""
    address = handed(house, nurse, given, **more)
    page = nurse.get(f"{address}/identify")
    fields = hidden(page, f"{address}/identify")
    identification = {"outcome": "same_person", "which": ["full_name", "number"]}
    nurse.post(f"{address}/identify", fields | identification)
    return address


def kinds(house: House, nurse: Member, address: str) -> list[str]:
    """What was done with a submission."""
    with house.store.reading_scope(nurse.clinic) as scope:
        return [
            entry.kind for entry in submission_reads.list_actions(scope, address.rpartition("/")[2])
        ]


def part(page: Page, start: str, end: str = "</details>") -> str:
    """The words of one fold, by the id of its heading."""
    html = page.html[page.html.index(f'id="{start}"') :]
    return " ".join(re.sub(r"<[^>]+>", " ", html[: html.index(end)]).split())


def glance(page: Page) -> str:
    """The words of what stands at a glance."""
    return part(page, "main", 'class="actions"')

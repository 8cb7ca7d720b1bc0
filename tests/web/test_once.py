"""Twenty equal posts of one form at once: one effect, twenty equal replies, on each database."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
from sqlmodel import SQLModel

from app.main import create_app
from app.settings import Settings
from app.store import invitations, submissions
from app.store.accounts import passwords
from app.store.db.scope import PATIENT
from app.store.invitations import Invitee
from tests.conftest import Clock
from tests.postgresql import new_database
from tests.running import in_own_loop
from tests.store.kim import QUICK
from tests.store.patients import handed
from tests.visitor import OWN, Visitor
from tests.web.desk import SECURE, TODAY, House, Member, Patient
from tests.web.scene import NONCE, CapturedResponse, ask

AT_ONCE = 20
Fields = Mapping[str, str | tuple[str, ...]]


@dataclass
class Crowd:
    """A house on one kind of database, and two who work there."""

    house: House
    nurse: Member
    lead: Member
    admin: Member
    sent: int = 0

    def submission(self) -> str:
        """A new one that nobody has touched."""
        house, clinic, self.sent = self.house, self.nurse.clinic, self.sent + 1
        guest = Invitee(f"S-{self.sent}", "Jo")
        (invitation,) = invitations.invite_patients(
            house.store, clinic, house.now, self.nurse.id, [guest], guest.reference
        )
        targets = house.app.state.context.policy.targets
        with house.store.writing_scope(clinic, house.now, PATIENT) as scope:
            arrived = submissions.accept_answers(scope, invitation, handed("same_day"), targets)
        return arrived.submission

    def rows(self) -> dict[str, int]:
        """How many rows each table holds."""
        with self.house.store.engine.connect() as connection:
            tables = SQLModel.metadata.sorted_tables
            return {t.name: len(connection.execute(t.select()).all()) for t in tables}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def crowd(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Crowd]:
    postgresql = request.param == "postgresql"
    address = new_database(request.getfixturevalue("cluster")) if postgresql else ""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", QUICK)
        passwords._decoy_hash.cache_clear()
        settings = Settings(var=tmp_path_factory.mktemp("crowd"), database_url=address)
        clock = Clock()
        house = House(create_app(settings, clock=clock), clock)
        yield Crowd(house, house.member("nurse"), house.member("lead"), house.member("admin"))
        house.store.engine.dispose()
    passwords._decoy_hash.cache_clear()


@dataclass
class Post:
    """One form as a browser holds it, and what sending it adds, by table."""

    who: Visitor
    address: str
    fields: Fields
    adds: Mapping[str, int]


def invite_one(crowd: Crowd) -> Post:
    fields = {"key": "one", "reference": "N-1", "name": "Bo", "day": "2027-06-30", "kind": ""}
    return Post(crowd.nurse, "/invitations", fields, {"invitation": 1, "person": 1})


def invite_many(crowd: Crowd) -> Post:
    fields = {
        "key": "many",
        "line": ["1", "2", "3"],
        "reference": ["N-2", "N-3", "N-4"],
        "name": ["Cy", "Di", "Ed"],
        "day": ["", "", ""],
        "kind": ["", "", ""],
        "invite": ["0", "1", "2"],
    }
    return Post(crowd.nurse, "/invitations/batch", fields, {"invitation": 3, "person": 3})


def send(crowd: Crowd) -> Post:
    patient = Patient(crowd.house, crowd.nurse)
    patient.answer_all(TODAY)
    adds = {"submission": 1, "assessment_version": 1, "worklist_row": 1}
    return Post(patient, "/send", {}, adds)


def send_beside(crowd: Crowd) -> Post:
    patient = Patient(crowd.house, crowd.nurse)
    patient.send_all(TODAY)
    other = patient.in_another_browser()
    other.answer_all(TODAY)
    adds = {"submission": 1, "assessment_version": 1, "worklist_row": 1}
    return Post(other, "/send", {}, adds)


def share(crowd: Crowd) -> Post:
    anyone = Visitor(crowd.house.app, SECURE)
    anyone.walk(TODAY)
    anyone.get("/result")
    return Post(anyone, "/share", {"key": "k" * 32}, {"share_code": 1})


def change_settings(crowd: Crowd) -> Post:
    crowd.admin.sign_in()
    fields = {"invitation_days": "21", "unreviewed_days": "31", "reviewed_days": "91"}
    return Post(crowd.admin, "/clinic/keeping", fields, {"audit_entry": 1})


def close_days(crowd: Crowd) -> Post:
    crowd.admin.sign_in()
    fields = {"first": "2027-12-24", "last": "2027-12-26", "reason": "Training"}
    return Post(crowd.admin, "/clinic/closed", fields, {"audit_entry": 1})


def hand_over_all(crowd: Crowd) -> Post:
    STEPS["release"](crowd)  # someone has one, and what earlier tests left
    mine = [a for a in crowd.nurse.get("/hand-over").links if a.startswith("/submissions/")]
    fields = {"to_staff": crowd.lead.id, "key": "all", "words": "Off now."}
    return Post(crowd.nurse, "/hand-over", fields, {"review_entry": len(mine)})


def accept_all(crowd: Crowd) -> Post:
    crowd.lead.post("/hand-over/accept", {"key": "before"})
    STEPS["hand-accept"](crowd)
    return Post(crowd.lead, "/hand-over/accept", {"key": "all"}, {"review_entry": 1})


def confirm_holidays(crowd: Crowd) -> Post:
    crowd.admin.sign_in()
    area = {"area": "GB-ENG"}
    crowd.admin.post("/clinic/holidays", area)
    # The days that are closed, and that the year was looked at.
    return Post(crowd.admin, "/clinic/holidays/2028", {"day": "2028-12-25"}, {"audit_entry": 2})


def add_text(crowd: Crowd) -> Post:
    fields = {"title": "Door B", "body": "Use door B.", "outcome": ""}
    return Post(crowd.lead, "/texts", fields, {"clinic_text": 1, "audit_entry": 1})


def change_text(crowd: Crowd) -> Post:
    fields = {"title": "Door C", "body": "Use door C.", "outcome": "seen_today"}
    return Post(crowd.lead, _text(crowd, "Change me"), fields, {"clinic_text": 0, "audit_entry": 1})


def retire_text(crowd: Crowd) -> Post:
    address = f"{_text(crowd, 'Retire me')}/retire"
    return Post(crowd.lead, address, {}, {"clinic_text": 0, "audit_entry": 1})


def _text(crowd: Crowd, title: str) -> str:
    """The address of a text of the clinic."""
    page = crowd.lead.post("/texts", {"title": title, "body": title, "outcome": ""})
    before = page.html[: page.html.index(f"<bdi>{title}")]
    return re.findall(r'"(/texts/[^"]+)"', before)[-1]


def renew_ticked(crowd: Crowd) -> Post:
    fields = {"key": "ticked", "step": "again", "ticked": _invited(crowd, 2)}
    return Post(crowd.nurse, "/invitations/ticked", fields, {"invitation": 2})


def revoke_ticked(crowd: Crowd) -> Post:
    fields = {"key": "ticked", "step": "revoke", "ticked": _invited(crowd, 2)}
    return Post(crowd.nurse, "/invitations/ticked", fields, {"invitation": 0, "audit_entry": 2})


def _invited(crowd: Crowd, number: int) -> tuple[str, ...]:
    """Invitations that nobody has used."""
    return tuple(Patient(crowd.house, crowd.nurse).invitation for _ in range(number))


@dataclass(frozen=True)
class Does:
    """A step of a review; `before` names steps that come first."""

    step: str
    fields: tuple[tuple[str, str | tuple[str, ...]], ...] = ()
    before: tuple[str, ...] = ()
    by_lead: bool = False
    adds: int = 1

    def __call__(self, crowd: Crowd) -> Post:
        where = f"/submissions/{crowd.submission()}"
        for number, name in enumerate(self.before):
            known, fields = STEPS[name], {"key": f"{where} {number}"}
            crowd.nurse.post(f"{where}/{known.step}", self._more(crowd, where, known) | fields)
        who = crowd.lead if self.by_lead else crowd.nurse
        fields = self._more(crowd, where, self) | {"key": f"{where} now"}
        return Post(who, f"{where}/{self.step}", fields, {"review_entry": self.adds})

    @staticmethod
    def _more(crowd: Crowd, where: str, known: Does) -> dict[str, str | tuple[str, ...]]:
        after = next(f["value"] for f in crowd.nurse.get(where).all("input", name="after"))
        return {"after": after, **dict(known.fields)} | (
            {"to_staff": crowd.lead.id} if known.step == "hand-over" else {}
        )


STEPS = {
    "claim": Does("claim"),
    "note": Does("note", (("words", "Called her."),), adds=2),
    "call": Does("call", (("outcome", "no_answer"),), adds=2),
    "agree": Does("agree", adds=2),
    "trace": Does("trace", (("reason", "letter"),), adds=2),
    "visit": Does("visit", (("to_book", "yes"),), before=("claim",)),
    "addendum": Does("addendum", (("patient_words", "Ring us."),), before=("agree", "close")),
    "reopen": Does("reopen", (("words", "Wrong."),), before=("agree", "close")),
    "raise": Does("raise", (("reason", "told"),), adds=2),
    "identify": Does(
        "identify", (("outcome", "same_person"), ("which", ("full_name", "born_on"))), adds=2
    ),
    "release": Does("release", before=("claim",)),
    "hand-over": Does("hand-over", before=("claim",)),
    "take-over": Does("take-over", (("words", "She is off."),), before=("claim",), by_lead=True),
    "hand-accept": Does("hand-accept", before=("claim", "hand-over"), by_lead=True),
    "hand-refuse": Does("hand-refuse", before=("claim", "hand-over"), by_lead=True),
    "close": Does("close", (("outcome", "emergency_service"),), before=("agree",)),
    "ask-close": Does(
        "ask-close", (("outcome", "not_reached"), ("words", "Moved away.")), before=("agree",)
    ),
    "second on closing": Does(
        "second",
        (("answer", "yes"), ("about", "close")),
        before=("agree", "ask-close"),
        by_lead=True,
    ),
    "agree-close": Does("agree-close", (("outcome", "seen_today"),), before=("identify",), adds=2),
    "lower": Does(
        "lower",
        (
            ("level", "soon"),
            ("reason", "examined"),
            ("rule", ("U3", "U4c", "U6", "U11")),
            ("words", "Seen."),
        ),
        adds=2,
    ),
    "second": Does("second", (("answer", "yes"),), before=("lower",), by_lead=True),
}
FORMS: Mapping[str, Callable[[Crowd], Post]] = {
    "invite one": invite_one,
    "invite many": invite_many,
    "send": send,
    "send beside": send_beside,
    "share": share,
    "change settings": change_settings,
    "close days": close_days,
    "hand over all": hand_over_all,
    "accept all": accept_all,
    "confirm holidays": confirm_holidays,
    "add a text": add_text,
    "change a text": change_text,
    "retire a text": retire_text,
    "renew those who are ticked": renew_ticked,
    "take back those who are ticked": revoke_ticked,
    **STEPS,
}


def press(crowd: Crowd, post: Post, times: int) -> list[tuple[int, str, bytes]]:
    """The form, sent so often at once, each request in a thread of its own; what each is told."""
    cookies = "; ".join(f"{name}={value}" for name, value in post.who.client.cookies.items())
    headers = {**OWN, "host": "testserver", "cookie": cookies}
    body = urlencode(post.fields, doseq=True).encode()

    async def all_at_once() -> list[CapturedResponse]:
        sent = [ask(crowd.house.app, "POST", post.address, headers, body) for _ in range(times)]
        return await asyncio.gather(*sent)

    return [(a.status, a.location, NONCE.sub(b"", a.body)) for a in in_own_loop(all_at_once)]


@pytest.mark.parametrize("form", FORMS)
def test_twenty_posts_at_once_have_one_effect_and_twenty_equal_replies(
    crowd: Crowd, form: str
) -> None:
    post = FORMS[form](crowd)
    before = crowd.rows()
    replies = press(crowd, post, AT_ONCE)
    after = crowd.rows()
    added = {name: after[name] - before[name] for name in post.adds}
    assert (len(set(replies)), replies[0][0]) == (1, 303), {r[:2] for r in replies}
    assert added == dict(post.adds)
    assert press(crowd, post, 1) == replies[:1]
    assert {name: crowd.rows()[name] for name in post.adds} == {n: after[n] for n in post.adds}


LOOKS: Mapping[str, Fields] = {
    "/invitations/list": {"lines": "N-9,Fay,2027-06-30"},
    "/invitations/find": {"find": "N-9"},
    "/worklist/find": {"reference": "N-9"},
}


@pytest.mark.parametrize("address", LOOKS)
def test_twenty_posts_at_once_that_only_look_keep_nothing(crowd: Crowd, address: str) -> None:
    before = crowd.rows()
    replies = press(crowd, Post(crowd.nurse, address, LOOKS[address], {}), AT_ONCE)
    assert {status for status, *_ in replies} == {200}
    assert crowd.rows() == before


def test_twenty_drafts_at_once_keep_no_step_of_a_review(crowd: Crowd) -> None:
    where = f"/submissions/{crowd.submission()}"
    crowd.nurse.get(where)
    before = crowd.rows()
    fields = {"look": "yes", "outcome": "seen_today", "patient_words": "Come at ten."}
    replies = press(crowd, Post(crowd.nurse, f"{where}/draft", fields, {}), AT_ONCE)
    # Each look is written by itself: a busy database may ask the last ones to come again.
    assert {200} <= {status for status, *_ in replies} <= {200, 503}
    after = crowd.rows() | {"audit_entry": before["audit_entry"]}  # each look is noted
    assert after == before


def test_without_the_key_of_the_form_each_post_would_count(crowd: Crowd) -> None:
    """So the test above can fail: other keys are other forms."""
    post = STEPS["note"](crowd)
    before = crowd.rows()["review_entry"]
    first = press(crowd, post, 1)
    others = [
        press(
            crowd, Post(post.who, post.address, {**post.fields, "key": key, "after": last}, {}), 1
        )
        for key, last in ((f"{post.address} b", "2"), (f"{post.address} c", "3"))
    ]
    assert [reply[0][0] for reply in (first, *others)] == [303, 303, 303]
    assert crowd.rows()["review_entry"] == before + 4

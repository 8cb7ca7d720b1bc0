"""Every route against every kind of person: what comes out equals what is written here.

A new route is covered by its line in app/web/routes.py alone; a new permission has to be written
below as well, and a new part of an address in tests/web/scene.py.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.store.permissions import PERMISSIONS
from app.web.access import ANYONE, STAFF
from app.web.errors import MACHINE_PATHS
from tests.builders import SOAK
from tests.web.desk import House
from tests.web.route_table import PERMISSIONS_BY_ROUTE
from tests.web.scene import HERE, OF_A_CLINIC, OUTSIDE, PEOPLE, ROLES, Scene, parts_of

MAY = {
    # permission          nurse lead admin auditor
    "see_worklist":      "x     x    -     -",
    "see_answers":       "x     x    -     -",
    "review":            "x     x    -     -",
    "lower":             "x     x    -     -",
    "second_person":     "x     x    -     -",
    "invite_patients":   "x     x    -     -",
    "ask_for_patients":  "x     x    -     -",
    "export_person":     "-     x    x     -",
    "erase_person":      "-     x    x     -",
    "see_agreement":     "-     x    -     -",
    "see_reports":       "-     x    -     -",
    "export_cases":      "-     x    -     -",
    "see_staff":         "-     x    x     -",
    "change_staff":      "-     -    x     -",
    "change_clinic":     "-     -    x     -",
    "change_texts":      "-     x    x     -",
    "see_audit":         "-     -    -     x",
    "see_looks":         "x     x    -     x",
    STAFF:               "x     x    x     x",
}  # fmt: skip
AT_MOST = {
    # below this word   nurse lead admin auditor
    "account":          "x     x    x     x",
    "desk":             "x     x    x     x",
    "worklist":         "x     x    -     -",
    "submissions":      "x     x    -     x",  # an auditor sees who looked, and no answers
    "hand-over":        "x     x    -     -",
    "invitations":      "x     x    -     -",
    "assisted":         "x     x    -     -",
    "shared":           "x     x    -     -",
    "waiting-room":     "x     x    -     -",
    "people":           "-     x    x     -",
    "staff":            "-     x    x     -",
    "clinic":           "x     x    x     x",  # all read it, an admin changes it
    "texts":            "-     x    x     -",
    "agreement":        "-     x    -     -",
    "reports":          "-     x    -     -",
    "audit":            "-     -    -     x",
}  # fmt: skip
"""Who may open anything there at all; what begins with another word is for anyone."""
EXCEPT: dict[str, dict[str, str]] = {
    # A box for the code, for whoever's browser holds a session, good or not.
    "GET /sign-in/code": {
        **dict.fromkeys(OUTSIDE, "sign in"),
        **dict.fromkeys(("disabled", "expired"), "opens"),
    },
    "POST /sign-in/code": dict.fromkeys(OUTSIDE, "sign in"),
    # The clinic has no identity provider.
    "GET /sign-in/with/{clinic}": dict.fromkeys(PEOPLE, "missing"),
    # A form is no resource of FHIR, whoever sends it.
    "POST /fhir/Questionnaire/$assess": dict.fromkeys(PEOPLE, "415"),
    # Many who were invited together: for who did it alone.
    "GET /invitations/batch/{key}": {"lead": "missing"},
    "GET /invitations/batch/{key}/slips": {"lead": "missing"},
    "GET /invitations/batch/{key}/csv": {"lead": "missing"},
    # For who asked for it, once a second person agreed.
    "POST /people/requests/{id}/file": {"lead": "missing", "admin": "missing"},
}
"""What differs from the rule, by route and person, each with its reason."""
KEPT_ON_A_LOOK = {"audit_entry", "audit_head", "staff_session"}
"""All that reading may write: that it happened, and that the session is in use."""
WHO_LOOKS = {"worklist_row", "doorbell"}
"""What a look at answers writes besides: who looks, which colleagues are shown."""
WITHOUT_ANSWERS = {
    *("GET /submissions/{id}/identify", "GET /submissions/{id}/marks"),
    "GET /submissions/{id}/looks",
}
"""Pages below a submission that show none of its answers."""


@pytest.fixture(scope="module")
def scene(house: House) -> Iterator[Scene]:
    scene = Scene(house)
    yield scene
    scene.close()


def split(key: str) -> tuple[str, str]:
    method, _, path = key.partition(" ")
    return method, path


def of_a_clinic(key: str) -> bool:
    """Whether the address names a record that only one clinic has."""
    return any(part in OF_A_CLINIC for part in parts_of(split(key)[1]))


def shows_answers(key: str) -> bool:
    """Whether it is a page that shows the answers of one submission."""
    return key.startswith("GET /submissions/{id}") and key not in WITHOUT_ANSWERS


def expected(key: str, who: str) -> str:
    """What is written: opens, sign in, refused, missing."""
    if who in EXCEPT.get(key, {}):
        return EXCEPT[key][who]
    if PERMISSIONS_BY_ROUTE[key] == ANYONE:
        return "opens"
    if who in OUTSIDE:
        return "sign in"
    role, _, elsewhere = who.partition(" ")
    if MAY[PERMISSIONS_BY_ROUTE[key]].split()[ROLES.index(role)] != "x":
        return "refused"
    return "missing" if elsewhere and of_a_clinic(key) else "opens"


def test_every_permission_is_written_here_as_it_is() -> None:
    written = {
        name: {role for role, mark in zip(ROLES, marks.split(), strict=True) if mark == "x"}
        for name, marks in MAY.items()
    }
    assert written == {**PERMISSIONS, STAFF: set(ROLES)}


@pytest.mark.parametrize("key", sorted(PERMISSIONS_BY_ROUTE))
def test_no_route_opens_to_more_than_those_who_work_there(key: str) -> None:
    """So a slip in the table itself is noticed: it is written in two places."""
    first = split(key)[1].split("/")[1]
    who = PERMISSIONS_BY_ROUTE[key]
    if first not in AT_MOST:
        assert who == ANYONE, f"say in AT_MOST who may open anything below /{first}"
        return
    assert who != ANYONE
    pairs = zip(ROLES, MAY[who].split(), AT_MOST[first].split(), strict=True)
    assert [role for role, may, most in pairs if (may, most) == ("x", "-")] == []


@pytest.mark.parametrize("key", sorted(PERMISSIONS_BY_ROUTE))
def test_each_person_is_let_in_sent_away_or_refused_as_written(scene: Scene, key: str) -> None:
    method, path = split(key)
    got, refusals, wrote = {}, {}, {}
    for who in PEOPLE:
        got[who] = scene.knock(who, method, scene.address(path)).outcome
        refusals[who] = [e.action for e in scene.audit_entries].count("page_refused")
        wrote[who] = scene.written - KEPT_ON_A_LOOK
        if shows_answers(key) and got[who] == "opens":
            wrote[who] -= WHO_LOOKS
    assert got == {who: expected(key, who) for who in PEOPLE}
    assert refusals == {who: int(got[who] == "refused" and who in ROLES) for who in PEOPLE}
    if method == "GET":
        assert wrote == {who: set() for who in PEOPLE}
    else:
        assert {who: wrote[who] for who in PEOPLE if got[who] in {"sign in", "refused"}} == {
            who: set() for who in PEOPLE if got[who] in {"sign in", "refused"}
        }


@pytest.mark.parametrize(
    "key", sorted(k for k in PERMISSIONS_BY_ROUTE if k.startswith("GET /submissions/{id}"))
)
@pytest.mark.parametrize("who", ["nurse", "lead"])
def test_each_view_of_answers_is_noted_with_who_and_whose(scene: Scene, key: str, who: str) -> None:
    method, path = split(key)
    answer = scene.knock(who, method, scene.address(path))
    subjects = {(e.actor, e.subject_kind, e.subject_id) for e in scene.audit_entries}
    look = (scene.members[who].id, "submission", scene.records["submissions/id"])
    assert answer.status == 200
    assert (look in subjects) is (key not in WITHOUT_ANSWERS)


@pytest.mark.parametrize("key", sorted(key for key in PERMISSIONS_BY_ROUTE if of_a_clinic(key)))
def test_a_record_of_another_clinic_answers_byte_for_byte_like_none(scene: Scene, key: str) -> None:
    method, path = split(key)
    fields = {"after": "0", "key": "k1", "words": "x", "outcome": "answered", "code": "000000"}
    for role in ROLES:
        who = f"{role} elsewhere"
        theirs = scene.knock(who, method, scene.address(path), fields)
        wrote = set(scene.written) - KEPT_ON_A_LOOK
        none = scene.knock(who, method, scene.address(path, real=False), fields)
        assert theirs.plain == none.plain
        assert theirs.outcome == expected(key, who)
        assert wrote <= {"bucket"}  # how often something is tried is counted for all


FOREIGN = [
    {name: value for name, value in (("Sec-Fetch-Site", site), ("Origin", origin)) if value}
    for site in ("cross-site", "same-site", "no-such-word", "")
    for origin in (
        "https://evil.example",
        "null",
        "https://testserver:8443",
        "http://testserver",
        "",
    )
] + [
    {"Sec-Fetch-Site": site, "Origin": "https://testserver"} for site in ("cross-site", "same-site")
]


@pytest.mark.parametrize(
    "key",
    sorted(
        key
        for key in PERMISSIONS_BY_ROUTE
        if key.startswith("POST ") and not split(key)[1].startswith(MACHINE_PATHS)
    ),
)
def test_no_other_site_can_make_a_browser_change_anything(scene: Scene, key: str) -> None:
    method, path = split(key)
    who = next((r for r in ROLES if expected(key, r) == "opens"), "nurse")
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    some = FOREIGN if SOAK else FOREIGN[len(key) % 4 :: 4]
    for headers in some:
        answer = scene.knock(who, method, scene.address(path), {"key": "k2"}, {**kind, **headers})
        assert (answer.status, scene.written) == (403, set()), headers
        assert "set-cookie" not in dict(answer.headers)


def test_what_a_request_writes_is_seen_and_undone(scene: Scene) -> None:
    """Without this, the tests above would pass with a recorder that sleeps."""
    address = scene.address("/submissions/{id}/note")
    fields = {"after": "0", "key": "k3", "words": "Called."}
    for _ in range(2):
        assert scene.knock("nurse", "POST", address, fields).status == 303
        assert scene.written >= {"review_entry", "worklist_row", "audit_entry"}
        assert [e.action for e in scene.audit_entries][-1] == "review_note"
    assert "review_note" not in scene.house.actions(HERE)

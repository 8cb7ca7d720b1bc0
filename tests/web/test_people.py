"""Export and erase by two of staff, as pages: who may, who must, and what is left."""

from __future__ import annotations

import json

import pytest

from app.store import person_requests
from tests.visitor import Page
from tests.web.desk import CALM, House, Member, Patient


@pytest.fixture
def lead(house: House) -> Member:
    return house.member("lead", name="Ada Hill")


@pytest.fixture
def admin(house: House) -> Member:
    return house.member("admin", name="Noor Khan")


def sent(house: House, lead: Member, reference: str) -> Patient:
    patient = Patient(house, lead, reference=reference, name="Quill")
    patient.send_all(CALM)
    return patient


def ask(member: Member, reference: str, kind: str) -> Page:
    found = member.post("/people", {"reference": reference})
    action = next(f["action"] for f in found.all("form") if f["action"].endswith(f"/{kind}"))
    return member.post(action)


def actions_of(page: Page, end: str) -> list[str]:
    return [f["action"] for f in page.all("form") if f["action"].endswith(end)]


def test_a_file_is_given_to_who_asked_once_another_one_agreed(
    house: House, lead: Member, admin: Member
) -> None:
    sent(house, lead, "Kestrel 1")
    page = ask(lead, "kestrel1", "export")
    assert page.url == "/people/requests"
    assert "Someone else has to agree" in page.text
    assert not actions_of(page, "/agree")
    (agree,) = actions_of(admin.get("/people/requests"), "/agree")
    assert "Agreed. (Noor Khan)" in admin.post(agree).text
    (take,) = actions_of(lead.get("/people/requests"), "/file")
    assert admin.send(take).status_code == 404
    response = lead.send(take)
    assert response.headers["content-disposition"] == 'attachment; filename="person.json"'
    assert response.headers["cache-control"] == "no-store"
    whole = json.loads(response.text)
    assert (whole["reference"], whole["name"], whole["clinic"]) == ("Kestrel 1", "Quill", "Hill")
    assert whole["submissions"][0]["versions"][0]["in_words"]
    person_actions = [a for a in house.actions() if a.startswith("person")]
    assert person_actions[-3:] == ["person_export_asked", "person_export_agreed", "person_exported"]
    house.clock.seconds += 24 * 3600
    lead.sign_in()
    assert not actions_of(lead.get("/people/requests"), "/file")
    assert lead.send(take).status_code == 404


def test_a_person_is_erased_once_another_one_agreed(
    house: House, lead: Member, admin: Member
) -> None:
    patient = sent(house, lead, "Kestrel 2")
    ask(lead, "Kestrel 2", "erase")
    (agree,) = actions_of(admin.get("/people/requests"), "/agree")
    page = admin.post(agree)
    assert "Nothing of this person is left" in page.text
    assert "Kestrel 2" not in page.text
    assert "#reference" in lead.post("/people", {"reference": "Kestrel 2"}, 422).links
    patient.get(patient.link, 404)
    assert house.actions()[-2:] == ["person_erase_agreed", "person_erased"]


def test_a_refusal_leaves_everything(house: House, lead: Member, admin: Member) -> None:
    patient = sent(house, lead, "Kestrel 3")
    ask(lead, "Kestrel 3", "erase")
    (refuse,) = actions_of(admin.get("/people/requests"), "/refuse")
    assert "Refused. (Noor Khan)" in admin.post(refuse).text
    assert patient.get(patient.link).status == 200


def test_nobody_agrees_to_their_own(house: House, lead: Member) -> None:
    sent(house, lead, "Kestrel 4")
    ask(lead, "Kestrel 4", "erase")
    with house.store.reading_scope(lead.clinic) as scope:
        (waits,) = [
            r
            for r in person_requests.list_recent_requests(scope, house.now)
            if r.row.agreed is None
        ]
    page = lead.post(f"/people/requests/{waits.row.id}/agree", status=422)
    assert f"#request-{waits.row.id}" in page.links
    assert lead.post("/people", {"reference": "Kestrel 4"}).status == 200
    lead.post(f"/people/requests/{waits.row.id}/refuse", status=422)


def test_who_is_alone_is_told_that_a_second_person_is_needed(house: House) -> None:
    alone = house.member("admin", clinic="Lone", name="Al Lone")
    patient = Patient(house, alone, reference="L1")
    page = alone.post("/people", {"reference": "L1"})
    assert "A second lead or admin is needed" in page.text
    house.member("lead", clinic="Lone", name="Bo Lone")
    assert "is needed" not in alone.post("/people", {"reference": "L1"}).text
    assert patient


@pytest.mark.parametrize("kind", ["export", "erase"])
def test_the_second_factor_is_asked_for_again(
    house: House, lead: Member, admin: Member, kind: str
) -> None:
    reference = f"Fresh {kind}"
    sent(house, lead, reference)
    lead.wait(6 * 60)
    found = lead.post("/people", {"reference": reference})
    (action,) = actions_of(found, f"/{kind}")
    page = lead.post(action, {"code": "000000"}, 422)
    assert f"#{kind}-code" in page.links
    assert lead.post(action, {"code": lead.code}).url == "/people/requests"
    admin.wait(6 * 60)
    agree = actions_of(admin.get("/people/requests"), "/agree")[0]
    page = admin.post(agree, {"code": "000000"}, 422)
    assert page.all("input", name="code")
    assert "Agreed." in admin.post(agree, {"code": admin.code}).text


def test_the_file_of_a_person_asks_for_the_code_again_after_a_while(
    house: House, lead: Member, admin: Member
) -> None:
    sent(house, lead, "Kestrel 9")
    ask(lead, "Kestrel 9", "export")
    admin.post(actions_of(admin.get("/people/requests"), "/agree")[0])  # the newest
    lead.wait(6 * 60)
    (take,) = actions_of(lead.get("/people/requests"), "/file")
    page = lead.post(take, {"code": "000000"}, 422)
    assert f"#code-{take.split('/')[-2]}" in page.links
    assert house.actions()[-1] == "second_factor_refused"
    taken = lead.send(take, {"code": lead.code})
    assert json.loads(taken.text)["reference"] == "Kestrel 9"


def test_another_clinic_finds_nobody_and_answers_nothing(house: House, lead: Member) -> None:
    sent(house, lead, "Kestrel 5")
    ask(lead, "Kestrel 5", "erase")
    with house.store.reading_scope(lead.clinic) as scope:
        waits = person_requests.list_recent_requests(scope, house.now)[0].row.id
        person = person_requests.find_person(scope, "Kestrel 5").id
    other = house.member("lead", clinic="Dale")
    other.post("/people", {"reference": "Kestrel 5"}, 422)
    for action in ("requests/{}/agree", "requests/{}/refuse", "requests/{}/file"):
        other.post(f"/people/{action.format(waits)}", status=404)
    for kind in ("export", "erase"):
        other.post(f"/people/{person}/{kind}", status=404)
    assert "Kestrel" not in other.get("/people/requests").text


def test_twenty_posts_of_one_form_ask_once(house: House, lead: Member) -> None:
    sent(house, lead, "Kestrel 6")
    found = lead.post("/people", {"reference": "Kestrel 6"})
    before = house.actions().count("person_erase_asked")
    (action,) = actions_of(found, "/erase")
    assert {lead.send(action).headers["location"] for _ in range(20)} == {"/people/requests"}
    assert house.actions().count("person_erase_asked") == before + 1


def test_a_request_that_waits_is_counted_in_the_menu_of_who_may_answer_it(house: House) -> None:
    names = ("lead", "admin", "nurse")
    lead, admin, nurse = (house.member(role, "Counted", role.title()) for role in names)
    sent(house, lead, "Kestrel 9")
    lead.sign_in()
    ask(lead, "Kestrel 9", "export")
    waiting = "People (waiting for you: 1)"
    for address in ("/staff", "/people", "/people/requests"):
        assert waiting in admin.get(address).text
        assert waiting not in lead.get(address).text, "who asked cannot answer"
    assert "Requests that wait for a second person: 1" in admin.get("/people").text
    nurse.sign_in()
    assert "waiting for you" not in nurse.get("/worklist").text
    (agree,) = actions_of(admin.get("/people/requests"), "/agree")
    assert waiting not in admin.post(agree).text

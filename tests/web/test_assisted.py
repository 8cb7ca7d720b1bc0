"""The nurse asks: from whom to ask, over every question, to a submission that is hers."""

from __future__ import annotations

import pytest

from app.assurance.readability import (
    coleman_liau_grade,
    flesch_kincaid_grade,
    split_sentences,
    split_words,
)
from app.store import submission_reads, submission_versions, worklist, worklist_rows
from app.store.db.patient_tables import Submission
from tests.visitor import Page
from tests.web.desk import CALM, EMERGENCY, TODAY, House, Member
from tests.web.test_every_page import Blocks


@pytest.fixture(scope="module")
def nurse(house: House) -> Member:
    return house.member("nurse", name="Kim Lee")


def begin(nurse: Member, reference: str, name: str = "Jo", **more: str) -> Page:
    page = nurse.get("/assisted")
    fields = {"key": page.all("input", name="key")[0]["value"], "about": "me"}
    return nurse.post("/assisted", fields | {"reference": reference, "name": name} | more)


def hidden(page: Page) -> dict[str, str]:
    return {"of": page.all("input", name="of")[0]["value"]}


def say(nurse: Member, page: Page, given) -> Page:
    """Tick what the patient says to the question on this page."""
    question = page.url.rpartition("/")[2]
    return nurse.post(page.url, hidden(page) | {question: sorted(given[question])})


def ask_all(nurse: Member, reference: str, given) -> Page:
    page = begin(nurse, reference)
    while page.url != "/assisted/answers":
        page = say(nurse, page, given)
    return page


def newest(house: House, nurse: Member) -> Submission:
    with house.store.reading_scope(nurse.clinic) as scope:
        return max(scope.find_all(Submission), key=lambda row: row.arrived)


def test_what_a_nurse_asks_becomes_a_submission_of_hers(house: House, nurse: Member) -> None:
    page = begin(nurse, "T 1", day="2027-02-01")
    assert page.h1[0].startswith("Ask: ")
    assert "You are asking: Jo, T 1" in page.text
    while page.url != "/assisted/answers":
        page = say(nurse, page, TODAY)
    page = nurse.post("/assisted/send", hidden(page))
    kept = newest(house, nurse)
    assert page.url == f"/submissions/{kept.id}"
    assert page.all("span", **{"data-level": "same_day"})
    assert (kept.source, kept.taken_by) == ("assisted", nurse.id)
    with house.store.reading_scope(nurse.clinic) as scope:
        (version,) = submission_versions.list_versions(scope, kept.id)
        row = worklist_rows.require_row(scope, kept.id, house.now)
        row_payload = worklist.find_listed_submission(scope, kept.id).payload
        (claim,) = submission_reads.list_actions(scope, kept.id)
    assert (version.kind, version.author, version.answers) == ("first", nurse.id, TODAY)
    assert (row.owner_id, row.person_id, row.state) == (nurse.id, None, "claimed")
    assert (claim.kind, claim.by) == ("claim", nurse.id)
    assert (row_payload["reference"], row_payload["appointment_on"]) == ("T 1", "2027-02-01")
    assert "T 1" in nurse.get("/worklist").text
    assert nurse.get("/assisted/answers").url == "/assisted"


def test_the_form_sent_again_begins_nobody_new(house: House, nurse: Member) -> None:
    fields = {"key": "same", "reference": "T 2", "name": "Jo"}
    before = house.actions().count("patient_invited")
    for _ in range(3):
        nurse.post("/assisted", fields)
    assert house.actions().count("patient_invited") == before + 1


def test_the_answers_sent_twice_are_kept_once(nurse: Member) -> None:
    fields = hidden(ask_all(nurse, "T 3", CALM))
    cookie = nurse.client.cookies.get("__Host-assisted")
    first = nurse.post("/assisted/send", fields)
    nurse.client.cookies.set("__Host-assisted", cookie)
    assert nurse.post("/assisted/send", fields).url == first.url
    nurse.post("/assisted/stop")


@pytest.mark.parametrize(
    ("changed", "leads_to"),
    [({"reference": " "}, "#reference"), ({"name": ""}, "#name"), ({"day": "soon"}, "#day")],
)
def test_what_is_missing_is_said_and_nothing_typed_is_lost(
    nurse: Member, changed: dict[str, str], leads_to: str
) -> None:
    fields = {"key": "k", "reference": "T 4", "name": "Jo", "day": "2027-02-01"} | changed
    page = nurse.post("/assisted", fields, 422)
    assert leads_to in page.links
    assert page.all("input", id="day")[0]["value"] == fields["day"]


def test_a_reference_of_another_name_is_not_asked(nurse: Member) -> None:
    begin(nurse, "T 5", "Jo")
    fields = {"key": "k5", "reference": "T5", "name": "Al"}
    assert "someone of another name" in nurse.post("/assisted", fields, 422).text


def test_an_answer_that_is_none_is_asked_again(nurse: Member) -> None:
    page = begin(nurse, "T 6")
    page = nurse.post(page.url, hidden(page), 422)
    assert "Choose one answer" in page.text


def test_an_answer_for_someone_else_goes_to_nobody(nurse: Member) -> None:
    first = begin(nurse, "T 7", "Ann")
    begin(nurse, "T 8", "Bob")
    page = say(nurse, first, CALM)
    assert page.url == "/assisted"
    assert "You are asking Bob, T 8." in page.text
    assert nurse.get("/assisted/answers").text.count("None of these") == 0


def test_an_emergency_is_said_at_once_and_can_be_kept_unfinished(
    house: House, nurse: Member
) -> None:
    page = begin(nurse, "T 9")
    assert "call 999" not in page.text
    fields = hidden(page)
    assert nurse.post("/assisted/send", fields).url == page.url  # not before it is answered
    page = nurse.post(page.url, fields | {"age": ["adult"]})
    page = nurse.post(page.url, fields | {"breath": ["confused"]})
    assert "Tell the patient to call 999 now" in page.text
    page = nurse.post("/assisted/send", fields)
    assert page.url == f"/submissions/{newest(house, nurse).id}"
    assert page.all("span", **{"data-level": "emergency"})


def test_a_patients_own_check_in_the_same_browser_is_another(nurse: Member) -> None:
    nurse.post("/start", {"region": "uk", "about": "me"})
    nurse.answer("age", "adult")
    own = nurse.client.cookies.get("__Host-journey")
    page = begin(nurse, "T 10")
    assert not [i for i in page.all("input", name="age") if "checked" in i]
    say(nurse, page, EMERGENCY)
    assert nurse.client.cookies.get("__Host-journey") == own
    assert nurse.get("/answers").url == "/answers"
    assert "confus" not in nurse.get("/answers").text.casefold()
    nurse.client.cookies.delete("__Host-assisted")
    nurse.client.cookies.set("__Host-assisted", own)  # nor can one be put in the other's place
    assert nurse.get("/assisted/answers").url == "/assisted"


def test_it_ends_when_the_nurse_signs_out(house: House) -> None:
    nurse = house.member("nurse", name="Lou Park")
    begin(nurse, "T 11")
    kept = nurse.client.cookies.get("__Host-assisted")
    nurse.post("/sign-out")
    assert not nurse.client.cookies.get("__Host-assisted")
    nurse.sign_in()
    nurse.client.cookies.set("__Host-assisted", kept)
    assert nurse.get("/assisted/ask/age").url == "/assisted"
    assert "You are asking" not in nurse.get("/assisted").text
    other = house.member("nurse", name="Ann Oak")
    other.client.cookies.set("__Host-assisted", kept)
    assert other.get("/assisted/ask/age").url == "/assisted"


def test_an_invitation_taken_back_meanwhile_is_not_kept(nurse: Member) -> None:
    page = ask_all(nurse, "T 12", CALM)
    nurse.post(f"/invitations/{hidden(page)['of']}/revoke")
    assert nurse.post("/assisted/send", hidden(page)).url == "/assisted"


def test_stopping_drops_the_answers_and_leaves_the_invitation(nurse: Member) -> None:
    say(nurse, begin(nurse, "T 13"), CALM)
    page = nurse.post("/assisted/stop")
    assert page.url == "/invitations"
    assert "T 13" in page.text
    assert "You are asking" not in nurse.get("/assisted").text


def test_who_it_is_is_asked_before_it_is_closed(nurse: Member) -> None:
    page = nurse.post("/assisted/send", hidden(ask_all(nurse, "T 14", CALM)))
    page = nurse.get(f"{page.url}/identify")
    assert page.all("input", id="reference")[0]["value"] == "T 14"


def test_the_pages_of_asking_are_easy_to_read(nurse: Member) -> None:
    pages = [nurse.get("/assisted"), ask_all(nurse, "T 15", TODAY)]
    for page in pages:
        texts = Blocks(page.html).texts
        whole = [text for text in texts if text.endswith((".", "?", "!"))]
        assert flesch_kincaid_grade(whole) <= 6, (page.url, whole)
        assert coleman_liau_grade(whole) <= 8, (page.url, whole)
        assert max(len(split_words(sentence)) for sentence in split_sentences(texts)) <= 25, (
            page.url
        )

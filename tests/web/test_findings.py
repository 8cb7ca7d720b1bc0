"""What a nurse found: shown before it is kept, refused, asked back, and never lowering a level."""

from __future__ import annotations

import re

import pytest

from app.assurance.readability import (
    coleman_liau_grade,
    flesch_kincaid_grade,
    split_sentences,
    split_words,
)
from app.settings import ROOT
from app.store import submission_reads, submission_versions, worklist
from tests.visitor import Page
from tests.web.desk import CALM, TODAY, House, Member, Patient
from tests.web.test_every_page import Blocks


@pytest.fixture(scope="module")
def nurse(house: House) -> Member:
    return house.member("nurse", name="Kim Lee")


def sent(house: House, nurse: Member, given=CALM) -> tuple[str, Patient]:
    """The address of the findings of a new submission, and its patient."""
    patient = Patient(house, nurse)
    patient.send_all(given)
    with house.store.reading_scope(nurse.clinic) as scope:
        found = submission_reads.find_invitation_receipt(scope, patient.invitation, house.now)
    return f"/submissions/{found.submission}/findings", patient


def filled(page: Page) -> dict[str, object]:
    """The form as a browser would send it again."""
    fields: dict[str, list[str]] = {}
    for box in page.all("input"):
        kind, name = box.get("type"), box.get("name", "")
        if name and (kind in ("text", "hidden") or "checked" in box):
            fields.setdefault(name, []).append(box.get("value", ""))
    for name, options in re.findall(r'<select[^>]* name="([^"]+)">(.*?)</select>', page.html, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options)
        fields[name] = [chosen[1] if chosen else ""]
    return fields


def typed(page: Page, **changed: object) -> dict[str, object]:
    named = {name.replace("__", "-"): value for name, value in changed.items()}
    return filled(page) | named


def versions(house: House, nurse: Member, address: str) -> list[submission_versions.AnswersVersion]:
    with house.store.reading_scope(nurse.clinic) as scope:
        return submission_versions.list_versions(scope, address.split("/")[2])


def keep(nurse: Member, page: Page) -> Page:
    seal = page.all("button", name="seen")[0]["value"]
    return nurse.post(page.url, filled(page) | {"seen": seal})


def test_nothing_is_kept_before_it_was_shown(house: House, nurse: Member) -> None:
    address, _ = sent(house, nurse)
    page = nurse.post(address, typed(nurse.get(address), answer__skin=["pus"]))
    assert "Nothing is kept yet" in page.text
    assert "now: " in page.text
    assert len(versions(house, nurse, address)) == 1
    assert keep(nurse, page).url == address.removesuffix("/findings")
    first, second = versions(house, nurse, address)
    assert (first.kind, second.kind, second.author) == ("first", "nurse", nurse.id)
    assert second.answers == {**first.answers, "skin": frozenset({"pus"})}


def test_only_what_was_changed_after_it_was_shown_is_kept_again(
    house: House, nurse: Member
) -> None:
    address, _ = sent(house, nurse)
    page = nurse.post(address, typed(nurse.get(address), answer__skin=["pus"]))
    seal = page.all("button", name="seen")[0]["value"]
    other = filled(page) | {"answer-skin": ["open"], "seen": seal}
    assert "Nothing is kept yet" in nurse.post(address, other).text
    assert len(versions(house, nurse, address)) == 1


def test_what_the_patient_called_none_gives_way_to_what_the_nurse_found(
    house: House, nurse: Member
) -> None:
    address, _ = sent(house, nurse)
    page = nurse.get(address)
    normal = filled(page)["answer-skin"]
    page = nurse.post(address, typed(page, answer__skin=[*normal, "pus"]))
    keep(nurse, page)
    assert versions(house, nurse, address)[-1].answers["skin"] == frozenset({"pus"})


def test_answers_off_the_path_are_dropped_and_new_questions_are_named(
    house: House, nurse: Member
) -> None:
    address, _ = sent(house, nurse)
    page = nurse.get(address)
    page = nurse.post(address, typed(page, answer__age=["under_3m"]))
    assert "This is asked now and has no answer yet: Baby" in page.text
    page = nurse.post(address, typed(nurse.get(address), answer__baby=["not_sure"]), 422)
    assert "Nothing is different" in page.text


def test_a_lower_finding_says_that_the_level_stays(house: House, nurse: Member) -> None:
    address, _ = sent(house, nurse, TODAY)
    calm = {f"answer-{question}": sorted(chosen) for question, chosen in CALM.items()}
    page = nurse.post(address, filled(nurse.get(address)) | calm)
    assert "It stays “Today” until someone lowers it" in page.text
    page = keep(nurse, page)
    assert page.all("span", **{"data-level": "same_day"})
    assert nurse.get("/worklist").all("span", **{"data-level": "same_day"})


def test_a_worse_finding_moves_it_up_and_keeps_the_labs(house: House, nurse: Member) -> None:
    address, _ = sent(house, nurse)
    labs = {"on": "2027-01-10", "value-calcium_total": "2.9", "unit-calcium_total": "mmol/L"}
    labs |= {"value-albumin": "28", "unit-albumin": "g/L"}
    page = nurse.post(address, filled(nurse.get(address)) | labs)
    assert "Worked out: Adjusted calcium (corrected for albumin): 3.14 mmol/L" in page.text
    assert "The level goes up from “Routine visit” to “Today”" in page.text
    assert keep(nurse, page).all("span", **{"data-level": "same_day"})
    newest = versions(house, nurse, address)[-1]
    assert newest.lab_results["albumin"] == {"value": "28", "unit": "g/L", "on": "2027-01-10"}
    assert filled(nurse.get(address))["value-albumin"] == ["28"]
    assert "findings_added" in house.actions()
    page = nurse.post(address, filled(nurse.get(address)) | {"value-albumin": ""})
    assert "Taken out: Albumin" in page.text
    assert "To adjust total calcium we need albumin" in page.text


def test_blood_results_that_decide_the_level_are_named_with_value_unit_and_day(
    house: House, nurse: Member
) -> None:
    address, _ = sent(house, nurse)
    labs = {"on": "2027-01-10", "value-calcium_total": "2.9", "unit-calcium_total": "mmol/L"}
    labs |= {"value-albumin": "28", "unit-albumin": "g/L", "on-albumin": "9 Jan 2027"}
    labs |= {"value-urate": "400", "unit-urate": "µmol/L"}
    keep(nurse, nurse.post(address, filled(nurse.get(address)) | labs))
    for page in ("", "/print"):
        html = nurse.get(address.replace("/findings", page)).html
        decides = re.search(r"<dt>Decides the level</dt>\s*<dd>(.*?)</dd>", html, re.S)
        assert decides, page
        assert "2.9 mmol/L (10 Jan 2027)" in decides[1]  # the value was worked out from these two
        assert "28 g/L (9 Jan 2027" in decides[1]
        assert "400" not in decides[1]


def test_a_sign_is_judged_with_the_other_values(nurse: Member, calm: str) -> None:
    """Above 3.5 alone it is an emergency; with an albumin of 45 the adjusted value may be less."""
    labs = {"on": "2027-01-10", "value-calcium_total": ">3.5", "unit-calcium_total": "mmol/L"}
    page = nurse.post(calm, filled(nurse.get(calm)) | labs, 422)
    assert "Values on both sides of" not in page.text
    labs |= {"value-albumin": "45", "unit-albumin": "g/L"}
    page = nurse.post(calm, filled(nurse.get(calm)) | labs, 422)
    assert "Values on both sides of" in page.text
    assert "#value-calcium_total" in page.links


def test_what_was_typed_is_kept_and_shown_letter_by_letter(house: House, nurse: Member) -> None:
    address, _ = sent(house, nurse)
    labs = {"on": "2027-01-10", "value-egfr": ">90", "unit-egfr": "mL/min/1.73 m²"}
    labs |= {"value-calcium_adjusted": "2,41", "unit-calcium_adjusted": "mmol/L"}
    labs |= {"value-phosphate": "1·21", "unit-phosphate": "mmol/L"}
    page = nurse.post(address, filled(nurse.get(address)) | labs)
    assert "2,41 mmol/L" in page.text
    assert "Calcium times phosphate: 2.92" in page.text
    keep(nurse, page)
    newest = versions(house, nurse, address)[-1]
    assert [newest.lab_results[n]["value"] for n in ("egfr", "calcium_adjusted", "phosphate")] == [
        ">90",
        "2,41",
        "1·21",
    ]
    shown = nurse.get(address.removesuffix("/findings")).text
    assert ">90 mL/min/1.73 m²" in shown
    assert "2,41 mmol/L" in shown
    assert "1·21 mmol/L" in shown


def test_an_adjusted_calcium_that_is_not_reliable_is_called_so(nurse: Member, calm: str) -> None:
    labs = {"on": "2027-01-10", "value-calcium_total": "2.60", "unit-calcium_total": "mmol/L"}
    labs |= {"value-albumin": "52", "unit-albumin": "g/L"}
    page = nurse.post(calm, filled(nurse.get(calm)) | labs)
    assert "2.36 mmol/L (not reliable)" in page.text
    assert "Ask for ionised calcium" in page.text


def test_an_unusual_value_names_the_unit_in_which_it_would_be_usual(
    nurse: Member, calm: str
) -> None:
    labs = {"on": "2027-01-10", "value-phosphate": "4.5", "unit-phosphate": "mmol/L"}
    page = nurse.post(calm, filled(nurse.get(calm)) | labs, 422)
    assert "would be usual in mg/dL" in page.text


def test_values_of_different_days_are_not_put_together_in_silence(nurse: Member, calm: str) -> None:
    warning = "worked out from tests of different days"
    labs = {"on": "2027-01-10", "value-calcium_total": "2.5", "unit-calcium_total": "mmol/L"}
    labs |= {"value-albumin": "28", "unit-albumin": "g/L"}
    assert warning not in nurse.post(calm, filled(nurse.get(calm)) | labs).text
    assert (
        warning
        in nurse.post(calm, filled(nurse.get(calm)) | labs | {"on-albumin": "2026-12-01"}).text
    )
    labs |= {"value-phosphate": "1.5", "unit-phosphate": "mmol/L", "on-phosphate": "2026-12-01"}
    assert warning in nurse.post(calm, filled(nurse.get(calm)) | labs).text
    alone = {"on": "2027-01-10", "value-calcium_adjusted": "2.5", "unit-calcium_adjusted": "mmol/L"}
    alone |= {"value-albumin": "28", "unit-albumin": "g/L", "on-albumin": "2026-12-01"}
    assert warning not in nurse.post(calm, filled(nurse.get(calm)) | alone).text


REFUSED = [
    ({"value-phosphate": "1;5", "unit-phosphate": "mmol/L"}, "Enter a number, such as"),
    ({"value-ck": "1.250", "unit-ck": "U/L"}, "read as 1.25 or as 1250"),
    ({"value-egfr": "<60", "unit-egfr": "mL/min/1.73 m²"}, "both sides of 15 mL/min/1.73 m²"),
    ({"value-phosphate": "1.5"}, "Choose the unit"),
    ({"value-phosphate": "12", "unit-phosphate": "mmol/L"}, "Is it in mg/dL?"),
    ({"value-phosphate": "99", "unit-phosphate": "mmol/L"}, "between 0.1 and 6.0 mmol/L"),
    ({"value-egfr": "50", "unit-egfr": "mL/min/1.73 m²", "on": ""}, "Type the day of the test"),
    ({"value-egfr": "50", "unit-egfr": "mL/min/1.73 m²", "on": "01/13/2027"}, "in this order"),
    ({"value-egfr": "50", "unit-egfr": "mL/min/1.73 m²", "on": "10/01/27"}, "all four digits"),
    ({"value-egfr": "50", "unit-egfr": "mL/min/1.73 m²", "on": "30 Feb 2026"}, "Type the day"),
    ({"value-egfr": "50", "unit-egfr": "mL/min/1.73 m²", "on": "2027-01-16"}, "in the past"),
]


@pytest.fixture(scope="module")
def calm(house: House, nurse: Member) -> str:
    """A submission to which nothing is added."""
    return sent(house, nurse)[0]


@pytest.mark.parametrize(("fields", "words"), REFUSED)
def test_a_value_that_cannot_be_is_refused_and_nothing_typed_is_lost(
    house: House, nurse: Member, calm: str, fields: dict[str, str], words: str
) -> None:
    whole = filled(nurse.get(calm)) | {"on": "2027-01-10", "answer-skin": ["pus"]} | fields
    page = nurse.post(calm, whole, 422)
    assert words in page.text
    field = next(name for name in fields if name.startswith("value-"))
    assert f"#{field}" in page.links
    assert page.all("input", name=field)[0]["value"] == fields[field]
    assert filled(page)["answer-skin"] == ["pus"]
    assert len(versions(house, nurse, calm)) == 1


def test_a_number_that_can_be_read_in_two_ways_is_chosen_and_never_taken_silently(
    house: House, nurse: Member
) -> None:
    address, _ = sent(house, nurse)
    lab = {"on": "2027-01-10", "value-ck": ">1.250", "unit-ck": "U/L"}
    page = nurse.post(address, filled(nurse.get(address)) | lab, 422)
    choices = page.all("input", name="read-ck")
    assert [choice["id"] for choice in choices] == ["read-ck-1", "read-ck-2"]
    assert ">1.25 U/L" in page.text
    assert ">1250 U/L" in page.text
    assert not any("checked" in choice for choice in choices)
    other = {"value-ck": "1.260", "read-ck": choices[1]["value"]}
    nurse.post(address, filled(page) | other, 422)  # the choice was for another value
    page = nurse.post(address, filled(page) | {"value-ck": "1.250"}, 422)
    page = nurse.post(
        address, filled(page) | {"read-ck": page.all("input", name="read-ck")[1]["value"]}, 422
    )
    assert filled(page)["value-ck"] == ["1250"]
    assert "This value is unusual" in page.text  # as any value of that size


def test_a_value_is_typed_with_all_signs_of_the_keyboard_and_never_on_a_keypad(
    nurse: Member, calm: str
) -> None:
    """A keypad for decimals has one decimal mark, which may be the other one, and no < or >."""
    boxes = [box for box in nurse.get(calm).all("input") if box.get("id", "").startswith("value-")]
    assert len(boxes) > 10
    assert {box["type"] for box in boxes} == {"text"}
    assert not any("inputmode" in box or "pattern" in box for box in boxes)


def test_a_day_can_be_typed_where_no_calendar_opens(nurse: Member, calm: str) -> None:
    """The button shows itself by script; the box of the browser is never sent."""
    page = nurse.get(calm)
    assert "hidden" in page.all("button", **{"data-day-for": "on"})[0]
    (picker,) = page.all("input", type="date")
    assert "name" not in picker
    assert picker["max"] == "2027-01-15"
    assert page.all("input", name="on")[0]["type"] == "text"


@pytest.mark.parametrize("day", ["10/01/2027", "10 Jan 2027", "January 10, 2027", "2027-01-10"])
def test_the_day_of_a_blood_test_is_typed_as_the_clinic_writes_days(
    nurse: Member, calm: str, day: str
) -> None:
    lab = {"value-egfr": "less than 15", "unit-egfr": "mL/min/1.73 m²", "on-egfr": day}
    page = nurse.post(calm, filled(nurse.get(calm)) | lab, 422)
    assert page.all("input", name="on-egfr")[0]["value"] == day
    token = page.all("input", name="right-egfr")[0]["value"]
    page = nurse.post(calm, filled(page) | {"right-egfr": token})
    assert "less than 15 mL/min/1.73 m², 10 January 2027" in page.text


@pytest.mark.parametrize(
    ("value", "day", "words"),
    [
        ("300", "2027-01-10", "This value is unusual"),
        ("80", "2024-12-01", "more than 2 years old"),
    ],
)
def test_a_strange_value_is_asked_back_once(
    house: House, nurse: Member, value: str, day: str, words: str
) -> None:
    address, _ = sent(house, nurse)
    fields = {"value-vitamin_d": value, "unit-vitamin_d": "nmol/L", "on": day}
    page = nurse.post(address, filled(nurse.get(address)) | fields, 422)
    assert words in page.text
    token = page.all("input", name="right-vitamin_d")[0]["value"]
    other = filled(page) | {"right-vitamin_d": token, "value-vitamin_d": "301"}
    if value == "300":
        nurse.post(address, other, 422)  # the tick was for another value
    page = nurse.post(address, filled(page) | {"right-vitamin_d": token})
    keep(nurse, page)
    assert versions(house, nurse, address)[-1].lab_results["vitamin_d"]["value"] == value
    assert nurse.post(address, typed(nurse.get(address), answer__skin=["pus"])).status == 200


def test_an_old_value_is_only_pointed_out(nurse: Member, calm: str) -> None:
    fields = {"value-ck": "200", "unit-ck": "U/L", "on": "2026-10-01"}
    page = nurse.post(calm, filled(nurse.get(calm)) | fields)
    assert "more than 3 months old" in page.text
    assert page.all("button", name="seen")


def test_answers_that_came_in_meanwhile_keep_what_was_typed(house: House, nurse: Member) -> None:
    address, patient = sent(house, nurse)
    page = nurse.post(address, typed(nurse.get(address), answer__feel=["soft"]))
    patient.post(patient.link, {"about": "me"})
    patient.answer("pain", "not_sure")
    patient.send_all_again()
    page = nurse.post(address, filled(page) | {"seen": page.all("button", name="seen")[0]["value"]})
    assert "Nothing is kept yet" in page.text  # what was shown is no longer what would be kept
    assert filled(page)["answer-feel"] == ["soft"]


def test_who_has_not_taken_it_only_reads(house: House, nurse: Member) -> None:
    address, _ = sent(house, nurse)
    page = nurse.post(address, typed(nurse.get(address), answer__skin=["pus"]))
    keep(nurse, page)
    other = house.member("nurse", name="Lou Park")
    page = other.get(address)
    assert "You can read this" in page.text
    assert not page.all("button", name="seen")
    page = other.post(address, typed(page, answer__skin=["open"]))
    page = other.post(
        address, filled(page) | {"seen": page.all("button", name="seen")[0]["value"]}, 422
    )
    assert "Someone else has taken this" in page.text
    assert len(versions(house, nurse, address)) == 2


# --- Who it is, and marks ---


def form_of(nurse: Member, address: str) -> tuple[Page, dict[str, object]]:
    page = nurse.get(address)
    names = [i["name"] for i in page.all("input") if i.get("type") in ("hidden", "text")]
    return page, {n: page.all("input", name=n)[0].get("value", "") for n in names}


def test_two_ticks_say_who_it_is_and_nothing_is_typed(house: House, nurse: Member) -> None:
    address = sent(house, nurse)[0].replace("findings", "identify")
    page, fields = form_of(nurse, address)
    assert set(fields) == {"after", "key"}
    refused = nurse.post(address, fields | {"outcome": "same_person", "which": ["address"]}, 422)
    assert "Tick two things" in refused.text
    assert refused.all("input", id="which-address")[0].get("checked") is not None
    both = {"outcome": "same_person", "which": ["address", "born_on"]}
    page = nurse.post(address, fields | both)
    assert "checked who it is" in page.text


def test_the_wrong_person_is_untied_and_can_be_given_to_the_right_one(
    house: House, nurse: Member
) -> None:
    known = Patient(house, nurse, reference="K 7", name="Kay")
    address = sent(house, nurse)[0].replace("findings", "identify")
    nurse.post(address, form_of(nurse, address)[1] | {"outcome": "wrong_person"})
    page, fields = form_of(nurse, address)
    assert "They belong to nobody now" in page.text
    both = {"outcome": "same_person", "which": ["address", "born_on"], "reference": "k7"}
    page = nurse.post(address, fields | both | {"name": "Ray"}, 422)
    assert "Your clinic knows this reference as Kay" in page.text
    page = nurse.post(address, form_of(nurse, address)[1] | both | {"name": "Ray", "sure": "yes"})
    assert "K 7" in page.text
    assert known.get(known.link).h1


def test_marks_stand_on_the_worklist_and_in_nothing_that_a_patient_sees(
    house: House, nurse: Member
) -> None:
    address, patient = sent(house, nurse)
    marks = address.replace("findings", "marks")
    everything = ["interpreter", "access", "no_contact", "safeguarding"]
    nurse.post(marks, {"mark": everything})
    ticked = [i["value"] for i in nurse.get(marks).all("input", name="mark") if "checked" in i]
    assert ticked == everything
    with house.store.reading_scope(nurse.clinic) as scope:
        assert (
            worklist.find_listed_submission(scope, marks.split("/")[2]).payload["markers"]
            == everything
        )
    pages = [patient.get(patient.link), patient.get("/result"), patient.get("/answers")]
    for mark in ("interpreter", "safeguarding", "access needs"):
        assert not any(mark in page.html.casefold() for page in pages), mark
    nurse.post(marks, {})
    assert not [i for i in nurse.get(marks).all("input", name="mark") if "checked" in i]


def test_a_mark_says_in_words_which_language_what_helps_and_what_to_do_instead(
    house: House, nurse: Member
) -> None:
    address, patient = sent(house, nurse)
    page, submission = address.replace("findings", "marks"), address.removesuffix("/findings")
    words = {"interpreter": "Sorbian", "access": "Lip-reads", "no_contact": "Writes-letters"}
    typed_words = {f"words-{flag}": said for flag, said in words.items()}
    nurse.post(page, {"mark": [*words, "safeguarding"]} | typed_words)
    shown = nurse.get(page)
    for flag, said in words.items():
        assert shown.all("input", id=f"words-{flag}")[0]["value"] == said
    at_a_glance = nurse.get(submission).text
    for said in ("Needs an interpreter: Sorbian", "Has access needs: Lip-reads"):
        assert said in at_a_glance
    assert "Do not phone or text : Writes-letters" in at_a_glance
    worklist_page = nurse.get("/worklist").text
    assert "Needs an interpreter: Sorbian" in worklist_page
    assert "Do not phone or text" in worklist_page
    assert "Lip-reads" not in worklist_page
    assert "Writes-letters" not in worklist_page
    pages = [patient.get(patient.link), patient.get("/result"), patient.get("/answers")]
    main = nurse.get(f"{submission}/copy").html.partition("<main")[2]  # what is given to the person
    for secret in (*words.values(), "Do not phone", "afeguarding", "nterpreter"):
        assert not any(secret in page.html for page in pages), secret
        assert secret not in main, secret


def test_safeguarding_is_never_on_paper_and_neither_is_why_not_to_call(
    house: House, nurse: Member
) -> None:
    address, _ = sent(house, nurse)
    submission = address.removesuffix("/findings")
    marks = {"mark": ["interpreter", "no_contact", "safeguarding"], "words-interpreter": "Sorbian"}
    nurse.post(f"{submission}/marks", marks | {"words-no_contact": "Writes-letters"})
    sheet = nurse.get(f"{submission}/print")
    assert "Needs an interpreter: Sorbian" in sheet.text
    assert "Do not phone or text" in sheet.text
    assert "Writes-letters" not in sheet.html
    assert "afeguarding" not in sheet.html
    for page in (nurse.get(submission), nurse.get("/worklist")):  # if these are printed
        hidden = re.findall(r'<(?:em|li) class="screen-only">(.*?)</(?:em|li)>', page.html)
        assert "Safeguarding" in [re.sub("<.*?>", "", words) for words in hidden]
    why = r'<span class="screen-only">: Writes-letters</span>'
    assert re.search(why, nurse.get(submission).html)
    style = (ROOT / "static/submission.css").read_text()
    assert re.search(r"@media print \{\s*\.screen-only \{\s*display: none;", style)


@pytest.mark.parametrize(
    ("fields", "flag", "words"),
    [
        ({"mark": ["interpreter"], "words-interpreter": "x" * 61}, "interpreter", "more than 60"),
        ({"mark": ["access"], "words-access": "x" * 201}, "access", "more than 200"),
        ({"words-no_contact": "Write"}, "no_contact", "Tick it too, or empty the box"),
    ],
)
def test_words_to_a_mark_that_cannot_be_kept_are_refused_and_not_lost(
    house: House, nurse: Member, fields: dict[str, object], flag: str, words: str
) -> None:
    page = sent(house, nurse)[0].replace("findings", "marks")
    refused = nurse.post(page, {"words-access": ""} | fields, 422)
    assert words in refused.text
    assert f"#words-{flag}" in refused.links
    assert refused.all("input", id=f"words-{flag}")[0]["value"] == fields[f"words-{flag}"]
    ticked = [i["value"] for i in refused.all("input", name="mark") if "checked" in i]
    assert ticked == fields.get("mark", [])
    assert not [i for i in nurse.get(page).all("input", name="mark") if "checked" in i]


def test_what_a_nurse_reads_here_is_easy_to_read(house: House, nurse: Member) -> None:
    address, _ = sent(house, nurse)
    strange = {"value-ck": "2000", "unit-ck": "U/L", "on": "2026-10-01", "answer-skin": ["pus"]}
    page = nurse.get(address)
    pages = [page, nurse.post(address, filled(page) | strange, 422)]
    pages += [nurse.get(address.replace("findings", name)) for name in ("identify", "marks")]
    pages.append(nurse.post(address, typed(page, answer__skin=["pus"])))
    for page in pages:
        texts = Blocks(page.html).texts
        whole = [text for text in texts if text.endswith((".", "?", "!"))]
        assert flesch_kincaid_grade(whole) <= 6, (page.url, whole)
        assert coleman_liau_grade(whole) <= 8, (page.url, whole)
        assert max(len(split_words(sentence)) for sentence in split_sentences(texts)) <= 25, (
            page.url
        )


def test_a_value_that_no_rule_weighs_is_named_wherever_it_is_shown(
    house: House, nurse: Member
) -> None:
    address, _ = sent(house, nurse)
    lab = {"value-urate": "400", "unit-urate": "µmol/L", "on": house.now.date().isoformat()}
    page = nurse.post(address, filled(nurse.get(address)) | lab)
    assert "No rule weighs this value" in page.text
    assert "Urate" in page.text
    keep(nurse, page)
    submission = nurse.get(address.removesuffix("/findings"))
    assert submission.text.count("not weighed by any rule") >= 2  # at a glance, and in the SBAR
    printed = nurse.get(f"{address.removesuffix('/findings')}/print")
    assert "not weighed by any rule" in printed.text
    assert "400 µmol/L" in submission.text

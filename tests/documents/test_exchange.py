"""The JSON form of an assessment: what goes in, what comes out, and what a fault may say."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.documents.exchange import BadBody, assess_json_body, build_questionnaire_json
from app.rulebook.load import load_rulebook_folder
from app.triage.rulebook import Rulebook

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = 20_000 if os.environ.get("CALCINOSIS_SOAK") else 1_500
CANARY = "canary-7f3a"


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return load_rulebook_folder(ROOT / "rules")


def assessed(rulebook: Rulebook, **body: Any) -> dict[str, Any]:
    return assess_json_body(rulebook, json.dumps(body).encode())


def fault_of(rulebook: Rulebook, body: object) -> dict[str, Any]:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(BadBody) as caught:
        assess_json_body(rulebook, text)
    (fault,) = caught.value.faults
    assert CANARY not in json.dumps(caught.value.faults)
    assert CANARY not in str(caught.value)
    return dict(fault)


def test_a_nurse_is_told_what_would_raise_the_level_what_doubt_did_and_what_to_look_for(
    rulebook: Rulebook,
) -> None:
    given = {q.id: [q.none or q.option_ids[0]] for q in rulebook.questionnaire}
    given |= {"age": ["adult"], "reason": ["lump"], "skin": ["not_sure"], "place": ["finger"]}
    given |= {"conditions": ["diabetes"]}  # without a risk a doubt about the skin can wait
    assessment_json = assessed(rulebook, answers=given, audience="nurse")
    black = [change for change in assessment_json["safety_net"] if change["option"] == "skin_dying"]
    assert [change["urgency"] for change in black] == ["emergency"]
    raised = assessed(rulebook, answers=given | {"limbs": ["skin_dying"]})
    assert raised["urgency"] == "emergency"
    [doubt] = assessment_json["doubts"]["each"]
    calmed = assessed(rulebook, answers=given | {"skin": ["normal"]})
    assert (doubt["question"], doubt["if_no"]) == ("skin", calmed["urgency"])
    assert calmed["urgency"] != assessment_json["urgency"]
    states = {danger["id"]: danger["state"] for danger in assessment_json["must_not_miss"]}
    assert (states["calciphylaxis"], states["nerves"]) == ("unsure", "clear")
    assert not {"safety_net", "doubts", "must_not_miss"} & assessed(rulebook, answers=given).keys()


def test_the_answer_has_every_part_that_was_promised(rulebook: Rulebook) -> None:
    found = assessed(rulebook, answers={"breath": ["none"], "age": "adult", "skin": ["pus"]})
    assert found["rulebook"] == {"version": rulebook.version, "sha256": rulebook.sha256}
    assert found["urgency"] == "same_day"
    assert {f["rule"] for f in found["findings"]} >= {"U3"}
    assert all(f["sources"] and f["because"] for f in found["findings"])
    assert found["next_question"] == "limbs"
    assert found["complete"] is False
    assert found["ignored"] == []
    assert set(found) >= {"likely_type", "types", "look_alikes", "advice", "contradictions"}


def test_an_answer_off_the_path_is_named_as_ignored(rulebook: Rulebook) -> None:
    found = assessed(rulebook, answers={"age": "adult", "baby": ["baby_fever"]})
    assert found["ignored"] == ["baby"]
    assert found["urgency"] == "routine"


def test_the_region_chooses_whom_to_call(rulebook: Rulebook) -> None:
    answers = {"breath": ["confused"]}
    assert "999" in assessed(rulebook, answers=answers, region="uk")["level"]["heading"]
    assert "911" in assessed(rulebook, answers=answers, region="us")["level"]["heading"]
    assert "112" in assessed(rulebook, answers=answers)["level"]["heading"]


def test_laboratory_values_count_without_nurse_mode(rulebook: Rulebook) -> None:
    labs = {"calcium_adjusted": {"value": "14.0", "unit": "mg/dL"}}
    found = assessed(rulebook, answers={"age": "adult"}, labs=labs)
    assert found["urgency"] == "emergency"
    assert found["findings"][0]["because"][0]["lab"] == "calcium_adjusted"


def labs_told(rulebook: Rulebook, age: str = "adult", **values: str) -> dict[str, Any]:
    split = {name: text.split(" ", 1) for name, text in values.items()}
    labs = {name: {"value": value, "unit": unit} for name, (value, unit) in split.items()}
    return assessed(rulebook, answers={"age": age}, labs=labs)


def test_values_come_back_with_what_is_worked_out_from_them(rulebook: Rulebook) -> None:
    found = labs_told(rulebook, calcium_total="2,90 mmol/L", albumin="28 g/L")
    assert [(lab["lab"], lab["value"], lab["unit"]) for lab in found["labs"]] == [
        ("calcium_total", "2,90", "mmol/L"),
        ("albumin", "28", "g/L"),
    ]
    (computed,) = found["labs_computed"]
    assert (computed["lab"], computed["value"], computed["unit"], computed["reliable"]) == (
        "calcium_adjusted",
        "3.14",
        "mmol/L",
        True,
    )
    assert [note["id"] for note in found["labs_notes"]] == ["approximate"]


def test_an_adjusted_value_that_is_not_reliable_is_called_so(rulebook: Rulebook) -> None:
    found = labs_told(rulebook, calcium_total="2.75 mmol/L", albumin="60 g/L", age="under_1")
    assert found["labs_computed"][0]["reliable"] is False
    assert [note["id"] for note in found["labs_notes"]] == ["unreliable", "child"]
    assert "ionised" in found["labs_notes"][0]["text"]
    grown = labs_told(rulebook, calcium_total="2.75 mmol/L", albumin="60 g/L")
    assert grown["urgency"] == "soon"


def test_an_unusual_value_is_called_so_and_the_other_unit_named(rulebook: Rulebook) -> None:
    found = labs_told(rulebook, phosphate="4.5 mmol/L", ck="100 U/L")
    phosphate, ck = found["labs"]
    assert (phosphate["unusual"], phosphate["perhaps_unit"]) == (True, "mg/dL")
    assert "mg/dL" in phosphate["text"]
    assert (ck["unusual"], ck["perhaps_unit"], ck["text"]) == (False, None, None)
    assert found["labs_computed"] == []


def test_from_a_value_with_a_sign_nothing_is_worked_out_to_be_shown(rulebook: Rulebook) -> None:
    found = labs_told(rulebook, calcium_total=">3.6 mmol/L", albumin="40 g/L")
    assert found["urgency"] == "emergency"
    assert found["labs"][0]["value"] == ">3.6"
    assert found["labs_computed"] == []


def test_without_values_the_answer_says_nothing_of_them(rulebook: Rulebook) -> None:
    assert not {"labs", "labs_computed", "labs_notes"} & set(
        assessed(rulebook, answers={"age": "adult"})
    )


@pytest.mark.parametrize(
    ("value", "problem"),
    [("12.000", "two_ways"), ("1,250", "two_ways"), (">1000", "spans"), ("<", "not_a_number")],
)
def test_a_value_that_can_mean_several_things_is_refused(
    rulebook: Rulebook, value: str, problem: str
) -> None:
    body = {"answers": {}, "labs": {"ck": {"value": value, "unit": "U/L"}}}
    with pytest.raises(BadBody) as refused:
        assess_json_body(rulebook, json.dumps(body).encode())
    (fault,) = refused.value.faults
    assert (fault["where"], fault["problem"]) == ("labs.ck", problem)
    assert fault["allowed"]


@pytest.mark.parametrize(
    ("body", "where", "problem"),
    [
        (b"{", "body", "not_json"),
        (b"\xff\xfe", "body", "not_json"),
        (b'{"answers": {"pain": NaN}}', "body", "not_json"),
        (b"[" * 5000, "body", "not_json"),
        (b'{"answers": {"age": "adult", "age": "child"}}', "body", "key_stands_twice"),
        ([1], "body", "wrong_shape"),
        ({}, "answers", "missing"),
        ({"answers": [CANARY]}, "answers", "wrong_shape"),
        ({"answers": {"age": 5}}, "answers", "wrong_shape"),
        ({"answers": {}, CANARY: 1}, "body", "unknown_key"),
        ({"answers": {CANARY: "x"}}, "answers, entry 1", "unknown_question"),
        ({"answers": {"age": CANARY}}, "answers.age", "unknown_option"),
        ({"answers": {"age": ["adult", "child"]}}, "answers.age", "two_values"),
        ({"answers": {"breath": ["none", "confused"]}}, "answers.breath", "none_with_others"),
        ({"answers": {"breath": []}}, "answers.breath", "missing"),
        ({"answers": {}, "audience": CANARY}, "audience", "wrong_shape"),
        ({"answers": {}, "region": CANARY}, "region", "unknown_region"),
        (
            {"answers": {}, "labs": {CANARY: {"value": "1", "unit": "g/L"}}},
            "labs",
            "unknown_analyte",
        ),
        (
            {"answers": {}, "labs": {"phosphate": {"value": "1", "unit": CANARY}}},
            "labs.phosphate",
            "unknown_unit",
        ),
        (
            {"answers": {}, "labs": {"phosphate": {"value": CANARY, "unit": "mmol/L"}}},
            "labs.phosphate",
            "not_a_number",
        ),
        (
            {"answers": {}, "labs": {"calcium_total": {"value": "9.5", "unit": "mmol/L"}}},
            "labs.calcium_total",
            "other_unit",
        ),
        (
            {"answers": {}, "labs": {"phosphate": {"value": 1, "unit": "mmol/L"}}},
            "labs",
            "wrong_shape",
        ),
    ],
)
def test_a_fault_names_the_place_and_what_is_allowed_and_never_what_was_sent(
    rulebook: Rulebook, body: object, where: str, problem: str
) -> None:
    fault = fault_of(rulebook, body)
    assert (fault["where"], fault["problem"]) == (where, problem)
    assert fault["allowed"] or problem in ("key_stands_twice", "missing")


def test_several_faults_are_told_at_once(rulebook: Rulebook) -> None:
    with pytest.raises(BadBody) as caught:
        assessed(rulebook, answers={"age": "old", "pain": "huge", "nobody": "asks"})
    assert len(caught.value.faults) == 3


def test_the_questionnaire_holds_all_that_a_caller_needs(rulebook: Rulebook) -> None:
    patient = build_questionnaire_json(rulebook, "patient")
    assert "labs" not in patient
    questions: Any = patient["questions"]
    assert [q["id"] for q in questions] == [q.id for q in rulebook.questionnaire]
    for question in questions:
        assert question["text"]
        assert question["why"]
        assert all(option["text"] for option in question["options"])
        assert question["unsure"] == "not_sure"
    asked_of_babies = next(q for q in questions if q["id"] == "baby")
    assert asked_of_babies["ask_if"] == {"question": "age", "any_of": ["under_3m", "under_1"]}
    nurse: Any = build_questionnaire_json(rulebook, "nurse")
    assert {lab["id"] for lab in nurse["labs"]} == set(rulebook.laboratory.analytes)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=12,
)
words = st.sampled_from(
    ["answers", "labs", "audience", "region", "breath", "age", "none", "adult", "mmol/L"]
)
hostile = st.dictionaries(
    words | st.text(max_size=12), json_values | words | st.lists(words), max_size=6
)


@given(st.one_of(st.binary(max_size=200), hostile.map(lambda v: json.dumps(v).encode())))
@settings(max_examples=EXAMPLES, deadline=None)
def test_no_body_at_all_does_more_than_raise_a_fault(body: bytes) -> None:
    with suppress(BadBody):
        assert assess_json_body(RULEBOOK, body)["urgency"]


@given(
    st.dictionaries(
        words,
        st.lists(words | st.text(max_size=8), max_size=3) | words,
        max_size=6,
    ),
    st.dictionaries(
        st.sampled_from(["phosphate", "calcium_total", "albumin"]) | st.text(max_size=5),
        st.fixed_dictionaries(
            {
                "value": st.text(max_size=14) | st.decimals().map(str),
                "unit": words | st.text(max_size=6),
            }
        ),
        max_size=3,
    ),
)
@settings(max_examples=EXAMPLES, deadline=None)
def test_no_answers_and_no_labs_do_more_than_raise_a_fault(answers: Any, labs: Any) -> None:
    with suppress(BadBody):
        assert assessed(RULEBOOK, answers=answers, labs=labs)["urgency"]


RULEBOOK = load_rulebook_folder(ROOT / "rules")

"""Reading cases: what is accepted, and the clear error for everything else."""

import json
from pathlib import Path

import pytest

from app.assurance.cases import BadCases, Case, read_cases, read_conflicts
from tests.builders import rulebook

GOOD = {"id": "good", "answers": {"breath": ["none"], "age": "adult"}, "urgency": "routine"}


def read(path: Path) -> list[Case]:
    return read_cases(rulebook(), path)


@pytest.fixture
def refusal(tmp_path: Path):
    def of(content: object, name: str = "cases.json") -> str:
        file = tmp_path / name
        text = content if isinstance(content, str | bytes) else json.dumps(content)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(BadCases) as refused:
            read(tmp_path if file.suffix == ".yaml" else file)
        return str(refused.value)

    return of


def test_a_list_of_cases_is_read(tmp_path: Path) -> None:
    file = tmp_path / "cases.json"
    file.write_text(json.dumps([GOOD, {**GOOD, "id": "other", "note": "keys not needed pass"}]))
    first, other = read(file)
    assert first.answers == {"breath": frozenset({"none"}), "age": frozenset({"adult"})}
    assert (first.entry.urgency_confidence, first.entry.type_scorable) == ("high", True)
    assert (first.second_reading, other.entry.id) == ({}, "other")


def test_a_folder_of_cases_is_read_in_the_order_of_its_file_names(tmp_path: Path) -> None:
    for name in ("b", "a"):
        text = f"id: {name}\nanswers: {{age: adult}}\nexpected: {{urgency: soon, type: null}}\n"
        (tmp_path / f"{name}.yaml").write_text(text)
    cases = read(tmp_path)
    assert [case.entry.id for case in cases] == ["a", "b"]
    assert cases[0].entry.urgency == "soon"


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadCases, match=r"none\.json: cannot be read"):
        read(tmp_path / "none.json")


def test_an_empty_folder_holds_no_case(tmp_path: Path) -> None:
    with pytest.raises(BadCases, match="holds no case"):
        read(tmp_path)


def test_an_empty_list_holds_no_case(refusal) -> None:
    assert "holds no case" in refusal([])


@pytest.mark.parametrize("content", ["", "{", "[1, 2", b"\xff\xfe[]", "nonsense"])
def test_what_is_no_json_is_told_by_file_name(refusal, content: object) -> None:
    assert "cases.json: " in refusal(content)


@pytest.mark.parametrize("content", [{}, 7, "a text", [7], [[]], [None]])
def test_what_is_no_list_of_cases_is_told_by_file_name(refusal, content: object) -> None:
    assert "cases.json: " in refusal(json.dumps(content))


@pytest.mark.parametrize("missing", ["id", "answers", "urgency"])
def test_a_missing_key_is_named(refusal, missing: str) -> None:
    message = refusal([{key: value for key, value in GOOD.items() if key != missing}])
    assert f"0.{missing}: Field required" in message


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"urgency": "urgent"}, "0.urgency: Input should be 'self_care'"),
        ({"urgency_acceptable": ["soonish"]}, "0.urgency_acceptable.0: Input should be"),
        ({"type": "dystrofic"}, "0.type: Input should be 'dystrophic'"),
        ({"answers": {"age": 7}}, "0.answers.age"),
        ({"answers": {"age": True}}, "0.answers.age"),
        ({"answers": ["adult"]}, "0.answers: Input should be"),
        ({"labs": {"pth": {"value": 7, "unit": "pmol/L"}}}, "0.labs.pth.value"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(
    refusal, change: dict[str, object], complaint: str
) -> None:
    assert complaint in refusal([{**GOOD, **change}])


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            {"answers": {"aeg": "adult"}},
            "good: unknown question 'aeg'; allowed: age, breath",
        ),
        ({"answers": {"age": "grown"}}, "good: age: unknown_option; allowed: under_3m, under_1"),
        ({"answers": {"age": ["adult", "child"]}}, "good: age: two_values"),
        ({"answers": {"skin": []}}, "good: skin: missing"),
        ({"answers": {"skin": ["normal", "hot"]}}, "good: skin: none_with_others"),
        ({"second_reading": {"age": "grown"}}, "good: age: unknown_option"),
        ({"labs": {"pht": {"value": "7", "unit": "pmol/L"}}}, "good: labs: unknown_analyte"),
        ({"labs": {"pth": {"value": "7", "unit": "pmol"}}}, "good: pth: unknown_unit"),
        ({"labs": {"pth": {"value": "high", "unit": "pmol/L"}}}, "good: pth: not_a_number"),
    ],
)
def test_an_answer_that_cannot_be_used_is_told_with_the_case(
    refusal, change: dict[str, object], complaint: str
) -> None:
    assert complaint in refusal([{**GOOD, **change}])


def test_every_faulty_case_is_told_at_once(refusal) -> None:
    bad = [{**GOOD, "id": name, "answers": {"age": "grown"}} for name in ("one", "two")]
    assert len(refusal([*bad, GOOD]).splitlines()) == 2


def test_a_faulty_yaml_file_is_told_by_its_name(refusal) -> None:
    assert "bad.yaml" in refusal("id: [", "bad.yaml")
    assert "bad.yaml" in refusal("id: x\nanswers: {}\n", "bad.yaml")


@pytest.mark.parametrize("content", ["", "- id: x\n", "just words\n", "expected: soon\n"])
def test_a_yaml_file_that_holds_no_case_is_told_not_thrown(refusal, content: str) -> None:
    assert "bad.yaml" in refusal(content, "bad.yaml")


def test_a_bare_no_is_not_taken_for_the_option_no(refusal) -> None:
    """Plain YAML reads it as false."""
    text = "id: x\nurgency: soon\nanswers: {pain: no}\n"
    assert "answers.pain" in refusal(text, "bad.yaml")


def test_conflicts_are_read_with_their_rule_and_reason(tmp_path: Path) -> None:
    file = tmp_path / "conflicts.yaml"
    file.write_text('- {case: case-1, rule: U1, why: "It is hot."}\n')
    assert read_conflicts(file) == {"case-1": "conflicts with U1: It is hot."}
    assert read_conflicts(tmp_path / "none.yaml") == {}

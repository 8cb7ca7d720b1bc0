"""Every published case walks through the real pages, without script, to the API's own result."""

import pytest

from app.assurance.proof.evaluator import read_yaml_strings
from app.settings import ROOT

FILES = sorted((ROOT / "rules" / "cases" / "published").glob("*.yaml"))
OUTSIDE = "TW20"
"""Nobody has a lump, sore skin or a known calcinosis: the page says where to go, and no type."""


def answers_of(path):
    raw = read_yaml_strings(path)["answers"]
    return {question: [o] if isinstance(o, str) else o for question, o in raw.items()}


def test_there_are_published_cases():
    assert len(FILES) > 50


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_published_case_ends_in_the_result_of_the_api(visitor, path):
    given = answers_of(path)
    assert visitor.walk(given).url == "/answers"
    page = visitor.get("/result")
    asked = {step.removeprefix("/check/") for step in visitor.steps if step.startswith("/check/")}
    sent = {question: given.get(question, ["not_sure"]) for question in asked}
    assessment_json = visitor.client.post("/api/v1/assess", json={"answers": sent}).json()
    assert assessment_json["complete"]
    assert page.level == assessment_json["urgency"]
    likely = {tag["data-likely"] for _, tag in page.tags if "data-likely" in tag}
    outside = OUTSIDE in {finding["rule"] for finding in assessment_json["findings"]}
    if page.level != "emergency":
        assert ('id="out-of-scope"' in page.html) == outside
    assert likely == (set() if outside else {assessment_json["likely_type"]})

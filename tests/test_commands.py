"""The command line as a person uses it: output, exit codes, faults in words."""

import json
import shutil
from pathlib import Path
from threading import Event

import pytest
from typer.testing import CliRunner

from app.commands import app, console
from app.documents.receipt import write_receipt
from app.rulebook.load import load_rulebook_folder
from app.triage.rules import assess_answers
from tests.builders import answers
from tests.documents.test_receipt import copied, forged, receipt_of

ROOT = Path(__file__).resolve().parent.parent
CASE = {"answers": {"breath": ["confused"]}, "region": "uk"}


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("COLUMNS", "200")
    return CliRunner()


def test_help_names_every_command(call: CliRunner) -> None:
    shown = call.invoke(app, ["--help"]).output
    for command in ("serve", "doctor", "assess", "verify", "benchmark", "rules"):
        assert command in shown
    shown = call.invoke(app, ["rules", "--help"]).output
    for command in ("check", "show", "draw"):
        assert command in shown


def test_doctor_says_what_people_lack_while_a_setting_is_empty(
    call: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALCINOSIS_OPERATOR_NAME", "Hill Clinic")
    result = call.invoke(app, ["doctor"])
    assert result.exit_code == 1
    assert "CALCINOSIS_OPERATOR_NAME" not in result.stderr
    for name in ("OPERATOR_ADDRESS", "OPERATOR_TELEPHONE", "TRUSTED_ORIGIN"):
        assert f"CALCINOSIS_{name}: is not set; " in result.stderr
    assert "no clinician has approved it" in result.stderr


def test_doctor_names_each_clinic_that_patients_cannot_call(
    call: CliRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CALCINOSIS_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("CALCINOSIS_DATABASE_URL", "")
    place = ["--region", "uk", "--time-zone", "Europe/London"]
    call.invoke(app, ["clinic", "add", "Silent Clinic", *place])
    call.invoke(app, ["clinic", "add", "Other Clinic", *place, "--telephone", "020 7946 0000"])
    said = call.invoke(app, ["doctor"]).stderr
    assert "clinic Silent Clinic: has no telephone" in said
    assert "Other Clinic" not in said


def test_assess_reads_a_file_and_standard_input(call: CliRunner, tmp_path: Path) -> None:
    file = tmp_path / "case.json"
    file.write_text(json.dumps(CASE))
    for result in (
        call.invoke(app, ["assess", str(file)]),
        call.invoke(app, ["assess", "-"], input=json.dumps(CASE)),
    ):
        assert result.exit_code == 0
        assert json.loads(result.stdout)["urgency"] == "emergency"


def test_assess_says_what_is_wrong_and_does_not_repeat_it(call: CliRunner) -> None:
    result = call.invoke(app, ["assess", "-"], input='{"answers": {"age": "canary-1"}}')
    assert result.exit_code == 1
    assert "answers.age: unknown option; allowed: under_3m" in result.stderr
    assert "canary-1" not in result.output


def test_assess_without_a_file_is_a_wrong_call(call: CliRunner, tmp_path: Path) -> None:
    result = call.invoke(app, ["assess", str(tmp_path / "none.json")])
    assert result.exit_code == 2
    assert "No such file" in result.stderr


def test_verify_shows_the_assessment_of_a_receipt_again(call: CliRunner) -> None:
    receipt = receipt_of(answers(skin=["pus"]))
    lines = [receipt[i : i + 30] for i in range(0, len(receipt), 30)]
    for result in (
        call.invoke(app, ["verify", receipt]),
        call.invoke(app, ["verify", "-"], input="\n".join(lines)),
    ):
        assert result.exit_code == 0
        assert "The receipt says  same_day, " in result.stdout
        assert ": the same" in result.stdout
        assert "U3: same_day: " in result.stdout
        assert "skin: pus" in result.stdout


def test_verify_tells_findings_that_rest_on_a_doubt_and_open_questions(call: CliRunner) -> None:
    doubtful = call.invoke(app, ["verify", receipt_of(answers(breath=["not_sure"]))])
    assert "same_day (not sure): " in doubtful.stdout
    unfinished = call.invoke(app, ["verify", receipt_of({"age": frozenset({"adult"})})])
    assert unfinished.exit_code == 0
    assert "at least this" in unfinished.stdout


def test_verify_refuses_a_damaged_receipt_without_repeating_it(call: CliRunner) -> None:
    receipt = receipt_of(answers())
    for sent, message in ((receipt[:-1], "wrong or missing"), ("canary-1", "no receipt")):
        result = call.invoke(app, ["verify", sent])
        assert result.exit_code == 1
        assert message in result.stderr
        assert sent not in result.output
    result = call.invoke(app, ["verify", "-"], input=b"\xff\xfe")
    assert result.exit_code == 1


def test_verify_fails_where_the_receipt_claims_another_level(call: CliRunner) -> None:
    result = call.invoke(app, ["verify", forged([("breath", "confused")], "SELF-CARE")])
    assert result.exit_code == 1
    assert "The receipt says  self_care, " in result.stdout
    assert "The rules say     emergency, " in result.stdout
    assert "they differ" in result.stdout
    assert "was changed" in result.stderr


def test_verify_judges_an_older_receipt_by_its_own_rulebook(
    call: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "rules", tmp_path / "rules", ignore=shutil.ignore_patterns("cases"))
    monkeypatch.setenv("CALCINOSIS_RULES", str(tmp_path / "rules"))
    old = load_rulebook_folder(copied(tmp_path / "rules" / "published" / "2025.1.1"))
    receipt = write_receipt(old, answers(), assess_answers(old, answers()))
    result = call.invoke(app, ["verify", receipt])
    assert result.exit_code == 0
    assert "Rulebook          2025.1.1 of " in result.stdout
    assert "Rulebook of today" in result.stdout
    shutil.rmtree(tmp_path / "rules" / "published")
    result = call.invoke(app, ["verify", receipt])
    assert result.exit_code == 1
    assert f"Made with rulebook 2025.1.1 ({old.sha256[:16]})" in result.stderr


def test_rules_check_counts_what_the_rulebook_holds(call: CliRunner) -> None:
    result = call.invoke(app, ["rules", "check"])
    assert result.exit_code == 0
    assert "No faults." in result.stdout
    assert "nobody yet" in result.stdout


def test_every_command_refuses_a_faulty_rulebook(
    call: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    rules = tmp_path / "rules" / "urgency" / "skin.yaml"
    rules.write_text(rules.read_text().replace("urgency: same_day", "urgency: tomorrow", 1))
    monkeypatch.setenv("CALCINOSIS_RULES", str(tmp_path / "rules"))
    monkeypatch.setenv("CALCINOSIS_VAR", str(tmp_path / "var"))
    for command in (
        ["rules", "check"],
        ["rules", "show", "E1"],
        ["rules", "draw"],
        ["benchmark"],
        ["assess", "-"],
        ["verify", "-"],
        ["serve"],
    ):
        result = call.invoke(app, command, input="{}")
        assert result.exit_code == 1, command
        assert "'tomorrow' is not allowed" in result.stderr, command


def test_rules_show_says_a_rule_in_words(call: CliRunner) -> None:
    result = call.invoke(app, ["rules", "show", "U11"])
    assert result.exit_code == 0
    assert "U11: same_day" in result.stdout
    assert "Finger or thumb" in result.stdout
    assert "Sources" in result.stdout


def test_rules_show_lists_the_rules_when_the_id_is_unknown(call: CliRunner) -> None:
    result = call.invoke(app, ["rules", "show", "X99"])
    assert result.exit_code == 2
    assert "E1, E2" in result.stderr


def test_rules_draw_writes_a_picture(call: CliRunner, tmp_path: Path) -> None:
    result = call.invoke(app, ["rules", "draw", "-o", str(tmp_path / "flow.svg")])
    assert result.exit_code == 0
    assert (tmp_path / "flow.svg").read_text().startswith("<svg")


def test_benchmark_reports_the_published_cases(call: CliRunner) -> None:
    result = call.invoke(app, ["benchmark", "--json"])
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert report["tuned"]["cases"] == 110
    assert report["tuned"]["headline"]["urgent_missed"]["count"] == 0


def test_benchmark_takes_any_list_of_cases(call: CliRunner, tmp_path: Path) -> None:
    case = {
        "id": "mine",
        "answers": {"breath": ["none"], "age": "adult", "skin": ["pus"]},
        "labs": {},
        "urgency": "soon",
        "urgency_acceptable": ["soon", "same_day"],
        "urgency_confidence": "medium",
        "type": "not_calcinosis",
        "type_acceptable": ["cannot_tell"],
        "type_scorable": True,
    }
    file = tmp_path / "cases.json"
    file.write_text(json.dumps([case]))
    result = call.invoke(app, ["benchmark", str(file)])
    assert result.exit_code == 0
    assert "mine: expected soon (medium), given same_day (acceptable) by U3" in result.stdout


def test_benchmark_names_a_case_that_cannot_be_used(call: CliRunner, tmp_path: Path) -> None:
    file = tmp_path / "cases.json"
    file.write_text('[{"id": "odd", "answers": {"age": "old"}, "urgency": "soon"}]')
    result = call.invoke(app, ["benchmark", str(file)])
    assert result.exit_code == 1
    assert "odd: age: unknown_option" in result.stderr


def test_progress_is_a_line_now_and_then_where_there_is_no_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines: list[str] = []
    written = Event()

    def note(text: str = "", **_: object) -> None:
        lines.append(text)
        written.set()

    monkeypatch.setattr(console, "LINE_SECONDS", 0.001)
    monkeypatch.setattr(console.stderr, "print", note)
    with console.show_progress("Listing mutants") as progress:
        assert written.wait(60)
        assert lines[0] == "Listing mutants"
        progress.begin_step("Mutants", 3504)(120)
        while "Mutants: 120 of 3504" not in lines:
            assert written.wait(60)
            written.clear()

"""Which readings are blind, which sets are unseen, and which figure leads.

The real readings stand at the end: what the rulebook made of people that it had never met.
"""

import json
import shutil
from dataclasses import replace
from decimal import Decimal
from math import isclose
from pathlib import Path

import pytest

from app.assurance import blind_words
from app.assurance.asked import EditionTranslations, find_edition_translations, hash_questions
from app.assurance.benchmark import Share, run_benchmark
from app.assurance.blind import BlindReport, SetRun, benchmark_set, benchmark_sets
from app.assurance.cases import Case, CaseEntry
from app.assurance.figures import clopper_pearson_bounds
from app.assurance.sets import CaseLibrary, LabelOpening, Reading, read_library
from app.rulebook.load import load_rulebook_folder, publish_rulebook
from app.triage.questionnaire import Option, Questionnaire, parse_answer
from app.triage.rulebook import Rulebook
from app.triage.wording import QuestionWords
from tests.assurance.kept_sets import DAY, LATER, Shelf, shelf
from tests.builders import RULES, rulebook

SKIN = rulebook().questionnaire["skin"]
_WORDS = rulebook().wording["en"]
_CRUSTY = {**_WORDS.questions["skin"].options, "crusty": "Crusty"}
_ASKED = {**_WORDS.questions, "skin": QuestionWords("Skin?", "", "", _CRUSTY)}
WORDING = {"en": replace(_WORDS, questions=_ASKED)}
WRONG = {"ben": {"skin": ["pus"]}}
"""Ben's answers misread: same day instead of routine."""


@pytest.fixture
def new(tmp_path: Path) -> Shelf:
    """A set that two readers answered blind and that was opened then."""
    made = shelf(tmp_path)
    made.note("unseen")
    made.keep("A")
    made.keep("B", WRONG)
    made.open()
    return made


@pytest.fixture
def building(tmp_path: Path) -> Shelf:
    """A set that one reader answered blind and that is open for building."""
    made = shelf(tmp_path)
    made.note("building")
    made.keep("A")
    made.open()
    return made


def other_rules() -> Rulebook:
    """The same questions; one rule fewer, and so another hash."""
    return replace(rulebook(), version="2099.1.1", sha256="f" * 64)


def more_options() -> Rulebook:
    """The skin may be crusty as well, which today's questions do not know."""
    crusty = replace(SKIN, options=(Option("crusty"), *SKIN.options))
    asked = [crusty if question is SKIN else question for question in rulebook().questionnaire]
    return replace(other_rules(), questionnaire=Questionnaire(tuple(asked)), wording=WORDING)


def led_by(runs: BlindReport) -> SetRun:
    assert runs.headline is not None
    return runs.headline


def edit(file: Path, old: str, text: str) -> None:
    file_text = file.read_text()
    assert old in file_text
    file.write_text(file_text.replace(old, text, 1))


# The mean and what readers agree in.


def test_each_reader_has_a_score_and_their_mean_leads(new: Shelf) -> None:
    one = led_by(new.runs())
    assert [(r.reader, r.score.exact) for r in one.readers] == [
        ("A", Share(3, 3)),
        ("B", Share(2, 3)),
    ]
    assert one.mean is not None
    assert (one.mean["exact"].count, one.mean["exact"].of) == (2.5, 3)
    assert (one.mean["type_exact"].count, one.mean["type_exact"].of) == (1, 1)


def test_the_bounds_are_over_cases_and_more_readers_do_not_narrow_them(new: Shelf) -> None:
    mean = led_by(new.runs()).mean
    assert mean is not None
    assert isclose(mean["exact"].low, clopper_pearson_bounds(2, 3)[0], abs_tol=1e-6)
    assert isclose(mean["exact"].high, clopper_pearson_bounds(3, 3)[1], abs_tol=1e-6)
    assert isclose(mean["under"].high, clopper_pearson_bounds(0, 3)[1], abs_tol=1e-6)


def test_readers_are_compared_answer_by_answer_and_level_by_level(new: Shelf) -> None:
    one = led_by(new.runs())
    assert one.same_level == Share(2, 3)
    assert one.same_answers is not None
    assert one.same_answers.of - one.same_answers.count == 1
    assert one.same_answers.of > 30


def test_one_reader_alone_agrees_with_nobody(building: Shelf) -> None:
    one = led_by(building.runs())
    assert (one.same_answers, one.same_level) == (None, None)


# Blind.


@pytest.mark.parametrize(
    ("old", "text"),
    [("skin: [pus]", "skin: [normal]"), ("reader: B", "reader: B\nrefused: ['ben: x']")],
)
def test_a_reading_that_was_edited_is_not_blind_and_leaves_the_mean(
    new: Shelf, old: str, text: str
) -> None:
    edit(new.cases / "readings" / "new-B.yaml", old, text)
    one = new.runs().headline
    assert one is not None
    assert [r.not_blind for r in one.readers] == [(), ("edited",)]
    assert one.mean is not None
    assert one.mean["exact"].count == 3
    assert one.same_level is None


def test_a_reading_that_nobody_logged_is_not_blind(new: Shelf) -> None:
    (new.cases / "readings.yaml").unlink()
    assert new.runs().headline is None
    [one] = new.runs().others
    assert {r.not_blind for r in one.readers} == {("not_logged",)}
    assert one.mean is None


def test_other_stories_take_the_word_blind_away(new: Shelf) -> None:
    file = new.cases / "sets" / "new.yaml"
    edit(file, read_library(new.cases).sets["new"].stories, "a" * 64)
    [one] = new.runs().others
    assert {r.not_blind for r in one.readers} == {("other_stories",)}


def test_other_questions_take_the_word_blind_away_and_what_is_known_still_counts(
    tmp_path: Path,
) -> None:
    made = shelf(tmp_path)
    made.note("unseen")
    made.book = more_options()
    for reader in ("A", "B"):
        made.keep(reader, {"ben": {"skin": ["crusty", "pus"]}, "cora": {"skin": ["crusty"]}})
    made.open(made.book)
    [one] = made.runs().others
    assert made.runs().headline is None
    assert {r.not_blind for r in one.readers} == {("other_questions",)}
    assert [r.left_out for r in one.readers] == [2, 2]
    assert one.readers[0].score.over_by_more == Share(1, 3)


def test_other_rules_leave_a_reading_blind(new: Shelf) -> None:
    assert {r.not_blind for r in led_by(new.runs(other_rules())).readers} == {()}


def test_a_reading_that_lacks_a_story_is_not_blind(new: Shelf) -> None:
    file = new.cases / "readings" / "new-A.yaml"
    file.write_text(file.read_text().partition("  cora:")[0])
    reasons = {r.reader: r.not_blind for r in led_by(new.runs()).readers}
    assert reasons == {"A": ("edited", "unanswered"), "B": ()}


def test_a_reading_made_after_unseen_labels_were_opened_is_not_blind(tmp_path: Path) -> None:
    late = shelf(tmp_path)
    late.note("unseen")
    late.keep("A")
    late.keep("B", date=LATER)
    late.open(date=DAY)
    assert [r.not_blind for r in led_by(late.runs()).readers] == [(), ("late",)]


def test_numbers_beyond_new_limits_are_left_out_and_counted(tmp_path: Path) -> None:
    made = shelf(tmp_path)
    made.note("building")
    handed = json.loads(made.handed({}).read_text())["answers"]
    handed["ben"]["labs"] = {"phosphate": {"value": "2.53", "unit": "mmol/L"}}
    made.keep("A", answers=handed)
    made.open()
    assert led_by(made.runs()).readers[0].left_out == 0
    phosphate = rulebook().laboratory.analytes["phosphate"]
    narrow = tuple(replace(unit, hard=(Decimal(0), Decimal("0.1"))) for unit in phosphate.units)
    analytes = {**rulebook().laboratory.analytes, "phosphate": replace(phosphate, units=narrow)}
    book = replace(other_rules(), laboratory=replace(rulebook().laboratory, analytes=analytes))
    assert [r.left_out for one in made.runs(book).others for r in one.readers] == [1]


# Unseen.


def test_unseen_is_said_only_with_the_rulebook_that_a_set_was_opened_with(new: Shelf) -> None:
    one = led_by(new.runs())
    assert (one.standing, one.not_unseen, one.sha256) == ("unseen", (), rulebook().sha256)
    later = led_by(new.runs(other_rules()))
    assert (later.standing, later.not_unseen) == ("not_built_with", ("other_rulebook",))


def test_unseen_is_refused_where_fewer_than_two_readings_are_blind(new: Shelf) -> None:
    edit(new.cases / "readings" / "new-B.yaml", "skin: [pus]", "skin: [normal]")
    one = led_by(new.runs())
    assert (one.standing, one.not_unseen) == ("not_built_with", ("few_readers",))


def test_a_set_for_building_is_never_unseen_and_is_tuned_for_every_later_rulebook(
    building: Shelf,
) -> None:
    first = led_by(building.runs())
    assert (first.standing, first.not_unseen) == ("not_built_with", ("building", "few_readers"))
    runs = building.runs(other_rules())
    assert runs.headline is None
    assert [one.standing for one in runs.others] == ["built_with"]


def test_a_set_that_is_not_opened_is_counted_and_not_tried(tmp_path: Path) -> None:
    made = shelf(tmp_path)
    made.note("unseen")
    made.keep("A")
    runs = made.runs()
    assert (runs.headline, runs.others, runs.closed) == (None, (), {"new": 1})
    assert "Set new: not opened yet; kept readings: 1" in blind_words.format_blind_report(runs, "")


# The headline.


@pytest.fixture
def published(tmp_path: Path) -> Shelf:
    """A building set, opened with a rulebook that is published, before today's."""
    left_out = shutil.ignore_patterns("published", "cases")
    shutil.copytree(RULES, tmp_path / "rules", ignore=left_out)
    made = shelf(tmp_path)
    head = made.rules / "rulebook.yaml"
    today = head.read_text()
    edit(head, rulebook().version, "2026.1.1")
    earlier, _ = publish_rulebook(made.rules)
    head.write_text(today)
    made.note("building")
    made.keep("A")
    made.open(earlier)
    return made


def test_the_rulebook_that_a_set_was_opened_with_is_tried_again_and_leads(
    published: Shelf,
) -> None:
    runs = published.runs()
    assert (led_by(runs).rulebook, led_by(runs).standing) == ("2026.1.1", "not_built_with")
    assert [(o.rulebook, o.standing) for o in runs.others] == [(rulebook().version, "built_with")]
    report = blind_words.format_blind_report(runs, rulebook().sha256)
    assert report.startswith("HEADLINE\nSet new, rulebook 2026.1.1 (")
    assert "The headline is of another rulebook than today's" in report


def test_an_unseen_set_leads_before_any_other(published: Shelf) -> None:
    published.name = "fresh"
    published.note("unseen")
    published.keep("A")
    published.keep("B")
    published.open()
    runs = published.runs()
    assert (led_by(runs).name, led_by(runs).standing) == ("fresh", "unseen")
    assert "another rulebook than today's" not in blind_words.format_blind_report(
        runs, rulebook().sha256
    )


# In words.


def test_the_words_say_why_a_word_is_taken_away(new: Shelf) -> None:
    edit(new.cases / "readings" / "new-B.yaml", "skin: [pus]", "skin: [normal]")
    report = blind_words.format_blind_report(new.runs(), rulebook().sha256)
    assert "Not called unseen: fewer than 2 blind readings are kept." in report
    assert "Reader A, 2026-12-01, blind: level exact 3/3 (100.0%)" in report
    assert "Reader B, 2026-12-01, NOT blind: it was changed after it was kept:" in report
    assert "Mean of blind readings (1), 95 % bounds over 3 cases" in report
    assert "    level exact           100.0% (29.2% to 100.0%) of 3\n" in report


def test_the_words_say_what_readers_agree_in(new: Shelf) -> None:
    report = blind_words.format_blind_report(new.runs(), rulebook().sha256)
    assert "unseen: opened once, after the last change of this rulebook" in report
    assert "Readers agree in levels   2/3 (66.7%)" in report
    assert "    level exact           83.3% (9.4% to 100.0%) of 3\n" in report


def test_where_nothing_leads_the_words_say_so(building: Shelf) -> None:
    report = blind_words.format_blind_report(building.runs(other_rules()), "f" * 64)
    assert report.startswith("No headline: no cases that a rulebook was not built with")
    assert "tuned: rules were sharpened with these cases" in report


def test_the_runs_are_plain_values(new: Shelf) -> None:
    plain = json.loads(json.dumps(new.runs().as_json()))
    assert plain["headline"]["mean"]["exact"]["count"] == 2.5
    assert plain["headline"]["same_level"] == {"count": 2, "of": 3}


# The real readings.

REAL = read_library(RULES / "cases")


def test_the_first_reading_by_a_stranger_gives_what_it_gave() -> None:
    """The rulebook and the reading are kept for ever, so these figures are too."""
    book, one = load_rulebook_folder(RULES / "published" / "2026.11.1"), REAL.sets["second-a"]
    assert one.opened is not None
    found = benchmark_set(book, one, one.opened, REAL)
    assert found.standing == "not_built_with"
    assert [(r.reader, r.not_blind, r.refused) for r in found.readers][:1] == [("A", (), 0)]
    score = found.readers[0].score
    assert str(score.exact) == "29/55 (52.7%)"
    assert str(score.acceptable) == "45/55 (81.8%)"
    assert str(score.type_exact) == "35/50 (70.0%)"
    assert str(score.type_acceptable) == "46/50 (92.0%)"
    assert score.urgent_missed == Share(4, 20)


@pytest.fixture(scope="module")
def real_ways() -> EditionTranslations:
    """From the questions of every kept reading to those of today."""
    return find_edition_translations(
        rulebook(), RULES, {reading.questions for reading in REAL.readings}
    )


def test_answers_to_the_questions_of_a_published_edition_are_translated_and_not_blind(
    real_ways: EditionTranslations,
) -> None:
    one = REAL.sets["second-a"]
    assert one.opened is not None
    found = benchmark_set(rulebook(), one, one.opened, REAL, real_ways)
    reader = next(one for one in found.readers if one.translated)
    assert (reader.translated, reader.not_blind) == ("2026.11.1", ("other_questions",))
    assert (reader.refused, reader.left_out) == (0, 0)
    assert found.standing == "built_with"
    assert reader not in found.blind_readings
    assert reader.score == run_benchmark(rulebook(), translated_by_hand(real_ways)).headline


def answered_earlier() -> Reading:
    """The one reading that answered the questions of an earlier edition."""
    [found] = (
        one for one in REAL.readings_of("second-a") if one.questions != hash_questions(rulebook())
    )
    return found


def translated_by_hand(real_ways: EditionTranslations) -> list[Case]:
    """The cases of the set with what its reader answered, in the questions of today."""
    reading, [way] = answered_earlier(), real_ways.values()
    cases = []
    for case in REAL.sets["second-a"].cases:
        assert case.expected is not None
        story_answers = reading.answers[case.id]
        old = {
            name: parse_answer(way.asked_by.questionnaire[name], c)
            for name, c in story_answers.answers.items()
        }
        entry = CaseEntry(
            id=case.id, answers={}, labs=story_answers.labs, **case.expected.model_dump()
        )
        cases.append(Case(entry, way.table.translate_answers(old), {}))
        path = rulebook().questionnaire.trace_path(cases[-1].answers)
        assert (path.next, path.ignored) == (None, ()), case.id
    return cases


def test_the_headline_stays_with_the_edition_whose_questions_were_answered_blind() -> None:
    runs = benchmark_sets(rulebook(), RULES, REAL)
    assert (led_by(runs).name, led_by(runs).rulebook) == ("second-b", "2026.12.1")
    assert {reader.translated for reader in led_by(runs).readers} == {None}
    report = blind_words.format_blind_report(runs, rulebook().sha256)
    assert "Reader A, 2026-11-29, blind: level exact 29/55 (52.7%)" in report
    assert (
        "Reader A, 2026-11-29, translated from the questions of 2026.11.1, NOT blind: "
        "the questions of this rulebook are others than those that were answered: level" in report
    )


def test_unseen_is_refused_where_readings_are_only_translated(
    real_ways: EditionTranslations,
) -> None:
    """Even with two readers, and with the very rulebook that the labels were opened with."""
    first = answered_earlier()
    second = first.model_copy(update={"reader": "B"})
    when = LabelOpening(rulebook=rulebook().version, sha256=rulebook().sha256, date=first.date)
    one = REAL.sets["second-a"].model_copy(update={"use": "unseen", "opened": when})
    log = {reading.name: reading.content_hash for reading in (first, second)}
    library = CaseLibrary({one.name: one}, (first, second), log)
    found = benchmark_set(rulebook(), one, when, library, real_ways)
    assert {reader.not_blind for reader in found.readers} == {("other_questions",)}
    assert (found.standing, found.not_unseen) == ("not_built_with", ("few_readers",))
    assert found.mean is None
    assert benchmark_sets(rulebook(), RULES, library).headline is None


def test_questions_that_no_published_edition_asked_have_no_way() -> None:
    assert (
        find_edition_translations(rulebook(), RULES, {"a" * 64, hash_questions(rulebook())}) == {}
    )


def test_every_kept_reading_is_as_it_was_first_kept() -> None:
    assert {r.name: r.content_hash for r in REAL.readings} == dict(REAL.log)


def test_no_case_stands_in_two_sets_and_only_the_first_holds_those_that_we_answered() -> None:
    own = {file.stem for file in (RULES / "cases" / "published").glob("*.yaml")}
    known = [case.id for one in REAL.sets.values() for case in one.cases]
    assert len(set(known)) == len(known)
    for one in REAL.sets.values():
        assert {case.id for case in one.cases} & own == (own if one.name == "first" else set())


def test_an_opened_set_names_a_rulebook_that_is_kept() -> None:
    for one in REAL.sets.values():
        if one.opened is not None and one.opened.sha256 != rulebook().sha256:
            kept = load_rulebook_folder(RULES / "published" / one.opened.rulebook)
            assert kept.sha256 == one.opened.sha256

"""What a blind reader gets, and how the answers are kept: whole, once, with their hashes."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from app.assurance.asked import format_questions, hash_questions
from app.assurance.cases import BadCases
from app.assurance.reading import build_reading, make_reader_folder, read_stories
from app.assurance.sets import read_library
from tests.assurance.kept_sets import DAY, RIGHT, STORIES, Shelf, shelf, whole
from tests.builders import rulebook


@pytest.fixture
def new(tmp_path: Path) -> Shelf:
    """A set of three stories that nobody has opened."""
    made = shelf(tmp_path)
    made.note("unseen")
    return made


@pytest.fixture
def folder(new: Shelf, tmp_path: Path) -> Path:
    """What a reader gets."""
    stories = read_stories(new.stories())
    make_reader_folder(rulebook(), stories, new.cases / "README.md", tmp_path / "reader")
    return tmp_path / "reader"


def test_a_reader_gets_the_stories_and_the_questions_and_nothing_else(folder: Path) -> None:
    assert sorted(file.name for file in folder.iterdir()) == [
        "README.md", "answers.json", "questions.md", "stories.txt",
    ]  # fmt: skip
    stories_text = (folder / "stories.txt").read_text()
    for one in STORIES:
        assert f"## {one['id']}\n\n{one.get('story') or one['vignette']}\n" in stories_text
    assert "secret" not in stories_text
    assert (folder / "questions.md").read_text() == format_questions(rulebook())


def test_a_reader_gets_the_convention_and_no_figure(folder: Path) -> None:
    convention_text = (folder / "README.md").read_text()
    assert convention_text.startswith("## How a retelling becomes answers\n")
    assert "Every question on the path is answered" in convention_text
    assert "## What a reader hands in" in convention_text
    assert "level exact" not in convention_text
    assert "66 of 110" not in convention_text


def test_the_convention_speaks_only_of_what_is_asked_today(folder: Path) -> None:
    asked = rulebook().questionnaire
    known = {id_ for question in asked for id_ in (question.id, *question.option_ids)}
    known |= {"answers.json", "answers", "labs"}
    named_ids = re.findall(r"`([a-z_0-9.]+)`", (folder / "README.md").read_text())
    assert len(named_ids) > 20
    assert set(named_ids) - known == set()
    example = json.loads((folder / "README.md").read_text().partition("```json")[2].split("```")[0])
    [reply] = example["answers"].values()
    for name, chosen in reply["answers"].items():
        assert set(chosen) <= set(asked[name].option_ids)


def test_the_stories_are_ordered_by_hash_and_not_as_they_were_told(new: Shelf) -> None:
    more = [{"id": f"d{n}", "story": f"You are number {n}."} for n in range(20)]
    listed = read_stories(new.stories(*more))
    file = new.rules / "stories.json"
    file.write_text(json.dumps(json.loads(file.read_text())[::-1]))
    assert read_stories(file) == listed
    assert [one.id for one in listed] != sorted(one.id for one in listed)


def test_the_hash_of_the_stories_is_that_of_the_file_that_a_reader_gets(
    new: Shelf, folder: Path
) -> None:
    shell = json.loads((folder / "answers.json").read_text())
    in_file = hashlib.sha256((folder / "stories.txt").read_bytes()).hexdigest()
    assert read_library(new.cases).sets["new"].stories == in_file
    assert shell == {"questions": hash_questions(rulebook()), "stories": in_file, "answers": {}}


def test_a_folder_that_is_there_is_never_written_over(new: Shelf, folder: Path) -> None:
    with pytest.raises(BadCases, match="a new folder is needed: File exists"):
        make_reader_folder(rulebook(), read_stories(new.stories()), new.cases / "README.md", folder)


@pytest.mark.parametrize(
    "faulty_stories", [[], [*STORIES, STORIES[0]], [{"id": "a b", "story": "x"}], {}]
)
def test_stories_that_cannot_be_told_apart_are_refused(new: Shelf, faulty_stories: object) -> None:
    file = new.rules / "stories.json"
    file.write_text(json.dumps(faulty_stories))
    with pytest.raises(BadCases, match=r"stories\.json: "):
        read_stories(file)


# Keeping.


def test_a_set_holds_no_story(new: Shelf) -> None:
    text = (new.cases / "sets" / "new.yaml").read_text()
    for one in STORIES:
        assert one["id"] in text
        assert (one.get("story") or one["vignette"]) not in text


def test_answers_are_kept_with_what_was_shown_and_their_hash_is_logged(new: Shelf) -> None:
    new.keep("A")
    library = read_library(new.cases)
    [reading] = library.readings
    assert (reading.set, reading.reader, reading.date, reading.refused) == ("new", "A", DAY, [])
    assert reading.questions == hash_questions(rulebook())
    assert reading.stories == library.sets["new"].stories
    assert reading.answers["anna"].answers == whole(RIGHT["anna"])
    assert library.log == {"new-A": reading.content_hash}


def test_an_id_that_the_questionnaire_does_not_know_is_left_out_and_logged(new: Shelf) -> None:
    replies = {name: {"answers": whole(reply), "labs": {}} for name, reply in RIGHT.items()}
    replies["ben"]["answers"] |= {"skin": ["normal", "crusty"], "mood": ["low"]}
    replies["ben"]["labs"] = {"iron": {"value": "1", "unit": "g"}}
    new.keep("A", answers=replies)
    [reading] = read_library(new.cases).readings
    assert reading.refused == ["ben: skin=crusty", "ben: mood", "ben: iron in g"]
    assert reading.answers["ben"].answers == whole({})
    assert reading.answers["ben"].labs == {}


def test_numbers_are_kept_and_a_single_answer_needs_no_list(new: Shelf) -> None:
    phosphate = {"phosphate": {"value": "2.53", "unit": "mmol/L"}}
    ben = {"answers": {**whole({}), "kidney": "no"}, "labs": phosphate, "audience": "nurse"}
    others = {name: {"answers": whole(RIGHT[name])} for name in ("anna", "cora")}
    new.keep("A", answers={**others, "ben": ben})
    [reading] = read_library(new.cases).readings
    assert (reading.answers["ben"].labs, reading.answers["ben"].answers["kidney"]) == (
        phosphate,
        ["no"],
    )


def _ben(**changes: object) -> dict[str, object]:
    """All replies, with these changes in Ben's."""
    replies = {name: {"answers": whole(reply)} for name, reply in RIGHT.items()}
    replies["ben"] = {"answers": {k: v for k, v in {**whole({}), **changes}.items() if v}}
    return {"answers": replies}


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ({"questions": "0" * 64}, "questions: these answers are to 000000000000, not to"),
        ({"stories": "0" * 64}, "stories: these answers are to 000000000000, not to"),
        ({"answers": {}}, "anna: is not answered"),
        ({"answers": {"zoe": {"answers": {}}}}, "zoe: is no case of this set"),
        (_ben(age=["adult", "older"]), "ben: age: two_values"),
        (_ben(skin=["normal", "pus"]), "ben: skin: none_with_others"),
        (_ben(skin=None), "ben: skin is not answered"),
        ({"note": "A"}, "note: Extra inputs are not permitted"),
    ],
)
def test_what_only_the_reader_can_mend_is_sent_back_and_nothing_is_kept(
    new: Shelf, more: dict[str, object], fault: str
) -> None:
    with pytest.raises(BadCases, match=fault):
        new.keep("A", **more)
    assert read_library(new.cases).readings == ()


def test_a_reading_is_kept_once(new: Shelf) -> None:
    before = new.keep("A").read_bytes()
    with pytest.raises(BadCases, match="a reading is never changed"):
        new.keep("A", {"ben": {"skin": ["pus"]}})
    assert (new.cases / "readings" / "new-A.yaml").read_bytes() == before


def test_a_reading_that_was_taken_away_is_not_made_again(new: Shelf) -> None:
    new.keep("A").unlink()
    with pytest.raises(BadCases, match="a reading is never changed"):
        new.keep("A")


def test_answers_to_a_set_that_is_not_there_are_refused(new: Shelf) -> None:
    with pytest.raises(BadCases, match="no set 'other'; there are: new"):
        build_reading(rulebook(), read_library(new.cases), new.handed({}), "other", "A", DAY)


# Opening.


def test_unseen_labels_are_opened_only_after_two_readings(new: Shelf) -> None:
    new.keep("A")
    with pytest.raises(BadCases, match="blind readings kept: 1; needed before it is opened: 2"):
        new.open()
    new.keep("B")
    new.open()
    when = read_library(new.cases).sets["new"].opened
    assert when is not None
    assert (when.rulebook, when.sha256) == (rulebook().version, rulebook().sha256)


def test_unseen_labels_are_opened_once_and_the_set_is_read_no_more(new: Shelf) -> None:
    new.keep("A")
    new.keep("B")
    new.open()
    with pytest.raises(BadCases, match="is opened once only"):
        new.open()
    with pytest.raises(BadCases, match="it is read no more"):
        new.keep("C")


def test_labels_carry_over_as_data_without_their_sentences(new: Shelf) -> None:
    new.keep("A")
    new.keep("B")
    new.open()
    known = {case.id: case for case in read_library(new.cases).sets["new"].cases}
    assert known["cora"].diagnosis == "Idiopathic stones"
    assert known["cora"].expected is not None
    assert known["cora"].expected.type == "idiopathic"
    assert "sentence" not in (new.cases / "sets" / "new.yaml").read_text()


@pytest.mark.parametrize(
    ("old", "text", "fault"),
    [
        ("{id: ben}", "{id: anna}", "an id stands there twice"),
        ("use: unseen", "use: other", "use: Input should be 'building' or 'unseen'"),
        ("name: new", "name: old", "its name and what stands in it do not fit"),
        ("{id: ben}", "{id: ben, expected: {urgency: soon}}", "labels stand in a set that is"),
        ("use: unseen", "use: [", "cannot be read"),
    ],
)
def test_a_faulty_set_is_refused_in_words(new: Shelf, old: str, text: str, fault: str) -> None:
    file = new.cases / "sets" / "new.yaml"
    set_text = file.read_text()
    assert old in set_text
    file.write_text(set_text.replace(old, text, 1))
    with pytest.raises(BadCases, match=fault):
        read_library(new.cases)


def test_a_reading_of_no_set_and_of_no_case_is_refused(new: Shelf) -> None:
    file = new.keep("A")
    file.write_text(file.read_text().replace("  ben:", "  zoe:"))
    with pytest.raises(BadCases, match="new-A: zoe is no case of this set"):
        read_library(new.cases)
    (new.cases / "sets" / "new.yaml").unlink()
    with pytest.raises(BadCases, match="new-A: no set 'new'; there are: none"):
        read_library(new.cases)

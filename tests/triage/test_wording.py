"""The words of the rulebook: filled for every region, plain, and never claiming to know."""

import re
from collections.abc import Iterator

import pytest

from app.triage.terms import CANNOT_TELL, NOT_CALCINOSIS, TYPES, Urgency
from app.triage.wording import QuestionWords, TextParts, Wording, find_placeholders
from tests.builders import question, rulebook, ticks

WORDS = rulebook().wording["en"]
LONGEST_SENTENCE = 25
LONGEST_OPTION = 30
"""An option may list a few signs with "or"; it is read at a glance, not as a sentence."""
CLAIMS = re.compile(
    r"(?<!if )(?<!when )\byou have\b(?! noticed)|\byou probably\b|%|\bsafe\b|\bfine\b"
    r"|low risk|rules? out",
    re.IGNORECASE,
)

LATER = dict.fromkeys(
    ("within", "example", "name", "low", "high", "unit", "one", "other", "bound"), "..."
)
"""What is filled in where a text is shown, not by the region."""


def texts_of_questions() -> Iterator[tuple[str, str]]:
    for name, adult in WORDS.questions.items():
        for words in filter(None, (adult, adult.child, adult.other)):
            yield f"{name}.text", words.text
            yield f"{name}.why", words.why
            yield f"{name}.hint", words.hint or ""
            yield f"{name}.counted", words.counted
            yield from ((f"{name}.if {change}", text) for change, text in words.changes.items())


def texts_of_options() -> Iterator[tuple[str, str]]:
    for name, adult in WORDS.questions.items():
        for words in filter(None, (adult, adult.child)):
            yield from ((f"{name}.{option}", text) for option, text in words.options.items())
            yield from ((f"{name}.{group}", text) for group, text in (words.groups or {}).items())


def texts_of_results() -> Iterator[tuple[str, str]]:
    for part in (
        WORDS.rules,
        WORDS.types,
        WORDS.look_alikes,
        WORDS.levels,
        WORDS.labs,
        WORDS.dangers,
    ):
        for name, texts in part.items():
            yield from ((f"{name}.{key}", text) for key, text in texts.parts.items())
    for plain in (WORDS.named, WORDS.evidence, WORDS.conflicts, WORDS.standings, WORDS.advice):
        yield from plain.items()
    yield from WORDS.times.items()
    yield from WORDS.net.items()
    yield from WORDS.lab_messages.items()
    yield from (("box", line) for line in WORDS.any_age_box)


def texts_of_contradictions() -> Iterator[tuple[str, str]]:
    yield from WORDS.contradictions.items()


EVERYTHING = [*texts_of_questions(), *texts_of_options(), *texts_of_results()]
EVERYTHING += texts_of_contradictions()


def test_placeholders_are_filled_with_the_words_of_the_region() -> None:
    words = {"emergency_call": "call 999"}
    assert Wording.fill_placeholders("Now {emergency_call}!", words) == "Now call 999!"
    assert Wording.fill_placeholders("In {within}: {emergency_call}", words, within="48 hours") == (
        "In 48 hours: call 999"
    )
    assert (
        Wording.fill_placeholders("Plain {} {Big} {a-b} text", words) == "Plain {} {Big} {a-b} text"
    )


def test_an_unknown_placeholder_is_never_shown_as_it_stands() -> None:
    with pytest.raises(KeyError):
        Wording.fill_placeholders("Call {emergency_nummber}", {"emergency_number": "999"})


def test_what_is_filled_in_is_not_filled_again() -> None:
    assert Wording.fill_placeholders("{a}", {"a": "{b}", "b": "c"}) == "{b}"


def test_placeholders_of_a_text_are_known() -> None:
    assert find_placeholders("{a} and {b} and {a}, not {C} or {}") == {"a", "b"}


def test_texts_are_read_by_the_name_of_their_part() -> None:
    texts = TextParts({"name": "Gout"})
    assert texts.name == "Gout"
    with pytest.raises(AttributeError):
        _ = texts.plain


def test_a_line_of_evidence_has_its_own_words_and_a_look_alike_its_name() -> None:
    assert WORDS.evidence_note("hard") == WORDS.evidence["hard"]
    assert WORDS.evidence_note("like-gout") == WORDS.look_alikes["gout"].name
    for line in rulebook().evidence:
        assert WORDS.evidence_note(line.id)


def test_the_parents_version_says_the_rest_as_for_an_adult() -> None:
    pain = WORDS.questions["pain"]
    assert pain.child is not None
    assert pain.child.text != pain.text
    assert pain.child.why == pain.why
    assert pain.child.options["no"] == pain.options["no"]
    assert pain.child.options["mild"] != pain.options["mild"]
    assert set(pain.child.options) == set(pain.options)


def test_a_parent_is_never_asked_about_their_own_body() -> None:
    for name, adult in WORDS.questions.items():
        words: QuestionWords = adult.child or adult
        spoken = [words.text, *words.options.values(), *(words.groups or {}).values()]
        own = [
            text
            for text in spoken
            if re.search(r"\b(I have(?! noticed)|I take|My kidneys|do you)\b", text)
        ]
        assert own == [], name


@pytest.mark.parametrize("region", list(rulebook().regions))
def test_every_text_is_whole_in_every_region(region: str) -> None:
    words = {
        **WORDS.regions[region],
        "emergency_number": rulebook().regions[region].emergency_number,
    }
    for name, text in EVERYTHING:
        filled = Wording.fill_placeholders(text, words, **LATER)
        assert not re.search(r"[{}]", filled), name


def test_a_region_never_names_the_number_of_another() -> None:
    numbers = {
        "uk": {"999", "111"},
        "uk-ni": {"999"},
        "ie": {"999", "112"},
        "us": {"911"},
        "ca": {"911", "811"},
        "au": {"000"},
        "nz": {"111"},
        "in": {"112"},
        "eu": {"112"},
        "international": {"112"},
    }
    assert set(numbers) == set(rulebook().regions)
    for region, own in numbers.items():
        others = set().union(*numbers.values()) - own - {"112"}
        spoken = " ".join(WORDS.regions[region].values())
        assert not others & set(re.findall(r"\b\d{3}\b", spoken))


def test_no_text_names_a_number_of_one_country() -> None:
    """They come in through the region, so that none is ever assumed."""
    assert [name for name, text in EVERYTHING if re.search(r"\b(999|911|112|111)\b", text)] == []


def test_no_result_claims_to_know() -> None:
    claims = {n: t for n, t in [*texts_of_results(), *texts_of_questions()] if CLAIMS.search(t)}
    asked = {name for name, text in claims.items() if text.startswith("Do you have")}
    assert set(claims) - asked == set()


def test_sentences_are_short() -> None:
    long = {
        name: sentence
        for name, text in [*texts_of_questions(), *texts_of_results(), *texts_of_contradictions()]
        for sentence in re.split(r"(?<=[.:?!])\s+", text)
        if len(sentence.split()) > LONGEST_SENTENCE
    }
    assert long == {}


def test_options_are_read_at_a_glance() -> None:
    long = {name: text for name, text in texts_of_options() if len(text.split()) > LONGEST_OPTION}
    assert long == {}


def test_signs_on_the_skin_are_told_for_dark_skin_too() -> None:
    hint = WORDS.questions["skin"].hint or ""
    assert "brown or black skin" in hint
    assert "heat" in hint
    touched = WORDS.questions["skin"].options["hot"].lower()
    assert touched.index("hot") < touched.index("red")


def test_every_level_says_what_to_do_and_when() -> None:
    for urgency in Urgency:
        level = WORDS.levels[urgency.name]
        assert level.heading
        assert level.action
        assert level.when
        assert level.more


def test_no_level_below_emergency_sends_for_an_ambulance() -> None:
    for urgency in set(Urgency) - {Urgency.emergency}:
        parts = WORDS.levels[urgency.name].parts
        spoken = " ".join(text for part, text in parts.items() if not part.endswith("_doubt"))
        assert "emergency_call" not in find_placeholders(spoken)


def test_every_level_that_a_doubt_about_an_emergency_gives_has_words_that_call_first() -> None:
    grave = [rule for rule in rulebook().rules if rule.urgency is Urgency.emergency]
    levels = {rule.if_unsure for rule in grave if rule.if_unsure is not None}
    assert levels
    for urgency in levels:
        parts = WORDS.levels[urgency.name].parts
        assert {f"{part}_doubt" for part in ("heading", "action", "when")} <= parts.keys()
        assert parts["heading_doubt"].startswith("{emergency_call_start}")


def test_every_type_is_said_in_plain_words() -> None:
    for kind in (*TYPES, NOT_CALCINOSIS, CANNOT_TELL):
        assert WORDS.types[kind].plain
        assert WORDS.types[kind].summary


def test_what_may_change_is_said_so_that_it_stands_after_if() -> None:
    for asked in rulebook().questionnaire:
        for words in filter(None, (WORDS.questions[asked.id], WORDS.questions[asked.id].other)):
            for text in words.changes.values():
                assert text[0].islower(), text
                assert not text.endswith("."), text


def test_not_sure_is_said_to_be_counted_as_something() -> None:
    for words in WORDS.questions.values():
        assert words.counted.startswith("We counted that as ")
        assert words.counted.endswith(".")


def test_every_rule_says_why() -> None:
    assert {rule.id for rule in rulebook().rules} == set(WORDS.rules)
    assert all(texts.reason.endswith((".", "}")) for texts in WORDS.rules.values())


def test_every_option_has_its_own_words() -> None:
    for asked in rulebook().questionnaire:
        spoken = [WORDS.questions[asked.id].options[option] for option in ticks(asked.id)]
        assert len(set(spoken)) == len(spoken)
        assert "not sure" in WORDS.questions[asked.id].options[question(asked.id).unsure]

"""/safety shows what stands in the file of figures, and says plainly what is not proved."""

import re
from dataclasses import replace

import pytest

from app.assurance.figures import ChangeFigure, ChangesFigures, Figures, MutantFigures
from app.main import create_app
from app.settings import Settings
from app.web.reading.safety import PROPERTIES
from tests.readings import EARLIER, TODAY, met, readings, translated
from tests.visitor import Visitor

NOT_APPROVED = "No clinician has approved it yet."


@pytest.fixture
def figures(app) -> Figures:
    return app.state.context.figures


@pytest.fixture(scope="module")
def another_app(settings: Settings):
    """An application whose state a test may change."""
    return create_app(settings)


@pytest.fixture
def other(app, another_app):
    """Visits the other application, which holds these figures and a rulebook with these changes."""

    def made(figures: Figures | None, **changes: object) -> Visitor:
        rulebook = replace(app.state.context.rulebook, **changes)
        another_app.state.context = replace(
            app.state.context,
            rulebook=rulebook,
            figures=figures,
            cached_pages={},
            translators={},
        )
        return Visitor(another_app)

    return made


def test_every_figure_of_the_page_is_that_of_the_file(visitor, figures) -> None:
    text = visitor.get("/safety").text
    proof, benchmark = figures.certificate, figures.benchmark
    assert f"their number has {len(str(proof.answer_sets))} digits" in text
    for one in proof.proofs:
        assert f"{one.asked} checks by the first program" in text
    assert text.count("The second one agrees.") == sum(one.twice for one in proof.proofs)
    for name in ["urgent_missed", "under", "exact", "over_by_one", "over_by_more", "type_exact"]:
        share = benchmark.shares[name]
        low, high = share.whole_case_bounds(100)
        assert f"{share.count} of {share.of}. Among 100 it may be {low} to {high}." in text
    for state, count in figures.hazard_state_counts.items():
        words = {"open": "Open", "partly": "Proved in part", "proved": "Proved"}[state]
        assert f"{words} {count} dangers" in text
    assert f"{figures.open_control_count} guards are not built or not done yet." in text


def test_the_page_says_that_cases_are_not_patients(visitor) -> None:
    assert "These are published and made-up cases, not patients." in visitor.get("/safety").text


def test_the_page_says_whose_figures_they_are_and_how_to_make_them_again(visitor, figures) -> None:
    text = visitor.get("/safety").text
    assert f"for rulebook {figures.version}, fingerprint {figures.sha256[:12]}" in text
    assert figures.command in text
    assert re.search(r"made on \d+ \w+ 20\d\d", text)


def test_every_property_of_the_certificate_has_plain_words(app, figures) -> None:
    assert list(PROPERTIES) == [proof.letter for proof in figures.certificate.proofs]
    assert set(PROPERTIES.values()) <= set(app.state.context.page_wording.pages)


def test_every_hazard_is_shown_with_its_controls_and_what_is_open(visitor, figures) -> None:
    page = visitor.get("/safety/hazards")
    shown = [found["id"] for found in page.all("article")]
    assert sorted(shown) == sorted(one.hazard.id for one in figures.hazards)
    for one in figures.hazards:
        for text in [one.hazard.title, one.hazard.harm, *one.hazard.causes]:
            assert text in page.text
        for control in one.hazard.controls:
            said = "Open. It is not" if control.open else "Proved by"
            assert f"{control.what} {said}" in page.text
        assert f"Risk {one.risk_before}, with its guards {one.risk_after}." in page.text


def test_a_test_is_told_as_the_sentence_that_it_is(visitor) -> None:
    text = visitor.get("/safety/hazards").text
    assert "Normal blood never lowers black skin" in text
    assert "A graver answer never gives" not in text
    assert "::" not in text


# Cases that others read. Every figure is made up, so that no file of today matters.

STRANGERS = "Cases that the rules were not built with"
TUNED = "Cases that the rules were built with"


def test_cases_that_nobody_had_built_with_stand_before_the_tuned_ones(other, figures) -> None:
    shown = figures.model_copy(update={"readings": readings(met()), "sha256": TODAY})
    text = other(shown, sha256=TODAY).get("/safety").text
    first = "Of cases that the rules were not built with, 20.5 of 40 that needed help the same day"
    parts = [first, "Of cases that the rules were built with, ", STRANGERS, TUNED]
    assert [text.index(part) for part in parts] == sorted(text.index(part) for part in parts)
    between = text.partition(STRANGERS)[2].partition(TUNED)[0]
    assert between.count("20.5 of 40. Among 100 it may be 33 to 69.") == 6
    assert "tried once, with rulebook 2026.12.1, fingerprint aaaaaaaaaaaa." in between
    assert "2 others answered the questions for them, each alone." in between
    assert "the same answer 500 of 560 times. The level was the same in 31 of 40" in between
    assert "We do not call these cases unseen" not in between
    assert "The rules have changed since then." not in between


def test_the_page_says_why_cases_are_not_unseen_and_that_rules_have_changed(other, figures) -> None:
    earlier = met(
        sha256=EARLIER,
        standing="not_built_with",
        not_unseen=["building", "other_rulebook", "few_readers"],
        readers=met().readers[:1],
        same_answers=None,
        same_level=None,
    )
    shown = figures.model_copy(update={"readings": readings(earlier)})
    text = other(shown, sha256=TODAY).get("/safety").text
    assert "That rulebook was not built with them. Someone else answered" in text
    assert "The rules that run here have not met such cases yet." in text
    for why in [
        "By now the rules are built with them too.",
        "It takes two who answer for them",
    ]:
        assert why in text
    assert "The rules were changed after the levels were looked up." in text
    assert "nobody had looked at when the rules were finished" not in text
    assert "gave the same answer" not in text


@pytest.mark.parametrize("shown", [None, readings(None, met(standing="built_with"))])
def test_without_such_cases_the_page_says_so(other, figures, shown) -> None:
    text = other(figures.model_copy(update={"readings": shown})).get("/safety").text
    assert "No such cases were tried yet. So we do not know how the rules do for people" in text
    assert "Of cases that the rules were not built with" not in text


def test_what_strangers_get_of_tuned_rules_is_shown_as_tuned(other, figures) -> None:
    built = met(standing="built_with", not_unseen=["building"])
    text = (
        other(figures.model_copy(update={"readings": readings(met(), built)})).get("/safety").text
    )
    tuned = text.partition(TUNED)[2]
    assert "We changed questions and rules because of them. So expect less than this" in tuned
    assert "With rulebook 2026.12.1, 20.5 of 40 are rated just as the readers did." in tuned


def test_answers_to_older_questions_are_told_apart_and_never_called_blind_or_unseen(
    other, figures
) -> None:
    earlier = met(standing="not_built_with", not_unseen=["building"], sha256=EARLIER)
    shown = figures.model_copy(update={"readings": readings(earlier, translated())})
    text = other(shown, sha256=TODAY).get("/safety").text
    assert text.index(STRANGERS) < text.index("Answers to older questions") < text.index(TUNED)
    translated_section = text.partition("Answers to older questions")[2].partition(TUNED)[0]
    assert (
        "those were the questions of rulebook 2026.11.1. We do not ask them any more."
        in translated_section
    )
    assert (
        "So this is not a blind test. No one who knows no rules has answered today's"
        in translated_section
    )
    assert "By now the rules are built with them too." in translated_section
    assert (
        "20 of 40 are rated just as the readers did. 20 of 40 that needed help"
        in translated_section
    )
    assert "unseen" not in translated_section
    assert "Among 100" not in translated_section


def test_where_nothing_was_translated_nothing_is_said_of_older_questions(other, figures) -> None:
    shown = figures.model_copy(update={"readings": readings(met())})
    assert "Answers to older questions" not in other(shown).get("/safety").text


# What has to be said.


@pytest.mark.parametrize("address", ["/safety", "/safety/hazards"])
def test_figures_of_other_rules_are_said_to_be_so(other, figures, address) -> None:
    warning = "These figures belong to another version"
    assert warning not in other(figures, sha256=figures.sha256).get(address).text
    page = other(figures, sha256="0" * 64).get(address)
    assert warning in page.text
    assert "They prove nothing for the rules that run here." in page.text


def test_a_server_without_figures_says_that_nothing_is_proved(other) -> None:
    visitor = other(None)
    assert "nothing is proved for the rules that run on this server" in visitor.get("/safety").text
    visitor.get("/safety/hazards", 404)


def test_a_property_that_does_not_hold_is_said_so(other, figures) -> None:
    first, *rest = figures.certificate.proofs
    broken = figures.certificate.model_copy(
        update={"proofs": [first.model_copy(update={"holds": False}), *rest], "differences": ["x"]}
    )
    text = other(figures.model_copy(update={"certificate": broken})).get("/safety").text
    assert text.count("Does not hold") == 1
    assert "14 of 15 promises are proved over all answers." in text
    assert "They do not agree." in text


@pytest.mark.parametrize("address", ["/", "/about", "/learn/types", "/rules", "/safety", "/verify"])
def test_until_a_clinician_approves_every_page_says_that_none_has(other, figures, address) -> None:
    assert NOT_APPROVED in other(figures).get(address).text
    assert NOT_APPROVED not in other(figures, approvals=("Dr A",)).get(address).text


def test_mistakes_that_nobody_noticed_are_counted(other, figures) -> None:
    tried = MutantFigures(made=10, killed=7, equivalent=2, survivors=["a slip"], seconds=1.0)
    text = other(figures.model_copy(update={"mutants": tried})).get("/safety").text
    assert "7 of 8 mistakes that were put in on purpose were noticed." in text
    assert "2 change no result, which is proved too. Not noticed: 1." in text
    untried = other(figures.model_copy(update={"mutants": None})).get("/safety").text
    assert "This was not measured for these rules." in untried


CHANGES = ChangesFigures(
    old="2026.1.1",
    old_sha256="ab" * 32,
    up=7,
    down=10**30,
    approved=False,
    cases=["case-001"],
    changes=[
        ChangeFigure(
            was="same_day",
            becomes="routine",
            way="down",
            answer_sets=10**30,
            example={"skin": ["pus"], "unwell": ["none"], "gone": ["option"]},
            because=["U1"],
        ),
        ChangeFigure(
            was="soon", becomes="same_day", way="up", answer_sets=7, example={}, because=["U2"]
        ),
    ],
)


def test_a_change_of_the_rules_is_shown_with_what_it_does_and_that_nobody_approved_it(
    app, other, figures
) -> None:
    page = other(figures.model_copy(update={"changes": CHANGES})).get("/safety")
    levels = app.state.context.page_wording.levels
    first = f"From “{levels['same_day'].badge}” to “{levels['routine'].badge}”:"
    assert f"{first} sets of answers in a number of 31 digits By U1." in page.text
    assert "7 sets of answers By U2." in page.text
    assert "gone: option" in page.text
    assert "A level falls, and no clinician has approved that." in page.text
    assert "1 of our cases get another result." in page.text


def test_a_change_that_lowers_nothing_or_is_approved_needs_no_warning(other, figures) -> None:
    for calm in [{"down": 0}, {"approved": True}]:
        changes = CHANGES.model_copy(update=calm)
        text = other(figures.model_copy(update={"changes": changes})).get("/safety").text
        assert "A level falls" not in text


def test_without_older_rules_nothing_is_compared(other, figures) -> None:
    text = other(figures.model_copy(update={"changes": None})).get("/safety").text
    assert "No older rules are published yet" in text

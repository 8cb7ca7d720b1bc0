"""The pages about calcinosis and the glossary: whole, plain, and true to what the sources carry."""

import re
import shutil
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

from app.assurance.readability import (
    build_term_pattern,
    coleman_liau_grade,
    flesch_kincaid_grade,
    mask_terms,
    split_sentences,
    split_words,
)
from app.rulebook.learn_pages import check_learn_content, read_learn_content
from app.rulebook.reading import RulebookReader
from app.triage.learn import LearnContent, LearnPage, split_term_marks, strip_term_marks
from app.triage.wording import Wording
from tests.builders import rulebook

RULES = Path(__file__).parents[2] / "rules"
WORDING = RULES / "wording" / "en"
CLAIMS = yaml.safe_load(Path(__file__).with_name("source_document_claims.yaml").read_text("utf-8"))

BANNED = re.compile(
    r"\byou have\b|%|\bdiagnos|\bconfirm|rul(?:e[sd]?|ing) out|\bprobably\b|you may wish|consider"
    r"|\bsafe(?:ly|ty)?\b|\bfine\b|low risk|no need to|false alarm|and/or",
    re.IGNORECASE,
)
AMERICAN = re.compile(
    r"\b(?:\w*(?:color|center|fiber|tumor(?!al)|hemo|calcemi|pediatr|orthoped)\w*|anemia|edema"
    r"|(?!siz)\w+iz(?:e|ed|es|ing))\b",
    re.IGNORECASE,
)
RED = re.compile(r"\bred(?:ness)?\b", re.IGNORECASE)
OTHER_SKIN = re.compile(r"brown|darker|purple", re.IGNORECASE)
COLOURS = re.compile(r"\b(?:red(?:ness)?|blue|purple|blotchy|black skin)\b", re.IGNORECASE)
ON_BROWN_SKIN = re.compile(r"on brown or black skin", re.IGNORECASE)
MEDICAL = re.compile(
    r"\b\w*(?:osis|itis|oma|ae?mia|derma|pathy|phate|phylaxis|scopy|inine|ectomy|ologist|thyroid"
    r"|umin|kinase|phatase|mab|zem|arin|cycline|calcet|onates|trophic|static|pathic|genic|genol"
    r"|prick|sclerosis|dialysis|biops\w+|transplant|sound|therapy|node|urate|cyst|tophi|antibod\w+"
    r"|immune|nodule|ulcer)s?\b"
)
PLAIN_WORDS = {"aroma", "sound", "sounds", "therapy", "accurate", "prick"}


@cache
def learn() -> LearnContent:
    """The real pages, in English."""
    return read_learn_content(RulebookReader(RULES), "en")


@cache
def regions() -> dict[str, dict[str, str]]:
    """The words of each region."""
    return yaml.safe_load((WORDING / "regions.yaml").read_text("utf-8"))


@cache
def sources() -> frozenset[str]:
    """The ids of all sources."""
    return frozenset(s["id"] for s in yaml.safe_load((RULES / "sources.yaml").read_text("utf-8")))


@cache
def terms() -> re.Pattern[str]:
    """Finds every form of every glossary term."""
    return build_term_pattern(form for t in learn().glossary.values() for form in (t.name, *t.also))


def faults_of(folder: Path) -> list[str]:
    """Every fault of the pages in this folder of rules."""
    reader = RulebookReader(folder)
    read = read_learn_content(reader, "en")
    check_learn_content(read, rulebook(), reader)
    return reader.faults.fault_lines


def shown(texts: Iterable[str], region: str = "international") -> list[str]:
    """The texts as a person of this region reads them."""
    return [Wording.fill_placeholders(strip_term_marks(text), regions()[region]) for text in texts]


def prose(page: LearnPage) -> list[str]:
    """The running text of a page, without points and tables, which would make it look easier."""
    return [page.lead, *(text for section in page.sections for text in section.text)]


def every_string(page: LearnPage) -> Iterator[str]:
    """Every text of a page, title, headings and columns too."""
    yield page.title
    yield from page.markable_texts
    for section in page.sections:
        yield section.heading
        yield from section.table.columns if section.table else ()


def strings_in(content: object) -> Iterator[str]:
    """Every text in a wording file; keys are no text."""
    if isinstance(content, str):
        yield strip_term_marks(content)
    elif isinstance(content, dict):
        for value in content.values():
            yield from strings_in(value)
    elif isinstance(content, list):
        for value in content:
            yield from strings_in(value)


@cache
def other_wording() -> dict[str, list[str]]:
    """Every text of every wording file but the glossary, by file."""
    files = (file for file in sorted(WORDING.glob("*.yaml")) if file.name != "glossary.yaml")
    return {f.name: list(strings_in(yaml.safe_load(f.read_text("utf-8")))) for f in files}


each_page = pytest.mark.parametrize("page", learn().pages, ids=lambda page: page.id)
each_claim = pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim["id"])


def test_the_pages_and_the_glossary_hold_no_fault() -> None:
    assert faults_of(RULES) == []


def test_every_page_can_be_reached_from_another() -> None:
    offered = {one for page in learn().pages for one in page.related}
    assert {page.id for page in learn().pages} == offered


# --- Plain words ---


@each_page
def test_a_page_reads_easily(page: LearnPage) -> None:
    for texts in (list(page.markable_texts), prose(page)):
        easy = [mask_terms(text, terms()) for text in shown(texts)]
        assert flesch_kincaid_grade(easy) <= 5
        assert coleman_liau_grade(easy) <= 8
        assert flesch_kincaid_grade(shown(texts)) <= 8, "with the medical words in it"


def test_the_glossary_reads_easily() -> None:
    easy = [mask_terms(term.meaning, terms()) for term in learn().glossary.values()]
    assert flesch_kincaid_grade(easy) <= 5
    assert coleman_liau_grade(easy) <= 8


@pytest.mark.parametrize("region", regions())
@each_page
def test_sentences_and_paragraphs_are_short(page: LearnPage, region: str) -> None:
    found = split_sentences(shown(page.markable_texts, region))
    assert [s for s in found if len(split_words(s)) > 25] == []
    assert sum(len(split_words(s)) > 20 for s in found) <= len(found) * 0.05
    assert [text for text in prose(page) if len(split_sentences([text])) > 3] == []


@each_page
def test_no_page_says_what_only_a_doctor_may_say(page: LearnPage) -> None:
    assert [text for text in every_string(page) if BANNED.search(text)] == []


def test_no_meaning_says_what_only_a_doctor_may_say() -> None:
    assert [t.id for t in learn().glossary.values() if BANNED.search(t.meaning)] == []


@each_page
def test_spelling_is_british(page: LearnPage) -> None:
    assert [text for text in every_string(page) if AMERICAN.search(strip_term_marks(text))] == []


@each_page
def test_redness_is_never_the_only_sign_and_brown_skin_is_thought_of(page: LearnPage) -> None:
    texts = [strip_term_marks(text) for text in page.markable_texts]
    assert [text for text in texts if RED.search(text) and not OTHER_SKIN.search(text)] == []
    if any(COLOURS.search(ON_BROWN_SKIN.sub("", text)) for text in texts):
        assert any(ON_BROWN_SKIN.search(text) for text in every_string(page))


# --- The glossary ---


@each_page
def test_each_medical_word_points_to_its_meaning_at_first_use_and_only_then(
    page: LearnPage,
) -> None:
    by_form = {f.lower(): t.id for t in learn().glossary.values() for f in (t.name, *t.also)}
    met: dict[str, str | None] = {}
    marked = []
    for text in page.markable_texts:
        for shown_words, term in split_term_marks(text):
            if term is not None:
                marked.append(term)
                assert by_form.get(shown_words.lower()) == term, "the words are a form of the term"
                met.setdefault(term, term)
                continue
            for found in terms().finditer(shown_words):
                met.setdefault(by_form[found.group(0).lower()], None)
    assert sorted(marked) == sorted(set(marked))
    assert [term for term, pointed in met.items() if pointed is None] == []


def test_every_term_of_the_glossary_is_a_word_that_people_meet() -> None:
    everything = "\n".join(text for texts in other_wording().values() for text in texts)
    unused = [
        term.id
        for term in learn().glossary.values()
        if not build_term_pattern((term.name, *term.also)).search(everything)
    ]
    assert unused == []


@pytest.mark.parametrize("file", other_wording())
def test_words_that_look_medical_are_in_the_glossary(file: str) -> None:
    unknown = set()
    for text in other_wording()[file]:
        rest = terms().sub(" ", text)
        unknown |= {word for word in MEDICAL.findall(rest.lower()) if word not in PLAIN_WORDS}
    assert unknown == set()


def test_no_form_belongs_to_two_terms() -> None:
    forms = [f.lower() for t in learn().glossary.values() for f in {t.name.lower(), *t.also}]
    assert sorted(forms) == sorted(set(forms))


# --- The two source documents ---


def test_every_claim_of_the_two_source_documents_is_accounted_for() -> None:
    wanted = [f"A{n}" for n in range(1, 21)] + [f"B{n}" for n in range(1, 30)]
    assert [claim["id"] for claim in CLAIMS] == wanted
    assert {claim["document"] for claim in CLAIMS} <= sources()
    assert {claim["mark"] for claim in CLAIMS} == {"supported", "weak", "corrected"}


@each_claim
def test_a_claim_is_found_where_the_table_says(claim: dict[str, object]) -> None:
    advice = yaml.safe_load((WORDING / "advice.yaml").read_text("utf-8"))
    sections = {f"{page.id}#{part.id}": part for page in learn().pages for part in page.sections}
    found = list(claim["found"])
    unknown = [f for f in found if f not in sections and f.removeprefix("advice:") not in advice]
    assert unknown == []
    texts = [
        strip_term_marks(t) for f in found if f in sections for t in sections[f].markable_texts
    ]
    assert texts, "a claim is answered on a page, not in advice alone"
    if claim["mark"] != "supported":
        assert claim.get("says"), "what is weak or corrected is said in so many words"
    assert any(claim.get("says", "") in text for text in texts)


# --- Faults ---

LEARN, WORDS = "learn.yaml", "wording/en/learn.yaml"
TERMS, MEANINGS = "glossary.yaml", "wording/en/glossary.yaml"


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        (LEARN, "{id: feel,", "{id: touch,", "section 'touch' has no words"),
        (LEARN, "{id: feel,", "{id: touch,", "words for unknown section 'feel'; take them out"),
        (LEARN, "{id: feel,", "{id: what,", "section 'what' stands twice"),
        (LEARN, "- id: types", "- id: kinds", "kinds: has no words"),
        (LEARN, "- id: types", "- id: kinds", "types: is no page of the rulebook; take it out"),
        (LEARN, "- id: types", "- id: words", "is the address of the glossary"),
        (LEARN, "- id: types", "- id: causes", "this id stands twice"),
        (LEARN, "related: [types,", "related: [kinds,", "related 'kinds' must be another page"),
        (LEARN, "[sd1, rei1, sp]", "[sd1, nobody]", "unknown source 'nobody'; add it"),
        (LEARN, 'review_by: "2027-11-20"', 'review_by: "soon"', "does not fit 'review_by'"),
        (WORDS, "{a_doctor}", "{a_wizard}", "unknown placeholder '{a_wizard}'; allowed:"),
        (WORDS, "[[calcium|", "[[chalk|", "'calcium' points to unknown term 'chalk'"),
        (WORDS, "[[calcium|calcium]]", "[[calcium]]", "cannot be read; write [[term|words]]"),
        (WORDS, '"What is calcinosis?"', '"[[calcinosis|x]]"', "'x' is marked, but no link can"),
        (WORDS, '"Mostly normal"]', '"Mostly", "normal"]', "needs 3 cells, one for each column"),
        (WORDS, "  lead:", "  leed:", "unknown key 'leed'"),
        (TERMS, "{id: gout,", "{id: podagra,", "podagra: has no words"),
        (TERMS, "{id: gout,", "{id: podagra,", "gout: is no term of the rulebook; take it out"),
        (TERMS, "sources: [nhs-abs]", "sources: [nobody]", "abscess: unknown source 'nobody'"),
        (MEANINGS, "A pocket of pus", "A [[pus|pus]] pocket", "'pus' is marked, but no link can"),
        (MEANINGS, "  meaning:", "  means:", "key 'meaning' is missing"),
    ],
)
def test_a_fault_is_named_with_what_is_wrong(
    tmp_path: Path, file: str, old: str, new: str, fault: str
) -> None:
    folder = tmp_path / "rules"
    (folder / "wording" / "en").mkdir(parents=True)
    for name in (LEARN, WORDS, TERMS, MEANINGS):
        shutil.copy(RULES / name, folder / name)
    text = (folder / file).read_text("utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), "utf-8")
    assert [found for found in faults_of(folder) if fault in found] != []


# --- The marks and the grades themselves ---


def test_a_text_comes_apart_into_words_and_terms() -> None:
    text = "See [[gout|gout]] and [[tophi|its lumps]]."
    assert list(split_term_marks(text)) == [
        ("See ", None),
        ("gout", "gout"),
        (" and ", None),
        ("its lumps", "tophi"),
        (".", None),
    ]
    assert strip_term_marks(text) == "See gout and its lumps."


def test_a_hard_text_gets_a_higher_grade_than_an_easy_one() -> None:
    easy = ["Leave the lump alone. Show it to a doctor."]
    hard = [
        "Individuals experiencing persistent subcutaneous calcification should consider "
        "consultation with an appropriately qualified healthcare professional."
    ]
    assert flesch_kincaid_grade(easy) < 3 < 12 < flesch_kincaid_grade(hard)
    assert coleman_liau_grade(easy) < 3 < 12 < coleman_liau_grade(hard)


def test_the_grades_are_those_of_the_published_formulas() -> None:
    text = ["The cat sat on the mat."]
    assert flesch_kincaid_grade(text) == pytest.approx(0.39 * 6 + 11.8 * 1 - 15.59)
    assert coleman_liau_grade(text) == pytest.approx(5.88 * 17 / 6 - 29.6 / 6 - 15.8)

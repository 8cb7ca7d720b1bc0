"""The sheet to take along: what stands on it, as a page, a text and a tagged PDF; who gets none."""

import html
import io
import re
import time
from datetime import UTC, datetime

import pikepdf
import pytest

from app.documents import sheet_pdf
from app.documents.receipt import RulebookArchive, make_qr_code, verify_receipt
from app.main import create_app
from app.presentation.result import ResultPresenter
from app.presentation.sheet import MOST_TO_ASK, Sheet, SheetSection, build_sheet, describe_sheet
from app.settings import ROOT, Settings
from app.triage.rules import assess_answers
from tests.builders import KNOWN, RULES, SOAK, answers, rulebook
from tests.conftest import Clock
from tests.documents.test_receipt import published_cases, receipt_of
from tests.visitor import OWN, Visitor
from tests.web.test_journeys import QUIET, SCLERODERMA

LAYOUT = (ROOT / "templates" / "patient" / "sheet.typ").read_text()
SITE = "https://check.example.org"
LEVELS = [{"breath": ["confused"]}, {"skin": ["pus"]}, {"change": ["grown"]}, {}, KNOWN]
MOST_MILLISECONDS = 40 if SOAK else 80  # a usual run allows for a slow machine
NOW = datetime(2026, 11, 30, 20, 13, 5, 123456, UTC)


def chosen(given):
    return {question: frozenset(options) for question, options in given.items()}


def presenter_of(given):
    words = rulebook().wording["en"]

    def fill(text, **more):
        return words.fill_placeholders(text, words.regions["uk"], **more)

    return ResultPresenter(rulebook(), words, fill, given)


def sheet_of(given) -> Sheet:
    found = assess_answers(rulebook(), given)
    return build_sheet(presenter_of(given), found, receipt_of(given, "uk"), NOW, SITE)


def pdf_of(sheet: Sheet) -> bytes:
    return sheet_pdf.build_sheet_pdf(describe_sheet(sheet), LAYOUT, NOW)


def all_unsure():
    given = {}
    while (question := rulebook().questionnaire.trace_path(given).next) is not None:
        given[question.id] = frozenset({question.unsure or question.option_ids[0]})
    return given


def text_on(page):
    found = re.search(
        r'<textarea[^>]*id="sheet-text"[^>]*>\n(.*?)</textarea>', page.html, re.DOTALL
    )
    return html.unescape(found.group(1))


def download(visitor, address):
    return visitor.client.get(address, headers=OWN, follow_redirects=False)


@pytest.mark.parametrize("changes", LEVELS)
def test_the_sheet_names_level_day_and_hour_ticks_reasons_questions_and_receipt(visitor, changes):
    visitor.walk(QUIET | changes)
    page, words = visitor.get("/result/sheet"), rulebook().wording["en"]
    found = assess_answers(rulebook(), chosen(QUIET | changes))
    uk = words.regions["uk"]
    assert re.search(r"Made on \d+ \w+ \d{4}, \d\d:\d\d \(UTC\)", page.text)
    for reason in found.findings:
        assert words.fill_placeholders(words.rules[reason.rule].reason, uk) in page.text
    for advice in found.advice["ask"][:MOST_TO_ASK]:
        assert words.fill_placeholders(words.advice[advice.id], uk) in page.text
    assert "Age: 25 to 64 years" in page.text
    assert "Nothing ticked: " in page.text
    assert receipt_of(chosen(QUIET | changes), "uk") in page.text
    assert "/verify or scan the code" in page.text
    assert [tag["id"] for tag in page.all("h2")] == ["sheet-level"]


def test_all_that_was_ticked_and_every_certain_reason_stands_on_the_sheet_of_every_case():
    words = rulebook().wording["en"]
    region = words.regions["uk"]
    for case in published_cases():
        sheet, found = sheet_of(case.answers), assess_answers(rulebook(), case.answers)
        text = "\n".join(line for section in sheet.needed for line in section.lines)
        for finding in found.findings:
            reason = words.fill_placeholders(words.rules[finding.rule].reason, region)
            assert reason in text or not finding.certain, (case.entry.id, finding.rule)
        for answer in presenter_of(case.answers).all_answers(case.answers):
            assert answer.name in text, (case.entry.id, answer.id)
            unsure = {rulebook().questionnaire[answer.id].unsure} == case.answers[answer.id]
            assert answer.nothing or unsure or all(said in text for said in answer.chosen)


def test_the_address_of_the_site_is_whole_and_behind_a_proxy_the_public_one(tmp_path):
    app = create_app(Settings(var=tmp_path, trusted_origin=SITE), clock=Clock())
    behind = Visitor(app, SITE)
    behind.walk(QUIET)
    assert f"{SITE}/verify" in behind.get("/result/sheet").text
    assert f"{SITE}/verify" in download(behind, "/result/sheet.txt").text


@pytest.mark.parametrize("age", ["child", "adult"])
def test_the_sheet_says_whom_it_is_about(visitor, age):
    visitor.walk(QUIET | {"age": [age]})
    assert ("This is about a child" in visitor.get("/result/sheet").text) is (age == "child")


def test_the_text_is_the_same_and_may_be_pasted_as_a_whole(visitor):
    given = QUIET | SCLERODERMA | {"skin": ["pus"]}
    visitor.walk(given)
    page, answer = visitor.get("/result/sheet"), download(visitor, "/result/sheet.txt")
    assert answer.text == text_on(page)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="sheet.txt"'
    assert "\n\n\n" not in answer.text
    verdict = verify_receipt(answer.text, RulebookArchive(rulebook(), RULES / "published"))
    assert verdict.assessment == assess_answers(rulebook(), chosen(given))
    assert verdict.receipt.region == "uk"


def test_the_code_on_the_sheet_is_that_of_the_receipt(visitor):
    visitor.walk(QUIET)
    page = visitor.get("/result/sheet")
    code = make_qr_code(receipt_of(chosen(QUIET), "uk"))
    assert [tag["d"] for tag in page.all("path")] == [code.path]
    assert page.all("svg", role="img")[0]["aria-label"]


def test_the_files_are_never_kept_by_anyone_between_and_are_named_after_nothing(visitor):
    visitor.walk(QUIET)
    for ending in ("pdf", "txt"):
        answer = download(visitor, f"/result/sheet.{ending}")
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-disposition"] == f'attachment; filename="sheet.{ending}"'
    assert download(visitor, "/result/sheet.pdf").content.startswith(b"%PDF-")


def test_who_has_not_finished_is_asked_on_and_who_has_nothing_starts(app):
    stranger = Visitor(app)
    for ending in ("", ".pdf", ".txt"):
        answer = download(stranger, f"/result/sheet{ending}")
        assert "CALCINOSIS-CHECK" not in answer.text, ending
        assert answer.headers["content-type"].startswith("text/html")
    stranger.start()
    assert stranger.get("/result/sheet").url == "/check/age"
    for ending in ("pdf", "txt"):
        assert download(stranger, f"/result/sheet.{ending}").headers["location"] == "/result/sheet"


def test_no_address_holds_an_answer_and_the_page_says_where_a_file_stays(visitor):
    visitor.walk(QUIET)
    page = visitor.get("/result/sheet")
    assert not [link for link in page.links if "?" in link or len(link) > 40]
    assert "It stays on this phone or computer until you delete it." in page.text
    assert {"/result/sheet.pdf", "/result/sheet.txt", "/verify"} <= set(page.links)
    assert all(tag.get("method") == "post" for tag in page.all("form"))


def structure(pdf):
    """(Kind, depth) of each element of the structure, in the order in which it is read."""

    def walk(node, depth):
        if isinstance(node, pikepdf.Array):
            for child in node:
                yield from walk(child, depth)
        elif isinstance(node, pikepdf.Dictionary):
            if "/S" in node:
                yield str(node.S).removeprefix("/"), node
            if "/K" in node:
                yield from walk(node.K, depth + 1)

    return list(walk(pdf.Root.StructTreeRoot, 0))


@pytest.mark.parametrize("given", [answers({"skin": "pus"}), answers({"breath": "confused"})])
def test_the_pdf_is_tagged_title_language_headings_lists_reading_order(given):
    sheet = sheet_of(given)
    with pikepdf.open(io.BytesIO(pdf_of(sheet))) as pdf:
        assert str(pdf.Root.Lang) == "en"
        assert bool(pdf.Root.MarkInfo.Marked)
        assert bool(pdf.Root.ViewerPreferences.DisplayDocTitle)
        with pdf.open_metadata() as about:
            assert about["pdfuaid:part"] == "1"
            assert about["dc:title"] == sheet.heading
        kinds = [kind for kind, _ in structure(pdf)]
        headings = [kind for kind in kinds if re.fullmatch(r"H\d?", kind)]
        assert headings[0] == "H1"
        assert set(headings[1:]) == {"H2"}
        assert len(headings) >= 2 + len(sheet.needed)
        bullets = sum(len(section.lines) for section in sheet.needed)
        assert kinds.count("LI") >= bullets + len(sheet.signs)
        assert kinds.count("LI") == kinds.count("LBody")
        figures = [node for kind, node in structure(pdf) if kind == "Figure"]
        assert [str(node.Alt) for node in figures] == [sheet.code_label]
        assert len(pdf.pages) == 1
        fonts = {str(font.BaseFont) for font in pdf.pages[0].Resources.Font.values()}
        assert {name.partition("+")[2][:6] for name in fonts} == {"Libert", "DejaVu"}


def test_a_checker_of_others_finds_no_fault_in_the_pdf(tmp_path):
    from pdfua.cli import main as check

    file = tmp_path / "sheet.pdf"
    file.write_bytes(pdf_of(sheet_of(answers({"skin": "pus"}))))
    assert check(["check", str(file)]) == 0


def test_the_sheet_of_every_published_case_and_of_who_is_sure_of_nothing_is_one_page():
    cases = {case.entry.id: case.answers for case in published_cases()[::6]}
    dense = max(
        published_cases(), key=lambda case: len("".join(sheet_of(case.answers).needed[0].lines))
    )
    cases |= {"dense": dense.answers, "unsure": all_unsure()}
    pages = {}
    for name, given in cases.items():
        with pikepdf.open(io.BytesIO(pdf_of(sheet_of(given)))) as pdf:
            pages[name] = len(pdf.pages)
    assert set(pages.values()) == {1}, pages


def test_what_does_not_fit_goes_to_a_second_page_and_is_never_lost():
    sheet = sheet_of(answers())
    long = replace_needed(sheet, tuple(f"line {n}" for n in range(150)))
    with pikepdf.open(io.BytesIO(pdf_of(long))) as pdf:
        items = [kind for kind, _ in structure(pdf)].count("LI")
        assert len(pdf.pages) > 1
    assert items >= 150


def replace_needed(sheet, lines):
    return sheet._replace(needed=(SheetSection("why", "Why", lines),), rest=())


def test_words_that_look_like_markup_are_printed_and_never_obeyed():
    wild = '#panic("x") $x^2$ *b* _i_ = h @ref <label> \\ ` #{1+1} #read("/etc/passwd") // /* ]'
    sheet = sheet_of(answers())
    plain, marked = (
        pikepdf.open(io.BytesIO(pdf_of(replace_needed(sheet, (line,))))) for line in ("a", wild)
    )
    kinds = [[kind for kind, _ in structure(pdf)] for pdf in (plain, marked)]
    assert kinds[0] == kinds[1]


def test_the_fonts_have_every_letter_of_our_words_and_those_of_units():
    """typst refuses a letter that it cannot show; a new language needs a look at its fonts."""
    read = [file.read_text() for file in (RULES / "wording").rglob("*.yaml")]
    letters = {letter for text in read for letter in text if letter.isprintable()}
    line = " ".join(sorted(letters | set("µ°±≥≤½Ωαβ“”éüßçŁĞЖ")))
    assert pdf_of(replace_needed(sheet_of(answers()), (line,))).startswith(b"%PDF-")


def test_typst_forgets_what_it_laid_out(monkeypatch):
    class Spy:
        def __init__(self):
            self.calls = []

        def compile(self, source, **how):
            self.calls.append((source, how.get("sys_inputs")))
            if how["format"] == "pdf":
                raise ValueError("laid out badly")
            return b""

    spy = Spy()
    monkeypatch.setattr(sheet_pdf, "_open_compiler", lambda: spy)
    with pytest.raises(ValueError, match="laid out"):
        pdf_of(sheet_of(answers()))
    after = spy.calls[1:]
    assert after[0] == (b"", {}), "not even what was handed over stays"
    assert [source for source, _ in after] == [b""] * 11


@pytest.mark.alone
def test_a_pdf_costs_little():
    sheets = [sheet_of(case.answers) for case in published_cases()[:12]]
    pdf_of(sheets[0])
    costs = []
    for sheet in sheets:
        began = time.process_time()
        pdf_of(sheet)
        costs.append((time.process_time() - began) * 1000)
    assert sorted(costs)[len(costs) // 2] <= MOST_MILLISECONDS

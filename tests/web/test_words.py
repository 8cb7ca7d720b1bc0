"""The words of the pages: each is used, each that is used is there, and all are plain."""

import itertools
import re
from pathlib import Path

import pytest
import yaml

from app.documents.patient_list.columns import COLUMN_FIELDS
from app.documents.receipt_text import RECEIPT_PROBLEMS
from app.documents.typed_days import DAY_PROBLEMS
from app.presentation.clinic_settings import PARTS
from app.presentation.downtime_sheet import COLUMNS as DOWNTIME_COLUMNS
from app.presentation.review_words import ACTIONS, AUDIT_ACTIONS, LAPSE_REASONS, NOBODY
from app.rulebook.reading_words import PAGE_FILES
from app.settings import ROOT
from app.store.clinic_settings import DATE_ORDERS, DAYS_KEPT, MAY_LOWER
from app.store.db.patient_tables import MESSAGE_ENDS, MESSAGE_KINDS, REVIEW_KINDS
from app.store.db.tables import ROLES
from app.store.review_steps import (
    CALL_OUTCOMES,
    DISPOSITIONS,
    IDENTIFIERS,
    IDENTITY_OUTCOMES,
    LOWER_REASONS,
    RAISE_REASONS,
    TRACES,
)
from app.store.worklist_rows import MOST_FLAG_LETTERS, PATIENT_FLAGS
from app.triage.dangers import STATES
from app.triage.questionnaire import ANSWER_PROBLEMS
from app.web.clinic.worklist import WORKLIST_TABS
from app.web.reading.safety import PROPERTIES, SHARES, SIDES
from app.web.reading.safety import STATES as STATES_OF_HAZARDS
from app.web.reading.trust import STRENGTHS
from tests.builders import rulebook

KEY = re.compile(r"""["']((?:[a-z_]+|\d+)(?:\.[a-z0-9_]+)+)["']""")
MADE_UP = {
    "reports.": [
        *("level", "source", "invited", "end", "raise", "lower", "stopped", "act.moved"),
        *("act.take_over", "act.lapse", "act.second_no", "act.reopen"),
    ],
    "reports.of.": ["level", "source", "invited", "end", "raise", "lower"],
    "reports.source.": ["invitation", "share", "assisted"],
    "reports.invited.": ["sent", "stopped", "began", "unopened", "revoked"],
    "reports.file.": [
        *("month", "part", "of", "number"),
        *("look_half", "look_most", "decision_half", "decision_most"),
    ],  # keys that a page puts together
    "problem.": {"missing_one", "missing_many"} | set(ANSWER_PROBLEMS) - {"missing"},
    "question.note.": {"afresh", "unfinished"},
    "result.": {"complications", "prevention"},
    "interrupt.heading.": {"child", "other"},
    "error.": {
        f"{kind}.{part}"
        for kind in [403, 404, 405, 413, 422, 429, 500, 503, "other"]
        for part in ["heading", "text"]
    },
    "error.store.": {
        *(f"{kind}.{part}" for kind in ["look", "again", "once"] for part in ["heading", "text"]),
        "button.text",
    },
}
SETTINGS = {
    *("name", "telephone", "address", "date_order", "first", "last", "reason", "may_lower"),
    *("second_person_from", "email", "webhook", *DAYS_KEPT),
    *("writes", "reminder_days", "message_webhook"),
}
MADE_UP["nurse."] = {
    *(f"question.{question.id}" for question in rulebook().questionnaire),
    *(
        f"option.{question.id}.{option}"
        for question in rulebook().questionnaire
        for option in question.option_ids
        if option not in (question.unsure, "none")
    ),
}
MADE_UP |= {
    "worklist.": {*WORKLIST_TABS}
    | {f"{which}.{unit}" for which in ["late", "left"] for unit in ["minutes", "hours", "days"]},
    "worklist.state.": {"new", "claimed", "second_look", "second_close", "closed"},
    "marks.": {*PATIENT_FLAGS, "too_long", "not_ticked"},
    "marks.ask.": {*MOST_FLAG_LETTERS},
    "marks.such_as.": {*MOST_FLAG_LETTERS},
    "list.column.": {*COLUMN_FIELDS, "none"},
    "downtime.": {*DOWNTIME_COLUMNS},
    "role.": {*ROLES},
    "password.problem.": {"short", "long", "common"},
    "staff.state.": {"disabled", "joined", "invited"},
    "clinic.part.": {*PARTS},
    "clinic.text.": {*PARTS} - {"holidays"},
    "clinic.field.": {*SETTINGS, "area"},
    "clinic.hint.": {*SETTINGS},
    "clinic.order.": {*DATE_ORDERS},
    "clinic.may_lower.": {*MAY_LOWER},
    "clinic.writes.": {"yes", "no"},
    "message.": {*MESSAGE_KINDS},
    "provider.refused.": {"state", "login", "group", "other", "setup"},
    "message.state.": {*MESSAGE_ENDS, "waiting", "late", "barred", "given_up"},
    "clinic.line.": {*DAYS_KEPT},
    "clinic.problem.": {
        *(*DAYS_KEPT, "reminder_days"),
        *("name", "name_taken", "telephone", "address", "choose", "reason", "email", "webhook"),
        *("hours_text", "hours_clock", "hours_order", "hours_overlap", "hours_many", "hours_none"),
        *("day", "day_range", "day_order", "day_span"),
        *("minutes", "minutes_emergency", "minutes_order"),
    },
    "audit.fault.": {"changed", "missing", "added", "head"},
    "submission.by.": {"me", "child", "other"},
    "say.": {f"{who}{end}" for who in ("me", "child", "other") for end in ("", ".no_age")},
    "submission.version.": {"first", "changed", "nurse"},
    "submission.danger.": {*STATES},
    "result.danger.": {*STATES},
    "sbar.danger.": {*STATES},
    "review.": {f"{kind}.done" for kind in REVIEW_KINDS},
    "review.call.": {*CALL_OUTCOMES},
    "review.close.": {*DISPOSITIONS},
    "review.lower.": {*LOWER_REASONS},
    "review.raise.": {*RAISE_REASONS},
    "review.trace.": {*TRACES},
    "typed_day.problem.": {*DAY_PROBLEMS},
    "review.lapse.": {*LAPSE_REASONS},
    "review.identify.": {*IDENTITY_OUTCOMES},
    "review.problem.": {
        *("first", "closed", "role", "owned", "second_look", "words", "outcome", "to_staff"),
        *("signs", "lower_words", "nobodys", "not_handed", "take_over_words"),
        *("highest", "level", "reason", "own", "undecided", "second_person", "why"),
        *("tries", "unidentified", "identifiers", "person", "other_name"),
        *("raise", "open", "visit", "visit_past", "visit_other", "no_visit", "compared"),
        *("traces", "addendum", "reopen", "long", "told_long"),
    },
    "identify.": {*IDENTIFIERS},
    "copy.agreed.": {*DISPOSITIONS},
    "rules.condition.": {
        *(f"{form}{end}" for form in ["is", "one_of", "named"] for end in ["", "_not"]),
        *("option", "all", "any", "at_least"),
    },
    "rules.bound.": {
        *(f"{form}{end}" for form in ["at_least", "above", "below"] for end in ["", "_not"]),
        "or",
    },
    "verify.problem.": {*RECEIPT_PROBLEMS, "damaged.part"},
    "sheet.about.": {"child", "other"},
    "audit.kind.": {*AUDIT_ACTIONS},
    "audit.done.": {*ACTIONS},
    "audit.by.": {*NOBODY},
    "handed.decided.": {*DISPOSITIONS},
    "rules.strength.": {*STRENGTHS},
    "safety.property.": {*PROPERTIES},
    "safety.cases.": {*SHARES},
    "safety.strangers.": {"building", "other_rulebook", "few_readers"},
    "safety.state.": {*STATES_OF_HAZARDS},
    "safety.side.": {*SIDES},
    "handed.noted.": {*DISPOSITIONS} - {"emergency_service"},
    "handed.instead.": {"emergency", "same_day"},
}
BANNED = re.compile(
    r"\byou have\b(?! (?:begun|finished|to start))|%|\bsafe\b|\bfine\b|low risk|\bprobably\b"
    r"|\bconfirm|rule[sd]? out|\bred\b",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def pages(app):
    return app.state.context.page_wording.pages


def used():
    found = {start + end for start, ends in MADE_UP.items() for end in ends}
    sources = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "app" / "web").rglob("*.py")]
    sources += [
        *(ROOT / "app" / "presentation").rglob("*.py"),
        *(ROOT / "app" / "documents" / "fhir").glob("*.py"),
        *(
            ROOT / "app" / "documents" / f"{name}.py"
            for name in ("sbar", "short_answers", "drawing", "clinic_files")
        ),
    ]
    for path in sources:
        found |= set(KEY.findall(Path(path).read_text()))
    return found


def test_every_word_that_a_page_uses_is_there_and_none_is_left_over(pages):
    names = {"invitations.csv", "sheet.txt", "site.css", "staff.css", "site.js", "icon.svg"}
    keys = {key for key in used() - names if not key.endswith((".html", ".css", ".js", ".svg"))}
    prefixes = {key.split(".")[0] for key in pages}
    assert {key for key in keys if key.split(".")[0] in prefixes} == set(pages)


def test_no_page_says_what_only_a_doctor_may_say(pages):
    assert {key: text for key, text in pages.items() if BANNED.search(text)} == {}


def test_sentences_are_short(pages):
    long = {}
    for key, text in pages.items():
        for sentence in re.split(r"(?<=[.:?!])\s+", text):
            if len(sentence.split()) > 25:
                long[key] = sentence
    assert long == {}


def test_no_word_of_the_pages_stands_in_two_files():
    folder = ROOT / "rules" / "wording" / "en"
    files = [set(yaml.safe_load((folder / f"{name}.yaml").read_text())) for name in PAGE_FILES]
    assert all(len(file) > 100 for file in files)
    assert all(one.isdisjoint(other) for one, other in itertools.combinations(files, 2))

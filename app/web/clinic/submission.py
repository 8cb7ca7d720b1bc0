"""One submission as a nurse reads it on a screen, and what she does with it.

Each form is one step or two. Every look is noted. A step that comes second
tells who was first and keeps what was typed. It shows what the rules of that day made of the
answers, and knows no rule.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import groupby
from operator import attrgetter
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.presentation import review_log, review_words
from app.presentation.clinic_contact import ClinicContact
from app.presentation.record_text import write_record_texts
from app.presentation.review_words import OUTCOMES, problem_key
from app.presentation.submission_view import SubmissionView
from app.store import review_steps, worklist
from app.store.clinic_texts import list_texts
from app.store.db.patient_tables import SECOND_PERSON_STATES
from app.store.invitations import derive_answers_code
from app.store.level_changes import WORDS_FROM, needs_second_person
from app.store.ownership import is_grave
from app.store.permissions import role_allows
from app.store.review_rules import DECISION_KINDS
from app.store.review_steps import ReviewStep
from app.store.worklist_rows import NoSuchSubmission
from app.triage.terms import Urgency
from app.web.clinic.closing_forms import (
    PROBLEM_FIELDS,
    describe_typed,
    find_kept_late,
    mean_ending,
    read_typed_step,
    split_steps,
)
from app.web.clinic.submission_reading import (
    OpenedSubmission,
    describe_assessment,
    describe_patient_result,
    open_submission,
    read_identity_check,
    read_review_step,
    read_typed_lines,
    strip_form_words,
    submit_steps,
)
from app.web.pages import see_other
from app.web.staff_request import StaffRequest

_STEPS = {
    "claim": ("claim",),
    "release": ("release",),
    "hand-over": ("hand_over",),
    "note": ("note",),
    "call": ("call",),
    "agree": ("agree",),
    "raise": ("raise",),
    "close": ("close",),
    "agree-close": ("agree", "close"),
    "visit": ("visit",),
    "trace": ("trace",),
    "addendum": ("addendum",),
    "reopen": ("reopen",),
    "take-over": ("take_over",),
    "hand-accept": ("hand_accept",),
    "hand-refuse": ("hand_refuse",),
}
"""The address of a form -> what it does, all of it or nothing."""


def show_submission(
    request: StaffRequest,
    problem: str = "",
    first: str = "",
    *,
    problems: Mapping[str, str] | None = None,
    meant: ReviewStep | None = None,
    drafting: bool = False,
    plain: bool = False,
    **more: Any,
) -> Response:
    """GET /submissions/{id}: all that is known; looking is noted in the audit.

    `meant`: an end of which it shows what the patient would read. `drafting`: whether the texts of
    the clinic are offered. `plain`: whether the text for the record is in ASCII. `more`: what
    stands in the forms in the place of what was typed.
    """
    opened = open_submission(request, with_texts=drafting)
    view, level = opened.view, opened.view.record.listed.level
    assessed, forms = (
        describe_assessment(view),
        _describe_closing(request, opened, drafting=drafting) | more,
    )
    if meant is not None:
        facts = mean_ending(request, opened.clinic, view.collect_ending(), meant)
        forms["preview"] = view.describe_ending(facts)
    return request.render_page(
        "nurse/submission.html",
        problems=problems or _place_problem(problem),
        first=first,
        calls=_translate_codes(request, review_steps.CALL_OUTCOMES, OUTCOMES),
        dispositions=_translate_endings(request, level),
        others=[view.row_presenter.build_short_row(line) for line in view.record.others],
        assessed=assessed,
        given=view.trace_answer_history(),
        shown=describe_patient_result(view),
        done_before=_find_done_reference(request) if "done" in request.query_params else "",
        sbar=write_record_texts(view, assessed, plain=plain),
        plain=plain,
        contact=ClinicContact.from_clinic(opened.clinic),
        answers_code=_spell_answers_code(request, view),
        **_describe_form(request, opened),
        **forms,
    )


def _spell_answers_code(request: StaffRequest, view: SubmissionView) -> str:
    """By which its person sees the answers on another device; "" for who has no link."""
    if view.record.source != "invitation" or not view.record.invitation:
        return ""
    code = derive_answers_code(request.store.keyring, view.record.invitation)
    return f"{code[:4]} {code[4:]}"


def show_plain_text(request: StaffRequest) -> Response:
    """GET /submissions/{id}/plain: the same page, its text for the record in plain letters."""
    return show_submission(request, plain=True)


def show_draft(request: StaffRequest) -> Response:
    """POST /submissions/{id}/draft: texts to start from, or what the patient would read.

    The same page with all that was typed; nothing is kept.
    """
    typed, form = read_typed_step(request, "close"), describe_typed(request)
    if request.typed_field("put_in"):
        with request.reading_scope() as scope:
            known = {text.id: text.body for text in list_texts(scope)}
        chosen = known.get(request.typed_field("text"), "")
        form["told"] = "\n".join(filter(None, [form["told"], chosen]))
    elif request.typed_field("look"):
        return show_submission(
            request, problems=typed.problems or None, flags=typed.flags, meant=typed.step
        )
    return show_submission(request, drafting=True, closing=form)


def show_lowering(request: StaffRequest, problem: str = "", first: str = "") -> Response:
    """GET /submissions/{id}/lower: stops, and names each sign that would be set aside."""
    opened = open_submission(request, asks_colleagues=True)
    view, level = opened.view, opened.view.record.listed.level
    below = [lower for lower in reversed(Urgency) if lower < level]
    if not below:
        return see_other(f"/submissions/{view.record.row.submission_id}")
    ticked, signs = request.chosen_values("rule"), review_log.list_held_signs(view)
    to = Urgency.__members__.get(request.typed_field("level"), level)
    above = [sign for sign in signs if Urgency[sign.level] > to]
    return request.render_page(
        "nurse/lower.html",
        problems={"lower": problem_key(problem)} if problem else None,
        first=first,
        missing=[s for s in above if s.id not in ticked] if problem == "signs" else [],
        signs=[(badge, [*of]) for badge, of in groupby(signs, attrgetter("badge"))],
        ticked=ticked,
        levels=[(lower.name, view.presenter.level_badge(lower)) for lower in below],
        lower_reasons=_translate_codes(request, review_steps.LOWER_REASONS, review_words.REASONS),
        chosen=request.typed_fields("level", "reason"),
        second_always=needs_second_person(opened.clinic, level, below[0]),
        words_needed=level >= WORDS_FROM,
        **_describe_form(request, opened),
    )


def show_ask_close(
    request: StaffRequest,
    problem: str = "",
    first: str = "",
    *,
    problems: Mapping[str, str] | None = None,
    flags: Sequence[str] = (),
) -> Response:
    """GET /submissions/{id}/ask-close: stops, and names what would be left without help."""
    opened = open_submission(request, asks_colleagues=True)
    listed = opened.view.record.listed
    ends, mine = review_steps.closings_by_two(listed.level), opened.is_free_for(request.staff_id)
    if listed.row.state == "closed" or not ends or not mine:
        return see_other(f"/submissions/{listed.row.submission_id}")
    return request.render_page(
        "nurse/ask_close.html",
        problems=problems or ({"ask-close": problem_key(problem)} if problem else None),
        first=first,
        closing=describe_typed(request),
        flags=flags,
        raise_reasons=_translate_codes(
            request, review_steps.RAISE_REASONS, review_words.RAISE_REASON_WORDS
        ),
        ends=_translate_codes(request, ends, OUTCOMES),
        alone=_translate_endings(request, listed.level),
        **_describe_form(request, opened),
    )


def submit_ask_close(request: StaffRequest) -> Response:
    """POST /submissions/{id}/ask-close: with how it is to end, and words why."""
    typed = read_typed_step(request, "ask_close")
    if typed.problems:
        return show_ask_close(request, problems=typed.problems, flags=typed.flags)
    asked = typed.step
    agrees = bool(request.typed_field("agree"))
    decided = [strip_form_words(replace(asked, kind="agree"))] if agrees else []
    steps = [*read_identity_check(request), *decided, asked]
    return submit_steps(request, steps, show_ask_close)


def submit_review_step(request: StaffRequest) -> Response:
    """POST /submissions/{id}/{step}: what the form does, then the same page again."""
    kinds = _STEPS.get(request.path_params["step"])
    if kinds is None:
        raise HTTPException(404)
    typed, closes = read_typed_step(request, kinds[-1]), kinds[-1] == "close"
    late = find_kept_late(request, typed.step.outcome) if closes else {}
    if problems := typed.problems or late:
        return show_submission(request, problems=problems, flags=typed.flags)
    before = read_identity_check(request) if closes else []
    steps = [*before, *split_steps(request, kinds, typed.step)]
    answer = submit_steps(request, steps, _show_refusal)
    kept = answer.status_code == 303
    return _open_next(request) if kept and request.typed_field("then") == "next" else answer


def _open_next(request: StaffRequest) -> Response:
    """To what there is to do next, which says what was done; else back to the worklist."""
    done = request.path_id
    with request.reading_scope() as scope:
        found = worklist.find_next_submission(scope, request.now, request.staff_id, done)
    return see_other(f"/submissions/{found}?done={done}" if found else "/worklist")


def _find_done_reference(request: StaffRequest) -> str:
    """What was closed before this was opened, as the clinic calls it; "" where nothing was."""
    done = request.query_params.get("done", "")
    with suppress(NoSuchSubmission), request.reading_scope() as scope:
        line = worklist.find_listed_submission(scope, done)
        return str(line.payload["reference"]) if line.row.closed else ""
    return ""


def submit_second_decision(request: StaffRequest) -> Response:
    """POST /submissions/{id}/second: the second person's yes or no to a lowering or a closing."""
    about = "close" if request.typed_field("about") == "close" else "second"
    kind = f"{about}_yes" if request.typed_field("answer") == "yes" else f"{about}_no"
    return submit_steps(request, [read_review_step(request, kind)], _show_refusal)


def submit_lowering(request: StaffRequest) -> Response:
    """POST /submissions/{id}/lower: with level, coded reason, and each sign that is set aside."""
    chosen = request.typed_field("level")
    asked = replace(
        read_review_step(request, "lower"),
        level=Urgency[chosen] if chosen in Urgency.__members__ else None,
        reason=request.typed_field("reason") or None,
        rules=tuple(request.chosen_values("rule")),
    )
    return submit_steps(request, [asked], show_lowering)


def _show_refusal(request: StaffRequest, problem: str, first: str) -> Response:
    """The page again; where one person cannot close it so, the page that stops and asks two."""
    if problem == "second_person":
        return show_ask_close(request, problem)
    return show_submission(request, problem, first)


def _place_problem(problem: str) -> dict[str, str] | None:
    """The id of the field that a refused step is about, and the key of the words for why."""
    if not problem:
        return None
    return {PROBLEM_FIELDS.get(problem, "actions"): problem_key(problem)}


def _describe_closing(
    request: StaffRequest, opened: OpenedSubmission, *, drafting: bool
) -> dict[str, Any]:
    """What the forms of closing and of afterwards hold, and what the patient reads now."""
    return {
        "closing": describe_typed(request),
        "flags": (),
        "preview": None,
        "drafting": drafting,
        "texts": [(text.id, text.title) for text in opened.texts],
        "ending": opened.view.describe_ending(),
        "raise_reasons": _translate_codes(
            request, review_steps.RAISE_REASONS, review_words.RAISE_REASON_WORDS
        ),
        "traces": _translate_codes(request, review_steps.TRACES, review_words.TRACE_WORDS),
    }


def _describe_form(request: StaffRequest, opened: OpenedSubmission) -> dict[str, Any]:
    """What every page with a form says: the submission, what can be done now, and by whom."""
    view, own_id = opened.view, request.staff_id
    record, needs = view.record, view.find_unmet_needs()
    lowered, asked, checked = map(record.last_action, ("lower", "ask_close", "identify"))
    newest = record.newest_version.id
    return {
        **view.describe(),
        "frame": opened.frame,
        "region": record.region,
        "typed": read_typed_lines(request, "words"),
        "colleagues": opened.colleagues,
        "left_open": needs,
        "mine": opened.is_free_for(own_id),
        "owner": record.row.owner_id,
        "at_once": is_grave(record.row, record.listed.payload),
        "handed_to_me": record.row.handed_to_id == own_id,
        "taken_over": _find_take_over(view, own_id),
        "own_lowering": lowered is not None and lowered.by == own_id,
        "lowering": review_log.describe_lowering(view, lowered) if lowered else None,
        "kept": _find_refused_lowering(view),
        "details": review_log.detail_entries(view),
        "own_asking": asked is not None and asked.by == own_id,
        "asked": asked,
        "asked_by": view.staff_name(asked.by) if asked else "",
        "waits": record.row.state in SECOND_PERSON_STATES,
        "by_two": review_steps.closings_by_two(record.listed.level),
        "decided": any(e.kind in DECISION_KINDS and e.version == newest for e in record.actions),
        "identified": checked is not None and checked.outcome == review_steps.SAME_PERSON,
        "tied": record.row.person_id is not None,
        "wrong_person": bool(record.listed.payload.get("wrong_person")),
        "in_vain": needs.in_vain,
        "tries": review_steps.MIN_FAILED_CALLS,
        "last": record.actions[-1].number if record.actions else 0,
        "key": secrets.token_urlsafe(12),
        "can_take": [
            (member.id, member.name)
            for member in view.members
            if member.id != own_id and not member.disabled_at and role_allows(member.role, "review")
        ],
    }


def _find_take_over(view: SubmissionView, own_id: str) -> dict[str, str] | None:
    """Who took it over from the reader, when and why; None where nobody did lately."""
    last = view.record.last_action("claim", "take_over", "hand_accept")
    if last is None or last.kind != "take_over" or last.to_staff != own_id:
        return None
    return {"by": view.staff_name(last.by), "at": view.format_time(last.at), "words": last.words}


def _find_refused_lowering(view: SubmissionView) -> dict[str, str] | None:
    """Who kept the level last, and in which words; None where the last word on it is another."""
    last = view.record.last_action(*DECISION_KINDS)
    if last is None or last.kind != "second_no":
        return None
    return {"by": view.staff_name(last.by), "words": last.words}


def _translate_endings(request: StaffRequest, level: Urgency) -> list[tuple[str, str]]:
    """How one person may close a submission of this level, to choose from."""
    words = OUTCOMES | review_words.FITTING.get(level, {})
    return _translate_codes(request, review_steps.closings_by_one(level), words)


def _translate_codes(
    request: StaffRequest, codes: Iterable[str], words: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Codes with their words, to choose from."""
    return [(code, request.translate(words[code])) for code in codes]

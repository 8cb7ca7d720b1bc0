"""SBAR of a submission: what is kept of it, in words, for the text that goes into another record.

It joins what is kept with its words; `app.documents.sbar` writes the text and cuts it.
"""

from app.documents.sbar import AssessedAnswers, ClinicFacts, write_sbar_texts
from app.presentation.dates import DAY_TIME
from app.presentation.result import View
from app.presentation.review_log import describe_sign, detail_entries, list_signs_set_aside
from app.presentation.review_words import OUTCOMES, REASONS, TRACE_WORDS
from app.presentation.submission_view import SubmissionView
from app.store.review_rules import CLOSING_KINDS
from app.store.submission_reads import ReviewAction

_ENDS = (*CLOSING_KINDS, "ask_close", "close_no")
"""The last of these says how it ends, or that a second person is asked about it."""
_CHANGES = ("raise", "lower", "second_yes", "second_no")


def write_record_texts(view: SubmissionView, assessed: View, *, plain: bool = False) -> list[str]:
    """[The text, the text with what was answered no], in the words of today; `plain`: in ASCII."""
    presenter, by_when = view.presenter, view.visit_deadline
    book, listed = presenter.result_presenter.rulebook, view.record.listed
    visit = ""
    if by_when.visit:
        forward = _say(view, "sbar.forward" if by_when.forward else "sbar.in_time")
        visit = f"{_say(view, 'sbar.visit', day=by_when.visit)}, {forward}"
    elif by_when.to_book:
        visit = _say(view, "sbar.to_book")
    facts = ClinicFacts(
        reference=listed.payload["reference"],
        name=listed.payload["name"],
        sent_as=view.record.sent_as,
        sent=_say(view, "sbar.sent", time=view.format_time(view.record.row.arrived_at)),
        answered_by=_say(view, view.respondent_key),
        level=presenter.level_badge(listed.level),
        needed=_say(view, by_when.words, day=by_when.day),
        emergency_number=book.regions[view.record.region].emergency_number,
        origin=_describe_origin(view),
        visit=visit,
        changes=_describe_actions(view, *_CHANGES),
        set_aside=_list_set_aside(view),
        calls=_describe_actions(view, "call", "trace"),
        notes=_describe_actions(view, "note", "addendum"),
        asked=tuple(_list_next_steps(view, assessed)),
        labs=tuple(view.describe_labs().values()),
    )
    answers, states = presenter.counted_answers, assessed["danger_states"]
    known = AssessedAnswers(book, answers, presenter.assessment, assessed["tried"], states)
    return [*write_sbar_texts(known, facts, presenter.short, plain=plain)]


def _describe_origin(view: SubmissionView) -> str:
    """From which level someone lowered or raised it, and why; "" where the rules' level stands."""
    listed, rules_level = view.record.listed, view.record.newest_version.urgency
    lowered = view.row_presenter.describe_lowered(listed)
    if lowered is not None:
        reason = f": {_say(view, lowered.reason)}" if lowered.reason else ""
        return _say(view, "sbar.lowered", level=lowered.badge) + reason
    if listed.level == rules_level:
        return ""
    key = "sbar.raised" if listed.level > rules_level else "sbar.lowered"
    last = view.record.last_action("lower") if listed.level < rules_level else None
    reason = REASONS.get(last.reason or "", "") if last else ""
    origin = _say(view, key, level=view.presenter.level_badge(rules_level))
    return f"{origin}: {_say(view, reason)}" if reason else origin


def _list_next_steps(view: SubmissionView, assessed: View) -> list[str]:
    """What was decided so far and how it ended, or what is left to do; what the patient knows."""
    decided = [view.record.last_action(*kinds) for kinds in (("agree", *_CHANGES), _ENDS)]
    done = [_describe_action(view, one) for one in decided if one and one.kind not in _CHANGES]
    left = ["sbar.nothing_agreed", *(["sbar.ask_back"] if assessed["unsure"] else [])]
    shown = [] if view.record.source == "assisted" else [_say(view, "sbar.net")]
    open_ = [] if any(decided) else [_say(view, key) for key in left]
    return [*done, *open_, *shown]


def _describe_actions(view: SubmissionView, *kinds: str) -> tuple[str, ...]:
    """What was done of these kinds, the newest first: it is the last to be cut."""
    done = [one for one in view.record.actions if one.kind in kinds]
    return tuple(_describe_action(view, one) for one in reversed(done))


def _list_set_aside(view: SubmissionView) -> tuple[str, ...]:
    """The signs that the last lowering sets aside, each once; none where the level was kept."""
    last = view.record.last_action(*_CHANGES)
    lowered = view.record.last_action("lower")
    if lowered is None or last is None or last.kind == "second_no":
        return ()
    return tuple(dict.fromkeys(map(describe_sign, list_signs_set_aside(view, lowered))))


def _describe_action(view: SubmissionView, action: ReviewAction) -> str:
    """Who did what and when, with all that was chosen and typed."""
    at, ending = view.format_time(action.at, DAY_TIME), OUTCOMES.get(action.outcome or "")
    done = _say(view, f"review.{action.kind}.done").rstrip(".")
    coded = (action.reason or "").split()
    said = [_say(view, ending)] if ending else []
    said += [_say(view, key) for one in coded if (key := (REASONS | TRACE_WORDS).get(one))]
    # The signs of a lowering stand by themselves, so that they never take the room of its words.
    said += [one.rstrip(".") for one in detail_entries(view)[action.number][:1]]
    words = f" \u201c{action.words}\u201d" if action.words else ""
    tail = f": {', '.join(said)}" if said else ""
    to_patient = ""
    if action.patient_words:
        read = _say(view, "submission.read_by_patient")
        to_patient = f" {read} \u201c{' '.join(action.patient_words.split())}\u201d"
    return f"{view.staff_name(action.by)} {done} ({at}){tail}{words}{to_patient}"


def _say(view: SubmissionView, key: str, **more: str) -> str:
    return view.row_presenter.words.page_text(key, **more)

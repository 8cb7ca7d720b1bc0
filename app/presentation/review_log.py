"""What was done with a submission, in words for staff: signs set aside, levels, and whose it was.

It joins what is kept with the words of the rules; it decides nothing.
"""

from dataclasses import dataclass

from app.presentation.review_words import LAPSE_REASONS, REASONS
from app.presentation.submission import FiredRule
from app.presentation.submission_view import SubmissionView
from app.store.submission_reads import ReviewAction
from app.triage.terms import Urgency


@dataclass(frozen=True, slots=True)
class LoweringRequest:
    """What a second person is asked about: who wants which level, and what it sets aside.

    `reason`: the key of the words for why.
    """

    by: str
    from_badge: str
    badge: str
    reason: str
    words: str
    signs: list[FiredRule]


def list_held_signs(view: SubmissionView) -> list[FiredRule]:
    """Every sign that holds the level above the lowest, the gravest first.

    They are those that the rules of that day found, also where these rules are not at hand now.
    """
    found = view.record.newest_version.body["findings"]
    held = [one for one in found if Urgency[one[1]] > Urgency.self_care]
    held.sort(key=lambda one: -Urgency[one[1]])
    return [_find_sign(view, rule, level, certain=certain) for rule, level, certain in held]


def describe_lowering(view: SubmissionView, lowered: ReviewAction) -> LoweringRequest:
    """A lowering that waits for a second person."""
    before = lowered.level_before or lowered.urgency
    return LoweringRequest(
        by=view.staff_name(lowered.by),
        from_badge=view.presenter.level_badge(before),
        badge=view.presenter.level_badge(Urgency[str(lowered.outcome)]),
        reason=REASONS.get(lowered.reason or "", ""),
        words=lowered.words,
        signs=list_signs_set_aside(view, lowered),
    )


def list_signs_set_aside(view: SubmissionView, lowered: ReviewAction) -> list[FiredRule]:
    """The signs that a lowering sets aside, as far as their rules are known."""
    levels = {rule: (level, sure) for rule, level, sure in _all_findings(view)}
    unknown = (lowered.urgency.name, True)
    known = [(rule, *levels.get(rule, unknown)) for rule in lowered.rules]
    return [_find_sign(view, rule, level, certain=certain) for rule, level, certain in known]


def detail_entries(view: SubmissionView) -> dict[int, list[str]]:
    """By the number of an entry, what stands beside its words: levels, signs, and other people."""
    details: dict[int, list[str]] = {action.number: [] for action in view.record.actions}
    for action in view.record.actions:
        if action.kind == "lower":
            details[action.number] = _detail_lowering(view, action)
        elif action.kind == "lapse":
            details[action.number] = [_say(view, LAPSE_REASONS[action.reason or "signed_out"])]
        elif action.to_staff:
            key = "from" if action.kind in ("take_over", "hand_accept") else "to"
            name = view.staff_name(action.to_staff)
            details[action.number] = [f"{_say(view, f'review.other.{key}')} {name}."]
    return details


def _detail_lowering(view: SubmissionView, action: ReviewAction) -> list[str]:
    request = describe_lowering(view, action)
    said = [f"{request.from_badge} -> {request.badge}."]
    if request.signs:
        signs = "; ".join(describe_sign(sign) for sign in request.signs)
        said.append(f"{_say(view, 'review.set_aside')} {signs}.")
    return said


def describe_sign(sign: FiredRule) -> str:
    """A sign in a few words: the answers that it rests on, else what its rule says."""
    return "; ".join(map(str, sign.answers)) or sign.reason.rstrip(".")


def _all_findings(view: SubmissionView) -> list[tuple[str, str, bool]]:
    """What the rules found in any of its versions, the newest last: they win."""
    return [tuple(one) for version in view.record.versions for one in version.body["findings"]]


def _find_sign(view: SubmissionView, rule: str, level: str, *, certain: bool) -> FiredRule:
    """The sign of a rule; where its rules are not at hand, under its id alone."""
    fired = {one.id: one for one in view.presenter.fired_rules()}
    badge, words = view.presenter.level_badge(Urgency[level]), view.presenter.result_presenter
    if rule in fired:
        return fired[rule]._replace(level=level, badge=badge)
    known = words.words.rules.get(rule)
    reason = words.fill(known.reason) if known else rule
    return FiredRule(rule, level, badge, reason, [], certain, ())


def _say(view: SubmissionView, key: str) -> str:
    return view.row_presenter.words.page_text(key)

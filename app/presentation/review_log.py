"""What was done with a submission, in words for staff: signs set aside, levels, and whose it was.

It joins what is kept with the words of the rules; it decides nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

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
    return _find_signs(view, held)


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
    return _find_signs(view, [(rule, *levels.get(rule, unknown)) for rule in lowered.rules])


def detail_entries(view: SubmissionView) -> dict[int, list[str]]:
    """By the number of an entry, what stands beside its words: levels, signs, and other people."""
    details: dict[int, list[str]] = {action.number: [] for action in view.record.actions}
    for action in view.record.actions:
        if action.kind == "lower":
            details[action.number] = _detail_lowering(view, action)
        elif action.kind == "lapse":
            details[action.number] = [_say(view, LAPSE_REASONS[action.reason or "signed_out"])]
        elif action.to_staff:
            taken = action.kind in ("take_over", "hand_accept")
            how = _say(view, "review.other.from" if taken else "review.other.to")
            details[action.number] = [f"{how} {view.staff_name(action.to_staff)}."]
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


def _find_signs(view: SubmissionView, found: Iterable[Sequence[Any]]) -> list[FiredRule]:
    """The signs of (rule, level, sure)s; where their rules are not at hand, under the ids alone."""
    fired = {one.id: one for one in view.presenter.fired_rules()}
    words, signs = view.presenter.result_presenter, []
    for rule, level, certain in found:
        badge, known = view.presenter.level_badge(Urgency[level]), words.words.rules.get(rule)
        reason = words.fill(known.reason) if known else rule
        sign = fired.get(rule, FiredRule(rule, level, badge, reason, [], certain, ()))
        signs.append(sign._replace(level=level, badge=badge))
    return signs


def _say(view: SubmissionView, key: str) -> str:
    return view.row_presenter.words.page_text(key)

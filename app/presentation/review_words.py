"""The codes of a review with the keys of their words: how it ended, what fails."""

from app.store.review_steps import (
    CALL_OUTCOMES,
    DISPOSITIONS,
    IDENTIFIERS,
    IDENTITY_OUTCOMES,
    LOWER_REASONS,
)
from app.triage.terms import Urgency

OUTCOMES = {
    **{outcome: f"review.call.{outcome}" for outcome in CALL_OUTCOMES},
    **{outcome: f"review.close.{outcome}" for outcome in DISPOSITIONS},
    **{outcome: f"review.identify.{outcome}" for outcome in IDENTITY_OUTCOMES},
}
NOTED = {end: f"handed.noted.{end}" for end in DISPOSITIONS if end != "emergency_service"}
"""How its person is told of an end without the help that the level asks for."""
INSTEAD = {level: f"handed.instead.{level}" for level in ("emergency", "same_day")}
"""What its person is told besides, by level: that the end changes nothing for them."""
AGREED = {end: f"copy.agreed.{end}" for end in DISPOSITIONS}
"""What was agreed, on the sheet that a person takes home."""
REASONS = {reason: f"review.lower.{reason}" for reason in LOWER_REASONS}
IDENTIFIER_WORDS = {identifier: f"identify.{identifier}" for identifier in IDENTIFIERS}
FITTING = {Urgency.same_day: {"other_service": "review.close.other_service_today"}}
"""How an end is named where the level asks for more than its usual words say."""


def problem_key(problem: str) -> str:
    """The key of the words for why a step was refused; "" where nothing is wrong."""
    return f"review.problem.{problem}" if problem else ""

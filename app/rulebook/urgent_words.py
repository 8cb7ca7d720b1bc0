"""Which words name a time or whom to call: what they promise must be proved by tests."""

import re

from app.triage.wording import find_placeholders

CALL_PLACEHOLDERS = frozenset(
    {
        *("emergency_call", "emergency_call_start", "emergency_place"),
        *("urgent_line", "urgent_line_start", "talk_line", "kidney_unit", "a_doctor"),
    }
)
"""Placeholders that name whom to call or where to go."""
# Not "within": a lump may heal within months, and nobody is to be seen by then.
_TIME = re.compile(
    r"\b(today|same day|within (\d+ (hours|days|weeks)|one)|now)\b(?! and then)", re.IGNORECASE
)


def is_urgent_text(text: str) -> bool:
    """Whether a text names a time by which to be seen, or whom to call."""
    return not CALL_PLACEHOLDERS.isdisjoint(find_placeholders(text)) or bool(_TIME.search(text))

"""The clinical safety case as Markdown, made from the published figures and from nothing else.

It says what is proved, what is measured, what is open, and that nobody has approved it.
"""

from pathlib import Path

from jinja2 import Environment, StrictUndefined

from app.assurance.figures import Figures
from app.assurance.hazards import SEVERITIES
from app.assurance.headline import describe_cases, describe_not_unseen

CASE = "clinical-safety-case.md"
TEMPLATE = Path(__file__).with_name("safety_case.jinja")
_STATES = {"proved": "proved", "partly": "partly proved", "open": "open"}
_SIDES = {"rules": "Rules", "patient": "Patient side", "clinic": "Clinic side"}
_SHARES = {
    "exact": "Level as expected",
    "acceptable": "Level acceptable",
    "under": "Rated below the expected level",
    "urgent_missed": "Needed help the same day or at once, rated below that",
    "over_by_one": "Rated one level above",
    "over_by_more": "Rated two or more levels above",
    "type_exact": "Likely type as expected",
    "type_acceptable": "Likely type acceptable",
}


def build_safety_case(figures: Figures) -> str:
    """The whole safety case."""
    # Markdown, which nothing has to be escaped in.
    environment = Environment(trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)  # noqa: S701
    whole = environment.from_string(TEMPLATE.read_text("utf-8")).render(
        figures=figures,
        describe_cases=describe_cases,
        describe_not_unseen=describe_not_unseen,
        share_words=_SHARES,
        side_words=_SIDES,
        state_words=_STATES,
        severities=SEVERITIES,
    )
    return whole.removesuffix("\n")

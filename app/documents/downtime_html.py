"""The list for a time without pages as one HTML file to print; it needs nothing beside it."""

from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, StrictUndefined

_TEMPLATE = Path(__file__).with_name("downtime.html")


def format_downtime_html(sheet: Mapping[str, object]) -> str:
    """The sheet as a whole HTML page; every word in it is escaped."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.from_string(_TEMPLATE.read_text("utf-8")).render(sheet)

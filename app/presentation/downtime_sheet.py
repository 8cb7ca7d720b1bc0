"""The list for a time without pages, in words: one line for each who waits, as text or to print."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from app.presentation.dates import SHORT_DAY, format_day, format_local_time
from app.store.downtime import DowntimeList
from app.triage.rulebook import Rulebook
from app.triage.wording import Wording

COLUMNS = ("level", "due", "reference", "name", "headline", "visit", "owner", "state")


def build_downtime_sheet(rulebook: Rulebook, kept: DowntimeList) -> dict[str, Any]:
    """The sheet in words: `heading`, `as_of`, `telephone`, `note`, `empty`, `columns`, `rows`."""
    words = rulebook.wording[rulebook.languages[0]]
    pages, as_of = words.pages, format_local_time(kept.at, kept.time_zone, words.language)
    return {
        "language": words.language,
        "heading": words.page_text("downtime.heading", clinic=kept.name),
        "as_of": words.page_text("downtime.as_of", time=as_of, number=str(len(kept.lines))),
        "telephone": (
            words.page_text("downtime.telephone", number=kept.telephone)
            if kept.telephone
            else pages["downtime.no_telephone"]
        ),
        "note": pages["downtime.note"],
        "empty": pages["downtime.empty"],
        "columns": [pages[f"downtime.{column}"] for column in COLUMNS],
        "rows": [list(_build_cells(words, kept, line)) for line in kept.lines],
    }


def format_downtime_text(sheet: dict[str, Any]) -> str:
    """The sheet as plain text, one line for each who waits."""
    rows = [" | ".join(cells) for cells in (sheet["columns"], *sheet["rows"])]
    lines = rows if sheet["rows"] else [sheet["empty"]]
    return "\n".join(
        [sheet["heading"], sheet["as_of"], sheet["telephone"], sheet["note"], "", *lines]
    )


def _build_cells(words: Wording, kept: DowntimeList, line: dict[str, Any]) -> Iterator[str]:
    region = words.regions[kept.region]
    reasons = [words.rules[rule].reason for rule in line["rules"] if rule in words.rules]
    visit = date.fromisoformat(line["visit"]) if line["visit"] else None
    yield words.levels[line["level"]].parts["badge"]
    due = datetime.fromisoformat(line["due"])
    yield format_local_time(due, kept.time_zone, words.language)
    # What people typed stays on its line, whatever it holds.
    yield " ".join(line["reference"].split())
    yield " ".join(line["name"].split())
    yield words.fill_placeholders(reasons[0], region) if reasons else ""
    yield format_day(visit, words.language, SHORT_DAY) or "-"
    yield " ".join(line["owner"].split()) or "-"
    yield words.pages[f"worklist.state.{line['state']}"]

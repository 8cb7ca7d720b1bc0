"""Public holidays as the package `holidays` knows them: a proposal that somebody goes through.

Packages of holidays disagree and lag behind; so none of these days closes a clinic by itself, and
the version that named them is kept with what was chosen. It knows no clinic.
"""

from collections.abc import Mapping
from functools import cache
from importlib import metadata
from typing import NamedTuple

COUNTRIES: Mapping[str, str] = {
    "uk": "GB",
    "uk-ni": "GB",
    "ie": "IE",
    "us": "US",
    "ca": "CA",
    "au": "AU",
    "nz": "NZ",
    "in": "IN",
}
"""Region of the rulebook -> its country. One of several countries has no holidays of its own."""
_ONLY_PARTS = {"uk": ("ENG", "SCT", "WLS"), "uk-ni": ("NIR",)}
"""Where a region is a part of a country: which parts."""


class HolidayProposal(NamedTuple):
    """The holidays of a year. `days`: 2027-12-25 -> its name; `version`: of the package."""

    area: str
    year: int
    version: str
    days: Mapping[str, str]


@cache
def list_areas(region: str) -> Mapping[str, str]:
    """The areas of a region that have holidays of their own, by code: GB-SCT -> Scotland.

    A country that is one area has no name here. None at all for a region of several countries.
    """
    country = COUNTRIES.get(region)
    if country is None:
        return {}
    # Here, since the package takes half a second to import, and few ask for holidays.
    import holidays

    known = holidays.country_holidays(country)
    names = known.get_subdivision_aliases()
    parts = _ONLY_PARTS.get(region, tuple(known.subdivisions))
    named = {f"{country}-{part}": next(iter(names.get(part, [])), part) for part in parts}
    return dict(sorted(named.items(), key=lambda pair: pair[1])) or {country: ""}


@cache
def propose_holidays(area: str, year: int) -> HolidayProposal:
    """The public holidays of an area that `list_areas` names, in the order of the year."""
    import holidays

    country, _, part = area.partition("-")
    found = holidays.country_holidays(country, subdiv=part or None, years=year)
    days = {day.isoformat(): name for day, name in sorted(found.items())}
    return HolidayProposal(area, year, metadata.version("holidays"), days)

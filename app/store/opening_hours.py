"""When a clinic is open, and by when something is due in its opening hours. Reads no table."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.store.db.tables import Clinic

_MAX_DAYS_AHEAD = 400  # days; a clinic that is closed for so long has no opening hours


def add_open_minutes(clinic: Clinic, start: datetime, minutes: int) -> datetime:
    """The moment by which so many open minutes have passed since the start.

    Where the clinic never opens, all minutes count.
    """
    left = timedelta(minutes=minutes)
    for opens, closes in _opening_windows(clinic, start):
        begins = max(opens, start)
        if begins >= closes:
            continue
        if left <= closes - begins:
            return begins + left
        left -= closes - begins
    return start + timedelta(minutes=minutes)


def _opening_windows(clinic: Clinic, start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Opening and closing times from the day of the start on.

    In UTC: within one zone, Python counts hours by the clock on the wall, which jumps twice a year.
    """
    zone = ZoneInfo(clinic.time_zone)
    first = start.astimezone(zone).date()
    for later in range(_MAX_DAYS_AHEAD):
        day = first + timedelta(days=later)
        if day.isoformat() in clinic.closed_days:
            continue
        hours: Sequence[Sequence[str]] = clinic.opening_hours[day.weekday()]
        for opens, closes in hours:
            yield _local_to_utc(day, opens, zone), _local_to_utc(day, closes, zone)


def _local_to_utc(day: date, clock: str, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), zone).astimezone(UTC)

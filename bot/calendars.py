"""When a person works, and which day something falls on: zones, working days, quarters. Pure.

Days are a person's own calendar days; moments are UTC. Of public holidays only those are known that
the company lists itself: see bot/holidays.py.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

ONE_DAY = timedelta(days=1)
WEEK = 7
LONGEST_REST = 9  # days without work to look through: a week with one working day, and a bit
QUARTER = 3  # months


@dataclass(frozen=True)
class CompanyDays:
    """Days on which nobody works whatever the weekday, and such on which all do (调休)."""

    closed: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()


@dataclass(frozen=True)
class Hours:
    """When a person can be written to; `days` are ISO weekdays, Monday is 1."""

    timezone: str = "Asia/Shanghai"
    start: time = time(9)
    end: time = time(18)
    days: frozenset[int] = frozenset({1, 2, 3, 4, 5})
    company: CompanyDays = field(default_factory=CompanyDays)

    def works_on(self, day: date) -> bool:
        """Whether it is a working day; what the company lists goes before the weekday."""
        if day in self.company.worked:
            return True
        return day.isoweekday() in self.days and day not in self.company.closed

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


def hours(timezone: str, works_from: str, works_to: str, workdays: str) -> Hours:
    """Hours as they are stored; where they leave no time to work in, the usual ones hold."""
    usual = Hours()
    start, end = time.fromisoformat(works_from), time.fromisoformat(works_to)
    if start >= end:
        start, end = usual.start, usual.end
    days = frozenset(int(each) for each in workdays if each in "1234567") or usual.days
    return Hours(timezone if is_timezone(timezone) else usual.timezone, start, end, days)


def is_timezone(name: str) -> bool:
    return name in _zones()


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def today(of: Hours, now: datetime) -> date:
    """The day it is where the person is."""
    return now.astimezone(of.zone).date()


def opening(of: Hours, day: date) -> datetime:
    """The moment work begins on a day; on a day with a gap in it, the moment after the gap."""
    return datetime.combine(day, of.start, tzinfo=of.zone).astimezone(UTC)


def closing(of: Hours, day: date) -> datetime:
    return datetime.combine(day, of.end, tzinfo=of.zone).astimezone(UTC)


def working_time(of: Hours, now: datetime) -> datetime:
    """`now` where the person works now, else the moment they next begin."""
    day = today(of, now)
    for _ in range(LONGEST_REST + WEEK * len(of.company.closed)):
        if of.works_on(day) and now < closing(of, day):
            return max(now, opening(of, day))
        day += ONE_DAY
    raise AssertionError("a week has a working day")


def working_day(of: Hours, day: date, *, back: bool = False) -> date:
    """The day itself where it is worked on, else the next one, or the last one before."""
    while not of.works_on(day):
        day += -ONE_DAY if back else ONE_DAY
    return day


def working_days_after(of: Hours, day: date, count: int) -> date:
    """The `count`th working day after a day."""
    for _ in range(count):
        day = working_day(of, day + ONE_DAY)
    return day


def quarter(day: date) -> tuple[int, int]:
    """Year and quarter, 1 to 4."""
    return day.year, (day.month - 1) // QUARTER + 1


def quarter_starts(day: date, ahead: int = 0) -> date:
    """The first day of the quarter a day is in, or of one `ahead` quarters later."""
    count = day.year * 4 + (day.month - 1) // QUARTER + ahead
    return date(count // 4, count % 4 * QUARTER + 1, 1)


def quarter_name(day: date) -> str:
    year, number = quarter(day)
    return f"{year}-Q{number}"


def mid_quarter(of: Hours, day: date, ahead: int = 1) -> date:
    """A working day in the middle of a quarter to come, as a first suggestion."""
    start = quarter_starts(day, ahead)
    return working_day(of, start.replace(month=start.month + 1, day=15))

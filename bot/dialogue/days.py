"""A day to come, as people type it."""

import re
from datetime import date, timedelta

from evaluators.dates import date_in
from evaluators.phrases import plain

FURTHEST = 366 * 3  # days; a paper rarely holds for longer, and beyond it is more likely a slip
_SHORT = re.compile(r"^(\d{1,2})\s*(?:月|-|/)\s*(\d{1,2})\s*[日号]?$")
_WEEKDAY = re.compile(r"^(下)?(?:周|星期|礼拜)([一二三四五六日天])$")
_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def day_in(text: str, today: date) -> date | None:
    """The one day a text names: 2027-01-15, 2027年1月15日, 1月15日, 下周三, Friday, tomorrow.

    Without a year, the next such day. None where it names none, or only a month.
    """
    said = plain(text).strip(" .")
    if short := _SHORT.match(said):
        return _next(today, int(short[1]), int(short[2]))
    if weekday := _WEEKDAY.match(said):
        wanted = min(6, "一二三四五六日天".index(weekday[2]))
        return _weekday(today, wanted, week=bool(weekday[1]))
    if said.removeprefix("next ") in _NAMES:
        return _weekday(today, _NAMES.index(said.removeprefix("next ")), week=False)
    found = date_in(said, today)
    return date.fromisoformat(found[0]) if found is not None and not found[1] else None


def is_weekday(text: str) -> bool:
    """Whether a text names a day of the week alone."""
    said = plain(text).strip(" .")
    return bool(_WEEKDAY.match(said)) or said in _NAMES


def is_far(day: date, today: date) -> bool:
    return (day - today).days > FURTHEST


def _next(today: date, month: int, day: int) -> date | None:
    for year in (today.year, today.year + 1):
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found >= today:
            return found
    return None


def _weekday(today: date, wanted: int, *, week: bool) -> date:
    """The coming one; `week`: the one of the week after this."""
    if week:
        return today - timedelta(days=today.weekday()) + timedelta(days=7 + wanted)
    return today + timedelta(days=(wanted - today.weekday() - 1) % 7 + 1)

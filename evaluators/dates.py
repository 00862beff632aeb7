"""Dates people type, in Chinese and English; only those that can mean one day or one month."""

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta

from evaluators.quantities import numeral

Found = tuple[str, bool]  # ISO date, and whether the day was filled in by us

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_H = "零〇一二三四五六七八九十"
_NUMBER = rf"(?:\d{{1,2}}|[{_H}]{{1,3}})"
_MONTH = rf"(?P<m>{'|'.join(_MONTHS)})[a-z]*\.?"
_YEAR = rf"(?P<y>(?:19|20)\d\d|[{_H}]{{4}})"
_RELATIVE = {"去年": -1, "今年": 0, "本年": 0, "明年": 1, "后年": 2}
_YEARS = "|".join(_RELATIVE)
_DAY = rf"(?P<d>{_NUMBER})[日号]?"
_DAYS = {"昨天": -1, "今天": 0, "明天": 1, "后天": 2, "yesterday": -1, "today": 0, "tomorrow": 1}


def date_in(text: str, now: date) -> Found | None:
    """The date in a `phrases.plain` text: 2027-03-01, 2027年3月, 明年三月, 3 March 2027, 下月底.

    A month without a day is its first day, marked as filled in: the careful reading of an expiry.
    Two different dates, or one that could mean several days (01/03/2027, 3月1日), give None.
    """
    found: set[Found] = set()
    for pattern, read in _PATTERNS:
        for match in pattern.finditer(text):
            result = read(match, now)
            if result is None:
                return None
            found.add(result)
        text = pattern.sub(" ", text)
    return found.pop() if len(found) == 1 else None


def _iso(year: int, month: int, day: int | None, guessed: bool = False) -> Found | None:
    try:
        return date(year, month, day or 1).isoformat(), guessed or day is None
    except ValueError:
        return None


def _whole(text: str) -> int:
    return int(numeral(text) or 0)


def _written(match: re.Match[str], now: date) -> Found | None:
    day = match["d"]
    return _iso(_whole(match["y"]), _whole(match["m"]), _whole(day) if day else None)


def _ending(match: re.Match[str], now: date) -> Found | None:
    year, month = _whole(match["y"]), _whole(match["m"] or "12")
    return _iso(year, month, monthrange(year, month)[1]) if 1 <= month <= 12 else None


def _named_month(match: re.Match[str], now: date) -> Found | None:
    day = match["d"]
    return _iso(int(match["y"]), _MONTHS.index(match["m"]) + 1, int(day) if day else None)


def _relative_year(match: re.Match[str], now: date) -> Found | None:
    year = now.year + _RELATIVE[match["r"]]
    if match["end"]:
        return _iso(year, 12, 31)
    month, day = _whole(match["m"]), match["d"]
    if match["last"] and 1 <= month <= 12:
        return _iso(year, month, monthrange(year, month)[1])
    return _iso(year, month, _whole(day) if day else None)


def _end_of_month(match: re.Match[str], now: date) -> Found | None:
    months = now.year * 12 + now.month - 1 + match["next"].count("下")
    year, month = months // 12, months % 12 + 1
    return _iso(year, month, monthrange(year, month)[1])


def _near_day(match: re.Match[str], now: date) -> Found | None:
    return (now + timedelta(days=_DAYS[match["w"]])).isoformat(), False


_PATTERNS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], Found | None]], ...] = (
    tuple(
        (re.compile(pattern), read)
        for pattern, read in (
            (rf"{_YEAR}年\s*(?:(?P<m>{_NUMBER})月份?)?[底末]", _ending),
            (rf"{_YEAR}年\s*(?P<m>{_NUMBER})月(?:份)?(?:\s*(?P<d>{_NUMBER})[日号]?)?", _written),
            (r"(?<!\d)(?P<y>(?:19|20)\d\d)([-/.])(?P<m>\d{1,2})\2(?P<d>\d{1,2})(?!\d)", _written),
            (r"(?<!\d)(?P<y>(?:19|20)\d\d)(?P<m>[01]\d)(?P<d>[0-3]\d)(?!\d)", _written),
            (r"(?<![\d/.-])(?P<y>(?:19|20)\d\d)[-/.](?P<m>\d{1,2})(?P<d>)(?![\d/.-])", _written),
            (r"(?<![\d/.-])(?P<m>\d{1,2})[-/.](?P<y>(?:19|20)\d\d)(?P<d>)(?!\d)", _written),
            (
                rf"(?P<d>\d{{1,2}})?(?:st|nd|rd|th)?(?: of)?\s*{_MONTH},?\s*(?P<y>(?:19|20)\d\d)",
                _named_month,
            ),
            (
                rf"{_MONTH}\s*(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s*(?P<y>(?:19|20)\d\d)",
                _named_month,
            ),
            (
                rf"(?P<r>{_YEARS})的?(?:(?P<end>年?底|年末)|(?P<m>{_NUMBER})月份?(?:(?P<last>底)|{_DAY})?)",
                _relative_year,
            ),
            (r"(?P<next>这个?|本|下个?)月底", _end_of_month),
            (rf"(?P<w>{'|'.join(_DAYS)})", _near_day),
        )
    )
)

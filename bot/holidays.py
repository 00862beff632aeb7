"""The company's own closed days and make-up working days (调休), from one file it keeps itself.

Which days a year's public holidays are is announced anew each year: nothing is guessed here.
"""

import tomllib
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.calendars import CompanyDays
from bot.errors import UserError

FILE = "holidays.toml"  # in the state directory
KEYS = ("source", "closed", "worked")
LONGEST = 60  # days of one range; more is a slip of the pen


def load(path: Path) -> CompanyDays:
    """The days listed in a file, none where there is no file; raises UserError for a mistake."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return CompanyDays()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}") from error
    try:
        return read(raw)
    except ValueError as error:
        raise UserError(f"{path}: {error}") from error


def read(raw: dict[str, Any]) -> CompanyDays:
    """`closed` and `worked`: days, or ranges as "2027-10-01..2027-10-07". Pure.

    Raises ValueError saying which entry is wrong.
    """
    if unknown := sorted(set(raw) - set(KEYS)):
        raise ValueError(f"unknown key {unknown[0]!r}; known: {', '.join(KEYS)}")
    if not str(raw.get("source", "")).strip():
        raise ValueError("source is missing: say whose list this is, and of which date")
    closed, worked = (frozenset(_days(key, raw.get(key, []))) for key in ("closed", "worked"))
    if both := sorted(closed & worked):
        raise ValueError(f"{both[0]} is in closed and in worked")
    return CompanyDays(closed, worked)


def _days(key: str, listed: object) -> Iterator[date]:
    if not isinstance(listed, list):
        raise ValueError(f"{key} is a list of days")  # noqa: TRY004 - told like any other mistake
    for entry in listed:
        first, last = _range(key, entry)
        yield from (first + timedelta(days=n) for n in range((last - first).days + 1))


def _range(key: str, entry: object) -> tuple[date, date]:
    """A range's first and last day; one day is its own first and last."""
    if isinstance(entry, date) and not isinstance(entry, datetime):
        return entry, entry
    begins, dots, ends = str(entry).partition("..")
    try:
        first = date.fromisoformat(begins.strip())
        last = date.fromisoformat(ends.strip()) if dots else first
    except ValueError as error:
        example = "2027-10-01 or 2027-10-01..2027-10-07"
        raise ValueError(f"{key}: {entry!r} is no day or range such as {example}") from error
    if not 0 <= (last - first).days < LONGEST:
        raise ValueError(
            f"{key}: {entry!r} ends before it begins, or is longer than {LONGEST} days"
        )
    return first, last

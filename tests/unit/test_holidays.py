"""The company's own days: closed ones, and make-up working days."""

import re
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from bot import calendars, holidays
from bot.calendars import CompanyDays, Hours
from bot.errors import UserError

LISTED = """
source = "行政部通知，2026-12-01"
closed = ["2027-03-01..2027-03-03", 2027-03-09]
worked = ["2027-03-06"]
"""  # made-up days


def listed(tmp_path: Path, text: str) -> CompanyDays:
    path = tmp_path / holidays.FILE
    path.write_text(text, encoding="utf-8")
    return holidays.load(path)


def test_ranges_and_days_are_read(tmp_path: Path) -> None:
    """A range includes both of its ends; a day may be written with or without quotes."""
    days = listed(tmp_path, LISTED)
    assert {date(2027, 3, day) for day in (1, 2, 3, 9)} == days.closed
    assert {date(2027, 3, 6)} == days.worked


def test_the_documented_example_is_taken() -> None:
    """What docs/channels.md shows can be copied as it is."""
    page = (Path(__file__).parents[2] / "docs/channels.md").read_text(encoding="utf-8")
    example = page.partition("```toml\n")[2].partition("```")[0]
    days = holidays.read(tomllib.loads(example))
    assert (4, 1) == (len(days.closed), len(days.worked))


def test_without_a_file_no_day_is_special(tmp_path: Path) -> None:
    """The file is optional."""
    assert CompanyDays() == holidays.load(tmp_path / holidays.FILE)


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        ({"closed": []}, "source is missing"),
        ({"source": "x", "open": []}, "unknown key 'open'"),
        ({"source": "x", "closed": "2027-03-01"}, "closed is a list of days"),
        ({"source": "x", "closed": ["2027-02-30"]}, "'2027-02-30' is no day"),
        ({"source": "x", "worked": ["2027-03-05..2027-03-01"]}, "ends before it begins"),
        ({"source": "x", "closed": ["2027-01-01..2028-01-01"]}, "longer than 60 days"),
        ({"source": "x", "closed": [True]}, "True is no day"),
        (
            {"source": "x", "closed": ["2027-03-01..2027-03-07"], "worked": ["2027-03-06"]},
            "2027-03-06 is in closed and in worked",
        ),
    ],
)
def test_a_mistake_says_which_entry_is_wrong(raw: dict[str, Any], complaint: str) -> None:
    """Nothing is guessed, and nothing is taken in half."""
    with pytest.raises(ValueError, match=re.escape(complaint)):
        holidays.read(raw)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    """Whoever starts the program is told the file and the place."""
    with pytest.raises(UserError) as refused:
        listed(tmp_path, "closed = [")
    assert holidays.FILE in str(refused.value)


def test_a_reminder_waits_for_the_end_of_closed_days(tmp_path: Path) -> None:
    """Monday to Wednesday are closed: what falls due then comes on Thursday morning."""
    of = Hours(company=listed(tmp_path, LISTED))
    due = datetime(2027, 3, 1, 2, tzinfo=UTC)
    assert datetime(2027, 3, 4, 1, tzinfo=UTC) == calendars.working_time(of, due)


def test_a_make_up_day_is_worked_on(tmp_path: Path) -> None:
    """The listed Saturday counts as a working day, the Tuesday after the weekend does not."""
    of = Hours(company=listed(tmp_path, LISTED))
    days = [calendars.working_days_after(of, date(2027, 3, 5), count) for count in (1, 2, 3)]
    assert [date(2027, 3, 6), date(2027, 3, 8), date(2027, 3, 10)] == days
    assert date(2027, 3, 4) == calendars.working_day(of, date(2027, 3, 2))


def test_long_closures_have_an_end() -> None:
    """Even for somebody who works one day a week the next working time is found."""
    mondays = frozenset(date.fromordinal(date(2027, 3, 1).toordinal() + 7 * n) for n in range(8))
    of = Hours(days=frozenset({1}), company=CompanyDays(closed=mondays))
    found = calendars.working_time(of, datetime(2027, 3, 1, 0, tzinfo=UTC))
    assert date(2027, 4, 26) == calendars.today(of, found)

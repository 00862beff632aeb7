"""Days, hours and quarters: whoever is reminded, it is while they work."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import calendars
from bot.calendars import Hours
from bot.dialogue import rhythm
from bot.dialogue.days import day_in
from bot.dialogue.drills import duplicates_in, past_day, seconds_in
from bot.dialogue.reminding import read_hours

ZONES = (
    *("Asia/Shanghai", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Asia/Kolkata"),
    *("Australia/Lord_Howe", "Pacific/Apia", "Africa/Cairo", "UTC"),
)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 12, 31)).map(  # noqa: DTZ001
    lambda at: at.replace(tzinfo=UTC)
)
DATES = st.dates(date(2020, 1, 1), date(2035, 12, 31))


@st.composite
def hours(draw) -> Hours:
    start = draw(st.integers(0, 22))
    end = draw(st.integers(start + 1, 23))
    days = draw(st.frozensets(st.integers(1, 7), min_size=1))
    return Hours(draw(st.sampled_from(ZONES)), time(start), time(end, 30), days)


@given(hours(), MOMENTS)
def test_working_time_is_in_working_hours(of: Hours, now: datetime) -> None:
    """It is never before now, always while the person works, and now if they work now."""
    at = calendars.working_time(of, now)
    assert now <= at
    day = calendars.today(of, at)
    assert calendars.opening(of, day) <= at < calendars.closing(of, day)
    assert at == calendars.working_time(of, at)
    assert timedelta(days=9) > at - now


@given(hours(), DATES, st.integers(1, 30))
def test_working_days_are_counted(of: Hours, day: date, count: int) -> None:
    """Between a day and the nth working day after it lie n - 1 working days."""
    later = calendars.working_days_after(of, day, count)
    between = (day + timedelta(days=n) for n in range(1, (later - day).days + 1))
    assert count == sum(1 for each in between if each.isoweekday() in of.days)
    assert later.isoweekday() in of.days


@given(hours(), DATES)
def test_a_drill_is_suggested_for_the_coming_quarter(of: Hours, day: date) -> None:
    """The suggested day is worked on and lies in the quarter after, also over the year's end."""
    usual = calendars.mid_quarter(of, day)
    assert usual.isoweekday() in of.days
    assert calendars.quarter(usual) == calendars.quarter(calendars.quarter_starts(day, 1))
    assert usual > day
    assert calendars.quarter_starts(day) <= day < calendars.quarter_starts(day, 1)


@given(hours(), MOMENTS, DATES, st.sampled_from(["drill", "question", "paper"]))
def test_notices_come_in_order_and_in_working_hours(
    of: Hours, since: datetime, due: date, kind: str
) -> None:
    """Every notice is at a moment when the person works, and none before the one before it."""
    steps = list(islice(rhythm.ladder(kind, since, due, of), 10))
    assert [step.at for step in steps] == sorted(step.at for step in steps)
    assert len({step.name for step in steps}) == len(steps)
    # The hours of a day that a zone leaves out altogether belong to the next one.
    steps = [step for step in steps if of.timezone != "Pacific/Apia"]
    assert [step.at for step in steps] == [calendars.working_time(of, s.at) for s in steps]


@given(hours(), MOMENTS, DATES, MOMENTS)
def test_the_next_notice_is_the_first_one_to_come(
    of: Hours, since: datetime, due: date, now: datetime
) -> None:
    """What stands is past, what is next is to come, and nothing lies between the two."""
    steps = list(islice(rhythm.ladder("drill", since, due, of), 400))
    last = rhythm.standing(iter(steps), now)
    following = rhythm.upcoming(iter(steps), now)
    assert last is None or last.at <= now
    if following is not None:
        assert now < following.at
        assert [] == [step for step in steps if now < step.at < following.at]
        assert following == [step for step in steps if step.at == following.at][-1]


@given(hours(), DATES, MOMENTS, st.integers(1, 40))
def test_snoozing_never_hides_what_is_overdue(
    of: Hours, due: date, now: datetime, count: int
) -> None:
    """Put off, it comes on that day or, where the approver is to hear before that, then."""
    day = calendars.working_day(of, calendars.today(of, now) + timedelta(days=count))
    until = calendars.opening(of, day)
    steps = list(islice(rhythm.ladder("paper", now, due, of), 900))
    step = rhythm.snoozed(iter(steps), until, now, day)
    assert step.at <= until
    assert step.escalated or step.at == until


def test_hours_across_the_change_of_clocks() -> None:
    """Nine in the morning stays nine in the morning, before and after the clocks change."""
    berlin = Hours("Europe/Berlin")
    assert "08:00" == f"{calendars.opening(berlin, date(2027, 3, 26)):%H:%M}"
    assert "07:00" == f"{calendars.opening(berlin, date(2027, 3, 29)):%H:%M}"
    gap = Hours("Europe/Berlin", time(2, 30), time(12), frozenset(range(1, 8)))
    assert datetime(2027, 3, 28, 1, 30, tzinfo=UTC) == calendars.opening(gap, date(2027, 3, 28))


def test_a_drill_after_the_month_ends_counts_back_over_it() -> None:
    """Two weeks before the second of March is in February, leap year or not."""
    of = Hours(days=frozenset(range(1, 8)))
    for year, day in ((2027, 16), (2028, 17)):
        first = next(rhythm.ladder("drill", datetime.now(UTC), date(year, 3, 2), of))
        assert date(year, 2, day) == calendars.today(of, first.at)


def test_hours_that_leave_no_time_fall_back() -> None:
    """Somebody whose hours make no sense is reminded in the usual ones."""
    assert Hours() == calendars.hours("Nowhere/At_All", "18:00", "09:00", "")


TODAY = date(2026, 11, 25)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2027-01-20", date(2027, 1, 20)),
        ("2027年1月20日", date(2027, 1, 20)),
        ("1月20日", date(2027, 1, 20)),
        ("12/3", date(2026, 12, 3)),
        ("明天", date(2026, 11, 26)),
        ("下周三", date(2026, 12, 2)),
        ("周日", date(2026, 11, 29)),
        ("周三", date(2026, 12, 2)),
        ("Friday", date(2026, 11, 27)),
        ("next monday", date(2026, 11, 30)),
        ("20 January 2027", date(2027, 1, 20)),
        ("2月30日", None),
        ("2027年3月", None),
        ("尽快", None),
    ],
)
def test_days_are_read(text: str, expected: date | None) -> None:
    """A day to come, as people type it."""
    assert expected == day_in(text, TODAY)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("昨天", date(2026, 11, 24)),
        ("今天", TODAY),
        ("11月20日", date(2026, 11, 20)),
        ("11月30日", date(2025, 11, 30)),
        ("周五", date(2026, 11, 20)),
        ("wednesday", TODAY),
        ("明天", date(2026, 11, 26)),
        ("2026-12-01", date(2026, 12, 1)),
    ],
)
def test_days_gone_by_are_read(text: str, expected: date) -> None:
    """When a drill was; a day to come is read as it is, and refused later."""
    assert expected == past_day(text, TODAY)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("2分36秒", 156.0), ("2:36", 156.0), ("156", 156.0), ("3 min", 180.0)),
        *(("2 min 36 s", 156.0), ("三分钟", 180.0), ("很快", None)),
    ],
)
def test_lengths_of_time_are_read(text: str, expected: float | None) -> None:
    """How long until the first arrival, in seconds."""
    assert expected == seconds_in(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2/40", {"duplicates": 2, "of": 40}),
        ("40条里2条", {"duplicates": 2, "of": 40}),
        ("40 条中有 2 条", {"duplicates": 2, "of": 40}),
        ("2 out of 40", {"duplicates": 2, "of": 40}),
        ("5%", {"duplicates": None, "share": 5.0}),
        ("2条", {"duplicates": 2}),
        ("0", {"duplicates": 0}),
        ("some", None),
    ],
)
def test_duplicates_are_read(text: str, expected: dict[str, object] | None) -> None:
    """How many came twice, in numbers and plain words."""
    assert expected == duplicates_in(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9:00-18:00", (time(9), time(18))),
        ("9-17", (time(9), time(17))),
        ("9点到18点", (time(9), time(18))),
        ("8:30 to 17:15", (time(8, 30), time(17, 15))),
        ("18:00-9:00", None),
        ("25:00-26:00", None),
    ],
)
def test_working_hours_are_read(text: str, expected: tuple[time, time] | None) -> None:
    """A range within one day."""
    assert expected == read_hours(text)

"""When a reminder speaks: the days before, the day itself, and what follows where nothing is done.

What falls on a day off is said on the last working day before it; what is overdue, on the next one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import takewhile

from bot import calendars
from bot.calendars import Hours

BEFORE = (14, 3, 1, 0)  # days
AGAIN = 2  # working days after questions were handed over
ALL_QUESTIONS_BY = 5  # working days, unless another day was agreed on
ESCALATED = 2  # working days after that
QUIET = timedelta(minutes=10)  # without a further question, before the digest is sent
QUIET_AT_MOST = timedelta(hours=1)
WEEKS_OVERDUE = 520  # ten years: nobody is reminded for longer


@dataclass(frozen=True)
class Step:
    """One notice: what it is called, when it is due, and whether the approver is told too."""

    name: str
    at: datetime
    escalated: bool = False


def escalates(step: str) -> bool:
    """Whether a notice of this name goes to the approver too."""
    return step in {"overdue", "escalated"} or step.startswith("week")


def ladder(kind: str, since: datetime, due: date, hours: Hours) -> Iterator[Step]:
    """The notices of a reminder set up at `since`, in order of time."""
    if kind == "question":
        return _asked(since, due, hours)
    return _dated(due, hours)


def answers_by(since: datetime, hours: Hours) -> date:
    """The day by which questions handed over at `since` should be answered."""
    day = calendars.working_day(hours, calendars.today(hours, since))
    return calendars.working_days_after(hours, day, ALL_QUESTIONS_BY)


def _asked(since: datetime, due: date, hours: Hours) -> Iterator[Step]:
    first = calendars.working_time(hours, since + QUIET)
    yield Step("first", first)
    day = calendars.working_day(hours, calendars.today(hours, since))
    last = calendars.working_day(hours, due, back=True)
    again = calendars.working_days_after(hours, day, AGAIN)
    if again < last:
        yield Step("again", calendars.opening(hours, again))
    yield Step("by", max(first, calendars.opening(hours, last)))
    over = calendars.working_days_after(hours, max(last, day), ESCALATED)
    yield Step("escalated", calendars.opening(hours, over), escalated=True)


def _dated(due: date, hours: Hours) -> Iterator[Step]:
    for days in BEFORE:
        day = calendars.working_day(hours, due - timedelta(days=days), back=True)
        yield Step(f"t{days}", calendars.opening(hours, day))
    over = calendars.working_days_after(hours, due, 1)
    yield Step("overdue", calendars.opening(hours, over), escalated=True)
    for week in range(1, WEEKS_OVERDUE):
        day = over + timedelta(weeks=week)
        yield Step(f"week{week}", calendars.opening(hours, day), escalated=True)


def standing(steps: Iterator[Step], now: datetime) -> Step | None:
    """The notice that should have been said last by now; earlier ones that were missed are not."""
    passed = list(takewhile(lambda step: step.at <= now, steps))
    return passed[-1] if passed else None


def upcoming(steps: Iterator[Step], now: datetime) -> Step | None:
    """The next notice after `now`; of several at one moment, the last."""
    found: Step | None = None
    for step in steps:
        if found is not None and step.at > found.at:
            return found
        if step.at > now:
            found = step
    return found


def snoozed(steps: Iterator[Step], until: datetime, now: datetime, day: date) -> Step:
    """The same notice again at `until`; what the approver is to hear is not put off by that."""
    later = Step(f"snoozed{day:%Y%m%d}", until)
    bound = takewhile(lambda step: step.at <= until, steps)
    return next((step for step in bound if step.at > now and step.escalated), later)

"""When messages are due: pure arithmetic on the plan, never on what was sent before.

A sender that was held up does not shift the schedule; it is late, and its lateness is a result.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from evaluators.sending.plan import Phase, Plan, occurs

SECOND = 1_000_000_000
HOME = "Asia/Shanghai"  # of a plan that was not settled


@dataclass(frozen=True, slots=True)
class Pace:
    """`count` messages at `rate` per second; the first is due at `start_ns`, on whatever clock."""

    rate: float
    count: int
    start_ns: int = 0

    def due_ns(self, index: int) -> int:
        """When message `index` (from 0) is due, rounded to the nanosecond."""
        per_s, seconds = self.rate.as_integer_ratio()
        return self.start_ns + (2 * index * SECOND * seconds + per_s) // (2 * per_s)

    def due_by(self, now_ns: int) -> int:
        """How many messages are due at that moment, 0 to `count`; exactly as `due_ns` says."""
        passed = now_ns - self.start_ns
        if passed < 0:
            return 0
        per_s, seconds = self.rate.as_integer_ratio()
        last = (per_s * (2 * passed + 1) - 1) // (2 * SECOND * seconds)
        return min(last + 1, self.count)

    @property
    def last_ns(self) -> int:
        """When the last message is due."""
        return self.due_ns(max(0, self.count - 1))

    @property
    def end_ns(self) -> int:
        """When one more message would be due: what follows may begin."""
        return self.due_ns(self.count)


class Timetable:
    """Paces one after the other, for the messages from `first` on; what came before is over.

    Indexes are those of the whole run. The `paces` are in order of time and do not overlap.
    """

    def __init__(self, paces: Sequence[Pace], first: int = 0) -> None:
        self.first = first
        self.paces = tuple(paces)
        self._starts = [pace.start_ns for pace in self.paces]
        self._firsts = [first]
        for pace in self.paces:
            self._firsts.append(self._firsts[-1] + pace.count)
        self.count = self._firsts.pop()
        """Messages of the whole run."""

    def due_ns(self, index: int) -> int:
        """When message `index` is due; IndexError for one that is over."""
        if not self.first <= index < self.count:
            raise IndexError(index)
        at = bisect_right(self._firsts, index) - 1
        return self.paces[at].due_ns(index - self._firsts[at])

    def due_by(self, now_ns: int) -> int:
        """How many messages are due at that moment, those before `first` included."""
        at = bisect_right(self._starts, now_ns) - 1
        return self.first if at < 0 else self._firsts[at] + self.paces[at].due_by(now_ns)

    def shifted(self, by_ns: int) -> "Timetable":
        """The same on a clock that is ahead by so much."""
        paces = [Pace(pace.rate, pace.count, pace.start_ns + by_ns) for pace in self.paces]
        return Timetable(paces, self.first)

    @property
    def last_ns(self) -> int:
        """When the last message is due."""
        return self.paces[-1].last_ns


def timetable(plan: Plan, start_ns: int, first: int = 0) -> Timetable:
    """When each message from `first` on is due, ns since 1970, not before `start_ns`.

    A phase that has begun goes on at once; one that waits for a time of day begins when it is next
    that time. The plan is settled (`plan.settle`): ValueError where a phase still says `peak`.
    """
    paces: list[Pace] = []
    past, at_ns = 0, start_ns
    for phase in plan.stages:
        skipped = min(max(0, first - past), phase.count)
        past += phase.count
        if skipped == phase.count:
            continue
        if not skipped:
            at_ns = _begins(phase, at_ns, plan.timezone or HOME, at_once=not paces)
        paces.append(Pace(phase.rate, phase.count - skipped, at_ns))
        at_ns = paces[-1].end_ns
    return Timetable(paces, min(first, past))


def _begins(phase: Phase, at_ns: int, timezone: str, *, at_once: bool) -> int:
    """When a phase begins that could from `at_ns` on; the first of all does not pause."""
    if phase.at is None:
        return at_ns if at_once else at_ns + round(phase.after_s * SECOND)
    if phase.at == "peak":
        raise ValueError("the company's peak is not known; settle the plan first")
    seconds, rest = divmod(at_ns, SECOND)
    could = datetime.fromtimestamp(seconds, UTC) + timedelta(seconds=1 if rest else 0)
    return int(occurs(phase.at, could.astimezone(ZoneInfo(timezone))).timestamp()) * SECOND


def lateness_ns(due_ns: int, sent_ns: int) -> int:
    """How long after it was due a message was sent; never negative."""
    return max(0, sent_ns - due_ns)

"""The kinds of number a run is described by; each share keeps the counts it comes from."""

import math
from array import array
from collections.abc import Iterable
from dataclasses import dataclass

from evaluators.statistics import (
    Interval,
    Percentile,
    clopper_pearson,
    ordered,
    percentiles,
    wilson,
)


@dataclass(frozen=True)
class Share:
    """A count out of a count, so that every rate can be traced."""

    count: int
    of: int

    @property
    def value(self) -> float | None:
        return self.count / self.of if self.of else None

    @property
    def interval(self) -> Interval:
        """Exact two-sided 95 %, every message taken as independent: for verdicts."""
        return clopper_pearson(self.count, self.of)

    @property
    def shown(self) -> Interval:
        """Wilson's 95 % interval: for tables and pictures."""
        return wilson(min(self.count, self.of), self.of)


@dataclass(frozen=True)
class Latency:
    """Milliseconds from due to handset; messages that did not arrive count as infinite."""

    p50: Percentile
    p95: Percentile
    p99: Percentile


@dataclass(frozen=True)
class Lateness:
    """Milliseconds messages left behind the schedule."""

    p50_ms: float
    p99_ms: float
    max_ms: float


@dataclass(frozen=True)
class Carrier:
    """One carrier's part of the run; `arrived` is out of messages to live handsets."""

    carrier: str
    submitted: int
    delivered: Share
    arrived: Share
    latency: Latency | None


@dataclass(frozen=True)
class Part:
    """The messages that have one `value` of a trait: a carrier, a region, a phase, a text.

    `effective` is how many independent messages `arrived.of` are worth, `interval` the 95 % one of
    the arrived share on that many. Latency is given by carrier and by phase, once it has closed.
    """

    trait: str
    value: str
    submitted: int
    delivered: Share
    arrived: Share
    effective: float
    interval: Interval
    latency: Latency | None = None


@dataclass(frozen=True)
class Code:
    """Receipts of one state and raw code from one carrier; of them, on live handsets and seen."""

    state: str
    code: str
    carrier: str
    count: int
    watched: int
    arrived: int


@dataclass(frozen=True)
class Away:
    """Our own absence while messages were under way: `lasted_s` seconds in all.

    Of `messages` under way, `held_back` had their receipt as soon as we were back, later than
    the window; `untold` have none.
    """

    lasted_s: float
    messages: int
    held_back: int
    untold: int


@dataclass(slots=True)
class Counted:
    """Messages of one phase to one number, while rows are gone through.

    Of those that `arrived`, `told` are known to have been in time or not, `prompt` were, and
    `exact` have a time good enough for latencies.
    """

    submitted: int = 0
    delivered: int = 0
    watched: int = 0
    arrived: int = 0
    told: int = 0
    prompt: int = 0
    exact: int = 0

    @property
    def lost(self) -> int:
        return self.watched - self.arrived


def total(cells: Iterable[Counted]) -> Counted:
    """All of them together."""
    made = Counted()
    for cell in cells:
        for name in Counted.__slots__:
            setattr(made, name, getattr(made, name) + getattr(cell, name))
    return made


def latency_of(waited: Iterable["array[float]"]) -> Latency | None:
    """Latency over all the milliseconds there are."""
    values = array("f")
    for some in waited:
        values.extend(some)
    if not values:
        return None
    return Latency(*map(_rounded, percentiles(values, (0.5, 0.95, 0.99))))


def _rounded(made: Percentile) -> Percentile:
    """To the microsecond: what single precision holds."""
    bounds = (made.value, made.low, made.high)
    value, low, high = (None if each is None else round(each, 3) for each in bounds)
    return Percentile(made.share, made.n, value, low, high)


def lateness_of(late: "array[float]") -> Lateness | None:
    """Lateness over all the milliseconds there are."""
    if not late:
        return None
    ascending = ordered(late)
    ranks = [max(0, math.ceil(len(late) * share) - 1) for share in (0.5, 0.99, 1.0)]
    return Lateness(*(round(float(ascending[rank]), 3) for rank in ranks))

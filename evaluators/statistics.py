"""Exact statistics of proportions: intervals, sample sizes, sequential tests, percentiles.

Shares are 0 to 1. Counts may be fractions where a sample was shrunk to its effective size.
Clopper-Pearson decides verdicts (its coverage is guaranteed); Wilson is for display.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count

LARGEST = 10_000_000  # messages: beyond this, "how many more" is not worth saying
MANY = 100_000  # values: from here on they are sorted in place of a list of objects


@dataclass(frozen=True)
class Interval:
    """A closed interval; `high` may be infinite for a percentile of censored values."""

    low: float
    high: float

    @property
    def width(self) -> float:
        return self.high - self.low

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True)
class SampleSize:
    """How many messages a test needs, and at how few arrivals it rejects the claim."""

    n: int
    reject_at_most: int


@dataclass(frozen=True)
class Sequential:
    """Wald's sequential test: log-likelihood bounds, and expected messages either way.

    `lower` accepts the claim, `upper` rejects it. A miss adds `miss`, an arrival adds `arrival`.
    """

    lower: float
    upper: float
    arrival: float
    miss: float
    expected_if_true: float
    expected_if_false: float

    def ratio(self, arrived: float, missed: float) -> float:
        """The log-likelihood ratio after so many arrivals and misses."""
        return arrived * self.arrival + missed * self.miss


@dataclass(frozen=True)
class Percentile:
    """A percentile with its order-statistic interval.

    `value` is None where the sample is too small to state it and infinite where it falls among
    messages that never arrived; `low` and `high` are None where the bound lies beyond the sample.
    """

    share: float
    n: int
    value: float | None = None
    low: float | None = None
    high: float | None = None


# Intervals of one proportion


def clopper_pearson(k: float, n: float, alpha: float = 0.05) -> Interval:
    """The exact two-sided interval of k arrivals among n; all of 0 to 1 when n is 0."""
    from scipy.special import betaincinv

    if n <= 0:
        return Interval(0.0, 1.0)
    low = 0.0 if k <= 0 else float(betaincinv(k, n - k + 1, alpha / 2))
    high = 1.0 if k >= n else float(betaincinv(k + 1, n - k, 1 - alpha / 2))
    return Interval(low, high)


def lower_bound(k: float, n: float, alpha: float = 0.05) -> float:
    """The exact one-sided lower bound: n of n in time proves no more than alpha ** (1 / n)."""
    return clopper_pearson(k, n, 2 * alpha).low


def wilson(k: float, n: float, alpha: float = 0.05) -> Interval:
    """The Wilson score interval, for display."""
    from scipy.special import ndtri

    if n <= 0:
        return Interval(0.0, 1.0)
    z = float(ndtri(1 - alpha / 2))
    share, scale = k / n, 1 + z * z / n
    centre = (share + z * z / (2 * n)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(max(0.0, centre - half), min(1.0, centre + half))


def confidence_sequence(k: float, n: float, alpha: float = 0.05) -> Interval:
    """An interval valid however often one looks and whenever one stops.

    The shares not rejected by the likelihood ratio against a uniform mixture (Ville's inequality),
    so its price is being wider than Clopper-Pearson at the same n.
    """
    from scipy.special import betaln

    if n <= 0:
        return Interval(0.0, 1.0)
    mixture = float(betaln(k + 1, n - k + 1)) + math.log(alpha)

    def kept(share: float) -> bool:
        hits = k * math.log(share) if k > 0 else 0.0
        misses = (n - k) * math.log1p(-share) if n > k else 0.0
        return hits + misses >= mixture

    middle = k / n
    low = 0.0 if k <= 0 else _edge(kept, 1e-12, middle)
    high = 1.0 if k >= n else _edge(kept, 1 - 1e-12, middle)
    return Interval(low, high)


def _edge(kept: Callable[[float], bool], outside: float, inside: float) -> float:
    """Bisect between a rejected and a kept share."""
    for _ in range(80):
        middle = (outside + inside) / 2
        if 0 < middle < 1 and kept(middle):
            inside = middle
        else:
            outside = middle
    return inside


# Testing a claim, and planning for it


def binomial_p(k: float, n: float, claim: float) -> float:
    """One-sided exact p-value: how likely are k or fewer arrivals of n if the claim is true."""
    from scipy.special import betainc

    return 1.0 if k >= n else float(betainc(n - k, k + 1, 1 - claim))


@lru_cache(maxsize=256)
def sample_size(p0: float, p1: float, alpha: float = 0.05, power: float = 0.9) -> SampleSize:
    """The fewest messages with which an exact test tells a true rate p1 from the claim p0.

    The exact test's power moves up and down with n; this is the first n that reaches `power`.
    Raises ValueError where p1 is not below p0, or so close that a million would not do.
    """
    from scipy.special import bdtr

    if not 0 < p1 < p0 < 1:
        raise ValueError("needs 0 < p1 < p0 < 1")
    rough = _rough_size(p0, p1, alpha, power)
    if rough > 1_000_000:
        raise ValueError("the two rates are too close to tell apart")
    # The ups and downs shrink with n, so the search need not begin at 1 when thousands are needed.
    start = 1 if rough < 5_000 else int(0.95 * rough)
    reject = -1
    for n in count(start):
        while reject + 1 < n and float(bdtr(reject + 1, n, p0)) <= alpha:
            reject += 1
        while reject >= 0 and float(bdtr(reject, n, p0)) > alpha:
            reject -= 1
        if reject >= 0 and float(bdtr(reject, n, p1)) >= power:
            return SampleSize(n, reject)
    raise AssertionError("unreachable")


def _rough_size(p0: float, p1: float, alpha: float, power: float) -> float:
    """The sample size by the normal approximation."""
    from scipy.special import ndtri

    spread = float(ndtri(1 - alpha)) * math.sqrt(p0 * (1 - p0))
    spread += float(ndtri(power)) * math.sqrt(p1 * (1 - p1))
    return (spread / (p0 - p1)) ** 2


def messages_to_prove(p0: float, failures: int = 0, alpha: float = 0.05) -> int:
    """The fewest messages whose one-sided lower bound reaches p0 with so many failures."""
    return _first(failures + 1, lambda n: lower_bound(n - failures, n, alpha) >= p0)


def more_needed(k: float, n: float, claim: float, alpha: float = 0.05) -> int | None:
    """How many more messages decide the claim if they arrive at the rate seen so far.

    None where no number would: the rate seen equals the claim, or more than LARGEST are needed.
    """
    if n <= 0 or claim >= 1 or math.isclose(k / n, claim, abs_tol=1e-12):
        return None
    share = k / n

    def decided(total: float) -> bool:
        interval = clopper_pearson(share * total, total, alpha)
        return interval.low >= claim if share > claim else interval.high < claim

    if not decided(LARGEST):
        return None
    start = math.ceil(n)
    return max(0, _first(start, decided) - start)


def _first(least: int, reached: Callable[[int], bool]) -> int:
    """The smallest integer from `least` on that `reached` accepts; it stays reached."""
    step, high = 1, least
    while not reached(high):
        high, step = high + step, step * 2
    low = max(least, high - step)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle + 1, high)
    return high


def chance_to_see(loss: float, phones: int) -> float:
    """How likely at least one of so many phones meets a loss of this share."""
    return float(1 - (1 - loss) ** phones)


def sprt(p0: float, p1: float, alpha: float = 0.05, beta: float = 0.05) -> Sequential:
    """Wald's test of p0 (the claim) against p1, with his approximate expected numbers."""
    upper, lower = math.log((1 - beta) / alpha), math.log(beta / (1 - alpha))
    arrival, miss = math.log(p1 / p0), math.log((1 - p1) / (1 - p0))
    drift_true = p0 * arrival + (1 - p0) * miss
    drift_false = p1 * arrival + (1 - p1) * miss
    return Sequential(
        lower=lower,
        upper=upper,
        arrival=arrival,
        miss=miss,
        expected_if_true=(alpha * upper + (1 - alpha) * lower) / drift_true,
        expected_if_false=((1 - beta) * upper + beta * lower) / drift_false,
    )


# Several messages per handset


def design_effect(size: float, icc: float) -> float:
    """How many times more messages are needed when `size` of them share one handset."""
    return 1 + (size - 1) * icc


def intraclass(clusters: Sequence[tuple[float, float]]) -> float:
    """Intraclass correlation of (arrived, sent) per handset, 0 to 1 (analysis of variance).

    One handset alone says nothing about others, so it counts as fully correlated.
    """
    sizes = [sent for _, sent in clusters if sent]
    n, groups = sum(sizes), len(sizes)
    if groups < 2:
        return 1.0
    if n <= groups:
        return 0.0
    mean = sum(arrived for arrived, _ in clusters) / n
    between = sum(m * (k / m - mean) ** 2 for k, m in clusters if m) / (groups - 1)
    within = sum(k * (1 - k / m) for k, m in clusters if m) / (n - groups)
    typical = (n - sum(size * size for size in sizes) / n) / (groups - 1)
    spread = between + (typical - 1) * within
    return min(1.0, max(0.0, (between - within) / spread)) if spread > 0 else 0.0


def effective_size(clusters: Sequence[tuple[float, float]]) -> float:
    """Independent messages these (arrived, sent) per handset are worth (Korn and Graubard).

    The sample is divided by its design effect and, for few handsets, by the square of Student's
    t over the normal quantile. One message per handset is worth itself.
    """
    from scipy.special import ndtri, stdtrit

    sizes = [sent for _, sent in clusters if sent]
    n, groups = sum(sizes), len(sizes)
    if n <= groups:
        return float(n)
    if groups < 2:
        return 1.0
    heavy = sum(size * size for size in sizes) / n
    few = (float(stdtrit(groups - 1, 0.975)) / float(ndtri(0.975))) ** 2
    return max(1.0, n / design_effect(heavy, intraclass(clusters)) / few)


# Percentiles


def fewest_for(share: float, alpha: float = 0.05) -> int:
    """The fewest values with which this percentile has an upper bound inside the sample."""
    return math.ceil(round(math.log(alpha) / math.log(share), 9))


def percentile(values: Sequence[float], share: float, alpha: float = 0.05) -> Percentile:
    """The percentile of values in any order; a message that never arrived is infinity.

    Nothing is stated when the sample has fewer than `fewest_for(share)` values.
    """
    return percentiles(values, (share,), alpha)[0]


def percentiles(
    values: Sequence[float], shares: Sequence[float], alpha: float = 0.05
) -> tuple[Percentile, ...]:
    """Several percentiles of the same values (see `percentile`)."""
    ascending = ordered(values)
    return tuple(_percentile(ascending, share, alpha) for share in shares)


def _percentile(ascending: Sequence[float], share: float, alpha: float) -> Percentile:
    from scipy.special import bdtr

    n = len(ascending)
    if n < fewest_for(share, alpha):
        return Percentile(share, n)
    low = high = at = math.ceil(round(n * share, 9))
    while low > 0 and float(bdtr(low - 1, n, share)) > alpha / 2:
        low -= 1
    while high <= n and float(bdtr(high - 1, n, share)) < 1 - alpha / 2:
        high += 1
    return Percentile(
        share,
        n,
        float(ascending[at - 1]),
        float(ascending[low - 1]) if low else None,
        float(ascending[high - 1]) if high <= n else None,
    )


def ordered(values: Sequence[float]) -> Sequence[float]:
    """The values ascending; of many, without an object for each."""
    if len(values) < MANY:
        return sorted(values)
    import numpy

    made: Sequence[float] = numpy.sort(values)  # type: ignore[assignment]
    return made


# Comparing two samples, and several at once


def fisher(first: tuple[int, int], second: tuple[int, int]) -> float:
    """Two-sided exact p-value that two (arrived, missed) samples differ by chance alone."""
    from scipy.special import gammaln

    (a, b), (c, d) = first, second
    row, column, n = a + b, a + c, a + b + c + d

    def chance(x: int) -> float:
        ways = _choose(gammaln, row, x) + _choose(gammaln, n - row, column - x)
        return math.exp(ways - _choose(gammaln, n, column))

    seen = chance(a)
    options = range(max(0, column - (n - row)), min(row, column) + 1)
    return min(1.0, sum(p for p in map(chance, options) if p <= seen * (1 + 1e-7)))


def _choose(gammaln: Callable[[float], float], n: int, k: int) -> float:
    return float(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))


def mcnemar(only_first: int, only_second: int) -> float:
    """Two-sided exact p-value for pairs of messages of which just one arrived."""
    from scipy.special import bdtr

    n = only_first + only_second
    if n == 0:
        return 1.0
    return min(1.0, 2 * float(bdtr(min(only_first, only_second), n, 0.5)))


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """The p-values adjusted for looking at all of them, in the order given."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted, worst = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(order):
        worst = max(worst, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = worst
    return tuple(adjusted)

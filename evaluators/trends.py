"""Whether something measured again and again rises or falls."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from evaluators.statistics import Interval


@dataclass(frozen=True)
class Trend:
    """Sen's slope per step with its 95 % interval, and the two-sided p-value of Mann and Kendall.

    The slope is None where fewer than two values are known.
    """

    slope: float | None
    interval: Interval | None
    p_value: float


def trend(values: Sequence[float | None]) -> Trend:
    """Whether values at equal steps rise or fall (None: no value at that step).

    Theil and Sen's estimate (P. K. Sen, JASA 1968), Mann and Kendall's test with its correction
    for ties, by the normal approximation: from about ten values on.
    """
    from scipy.special import ndtr

    known = [(at, value) for at, value in enumerate(values) if value is not None]
    pairs = [(b - a, y - x) for i, (a, x) in enumerate(known) for b, y in known[i + 1 :]]
    if not pairs:
        return Trend(None, None, 1.0)
    slopes = sorted(rise / run for run, rise in pairs)
    score = sum((rise > 0) - (rise < 0) for _, rise in pairs)
    spread = _kendall_spread([value for _, value in known])
    z = (score - (score > 0) + (score < 0)) / spread if spread else 0.0
    middle = len(slopes) // 2
    slope = slopes[middle] if len(slopes) % 2 else (slopes[middle - 1] + slopes[middle]) / 2
    return Trend(slope, _sen_interval(slopes, spread), min(1.0, 2 * float(ndtr(-abs(z)))))


def _kendall_spread(values: Sequence[float]) -> float:
    """Standard deviation of Kendall's score if there is no trend."""
    n = len(values)
    ties = [values.count(value) for value in set(values)]
    parts = [t * (t - 1) * (2 * t + 5) for t in ties]
    return math.sqrt((n * (n - 1) * (2 * n + 5) - sum(parts)) / 18)


def _sen_interval(slopes: Sequence[float], spread: float) -> Interval:
    """Sen's interval: ranks as far from the middle as the score may stray."""
    reach = 1.959963984540054 * spread
    low = max(0, round((len(slopes) - reach) / 2) - 1)
    high = min(len(slopes) - 1, round((len(slopes) + reach) / 2))
    return Interval(slopes[low], slopes[high])

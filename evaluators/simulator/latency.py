"""Lognormal times by table: a draw is one random number and one look-up. Pure."""

import math
from functools import lru_cache
from statistics import NormalDist

from evaluators.simulator.personality import Latency

DRAWS = 4096
"""Entries of a table; nothing rarer than one in eight thousand on either side is ever drawn."""
NORMAL_95 = 1.6448536269514722  # the standard normal's 95 % point


def table(latency: Latency, scale: float = 1.0) -> tuple[float, ...]:
    """The distribution's equally likely values in seconds, ascending: take any of the DRAWS."""
    return _table(latency.median_s * scale, latency.p95_s * scale)


@lru_cache(maxsize=64)
def _table(median_s: float, p95_s: float) -> tuple[float, ...]:
    sigma = math.log(p95_s / median_s) / NORMAL_95
    return tuple(median_s * math.exp(sigma * point) for point in _normal())


@lru_cache(maxsize=1)
def _normal() -> tuple[float, ...]:
    inverse = NormalDist().inv_cdf
    return tuple(inverse((position + 0.5) / DRAWS) for position in range(DRAWS))

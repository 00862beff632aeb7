"""Trends over time, against scipy's own estimates."""

import math
import random

import pytest

from evaluators.trends import trend


@pytest.mark.parametrize("slope", [-0.2, 0.0, 0.05])
def test_the_slope_is_that_of_theil_and_sen(slope: float) -> None:
    """Slope and interval are those of scipy's Theil-Sen estimator."""
    from scipy.stats import theilslopes

    rng = random.Random(7)
    values = [slope * at + rng.gauss(0, 1) for at in range(24)]
    made, theirs = trend(values), theilslopes(values)
    assert made.interval
    assert made.slope == pytest.approx(theirs.slope)
    assert made.interval.low == pytest.approx(theirs.low_slope)
    assert made.interval.high == pytest.approx(theirs.high_slope)


def test_mann_kendall_with_ties() -> None:
    """The test's variance allows for ties: S = 41 of ten values with two pairs alike."""
    values = [1, 2, 2, 3, 5, 4, 6, 7, 7, 8]
    variance = (10 * 9 * 25 - 2 * (2 * 1 * 9)) / 18
    z = (41 - 1) / math.sqrt(variance)
    assert trend(values).p_value == pytest.approx(math.erfc(z / math.sqrt(2)))


def test_the_trend_is_that_of_kendalls_tau() -> None:
    """Without ties the p-value is near that of scipy's exact test of Kendall's tau."""
    from scipy.stats import kendalltau

    rng = random.Random(3)
    values = [0.1 * at + rng.gauss(0, 1) for at in range(24)]
    exact = kendalltau(range(24), values).pvalue
    assert trend(values).p_value == pytest.approx(exact, rel=0.1)


def test_nothing_changes() -> None:
    """Equal values have no trend, and gaps do not make one."""
    assert trend([5, None, 5, 5, None, 5]).p_value == 1
    assert trend([5]).slope is None
    assert trend([]).p_value == 1


def test_gaps_keep_their_place() -> None:
    """A missing value leaves the steps of the others as they are."""
    assert trend([0, None, 2, None, 4]).slope == 1

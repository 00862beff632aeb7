"""The schedule: arithmetic only, no sleeping."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.sending.pacing import SECOND, Pace, lateness_ns


@pytest.mark.parametrize(
    ("rate", "index", "due_s"),
    [
        (10, 0, 0),  # the first is due at once
        (10, 1, 0.1),
        (10, 100, 10),
        (0.5, 3, 6),  # slower than one a second
        (1 / 300, 1, 300),  # one every five minutes
        (10_000, 86_400 * 10_000, 86_400),  # a day at full rate has not drifted
        (3, 1, 0.333333333),
    ],
)
def test_due(rate: float, index: int, due_s: float) -> None:
    """Each message has its moment, whatever came before it."""
    assert Pace(rate, index + 1, 5 * SECOND).due_ns(index) == 5 * SECOND + round(due_s * SECOND)


@pytest.mark.parametrize(
    ("now_s", "due"),
    [
        (-1, 0),  # not begun
        (0, 1),
        (0.0999, 1),
        (0.1, 2),
        (0.95, 10),
        (1_000, 25),  # never more than there are
    ],
)
def test_how_many_are_due(now_s: float, due: int) -> None:
    """At any moment it is known how many are due."""
    assert Pace(10, 25).due_by(round(now_s * SECOND)) == due


def test_the_last_one() -> None:
    """The last message is due one interval before count over rate."""
    assert Pace(10, 101).last_ns == 10 * SECOND
    assert Pace(10, 1).last_ns == 0


@pytest.mark.parametrize(("due", "sent", "late"), [(5, 5, 0), (5, 9, 4), (5, 3, 0)])
def test_lateness(due: int, sent: int, late: int) -> None:
    """Lateness is how long after it was due, and never negative."""
    assert lateness_ns(due, sent) == late


rates = st.one_of(st.floats(0.001, 20_000), st.integers(1, 20_000))


@settings(deadline=None, max_examples=40)
@given(rates, st.integers(0, 10_000_000), st.integers(0, 10**18))
def test_due_and_count_agree(rate: float, index: int, start_ns: int) -> None:
    """Message i is due at its moment and not a nanosecond earlier, at any rate."""
    pace = Pace(rate, index + 2, start_ns)
    due = pace.due_ns(index)
    assert pace.due_by(due) >= index + 1
    assert pace.due_by(due - 1) <= index


@settings(deadline=None, max_examples=40)
@given(rates, st.lists(st.integers(0, 10**12), min_size=2, max_size=20))
def test_what_is_due_only_grows(rate: float, moments: list[int]) -> None:
    """Looking later never shows fewer due."""
    pace = Pace(rate, 10**9)
    seen = [pace.due_by(moment) for moment in sorted(moments)]
    assert seen == sorted(seen)

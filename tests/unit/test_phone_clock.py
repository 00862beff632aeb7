"""How far a phone's clock is off, by when its posts come."""

import random

from hypothesis import given
from hypothesis import strategies as st

from bot.inbound.clock import KEPT, noted, offset
from bot.inbound.phones import placed
from bot.inbound.posted import Passed, Text


def after(fresh: list[int]) -> list[int]:
    samples: list[int] = []
    for one in fresh:
        samples = noted(samples, one)
    return samples


@given(
    true=st.integers(-300_000, 300_000),
    delays=st.lists(st.integers(0, 2000), min_size=1, max_size=40),
)
def test_the_offset_is_never_too_small(true: int, delays: list[int]) -> None:
    """However long posts are under way, the guess is the offset or more."""
    found = offset(after([true + delay for delay in delays]), 1)
    assert found.ms >= true
    assert found.ms - true <= max(delays)


def test_a_quick_post_among_slow_ones_decides() -> None:
    """One post that came at once says more than all that took long."""
    chance = random.Random(3)
    slow = [-40_000 + chance.randrange(300, 3000) for _ in range(KEPT - 1)]
    found = offset(after([*slow[:5], -40_000 + 20, *slow[5:]]), 1)
    assert found.ms == -39_980
    assert found.unsure_ms >= 20


def test_few_posts_are_a_poor_guess() -> None:
    """With fewer than five posts the guess is no surer than a second."""
    assert offset([100, 101], 1) == (100, 1000)
    assert offset([100] * 5, 1) == (100, 200)
    assert offset([100] * 9, 1000) == (100, 1000)


def test_a_clock_that_was_set_is_followed() -> None:
    """A jump in either direction is taken over after a few posts, a single late post is not."""
    before = [500, 510, 505, 520, 530]
    assert offset(after([*before, -39_500]), 1).ms == -39_500
    assert offset(after([*before, 40_500]), 1).ms == 500
    assert offset(after([*before, 40_500, 40_510, 40_520]), 1).ms == 40_500


def test_the_time_of_a_text_is_the_latest_it_can_have_been() -> None:
    """The phone's time by our clock; else when it was posted, and never after it came to us."""
    off = offset([-40_000] * 5, 1)
    passed = Passed(signed_ms=1_000_000, resolution_ms=1000)
    assert placed(Text("1", "a", received_ms=990_000), passed, off, 961_000) == (950_000, 200)
    assert placed(Text("1", "a", received_ms=1_009_000), passed, off, 961_000) == (961_000, 200)
    assert placed(Text("1", "a", centre_ms=958_000), passed, off, 960_500) == (960_500, 2500)
    assert placed(Text("1", "a", centre_ms=970_000), passed, off, 960_500) == (960_500, 1000)
    assert placed(Text("1", "a"), passed, off, 999_000) == (961_000, None)

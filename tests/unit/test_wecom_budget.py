"""Frames to one chat are counted; the wait is until the oldest of them no longer counts."""

from bot.channels.port import Pace
from bot.channels.wecom.budget import Budget


def test_the_wait_is_until_the_window_has_room() -> None:
    """Each window is kept; another chat has its own."""
    budget = Budget(Pace(chat=((2, 60.0),), group=((1, 10.0),)))
    budget.note("a", 0)
    assert 0 == budget.wait_s("a", group=False, now=1)
    assert 9 == budget.wait_s("a", group=True, now=1)
    budget.note("a", 20)
    assert 30 == budget.wait_s("a", group=False, now=30)
    assert 0 == budget.wait_s("b", group=False, now=30)

"""The clocks a test runs by, and whether the time of day was set while it ran.

What is sent is timed by a clock that only goes on; what handsets show comes with the time of day.
They are tied together once, when a process begins. If the time of day is set later, or the machine
sleeps, the two no longer compare.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

SECOND = 1_000_000_000
LEAST_S = 0.5  # from here on it was set, rather than read a little later


@dataclass(frozen=True)
class Clock:
    """`now` is monotonic ns, `wall` ns since 1970, `sleep` takes seconds."""

    now: Callable[[], int]
    wall: Callable[[], int]
    sleep: Callable[[float], Awaitable[None]]


class Steps:
    """Notes as `clock_step_s` the most that the time of day was ever off, seconds."""

    def __init__(self, clock: Clock, epoch_ns: int, notes: dict[str, Any]) -> None:
        self._clock, self._epoch_ns, self._notes = clock, epoch_ns, notes

    def look(self) -> None:
        """Compare the two clocks now."""
        self._note((self._clock.wall() - self._clock.now() - self._epoch_ns) / SECOND)

    def after(self, before: str | None, now: str) -> None:
        """An earlier process noted `before`; the time of day cannot be less now."""
        if before:
            later = datetime.fromisoformat(now) - datetime.fromisoformat(before)
            self._note(min(0.0, later.total_seconds()))

    def _note(self, step_s: float) -> None:
        if abs(step_s) > max(LEAST_S, abs(self._notes.get("clock_step_s", 0.0))):
            self._notes["clock_step_s"] = round(step_s, 3)

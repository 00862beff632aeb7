"""When messages are due: pure arithmetic on a constant rate, never on what was sent before.

A sender that was held up does not shift the schedule; it is late, and its lateness is a result.
"""

from dataclasses import dataclass

SECOND = 1_000_000_000


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


def lateness_ns(due_ns: int, sent_ns: int) -> int:
    """How long after it was due a message was sent; never negative."""
    return max(0, sent_ns - due_ns)

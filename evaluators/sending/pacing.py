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
        """When message `index` (from 0) is due."""
        return self.start_ns + int(index * SECOND / self.rate)

    def due_by(self, now_ns: int) -> int:
        """How many messages are due at that moment, 0 to `count`."""
        if now_ns < self.start_ns:
            return 0
        guess = int((now_ns - self.start_ns) * self.rate / SECOND) + 1
        # Rounding may put the guess one off either way; due_ns decides.
        while guess > 0 and self.due_ns(guess - 1) > now_ns:
            guess -= 1
        while self.due_ns(guess) <= now_ns:
            guess += 1
        return min(guess, self.count)

    @property
    def last_ns(self) -> int:
        """When the last message is due."""
        return self.due_ns(max(0, self.count - 1))


def lateness_ns(due_ns: int, sent_ns: int) -> int:
    """How long after it was due a message was sent; never negative."""
    return max(0, sent_ns - due_ns)

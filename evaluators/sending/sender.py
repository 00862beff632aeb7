"""Lets messages leave when they are due, never before the ledger has them armed.

What is due and cannot leave for want of room (window full, connection gone) is `blocked`: that is
the vendor's doing and marked as such. What is late for any other reason is late by our doing.
"""

from collections.abc import Callable, Sequence

from evaluators.protocols.session import Message, Session
from evaluators.sending.pacing import Pace, Timetable
from evaluators.sending.tally import Tally
from evaluators.sending.texts import Texts
from evaluators.sending.writer import Writer

SECOND = 1_000_000_000
TICK_NS = SECOND // 20
"""One arming commit each."""

_STEP_NS = SECOND // 1000
_STALL_NS = SECOND  # not asked to step for so long: this process may have been replaced meanwhile
_BURST_S = 0.2  # what a catch-up may send at once, in seconds of the capped rate
_MOST_RANGES = 1_000

Batch = Callable[[int, int], list[Message]]
"""Messages [first, upto) as a session takes them."""


class Sender:
    """Sends on `pace`, from `tally.sent` on.

    `cap` is messages per second, never passed even where many are overdue, but for a burst of
    `_BURST_S`. `blocked` are the [first, upto) ranges of messages that had to wait for room.
    """

    def __init__(
        self,
        batch: Batch,
        pace: Pace | Timetable,
        *,
        cap: float,
        tally: Tally,
        writer: Writer,
        blocked: list[list[int]],
    ) -> None:
        self.blocked = blocked
        self.unfit = ""
        """What the protocol said of a message it cannot carry; nothing of it has left."""
        self._batch, self._pace = batch, pace
        self._tally, self._writer = tally, writer
        self._cap, self._burst = cap, max(1.0, cap * _BURST_S)
        self._allowance, self._refilled_ns = self._burst, 0
        self._asked_for = self._blocked_upto = tally.sent
        self._stepped_ns = pace.due_ns(tally.sent)
        self._waiting, self._turn = False, 0

    @property
    def done(self) -> bool:
        return self._tally.sent >= self._pace.count

    def step(self, sessions: Sequence[Session], now_ns: int) -> int:
        """Arm what comes, send what is due; returns the ns in which nothing need be done."""
        if now_ns - self._stepped_ns > _STALL_NS:
            self._writer.disarm()
            self._asked_for = self._tally.sent
        self._stepped_ns = now_ns
        self._arm(now_ns)
        self._push(sessions, now_ns)
        if self.done:
            return 0
        return max(_STEP_NS, min(self._pace.due_ns(self._tally.sent) - now_ns, TICK_NS))

    def room(self, sessions: Sequence[Session], now_ns: int) -> None:
        """There may be room again: send what waits for it.

        What only has become due meanwhile leaves with the next step: a write for each answer that
        comes would cost more than all the rest.
        """
        if self._waiting:
            self._push(sessions, now_ns)

    def _push(self, sessions: Sequence[Session], now_ns: int) -> None:
        """Send what is due and armed, as far as windows and cap allow, in one write each."""
        first = self._tally.sent
        ready = min(self._pace.due_by(now_ns), self._writer.armed) - first
        if ready <= 0 or self.unfit or now_ns - self._stepped_ns > _STALL_NS:
            return
        allowed = min(ready, int(self._refill(now_ns) + 1e-6))
        left = allowed
        for session in self._in_turn(sessions):
            if left and not self.unfit:
                left -= self._submit(session, min(left, session.room), now_ns)
        self._waiting = left > 0
        if self._waiting:
            self._block(self._tally.sent, first + ready)

    def _in_turn(self, sessions: Sequence[Session]) -> Sequence[Session]:
        """All of them, each time another one first."""
        if len(sessions) < 2:
            return sessions
        self._turn = (self._turn + 1) % len(sessions)
        return [*sessions[self._turn :], *sessions[: self._turn]]

    def _arm(self, now_ns: int) -> None:
        """Have the next tick's messages armed, two ticks' worth at a time.

        Not further than can leave soon: what is armed and has not left before a crash is unknown.
        """
        if self._pace.due_by(now_ns + TICK_NS) > self._asked_for:
            ahead = max(1, int(self._cap * 4 * TICK_NS / SECOND))
            upto = min(self._pace.due_by(now_ns + 2 * TICK_NS), self._tally.sent + ahead)
            if upto > self._asked_for:
                self._asked_for = upto
                self._writer.arm(upto)

    def _refill(self, now_ns: int) -> float:
        gained = (now_ns - self._refilled_ns) * self._cap / SECOND
        self._refilled_ns = now_ns
        self._allowance = min(self._burst, self._allowance + gained)
        return self._allowance

    def _submit(self, session: Session, count: int, now_ns: int) -> int:
        """Send the next `count`; returns how many were taken."""
        if count <= 0:
            return 0
        first = self._tally.sent
        try:
            taken = session.submit(self._batch(first, first + count))
        except ValueError as error:
            self.unfit = str(error)
            return 0
        if taken:
            self._tally.left(first + taken, now_ns)
            self._allowance -= taken
        return taken

    def _block(self, first: int, upto: int) -> None:
        first = max(first, self._blocked_upto)
        if upto <= first:
            return
        self._tally.counts["held"] += upto - first
        self._blocked_upto = upto
        if self.blocked and (self.blocked[-1][1] == first or len(self.blocked) >= _MOST_RANGES):
            self.blocked[-1][1] = upto
        else:
            self.blocked.append([first, upto])


def batches(numbers: Sequence[str], tokens: Sequence[str], texts: Texts) -> Batch:
    """Messages made when they are due: a long test does not hold all its texts."""
    full = texts.full

    def batch(first: int, upto: int) -> list[Message]:
        return [(seq, numbers[seq], full(seq, tokens[seq])) for seq in range(first, upto)]

    return batch

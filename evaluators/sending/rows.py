"""One message of a run as it is stored, and how a plan makes us see it.

Which rows count. An `unknown` row that was never seen to leave (armed before a crash of ours)
stays out of every rate: counting only those that turned up would flatter. Throttled rows stay out
too: they were held back, not lost. What the vendor refused otherwise, or never answered, is
submitted and not arrived. Handset rates look only at rows whose handset was proven alive
(`alive`). Looked at apart are numbers known to be dead (`Plan.controls`), what was sent to see that
it does not arrive (the phase after opting out), and what was sent while a fault was wanted. What
comes later than `window_s` after its message was sent has not arrived; what may have come in time
has. Our own absence is nobody's but ours: a receipt that came as soon as we were back counts as in
time, and one that is missing where we were away says nothing (`untold`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from evaluators.protocols.correlator import NOT_FINAL
from evaluators.sending.plan import Plan

Said = Literal["", "delivered", "failed", "undetermined"]
State = Literal["planned", "armed", "sent", "acknowledged", "refused", "unknown"]

DELIVERED = "DELIVRD"
UNDETERMINED = "UNKNOWN"
"""A receipt that came and says that nobody knows. Any state but this and NOT_FINAL that is not
DELIVERED is a failure, a vendor's own too."""
SECOND = 1_000_000_000
BACK_S = 5.0  # after our absence: what the vendor held back for us comes at once
SURE_MS = 2_000  # an arrival known less exactly than this says nothing about latency

_LEFT = frozenset({"sent", "acknowledged", "refused"})


@dataclass(frozen=True, slots=True)
class Row:
    """One message of a run, as the ledger keeps it. Times are nanoseconds on our clock.

    `number_id` is the store's id of the panel number, never the number itself. `receipt` is the
    state the vendor reported last (DELIVRD, UNDELIV, ...), `receipt_code` its raw code.
    `handset_ns` is when the handset had it at the latest, `handset_unsure_ms` how much earlier it
    may have been (None: no telling), `handset_copies` how often it came, where that is known.
    `alive` says whether that handset was proven alive in the window, `timed` whether it tells when
    a text came (a person who types its code does not), `blocked` that the message waited for room
    in the send window. `away` is when we were away (from, until; a process of ours had died) while
    the message waited for its answer or its receipt.
    """

    seq: int
    number_id: int
    carrier: str
    token: str
    state: State
    due_ns: int | None = None
    sent_ns: int | None = None
    ack_ns: int | None = None
    status: int | None = None
    message_id: str | None = None
    receipt: str | None = None
    receipt_ns: int | None = None
    receipt_code: str | None = None
    handset_ns: int | None = None
    handset_text_same: bool | None = None
    handset_from: str | None = None
    alive: bool = False
    blocked: bool = False
    ported: bool | None = None
    region: str = ""
    country: str = "CN"
    handset_unsure_ms: int | None = 0
    handset_copies: int | None = None
    timed: bool = True
    away: tuple[int, int] | None = None


class Sight:
    """How the plan makes us see one row; what was sent in the spans `without` does not count."""

    def __init__(self, plan: Plan, without: Sequence[tuple[int, int]] = ()) -> None:
        self._without = without
        self._window_ns = int(plan.window_s * SECOND)
        self._limit_ms = plan.p95_s * 1e3
        self._throttled = frozenset(plan.throttled)
        self._controls = frozenset(plan.controls)
        self._announced = frozenset(plan.announced)
        self._unwanted = range(0)
        if plan.replies:
            names = [phase.name for phase in plan.stages]
            at = names.index(plan.replies.then)
            first = sum(phase.count for phase in plan.stages[:at])
            self._unwanted = range(first, first + plan.stages[at].count)

    def counts(self, row: Row) -> bool:
        """Whether the message left and should have arrived."""
        return self.submitted(row) and not self.control(row) and not self.apart(row)

    def apart(self, row: Row) -> bool:
        """Whether it was sent to see that it does not arrive, or in a fault that was wanted."""
        if row.seq in self._unwanted:
            return True
        at_ns = row.sent_ns or row.due_ns or 0
        return any(first <= at_ns < upto for first, upto in self._without)

    def control(self, row: Row) -> bool:
        return row.number_id in self._controls

    def announced(self, row: Row) -> bool:
        return row.number_id in self._announced

    def throttled(self, row: Row) -> bool:
        return row.state == "refused" and row.status in self._throttled

    def submitted(self, row: Row) -> bool:
        left = row.state in _LEFT or (row.state == "unknown" and row.sent_ns is not None)
        return left and not self.throttled(row)

    def _in_time(self, row: Row, at_ns: int | None) -> bool:
        start = row.due_ns if row.sent_ns is None else row.sent_ns
        return at_ns is not None and start is not None and at_ns - start <= self._window_ns

    def arrived(self, row: Row) -> bool:
        if row.handset_ns is None:
            return False
        if row.handset_unsure_ms is None:
            return True
        return self._in_time(row, row.handset_ns - row.handset_unsure_ms * 1_000_000)

    def said(self, row: Row) -> Said:
        """What its receipt said in time; empty where it said nothing final."""
        if row.receipt is None or row.receipt in NOT_FINAL:
            return ""
        if not self._told_in_time(row):
            return ""
        if row.receipt == UNDETERMINED:
            return "undetermined"
        return "delivered" if row.receipt == DELIVERED else "failed"

    def delivered(self, row: Row) -> bool:
        return row.receipt == DELIVERED and self._told_in_time(row)

    def _told_in_time(self, row: Row) -> bool:
        return self._in_time(row, row.receipt_ns) or self.held_back(row)

    def held_back(self, row: Row) -> bool:
        """Whether its receipt is late only because nobody of ours was there to take it."""
        if row.away is None or row.receipt_ns is None or self._in_time(row, row.receipt_ns):
            return False
        _, back_ns = row.away
        return back_ns <= row.receipt_ns <= back_ns + int(BACK_S * SECOND)

    def waited_ms(self, row: Row, arrived: bool) -> float | None:
        """From due to handset; infinite for what did not arrive, None where it is not known."""
        if row.handset_ns is None or row.due_ns is None or not arrived:
            return math.inf
        unsure = row.handset_unsure_ms
        return None if unsure is None or unsure > SURE_MS else (row.handset_ns - row.due_ns) / 1e6

    def prompt(self, row: Row, arrived: bool) -> bool | None:
        """Whether it came within the plan's limit (`p95_s`); None where there is no telling."""
        if row.handset_ns is None or row.due_ns is None or not arrived:
            return False
        if row.handset_unsure_ms is None:
            return None
        latest_ms = (row.handset_ns - row.due_ns) / 1e6
        if latest_ms <= self._limit_ms:
            return True
        return None if latest_ms - row.handset_unsure_ms <= self._limit_ms else False

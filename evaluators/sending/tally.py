"""What a running test has seen so far, for its progress and its stop rule. Pure: times come in.

All times are ns of the sender's monotonic clock. Messages leave in order, so what is overdue is
always a first part of them, and each message is looked at once.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from evaluators.protocols.correlator import NOT_FINAL
from evaluators.protocols.session import NO_ANSWER, Receipt, Submitted
from evaluators.sending.metrics import DELIVERED, Row
from evaluators.sending.plan import Seen, StopRule

NOTED = (
    "unanswered",  # not in time
    "lost",  # with their connection
    "early",  # receipts before the answer to their message
    "duplicates",  # further receipts for a message that had its final one
    "unmatched",  # receipts for no message of this run
    "repeated",  # further copies on a handset
    "replies",
    "not_let_in",  # connections the vendor refused although others were open
    "breaks",  # of the connection
    "held",  # messages that waited for room
    "blind",  # times the panel could not be asked
)
_SECOND = 1_000_000_000
_MOST_COPIES = 10_000


class Tally:
    """Counts of one run.

    `sent` messages have left, `sent_at` says when. `watched` says by seq whether a handset should
    show the message; None where there are no handsets. `counts` by name: acknowledged, refused,
    unknown (found by a takeover); receipts, delivered, arrived, altered; and those of NOTED.
    """

    def __init__(self, total: int, rule: StopRule | None, watched: Sequence[int] | None) -> None:
        self.sent = 0
        self.sent_at = array("q", bytes(8 * total))
        self.counts = Counter(acknowledged=0, refused=0, delivered=0, arrived=0)
        self.copies: Counter[int] = Counter()
        """How often each message that came more than once came again."""
        self._final, self._shown = bytearray(total), bytearray(total)
        missing, losses = rule and rule.missing, rule and rule.losses
        sequential = rule and rule.sequential
        everything, handsets = bytes((1,)) * total, bytes(watched or total)
        first = handsets[: losses.among] if losses else b""
        self._missing = _Overdue(self._final, everything, missing.within_s if missing else None)
        self._first = _Overdue(self._shown, first, losses.within_s if losses else None)
        self._lost = _Overdue(self._shown, handsets, sequential.within_s if sequential else None)

    def restore(self, rows: Iterable[Row], noted: Mapping[str, Any], epoch_ns: int) -> None:
        """Take up what earlier processes stored of the messages that may have left, by seq.

        `epoch_ns` added to our clock gives ns since 1970; `noted` are the counts no row shows.
        """
        self.counts.update({name: noted[name] for name in NOTED if name in noted})
        self.copies.update(dict(noted.get("copies", ())))
        for row in rows:
            left_ns = row.sent_ns or row.due_ns or epoch_ns
            self.left(row.seq + 1, left_ns - epoch_ns)
            self.counts[row.state] += 1
            if row.receipt is not None and row.receipt not in NOT_FINAL:
                self._reported(row.seq, row.receipt)
            if row.handset_ns is not None:
                self.arrived(row.seq, same=row.handset_text_same is not False)

    def left(self, upto: int, at_ns: int) -> None:
        """All messages up to `upto` have left by now."""
        self.sent_at[self.sent : upto] = array("q", (at_ns,)) * (upto - self.sent)
        self.sent = upto

    def submitted(self, records: Sequence[Submitted]) -> None:
        accepted = sum(not record[2] for record in records)
        silent = sum(record[2] == NO_ANSWER for record in records)
        self.counts["acknowledged"] += accepted
        self.counts["unanswered"] += silent
        self.counts["refused"] += len(records) - accepted - silent

    def receipts(self, records: Iterable[Receipt]) -> None:
        for seq, _, state, _, _, early, duplicate, _ in records:
            if seq is None:
                self.counts["unmatched"] += 1
            elif duplicate:
                self.counts["duplicates"] += 1
            else:
                self.counts["early"] += early
                if state not in NOT_FINAL:
                    self._reported(seq, state)

    def arrived(self, seq: int, *, same: bool) -> bool:
        """A handset shows the message; False if that was known."""
        if self._shown[seq]:
            self.counts["repeated"] += 1
            if seq in self.copies or len(self.copies) < _MOST_COPIES:
                self.copies[seq] += 1
            return False
        self._shown[seq] = 1
        self.counts["arrived"] += 1
        self.counts["altered"] += not same
        self._first.done(seq)
        self._lost.done(seq)
        return True

    def seen(
        self, now_ns: int, read_ns: int, excused: Callable[[int], bool] = lambda seq: False
    ) -> Seen:
        """What the stop rule judges by; the handsets have been read up to `read_ns`.

        What a handset may show by now and nobody has looked at is not lost, nor is what is
        `excused` because nobody can look.
        """
        self._missing.look(now_ns, self)
        self._first.look(read_ns, self, excused)
        self._lost.look(read_ns, self, excused)
        return Seen(
            due=self._missing.due,
            missing=self._missing.open,
            first_lost=self._first.open,
            arrived=self.counts["arrived"],
            lost=self._lost.open,
        )

    def _reported(self, seq: int, state: str) -> None:
        if not self._final[seq]:
            self._final[seq] = 1
            self.counts["receipts"] += 1
            self.counts["delivered"] += state == DELIVERED
            self._missing.done(seq)


class _Overdue:
    """Messages that left at least `within_s` ago: how many, and how many still lack something.

    `has` says by seq whether it came, `counted` whether it is expected at all.
    """

    def __init__(self, has: bytearray, counted: bytes, within_s: float | None) -> None:
        self.due = self.open = 0
        self._has, self._counted = has, bytearray(counted if within_s is not None else b"")
        self._within_ns = int((within_s or 0) * _SECOND)
        self._looked = 0

    def look(
        self, at_ns: int, tally: Tally, excused: Callable[[int], bool] = lambda seq: False
    ) -> None:
        end, before = min(tally.sent, len(self._counted)), at_ns - self._within_ns
        seq = self._looked
        while seq < end and tally.sent_at[seq] <= before:
            if self._counted[seq] and not self._has[seq] and excused(seq):
                self._counted[seq] = 0
            if self._counted[seq]:
                self.due += 1
                self.open += not self._has[seq]
            seq += 1
        self._looked = seq

    def done(self, seq: int) -> None:
        """It came now; if it was overdue already it is open no longer."""
        if seq < self._looked and self._counted[seq]:
            self.open -= 1

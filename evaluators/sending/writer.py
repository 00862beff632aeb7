"""The thread that makes a send test durable, so that the sender never waits for a disk.

Two kinds of work: marks (how far the sender may go), committed at once and asked for ahead of
need, and facts (answers, receipts, arrivals), committed in groups some 50 ms apart.

A disk that is full or a database that is away is waited for: what came meanwhile is kept and tried
again, and as nothing is armed, nothing more leaves.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from evaluators.protocols.session import NO_ANSWER, Receipt, Submitted
from evaluators.sending.ledger import Answer, Arrival, Group, Ledger, Report
from evaluators.sending.tally import Tally

GROUP_S = 0.05
PATIENCE_S = 30.0
_PAUSE_S = 0.5  # between two tries
_SMALL = 100  # facts of a group
_CALM = 10  # small groups in a row: then there is time for what was recorded in haste


class Writer:
    """Its methods are called from the event loop's thread and return at once, but for `finish`.

    `epoch_ns` added to the sender's monotonic clock gives ns since 1970; `tally` says what left
    and when. `armed` is how far messages may leave by now, `fenced` that another process has taken
    the run over, `trouble` what the ledger raises at present, `failure` what it went on raising for
    `patience_s`, after which nothing more is written.
    """

    def __init__(
        self,
        ledger: Ledger,
        tally: Tally,
        *,
        armed: int,
        epoch_ns: int,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self.armed = armed
        self.fenced = False
        self.failure: Exception | None = None
        self.trouble: Exception | None = None
        self._patience_s = patience_s
        self._ledger, self._tally, self._epoch_ns = ledger, tally, epoch_ns
        self._wanted = self._told = armed
        self._facts: deque[tuple[Sequence[Submitted], Sequence[Receipt]]] = deque()
        self._lost: deque[int] = deque()
        self._arrivals: deque[Arrival] = deque()
        self._left: Group | None = None
        self._note: dict[str, Any] | None = None
        self._closing = False
        self._calm = 0
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="send-test-writer", daemon=True)
        self._thread.start()

    def arm(self, upto: int) -> None:
        """Ask that messages below `upto` may leave; they may once `armed` says so."""
        with self._changed:
            self._wanted = upto
            self._changed.notify()

    def disarm(self) -> None:
        """Nothing more may leave until `arm` has found the run still ours."""
        with self._changed:
            self.armed = self._wanted = self._tally.sent

    def add(self, submitted: Sequence[Submitted], receipts: Sequence[Receipt]) -> None:
        """What came over the wire. The lists are kept, not copied."""
        self._facts.append((submitted, receipts))

    def lost(self, seqs: Iterable[int]) -> None:
        """Messages whose answer will not come: their connection broke."""
        self._lost.extend(seqs)

    def arrived(self, arrivals: Iterable[Arrival]) -> None:
        self._arrivals.extend(arrivals)

    def note(self, progress: dict[str, Any]) -> None:
        self._note = progress

    def finish(self) -> None:
        """Write what is left and end the thread; blocks."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        try:
            while not self._closing:
                with self._changed:
                    self._changed.wait_for(self._woken, GROUP_S)
                self._patiently(self._mark)
                self._patiently(self._flush)
            self._patiently(self._flush)
            self._patiently(lambda: self._ledger.fold(everything=True))
        except Exception as error:  # noqa: BLE001 - the sender must hear of it, whatever it is
            self.failure = error

    def _patiently(self, step: Callable[[], None]) -> None:
        """Do it, again and again while the ledger cannot; every step may be repeated."""
        until = time.monotonic() + self._patience_s
        while True:
            try:
                step()
            except Exception as error:
                self.trouble = error
                if time.monotonic() >= until:
                    raise
                time.sleep(min(_PAUSE_S, self._patience_s))
            else:
                self.trouble = None
                return

    def _woken(self) -> bool:
        return self._closing or (self._wanted > self.armed and not self.fenced)

    def _mark(self) -> None:
        wanted = self._wanted
        if wanted > self.armed and not self.fenced:
            if self._ledger.arm(wanted):
                self.armed = wanted
            else:
                self.fenced = True

    def _flush(self) -> None:
        group = self._left = self._left or self._group()
        if group:
            self._ledger.record(group)
        self._left = None
        self._calm = self._calm + 1 if len(group) < _SMALL else 0
        if self._calm >= _CALM:
            self._ledger.fold()
        note = self._note
        if note is not None and not self._ledger.note(note):
            self.fenced = True
        if self._note is note:
            self._note = None

    def _group(self) -> Group:
        group = Group(lost=_drained(self._lost), arrivals=_drained(self._arrivals))
        while self._facts:
            submitted, receipts = self._facts.popleft()
            group.lost.extend(record[0] for record in submitted if record[2] == NO_ANSWER)
            group.answers.extend(self._answers(submitted))
            group.reports.extend(self._reports(receipts))
        sent = self._tally.sent  # read after the facts: whatever they answer has left by then
        answered = {answer.seq for answer in group.answers}
        group.sent = [
            (seq, self._tally.sent_at[seq] + self._epoch_ns)
            for seq in range(self._told, sent)
            if seq not in answered
        ]
        self._told = sent
        return group

    def _answers(self, submitted: Iterable[Submitted]) -> list[Answer]:
        sent_at, epoch_ns = self._tally.sent_at, self._epoch_ns
        return [
            Answer(
                seq, sent_at[seq] + epoch_ns, at_ns + epoch_ns, status, vendor_id.decode("latin-1")
            )
            for seq, at_ns, status, vendor_id in submitted
            if status != NO_ANSWER
        ]

    def _reports(self, receipts: Iterable[Receipt]) -> list[Report]:
        """Those that say something new about a message of this run."""
        return [
            Report(seq, at_ns + self._epoch_ns, state, err)
            for seq, _, state, err, at_ns, _, duplicate, _ in receipts
            if seq is not None and not duplicate
        ]


def _drained(queue: deque[Any]) -> list[Any]:
    return [queue.popleft() for _ in range(len(queue))]

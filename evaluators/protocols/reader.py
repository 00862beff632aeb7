"""What all readers have in common: bytes and a time in, records out. Pure.

A protocol's reader gives `_read`, which takes the PDUs of one read from the socket in one loop.
There the answer to an ordinary message and the ordinary report are read in place, without an
object; everything else may go through the codec. See smpp/reader.py.
"""

from abc import ABC, abstractmethod
from collections import Counter

from evaluators.protocols.correlator import Correlator, Unclaimed
from evaluators.protocols.dialect import Batch
from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.frames import Sizes
from evaluators.protocols.window import Window

_MOST_WORDS = 4096


class Words(dict[bytes, str]):
    """Bytes as text, each word made once: states and error codes are few."""

    def __missing__(self, key: bytes) -> str:
        word = key.decode("latin-1")
        if len(self) < _MOST_WORDS:
            self[key] = word
        return word


class Reader(ABC):
    """One connection's inward stream."""

    def __init__(self, window: Window, correlator: Correlator, sizes: Sizes) -> None:
        self.oddities: Counter[str] = Counter()
        """What the peer did that the protocol does not provide for, and how often."""
        self.window, self.correlator = window, correlator
        self._sizes = sizes
        self._partial, self._need = bytearray(), sizes.shortest
        self._words = Words()
        self._now = 0

    def feed(self, data: bytes, now_ns: int) -> Batch:
        """Take the next bytes, however they are cut."""
        self._now = now_ns
        batch = Batch()
        if self._partial:
            self._partial += data
            if len(self._partial) < self._need:
                return batch
            data = bytes(self._partial)
            self._partial.clear()
        try:
            used, self._need = self._read(data, batch)
            self._partial += data[used:]
        except ProtocolError as error:
            batch.broken = error
            batch.out += self._complaint(error)
        return batch

    # What a protocol gives.

    @abstractmethod
    def _read(self, data: bytes, batch: Batch) -> tuple[int, int]:
        """Read all whole PDUs; returns the octets used and how many the next PDU needs.

        Raises ProtocolError (`Sizes.check`) where a length makes no sense.
        """

    def _complaint(self, error: ProtocolError) -> list[bytes]:
        """What the peer is told when its stream makes no sense, before the connection is cut."""
        del error
        return []

    # What `_read` uses for everything out of the ordinary; `self._now` is the batch's time.

    def _answer(
        self, request: tuple[int, int | None], status: int, message_id: bytes, batch: Batch
    ) -> None:
        """An answer for a part of a long text, one that comes late, or one for nothing.

        `request` is its sequence number and the handle taken from `window.waiting`, if any.
        """
        sequence, handle = request
        if handle is None:
            handle = self.window.answered(sequence)
        if handle is None:
            self.oddities["unknown_answer"] += 1
            return
        if handle >= 0:
            batch.events.submitted.append((handle, self._now, status, message_id))
        else:
            whole = self.correlator.answered(handle, self._now, status, message_id)
            batch.events.submitted.extend([whole] if whole else [])
        if not status:
            batch.events.receipts.extend(self.correlator.accepted(message_id, handle))

    def _report(self, report: Unclaimed, batch: Batch) -> None:
        """Any delivery report."""
        found = (report.message_id, report.state, report.err, report.at_ns)
        record = self.correlator.claim(*found) or self.correlator.settle(report)
        if record is not None:
            batch.events.receipts.append(record)

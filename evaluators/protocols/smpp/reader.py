"""What an SMPP client makes of the bytes it receives. Pure: bytes and a time in, records out.

The two PDUs of which there is one per message (submit_sm_resp and the ordinary receipt) are read
in place, without an object; everything else goes through the codec.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import TypeAlias

from evaluators.protocols import text as texts
from evaluators.protocols.correlator import Correlator, Unclaimed
from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.session import Events
from evaluators.protocols.smpp import codec, receipt
from evaluators.protocols.smpp import status as statuses
from evaluators.protocols.window import Window

Control: TypeAlias = codec.BindResp | codec.Bare

_HEADER = codec.HEADER.size
_ACK = codec.HEADER.pack(_HEADER + 1, codec.DELIVER_SM_RESP, 0, 0)[:12]  # sequence and NUL follow
_MOST_WORDS = 4096


@dataclass(slots=True)
class Batch:
    """What some bytes brought: records, answers to send, PDUs about the connection itself.

    `broken` is set when the stream made no sense; nothing after that point was read.
    """

    events: Events = field(default_factory=lambda: Events([], [], []))
    out: list[bytes] = field(default_factory=list)
    control: list[Control] = field(default_factory=list)
    broken: ProtocolError | None = None


class _Words(dict[bytes, str]):
    """Bytes as text, each word made once: states and error codes are few."""

    def __missing__(self, key: bytes) -> str:
        word = key.decode("latin-1")
        if len(self) < _MOST_WORDS:
            self[key] = word
        return word


class Reader:
    """One connection's inward stream."""

    def __init__(self, window: Window, correlator: Correlator) -> None:
        self.oddities: Counter[str] = Counter()
        self._window, self._correlator = window, correlator
        self._partial, self._need = bytearray(), _HEADER
        self._words = _Words()
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
        return batch

    def _read(self, data: bytes, batch: Batch) -> tuple[int, int]:
        """Read all whole PDUs; returns the octets used and how many the next PDU needs."""
        unpack, quick, words, now = codec.HEADER.unpack_from, receipt.quick, self._words, self._now
        pop, accepted = self._window.waiting.pop, self._correlator.accepted
        claim, acknowledge = self._correlator.claim, batch.out.append
        submitted, received = batch.events.submitted, batch.events.receipts
        offset, size = 0, len(data)
        while size - offset >= _HEADER:
            length, command, status, sequence = unpack(data, offset)
            end = offset + length
            if end > size or not _HEADER <= length <= codec.LONGEST:
                codec.check_length(length)
                return offset, length
            if command == codec.DELIVER_SM:
                found = quick(data, offset, end)
                record = found and claim(found[0], words[found[1]], words[found[2]], now)
                if record:
                    received.append(record)
                    acknowledge(_ACK + data[offset + 12 : offset + _HEADER] + b"\0")
                else:
                    self._deliver_slowly(data[offset:end], batch)
            elif command == codec.SUBMIT_SM_RESP:
                message_id = data[offset + _HEADER : end].partition(b"\0")[0]
                handle = pop(sequence, None)
                if handle is None or handle < 0:
                    self._answer((sequence, handle), status, message_id, batch)
                else:
                    submitted.append((handle, now, status, message_id))
                    if not status:
                        received.extend(accepted(message_id, handle))
            else:
                self._other(data[offset:end], batch)
            offset = end
        return offset, _HEADER

    def _deliver_slowly(self, pdu: bytes, batch: Batch) -> None:
        """A receipt out of the ordinary, or a handset's own message."""
        _, _, _, sequence = codec.HEADER.unpack_from(pdu)
        try:
            sms = codec.decode_sms(pdu)
        except ProtocolError as error:
            self.oddities["malformed"] += 1
            refusal = codec.SmsResp(codec.DELIVER_SM_RESP, sequence, error.status)
            batch.out.append(codec.encode(refusal))
            return
        batch.out.append(_ACK + pdu[12:16] + b"\0")
        report = receipt.read(sms)
        if report is None:
            batch.events.replies.append((sms.source, sms.destination, _text(sms), self._now))
            return
        found = (report.message_id, report.state, report.err, self._now)
        record = self._correlator.claim(*found) or self._correlator.settle(
            Unclaimed(*found, number=sms.source)
        )
        if record is not None:
            batch.events.receipts.append(record)

    def _answer(
        self, request: tuple[int, int | None], status: int, message_id: bytes, batch: Batch
    ) -> None:
        """An answer out of the ordinary: for a part of a long text, late, or for nothing."""
        sequence, handle = request
        if handle is None:
            handle = self._window.answered(sequence)
        if handle is None:
            self.oddities["unknown_answer"] += 1
            return
        if handle >= 0:
            batch.events.submitted.append((handle, self._now, status, message_id))
        else:
            whole = self._correlator.answered(handle, self._now, status, message_id)
            batch.events.submitted.extend([whole] if whole else [])
        if not status:
            batch.events.receipts.extend(self._correlator.accepted(message_id, handle))

    def _other(self, pdu: bytes, batch: Batch) -> None:
        """Everything about the connection rather than about a message."""
        try:
            decoded = codec.decode(pdu)
        except ProtocolError as error:
            self._refuse(pdu, error.status, batch)
            return
        match decoded:
            case codec.Bare(command=codec.ENQUIRE_LINK, sequence=sequence):
                answer = codec.Bare(codec.ENQUIRE_LINK_RESP, sequence)
                batch.out.append(codec.encode(answer))
            case codec.Bare(command=codec.GENERIC_NACK, sequence=sequence, status=status):
                self.oddities["generic_nack"] += 1
                handle = self._window.answered(sequence)
                refusal = status or statuses.UNKNOWN_ERROR
                if handle is None:
                    batch.control.append(codec.Bare(codec.GENERIC_NACK, sequence, refusal))
                else:
                    self._answer((sequence, handle), refusal, b"", batch)
            case codec.Bare() | codec.BindResp():
                batch.control.append(decoded)
            case _:
                self._refuse(pdu, statuses.WRONG_BIND_STATE, batch)

    def _refuse(self, pdu: bytes, status: int, batch: Batch) -> None:
        self.oddities["malformed"] += 1
        _, command, _, sequence = codec.HEADER.unpack_from(pdu)
        if not command & codec.RESPONSE:
            batch.out.append(codec.encode(codec.Bare(codec.GENERIC_NACK, sequence, status)))


def _text(sms: codec.Sms) -> str:
    data = sms.user_data
    if sms.esm_class & codec.ESM_UDHI:
        _, data = texts.read_header(data)
    return texts.decode(data, codec.ENCODINGS.get(sms.data_coding, "latin1"))

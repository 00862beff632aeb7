"""What a CMPP client makes of the bytes it receives. Pure: bytes and a time in, records out.

The two messages of which there is one per text (SUBMIT_RESP and the ordinary report) are read in
place, without an object; everything else goes through the codec.
"""

import struct
from binascii import hexlify
from collections.abc import Callable

from evaluators.protocols import reader
from evaluators.protocols import text as texts
from evaluators.protocols.cmpp import codec, content, pdus, receipt
from evaluators.protocols.cmpp import status as statuses
from evaluators.protocols.correlator import Correlator, Unclaimed
from evaluators.protocols.dialect import Answer, Batch, Left
from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.session import BindRefused, Receipt
from evaluators.protocols.window import Window

_HEADER = codec.HEADER.size
_MOST_WORDS = 4096
_PING_ANSWER = codec.HEADER.pack(_HEADER + 1, pdus.ACTIVE_TEST_RESP, 0)[:8]  # number and NUL follow
_CONNECTED_20 = 30  # octets of a CONNECT_RESP of 2.0
# Msg_Id and Result of a SUBMIT_RESP, by its length
_ANSWERS = {
    _HEADER + 9: struct.Struct(">8sB").unpack_from,
    _HEADER + 12: struct.Struct(">8sI").unpack_from,
}


class _States(dict[bytes, str]):
    """The seven octets of Stat as text, each made once: states are few."""

    def __missing__(self, key: bytes) -> str:
        word = key.strip(b"\0 ").decode("latin-1")
        if len(self) < _MOST_WORDS:
            self[key] = word
        return word


class Reader(reader.Reader):
    """One connection's inward stream.

    `proves` is asked whether a CONNECT_RESP shows that the gateway knows the secret.
    """

    def __init__(
        self,
        window: Window,
        correlator: Correlator,
        version: int,
        proves: Callable[[pdus.ConnectResp], bool],
    ) -> None:
        super().__init__(window, correlator, codec.SIZES)
        self._proves = proves
        self._states = _States()
        self._speak(version)

    def _speak(self, version: int) -> None:
        layout = codec.LAYOUTS[version]
        self.version = version
        """The layout both sides use, V20 or V30; known for sure once the login is answered."""
        bare = layout.deliver.size + layout.tail
        # the length of a DELIVER with a report -> its Registered_Delivery and Msg_Length
        self._usual = {bare + size: bytes((1, size)) for size in receipt.SIZES}
        self._mark_at = layout.deliver.size - 2
        ack = codec.encode(pdus.SmsResp(pdus.DELIVER_RESP, 0), version)
        self._ack, self._ok = ack[:8], ack[20:]  # between them the sequence number and the Msg_Id

    def _read(self, data: bytes, batch: Batch) -> tuple[int, int]:
        """Read all whole messages; returns the octets used and how many the next one needs."""
        unpack, now, acknowledge = codec.HEADER.unpack_from, self._now, batch.out.append
        pop, accepted = self.window.waiting.pop, self.correlator.accepted
        submitted, received = batch.events.submitted, batch.events.receipts
        offset, size = 0, len(data)
        while size - offset >= _HEADER:
            length, command, sequence = unpack(data, offset)
            end = offset + length
            if end > size or not _HEADER <= length <= codec.SIZES.longest:
                codec.SIZES.check(length)
                return offset, length
            if command == pdus.DELIVER:
                record = self._usual_report(data, offset, length)
                if record is not None:
                    received.append(record)
                    acknowledge(self._ack + data[offset + 8 : offset + 20] + self._ok)
                else:
                    self._deliver_slowly(data[offset:end], batch)
            elif command == pdus.SUBMIT_RESP and length in _ANSWERS:
                raw, status = _ANSWERS[length](data, offset + _HEADER)
                handle = pop(sequence, None)
                message_id = b"" if status else hexlify(raw)
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

    def _usual_report(self, data: bytes, offset: int, length: int) -> Receipt | None:
        """The record of the DELIVER at `offset` if it is a report in the usual form, and wanted.

        None means "look properly" (`_deliver_slowly`): never another record than that gives.
        """
        at = offset + self._mark_at
        if data[at : at + 2] != self._usual.get(length):
            return None
        state = self._states[data[at + 10 : at + 17]]
        if not state:
            return None
        return self.correlator.claim(hexlify(data[at + 2 : at + 10]), state, "", self._now)

    def _deliver_slowly(self, data: bytes, batch: Batch) -> None:
        """A report out of the ordinary, or a handset's own message."""
        report: receipt.Report | None = None
        try:
            deliver, version = codec.decode_deliver(data, self.version)
            if deliver.registered_delivery == 1:
                report = receipt.read(deliver.content)
        except ProtocolError as error:
            self.oddities["malformed"] += 1
            self._acknowledge(data, error.status, batch)
            return
        self._acknowledge(data, statuses.OK, batch)
        if version != self.version:
            self.oddities["other_version"] += 1
        if report is None:
            reply = (deliver.source, deliver.destination, _text(deliver), self._now)
            batch.events.replies.append(reply)
            return
        if len(deliver.content) not in receipt.SIZES:
            self.oddities["report_length"] += 1
        found = (receipt.key(report.message_id), report.state, "", self._now)
        self._report(Unclaimed(*found, number=report.number or deliver.source), batch)

    def _acknowledge(self, data: bytes, result: int, batch: Batch) -> None:
        _, _, sequence = codec.HEADER.unpack_from(data)
        message_id = data[_HEADER : _HEADER + 8].ljust(8, b"\0")
        answer = pdus.SmsResp(pdus.DELIVER_RESP, sequence, message_id, result)
        batch.out.append(codec.encode(answer, self.version))

    def _other(self, data: bytes, batch: Batch) -> None:
        """Everything about the connection rather than about a message."""
        try:
            decoded = codec.decode(data, self.version)
        except ProtocolError:
            self.oddities["malformed"] += 1
            return
        match decoded:
            case pdus.ConnectResp():
                self._logged_in(decoded, len(data), batch)
            case pdus.Bare(command=pdus.ACTIVE_TEST):
                batch.out.append(_PING_ANSWER + data[8:12] + b"\0")
            case pdus.Bare(command=pdus.ACTIVE_TEST_RESP, sequence=sequence):
                batch.control.append(Answer(sequence))
            case pdus.Bare(command=pdus.TERMINATE, sequence=sequence):
                goodbye = pdus.Bare(pdus.TERMINATE_RESP, sequence)
                batch.out.append(codec.encode(goodbye, self.version))
                batch.control.append(Left(by_peer=True))
            case pdus.Bare():
                batch.control.append(Left(by_peer=False))
            case _:
                self.oddities["malformed"] += 1

    def _logged_in(self, answer: pdus.ConnectResp, length: int, batch: Batch) -> None:
        if answer.status:
            refused = BindRefused(answer.status, statuses.login_name(answer.status))
            batch.control.append(Answer(answer.sequence, refused))
            return
        if not self._proves(answer):
            self.oddities["wrong_authenticator"] += 1
        if codec.layout_of(answer.version) < self.version:
            self.oddities["lower_version"] += 1
            if length == _CONNECTED_20:  # it says 2.0 and does as it says
                self._speak(pdus.V20)
        batch.control.append(Answer(answer.sequence))


def _text(deliver: pdus.Deliver) -> str:
    data = deliver.content
    if deliver.tp_udhi & 1:
        _, data = texts.read_header(data)
    return content.decode(deliver.msg_fmt, data)

"""What an SMGP client makes of the bytes it receives. Pure: bytes and a time in, records out.

The two messages of which there is one per message sent (Submit_Resp and the ordinary report) are
read in place, without an object; everything else goes through the codec.
"""

import struct
from binascii import hexlify

from evaluators.protocols import reader
from evaluators.protocols import text as texts
from evaluators.protocols.correlator import Correlator, Unclaimed
from evaluators.protocols.dialect import Answer, Batch, Left
from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.session import BindRefused
from evaluators.protocols.smgp import codec, receipt, tlv
from evaluators.protocols.smgp import status as statuses
from evaluators.protocols.smgp import text as alphabets
from evaluators.protocols.window import Window

_HEADER = codec.HEADER.size
_ANSWER = struct.Struct(">10sI")  # MsgID and Status, after the header
_ANSWERED = _HEADER + _ANSWER.size
_ACK = codec.HEADER.pack(_ANSWERED, codec.DELIVER_RESP, 0)[:8]  # sequence, MsgID, Status follow
_ACK_OK = bytes(4)


class Reader(reader.Reader):
    """One connection's inward stream. A message id is the twenty hex digits of MsgID."""

    def __init__(self, window: Window, correlator: Correlator) -> None:
        super().__init__(window, correlator, codec.SIZES)
        self.expected = b""
        """The AuthenticatorServer that proves the gateway knows the secret."""
        self._welcomed = False

    def _read(self, data: bytes, batch: Batch) -> tuple[int, int]:
        """Read all whole messages; returns the octets used and how many the next one needs."""
        unpack, quick, words, now = codec.HEADER.unpack_from, receipt.quick, self._words, self._now
        pop, accepted = self.window.waiting.pop, self.correlator.accepted
        claim, acknowledge = self.correlator.claim, batch.out.append
        submitted, received = batch.events.submitted, batch.events.receipts
        offset, size = 0, len(data)
        while size - offset >= _HEADER:
            length, command, sequence = unpack(data, offset)
            end = offset + length
            if end > size or not _HEADER <= length <= codec.SIZES.longest:
                codec.SIZES.check(length)
                return offset, length
            if command == codec.DELIVER:
                found = quick(data, offset, end)
                record = found and claim(hexlify(found[0]), words[found[1]], words[found[2]], now)
                if record:
                    received.append(record)
                    acknowledge(_ACK + data[offset + 8 : offset + 22] + _ACK_OK)
                else:
                    self._deliver_slowly(data[offset:end], batch)
            elif command == codec.SUBMIT_RESP and length >= _ANSWERED:
                raw, status = _ANSWER.unpack_from(data, offset + _HEADER)
                message_id = b"" if status else hexlify(raw)
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
        """A report out of the ordinary, or a handset's own message."""
        try:
            deliver = codec.decode_deliver(pdu)
        except ProtocolError as error:
            self.oddities["malformed"] += 1
            named = pdu[8:22].ljust(14, b"\0")
            batch.out.append(_ACK + named + error.status.to_bytes(4, "big"))
            return
        batch.out.append(_ACK + pdu[8:22] + _ACK_OK)
        if deliver.is_report != 1:
            text = _text(deliver)
            batch.events.replies.append((deliver.source, deliver.destination, text, self._now))
            return
        report = receipt.parse(deliver.content)
        if report is None:
            self.oddities["unreadable_report"] += 1
            return
        found = (hexlify(report.message_id), report.state, report.err, self._now)
        self._report(Unclaimed(*found, number=deliver.source), batch)

    def _other(self, pdu: bytes, batch: Batch) -> None:
        """Everything about the connection rather than about a message."""
        try:
            decoded = codec.decode(pdu)
        except ProtocolError:
            self._refuse(pdu, batch)
            return
        match decoded:
            case codec.LoginResp() if not self._welcomed:
                self._login(decoded, batch)
            case codec.Bare(command=codec.ACTIVE_TEST, sequence=sequence):
                batch.out.append(codec.encode(codec.Bare(codec.ACTIVE_TEST_RESP, sequence)))
            case codec.Bare(command=codec.ACTIVE_TEST_RESP, sequence=sequence) if self._welcomed:
                batch.control.append(Answer(sequence))
            case codec.Bare(command=codec.EXIT, sequence=sequence):
                batch.out.append(codec.encode(codec.Bare(codec.EXIT_RESP, sequence)))
                batch.control.append(Left(by_peer=True))
            case codec.Bare(command=codec.EXIT_RESP):
                batch.control.append(Left(by_peer=False))
            case _:
                self._refuse(pdu, batch)

    def _login(self, answer: codec.LoginResp, batch: Batch) -> None:
        refused = None
        if answer.status:
            refused = BindRefused(answer.status, statuses.name(answer.status))
        elif answer.authenticator != self.expected:  # gateways get it wrong; not a reason to leave
            self.oddities["unproven_server"] += 1
        self._welcomed = refused is None
        batch.control.append(Answer(answer.sequence, refused))

    def _refuse(self, pdu: bytes, batch: Batch) -> None:
        """Count it; of all that has no place here the protocol lets only a Forward be refused."""
        self.oddities["malformed"] += 1
        _, command, _ = codec.HEADER.unpack_from(pdu)
        if command == codec.FORWARD:
            batch.out.append(codec.encode(codec.refuse_forward(pdu)))


def _text(deliver: codec.Deliver) -> str:
    content = deliver.content
    if tlv.find_number(deliver.tlvs, tlv.TP_UDHI):
        _, content = texts.read_header(content)
    return alphabets.decode(content, deliver.msg_format)

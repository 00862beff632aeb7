"""What an SGIP client makes of the bytes it receives. Pure: bytes and a time in, records out.

The same for both kinds of connection: ours, on which answers come, and the gateway's own, on which
reports come; some gateways send those on ours. The two messages of which there is one per text
(Submit_Resp and Report) are read in place, without an object; everything else goes through the
codec. What is malformed ends the connection, as section 3.7.2.4.2 wants.
"""

import struct

from evaluators.protocols import reader
from evaluators.protocols.correlator import Correlator, Unclaimed
from evaluators.protocols.dialect import Answer, Batch, Left
from evaluators.protocols.session import BindRefused
from evaluators.protocols.sgip import codec, content, pdus, receipt
from evaluators.protocols.sgip import status as statuses
from evaluators.protocols.sgip.numbers import national
from evaluators.protocols.sgip.sequence import Heard, Numbering
from evaluators.protocols.window import Window

_HEADER = struct.Struct(">II8sI")
_SIZE = _HEADER.size
_RESULT = _SIZE + 9  # octets of a response
_REPORT = _SIZE + 44
_KIND, _USER, _STATE, _ERROR = _SIZE + 12, _SIZE + 13, _SIZE + 34, _SIZE + 35  # in a Report
_ACK = struct.pack(">II", _RESULT, pdus.REPORT_RESP)  # sequence number, result, reserve follow
_TAKEN, _CLASH = bytes(9), bytes((statuses.BAD_SEQUENCE,)).ljust(9, b"\0")
_STATES = tuple(receipt.state(code) for code in range(256))
_ERRORS = tuple(str(code) for code in range(256))


class Reader(reader.Reader):
    """One connection's inward stream.

    `numbering` tells our own commands' numbers, `heard` is shared by all connections of an account.
    """

    def __init__(
        self, window: Window, correlator: Correlator, numbering: Numbering, heard: Heard
    ) -> None:
        super().__init__(window, correlator, codec.SIZES)
        self._numbering, self._heard = numbering, heard

    def _read(self, data: bytes, batch: Batch) -> tuple[int, int]:
        """Read all whole messages; returns the octets used and how many the next one needs."""
        unpack, longest, latest = _HEADER.unpack_from, codec.SIZES.longest, self._numbering.latest
        waiting, accepted, now = self.window.waiting, self.correlator.accepted, self._now
        submitted, received = batch.events.submitted, batch.events.receipts
        offset, size = 0, len(data)
        while size - offset >= _SIZE:
            length, command, front, counter = unpack(data, offset)
            end = offset + length
            if end > size or not _SIZE <= length <= longest:
                codec.SIZES.check(length)
                return offset, length
            if command == pdus.REPORT and length == _REPORT:
                self._reported(data[offset:end], batch)
            elif command != pdus.SUBMIT_RESP or length != _RESULT:
                self._other(data[offset:end], batch)
            elif front == latest and (handle := waiting.get(counter, -1)) >= 0:
                del waiting[counter]
                status = data[offset + _SIZE]
                message_id = data[offset + 8 : offset + _SIZE].hex().encode()
                submitted.append((handle, now, status, message_id))
                if not status:
                    received.extend(accepted(message_id, handle))
            elif self._numbering.own(front, counter):
                self._submitted(counter, data[offset:end], batch)
            else:
                self.oddities["unknown_answer"] += 1
            offset = end
        return offset, _SIZE

    def _submitted(self, counter: int, frame: bytes, batch: Batch) -> None:
        """An answer out of the ordinary: of another second, for a part of a long text, or late."""
        status, message_id = frame[_SIZE], frame[8:_SIZE].hex().encode()
        handle = self.window.waiting.pop(counter, None)
        if handle is None:
            self._late(counter, status, message_id, batch)
        else:
            self._answer((counter, handle), status, message_id, batch)

    def _late(self, counter: int, status: int, message_id: bytes, batch: Batch) -> None:
        """An answer that was given up; the correlator was told of its message then."""
        handle = self.window.answered(counter)
        if handle is None:
            self.oddities["unknown_answer"] += 1
        elif handle >= 0:
            batch.events.submitted.append((handle, self._now, status, message_id))
        else:
            whole = self.correlator.answered(handle, self._now, status, message_id)
            batch.events.submitted.extend([whole] if whole else [])

    def _reported(self, frame: bytes, batch: Batch) -> None:
        if not self._new(frame, batch, _ACK):
            return
        if frame[_KIND] != pdus.OF_SUBMIT:  # about a Deliver, of which we send none
            self.oddities["foreign_report"] += 1
            return
        message_id = frame[_SIZE:_KIND].hex().encode()
        found = (message_id, _STATES[frame[_STATE]], _ERRORS[frame[_ERROR]], self._now)
        record = self.correlator.claim(*found)
        if record is not None:
            batch.events.receipts.append(record)
        else:
            number = frame[_USER:_STATE].partition(b"\0")[0].decode("latin-1")
            self._report(Unclaimed(*found, number=national(number)), batch)

    def _new(self, frame: bytes, batch: Batch, ack: bytes) -> bool:
        """Answer a command, and say whether it brings anything new.

        One that comes a second time is not taken again. Another one under a used number is
        answered with an error, as section 3.7.2.4.3 wants, but what it says is taken all the same:
        it may be all we ever hear of a message.
        """
        known = self._heard.note(frame)
        batch.out.append(ack + frame[8:_SIZE] + (_CLASH if known == "clash" else _TAKEN))
        if known != "new":
            self.oddities["repeated_command" if known == "again" else "reused_sequence"] += 1
        return known != "again"

    def _other(self, frame: bytes, batch: Batch) -> None:
        """Handsets' messages, and everything about the connection. Raises ProtocolError."""
        match pdu := codec.decode(frame):
            case pdus.Deliver() | pdus.UserReport():
                ack = struct.pack(">II", _RESULT, int.from_bytes(frame[4:8], "big") | pdus.RESPONSE)
                if self._new(frame, batch, ack):
                    self._told(pdu, batch)
            case pdus.Result(command=pdus.BIND_RESP, sequence=number, status=status):
                refused = BindRefused(status, statuses.name(status)) if status else None
                batch.control.append(Answer(int.from_bytes(number[8:], "big"), refused))
            case pdus.Bare(command=pdus.UNBIND, sequence=number):
                batch.out.append(codec.encode(pdus.Bare(pdus.UNBIND_RESP, number)))
                batch.control.append(Left(by_peer=True))
            case pdus.Bare(command=pdus.UNBIND_RESP):
                batch.control.append(Left(by_peer=False))
            case pdus.Bind(sequence=number):
                refusal = pdus.Result(pdus.BIND_RESP, number, statuses.REPEATED_LOGIN)
                batch.out.append(codec.encode(refusal))
            case _:
                self._refuse(pdu, batch)

    def _told(self, pdu: pdus.Deliver | pdus.UserReport, batch: Batch) -> None:
        if isinstance(pdu, pdus.UserReport):
            self.oddities["user_report"] += 1
            return
        _, text = content.read(pdu.content, pdu.coding, pdu.udhi)
        batch.events.replies.append((national(pdu.number), pdu.source, text, self._now))

    def _refuse(self, pdu: pdus.Pdu, batch: Batch) -> None:
        """Well-formed, but nothing one may ask of us; a response of that kind is left alone."""
        self.oddities["unexpected"] += 1
        refusal = codec.refusal(pdu, statuses.BAD_COMMAND)
        batch.out.extend([codec.encode(refusal)] if refusal else [])

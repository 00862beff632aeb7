"""What an SMPP client makes of the bytes it receives. Pure: bytes and a time in, records out.

The two PDUs of which there is one per message (submit_sm_resp and the ordinary receipt) are read
in place, without an object; everything else goes through the codec.
"""

from evaluators.protocols import reader
from evaluators.protocols import text as texts
from evaluators.protocols.correlator import Correlator, Unclaimed
from evaluators.protocols.dialect import Answer, Batch, Left
from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.session import BindRefused, Receipt
from evaluators.protocols.smpp import codec, receipt
from evaluators.protocols.smpp import status as statuses
from evaluators.protocols.smpp.shapes import HEAD, Shapes
from evaluators.protocols.window import Window

_HEADER = codec.HEADER.size
_ACK = codec.HEADER.pack(_HEADER + 1, codec.DELIVER_SM_RESP, 0, 0)[:HEAD]


class Reader(reader.Reader):
    """One connection's inward stream."""

    def __init__(self, window: Window, correlator: Correlator) -> None:
        super().__init__(window, correlator, codec.SIZES)
        self._shapes = Shapes()
        self._acknowledged: list[bytes] = []  # sequence numbers of deliver_sm, as octets

    def _complaint(self, error: ProtocolError) -> list[bytes]:
        return [codec.encode(codec.Bare(codec.GENERIC_NACK, 0, error.status))]

    def _read(self, data: bytes, batch: Batch) -> tuple[int, int]:
        try:
            used = self._read_all(data, batch)
        finally:
            self.correlator.tidy()
            if self._acknowledged:
                between = b"\0" + _ACK
                batch.out.append(_ACK + between.join(self._acknowledged) + b"\0")
                self._acknowledged.clear()
        return used, _HEADER if len(data) - used < _HEADER else _length(data, used)

    def _read_all(self, data: bytes, batch: Batch) -> int:  # noqa: C901, PLR0912, PLR0915
        """Read the whole PDUs, in one loop because calls cost; returns the octets used."""
        answers, receipts, known = self._shapes.answers, self._shapes.receipts, self.correlator
        plain, early, waiting, done = known.plain, known.early, known.waiting, known.done
        pop, take, keep, acknowledge = (
            self.window.waiting.pop, waiting.pop, waiting.setdefault, self._acknowledged.append,
        )  # fmt: skip
        (submitted, received, _, _), now = batch.events, self._now
        offset, size = 0, len(data)
        record: Receipt | None
        while size - offset >= _HEADER:
            low = data[offset + 3]
            answer = answers[low]
            if answer and (end := offset + answer.length) <= size:
                head, sequence, message_id, nul = answer.unpack(data, offset)
                if head == answer.head and not nul and 0 not in message_id:
                    handle = pop(sequence, None)
                    if handle is None or handle < 0 or early or not plain:
                        self._answer((sequence, handle), 0, message_id, batch)
                    else:
                        submitted.append((handle, now, 0, message_id))
                        if keep(message_id, handle) != handle:
                            known.repeated_ids += 1
                    offset = end
                    continue
            shape = receipts[low]
            if (
                shape
                and (end := offset + shape.length) <= size
                and (found := shape.read(data, offset))
            ):
                number, message_id, (state, err, final, _) = found
                handle = take(message_id, None) if plain else None
                if final and handle is not None and handle >= 0:
                    done[message_id] = handle
                    record = (handle, message_id, state, err, now, False, False, "")
                else:
                    if handle is not None:
                        waiting[message_id] = handle
                    record = known.claim(message_id, state, err, now)
                if record:
                    received.append(record)
                    acknowledge(number)
                    offset = end
                    continue
            if (end := offset + _length(data, offset)) > size:
                break
            self._properly(data[offset:end], batch)
            offset = end
        return offset

    def _properly(self, pdu: bytes, batch: Batch) -> None:
        """A PDU unlike those before it."""
        _, command, status, sequence = codec.HEADER.unpack_from(pdu)
        if command == codec.SUBMIT_SM_RESP:
            message_id, nul, more = pdu[_HEADER:].partition(b"\0")
            handle = self.window.waiting.pop(sequence, None)
            self._answer((sequence, handle), status, message_id, batch)
            if nul and not more and not status:
                self._shapes.saw_answer(pdu)
        elif command in {codec.DELIVER_SM, codec.DATA_SM}:
            self._deliver(pdu, batch)
        else:
            self._other(pdu, batch)

    def _deliver(self, pdu: bytes, batch: Batch) -> None:
        """A receipt, or a handset's own message."""
        _, command, _, sequence = codec.HEADER.unpack_from(pdu)
        usual = receipt.quick(pdu, 0, len(pdu)) if command == codec.DELIVER_SM else None
        if usual is not None:
            self._shapes.saw_receipt(pdu, usual)
            state, err = self._words[usual.state], self._words[usual.err]
            if record := self.correlator.claim(usual.message_id, state, err, self._now):
                batch.events.receipts.append(record)
                self._acknowledged.append(pdu[HEAD:_HEADER])
                return
        try:
            sms = codec.decode_sms(pdu)
        except ProtocolError as error:
            self.oddities["malformed"] += 1
            refusal = codec.SmsResp(command | codec.RESPONSE, sequence, error.status)
            batch.out.append(codec.encode(refusal))
            return
        batch.out.append(codec.encode(codec.SmsResp(command | codec.RESPONSE, sequence)))
        report = receipt.read(sms)
        if report is None:
            batch.events.replies.append((sms.source, sms.destination, _text(sms), self._now))
            return
        found = (report.message_id, report.state, report.err, self._now)
        self._report(Unclaimed(*found, number=sms.source), batch)

    def _other(self, pdu: bytes, batch: Batch) -> None:
        """Everything about the connection rather than about a message."""
        try:
            decoded = codec.decode(pdu)
        except ProtocolError as error:
            self._refuse(pdu, error.status, batch)
            return
        match decoded:
            case codec.BindResp(sequence=sequence, status=status):
                batch.control.append(Answer(sequence, _refusal(status)))
            case codec.Bare(command=codec.ENQUIRE_LINK, sequence=sequence):
                batch.out.append(codec.encode(codec.Bare(codec.ENQUIRE_LINK_RESP, sequence)))
            case codec.Bare(command=codec.ENQUIRE_LINK_RESP, sequence=sequence):
                batch.control.append(Answer(sequence))
            case codec.Bare(command=codec.UNBIND, sequence=sequence):
                batch.out.append(codec.encode(codec.Bare(codec.UNBIND_RESP, sequence)))
                batch.control.append(Left(by_peer=True))
            case codec.Bare(command=codec.UNBIND_RESP):
                batch.control.append(Left(by_peer=False))
            case codec.Bare(sequence=sequence, status=status):
                self._nacked(sequence, status or statuses.UNKNOWN_ERROR, batch)
            case _:
                self._refuse(pdu, statuses.WRONG_BIND_STATE, batch)

    def _nacked(self, sequence: int, status: int, batch: Batch) -> None:
        self.oddities["generic_nack"] += 1
        handle = self.window.answered(sequence)
        if handle is None:
            batch.control.append(Answer(sequence, _refusal(status)))
        else:
            self._answer((sequence, handle), status, b"", batch)

    def _refuse(self, pdu: bytes, status: int, batch: Batch) -> None:
        self.oddities["malformed"] += 1
        _, command, _, sequence = codec.HEADER.unpack_from(pdu)
        if not command & codec.RESPONSE:
            batch.out.append(codec.encode(codec.Bare(codec.GENERIC_NACK, sequence, status)))


def _length(data: bytes, offset: int) -> int:
    length = int.from_bytes(data[offset : offset + 4], "big")
    codec.SIZES.check(length)
    return length


def _text(sms: codec.Sms) -> str:
    data = sms.user_data
    if sms.esm_class & codec.ESM_UDHI:
        _, data = texts.read_header(data)
    return texts.decode(data, codec.ENCODINGS.get(sms.data_coding, "latin1"))


def _refusal(status: int) -> BindRefused | None:
    return BindRefused(status, statuses.name(status)) if status else None

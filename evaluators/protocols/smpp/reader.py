"""What an SMPP client makes of the bytes it receives. Pure: bytes and a time in, records out.

The two PDUs of which there is one per message (submit_sm_resp and the ordinary receipt) are read
in place, without an object, and where many alike come in a row all at once; everything else goes
through the codec.
"""

from collections.abc import Callable
from itertools import repeat
from operator import ne

from evaluators.protocols import reader
from evaluators.protocols import text as texts
from evaluators.protocols.correlator import Correlator, Unclaimed
from evaluators.protocols.dialect import Answer, Batch, Left
from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.session import BindRefused, Receipt
from evaluators.protocols.smpp import codec, receipt
from evaluators.protocols.smpp import status as statuses
from evaluators.protocols.smpp.runs import FEWEST, Columns, Runs
from evaluators.protocols.smpp.shapes import HEAD, Shapes
from evaluators.protocols.window import Window

_HEADER = codec.HEADER.size
_NOBODY = -(1 << 62)  # no message's handle
_MANY = 1024  # octets from which on it pays to look for many PDUs alike
_LONGEST_WAIT = 1 << 14  # octets; where nothing comes in runs, looking for them must cost nothing
_FIRST_RUN, _LONGEST_RUN, _LONGER = 16, 4096, 8  # PDUs looked at together, and how it grows
_ACK = codec.HEADER.pack(_HEADER + 1, codec.DELIVER_SM_RESP, 0, 0)[:HEAD]


class Reader(reader.Reader):
    """One connection's inward stream."""

    def __init__(self, window: Window, correlator: Correlator) -> None:
        super().__init__(window, correlator, codec.SIZES)
        self._shapes = Shapes()
        self._runs = Runs(self._shapes)
        self._most = _FIRST_RUN  # PDUs looked at together; little is lost where a run ends early
        self._patience = 1
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
        offset, size, search = 0, len(data), 0
        record: Receipt | None
        while size - offset >= _HEADER:
            if offset >= search and size - offset >= _MANY:
                before = offset
                offset, search = self._read_many(data, offset, batch)
                if offset > before:
                    continue
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
                    done.ids.append(message_id)
                    done.handles.append(handle)
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

    def _read_many(self, data: bytes, offset: int, batch: Batch) -> tuple[int, int]:
        """Read PDUs alike in a row, if there are; returns how far, and where to look for more."""
        found = self._runs.at(data, offset) if self.correlator.plain else None
        if found is None:
            return offset, offset + self._wait()
        run, left = found
        while left >= FEWEST:
            asked = min(left, self._most)
            columns = run.read(data, offset, asked)
            if columns is None or not self.correlator.early.keys().isdisjoint(columns.accepted):
                self._most = _FIRST_RUN
                return offset, offset + self._wait()
            if run.answer:
                self._answers(columns, batch)
            if run.receipt:
                self._receipts(columns, run.pdus(data, offset), batch)
            offset, self._patience = offset + columns.units * run.size, 1
            if columns.units < asked:
                self._most = _FIRST_RUN
                break
            left -= asked
            self._most = min(self._most * _LONGER, _LONGEST_RUN)
        return offset, offset + 1

    def _wait(self) -> int:
        """Octets until the next look; the more, the longer nothing was found."""
        waited, self._patience = self._patience, min(self._patience * 16, _LONGEST_WAIT)
        return waited

    def _answers(self, columns: Columns, batch: Batch) -> None:
        """Positive answers, none of whose messages was reported before."""
        known, sequences, ids = self.correlator, columns.sequences, columns.accepted
        handles = list(map(self.window.waiting.pop, sequences, repeat(_NOBODY)))
        if min(handles) < 0:
            for sequence, handle, message_id in zip(sequences, handles, ids, strict=True):
                request = (sequence, None if handle == _NOBODY else handle)
                self._answer(request, 0, message_id, batch)
            return
        batch.events.submitted.extend(zip(handles, repeat(self._now), repeat(0), ids, strict=False))
        kept = list(map(known.waiting.setdefault, ids, handles))
        if kept != handles:
            known.repeated_ids += sum(map(ne, kept, handles))

    def _receipts(self, columns: Columns, pdus: Callable[[int], bytes], batch: Batch) -> None:
        """Reports; `pdus` gives the whole of each."""
        done, tails, ids, now = self.correlator.done, columns.tails, columns.reported, self._now
        handles = list(map(self.correlator.waiting.pop, ids, repeat(_NOBODY)))
        state, err, final, _ = tails[0]
        if min(handles) >= 0 and final and tails.count(tails[0]) == len(tails):
            done.ids += ids
            done.handles += handles
            same = map(repeat, (state, err, now, False, False, ""))
            batch.events.receipts.extend(zip(handles, ids, *same, strict=False))
            self._acknowledged += columns.numbers
            return
        for at, (handle, message_id, tail) in enumerate(zip(handles, ids, tails, strict=True)):
            if handle >= 0 and tail.final:
                done.ids.append(message_id)
                done.handles.append(handle)
                record = (handle, message_id, tail.state, tail.err, now, False, False, "")
                batch.events.receipts.append(record)
                self._acknowledged.append(columns.numbers[at])
            else:
                if handle != _NOBODY:
                    self.correlator.waiting[message_id] = handle
                self._properly(pdus(at), batch)

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

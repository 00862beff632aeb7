"""PDUs like ones seen before, taken apart in one step. Pure.

A vendor's answers are alike, and so are its receipts: PDUs of one length have their parts in the
same places. The first one is read properly; of those that follow, what lies between the varying
parts is only compared. A shape gives what the codec and `receipt` give, or nothing.
"""

import struct
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

from evaluators.protocols.correlator import NOT_FINAL
from evaluators.protocols.smpp import codec
from evaluators.protocols.smpp.receipt import Usual

HEAD = 12
"""Octets of a header without the sequence number: length, command, status."""

_MOST_TRIES = 256  # for receipts of one length, after which they are read properly one by one
_MOST_TAILS = 4096


class AnswerShape(NamedTuple):
    """A submit_sm_resp: `unpack(data, start)` gives head, sequence number, id, and 0."""

    length: int
    head: bytes
    unpack: Callable[[bytes, int], tuple[bytes, int, bytes, int]]


class Tail(NamedTuple):
    """What follows the id: what it means, and what must come after the id's repetition."""

    state: str
    err: str
    final: bool
    rest: bytes


class ReceiptShape(NamedTuple):
    """A receipt: `read(data, start)` gives sequence octets, id and tail; or None.

    `widths` are those of its nine parts: head, sequence number, lead, the handset's number,
    middle, id, tail, the id's repetition, rest; `between` has the three that are always the same.
    """

    length: int
    read: Callable[[bytes, int], tuple[bytes, bytes, Tail] | None]
    between: tuple[bytes, bytes, bytes]
    widths: tuple[int, ...]
    tails: dict[bytes, Tail]


class Shapes:
    """Those one connection has brought, by the last octet of a PDU's length."""

    def __init__(self) -> None:
        self.answers: list[AnswerShape | None] = [None] * 256
        self.receipts: list[ReceiptShape | None] = [None] * 256
        self._tries: Counter[int] = Counter()

    def saw_answer(self, pdu: bytes) -> None:
        """This is a positive submit_sm_resp with an id."""
        room = len(pdu) - codec.HEADER.size - 1
        if room > 0:
            unpack: Any = struct.Struct(f">{HEAD}sI{room}sB").unpack_from
            self.answers[pdu[3]] = AnswerShape(len(pdu), pdu[:HEAD], unpack)

    def saw_receipt(self, pdu: bytes, usual: Usual) -> None:
        """This is a receipt, and what it says."""
        cuts = (0, HEAD, codec.HEADER.size, *usual.spans, len(pdu))
        fields = [pdu[start:end] for start, end in pairwise(cuts)]
        head, _, lead, _, middle, message_id, tail, named, rest = fields
        if named not in {b"", message_id}:
            return  # two ids: whoever knows which is meant must look
        shape = self.receipts[pdu[3]]
        if shape is None or shape.between != (head, lead, middle):
            self._tries[pdu[3]] += 1
            if self._tries[pdu[3]] > _MOST_TRIES:
                return
            shape = _receipt_shape(fields)
            self.receipts[pdu[3]] = shape
        if len(shape.tails) >= _MOST_TAILS:
            shape.tails.clear()
        state, err = usual.state.decode("latin-1"), usual.err.decode("latin-1")
        shape.tails[tail] = Tail(state, err, state not in NOT_FINAL, rest)


def _receipt_shape(fields: list[bytes]) -> ReceiptShape:
    layout = struct.Struct("".join(f"{len(field)}s" for field in fields))
    unpack, (head, _, lead, _, middle, *_) = layout.unpack_from, fields
    tails: dict[bytes, Tail] = {}
    known = tails.get

    def read(data: bytes, at: int) -> tuple[bytes, bytes, Tail] | None:
        begin, sequence, before, handset, between, message_id, tail, named, rest = unpack(data, at)
        if (
            (found := known(tail)) is None
            or begin != head
            or between != middle
            or before != lead
            or rest != found.rest
            or 0 in handset  # it would end there
            or 32 in message_id
            or (named and (named != message_id or 0 in named))
        ):
            return None
        return sequence, message_id, found

    widths = tuple(map(len, fields))
    return ReceiptShape(layout.size, read, (head, lead, middle), widths, tails)

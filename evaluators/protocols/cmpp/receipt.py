"""Delivery reports: the Msg_Content of a DELIVER whose Registered_Delivery is 1 (8.4.5.1).

60 octets in CMPP 2.0 and 71 in 3.0, and some gateways write the short form in 3.0 too: only the
length tells. Times have the resolution of a minute.
"""

import struct
from binascii import hexlify
from dataclasses import dataclass, replace

from evaluators.protocols.cmpp import codec
from evaluators.protocols.cmpp import status as statuses
from evaluators.protocols.cmpp.pdus import V20, V30, Deliver
from evaluators.protocols.errors import ProtocolError

_SHAPES = {V20: struct.Struct(">8s7s10s10s21sI"), V30: struct.Struct(">8s7s10s10s32sI")}
# a DELIVER with a report: Sequence_Id, its own Msg_Id, the numbers and the report's fields vary
_WHOLE = {
    V20: struct.Struct(">8sIQ34s21s2sQ27s21sI8s"),
    V30: struct.Struct(">8sIQ34s32s3sQ27s32sI20s"),
}
_STORY = struct.Struct(">7s10s10s")
_OWN_END, _SOURCE_AT = 20, 54  # octets of a DELIVER: where its Msg_Id ends, its source begins
_NUMBER_AT = 35
_LEAST = 15  # Msg_Id and Stat: what is needed to make anything of it
_PADDING = b"\0 "
Told = tuple[int, bytes, int]
"""What a report says: Msg_Id as a number, `story`, the short message centre's own number."""
SIZES = frozenset(shape.size for shape in _SHAPES.values())
"""60 and 71 octets."""


@dataclass(slots=True)
class Report:
    """One delivery report; times are YYMMDDHHMM in the gateway's own zone.

    `message_id` are the eight octets that SUBMIT_RESP gave, `state` is Stat as sent (`DELIVRD`,
    `MA:0001`, ...), `smsc_sequence` the short message centre's own number.
    """

    message_id: bytes
    state: str
    submitted: str = ""
    done: str = ""
    number: str = ""
    smsc_sequence: int = 0


def story(report: Report) -> bytes:
    """Stat, Submit_time and Done_time in their 27 octets; the same for many reports of a minute."""
    words = (report.state, report.submitted, report.done)
    return _STORY.pack(*(word.encode("latin-1") for word in words))


class Pattern:
    """Writes the DELIVERs that bring the reports to messages of one kind.

    `envelope` is such a DELIVER; its sequence number, Msg_Id, source and content do not matter.
    """

    def __init__(self, envelope: Deliver, version: int) -> None:
        layout = codec.LAYOUTS[version]
        content = bytes(_SHAPES[version].size)
        sample = codec.encode(replace(envelope, content=content, registered_delivery=1), version)
        self._pack = _WHOLE[version].pack
        self._head = sample[:8]
        self._middle = sample[_OWN_END:_SOURCE_AT]
        self._mark = sample[_SOURCE_AT + layout.number : layout.deliver.size]
        self._tail = sample[-layout.tail :]

    def write(self, sequence: int, own_id: int, number: bytes, report: Told) -> bytes:
        """The whole DELIVER; `number` is the handset's, `own_id` the DELIVER's own Msg_Id."""
        message_id, told, smsc_sequence = report
        return self._pack(
            self._head, sequence, own_id, self._middle, number, self._mark,
            message_id, told, number, smsc_sequence, self._tail,
        )  # fmt: skip


def format(report: Report, version: int) -> bytes:
    """The report as this version (V20 or V30) writes it."""
    return _SHAPES[version].pack(
        report.message_id,
        report.state.encode("latin-1"),
        report.submitted.encode("latin-1"),
        report.done.encode("latin-1"),
        report.number.encode("latin-1"),
        report.smsc_sequence,
    )


def read(content: bytes) -> Report:
    """The report in either form; ProtocolError where there is no id or no state.

    Of other lengths what is there is read: gateways that shorten it do so at the end.
    """
    state = content[8:_LEAST].strip(_PADDING)
    if len(content) < _LEAST or not state:
        raise ProtocolError("a report without Msg_Id or Stat", statuses.MALFORMED)
    whole = len(content) >= _NUMBER_AT + 4
    number = content[_NUMBER_AT:-4] if whole else content[_NUMBER_AT:]
    return Report(
        content[:8],
        state.decode("latin-1"),
        content[15:25].strip(_PADDING).decode("latin-1"),
        content[25:35].strip(_PADDING).decode("latin-1"),
        number.partition(b"\0")[0].strip().decode("latin-1"),
        int.from_bytes(content[-4:], "big") if whole else 0,
    )


def key(message_id: bytes) -> bytes:
    """A Msg_Id as the correlator and the ledger know it: sixteen hexadecimal digits."""
    return hexlify(message_id)

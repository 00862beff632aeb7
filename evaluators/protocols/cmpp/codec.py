"""CMPP 2.0 and 3.0 messages as bytes and back. Pure: no sockets, no clock.

`decode` and `encode` are exact inverses for every message here (section 8.4 of the specification).
The two versions differ in the width of some fields only; answers tell theirs by their length. The
session's fast path does not make these objects; it must agree with them, and tests hold it to that.
"""

import struct
from functools import lru_cache
from typing import NamedTuple, assert_never

from evaluators.protocols import frames
from evaluators.protocols.cmpp import pdus
from evaluators.protocols.cmpp import status as statuses
from evaluators.protocols.cmpp.pdus import (
    V20,
    V30,
    Bare,
    Cancel,
    CancelResp,
    Connect,
    ConnectResp,
    Deliver,
    Pdu,
    Query,
    QueryResp,
    SmsResp,
    Submit,
)
from evaluators.protocols.errors import ProtocolError

HEADER = struct.Struct(">III")  # Total_Length, Command_Id, Sequence_Id
SIZES = frames.Sizes(HEADER.size, 16_384, statuses.BAD_LENGTH)
"""A message to 99 destinations takes some 3,600 octets; far more is not CMPP."""

_SMS_RESPS = frozenset({pdus.SUBMIT_RESP, pdus.DELIVER_RESP})
_BARE = frozenset({pdus.TERMINATE, pdus.TERMINATE_RESP, pdus.ACTIVE_TEST, pdus.ACTIVE_TEST_RESP})
_CONNECT = struct.Struct(">6s16sBI")
_QUERY = struct.Struct(">8sB10s8s")
_QUERY_RESP = struct.Struct(">8sB10s8I")
_MOST_TEXTS = 4096


class Layout(NamedTuple):
    """What differs between the versions: octets of fields, and messages from their header on."""

    number: int  # a terminal's number
    result: int  # Status, Result and Success_Id
    tail: int  # LinkID of 3.0, Reserve of 2.0
    kind: int  # a terminal number's type, which 2.0 has not
    submit: struct.Struct  # up to DestUsr_tl
    deliver: struct.Struct  # up to Msg_Length
    answer: struct.Struct


# "0s" stands for the type that 2.0 has not: empty octets where 3.0 has a number
LAYOUTS = {
    V20: Layout(
        21,
        1,
        8,
        0,
        struct.Struct(">III8s4B10sB21s0s3B6s2s6s17s17s21sB"),
        struct.Struct(">III8s21s10s3B21s0s2B"),
        struct.Struct(">III8sB"),
    ),
    V30: Layout(
        32,
        4,
        20,
        1,
        struct.Struct(">III8s4B10sB32sB3B6s2s6s17s17s21sB"),
        struct.Struct(">III8s21s10s3B32sB2B"),
        struct.Struct(">III8sI"),
    ),
}


class _Texts(dict[bytes, str]):
    """Padded fields as text; those of which there are few are kept."""

    def __missing__(self, key: bytes) -> str:
        text = _text(key)
        if len(self) < _MOST_TEXTS:
            self[key] = text
        return text


_texts = _Texts()


def layout_of(version: int) -> int:
    """The version, of the two known here, whose layout a peer of this Version speaks."""
    return V30 if version >= V30 else V20


def encode(pdu: Pdu, version: int) -> bytes:
    """The message in this version (V20 or V30); ProtocolError where a field does not fit."""
    layout = LAYOUTS[version]
    try:
        match pdu:
            case SmsResp():
                message_id = _fit(pdu.message_id, 8)
                return layout.answer.pack(
                    layout.answer.size, pdu.command, pdu.sequence, message_id, pdu.result
                )
            case Deliver():
                return _deliver(pdu, layout)
            case Submit():
                return _submit(pdu, layout)
            case _:
                command, body = _rare(pdu, layout)
                return HEADER.pack(len(body) + HEADER.size, command, pdu.sequence) + body
    except struct.error as error:
        raise ProtocolError(f"a number does not fit: {error}") from error


def decode(data: bytes, version: int) -> Pdu:
    """One whole message of this version; ProtocolError (with the Result to answer) if it is not."""
    if len(data) < HEADER.size:
        raise ProtocolError(f"{len(data)} octets are no message", statuses.BAD_LENGTH)
    length, command, sequence = HEADER.unpack_from(data)
    if length != len(data):
        raise ProtocolError(f"length {length} of {len(data)} octets", statuses.BAD_LENGTH)
    if command == pdus.SUBMIT:
        return _read_submit(data, LAYOUTS[version])
    if command == pdus.DELIVER:
        return _read_deliver(data, LAYOUTS[version])
    if command in _SMS_RESPS:
        _exactly(data, 21, 24)
        return SmsResp(command, sequence, data[12:20], int.from_bytes(data[20:], "big"))
    if command in _BARE:
        _exactly(data, 12, 13)
        return Bare(command, sequence)
    return _read_rare(data)


def decode_deliver(data: bytes, version: int) -> tuple[Deliver, int]:
    """What must be a CMPP_DELIVER, and the version whose layout fits: this one or the other."""
    try:
        return _read_deliver(data, LAYOUTS[version]), version
    except ProtocolError:
        other = V20 if version == V30 else V30
        return _read_deliver(data, LAYOUTS[other]), other


class Frames(frames.Frames):
    """Cuts a stream into whole messages."""

    def __init__(self) -> None:
        super().__init__(SIZES)


def _read_submit(data: bytes, layout: Layout) -> Submit:
    at, width = layout.submit.size, layout.number
    if len(data) < at:
        raise ProtocolError("a CMPP_SUBMIT cut off", statuses.BAD_LENGTH)
    (_, _, sequence, message_id, pk_total, pk_number, registered, level, service, fee_user,
     fee_terminal, fee_terminal_type, pid, udhi, msg_fmt, msg_src, fee_type, fee_code, valid, due,
     source, count) = layout.submit.unpack_from(data)  # fmt: skip
    if not 0 < count <= pdus.MOST_DESTINATIONS:
        raise ProtocolError(f"{count} destinations", statuses.MALFORMED)
    end = at + count * width
    start = end + layout.kind + 1  # of Msg_Content
    if len(data) < start or len(data) != start + data[start - 1] + layout.tail:
        raise ProtocolError("lengths do not add up", statuses.BAD_LENGTH)
    return Submit(
        sequence,
        _texts[source],
        tuple([_text(data[one : one + width]) for one in range(at, end, width)]),
        data[start : len(data) - layout.tail],
        msg_fmt, message_id, pk_total, pk_number, registered, level,
        _texts[service], fee_user, _texts[fee_terminal], fee_terminal_type or 0,
        pid, udhi, _texts[msg_src], _texts[fee_type], _texts[fee_code], _texts[valid], _texts[due],
        data[end] if layout.kind else 0,
        _texts[data[len(data) - layout.tail :]],
    )  # fmt: skip


def _read_deliver(data: bytes, layout: Layout) -> Deliver:
    at = layout.deliver.size
    if len(data) < at or len(data) != at + data[at - 1] + layout.tail:
        raise ProtocolError("lengths do not add up", statuses.BAD_LENGTH)
    (_, _, sequence, message_id, destination, service, pid, udhi, msg_fmt, source, source_type,
     registered, _) = layout.deliver.unpack_from(data)  # fmt: skip
    return Deliver(
        sequence,
        message_id,
        _texts[destination],
        _text(source),
        data[at : len(data) - layout.tail],
        registered,
        msg_fmt,
        _texts[service],
        pid,
        udhi,
        source_type or 0,
        _texts[data[len(data) - layout.tail :]],
    )


def _read_rare(data: bytes) -> Pdu:
    _, command, sequence = HEADER.unpack_from(data)
    at = HEADER.size
    if command == pdus.CONNECT:
        _exactly(data, at + _CONNECT.size)
        account, authenticator, version, timestamp = _CONNECT.unpack_from(data, at)
        return Connect(sequence, _text(account), authenticator, timestamp, version)
    if command == pdus.CONNECT_RESP:
        _exactly(data, 14, 17, 30, 33)  # a refusal's empty authenticator may take no octet at all
        end = at + (4 if len(data) in {17, 33} else 1)
        digest = data[end:-1].ljust(16, b"\0")
        return ConnectResp(sequence, int.from_bytes(data[at:end], "big"), digest, data[-1])
    if command == pdus.QUERY:
        _exactly(data, at + _QUERY.size)
        day, kind, code, reserve = _QUERY.unpack_from(data, at)
        return Query(sequence, _text(day), kind, _text(code), _text(reserve))
    if command == pdus.QUERY_RESP:
        _exactly(data, at + _QUERY_RESP.size)
        day, kind, code, *counts = _QUERY_RESP.unpack_from(data, at)
        return QueryResp(sequence, _text(day), kind, _text(code), tuple(counts))
    if command == pdus.CANCEL:
        _exactly(data, 20)
        return Cancel(sequence, data[at:])
    if command == pdus.CANCEL_RESP:
        _exactly(data, 13, 16)
        return CancelResp(sequence, int.from_bytes(data[at:], "big"))
    raise ProtocolError(f"unknown command 0x{command:08X}", statuses.UNKNOWN_COMMAND)


def _rare(
    pdu: Connect | ConnectResp | Query | QueryResp | Cancel | CancelResp | Bare, layout: Layout
) -> tuple[int, bytes]:
    match pdu:
        case Bare():
            return pdu.command, b"\0" if pdu.command == pdus.ACTIVE_TEST_RESP else b""
        case Connect():
            account, digest = _fit(pdu.account, 6), _fit(pdu.authenticator, 16)
            return pdus.CONNECT, _CONNECT.pack(account, digest, pdu.version, pdu.timestamp)
        case ConnectResp():
            status, digest = _number(pdu.status, layout.result), _fit(pdu.authenticator, 16)
            return pdus.CONNECT_RESP, status + digest + bytes((pdu.version,))
        case Query():
            code, reserve = _fit(pdu.query_code, 10), _fit(pdu.reserve, 8)
            return pdus.QUERY, _QUERY.pack(_fit(pdu.day, 8), pdu.query_type, code, reserve)
        case QueryResp():
            day, code = _fit(pdu.day, 8), _fit(pdu.query_code, 10)
            return pdus.QUERY_RESP, _QUERY_RESP.pack(day, pdu.query_type, code, *pdu.counts)
        case Cancel():
            return pdus.CANCEL, _fit(pdu.message_id, 8)
        case CancelResp():
            return pdus.CANCEL_RESP, _number(pdu.success_id, layout.result)
        case _:
            assert_never(pdu)


def _submit(pdu: Submit, layout: Layout) -> bytes:
    width, count = layout.number, len(pdu.destinations)
    if not 0 < count <= pdus.MOST_DESTINATIONS:
        raise ProtocolError(f"{count} destinations, where 1 to {pdus.MOST_DESTINATIONS} fit")
    size = len(pdu.content)
    after = count * width + layout.kind + 1 + size + layout.tail
    fixed = layout.submit.pack(
        layout.submit.size + after,
        pdus.SUBMIT,
        pdu.sequence,
        _fit(pdu.message_id, 8),
        pdu.pk_total,
        pdu.pk_number,
        pdu.registered_delivery,
        pdu.msg_level,
        _fit(pdu.service_id, 10),
        pdu.fee_user_type,
        _fit(pdu.fee_terminal_id, width),
        _kind(pdu.fee_terminal_type, layout),
        pdu.tp_pid,
        pdu.tp_udhi,
        pdu.msg_fmt,
        _fit(pdu.msg_src, 6),
        _fit(pdu.fee_type, 2),
        _fit(pdu.fee_code, 6),
        _fit(pdu.valid_time, 17),
        _fit(pdu.at_time, 17),
        _fit(pdu.source, 21),
        count,
    )
    numbers = [_fit(number, width).ljust(width, b"\0") for number in pdu.destinations]
    kind = _number(pdu.destination_type, layout.kind)
    tail = _fit(pdu.tail, layout.tail).ljust(layout.tail, b"\0")
    return b"".join((fixed, *numbers, kind, _number(size, 1), pdu.content, tail))


def _deliver(pdu: Deliver, layout: Layout) -> bytes:
    size = len(pdu.content)
    fixed = layout.deliver.pack(
        layout.deliver.size + size + layout.tail,
        pdus.DELIVER,
        pdu.sequence,
        _fit(pdu.message_id, 8),
        _same(pdu.destination, 21),
        _same(pdu.service_id, 10),
        pdu.tp_pid,
        pdu.tp_udhi,
        pdu.msg_fmt,
        _fit(pdu.source, layout.number),
        _kind(pdu.source_type, layout),
        pdu.registered_delivery,
        size,
    )
    return fixed + pdu.content + _same(pdu.tail, layout.tail).ljust(layout.tail, b"\0")


def _kind(value: int, layout: Layout) -> int | bytes:
    """A number's type for struct; 2.0 knows no pseudonymous numbers, which are of type 1."""
    return value if layout.kind else _number(value, 0)


def _exactly(data: bytes, *sizes: int) -> None:
    if len(data) not in sizes:
        raise ProtocolError(f"{len(data)} octets where {sizes} are right", statuses.BAD_LENGTH)


def _text(data: bytes) -> str:
    return data.partition(b"\0")[0].decode("latin-1")


def _fit(value: str | bytes, size: int) -> bytes:
    """At most `size` octets, still to be padded with zeros; bytes must have the very size."""
    if isinstance(value, bytes):
        if len(value) != size:
            raise ProtocolError(f"{len(value)} octets where {size} are due")
        return value
    try:
        data = value.encode("latin-1")
    except UnicodeEncodeError as error:
        raise ProtocolError(f"{value!r} has characters outside Latin-1") from error
    if len(data) > size or b"\0" in data:
        raise ProtocolError(f"{value!r} takes {len(data)} octets where {size} fit")
    return data


_same = lru_cache(_MOST_TEXTS)(_fit)  # for fields in which the same comes again and again


def _number(value: int, size: int) -> bytes:
    if value >> 8 * size:
        raise ProtocolError(f"{value} in {size} octets")
    return value.to_bytes(size, "big")

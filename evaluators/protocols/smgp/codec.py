"""SMGP 3.0 messages as bytes and back. Pure: no sockets, no clock.

`decode` and `encode` are exact inverses for everything here (sections 5 and 6 of the
specification). A submit of version 1.3 has no FixedFee; nothing else differs between the versions.
The session's fast path does not make these objects; it must agree with them, and tests hold it to
that.
"""

import struct
from dataclasses import dataclass
from typing import Any, TypeAlias, assert_never

from evaluators.protocols import frames
from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.smgp import status as statuses
from evaluators.protocols.smgp import tlv

LAST_SEQUENCE = 0xFFFFFFFF
HEADER = struct.Struct(">III")  # PacketLength, RequestID, SequenceID
SIZES = frames.Sizes(HEADER.size, 65_536, statuses.BAD_STRUCTURE)

LOGIN, LOGIN_RESP = 0x00000001, 0x80000001
SUBMIT, SUBMIT_RESP = 0x00000002, 0x80000002
DELIVER, DELIVER_RESP = 0x00000003, 0x80000003
ACTIVE_TEST, ACTIVE_TEST_RESP = 0x00000004, 0x80000004
FORWARD, FORWARD_RESP = 0x00000005, 0x80000005
EXIT, EXIT_RESP = 0x00000006, 0x80000006
QUERY, QUERY_RESP = 0x00000007, 0x80000007
RESPONSE = 0x80000000
"""The bit that makes a request's id that of its response."""

_SMS_RESPS = frozenset({SUBMIT_RESP, DELIVER_RESP, FORWARD_RESP})
_BARE = frozenset({ACTIVE_TEST, ACTIVE_TEST_RESP, EXIT, EXIT_RESP})

SEND, RECEIVE, BOTH = 0, 1, 2  # LoginMode
VERSION, VERSION_1_3 = 0x30, 0x13
MOBILE_TERMINATED = 6  # MsgType

ASCII, BINARY, UCS2, GB18030 = 0, 4, 8, 15  # MsgFormat

MOST_DESTINATIONS = 100
MESSAGE_ID = 10  # octets
NO_ID = bytes(MESSAGE_ID)
NUMBER = 21  # octets of a number's field

_LOGIN = struct.Struct(">8s16sBIB")
_LOGIN_RESP = struct.Struct(">I16sB")
_SUBMIT = struct.Struct(">BBB10s2s6s6sB17s17s21s21sB")
_SUBMIT_1_3 = struct.Struct(">BBB10s2s6sB17s17s21s21sB")
_DELIVER = struct.Struct(">10sBB14s21s21sB")
_SMS_RESP = struct.Struct(">10sI")
_QUERY = struct.Struct(">8sB10s")
_QUERY_RESP = struct.Struct(">8sB10s8I8s")


@dataclass(frozen=True, slots=True)
class Login:
    sequence: int
    client_id: str
    authenticator: bytes = bytes(16)
    """16 octets; see `login.authenticator`."""
    mode: int = BOTH
    timestamp: int = 0
    """MMDDHHMMSS read as a number, so without a leading zero."""
    version: int = VERSION


@dataclass(frozen=True, slots=True)
class LoginResp:
    sequence: int
    status: int = statuses.OK
    authenticator: bytes = bytes(16)
    version: int = VERSION


@dataclass(slots=True)
class Submit:
    """A message to handsets. Not frozen: setting twenty frozen fields costs more than reading."""

    sequence: int
    source: str
    destinations: tuple[str, ...]
    content: bytes = b""
    msg_format: int = GB18030
    need_report: int = 0
    service_id: str = ""
    fee_type: str = "00"
    fee_code: str = ""
    fixed_fee: str = ""
    msg_type: int = MOBILE_TERMINATED
    priority: int = 1
    valid_time: str = ""
    at_time: str = ""
    charge_number: str = ""
    reserve: str = ""
    tlvs: tlv.Tlvs = ()


@dataclass(slots=True)
class Deliver:
    """A report, or a message from a handset."""

    sequence: int
    message_id: bytes
    source: str
    destination: str
    content: bytes = b""
    is_report: int = 0
    msg_format: int = ASCII
    received: str = ""
    """YYYYMMDDHHMMSS."""
    reserve: str = ""
    tlvs: tlv.Tlvs = ()


@dataclass(frozen=True, slots=True)
class SmsResp:
    """Submit_Resp, Deliver_Resp or Forward_Resp."""

    command: int
    sequence: int
    status: int = statuses.OK
    message_id: bytes = NO_ID


@dataclass(frozen=True, slots=True)
class Query:
    """An SP asks for its counts of one day (YYYYMMDD); kind 0 all, 1 those of service `code`."""

    sequence: int
    date: str
    kind: int = 0
    code: str = ""


@dataclass(frozen=True, slots=True)
class QueryResp:
    """`counts`: MT messages, users, passed on, waiting, failed; MO delivered, waiting, failed."""

    sequence: int
    date: str
    kind: int = 0
    code: str = ""
    counts: tuple[int, ...] = (0,) * 8
    reserve: str = ""


@dataclass(frozen=True, slots=True)
class Bare:
    """A message that is its header: Active_Test, Exit and their responses."""

    command: int
    sequence: int


Pdu: TypeAlias = Login | LoginResp | Submit | Deliver | SmsResp | Query | QueryResp | Bare


def encode(pdu: Pdu, version: int = VERSION) -> bytes:
    """The message's bytes; ProtocolError where a field is longer than the standard allows."""
    try:
        command, body = _encode(pdu, version)
        return HEADER.pack(len(body) + HEADER.size, command, pdu.sequence) + body
    except struct.error as error:
        raise ProtocolError(f"a number does not fit its field: {error}") from error


def decode(data: bytes, version: int = VERSION) -> Pdu:
    """One whole message; ProtocolError (with the status to answer) if it is not exactly that."""
    length, command, sequence = HEADER.unpack(data[: HEADER.size].ljust(HEADER.size, b"\0"))
    if length != len(data) or length < HEADER.size:
        raise ProtocolError(f"length {length} of {len(data)} octets", statuses.BAD_STRUCTURE)
    if command == SUBMIT:
        return _read_submit(sequence, data, version)
    if command == DELIVER:
        return _read_deliver(sequence, data)
    if command in _SMS_RESPS:
        message_id, status = _unpack(_SMS_RESP, data)
        return SmsResp(command, sequence, status, message_id)
    if command in _BARE:
        return Bare(command, sequence)
    return _read_other(command, sequence, data)


def decode_deliver(data: bytes) -> Deliver:
    """The same for what must be a Deliver."""
    pdu = decode(data)
    if not isinstance(pdu, Deliver):
        raise ProtocolError("not a message", statuses.UNKNOWN_COMMAND)
    return pdu


def refuse_forward(data: bytes) -> SmsResp:
    """The answer to a Forward: that is for gateways among themselves."""
    _, _, sequence = HEADER.unpack_from(data)
    message_id = data[HEADER.size : HEADER.size + MESSAGE_ID].ljust(MESSAGE_ID, b"\0")
    return SmsResp(FORWARD_RESP, sequence, statuses.UNKNOWN_COMMAND, message_id)


class Frames(frames.Frames):
    """Cuts a stream into whole messages, however it is chopped."""

    def __init__(self) -> None:
        super().__init__(SIZES)


def _read_other(command: int, sequence: int, data: bytes) -> Pdu:
    if command == LOGIN:
        client_id, authenticator, mode, timestamp, version = _unpack(_LOGIN, data)
        return Login(sequence, _text(client_id), authenticator, mode, timestamp, version)
    if command == LOGIN_RESP:
        if any(data[HEADER.size : HEADER.size + 4]):  # some refusals end after their status
            data = data.ljust(HEADER.size + _LOGIN_RESP.size, b"\0")
        status, authenticator, version = _unpack(_LOGIN_RESP, data)
        return LoginResp(sequence, status, authenticator, version)
    if command == QUERY:
        date, kind, code = _unpack(_QUERY, data)
        return Query(sequence, _text(date), kind, _text(code))
    if command == QUERY_RESP:
        date, kind, code, *counts, reserve = _unpack(_QUERY_RESP, data)
        return QueryResp(sequence, _text(date), kind, _text(code), tuple(counts), _text(reserve))
    raise ProtocolError(f"unknown command 0x{command:08X}", statuses.UNKNOWN_COMMAND)


def _read_submit(sequence: int, data: bytes, version: int) -> Submit:
    layout = _SUBMIT_1_3 if version == VERSION_1_3 else _SUBMIT
    *before, msg_format, valid, at, source, charge, count = _unpack(layout, data)
    msg_type, need_report, priority, service, fee_type, fee_code, *fixed_fee = before
    if not 1 <= count <= MOST_DESTINATIONS:
        raise ProtocolError(f"{count} destinations", statuses.INVALID_DESTINATION)
    start = HEADER.size + layout.size
    end = start + count * NUMBER
    numbers = tuple([_text(data[one : one + NUMBER]) for one in range(start, end, NUMBER)])
    content, reserve, tlvs = _tail(data, end)
    return Submit(
        sequence,
        _text(source),
        numbers,
        content,
        msg_format,
        need_report,
        _text(service),
        _text(fee_type),
        _text(fee_code),
        _text(b"".join(fixed_fee)),
        msg_type,
        priority,
        _text(valid),
        _text(at),
        _text(charge),
        reserve,
        tlvs,
    )


def _read_deliver(sequence: int, data: bytes) -> Deliver:
    message_id, is_report, msg_format, received, source, destination, _ = _unpack(_DELIVER, data)
    content, reserve, tlvs = _tail(data, HEADER.size + _DELIVER.size - 1)
    return Deliver(
        sequence,
        message_id,
        _text(source),
        _text(destination),
        content,
        is_report,
        msg_format,
        _text(received),
        reserve,
        tlvs,
    )


def _tail(data: bytes, at: int) -> tuple[bytes, str, tlv.Tlvs]:
    """MsgLength, MsgContent, Reserve and the optional parameters, from `at` on."""
    end = at + 1 + data[at] if at < len(data) else len(data)
    if end + 8 > len(data):
        raise ProtocolError("the content is cut off", statuses.INVALID_LENGTH)
    return data[at + 1 : end], _text(data[end : end + 8]), tlv.read(data, end + 8)


def _unpack(layout: struct.Struct, data: bytes) -> tuple[Any, ...]:
    """The fields after the header; what may follow them is the caller's business."""
    if len(data) < HEADER.size + layout.size:
        raise ProtocolError(f"cut off at octet {len(data)}", statuses.BAD_STRUCTURE)
    return layout.unpack_from(data, HEADER.size)


def _encode(pdu: Pdu, version: int) -> tuple[int, bytes]:
    match pdu:
        case Submit():
            return SUBMIT, _submit_body(pdu, version)
        case Deliver():
            return DELIVER, _deliver_body(pdu)
        case SmsResp():
            return pdu.command, _SMS_RESP.pack(_octets(pdu.message_id, MESSAGE_ID), pdu.status)
        case Bare():
            return pdu.command, b""
        case _:
            return _encode_other(pdu)


def _encode_other(pdu: Login | LoginResp | Query | QueryResp) -> tuple[int, bytes]:
    match pdu:
        case Login():
            authenticator = _octets(pdu.authenticator, 16)
            client_id = _field(pdu.client_id, 8)
            return LOGIN, _LOGIN.pack(
                client_id, authenticator, pdu.mode, pdu.timestamp, pdu.version
            )
        case LoginResp():
            authenticator = _octets(pdu.authenticator, 16)
            return LOGIN_RESP, _LOGIN_RESP.pack(pdu.status, authenticator, pdu.version)
        case Query():
            return QUERY, _QUERY.pack(_field(pdu.date, 8), pdu.kind, _field(pdu.code, 10))
        case QueryResp():
            known = (_field(pdu.date, 8), pdu.kind, _field(pdu.code, 10))
            return QUERY_RESP, _QUERY_RESP.pack(*known, *pdu.counts, _field(pdu.reserve, 8))
        case _:
            assert_never(pdu)


def _submit_body(pdu: Submit, version: int) -> bytes:
    if not 1 <= len(pdu.destinations) <= MOST_DESTINATIONS:
        raise ProtocolError(f"{len(pdu.destinations)} destinations")
    layout = _SUBMIT_1_3 if version == VERSION_1_3 else _SUBMIT
    fixed_fee = () if version == VERSION_1_3 else (_field(pdu.fixed_fee, 6),)
    head = layout.pack(
        pdu.msg_type,
        pdu.need_report,
        pdu.priority,
        _field(pdu.service_id, 10),
        _field(pdu.fee_type, 2),
        _field(pdu.fee_code, 6),
        *fixed_fee,
        pdu.msg_format,
        _field(pdu.valid_time, 17),
        _field(pdu.at_time, 17),
        _field(pdu.source, NUMBER),
        _field(pdu.charge_number, NUMBER),
        len(pdu.destinations),
    )
    numbers = b"".join([_field(number, NUMBER) for number in pdu.destinations])
    length = bytes((_size(pdu.content),))
    return b"".join(
        (head, numbers, length, pdu.content, _field(pdu.reserve, 8), tlv.write(pdu.tlvs))
    )


def _deliver_body(pdu: Deliver) -> bytes:
    head = _DELIVER.pack(
        _octets(pdu.message_id, MESSAGE_ID),
        pdu.is_report,
        pdu.msg_format,
        _field(pdu.received, 14),
        _field(pdu.source, NUMBER),
        _field(pdu.destination, NUMBER),
        _size(pdu.content),
    )
    return b"".join((head, pdu.content, _field(pdu.reserve, 8), tlv.write(pdu.tlvs)))


def _size(content: bytes) -> int:
    if len(content) > 255:
        raise ProtocolError(f"a content of {len(content)} octets")
    return len(content)


def _octets(value: bytes, size: int) -> bytes:
    if len(value) != size:
        raise ProtocolError(f"{len(value)} octets where there are {size}")
    return value


def _field(value: str, size: int) -> bytes:
    """A text left-aligned in its field, filled up with NUL."""
    try:
        data = value.encode("latin-1")
    except UnicodeEncodeError as error:
        raise ProtocolError(f"{value!r} has characters outside Latin-1") from error
    if len(data) > size or b"\0" in data:
        raise ProtocolError(f"{value!r} takes {len(data)} octets where {size} fit")
    return data.ljust(size, b"\0")


def _text(data: bytes) -> str:
    return data.partition(b"\0")[0].decode("latin-1")

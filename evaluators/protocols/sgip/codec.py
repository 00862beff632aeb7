"""SGIP 1.2 messages as bytes and back. Pure: no sockets, no clock.

`decode` and `encode` are exact inverses for everything here (sections 4.2 to 4.4 of the
specification). The session's fast path does not make these objects; it must agree with them, and
tests hold it to that.
"""

import struct
from typing import Any, assert_never

from evaluators.protocols import frames
from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.frames import Sizes
from evaluators.protocols.sgip import pdus
from evaluators.protocols.sgip import status as statuses

HEADER = struct.Struct(">II12s")  # Message Length, Command ID, Sequence Number
SIZES = Sizes(HEADER.size, 4096, statuses.BAD_LENGTH)
"""The specification says 2 KB, but the 100 numbers it allows a Submit take more by themselves."""

_RESULTS = frozenset(
    {pdus.BIND_RESP, pdus.SUBMIT_RESP, pdus.DELIVER_RESP, pdus.REPORT_RESP, pdus.USER_REPORT_RESP}
)
_BARE = frozenset({pdus.UNBIND, pdus.UNBIND_RESP})
_FOREIGN = frozenset(range(0x06, 0x11))  # AddSP to CheckUser: never between an SP and its gateway
_BIND = struct.Struct(">B16s16s8s")
_RESULT = struct.Struct(">B8s")
_SUBMIT_START = struct.Struct(">21s21sB")  # then the numbers
_SUBMIT_MIDDLE = struct.Struct(">5s10sB6s6sBBB16s16sBBBBBI")  # then the content
_DELIVER = struct.Struct(">21s21sBBBI")
_REPORT = struct.Struct(">12sB21sBB8s")
_USER_REPORT = struct.Struct(">21s21sB8s")
_TRACE = struct.Struct(">12s21s8s")
_HOP = struct.Struct(">B6s16s16s8s")
_OCTET = struct.Struct(">B")
_RESERVE = 8


class Frames(frames.Frames):
    """Whole messages out of a stream."""

    def __init__(self) -> None:
        super().__init__(SIZES)


def encode(pdu: pdus.Pdu) -> bytes:
    """The message's bytes; ProtocolError where a field is longer than the standard allows."""
    try:
        command, body = _encode(pdu)
        if len(pdu.sequence) != pdus.SEQUENCE.size:
            raise ProtocolError(f"a sequence number of {len(pdu.sequence)} octets")
        return HEADER.pack(len(body) + HEADER.size, command, pdu.sequence) + body
    except struct.error as error:
        raise ProtocolError(f"a number does not fit its field: {error}") from error


def decode(data: bytes) -> pdus.Pdu:
    """One whole message; ProtocolError (with the result to answer) if it is not exactly that."""
    length, command, number = HEADER.unpack(data[: HEADER.size].ljust(HEADER.size, b"\0"))
    if length != len(data) or length < HEADER.size:
        raise ProtocolError(f"length {length} of {len(data)} octets", statuses.BAD_LENGTH)
    if command == pdus.SUBMIT:
        return _read_submit(number, data)
    if command == pdus.REPORT:
        submit, kind, user, state, error, reserve = _unpack(_REPORT, data)
        return pdus.Report(number, submit, _text(user), state, error, kind, _text(reserve))
    if command == pdus.DELIVER:
        return _read_deliver(number, data)
    if command in _RESULTS:
        status, reserve = _unpack(_RESULT, data)
        return pdus.Result(command, number, status, _text(reserve))
    return _read_other(command, number, data)


def refusal(pdu: pdus.Pdu, status: int) -> pdus.Pdu | None:
    """The response that says no to a command; None where `pdu` is a response itself."""
    match pdu:
        case pdus.Bind():
            return pdus.Result(pdus.BIND_RESP, pdu.sequence, status)
        case pdus.Submit():
            return pdus.Result(pdus.SUBMIT_RESP, pdu.sequence, status)
        case pdus.Deliver():
            return pdus.Result(pdus.DELIVER_RESP, pdu.sequence, status)
        case pdus.Report():
            return pdus.Result(pdus.REPORT_RESP, pdu.sequence, status)
        case pdus.UserReport():
            return pdus.Result(pdus.USER_REPORT_RESP, pdu.sequence, status)
        case pdus.Trace():
            return pdus.TraceResp(pdu.sequence, (pdus.Hop(status, ""),))
        case pdus.Foreign() if not pdu.command & pdus.RESPONSE:
            return pdus.Foreign(
                pdu.command | pdus.RESPONSE, pdu.sequence, _RESULT.pack(status, b"")
            )
        case _:
            return None


def _read_other(command: int, number: bytes, data: bytes) -> pdus.Pdu:
    if command in _BARE:  # a body is left alone: some gateways put a result into Unbind_Resp
        return pdus.Bare(command, number)
    if command == pdus.BIND:
        login_type, name, password, reserve = _unpack(_BIND, data)
        return pdus.Bind(number, login_type, _text(name), _text(password), _text(reserve))
    if command == pdus.USER_REPORT:
        source, user, condition, reserve = _unpack(_USER_REPORT, data)
        return pdus.UserReport(number, _text(source), _text(user), condition, _text(reserve))
    if command == pdus.TRACE:
        submit, user, reserve = _unpack(_TRACE, data)
        return pdus.Trace(number, submit, _text(user), _text(reserve))
    if command == pdus.TRACE_RESP:
        return _read_trace_resp(number, data)
    if command & ~pdus.RESPONSE in _FOREIGN:
        return pdus.Foreign(command, number, data[HEADER.size :])
    raise ProtocolError(f"unknown command 0x{command:08X}", statuses.BAD_COMMAND)


def _read_submit(number: bytes, data: bytes) -> pdus.Submit:
    source, charge, count = _unpack(_SUBMIT_START, data, exact=False)
    if not 1 <= count <= pdus.MOST_NUMBERS:
        raise ProtocolError(f"{count} numbers", statuses.BAD_PARAMETER)
    start = HEADER.size + _SUBMIT_START.size
    end = start + count * pdus.NUMBER
    numbers = tuple(
        [_text(data[one : one + pdus.NUMBER]) for one in range(start, end, pdus.NUMBER)]
    )
    *fields, size = _unpack(_SUBMIT_MIDDLE, data, end, exact=False)
    corp, service, fee_type, fee, given, agent, more, priority, expire, schedule, *rest = fields
    report_flag, pid, udhi, coding, message_type = rest
    content, reserve = _tail(data, end + _SUBMIT_MIDDLE.size, size)
    return pdus.Submit(
        number,
        _text(source),
        numbers,
        content,
        coding,
        udhi,
        _text(corp),
        report_flag,
        _text(charge),
        _text(service),
        fee_type,
        _text(fee),
        _text(given),
        agent,
        more,
        priority,
        _text(expire),
        _text(schedule),
        pid,
        message_type,
        reserve,
    )


def _read_deliver(number: bytes, data: bytes) -> pdus.Deliver:
    user, source, pid, udhi, coding, size = _unpack(_DELIVER, data, exact=False)
    content, reserve = _tail(data, HEADER.size + _DELIVER.size, size)
    return pdus.Deliver(number, _text(user), _text(source), content, coding, udhi, pid, reserve)


def _read_trace_resp(number: bytes, data: bytes) -> pdus.TraceResp:
    (count,) = _unpack(_OCTET, data, exact=False)
    start = HEADER.size + _OCTET.size
    if len(data) != start + count * _HOP.size:
        raise ProtocolError(f"{count} nodes in {len(data)} octets", statuses.BAD_LENGTH)
    hops = [
        pdus.Hop(status, _text(node), _text(received), _text(sent), _text(reserve))
        for status, node, received, sent, reserve in _HOP.iter_unpack(data[start:])
    ]
    return pdus.TraceResp(number, tuple(hops))


def _tail(data: bytes, at: int, size: int) -> tuple[bytes, str]:
    """MessageContent and Reserve, with which the message must end."""
    end = at + size
    if end + _RESERVE != len(data):
        raise ProtocolError(f"a content of {size} octets", statuses.BAD_LENGTH)
    return data[at:end], _text(data[end:])


def _unpack(
    layout: struct.Struct, data: bytes, at: int = HEADER.size, *, exact: bool = True
) -> tuple[Any, ...]:
    left = len(data) - at - layout.size
    if left < 0 or (exact and left):
        raise ProtocolError(f"{len(data)} octets do not fit the command", statuses.BAD_LENGTH)
    return layout.unpack_from(data, at)


def _encode(pdu: pdus.Pdu) -> tuple[int, bytes]:
    match pdu:
        case pdus.Submit():
            return pdus.SUBMIT, _submit_body(pdu)
        case pdus.Deliver():
            return pdus.DELIVER, _deliver_body(pdu)
        case pdus.Report():
            user, reserve = _field(pdu.number, pdus.NUMBER), _field(pdu.reserve, _RESERVE)
            return pdus.REPORT, _REPORT.pack(
                _octets(pdu.submit), pdu.kind, user, pdu.state, pdu.error, reserve
            )
        case pdus.Result():
            return pdu.command, _RESULT.pack(pdu.status, _field(pdu.reserve, _RESERVE))
        case pdus.Bare():
            return pdu.command, b""
        case pdus.Foreign():
            return pdu.command, pdu.body
        case _:
            return _encode_other(pdu)


def _encode_other(
    pdu: pdus.Bind | pdus.UserReport | pdus.Trace | pdus.TraceResp,
) -> tuple[int, bytes]:
    match pdu:
        case pdus.Bind():
            words = [_field(word, 16) for word in (pdu.name, pdu.password)]
            return pdus.BIND, _BIND.pack(pdu.login_type, *words, _field(pdu.reserve, _RESERVE))
        case pdus.UserReport():
            numbers = _field(pdu.source, pdus.NUMBER), _field(pdu.number, pdus.NUMBER)
            reserve = _field(pdu.reserve, _RESERVE)
            return pdus.USER_REPORT, _USER_REPORT.pack(*numbers, pdu.condition, reserve)
        case pdus.Trace():
            user, reserve = _field(pdu.number, pdus.NUMBER), _field(pdu.reserve, _RESERVE)
            return pdus.TRACE, _TRACE.pack(_octets(pdu.submit), user, reserve)
        case pdus.TraceResp():
            return pdus.TRACE_RESP, _OCTET.pack(len(pdu.hops)) + b"".join(map(_hop, pdu.hops))
        case _:
            assert_never(pdu)


def _submit_body(pdu: pdus.Submit) -> bytes:
    if not 1 <= len(pdu.numbers) <= pdus.MOST_NUMBERS:
        raise ProtocolError(f"{len(pdu.numbers)} numbers")
    start = _SUBMIT_START.pack(
        _field(pdu.source, pdus.NUMBER), _field(pdu.charge_number, pdus.NUMBER), len(pdu.numbers)
    )
    middle = _SUBMIT_MIDDLE.pack(
        _field(pdu.corp_id, 5),
        _field(pdu.service_type, 10),
        pdu.fee_type,
        _field(pdu.fee_value, 6),
        _field(pdu.given_value, 6),
        pdu.agent_flag,
        pdu.more_related,
        pdu.priority,
        _field(pdu.expire_time, 16),
        _field(pdu.schedule_time, 16),
        pdu.report_flag,
        pdu.pid,
        pdu.udhi,
        pdu.coding,
        pdu.message_type,
        len(pdu.content),
    )
    numbers = b"".join([_field(number, pdus.NUMBER) for number in pdu.numbers])
    return b"".join((start, numbers, middle, pdu.content, _field(pdu.reserve, _RESERVE)))


def _deliver_body(pdu: pdus.Deliver) -> bytes:
    head = _DELIVER.pack(
        _field(pdu.number, pdus.NUMBER),
        _field(pdu.source, pdus.NUMBER),
        pdu.pid,
        pdu.udhi,
        pdu.coding,
        len(pdu.content),
    )
    return head + pdu.content + _field(pdu.reserve, _RESERVE)


def _hop(hop: pdus.Hop) -> bytes:
    words = zip((hop.node, hop.received, hop.sent, hop.reserve), (6, 16, 16, 8), strict=True)
    return _HOP.pack(hop.status, *[_field(word, size) for word, size in words])


def _octets(value: bytes) -> bytes:
    if len(value) != pdus.SEQUENCE.size:
        raise ProtocolError(f"{len(value)} octets where a sequence number has 12")
    return value


def _field(value: str, size: int) -> bytes:
    """A text left-aligned in its field, filled up with NUL."""
    try:
        data = value.encode("latin-1")
    except UnicodeEncodeError as error:
        raise ProtocolError(f"{value!r} has characters outside Latin-1") from error
    if len(data) > size or b"\0" in data:
        raise ProtocolError(f"a text of {len(data)} octets where {size} fit")
    return data.ljust(size, b"\0")


def _text(data: bytes) -> str:
    return data.partition(b"\0")[0].decode("latin-1")

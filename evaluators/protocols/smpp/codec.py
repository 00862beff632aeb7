"""SMPP 3.4 protocol data units as bytes and back. Pure: no sockets, no clock.

`decode` and `encode` are exact inverses for every PDU here (section 4 of the specification). The
session's fast path does not make these objects; it must agree with them, and tests hold it to that.
"""

import struct
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from evaluators.protocols import frames
from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.smpp import status as statuses
from evaluators.protocols.text import Encoding

LAST_SEQUENCE = 0x7FFFFFFF
HEADER = struct.Struct(">IIII")  # command_length, command_id, command_status, sequence_number
SIZES = frames.Sizes(HEADER.size, 65_536, statuses.INVALID_LENGTH)

GENERIC_NACK = 0x80000000
BIND_RECEIVER, BIND_RECEIVER_RESP = 0x00000001, 0x80000001
BIND_TRANSMITTER, BIND_TRANSMITTER_RESP = 0x00000002, 0x80000002
SUBMIT_SM, SUBMIT_SM_RESP = 0x00000004, 0x80000004
DELIVER_SM, DELIVER_SM_RESP = 0x00000005, 0x80000005
UNBIND, UNBIND_RESP = 0x00000006, 0x80000006
BIND_TRANSCEIVER, BIND_TRANSCEIVER_RESP = 0x00000009, 0x80000009
ENQUIRE_LINK, ENQUIRE_LINK_RESP = 0x00000015, 0x80000015
DATA_SM, DATA_SM_RESP = 0x00000103, 0x80000103
RESPONSE = 0x80000000
"""The bit that makes a request's command id that of its response."""

BINDS = frozenset({BIND_RECEIVER, BIND_TRANSMITTER, BIND_TRANSCEIVER})
_BIND_RESPS = frozenset({command | RESPONSE for command in BINDS})
_SMS = frozenset({SUBMIT_SM, DELIVER_SM, DATA_SM})
_SMS_RESPS = frozenset({command | RESPONSE for command in _SMS})
_BARE = frozenset({ENQUIRE_LINK, ENQUIRE_LINK_RESP, UNBIND, UNBIND_RESP, GENERIC_NACK})

TLV_RECEIPTED_MESSAGE_ID = 0x001E
TLV_SAR_REFERENCE, TLV_SAR_TOTAL, TLV_SAR_NUMBER = 0x020C, 0x020E, 0x020F
TLV_NETWORK_ERROR_CODE = 0x0423
TLV_MESSAGE_PAYLOAD = 0x0424
TLV_MESSAGE_STATE = 0x0427

ESM_TYPE = 0x3C  # bits 5 to 2 of esm_class
ESM_RECEIPT = 0x04
ESM_INTERMEDIATE = 0x20
ESM_UDHI = 0x40

DATA_CODINGS: dict[Encoding, int] = {"gsm7": 0, "latin1": 3, "ucs2": 8}
ENCODINGS: dict[int, Encoding] = {0: "gsm7", 1: "latin1", 3: "latin1", 8: "ucs2"}

VERSION = 0x34
_LONGEST_PASSWORD = 64  # the specification says 8; vendors do issue longer ones
_TLV = struct.Struct(">HH")

Tlvs: TypeAlias = tuple[tuple[int, bytes], ...]


@dataclass(frozen=True, slots=True)
class Bind:
    """bind_receiver, bind_transmitter or bind_transceiver."""

    command: int
    sequence: int
    system_id: str
    password: str = ""
    system_type: str = ""
    interface_version: int = VERSION
    addr_ton: int = 0
    addr_npi: int = 0
    address_range: str = ""


@dataclass(frozen=True, slots=True)
class BindResp:
    command: int
    sequence: int
    status: int = statuses.OK
    system_id: str = ""
    tlvs: Tlvs = ()


@dataclass(slots=True)
class Sms:
    """submit_sm, deliver_sm or data_sm: the same layout in both directions.

    A data_sm has its text in message_payload; on the wire it has no short_message, protocol_id,
    priority, times, replace_if_present, default_message_id.

    Not frozen, because setting twenty frozen fields takes longer than reading them off the wire.
    """

    command: int
    sequence: int
    source: str
    destination: str
    short_message: bytes = b""
    esm_class: int = 0
    data_coding: int = 0
    registered_delivery: int = 0
    service_type: str = ""
    source_ton: int = 0
    source_npi: int = 0
    destination_ton: int = 0
    destination_npi: int = 0
    protocol_id: int = 0
    priority: int = 0
    schedule_delivery_time: str = ""
    validity_period: str = ""
    replace_if_present: int = 0
    default_message_id: int = 0
    tlvs: Tlvs = ()

    def tlv(self, tag: int) -> bytes | None:
        """The first value with this tag."""
        return next((value for found, value in self.tlvs if found == tag), None)

    @property
    def user_data(self) -> bytes:
        """short_message, or message_payload where that carries the text."""
        return self.short_message or self.tlv(TLV_MESSAGE_PAYLOAD) or b""


@dataclass(frozen=True, slots=True)
class SmsResp:
    """submit_sm_resp, deliver_sm_resp or data_sm_resp. A refusal has no body, says the standard."""

    command: int
    sequence: int
    status: int = statuses.OK
    message_id: bytes = b""


@dataclass(frozen=True, slots=True)
class Bare:
    """A PDU that is its header: enquire_link, unbind, their responses, generic_nack."""

    command: int
    sequence: int
    status: int = statuses.OK


Pdu: TypeAlias = Bind | BindResp | Sms | SmsResp | Bare


def encode(pdu: Pdu) -> bytes:
    """The PDU's bytes; ProtocolError where a field is longer than the standard allows."""
    match pdu:
        case Bind():
            status, body = statuses.OK, _bind_body(pdu)
        case BindResp():
            status = pdu.status
            body = b"" if status else _cstring(pdu.system_id, 16) + tlvs(pdu.tlvs)
        case Sms():
            body = _data_body(pdu) if pdu.command == DATA_SM else _sms_body(pdu)
            status = statuses.OK
        case SmsResp():
            status = pdu.status
            body = b"" if status else _cstring(pdu.message_id.decode("latin-1"), 65)
        case Bare():
            status, body = pdu.status, b""
        case _:
            assert_never(pdu)
    return HEADER.pack(len(body) + HEADER.size, pdu.command, status, pdu.sequence) + body


def decode(data: bytes) -> Pdu:
    """One whole PDU; ProtocolError (with the status to answer) if it is not exactly that."""
    length, command, status, sequence = HEADER.unpack(data[: HEADER.size].ljust(HEADER.size, b"\0"))
    if length != len(data) or length < HEADER.size:
        raise ProtocolError(f"length {length} of {len(data)} octets", statuses.INVALID_LENGTH)
    body = _Body(data)
    if command in _SMS:
        return (_read_data if command == DATA_SM else _read_sms)(command, sequence, body)
    if command in _SMS_RESPS:
        message_id = body.cstring(65).encode("latin-1") if body.left else b""
        return SmsResp(command, sequence, status, message_id)
    if command in BINDS:
        return _read_bind(command, sequence, body)
    if command in _BIND_RESPS:
        system_id = body.cstring(16) if body.left else ""
        return BindResp(command, sequence, status, system_id, body.tlvs())
    if command in _BARE:
        return Bare(command, sequence, status)
    raise ProtocolError(f"unknown command 0x{command:08X}", statuses.UNKNOWN_COMMAND)


def decode_sms(data: bytes) -> Sms:
    """The same for what must be a message."""
    pdu = decode(data)
    if not isinstance(pdu, Sms):
        raise ProtocolError("not a message", statuses.UNKNOWN_COMMAND)
    return pdu


class Frames(frames.Frames):
    """Cuts a stream into whole PDUs, however it is chopped."""

    def __init__(self) -> None:
        super().__init__(SIZES)


class _Body:
    """Reads fields in order after the header; every overrun is a ProtocolError."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = HEADER.size
        self.left = len(data) - self._at

    def cstring(self, most: int) -> str:
        """A string of at most `most` octets with its closing NUL."""
        start = self._at
        end = self._data.find(b"\0", start, start + most)
        if end < 0:
            raise ProtocolError(f"no end of string at octet {start}", statuses.BAD_PARAMETER_LENGTH)
        self._move(end + 1 - start)
        return self._data[start:end].decode("latin-1")

    def octets(self, size: int) -> bytes:
        start = self._at
        self._move(size)
        return self._data[start : self._at]

    def tlvs(self) -> Tlvs:
        found: list[tuple[int, bytes]] = []
        while self.left:
            if self.left < _TLV.size:
                raise ProtocolError("an optional parameter is cut", statuses.BAD_OPTIONAL_PART)
            tag, size = _TLV.unpack(self.octets(_TLV.size))
            if size > self.left:
                raise ProtocolError(f"TLV 0x{tag:04X} is too long", statuses.BAD_OPTIONAL_PART)
            found.append((tag, self.octets(size)))
        return tuple(found)

    def _move(self, size: int) -> None:
        if size > self.left:
            raise ProtocolError(f"cut off at octet {self._at}", statuses.INVALID_LENGTH)
        self._at += size
        self.left -= size


def _read_bind(command: int, sequence: int, body: _Body) -> Bind:
    system_id = body.cstring(16)
    password = body.cstring(_LONGEST_PASSWORD + 1)
    system_type = body.cstring(13)
    version, ton, npi = body.octets(3)
    return Bind(
        command, sequence, system_id, password, system_type, version, ton, npi, body.cstring(41)
    )


def _read_sms(command: int, sequence: int, body: _Body) -> Sms:
    service_type = body.cstring(6)
    source_ton, source_npi = body.octets(2)
    source = body.cstring(21)
    destination_ton, destination_npi = body.octets(2)
    destination = body.cstring(21)
    esm_class, protocol_id, priority = body.octets(3)
    schedule, validity = body.cstring(17), body.cstring(17)
    registered, replace_if_present, data_coding, default_id, size = body.octets(5)
    return Sms(
        command,
        sequence,
        source,
        destination,
        body.octets(size),
        esm_class,
        data_coding,
        registered,
        service_type,
        source_ton,
        source_npi,
        destination_ton,
        destination_npi,
        protocol_id,
        priority,
        schedule,
        validity,
        replace_if_present,
        default_id,
        body.tlvs(),
    )


def _read_data(command: int, sequence: int, body: _Body) -> Sms:
    service_type = body.cstring(6)
    source_ton, source_npi = body.octets(2)
    source = body.cstring(65)
    destination_ton, destination_npi = body.octets(2)
    destination = body.cstring(65)
    esm_class, registered, data_coding = body.octets(3)
    return Sms(
        command,
        sequence,
        source,
        destination,
        esm_class=esm_class,
        data_coding=data_coding,
        registered_delivery=registered,
        service_type=service_type,
        source_ton=source_ton,
        source_npi=source_npi,
        destination_ton=destination_ton,
        destination_npi=destination_npi,
        tlvs=body.tlvs(),
    )


def _bind_body(pdu: Bind) -> bytes:
    return (
        _cstring(pdu.system_id, 16)
        + _cstring(pdu.password, _LONGEST_PASSWORD + 1)
        + _cstring(pdu.system_type, 13)
        + bytes((pdu.interface_version, pdu.addr_ton, pdu.addr_npi))
        + _cstring(pdu.address_range, 41)
    )


def _sms_body(pdu: Sms) -> bytes:
    text = pdu.short_message
    if len(text) > 254:
        raise ProtocolError(f"short_message of {len(text)} octets")
    return b"".join(
        (
            _cstring(pdu.service_type, 6),
            bytes((pdu.source_ton, pdu.source_npi)),
            _cstring(pdu.source, 21),
            bytes((pdu.destination_ton, pdu.destination_npi)),
            _cstring(pdu.destination, 21),
            bytes((pdu.esm_class, pdu.protocol_id, pdu.priority)),
            _cstring(pdu.schedule_delivery_time, 17),
            _cstring(pdu.validity_period, 17),
            bytes(
                (
                    pdu.registered_delivery,
                    pdu.replace_if_present,
                    pdu.data_coding,
                    pdu.default_message_id,
                    len(text),
                )
            ),
            text,
            tlvs(pdu.tlvs),
        )
    )


def _data_body(pdu: Sms) -> bytes:
    return b"".join(
        (
            _cstring(pdu.service_type, 6),
            bytes((pdu.source_ton, pdu.source_npi)),
            _cstring(pdu.source, 65),
            bytes((pdu.destination_ton, pdu.destination_npi)),
            _cstring(pdu.destination, 65),
            bytes((pdu.esm_class, pdu.registered_delivery, pdu.data_coding)),
            tlvs(pdu.tlvs),
        )
    )


def _cstring(value: str, most: int) -> bytes:
    if not value:
        return b"\0"
    try:
        data = value.encode("latin-1")
    except UnicodeEncodeError as error:
        raise ProtocolError(f"{value!r} has characters outside Latin-1") from error
    if len(data) >= most or b"\0" in data:
        raise ProtocolError(f"a string of {len(data)} octets where {most - 1} fit")
    return data + b"\0"


def tlvs(pairs: Tlvs) -> bytes:
    """Optional parameters as they end a PDU."""
    return b"".join([_TLV.pack(tag, len(value)) + value for tag, value in pairs])

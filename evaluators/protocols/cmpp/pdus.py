"""What CMPP sends: one class per message, with the fields of sections 8.4.1 to 8.4.7."""

from dataclasses import dataclass
from typing import NamedTuple, Self, TypeAlias

from evaluators.protocols.cmpp import status as statuses

V20, V30 = 0x20, 0x30
"""Versions as CONNECT writes them; 2.1 (0x21) has the layout of 2.0."""
LAST_SEQUENCE = 0x7FFFFFFF
"""Of ours: some peers keep the number in a signed integer."""

CONNECT, CONNECT_RESP = 0x00000001, 0x80000001
TERMINATE, TERMINATE_RESP = 0x00000002, 0x80000002
SUBMIT, SUBMIT_RESP = 0x00000004, 0x80000004
DELIVER, DELIVER_RESP = 0x00000005, 0x80000005
QUERY, QUERY_RESP = 0x00000006, 0x80000006
CANCEL, CANCEL_RESP = 0x00000007, 0x80000007
ACTIVE_TEST, ACTIVE_TEST_RESP = 0x00000008, 0x80000008
RESPONSE = 0x80000000
"""The bit that makes a request's command id that of its answer."""

NO_ID = bytes(8)
MOST_DESTINATIONS = 99


class MessageId(NamedTuple):
    """A Msg_Id taken apart: when the gateway took the message, which gateway, which message."""

    month: int
    day: int
    hour: int
    minute: int
    second: int
    gateway: int
    sequence: int

    @classmethod
    def read(cls, data: bytes) -> Self:
        """From the eight octets on the wire."""
        value = int.from_bytes(data, "big")
        return cls(
            value >> 60,
            value >> 55 & 0x1F,
            value >> 50 & 0x1F,
            value >> 44 & 0x3F,
            value >> 38 & 0x3F,
            value >> 16 & 0x3FFFFF,
            value & 0xFFFF,
        )

    def write(self) -> bytes:
        """Month in 4 bits, day 5, hour 5, minute 6, second 6, gateway 22, sequence 16."""
        value = 0
        for field, bits in zip(self, (4, 5, 5, 6, 6, 22, 16), strict=True):
            value = value << bits | field & (1 << bits) - 1
        return value.to_bytes(8, "big")


@dataclass(frozen=True, slots=True)
class Connect:
    sequence: int
    account: str
    authenticator: bytes
    timestamp: int
    version: int = V30


@dataclass(frozen=True, slots=True)
class ConnectResp:
    sequence: int
    status: int = statuses.OK
    authenticator: bytes = bytes(16)
    version: int = V30


@dataclass(slots=True)
class Submit:
    """CMPP_SUBMIT; not frozen, because setting that many frozen fields takes longer than reading.

    `destinations` are 1 to 99 numbers. The two number types and `tail` (LinkID) are those of 3.0;
    in 2.0 the types are 0 and `tail` is Reserve.
    """

    sequence: int
    source: str
    destinations: tuple[str, ...]
    content: bytes = b""
    msg_fmt: int = 0
    message_id: bytes = NO_ID
    pk_total: int = 1
    pk_number: int = 1
    registered_delivery: int = 0
    msg_level: int = 0
    service_id: str = ""
    fee_user_type: int = 0
    fee_terminal_id: str = ""
    fee_terminal_type: int = 0
    tp_pid: int = 0
    tp_udhi: int = 0
    msg_src: str = ""
    fee_type: str = ""
    fee_code: str = ""
    valid_time: str = ""
    at_time: str = ""
    destination_type: int = 0
    tail: str = ""


@dataclass(slots=True)
class Deliver:
    """CMPP_DELIVER: a handset's message, or with `registered_delivery` 1 a report in `content`."""

    sequence: int
    message_id: bytes
    destination: str
    source: str
    content: bytes = b""
    registered_delivery: int = 0
    msg_fmt: int = 0
    service_id: str = ""
    tp_pid: int = 0
    tp_udhi: int = 0
    source_type: int = 0
    tail: str = ""


@dataclass(slots=True)
class SmsResp:
    """CMPP_SUBMIT_RESP (with the new Msg_Id) or CMPP_DELIVER_RESP (with the DELIVER's)."""

    command: int
    sequence: int
    message_id: bytes = NO_ID
    result: int = statuses.OK


@dataclass(frozen=True, slots=True)
class Query:
    """CMPP_QUERY: statistics of a day (YYYYMMDD), all or of one service."""

    sequence: int
    day: str
    query_type: int = 0
    query_code: str = ""
    reserve: str = ""


@dataclass(frozen=True, slots=True)
class QueryResp:
    """`counts`: MT messages, MT users, MT done, waiting, failed, MO done, waiting, failed."""

    sequence: int
    day: str
    query_type: int = 0
    query_code: str = ""
    counts: tuple[int, ...] = (0,) * 8


@dataclass(frozen=True, slots=True)
class Cancel:
    sequence: int
    message_id: bytes


@dataclass(frozen=True, slots=True)
class CancelResp:
    sequence: int
    success_id: int = 0


@dataclass(frozen=True, slots=True)
class Bare:
    """TERMINATE and ACTIVE_TEST with their answers; ACTIVE_TEST_RESP has one reserved octet."""

    command: int
    sequence: int


Pdu: TypeAlias = (
    Connect
    | ConnectResp
    | Submit
    | Deliver
    | SmsResp
    | Query
    | QueryResp
    | Cancel
    | CancelResp
    | Bare
)

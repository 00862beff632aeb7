"""The messages of SGIP 1.2 and the numbers in them (sections 4.2 to 4.4, 5.1). Pure."""

import struct
from dataclasses import dataclass
from typing import TypeAlias

from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.sgip import status as statuses

SEQUENCE = struct.Struct(">III")  # node, mmddhhmmss as a decimal number, counter
LAST_COUNTER = 0xFFFFFFFF

BIND, BIND_RESP = 0x00000001, 0x80000001
UNBIND, UNBIND_RESP = 0x00000002, 0x80000002
SUBMIT, SUBMIT_RESP = 0x00000003, 0x80000003
DELIVER, DELIVER_RESP = 0x00000004, 0x80000004
REPORT, REPORT_RESP = 0x00000005, 0x80000005
USER_REPORT, USER_REPORT_RESP = 0x00000011, 0x80000011
TRACE, TRACE_RESP = 0x00001000, 0x80001000
RESPONSE = 0x80000000
"""The bit that makes a command's id that of its response."""


SP_TO_SMG, SMG_TO_SP, TESTING = 1, 2, 11  # Login Type

ASCII, CARD, BINARY, UCS2, GBK = 0, 3, 4, 8, 15  # MessageCoding

REPORT_FAILURE, REPORT_ALWAYS, REPORT_NEVER, REPORT_BILLING = 0, 1, 2, 3  # ReportFlag

OF_SUBMIT, OF_DELIVER = 0, 1  # ReportType
DONE, PENDING, FAILED = 0, 1, 2  # State

PAID_BY_SP = "0" * 21
"""ChargeNumber where no handset pays."""
MOST_NUMBERS = 100
NUMBER = 21  # octets of a number's field
NO_SEQUENCE = bytes(SEQUENCE.size)


@dataclass(frozen=True, slots=True)
class Bind:
    """Every message's `sequence` is its 12 octets as they travel, see `sequence`."""

    sequence: bytes
    login_type: int
    name: str
    password: str = ""
    reserve: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """The response to a Bind, Submit, Deliver, Report or UserRpt."""

    command: int
    sequence: bytes
    status: int = statuses.OK
    reserve: str = ""


@dataclass(slots=True)
class Submit:
    """A message to handsets. Not frozen: setting twenty frozen fields costs more than reading."""

    sequence: bytes
    source: str
    """SPNumber."""
    numbers: tuple[str, ...]
    """UserNumber, 1 to 100 of them, each with its country code."""
    content: bytes = b""
    coding: int = ASCII
    udhi: int = 0
    corp_id: str = ""
    report_flag: int = REPORT_FAILURE
    charge_number: str = PAID_BY_SP
    service_type: str = ""
    fee_type: int = 0
    fee_value: str = "0"
    given_value: str = "0"
    agent_flag: int = 0
    more_related: int = 0
    """MorelatetoMTFlag."""
    priority: int = 0
    expire_time: str = ""
    schedule_time: str = ""
    pid: int = 0
    message_type: int = 0
    reserve: str = ""


@dataclass(frozen=True, slots=True)
class Deliver:
    """A message from a handset."""

    sequence: bytes
    number: str
    source: str
    """SPNumber: where the handset sent it."""
    content: bytes = b""
    coding: int = ASCII
    udhi: int = 0
    pid: int = 0
    reserve: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of the message whose Submit had the sequence number `submit`."""

    sequence: bytes
    submit: bytes
    number: str
    state: int = DONE
    error: int = 0
    kind: int = OF_SUBMIT
    reserve: str = ""


@dataclass(frozen=True, slots=True)
class UserReport:
    """UserRpt; `condition` 0 deregistered, 1 suspended, 2 normal again."""

    sequence: bytes
    source: str
    number: str
    condition: int
    reserve: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    sequence: bytes
    submit: bytes
    number: str
    reserve: str = ""


@dataclass(frozen=True, slots=True)
class Hop:
    """One node a traced message came through; times are yymmddhhmmss."""

    status: int
    node: str
    received: str = ""
    sent: str = ""
    reserve: str = ""


@dataclass(frozen=True, slots=True)
class TraceResp:
    sequence: bytes
    hops: tuple[Hop, ...] = ()


@dataclass(frozen=True, slots=True)
class Bare:
    """A message that is its header: Unbind and its response."""

    command: int
    sequence: bytes


@dataclass(frozen=True, slots=True)
class Foreign:
    """A message defined for other nodes (name server, billing centre); its body is left alone."""

    command: int
    sequence: bytes
    body: bytes = b""


Pdu: TypeAlias = (
    Bind | Result | Submit | Deliver | Report | UserReport | Trace | TraceResp | Bare | Foreign
)


def sequence(node: int, moment: int, counter: int) -> bytes:
    """A sequence number's 12 octets; `moment` is mmddhhmmss read as a decimal number."""
    try:
        return SEQUENCE.pack(node, moment, counter)
    except struct.error as error:
        raise ProtocolError(f"no sequence number: {error}") from error

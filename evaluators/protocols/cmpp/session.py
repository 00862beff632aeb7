"""The CMPP client, versions 2.0 and 3.0: logs in over `wire`, which does the rest."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Literal

from evaluators.protocols.cmpp import codec, login, pdus
from evaluators.protocols.cmpp.content import Encoding, ReferenceBits
from evaluators.protocols.cmpp.reader import Reader
from evaluators.protocols.cmpp.template import Template
from evaluators.protocols.correlator import Correlator, IdForm
from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.session import BindRefused, Clock, OnEvents
from evaluators.protocols.window import Window
from evaluators.protocols.wire import WireSession

Version = Literal["2.0", "2.1", "3.0"]
_VERSIONS: dict[Version, int] = {"2.0": pdus.V20, "2.1": pdus.V20 + 1, "3.0": pdus.V30}
_BEIJING = timezone(timedelta(hours=8))  # the gateways' clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where and how to log in, and what the vendor wants in every message.

    `version` 2.1 is 2.0 by another number: some gateways want the one, some the other.
    `account` is Source_Addr (the SP's six digits), `password` the shared secret; `pad_account`
    fills a shorter account with zero octets before it is digested. `source` is Src_Id, the sender
    number; `msg_src` is `account` where empty. `encoding` auto: ASCII where the text is nothing
    else, UCS-2 otherwise. `reference_bits` is the width of the concatenation reference of long
    texts. `fee_user_type` 2: the SP pays. The timeouts and `window` are those of
    evaluators.protocols.dialect.Line; window and answer timeout as the specification advises.
    """

    host: str
    port: int = 7890
    account: str
    password: str
    version: Version = "3.0"
    pad_account: bool = False
    source: str = ""
    window: int = 16
    tls: ssl.SSLContext | bool = False
    receipts: bool = True
    encoding: Encoding = "auto"
    reference_bits: ReferenceBits = 8
    service_id: str = ""
    msg_src: str = ""
    msg_level: int = 0
    fee_user_type: int = 2
    fee_terminal_id: str = ""
    fee_terminal_type: int = 0
    fee_type: str = "01"
    fee_code: str = "000000"
    tp_pid: int = 0
    valid_time: str = ""
    at_time: str = ""
    destination_type: int = 0
    link_id: str = ""
    id_form: IdForm = "as_is"
    connect_timeout_s: float = 10.0
    answer_timeout_s: float = 60.0
    keepalive_s: float = 30.0


def _beijing_now() -> datetime:
    return datetime.now(_BEIJING)


async def connect(
    endpoint: Endpoint,
    on_events: OnEvents,
    clock: Clock,
    *,
    correlator: Correlator | None = None,
    first_sequence: int | None = None,
    wall: Callable[[], datetime] = _beijing_now,
) -> WireSession | BindRefused:
    """Connect and log in; a refused login is a value. `wall` dates the login.

    Numbers go on from the correlator's last connection unless `first_sequence` is given.

    Raises OSError (TimeoutError and ConnectionError are OSErrors) when the host cannot be reached
    or the login is not answered, and ProtocolError where a setting is too long for the protocol.
    """
    there, announced = endpoint, _VERSIONS[endpoint.version]
    version = codec.layout_of(announced)
    stamp = login.timestamp(wall())
    digest = login.authenticator(there.account, there.password, stamp, padded=there.pad_account)

    def greeting(sequence: int) -> bytes:
        request = pdus.Connect(sequence, there.account, digest, stamp, announced)
        return codec.encode(request, version)

    def proves(answer: pdus.ConnectResp) -> bool:
        return login.answer_proves(answer.authenticator, answer.status, digest, there.password)

    known = correlator if correlator is not None else Correlator(there.id_form)
    window = Window(there.window, first_sequence or known.sequence, pdus.LAST_SEQUENCE)
    template = Template(_sample(there), version, there.encoding, there.reference_bits)
    reader = Reader(window, known, version, proves)
    session = WireSession(there, template, reader, on_events=on_events, clock=clock)
    opened = await session.open(greeting)
    if reader.version != version:
        try:
            template.speak(reader.version)
        except ProtocolError:  # a setting that only the version asked for can carry
            session.abort()
            raise
    return opened


def _sample(endpoint: Endpoint) -> pdus.Submit:
    return pdus.Submit(
        0,
        endpoint.source,
        ("",),
        registered_delivery=int(endpoint.receipts),
        msg_level=endpoint.msg_level,
        service_id=endpoint.service_id,
        fee_user_type=endpoint.fee_user_type,
        fee_terminal_id=endpoint.fee_terminal_id,
        fee_terminal_type=endpoint.fee_terminal_type,
        tp_pid=endpoint.tp_pid,
        msg_src=endpoint.msg_src or endpoint.account,
        fee_type=endpoint.fee_type,
        fee_code=endpoint.fee_code,
        valid_time=endpoint.valid_time,
        at_time=endpoint.at_time,
        destination_type=endpoint.destination_type,
        tail=endpoint.link_id,
    )

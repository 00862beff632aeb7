"""The SMGP 3.0 client: logs in over `wire`, which does the rest.

session = await connect(endpoint, on_events, clock, correlator=correlator)
if isinstance(session, BindRefused): ...
taken = session.submit(messages, start)
"""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Literal

from evaluators.protocols.correlator import Correlator, IdForm
from evaluators.protocols.session import BindRefused, Clock, OnEvents
from evaluators.protocols.smgp import codec, login, tlv
from evaluators.protocols.smgp.reader import Reader
from evaluators.protocols.smgp.template import Template
from evaluators.protocols.smgp.text import Encoding
from evaluators.protocols.window import Window
from evaluators.protocols.wire import WireSession

LoginAs = Literal["send", "receive", "both"]
Version = Literal["3.0", "1.3"]
_VERSIONS: dict[Version, int] = {"3.0": codec.VERSION, "1.3": codec.VERSION_1_3}
_MODES: dict[LoginAs, int] = {"send": codec.SEND, "receive": codec.RECEIVE, "both": codec.BOTH}
_CHINA = timezone(timedelta(hours=8))


def china_time() -> datetime:
    """Now, as gateways read it in a login's timestamp."""
    return datetime.now(_CHINA)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where and how to log in, and how this vendor writes things.

    `mode`: with "send" the reports come on another connection of the run, one with "receive".
    Submits of `version` 1.3 have no FixedFee. `pad_account`: see `login.authenticator`.
    `charge_number` empty: whoever receives is charged. `msg_src`, `m_service_id`, `link_id` and
    `tp_pid` are sent only where given. `encoding` auto: ASCII where the text is, else GB18030, long
    texts in UCS-2.
    `window` is the most requests unanswered at once. `id_form` is for the Correlator.
    `answer_timeout_s` is how long until a request counts as never answered, until an unmatched
    report is reported as such, and until a connection on which nothing comes counts as half-open;
    `keepalive_s` is the quiet before an Active_Test. Window and answer timeout are as the
    specification advises; nothing is ever sent twice, although it would have that.
    """

    host: str
    port: int = 8890
    account: str
    password: str
    mode: LoginAs = "both"
    version: Version = "3.0"
    pad_account: bool = False
    source: str = ""
    window: int = 16
    tls: ssl.SSLContext | bool = False
    receipts: bool = True
    service_id: str = ""
    fee_type: str = "00"
    fee_code: str = ""
    fixed_fee: str = ""
    charge_number: str = ""
    priority: int = 1
    msg_src: str = ""
    m_service_id: str = ""
    link_id: str = ""
    tp_pid: int = 0
    valid_time: str = ""
    at_time: str = ""
    encoding: Encoding = "auto"
    id_form: IdForm = "as_is"
    connect_timeout_s: float = 10.0
    answer_timeout_s: float = 60.0
    keepalive_s: float = 30.0


async def connect(
    endpoint: Endpoint,
    on_events: OnEvents,
    clock: Clock,
    *,
    correlator: Correlator | None = None,
    first_sequence: int | None = None,
    wall: Callable[[], datetime] = china_time,
) -> WireSession | BindRefused:
    """Connect and log in; a refused login is a value. `wall` gives the login's timestamp.

    Numbers go on from the correlator's last connection unless `first_sequence` is given.

    Raises OSError (TimeoutError and ConnectionError are OSErrors) when the host cannot be reached
    or the login is not answered, and ProtocolError where a field is too long for the protocol.
    """
    known = correlator if correlator is not None else Correlator(endpoint.id_form)
    window = Window(endpoint.window, first_sequence or known.sequence, codec.LAST_SEQUENCE)
    reader = Reader(window, known)
    version = _VERSIONS[endpoint.version]
    template = Template(_sample(endpoint), endpoint.encoding, version)
    account, secret = endpoint.account, endpoint.password
    timestamp = login.timestamp(wall())
    proof = login.authenticator(account, secret, timestamp, padded=endpoint.pad_account)
    reader.expected = login.answer(0, proof, secret)

    def greeting(sequence: int) -> bytes:
        mode = _MODES[endpoint.mode]
        return codec.encode(codec.Login(sequence, account, proof, mode, timestamp, version))

    session = WireSession(endpoint, template, reader, on_events=on_events, clock=clock)
    return await session.open(greeting)


def _sample(endpoint: Endpoint) -> codec.Submit:
    named = (
        (tlv.LINK_ID, endpoint.link_id),
        (tlv.MSG_SRC, endpoint.msg_src),
        (tlv.M_SERVICE_ID, endpoint.m_service_id),
    )
    tlvs = [tlv.text(tag, value) for tag, value in named if value]
    if endpoint.tp_pid:
        tlvs.append(tlv.number(tlv.TP_PID, endpoint.tp_pid))
    return codec.Submit(
        0,
        endpoint.source,
        ("0",),
        need_report=int(endpoint.receipts),
        priority=endpoint.priority,
        service_id=endpoint.service_id,
        fee_type=endpoint.fee_type,
        fee_code=endpoint.fee_code,
        fixed_fee=endpoint.fixed_fee,
        charge_number=endpoint.charge_number,
        valid_time=endpoint.valid_time,
        at_time=endpoint.at_time,
        tlvs=tuple(tlvs),
    )

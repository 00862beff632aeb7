"""The SMPP 3.4 client: logs in over `wire`, which does the rest."""

import ssl
from dataclasses import dataclass
from typing import Literal

from evaluators.protocols.correlator import Correlator, IdForm
from evaluators.protocols.session import BindRefused, Clock, OnEvents
from evaluators.protocols.smpp import codec
from evaluators.protocols.smpp.reader import Reader
from evaluators.protocols.smpp.template import Long, Template
from evaluators.protocols.window import Window
from evaluators.protocols.wire import WireSession

BindAs = Literal["transceiver", "transmitter", "receiver"]
_BIND_COMMANDS: dict[BindAs, int] = {
    "transceiver": codec.BIND_TRANSCEIVER,
    "transmitter": codec.BIND_TRANSMITTER,
    "receiver": codec.BIND_RECEIVER,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where and how to log in, and how this vendor writes things.

    `window` is the most requests unanswered at once. `encoding` auto: GSM 7-bit alphabet where the
    text fits it, else UCS-2. `long` is how long texts go out: in parts with concatenation headers
    (with 8- or 16-bit `reference_bits`), in parts with sar_ parameters, or whole in
    message_payload. `id_form` is for the Correlator. `answer_timeout_s` is how long until
    a request counts as never answered, until an unmatched receipt is reported as such, and until
    a connection on which nothing comes counts as half-open; `keepalive_s` is the quiet before an
    enquire_link.
    """

    host: str
    port: int
    system_id: str
    password: str
    system_type: str = ""
    bind: BindAs = "transceiver"
    source: str = ""
    window: int = 100
    tls: ssl.SSLContext | bool = False
    receipts: bool = True
    source_ton: int = 0
    source_npi: int = 0
    destination_ton: int = 0
    destination_npi: int = 0
    encoding: Literal["auto", "gsm7", "latin1", "ucs2"] = "auto"
    long: Long = "udh"
    reference_bits: Literal[8, 16] = 8
    id_form: IdForm = "as_is"
    connect_timeout_s: float = 10.0
    answer_timeout_s: float = 30.0
    keepalive_s: float = 30.0


async def connect(
    endpoint: Endpoint,
    on_events: OnEvents,
    clock: Clock,
    *,
    correlator: Correlator | None = None,
    first_sequence: int | None = None,
) -> WireSession | BindRefused:
    """Connect and bind; a refused bind is a value.

    Numbers go on from the correlator's last connection unless `first_sequence` is given.

    Raises OSError (TimeoutError and ConnectionError are OSErrors) when the host cannot be reached
    or the bind is not answered, and ProtocolError where a credential is too long for the protocol.
    """

    def greeting(sequence: int) -> bytes:
        bind = codec.Bind(
            _BIND_COMMANDS[endpoint.bind],
            sequence,
            endpoint.system_id,
            endpoint.password,
            endpoint.system_type,
        )
        return codec.encode(bind)

    known = correlator if correlator is not None else Correlator(endpoint.id_form)
    window = Window(endpoint.window, first_sequence or known.sequence, codec.LAST_SEQUENCE)
    template = Template(
        _sample(endpoint),
        endpoint.encoding,
        long=endpoint.long,
        wide=endpoint.reference_bits == 16,
    )
    reader = Reader(window, known)
    session = WireSession(endpoint, template, reader, on_events=on_events, clock=clock)
    return await session.open(greeting)


def _sample(endpoint: Endpoint) -> codec.Sms:
    return codec.Sms(
        codec.SUBMIT_SM,
        0,
        endpoint.source,
        "",
        source_ton=endpoint.source_ton,
        source_npi=endpoint.source_npi,
        destination_ton=endpoint.destination_ton,
        destination_npi=endpoint.destination_npi,
        registered_delivery=int(endpoint.receipts),
    )

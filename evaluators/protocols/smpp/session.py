"""The SMPP 3.4 client path. STUB: signatures are final, the body follows.

    from evaluators.protocols.correlator import Correlator
    from evaluators.protocols.session import BindRefused, Events
    from evaluators.protocols.smpp.session import Endpoint, connect

    correlator = Correlator()                                # one per run, shared by its connections
    correlator.restore([(b"0000000001", 0)])                 # after a restart: stored ids
    session = await connect(endpoint, on_events, clock, correlator=correlator)
    if isinstance(session, BindRefused): ...                 # .status, .text
    taken = session.submit(messages, start)                  # never blocks
    await session.close()
    correlator.release()                                     # early receipts never matched -> Receipt records
    correlator.partial()                                     # [(index, parts reported, parts)] of unfinished long texts
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from evaluators.protocols.correlator import Correlator
from evaluators.protocols.session import BindRefused, Clock, Closed, Message, OnEvents


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where and how to log in, and how this vendor writes things.

    `window` is the most requests unanswered at once. `encoding` auto: GSM 7-bit alphabet where the
    text fits it, else UCS-2. Times are seconds: `answer_timeout_s` until a request counts as never
    answered (and until an unmatched receipt is reported as such), `keepalive_s` of quiet before an
    enquire_link.
    """

    host: str
    port: int
    system_id: str
    password: str
    system_type: str = ""
    bind: Literal["transceiver", "transmitter", "receiver"] = "transceiver"
    source: str = ""
    window: int = 100
    tls: bool = False
    receipts: bool = True
    encoding: Literal["auto", "ucs2", "gsm7", "latin1"] = "auto"
    connect_timeout_s: float = 10.0
    answer_timeout_s: float = 30.0
    keepalive_s: float = 30.0


class SmppSession:
    """See evaluators.protocols.session.Session."""


async def connect(
    endpoint: Endpoint,
    on_events: OnEvents,
    clock: Clock,
    *,
    correlator: Correlator | None = None,
    first_sequence: int = 1,
) -> "SmppSession | BindRefused":
    """Connect and bind.

    A refused bind is returned as a value. Raises OSError (TimeoutError and ConnectionError are
    OSErrors) when the host cannot be reached or the bind is never answered.
    """
    raise NotImplementedError

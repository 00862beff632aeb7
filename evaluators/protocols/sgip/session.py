"""The SGIP 1.2 client: logs in over `wire` to send, and listens for the gateway's own calls."""

import asyncio
import ssl
from collections import Counter
from dataclasses import dataclass
from itertools import count

from evaluators.protocols.correlator import Correlator, IdForm
from evaluators.protocols.session import BindRefused, Clock, Events, OnEvents
from evaluators.protocols.sgip import codec, content, pdus
from evaluators.protocols.sgip.listener import Door, Listener, held, keep_alive
from evaluators.protocols.sgip.reader import Reader
from evaluators.protocols.sgip.sequence import Numbering, Sent, Wall, wall
from evaluators.protocols.sgip.template import Template
from evaluators.protocols.wire import WireSession

_OURS = frozenset({"unbound", "aborted"})  # ways to end that are not followed by another session
_IDLE_S = 10.0  # after so much quiet the gateway may hang up; the specification's figure is 60
_APART = 1 << 24  # sequence numbers between the beginnings of two sessions
_UNASKED = 2  # MorelatetoMTFlag: no message of the handset's asked for ours
_sessions = count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where and how to log in, where the gateway calls us, and what our messages carry.

    `node_id` is 3AAAAQQQQQ: area code and company code; `corp_id` is the latter unless given.
    The gateway logs in at `listen_host`:`listen_port` (0: any free port, see
    `SgipSession.listening_on`) as `listen_account` with `listen_password`; empty, they are ours.
    `window` is the most requests unanswered at once. `encoding` auto: ASCII where the text has
    nothing else, else UCS-2. `answer_timeout_s` is how long until a request counts as never
    answered, until an unmatched receipt is reported as such, and until silence while requests wait
    counts as half-open. SGIP has no keep-alive: `keepalive_s` is the quiet before TCP's own. Ids
    have one form only, whatever `id_form` says.
    """

    host: str
    port: int = 8801
    node_id: int
    account: str
    password: str
    corp_id: str = ""
    listen_host: str = "127.0.0.1"
    listen_port: int = 0
    listen_account: str = ""
    listen_password: str = ""
    source: str = ""
    service_type: str = ""
    charge_number: str = pdus.PAID_BY_SP
    fee_type: int = 1
    fee_value: str = "0"
    window: int = 32
    tls: ssl.SSLContext | bool = False
    receipts: bool = True
    encoding: content.Encoding = "auto"
    id_form: IdForm = "as_is"
    connect_timeout_s: float = 10.0
    answer_timeout_s: float = 30.0
    keepalive_s: float = 30.0


class SgipSession(WireSession):
    """A logged-in connection and the listener it shares with others of its account.

    An idle connection that the gateway closes ends with the reason `idle`: nothing was
    outstanding, nothing went wrong, and a new one is opened when needed.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        template: Template,
        reader: Reader,
        *,
        sent: Sent,
        listener: Listener,
        on_events: OnEvents,
    ) -> None:
        super().__init__(endpoint, template, reader, on_events=on_events, clock=listener.clock)
        self._listener, self._sent = listener, sent

    @property
    def listening_on(self) -> str:
        """HOST:PORT at which the gateway can call us."""
        host, port = self._listener.address
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    @property
    def oddities(self) -> Counter[str]:
        """Ours, and what visitors did, who are one session's business of all that share them."""
        self._reader.oddities.update(self._listener.tell_oddities())
        return self._reader.oddities

    async def close(self, patience_s: float = 5.0) -> None:
        await super().close(patience_s)
        self._listener.leave(self, linger=False)
        await asyncio.sleep(0)  # lets the visitors' connections hear of it

    def abort(self) -> None:
        super().abort()
        if self.closed is not None:
            self._listener.leave(self, linger=False)

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        keep_alive(transport, self._line.keepalive_s)

    def connection_lost(self, exc: Exception | None) -> None:
        self._excuse(exc)
        self.emit(Events([], self._sent.name(self._correlator), []))
        super().connection_lost(exc)
        if self._bound and self.closed is not None:
            self._listener.leave(self, linger=self.closed.reason not in _OURS)

    # What happens inside.

    def _tick(self) -> None:
        """Messages about to be given up are named first, so that their reports still match."""
        too_old = self._clock() - int(self._line.answer_timeout_s * 1e9)
        found = self._sent.name(self._correlator, too_old)
        super()._tick()
        self.emit(Events([], found, []))

    def _excuse(self, exc: Exception | None) -> None:
        """Nothing is wrong where the gateway ends what was not in use (section 3.1)."""
        if self.outstanding or exc is not None or self._leaving:
            return
        quiet_s = (self._clock() - self._heard_ns) / 1e9
        said_goodbye = self._reason is not None and self._reason[0] == "peer_unbound"
        if said_goodbye or (self._reason is None and quiet_s >= _IDLE_S):
            self._reason = ("idle", "")


async def connect(
    endpoint: Endpoint,
    on_events: OnEvents,
    clock: Clock,
    *,
    correlator: Correlator | None = None,
    first_sequence: int | None = None,
    now: Wall = wall,
) -> SgipSession | BindRefused:
    """Listen, connect and log in; a refused login is a value.

    Raises OSError (TimeoutError and ConnectionError are OSErrors) when we cannot listen, the host
    cannot be reached or the login is not answered, and ProtocolError where a value is too long for
    its field. Sequence numbers of sessions of one process lie far apart unless `first_sequence`
    says where to begin; `now` is what their dates are taken from.
    """
    first = next(_sessions) * _APART % (pdus.LAST_COUNTER + 1)
    numbering = Numbering(endpoint.node_id, now)
    window = Sent(endpoint.window, first if first_sequence is None else first_sequence, numbering)
    template = Template(_sample(endpoint), numbering, endpoint.encoding)

    def greeting(sequence: int) -> bytes:
        number = numbering.number(sequence)
        return codec.encode(pdus.Bind(number, pdus.SP_TO_SMG, endpoint.account, endpoint.password))

    known = correlator if correlator is not None else Correlator()
    async with held(_door(endpoint), known, clock) as listener:
        reader = Reader(window, known, numbering, listener.heard)
        session = SgipSession(
            endpoint, template, reader, sent=window, listener=listener, on_events=on_events
        )
        opened = await session.open(greeting)
        if not isinstance(opened, BindRefused) and opened.closed is None:
            listener.attach(session, session.emit)
    return opened


def _door(endpoint: Endpoint) -> Door:
    return Door(
        endpoint.listen_host,
        endpoint.listen_port,
        endpoint.listen_account or endpoint.account,
        endpoint.listen_password or endpoint.password,
    )


def _sample(endpoint: Endpoint) -> pdus.Submit:
    return pdus.Submit(
        pdus.NO_SEQUENCE,
        endpoint.source,
        ("",),
        corp_id=endpoint.corp_id or f"{endpoint.node_id % 100_000:05d}",
        report_flag=pdus.REPORT_ALWAYS if endpoint.receipts else pdus.REPORT_NEVER,
        charge_number=endpoint.charge_number,
        service_type=endpoint.service_type,
        fee_type=endpoint.fee_type,
        fee_value=endpoint.fee_value,
        more_related=_UNASKED,
    )

"""The SMPP 3.4 client path: one connection, everything in batches.

    session = await connect(endpoint, on_events, clock, correlator=correlator)
    if isinstance(session, BindRefused): ...
    taken = session.submit(messages, start)

One callback per read from the socket, one write for all acknowledgements and the next messages,
no object and no task per message: that, not the language, decides how fast a sender is.
"""

import asyncio
import socket
import ssl
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

from evaluators.protocols.correlator import Correlator, IdForm
from evaluators.protocols.session import (
    NO_ANSWER,
    BindRefused,
    Clock,
    Closed,
    Events,
    Message,
    OnEvents,
)
from evaluators.protocols.smpp import codec
from evaluators.protocols.smpp import status as statuses
from evaluators.protocols.smpp.reader import Control, Reader
from evaluators.protocols.smpp.template import Template
from evaluators.protocols.window import Window

BindAs = Literal["transceiver", "transmitter", "receiver"]
_BIND_COMMANDS: dict[BindAs, int] = {
    "transceiver": codec.BIND_TRANSCEIVER,
    "transmitter": codec.BIND_TRANSMITTER,
    "receiver": codec.BIND_RECEIVER,
}
_WRITE_BUFFER = 4 * 1024 * 1024  # octets the peer may leave unread before `room` is 0
_TICK_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where and how to log in, and how this vendor writes things.

    `window` is the most requests unanswered at once. `encoding` auto: GSM 7-bit alphabet where the
    text fits it, else UCS-2. `id_form` is for the Correlator. `answer_timeout_s` is how long until
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
    first_sequence: int = 1,
) -> "SmppSession | BindRefused":
    """Connect and bind; a refused bind is a value.

    Raises OSError (TimeoutError and ConnectionError are OSErrors) when the host cannot be reached
    or the bind is not answered, and ProtocolError where a credential is too long for the protocol.
    """
    bind = codec.Bind(
        _BIND_COMMANDS[endpoint.bind],
        first_sequence,
        endpoint.system_id,
        endpoint.password,
        endpoint.system_type,
    )
    greeting = codec.encode(bind)
    known = correlator if correlator is not None else Correlator(endpoint.id_form)
    session = SmppSession(endpoint, on_events, clock, known, first_sequence=first_sequence)
    context = ssl.create_default_context() if endpoint.tls is True else endpoint.tls or None
    try:
        async with asyncio.timeout(endpoint.connect_timeout_s):
            await asyncio.get_running_loop().create_connection(
                lambda: session, endpoint.host, endpoint.port, ssl=context
            )
            answer = await session.log_in(greeting)
    except BaseException:
        session.abort()
        raise
    if answer.status:
        session.abort()
        return BindRefused(answer.status, statuses.name(answer.status))
    return session


class SmppSession(asyncio.Protocol):
    """One bound connection; see evaluators.protocols.session.Session for what callers may do."""

    def __init__(
        self,
        endpoint: Endpoint,
        on_events: OnEvents,
        clock: Clock,
        correlator: Correlator,
        *,
        first_sequence: int = 1,
    ) -> None:
        self.rtt_ns = 0
        self.closed: Closed | None = None
        self._endpoint, self._clock, self._correlator = endpoint, clock, correlator
        self._on_events = on_events
        self._template = Template(_sample(endpoint), endpoint.encoding)
        self._window = Window(endpoint.window, first_sequence, codec.LAST_SEQUENCE)
        self._reader = Reader(self._window, correlator)
        self._backlog: deque[tuple[int, bytes]] = deque()  # parts of a long text beyond the window
        self._out: list[bytes] | None = None  # collects while a batch is being read
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._login: asyncio.Future[Control] | None = None
        self._gone = asyncio.Event()
        self._bound = self._blocked = self._leaving = False
        self._heard_ns = 0
        self._probe: tuple[int, int] | None = None  # sequence and time of our enquire_link
        self._reason: tuple[str, str] | None = None

    # What the runner calls.

    @property
    def oddities(self) -> Counter[str]:
        """What the peer did that the protocol does not provide for, and how often."""
        return self._reader.oddities

    @property
    def room(self) -> int:
        if self._blocked or self._backlog or self._leaving or self._reason or not self._bound:
            return 0
        return max(0, self._window.room)

    @property
    def outstanding(self) -> int:
        return len(self._window.waiting) + len(self._backlog)

    def submit(self, messages: Sequence[Message], start: int = 0) -> int:
        single, pack, last = self._template.single, codec.HEADER.pack, codec.LAST_SEQUENCE
        room, sequence, position = self.room, self._window.sequence, start
        out: list[bytes] = []
        added: dict[int, int] = {}
        beyond: list[tuple[int, bytes]] = []
        while len(added) < room and position < len(messages):
            index, destination, text = messages[position]
            body = single(destination, text)
            if body is None:
                parts = self._parts(index, destination, text)
                fit = room - len(added)
                sequence = _put(parts[:fit], sequence, added, out)
                beyond = parts[fit:]
            else:
                added[sequence] = index
                out += (pack(len(body) + 16, codec.SUBMIT_SM, 0, sequence), body)
                sequence = sequence + 1 if sequence < last else 1
            position += 1
        if added:
            self._window.add(self._clock(), added)
            self._backlog.extend(beyond)
            self._write(out)
        return position - start

    async def close(self, patience_s: float = 5.0) -> None:
        if self._transport is not None and not self._leaving:
            self._leaving = True
            self._write([codec.encode(codec.Bare(codec.UNBIND, self._window.use()))])
        try:
            async with asyncio.timeout(patience_s):
                await self._gone.wait()
        except TimeoutError:
            self._reason = self._reason or ("unbound", "the farewell was not answered")
            self.abort()
            await self._gone.wait()

    def abort(self) -> None:
        self._reason = self._reason or ("aborted", "")
        if self._transport is not None:
            self._transport.abort()

    async def log_in(self, greeting: bytes) -> Control:
        """Send the bind and wait for its answer; for `connect`."""
        self._login = asyncio.get_running_loop().create_future()
        sent_ns = self._clock()
        self._write([greeting])
        answer = await self._login
        self.rtt_ns = self._clock() - sent_ns
        return answer

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=_WRITE_BUFFER)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._heard_ns = self._clock()
        self._timer = asyncio.get_running_loop().call_later(_TICK_S, self._tick)

    def pause_writing(self) -> None:
        self._blocked = True

    def resume_writing(self) -> None:
        self._blocked = False

    def data_received(self, data: bytes) -> None:
        if self._reason:
            return
        self._heard_ns = now = self._clock()
        batch = self._reader.feed(data, now)
        self._out = batch.out
        for pdu in batch.control:
            self._control(pdu, now)
        if batch.broken is not None:
            self._out.append(codec.encode(codec.Bare(codec.GENERIC_NACK, 0, batch.broken.status)))
            self._reason = ("protocol", batch.broken.reason)
        self._send_backlog()
        self._emit(batch.events)
        self._out = None
        self._write(batch.out)
        if self._reason and self._transport is not None:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        handles = [*self._window.waiting.values(), *(handle for handle, _ in self._backlog)]
        unanswered = dict.fromkeys(map(self._correlator.index_of, handles))
        if self._reason is None:
            gone = "unbound" if self._leaving else "lost" if exc else "peer_closed"
            self._reason = (gone, str(exc or ""))
        self.closed = Closed(*self._reason, tuple(unanswered))
        self._transport = None
        self._gone.set()
        if self._login is not None and not self._login.done():
            self._login.set_exception(ConnectionError("closed before the bind was answered"))
        if self._bound:
            self._on_events(Events([], [], [], self.closed))

    # What happens inside.

    def _control(self, pdu: Control, now: int) -> None:
        if self._login is not None and not self._login.done():
            self._bound = pdu.status == statuses.OK
            self._login.set_result(pdu)
        elif pdu.command == codec.UNBIND:
            self._write([codec.encode(codec.Bare(codec.UNBIND_RESP, pdu.sequence))])
            self._reason = ("peer_unbound", "")
        elif pdu.command == codec.UNBIND_RESP and self._leaving:
            self._reason = ("unbound", "")
        elif self._probe is not None and pdu.sequence == self._probe[0]:
            self.rtt_ns = now - self._probe[1]
            self._probe = None

    def _parts(self, index: int, destination: str, text: str | bytes) -> list[tuple[int, bytes]]:
        bodies = self._template.parts(destination, text, self._correlator.next_reference)
        return list(zip(self._correlator.split(index, len(bodies)), bodies, strict=True))

    def _send_backlog(self) -> None:
        fit = max(0, self._window.room)
        if self._backlog and fit and not self._reason:
            out: list[bytes] = []
            added: dict[int, int] = {}
            parts = [self._backlog.popleft() for _ in range(min(fit, len(self._backlog)))]
            _put(parts, self._window.sequence, added, out)
            self._window.add(self._clock(), added)
            self._write(out)

    def _write(self, out: list[bytes]) -> None:
        if self._out is not None and self._out is not out:
            self._out.extend(out)
        elif out and self._transport is not None:
            self._transport.write(b"".join(out))

    def _emit(self, events: Events) -> None:
        if self._bound and any(events):
            self._on_events(events)

    def _tick(self) -> None:
        now = self._clock()
        self._timer = asyncio.get_running_loop().call_later(_TICK_S, self._tick)
        too_old = now - int(self._endpoint.answer_timeout_s * 1e9)
        events = Events([], self._correlator.release(too_old), [])
        for handle in self._window.expire(too_old):
            whole = (
                (handle, now, NO_ANSWER, b"")
                if handle >= 0
                else self._correlator.answered(handle, now, NO_ANSWER, b"")
            )
            events.submitted.extend([whole] if whole else [])
        self._send_backlog()
        self._keep_alive(now)
        self._emit(events)

    def _keep_alive(self, now: int) -> None:
        if self._transport is None or self._reason:
            return
        if self._probe is None:
            if now - self._heard_ns >= self._endpoint.keepalive_s * 1e9:
                self._probe = (self._window.use(), now)
                self._write([codec.encode(codec.Bare(codec.ENQUIRE_LINK, self._probe[0]))])
        elif now - self._probe[1] >= self._endpoint.answer_timeout_s * 1e9:
            if self._heard_ns < self._probe[1]:
                self._reason = ("silent", "an enquire_link was not answered, nothing else came")
                self._transport.abort()
            self._probe = None


def _put(
    parts: list[tuple[int, bytes]], sequence: int, added: dict[int, int], out: list[bytes]
) -> int:
    """Number the parts from `sequence` on; returns the next number."""
    for handle, body in parts:
        added[sequence] = handle
        out += (codec.HEADER.pack(len(body) + 16, codec.SUBMIT_SM, 0, sequence), body)
        sequence = sequence + 1 if sequence < codec.LAST_SEQUENCE else 1
    return sequence


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

"""Where the gateway calls us: it logs in with type 2 and brings reports and handsets' messages.

One listener serves all sessions of an account in this process. Visitors who do not log in are told
nothing. What comes while no session is there (ours broke and is being opened anew) waits in the
gateway's connection, unread.
"""

import asyncio
import hmac
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import cast

from evaluators.protocols.correlator import Correlator
from evaluators.protocols.dialect import Batch, Left
from evaluators.protocols.session import Clock, Events
from evaluators.protocols.sgip import codec, pdus
from evaluators.protocols.sgip import status as statuses
from evaluators.protocols.sgip.reader import Reader
from evaluators.protocols.sgip.sequence import Heard, Numbering, wall
from evaluators.protocols.window import Window

_LINGER_S = 30.0  # how long visitors may wait for a broken session to come back
_LOGIN_PATIENCE_S = 10.0
_QUIET_S = 600.0  # a visitor silent for so long is gone; the specification's own figure is 60
_MOST_STRANGERS, _MOST_VISITORS = 32, 64
_BIND_SIZE = 61
_UNREAD = 1024 * 1024  # octets of answers a visitor may leave unread before it is not read either
_PROBE_S = 60.0
_ODDITIES = {
    statuses.WRONG_LOGIN_TYPE: "visitor_type",
    statuses.TOO_MANY_CONNECTIONS: "too_many_visitors",
}

Take = Callable[[Events], None]


@dataclass(frozen=True, slots=True)
class Door:
    """Where the gateway calls (port 0: any free one), and how it has to name itself."""

    host: str
    port: int
    name: str
    password: str = field(repr=False)


class ListeningError(OSError):
    """Our own port could not be opened; the gateway has nothing to do with it."""


class Listener:
    """Open from the first session's coming to the last one's leaving, and a little longer."""

    def __init__(self, door: Door, correlator: Correlator, clock: Clock) -> None:
        self.heard = Heard()
        self.oddities: Counter[str] = Counter()
        """What visitors did that the protocol does not provide for, and how often."""
        self.correlator, self.clock = correlator, clock
        self.door = door
        self.loop = asyncio.get_running_loop()
        self.visitors: dict[Visitor, None] = {}
        self._waiting = 0  # sessions about to log in
        self._takers: dict[object, Take] = {}
        self._attended = False  # a session has been here
        self._socket = _bound(door)
        self.address: tuple[str, int] = self._socket.getsockname()[:2]
        self._server: asyncio.Server | None = None
        self._starting = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def idle(self) -> bool:
        """No session holds it; it only waits for one to come back."""
        return not self._takers and not self._waiting

    @property
    def ready(self) -> bool:
        """Somebody takes what visitors bring."""
        return bool(self._takers)

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Stay open while a session logs in."""
        self._waiting += 1
        if self._timer is not None:
            self._timer.cancel()
        try:
            async with self._starting:
                if self._server is None:
                    make = self.loop.create_server(lambda: Visitor(self), sock=self._socket)
                    self._server = await make
            yield
        finally:
            self._waiting -= 1
            if not self._takers:
                self.leave(None, linger=self._attended)

    def attach(self, session: object, take: Take) -> None:
        """A session has logged in; what visitors bring may be given to it."""
        self._takers[session] = take
        self._attended = True
        for visitor in self.visitors:
            visitor.listen()

    def leave(self, session: object, *, linger: bool) -> None:
        """A session is gone; with `linger` another is expected soon."""
        self._takers.pop(session, None)
        if not self._takers:
            for visitor in self.visitors:
                visitor.wait()
        if not self.idle:
            return
        if self._timer is not None:
            self._timer.cancel()
        if linger:
            self._timer = self.loop.call_later(_LINGER_S, self.close)
        else:
            self.close()

    def take(self, events: Events) -> None:
        """Give a session what a visitor brought."""
        for take in self._takers.values():
            take(events)
            return

    def tell_oddities(self) -> Counter[str]:
        """The oddities since somebody last asked: of all sessions that share us one counts each."""
        found = Counter(self.oddities)
        self.oddities.clear()
        return found

    def move(self, correlator: Correlator, clock: Clock) -> None:
        """Serve another run from now on; visitors have to call again."""
        self.correlator, self.clock = correlator, clock
        self.oddities.clear()
        self._hang_up()

    def close(self) -> None:
        with suppress(ValueError):
            _open.remove(self)
        if self._timer is not None:
            self._timer.cancel()
        if self._server is not None:
            self._server.close()
        else:
            self._socket.close()
        self._hang_up()

    def _hang_up(self) -> None:
        for visitor in list(self.visitors):
            visitor.drop()


class Visitor(asyncio.Protocol):
    """One connection to our listener: a stranger until it has logged in."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._reader: Reader | None = None
        self._greeting = b""
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._heard_ns = 0
        self._choked = False  # the visitor does not read our answers

    @property
    def stranger(self) -> bool:
        return self._reader is None

    def listen(self) -> None:
        if self._transport is not None and not self._choked:
            self._transport.resume_reading()

    def wait(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def drop(self) -> None:
        if self._transport is None:
            return
        if self._transport.get_write_buffer_size():
            self._transport.abort()
        else:
            self._transport.close()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        keep_alive(transport, _PROBE_S)
        self._transport.set_write_buffer_limits(high=_UNREAD)
        visitors = self._listener.visitors
        strangers = [visitor for visitor in visitors if visitor.stranger]
        if len(strangers) >= _MOST_STRANGERS:
            del visitors[strangers[0]]
            strangers[0].drop()
        visitors[self] = None
        self._timer = self._listener.loop.call_later(_LOGIN_PATIENCE_S, self.drop)
        if not self._listener.ready:
            self.wait()

    def pause_writing(self) -> None:
        self._choked = True
        self.wait()

    def resume_writing(self) -> None:
        self._choked = False
        if self._listener.ready:
            self.listen()

    def data_received(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._heard_ns = now = self._listener.clock()
        if self._reader is None:
            data = self._greet(data)
        if self._reader is not None and data:
            self._handle(self._reader.feed(data, now))

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._transport = None
        self._listener.visitors.pop(self, None)
        if self._timer is not None:
            self._timer.cancel()

    # What happens inside.

    def _greet(self, data: bytes) -> bytes:
        """Take the login from what came so far; returns what came after it."""
        self._greeting += data
        head = codec.HEADER.pack(_BIND_SIZE, pdus.BIND, b"")[:8]
        if not head.startswith(self._greeting[:8]):
            self._listener.oddities["stranger"] += 1
            self.drop()
            return b""
        if len(self._greeting) < _BIND_SIZE:
            return b""
        rest, bind = self._greeting[_BIND_SIZE:], codec.decode(self._greeting[:_BIND_SIZE])
        self._greeting = b""
        status = self._check(cast(pdus.Bind, bind))
        answer = pdus.Result(pdus.BIND_RESP, bind.sequence, status)
        cast(asyncio.Transport, self._transport).write(codec.encode(answer))
        if status:
            self._listener.oddities[_ODDITIES.get(status, "refused_visitor")] += 1
            self.drop()
            return b""
        self._let_in()
        return rest

    def _check(self, bind: pdus.Bind) -> int:
        door = self._listener.door
        given, wanted = (
            f"{name}\0{password}".encode()
            for name, password in ((bind.name, bind.password), (door.name, door.password))
        )
        if not hmac.compare_digest(given, wanted):
            return statuses.WRONG_LOGIN
        if bind.login_type != pdus.SMG_TO_SP:
            return statuses.WRONG_LOGIN_TYPE
        inside = sum(not visitor.stranger for visitor in self._listener.visitors)
        return statuses.TOO_MANY_CONNECTIONS if inside >= _MOST_VISITORS else statuses.OK

    def _let_in(self) -> None:
        listener = self._listener
        nothing_sent = Numbering(0, wall)
        self._reader = Reader(
            Window(0, 0, pdus.LAST_COUNTER), listener.correlator, nothing_sent, listener.heard
        )
        self._reader.oddities = listener.oddities
        if self._timer is not None:
            self._timer.cancel()
        self._timer = listener.loop.call_later(_QUIET_S, self._look)

    def _look(self) -> None:
        """Whether anything came lately."""
        left_s = _QUIET_S - (self._listener.clock() - self._heard_ns) / 1e9
        if left_s <= 0:
            self.drop()
        else:
            self._timer = self._listener.loop.call_later(left_s, self._look)

    def _handle(self, batch: Batch) -> None:
        transport = self._transport
        if transport is None:
            return
        if batch.broken is not None:
            self._listener.oddities["malformed"] += 1
        self._listener.take(batch.events)
        transport.write(b"".join(batch.out))
        left = any(isinstance(control, Left) and control.by_peer for control in batch.control)
        if left or batch.broken is not None:
            transport.close()


_open: list[Listener] = []


@asynccontextmanager
async def held(door: Door, correlator: Correlator, clock: Clock) -> AsyncIterator[Listener]:
    """The listener behind this door, held open while a session logs in and attaches itself.

    Sessions share one if they share a correlator. Another run's can be had once it is idle.
    Raises OSError where it cannot be opened.
    """
    loop = asyncio.get_running_loop()
    here = [one for one in _open if one.loop is loop and one.door == door]
    listener = next((one for one in here if one.correlator is correlator), None)
    if listener is None and (listener := next((one for one in here if one.idle), None)):
        listener.move(correlator, clock)
    if listener is None:
        listener = Listener(door, correlator, clock)
        _open.append(listener)
    async with listener.held():
        yield listener


def keep_alive(transport: asyncio.BaseTransport, quiet_s: float) -> None:
    """Let TCP find out whether the peer is still there: SGIP has no message for it."""
    own = transport.get_extra_info("socket")
    own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):  # not everywhere
        own.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, max(1, int(quiet_s)))


def _bound(door: Door) -> socket.socket:
    family = socket.AF_INET6 if ":" in door.host else socket.AF_INET
    try:
        return socket.create_server((door.host, door.port), family=family)
    except OSError as error:  # or people look for the fault at the gateway
        problem = f"we cannot listen where the gateway is to call us: {error.strerror}"
        raise ListeningError(problem) from error

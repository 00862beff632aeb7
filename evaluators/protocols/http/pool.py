"""The keep-alive connections of one session: opened before they are needed, used in turn.

A connection that was quiet for long is replaced before the vendor closes it under a request. While
nothing is sent only one is kept.
"""

import asyncio
import ssl
from collections import Counter, deque
from dataclasses import dataclass
from typing import Protocol

import anyio

from evaluators.protocols.http.codec import Response
from evaluators.protocols.http.connection import Connection, Load
from evaluators.protocols.session import Clock

_PAUSE_S = 1.0  # before a connection that brought nothing is opened again
_QUIET_NS = 60 * 10**9
_SOONEST_NS = 10**9  # a peer that closes sooner than this is not waited for any less
_SHAKE = 0.8  # of the time to connect in, for the TLS handshake alone
_SHARE = 0.8  # of the time after which the peer closes a quiet connection


@dataclass(frozen=True, slots=True)
class Door:
    """Where to, and how long to wait for it."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    connect_timeout_s: float
    answer_timeout_s: float
    keepalive_s: float


class Hearer(Protocol):
    """What a pool tells of."""

    def on_answer(self, load: Load, response: Response, at_ns: int) -> None:
        """A message was answered, perhaps late."""

    def on_silence(self, load: Load, at_ns: int) -> None:
        """It was not answered in time, or the connection broke."""

    def on_unreachable(self, detail: str) -> None:
        """No connection is left, and no other could be opened."""


class Pool:
    """Up to `size` connections."""

    def __init__(self, door: Door, size: int, hearer: Hearer, clock: Clock) -> None:
        self.oddities: Counter[str] = Counter()
        self.idle: deque[Connection] = deque()  # the one that waits longest first
        self.busy: dict[Connection, None] = {}  # in the order sent
        self._late: set[Connection] = set()
        self._opening = 0
        self._door, self._size, self._hearer, self._clock = door, size, hearer, clock
        self._quiet_ns = int(door.keepalive_s * 1e9)
        self._timeout_ns = int(door.answer_timeout_s * 1e9)
        self._asked_ns = clock()
        self._wanted = size
        self._short = asyncio.Event()
        self._closed = False

    async def open(self) -> None:
        """One more connection. Raises OSError where nobody answers."""
        door = self._door
        patience = door.connect_timeout_s
        try:
            async with asyncio.timeout(patience):
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: Connection(self, self._clock),
                    door.host,
                    door.port,
                    ssl=door.tls,
                    ssl_handshake_timeout=patience * _SHAKE if door.tls else None,
                )
        except ConnectionAbortedError as error:
            if door.tls is None or error.errno is not None:
                raise
            # somebody listens and says nothing that begins TLS: most often a plain port
            raise ssl.SSLError("the TLS handshake was not answered") from error
        if self._closed:
            connection.abort()
        else:
            self.idle.append(connection)

    async def keep(self) -> None:
        """Open what is missing, until cancelled."""
        async with anyio.create_task_group() as tasks:
            while True:
                while self._opening + len(self.idle) + len(self.busy) < self._wanted:
                    self._opening += 1
                    tasks.start_soon(self._reopen)
                self._short.clear()
                await self._short.wait()

    def send(self, load: Load, request: bytes) -> None:
        """Over the connection that has waited longest; only while one is idle."""
        connection = self.idle.popleft()
        self.busy[connection] = None
        connection.send(load, request)
        self._asked_ns = load.sent_ns
        if self._wanted < self._size:
            self._wanted = self._size
            self._short.set()

    def tick(self, now: int) -> None:
        """Give up what was not answered in time, replace what was quiet for too long."""
        for connection in list(self.busy):
            if connection.load is None or now - connection.load.sent_ns < self._timeout_ns:
                break
            del self.busy[connection]
            self._late.add(connection)
            self._short.set()
            self._hearer.on_silence(connection.load, now)
        for connection in list(self._late):
            if connection.load is None or now - connection.load.sent_ns >= 2 * self._timeout_ns:
                connection.abort()
        if now - self._asked_ns > _QUIET_NS:
            self._wanted = 1
        while self.idle and (
            len(self.idle) > self._wanted or now - self.idle[0].since_ns > self._quiet_ns
        ):
            self.idle.popleft().close()
            self._short.set()

    def close(self) -> None:
        """Close all at once; nothing more will be heard."""
        self._closed = True
        for connection in [*self.idle, *self.busy, *self._late]:
            connection.abort()

    # What connections call.

    def answered(self, connection: Connection, response: Response) -> None:
        load, connection.load = connection.load, None
        if load is None:
            self.oddities["an answer nobody asked for"] += 1
            connection.abort()
            return
        self.busy.pop(connection, None)
        self._late.discard(connection)
        if not response.keep:
            connection.close()
            self._short.set()
        elif len(self.idle) + len(self.busy) < self._size:
            self.idle.append(connection)
        else:  # it came late and has been replaced
            connection.close()
        self._hearer.on_answer(load, response, connection.since_ns)

    def gone(self, connection: Connection, detail: str) -> None:
        if self._closed:
            return
        now = self._clock()
        self._learn(connection, detail, now)
        if connection in self.busy:
            del self.busy[connection]
            if connection.load is not None:
                self.oddities[detail or "closed without an answer"] += 1
                self._hearer.on_silence(connection.load, now)
        self._late.discard(connection)
        if connection.used:
            self._short.set()
        else:
            asyncio.get_running_loop().call_later(_PAUSE_S, self._short.set)

    def _learn(self, connection: Connection, detail: str, now: int) -> None:
        """A quiet connection that the peer closed tells how long it lets them be."""
        if connection in self.idle:
            self.idle.remove(connection)
            quiet = now - connection.since_ns
            if connection.used and not detail and quiet > _SOONEST_NS:
                self._quiet_ns = min(self._quiet_ns, int(_SHARE * quiet))

    async def _reopen(self) -> None:
        try:
            await self.open()
        except OSError as error:
            self._opening -= 1
            if not self._opening and not self.idle and not self.busy:
                self._hearer.on_unreachable(str(error) or type(error).__name__)
            asyncio.get_running_loop().call_later(_PAUSE_S, self._short.set)
        else:
            self._opening -= 1

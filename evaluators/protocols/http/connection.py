"""One keep-alive connection, with at most one request on its way: no pipelining."""

import asyncio
import socket
from dataclasses import dataclass
from typing import Protocol, cast

from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.http.codec import Response, Responses
from evaluators.protocols.session import Clock


@dataclass(slots=True)
class Load:
    """The message a request carries: its index, our reference, and when it left."""

    index: int
    reference: str
    sent_ns: int


class Owner(Protocol):
    """Whose connection it is. Called from the event loop."""

    def answered(self, connection: "Connection", response: Response) -> None:
        """A whole answer came."""

    def gone(self, connection: "Connection", detail: str) -> None:
        """The connection is lost; `detail` is empty where the peer just closed it."""


_MOST_AT_ONCE = 16 * 1024  # octets of an answer read at a time; the ordinary one is far shorter


class Connection(asyncio.BufferedProtocol):
    """Bytes out, answers in.

    It reads into a buffer of its own: where asyncio provides one, that is a new 256 KiB for every
    answer, and getting and returning those took more time than all the rest of a message.
    """

    def __init__(self, owner: Owner, clock: Clock) -> None:
        self.load: Load | None = None
        self.used = False
        """Whether an answer ever came over it."""
        self.since_ns = clock()
        """When it was opened or brought its last answer."""
        self._owner, self._clock = owner, clock
        self._responses = Responses()
        self._transport: asyncio.Transport | None = None
        self._problem = ""
        self._buffer = memoryview(bytearray(_MOST_AT_ONCE))

    def send(self, load: Load, request: bytes) -> None:
        """Ask; only while no answer is awaited."""
        self.load = load
        if self._transport is not None:  # else it was lost a moment ago and `gone` follows
            self._transport.write(request)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._problem:
            return
        try:
            found = self._responses.feed(bytes(self._buffer[:nbytes]))
        except ProtocolError as error:
            self._problem = error.reason
            self.abort()
            return
        self._problem = self._responses.problem
        for response in found:  # nothing is asked any more where nonsense follows
            self._bring(response._replace(keep=False) if self._problem else response)
        if self._problem:
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        last = None if self._problem else self._responses.end()
        if last is not None:
            self._bring(last)
        self._owner.gone(self, self._problem or str(exc or ""))

    def _bring(self, response: Response) -> None:
        self.since_ns, self.used = self._clock(), True
        self._owner.answered(self, response)

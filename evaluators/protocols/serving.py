"""The vendor's side of every wire protocol: one connection, for simulated vendors.

What the bytes mean is the protocol's. A connection's fault (garbage, silence, not reading) ends
that connection and nothing else.
"""

import asyncio
import socket
import struct
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.frames import Frames

_LOGIN_PATIENCE_S = 10.0
_UNREAD = 8 * 1024 * 1024  # octets a client may leave unread before it is cut off
_MOST_LINKS = 256
_DRIP_S = 0.05
_HEAD = struct.Struct(">II").unpack_from  # length and command: every binary protocol's PDUs
_ANSWER = 0x80000000  # the bit of a command that answers one


class Link(asyncio.Protocol, ABC):
    """One client's connection."""

    def __init__(self, frames: Frames, links: set[Any]) -> None:
        self.mute = False
        """Swallow everything, say nothing: what a half-open connection looks like from outside."""
        self._frames, self._links = frames, links
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._welcomed = self._slow = False
        self._out: list[bytes] = []
        self._dripping = bytearray()
        self._drip_timer: asyncio.TimerHandle | None = None

    # What a protocol gives.

    @abstractmethod
    def _take(self, frame: bytes) -> None:
        """One whole PDU came."""

    def _complaint(self, error: ProtocolError) -> bytes:
        """What a client is told whose bytes make no sense, before it is cut off."""
        del error
        return b""

    def _gone(self) -> None:
        """A connection that was let in has ended."""

    # What a protocol calls.

    def _welcome(self) -> None:
        """The client has logged in; it may now stay."""
        self._welcomed = True
        if self._patience is not None:
            self._patience.cancel()

    def _write(self, data: bytes) -> None:
        """Send; what is written while a batch is read leaves in one piece."""
        if self._transport is None or self.mute:
            return
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(data)

    def _hang_up(self) -> None:
        """Send what is left and close."""
        self._flush()
        if self._transport is not None:
            self._transport.close()

    # How a vendor may misbehave.

    @property
    def alive(self) -> bool:
        """Whether something written now has a chance to arrive."""
        return self._transport is not None and not self._transport.is_closing() and not self.mute

    def drop(self) -> None:
        """Cut the connection without a word."""
        if self._transport is not None:
            self._transport.abort()

    def babble(self, data: bytes) -> None:
        """Write these bytes, whatever they are."""
        self._write(data)

    def drip(self, on: bool) -> None:
        """Write one octet per 50 ms from now on, or at full speed again."""
        self._flush()
        self._slow = on
        if not on and self._transport is not None:
            self._transport.write(bytes(self._dripping))
            self._dripping.clear()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if len(self._links) >= _MOST_LINKS:
            self._transport.abort()
            return
        self._links.add(self)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transport.set_write_buffer_limits(high=_UNREAD)
        self._patience = self._loop.call_later(_LOGIN_PATIENCE_S, self.drop)

    def pause_writing(self) -> None:
        self.drop()

    def data_received(self, data: bytes) -> None:
        try:
            for frame in self._frames.feed(data):
                if self.alive:
                    self._take(frame)
        except ProtocolError as error:  # the stream cannot be cut into PDUs any more
            self._write(self._complaint(error))
            self._hang_up()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._patience, self._drip_timer):
            if timer is not None:
                timer.cancel()
        self._transport = None
        self._links.discard(self)
        if self._welcomed:
            self._gone()

    # What happens inside.

    def _flush(self) -> None:
        data = b"".join(self._out)
        self._out.clear()
        if self._transport is None:
            return
        if not self._slow:
            self._transport.write(data)
            return
        self._dripping += data
        if len(self._dripping) > _UNREAD:
            self.drop()
        elif self._drip_timer is None:
            self._fall()

    def _fall(self) -> None:
        """One drop."""
        self._drip_timer = None
        if self._transport is not None and self._dripping:
            self._transport.write(bytes(self._dripping[:1]))
            del self._dripping[:1]
            self._drip_timer = self._loop.call_later(_DRIP_S, self._fall)


class InPlace(Link):
    """Looks at each PDU where it lies in what came; only the unusual ones are cut out.

    For protocols whose vendors make nothing of answers (to their reports): those are passed over.
    To be named before the protocol's own Link: `class Quick(InPlace, server.Link)`.
    """

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._sizes = self._frames.sizes
        self._rest = b""

    @abstractmethod
    def _take_usual(self, data: bytes, start: int, end: int, command: int) -> bool:
        """Take the PDU at data[start:end] if it is as most are; False: `_take` gets it."""

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data, self._rest = self._rest + data, b""
        at, size = 0, len(data)
        shortest, longest = self._sizes.shortest, self._sizes.longest
        while at <= size - shortest:
            length, command = _HEAD(data, at)
            end = at + length
            if end > size or not shortest <= length <= longest:
                break
            request = not command & _ANSWER
            if request and self.alive and not self._take_usual(data, at, end, command):
                super().data_received(data[at:end])
            at = end
        if at < size:
            self._keep(data[at:])

    def _keep(self, rest: bytes) -> None:
        """The beginning of a PDU, or what no PDU begins with, to be complained about."""
        shortest, longest = self._sizes.shortest, self._sizes.longest
        if len(rest) >= shortest and not shortest <= int.from_bytes(rest[:4], "big") <= longest:
            super().data_received(rest)
        else:
            self._rest = rest


@asynccontextmanager
async def listening(
    link: Callable[[set[Any]], Link], *, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[int]:
    """Listen while the context lasts; gives the port. All connections are cut at its end.

    `link` makes a connection's Link from the set of those that live.
    """
    links: set[Link] = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: link(links), host, port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for one in list(links):
            one.drop()
        await asyncio.sleep(0)  # lets the connections hear of it
        await server.wait_closed()

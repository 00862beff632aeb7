"""The vendor's side of SMPP: accepts binds and messages, sends receipts. For simulated vendors.

What to answer is decided by a `Desk`; this file only speaks the protocol. A connection's fault
(garbage, silence, not reading) ends that connection and nothing else.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol, cast

from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.smpp import codec
from evaluators.protocols.smpp import status as statuses

_BIND_PATIENCE_S = 10.0
_UNREAD = 8 * 1024 * 1024  # octets a client may leave unread before it is cut off
_MOST_LINKS = 256


class Desk(Protocol):
    """Whoever decides. All calls come from the event loop and must not block."""

    def bind(self, link: "Link", bind: codec.Bind) -> int:
        """The status to answer a bind with; 0 lets it in."""

    def submit(self, link: "Link", sms: codec.Sms) -> None:
        """A message came; answer with `link.answer`, now or later, or never."""

    def gone(self, link: "Link") -> None:
        """A bound connection ended."""


class Link(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, desk: Desk, links: set["Link"]) -> None:
        self.system_id = ""
        self.bound_as = 0
        """The bind's command id, 0 before."""
        self.mute = False
        """Swallow everything, say nothing: what a half-open connection looks like from outside."""
        self._desk, self._links = desk, links
        self._frames = codec.Frames()
        self._sequence = 0
        self._out: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    @property
    def takes_receipts(self) -> bool:
        listens = self.bound_as in {codec.BIND_TRANSCEIVER, codec.BIND_RECEIVER}
        return listens and not self.mute and self._alive

    def answer(self, sequence: int, status: int, message_id: bytes = b"") -> None:
        """Answer a submit_sm."""
        self._send(codec.SmsResp(codec.SUBMIT_SM_RESP, sequence, status, message_id))

    def deliver(self, sms: codec.Sms) -> None:
        """Send a deliver_sm; its sequence number is put in here."""
        self._sequence = self._sequence % codec.LAST_SEQUENCE + 1
        data = bytearray(codec.encode(sms))
        data[12:16] = self._sequence.to_bytes(4, "big")
        self._write(bytes(data))

    def drop(self) -> None:
        """Cut the connection without a word."""
        if self._transport is not None:
            self._transport.abort()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if len(self._links) >= _MOST_LINKS:
            self._transport.abort()
            return
        self._links.add(self)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transport.set_write_buffer_limits(high=_UNREAD)
        self._timer = self._loop.call_later(_BIND_PATIENCE_S, self.drop)

    def pause_writing(self) -> None:
        self.drop()

    def data_received(self, data: bytes) -> None:
        try:
            for frame in self._frames.feed(data):
                if self._alive and not self.mute:
                    self._take(frame)
        except ProtocolError as error:  # the stream cannot be cut into PDUs any more
            self._send(codec.Bare(codec.GENERIC_NACK, 0, error.status))
            self._hang_up()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._transport = None
        self._links.discard(self)
        if self.bound_as:
            self._desk.gone(self)

    # What happens inside.

    def _take(self, frame: bytes) -> None:
        _, command, _, sequence = codec.HEADER.unpack_from(frame)
        if command == codec.DELIVER_SM_RESP:
            return
        try:
            pdu = codec.decode(frame)
        except ProtocolError as error:
            self._refuse(command, sequence, error.status)
            return
        match pdu:
            case codec.Bind():
                self._bind(pdu)
            case codec.Sms(command=codec.SUBMIT_SM) if self._may_submit:
                self._desk.submit(self, pdu)
            case codec.Bare(command=codec.ENQUIRE_LINK):
                self._send(codec.Bare(codec.ENQUIRE_LINK_RESP, sequence))
            case codec.Bare(command=codec.UNBIND):
                self._send(codec.Bare(codec.UNBIND_RESP, sequence))
                self._hang_up()
            case _:
                self._refuse(command, sequence, statuses.WRONG_BIND_STATE)

    @property
    def _alive(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    @property
    def _may_submit(self) -> bool:
        return self.bound_as in {codec.BIND_TRANSCEIVER, codec.BIND_TRANSMITTER}

    def _bind(self, bind: codec.Bind) -> None:
        status = statuses.ALREADY_BOUND if self.bound_as else self._desk.bind(self, bind)
        self._send(codec.BindResp(bind.command | codec.RESPONSE, bind.sequence, status, "smsvet"))
        if status == statuses.OK:
            self.bound_as, self.system_id = bind.command, bind.system_id
            if self._timer is not None:
                self._timer.cancel()

    def _refuse(self, command: int, sequence: int, status: int) -> None:
        if command == codec.SUBMIT_SM:
            self.answer(sequence, status)
        elif not command & codec.RESPONSE:
            self._send(codec.Bare(codec.GENERIC_NACK, sequence, status))

    def _send(self, pdu: codec.Pdu) -> None:
        self._write(codec.encode(pdu))

    def _write(self, data: bytes) -> None:
        if self._transport is None or self.mute:
            return
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(data)

    def _flush(self) -> None:
        out, self._out = self._out, []
        if self._transport is not None:
            self._transport.write(b"".join(out))

    def _hang_up(self) -> None:
        self._flush()
        if self._transport is not None:
            self._transport.close()


@asynccontextmanager
async def listening(desk: Desk, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
    """Listen while the context lasts; gives the port. All connections are cut at its end."""
    links: set[Link] = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Link(desk, links), host, port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for link in list(links):
            link.drop()
        await asyncio.sleep(0)  # lets the connections hear of it
        await server.wait_closed()

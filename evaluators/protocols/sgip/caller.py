"""The gateway's own connection to an SP's listener, over which a simulated vendor reports."""

import asyncio
from collections import OrderedDict, deque
from contextlib import suppress
from typing import cast

import anyio

from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.sgip import codec, pdus
from evaluators.protocols.sgip import status as statuses
from evaluators.protocols.sgip.listener import keep_alive
from evaluators.protocols.sgip.sequence import Numbering

_WINDOW = 32
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 5.0
_PATIENCE_S = 10.0
_PROBE_S = 60.0
_HELD = 100_000  # commands kept for an SP that cannot be reached


class Caller:
    """Brings commands to an SP; what was not answered is brought again over the next connection.

    `address` None: nobody to call. `idle_s` without anything to bring ends a connection.
    """

    def __init__(
        self, name: str, password: str, numbering: Numbering, *, idle_s: float = 30.0
    ) -> None:
        self.refused = 0
        """What the SP last answered our login with; 0 is welcome."""
        self.calls = 0
        """Connections that were let in so far."""
        self.idle_s = idle_s
        self._address: tuple[str, int] | None = None
        self._name, self._password, self._numbering = name, password, numbering
        self._queue: deque[bytes] = deque(maxlen=_HELD)
        self._open: OrderedDict[bytes, bytes] = OrderedDict()
        self._news = asyncio.Event()
        self._call: _Call | None = None

    @property
    def address(self) -> tuple[str, int] | None:
        return self._address

    @address.setter
    def address(self, address: tuple[str, int] | None) -> None:
        if address != self._address:
            self._address = address
            self.hang_up()
            self._news.set()

    @property
    def waiting(self) -> int:
        """Commands not answered yet."""
        return len(self._queue) + len(self._open)

    def bring(self, command: pdus.Pdu) -> None:
        """Send a command as soon as possible; its sequence number is put in here."""
        self._queue.append(self.numbered(command))
        self._news.set()
        self.pump()

    def numbered(self, command: pdus.Pdu) -> bytes:
        """The command's bytes under this gateway's next sequence number."""
        data = codec.encode(command)
        return data[:8] + self._numbering.next() + data[20:]

    def babble(self, data: bytes) -> None:
        """Write these octets, whatever they are, if there is a connection."""
        if self._call is not None:
            self._call.write(data)

    def hang_up(self) -> None:
        """Cut the connection there is; another is opened when needed."""
        if self._call is not None:
            self._call.drop()

    async def run(self) -> None:
        """Keep a connection while there is something to bring; until cancelled."""
        pause_s = _FIRST_PAUSE_S
        try:
            while True:
                await self._news.wait()
                if self._address is None or not self.waiting:
                    self._news.clear()
                    continue
                before = self.calls
                with suppress(OSError, TimeoutError):
                    await self._converse(*self._address)
                pause_s = (
                    _FIRST_PAUSE_S if self.calls > before else min(2 * pause_s, _LONGEST_PAUSE_S)
                )
                await anyio.sleep(pause_s)
        finally:
            self.hang_up()

    async def _converse(self, host: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        bind = pdus.Bind(self._numbering.next(), pdus.SMG_TO_SP, self._name, self._password)
        self._call = call = _Call(self, codec.encode(bind))
        try:
            with anyio.fail_after(_PATIENCE_S):
                await loop.create_connection(lambda: call, host, port)
            await call.gone.wait()
        finally:
            self._call = None
            call.drop()
            self._queue.extendleft(reversed(self._open.values()))
            self._open.clear()

    # What the connection calls.

    def pump(self) -> None:
        """Send as much as may be unanswered at once."""
        if self._call is None or not self._call.welcome:
            return
        out = []
        while self._queue and len(self._open) < _WINDOW:
            data = self._queue.popleft()
            self._open[data[8:20]] = data
            out.append(data)
        if out:
            self._call.write(b"".join(out))

    def answered(self, number: bytes) -> None:
        self._open.pop(number, None)

    def farewell(self) -> bytes:
        return codec.encode(pdus.Bare(pdus.UNBIND, self._numbering.next()))

    def let_in(self, status: int) -> None:
        self.refused = status
        self.calls += not status


class _Call(asyncio.Protocol):
    """One connection to the SP."""

    def __init__(self, caller: Caller, greeting: bytes) -> None:
        self.welcome = False
        self.gone = asyncio.Event()
        self._caller, self._greeting = caller, greeting
        self._frames = codec.Frames()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None

    def write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def drop(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        keep_alive(transport, _PROBE_S)
        self.write(self._greeting)
        self._wait(_PATIENCE_S)

    def data_received(self, data: bytes) -> None:
        try:
            for frame in self._frames.feed(data):
                self._take(codec.decode(frame))
        except ProtocolError:
            self.drop()
        if self.welcome:
            self._caller.pump()
            self._wait(self._caller.idle_s)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._transport = None
        self.welcome = False
        if self._timer is not None:
            self._timer.cancel()
        self.gone.set()

    # What happens inside.

    def _take(self, pdu: pdus.Pdu) -> None:
        match pdu:
            case pdus.Result(command=pdus.BIND_RESP, status=status):
                self._caller.let_in(status)
                self.welcome = not status
                if status:
                    self.drop()
            case pdus.Result(sequence=number):
                self._caller.answered(number)
            case pdus.Bare(command=pdus.UNBIND_RESP):
                self.drop()
            case _:
                refusal = codec.refusal(pdu, statuses.BAD_COMMAND)
                self.write(codec.encode(refusal) if refusal else b"")

    def _wait(self, patience_s: float) -> None:
        """Leave when nothing has been heard for so long."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(patience_s, self._leave)

    def _leave(self) -> None:
        if self.welcome and not self._caller.waiting:
            self.welcome = False
            self.write(self._caller.farewell())
            self._wait(_PATIENCE_S)
        else:
            self.drop()

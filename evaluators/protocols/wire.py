"""The client side of every wire protocol: one connection, everything in batches.

One callback per read from the socket, one write for all acknowledgements and the next messages,
no object and no task per message: that, not the language, decides how fast a sender is. What the
bytes mean is the protocol's (`dialect`, `reader`).
"""

import asyncio
import socket
import ssl
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Self, cast

from evaluators.protocols.dialect import Answer, Control, Dialect, Line
from evaluators.protocols.reader import Reader
from evaluators.protocols.session import (
    NO_ANSWER,
    BindRefused,
    Clock,
    Closed,
    Events,
    Message,
    OnEvents,
)

_WRITE_BUFFER = 4 * 1024 * 1024  # octets the peer may leave unread before `room` is 0
_READ = 64 * 1024  # octets taken at once; the next ones come in while these are looked at
_TICK_S = 0.25

PROBES = 3
"""How many keep-alives in a row may go unanswered: N of the CMPP specification, where C is
`keepalive_s` and T `answer_timeout_s`; SMPP leaves it open."""


class WireSession(asyncio.BufferedProtocol):
    """One connection; see evaluators.protocols.session.Session for what callers may do.

    After `probes` keep-alives in a row without an answer, or any other octet, it is given up.
    """

    def __init__(
        self,
        line: Line,
        dialect: Dialect,
        reader: Reader,
        *,
        on_events: OnEvents,
        clock: Clock,
        probes: int = PROBES,
    ) -> None:
        self.rtt_ns = 0
        self.closed: Closed | None = None
        self._line, self._dialect, self._reader = line, dialect, reader
        self._window, self._correlator = reader.window, reader.correlator
        self._on_events, self._clock = on_events, clock
        self._backlog: deque[tuple[int, bytes]] = deque()  # parts of a long text beyond the window
        self._out: list[bytes] | None = None  # collects while a batch is being read
        self._buffer = memoryview(bytearray(_READ))
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._login: asyncio.Future[Answer] | None = None
        self._gone = asyncio.Event()
        self._bound = self._blocked = self._leaving = self._worn = False
        self._heard_ns = 0
        self._probe: tuple[int, int] | None = None  # sequence and time of our keep-alive
        self._probes, self._probed = probes, 0  # as many at most, as many sent in a row
        self._reason: tuple[str, str] | None = None

    async def open(self, greeting: Callable[[int], bytes]) -> Self | BindRefused:
        """Connect and send the login, `greeting(sequence)`; a refused login is a value.

        Raises OSError (TimeoutError and ConnectionError are OSErrors) when the host cannot be
        reached or the login is not answered.
        """
        line = self._line
        context = ssl.create_default_context() if line.tls is True else line.tls or None
        try:
            async with asyncio.timeout(line.connect_timeout_s):
                await asyncio.get_running_loop().create_connection(
                    lambda: self, line.host, line.port, ssl=context
                )
                answer = await self._log_in(greeting(self._window.use()))
        except BaseException:
            self.abort()
            raise
        if answer.refused is not None:
            self.abort()
            return answer.refused
        return self

    # What the runner calls.

    @property
    def oddities(self) -> Counter[str]:
        """What the peer did that the protocol does not provide for, and how often."""
        return self._reader.oddities

    @property
    def room(self) -> int:
        if self._blocked or self._backlog or self._worn or not self._bound:
            return 0
        if self._leaving or self._reason:
            return 0
        return max(0, self._window.room)

    @property
    def outstanding(self) -> int:
        return len(self._window.waiting) + len(self._backlog)

    def submit(self, messages: Sequence[Message], start: int = 0) -> int:
        room, position, window = self.room, start, self._window
        out: list[bytes] = []
        handles: list[int] = []
        beyond: list[tuple[int, bytes]] = []
        while position < len(messages) and len(handles) < room:
            sequence = window.after(window.sequence, len(out))
            free = min(room - len(handles), window.last - sequence + 1)
            stop = min(position + free, len(messages))
            pdus = self._dialect.fill(messages, position, stop, sequence)
            out += pdus
            handles += [message[0] for message in messages[position : position + len(pdus)]]
            position += len(pdus)
            if position < stop:  # a text of several parts
                parts = self._parts(messages[position])
                fit = room - len(handles)
                out += self._numbered(parts[:fit], window.after(sequence, len(pdus)))
                handles += [handle for handle, _ in parts[:fit]]
                beyond = parts[fit:]
                position += 1
        if handles:
            window.add(self._clock(), handles)
            self._backlog.extend(beyond)
            self._write(out)
        return position - start

    async def close(self, patience_s: float = 5.0) -> None:
        if self._transport is not None and not self._leaving:
            self._leaving = True
            self._write([self._dialect.farewell(self._window.use())])
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

    # What a protocol calls whose reports come over further connections.

    def emit(self, events: Events) -> None:
        """Give the runner records that did not come over this connection."""
        if self._bound and any(events):
            self._on_events(events)

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

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._reason:
            return
        self._heard_ns = now = self._clock()
        batch = self._reader.feed(bytes(self._buffer[:nbytes]), now)
        self._out = batch.out
        for control in batch.control:
            self._control(control, now)
        if batch.broken is not None:
            self._reason = ("protocol", batch.broken.reason)
        self._send_backlog()
        self.emit(batch.events)
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
        self._correlator.sequence = self._window.sequence
        self._transport = None
        self._gone.set()
        if self._login is not None and not self._login.done():
            self._login.set_exception(ConnectionError("closed before the login was answered"))
        if self._bound:
            self._on_events(Events([], [], [], self.closed))

    # What happens inside.

    async def _log_in(self, greeting: bytes) -> Answer:
        self._login = asyncio.get_running_loop().create_future()
        sent_ns = self._clock()
        self._write([greeting])
        answer = await self._login
        self.rtt_ns = self._clock() - sent_ns
        return answer

    def _control(self, control: Control, now: int) -> None:
        if not isinstance(control, Answer):
            if control.by_peer:
                self._reason = ("peer_unbound", "")
            elif self._leaving:
                self._reason = ("unbound", "")
        elif self._login is not None and not self._login.done():
            self._bound = control.refused is None
            self._login.set_result(control)
        elif self._probe is not None and control.sequence == self._probe[0]:
            self.rtt_ns = now - self._probe[1]
            self._probe, self._probed = None, 0

    def _parts(self, message: Message) -> list[tuple[int, bytes]]:
        parts = self._dialect.parts(message, self._correlator.next_reference)
        return list(zip(self._correlator.split(message[0], len(parts)), parts, strict=True))

    def _numbered(self, parts: Sequence[tuple[int, bytes]], sequence: int) -> list[bytes]:
        number, after = self._dialect.number, self._window.after
        return [number(part, after(sequence, order)) for order, (_, part) in enumerate(parts)]

    def _send_backlog(self) -> None:
        fit = min(max(0, self._window.room), len(self._backlog))
        if fit and not self._reason:
            parts = [self._backlog.popleft() for _ in range(fit)]
            out = self._numbered(parts, self._window.sequence)
            self._window.add(self._clock(), [handle for handle, _ in parts])
            self._write(out)

    def _write(self, out: list[bytes]) -> None:
        if self._out is not None and self._out is not out:
            self._out.extend(out)
        elif out and self._transport is not None:
            self._transport.write(b"".join(out))

    def _tick(self) -> None:
        now = self._clock()
        self._timer = asyncio.get_running_loop().call_later(_TICK_S, self._tick)
        too_old = now - int(self._line.answer_timeout_s * 1e9)
        events = Events([], self._correlator.release(too_old), [])
        expired = self._window.expire(too_old)
        for handle in expired:
            whole = (
                (handle, now, NO_ANSWER, b"")
                if handle >= 0
                else self._correlator.answered(handle, now, NO_ANSWER, b"")
            )
            events.submitted.extend([whole] if whole else [])
        self._send_backlog()
        if self._transport is not None and not self._reason:
            # late answers had as much time again; those still awaited come first
            self._worn = self._worn or self._window.worn(2 * too_old - now)
            if self._worn and not self._window.waiting:
                self._silent("half the window waits for answers that never came")
            else:
                self._keep_alive(now, deaf=bool(expired) and self._heard_ns < too_old)
        self.emit(events)

    def _keep_alive(self, now: int, *, deaf: bool) -> None:
        """`deaf`: requests went unanswered and nothing else came meanwhile."""
        heard_s = (now - self._heard_ns) / 1e9
        if self._probe is None:
            question = self._dialect.keepalive(self._window.sequence)
            if question is not None and heard_s >= self._line.keepalive_s:
                self._ask(question, now)
            elif question is None and deaf:
                self._silent("requests were not answered, nothing else came")
        elif now - self._probe[1] >= self._line.answer_timeout_s * 1e9:
            question = self._dialect.keepalive(self._window.sequence)
            if self._heard_ns >= self._probe[1] or question is None:
                self._probe, self._probed = None, 0
            elif self._probed < self._probes:
                self._ask(question, now)
            else:
                self._silent(f"{self._probed} keep-alives were not answered, nothing else came")

    def _ask(self, question: bytes, now: int) -> None:
        self._probe = (self._window.use(), now)
        self._probed += 1
        self._write([question])

    def _silent(self, detail: str) -> None:
        self._reason = ("silent", detail)
        if self._transport is not None:
            self._transport.abort()

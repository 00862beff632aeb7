"""The long connection to WeCom: one socket that subscribes, lives, dies and comes back.

Both Python SDKs that are published stay dead after a clean close; hence one of our own. What
the real server does in the corners (its close codes, how long it lets a half-alive socket be) is
reported by others, not tried by us.
"""

import itertools
import logging
import random
import ssl
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import anyio
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException

from bot.channels.wecom import frames
from bot.channels.wecom.frames import Ack, Body, Frame

log = logging.getLogger(__name__)

ENDPOINT = "wss://openws.work.weixin.qq.com"
LATE_KEPT = 1000  # acknowledgements that came too late, kept for who asks again


class Line(Protocol):
    """A way to a bot's people: the long connection here, or the callbacks in callback.py."""

    window_s: float  # how long a message may be answered by its req_id
    answers: int  # how often
    after_press: bool  # whether a pressed card may be answered too, besides its update

    @property
    def up(self) -> bool: ...
    @property
    def down_for_s(self) -> float: ...
    @property
    def trouble(self) -> str: ...
    def new_req_id(self, cmd: str) -> str: ...
    async def run(self, heard: Callable[[Frame], None]) -> None: ...
    async def call(
        self, cmd: str, body: Body, req_id: str = "", *, ack_s: float | None = None
    ) -> Ack: ...
    def late(self, req_id: str) -> Ack | None: ...
    def dismiss(self, req_id: str) -> None: ...  # nothing will be said to this callback


@dataclass(frozen=True)
class Times:
    """Seconds. `silence_s`: so long without any message or event, then a new connection.

    Connections are reported whose heartbeats are fine but which get no messages any more; only a
    new subscription helps. Nothing tells them from a quiet hour, so a quiet connection is renewed:
    closed cleanly first, lest the platform takes the old one's end for the new one's.
    """

    connect_s: float = 10
    ping_s: float = 30
    missed: int = 2  # heartbeats without an answer, then the connection counts as dead
    ack_s: float = 5
    first_back_off_s: float = 1
    longest_back_off_s: float = 60
    steady_s: float = 10  # a connection that lasted so long begins its back-off anew
    cool_down_s: float = 60  # after another connection took this bot over; doubles
    longest_cool_down_s: float = 900
    silence_s: float = 300


class _Waiter:
    """Somebody waiting for the acknowledgement of one frame."""

    def __init__(self) -> None:
        self.came = anyio.Event()
        self.ack = Ack(frames.NO_ANSWER, "no answer in time")

    def settle(self, ack: Ack) -> None:
        self.ack = ack
        self.came.set()


class LongConnection:
    """One bot's connection, kept up until cancelled.

    `witness` sees each frame as text with its way (in, out): see recording.py. Sources differ on
    how long a message may be answered (six minutes or ten): `window_s` stays below both.
    """

    window_s = 330.0
    answers = 1  # whether a second answer would be taken is unknown; it is pushed instead
    after_press = False

    def __init__(
        self,
        bot_id: str,
        secret: str,
        url: str = ENDPOINT,
        *,
        times: Times | None = None,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.monotonic,
        rng: random.Random | None = None,
        witness: Callable[[str, str | bytes], None] = lambda way, text: None,
    ) -> None:
        self._bot_id, self._secret, self._url, self._tls = bot_id, secret, url, tls
        self.times = times or Times()
        self._clock, self._witness = clock, witness
        self._rng = rng or random.Random()  # noqa: S311 - spreads reconnections, no secret
        self._socket: ClientConnection | None = None
        self._waiting: dict[str, _Waiter] = {}
        self._late: OrderedDict[str, Ack] = OrderedDict()
        self._turns: weakref.WeakValueDictionary[str, anyio.Lock] = weakref.WeakValueDictionary()
        self._numbers = itertools.count(1)
        self._started = f"{self._rng.getrandbits(48):012x}"
        self._again_at = 0.0
        self._back_off_s, self._cool_down_s = self.times.first_back_off_s, self.times.cool_down_s
        self._up_at = 0.0
        self._taken_over = self._renewing = False
        self._unanswered = 0
        self._last_heard = 0.0
        self._trouble = "not connected yet"
        self.tried = anyio.Event()  # the first attempt has succeeded or failed
        self.subscribed = 0  # how many times so far

    @property
    def up(self) -> bool:
        return self._socket is not None

    @property
    def trouble(self) -> str:
        """Why it is down, in words; empty while it is up."""
        return self._trouble

    @property
    def down_for_s(self) -> float:
        """Seconds until the next attempt to connect; 0 while up or trying."""
        return 0.0 if self.up else max(0.0, self._again_at - self._clock())

    def new_req_id(self, cmd: str) -> str:
        """Unique over restarts. Peers recognise acknowledgements by its prefix."""
        return f"{cmd}_{self._started}_{next(self._numbers)}"

    async def run(self, heard: Callable[[Frame], None]) -> None:
        """Stay connected until cancelled.

        `heard` is called for each message and event, in order, and must not block.
        """
        while True:
            before = self.subscribed
            self._taken_over = self._renewing = False
            try:
                await self._live(heard)
            except (OSError, TimeoutError, WebSocketException) as error:
                self._trouble = _in_words(error)
            self.tried.set()
            lasted_s = self._clock() - self._up_at if self.subscribed > before else 0.0
            pause_s = self._pause_s(lasted_s)
            self._again_at = self._clock() + pause_s
            await anyio.sleep(pause_s)

    def _pause_s(self, lasted_s: float) -> float:
        """Before the next attempt; longer each time, until a connection lasts."""
        times = self.times
        if lasted_s >= times.steady_s:
            self._back_off_s = times.first_back_off_s
        if lasted_s > 2 * times.longest_cool_down_s:  # else two who swap a bot never slow down
            self._cool_down_s = times.cool_down_s
        if self._taken_over:
            pause_s = self._cool_down_s
            self._cool_down_s = min(pause_s * 2, times.longest_cool_down_s)
            log.critical(
                "Another connection took this WeCom bot over; next attempt in %.0f s. "
                "Only one smsvet may run with one bot.",
                pause_s,
            )
            return pause_s
        if self._renewing:
            return 0.0
        pause_s = self._back_off_s * self._rng.uniform(0.75, 1.25)
        self._back_off_s = min(self._back_off_s * 2, times.longest_back_off_s)
        log.warning("WeCom connection down (%s); again in %.1f s", self._trouble, pause_s)
        return pause_s

    async def _live(self, heard: Callable[[Frame], None]) -> None:
        """One connection from its beginning to its end."""
        times = self.times
        socket = await connect(
            self._url,
            ssl=self._tls or (True if self._url.startswith("wss:") else None),
            open_timeout=times.connect_s,
            ping_interval=None,  # heartbeats are frames of its own here
            close_timeout=min(1.0, times.connect_s),
            compression=None,
        )
        try:
            if not await self._subscribe(socket):
                return
            self._unanswered, self._last_heard = 0, self._clock()
            self._up_at = self._last_heard
            self._socket, self._trouble = socket, ""
            self.tried.set()
            self.subscribed += 1
            log.info("WeCom connection up")
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._watch, socket)
                await self._read(socket, heard)
                tasks.cancel_scope.cancel()
        finally:
            self._socket = None
            self._forsake()
            with anyio.CancelScope(shield=True), anyio.move_on_after(times.connect_s):
                await socket.close()

    async def _subscribe(self, socket: ClientConnection) -> bool:
        """Say who we are; the answer comes before anything else."""
        req_id = self.new_req_id(frames.SUBSCRIBE)
        who: Body = {"bot_id": self._bot_id, "secret": self._secret}
        with anyio.fail_after(self.times.connect_s):
            await self._write(socket, frames.written(frames.SUBSCRIBE, req_id, who))
            while True:
                text = await socket.recv()
                self._witness("in", text)
                frame = frames.read(text)
                if frame is not None and not frame.cmd and frame.req_id == req_id:
                    break
        if not frame.ack.ok:
            self._trouble = f"refused: {frame.ack}"
            log.error("WeCom refused the bot's id or secret: %s", frame.ack)
        return frame.ack.ok

    async def _read(self, socket: ClientConnection, heard: Callable[[Frame], None]) -> None:
        """Until the socket ends, cleanly or not, or another connection took over."""
        try:
            async for text in socket:
                self._witness("in", text)
                frame = frames.read(text)
                if frame is None:
                    log.warning("WeCom sent what is no frame (%d characters)", len(text))
                elif frame.cmd in {frames.MESSAGE, frames.EVENT}:
                    self._last_heard = self._clock()
                    if frame.event == "disconnected_event":
                        return self._give_way()
                    heard(frame)
                elif not frame.cmd:
                    self._acknowledged(frame)
        except WebSocketException as error:
            self._trouble = self._trouble or _in_words(error)
        else:
            self._trouble = self._trouble or f"closed by the platform ({socket.close_code})"

    async def _write(self, socket: ClientConnection, text: str) -> None:
        self._witness("out", text)
        await socket.send(text)

    def _give_way(self) -> None:
        """Another process uses this bot: never fight over it."""
        self._taken_over = True
        self._trouble = "another connection took this bot over"

    def _acknowledged(self, frame: Frame) -> None:
        if frame.req_id.startswith(f"{frames.PING}_"):
            self._unanswered = 0
        elif waiter := self._waiting.pop(frame.req_id, None):
            waiter.settle(frame.ack)
        else:
            self._late[frame.req_id] = frame.ack
            if len(self._late) > LATE_KEPT:
                self._late.popitem(last=False)

    async def _watch(self, socket: ClientConnection) -> None:
        """Send heartbeats; close a connection that is dead or that only seems alive."""
        while True:
            await anyio.sleep(self.times.ping_s)
            if self._unanswered >= self.times.missed:
                return await self._abandon(socket, "heartbeats are not answered", 0.1)
            if self._clock() - self._last_heard >= self.times.silence_s:
                self._renewing = True
                return await self._abandon(socket, "silent for too long", 1.0)
            self._unanswered += 1
            req_id = self.new_req_id(frames.PING)
            try:
                with anyio.move_on_after(self.times.ping_s):  # nobody reads at the other end
                    await self._write(socket, frames.written(frames.PING, req_id))
            except WebSocketException:
                return None  # the reader says how it ended

    async def _abandon(self, socket: ClientConnection, why: str, within_s: float) -> None:
        """Close it, whether the peer answers or not."""
        self._trouble = why
        self._socket = None
        with anyio.move_on_after(within_s):
            await socket.close()
        socket.transport.abort()

    def _forsake(self) -> None:
        """Nobody will answer on this connection any more."""
        waiting, self._waiting = self._waiting, {}
        for waiter in waiting.values():
            waiter.settle(Ack(frames.CONNECTION_LOST, self._trouble or "the connection ended"))

    async def call(
        self, cmd: str, body: Body, req_id: str = "", *, ack_s: float | None = None
    ) -> Ack:
        """Send one frame and wait for its acknowledgement; one at a time for each `req_id`."""
        req_id = req_id or self.new_req_id(cmd)
        turn = self._turns.get(req_id)
        if turn is None:
            turn = self._turns[req_id] = anyio.Lock()
        async with turn:
            socket = self._socket
            if socket is None:
                return Ack(frames.NOT_CONNECTED, self._trouble)
            waiter = self._waiting[req_id] = _Waiter()  # before the write: acks can be faster
            try:
                with anyio.move_on_after(self.times.ack_s if ack_s is None else ack_s):
                    await self._write(socket, frames.written(cmd, req_id, body))
                    await waiter.came.wait()
            except WebSocketException as error:
                return Ack(frames.CONNECTION_LOST, _in_words(error))
            finally:
                if self._waiting.get(req_id) is waiter:
                    del self._waiting[req_id]
            return waiter.ack

    def late(self, req_id: str) -> Ack | None:
        """The acknowledgement that came after its sender had given up, if one did; once."""
        return self._late.pop(req_id, None)

    def dismiss(self, req_id: str) -> None:
        """Nobody waits at the other end."""


async def probe(line: LongConnection, within_s: float = 15) -> str:
    """Subscribe once and leave: nothing where that works, else what is wrong, in words.

    It takes the bot over from whoever uses it, who then waits for a cool-down.
    """
    with anyio.move_on_after(within_s):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(line.run, lambda frame: None)
            await line.tried.wait()
            trouble = line.trouble
            tasks.cancel_scope.cancel()
        return trouble
    return "no answer in time"


def _in_words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer while connecting"
    if isinstance(error, InvalidHandshake):
        return f"refused by the platform ({error})"
    return str(error) or type(error).__name__

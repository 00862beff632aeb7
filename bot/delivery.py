"""Replies on their way: in order within a chat, side by side among chats, at the platform's pace.

A reply is marked as being tried before the platform is called, and as delivered afterwards. What
was being tried when the process died may have arrived or not: it is sent once more, and says so.
"""

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import anyio
from anyio.to_thread import run_sync
from sqlmodel import Session

from bot.channels.port import Channel, Delivered, Fate, Later, Pace, Rejected, Unreachable
from bot.messages import Outgoing
from bot.store import outbox
from bot.store.database import Database

Fates = Sequence[tuple[Outgoing, Fate]]
"""What became of replies."""

log = logging.getLogger(__name__)

LOOK_S = 1.0  # between two looks for what other processes have written
AT_ONCE = 32  # chats
PATIENCE_S = 60.0  # for the platform to answer
LEAVE_S = 5.0  # for the last marks
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 300.0  # after failures in a row


@dataclass
class Pacing:
    """When the next message may go; times in seconds of one monotonic clock. Pure."""

    pace: Pace
    sent: dict[str, deque[float]] = field(default_factory=dict)
    stopped_until: float = 0.0

    def wait_s(self, chat: str, *, group: bool, now: float) -> float:
        """How long this chat has to wait; 0 where it may be written to now."""
        windows = self.pace.group if group and self.pace.group else self.pace.chat
        waits = [self.stopped_until - now]
        waits += [self._wait(chat, window, now) for window in windows]
        waits += [self._wait("", window, now) for window in self.pace.overall]
        return max(0.0, *waits)

    def note(self, chat: str, now: float) -> None:
        for key in (chat, ""):
            self.sent.setdefault(key, deque(maxlen=self._longest())).append(now)
        if len(self.sent) > 4 * AT_ONCE:
            self._forget(now)

    def _wait(self, key: str, window: tuple[int, float], now: float) -> float:
        count, seconds = window
        times = self.sent.get(key, ())
        if len(times) < count:
            return 0.0
        return times[-count] + seconds - now

    def _longest(self) -> int:
        windows = (*self.pace.chat, *self.pace.group, *self.pace.overall)
        return max((count for count, _ in windows), default=1)

    def _forget(self, now: float) -> None:
        windows = (*self.pace.chat, *self.pace.group, *self.pace.overall)
        longest = max((seconds for _, seconds in windows), default=0.0)
        for key in [key for key, times in self.sent.items() if now - times[-1] > longest]:
            del self.sent[key]


@dataclass
class Delivery:
    """Delivers what waits for one channel. `wake` may be called from any thread's event loop."""

    channel: Channel
    database: Database
    clock: Callable[[], datetime]
    now: Callable[[], float]
    threads: anyio.CapacityLimiter
    again: Mapping[str, str] = field(default_factory=dict)  # what a repeat begins with, by language
    busy: set[str] = field(default_factory=set)
    failures: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.pacing = Pacing(self.channel.pace)
        self.news = anyio.Event()
        self.done: list[tuple[Outgoing, Fate]] = []

    def wake(self) -> None:
        self.news.set()

    async def run(self) -> None:
        """Until cancelled."""
        try:
            async with anyio.create_task_group() as tasks:
                while True:
                    self.news = anyio.Event()
                    ready, rest_s = await self._ready()
                    for reply in ready:
                        tasks.start_soon(self._deliver, reply)
                    with anyio.move_on_after(rest_s):
                        await self.news.wait()
        finally:
            if self.done:
                with anyio.move_on_after(LEAVE_S, shield=True):
                    await run_sync(self._exchange, self.done, self.busy, limiter=self.threads)

    async def _ready(self) -> tuple[list[Outgoing], float]:
        """The replies to hand over now, and how long to rest unless something is new.

        Where the database is away it is tried again: a reply that was told is never forgotten.
        """
        done = self.done.copy()
        others = self.busy - {reply.chat for reply, _ in done}
        try:
            ready, rest_s = await run_sync(self._exchange, done, others, limiter=self.threads)
        except Exception:
            log.exception("could not note what was delivered on %s", self.channel.name)
            return [], FIRST_PAUSE_S
        del self.done[: len(done)]
        self.busy -= {reply.chat for reply, _ in done}
        self.busy |= {reply.chat for reply in ready}
        return ready, rest_s

    def _exchange(self, done: Fates, busy: set[str]) -> tuple[list[Outgoing], float]:
        """Write down what became of replies and take the next ones, in one transaction."""
        room = AT_ONCE - len(busy)
        if not done:  # nothing to write yet: look without a lock
            with self.database.read() as sql:
                if not outbox.next_up(sql, self.channel.name, busy, self.clock(), most=room):
                    return [], LOOK_S
        with self.database.write() as sql:
            self._mark(sql, done)
            found = outbox.next_up(sql, self.channel.name, busy, self.clock(), most=room)
            ready, rest_s = self._paced(found)
            if ready:
                outbox.trying(sql, [reply.id for reply in ready], self.clock())
        return ready, rest_s

    def _paced(self, found: Sequence[Outgoing]) -> tuple[list[Outgoing], float]:
        """Those that may go now, and how long the first of the others has to wait."""
        ready, rest_s = [], LOOK_S
        for reply in found:
            wait_s = self.pacing.wait_s(reply.chat, group=reply.group, now=self.now())
            if wait_s > 0:
                rest_s = min(rest_s, wait_s)
            else:
                self.pacing.note(reply.chat, self.now())
                ready.append(reply)
        return ready, rest_s

    async def _deliver(self, reply: Outgoing) -> None:
        fate = await self._handed(reply)
        self.done.append((reply, fate))
        self.wake()

    async def _handed(self, reply: Outgoing) -> Fate:
        if reply.again and reply.text and reply.language in self.again:
            reply = replace(reply, text=f"{self.again[reply.language]}\n{reply.text}")
        try:
            with anyio.fail_after(PATIENCE_S):
                fate = await self.channel.deliver(reply)
        except Exception as error:
            log.exception("reply %s was not delivered on %s", reply.id, self.channel.name)
            fate = Later(0.0, type(error).__name__, unsure=True)
        if not isinstance(fate, Later):
            self.failures.pop(reply.chat, None)
            return fate
        failures = self.failures[reply.chat] = self.failures.get(reply.chat, 0) + 1
        pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (failures - 1))
        later = replace(fate, after_s=fate.after_s or pause)
        if later.everybody:
            self.pacing.stopped_until = self.now() + later.after_s
        return later

    def _mark(self, sql: Session, done: Fates) -> None:
        now = self.clock()
        told = [(reply.id, fate.message_id) for reply, fate in done if isinstance(fate, Delivered)]
        if told:
            outbox.delivered(sql, told, now)
        for reply, fate in done:
            match fate:
                case Later(after_s, why, unsure=unsure):
                    due_at = now + timedelta(seconds=after_s)
                    outbox.later(sql, reply.id, due_at, why, unsure=unsure)
                case Unreachable(why):
                    key = f"{self.channel.name}:{reply.chat}"
                    outbox.cannot_reach(sql, reply.id, conversation=key, why=why, now=now)
                case Rejected(why):
                    outbox.reject(sql, reply.id, why, now)
                case Delivered():
                    pass

"""The application as the channels see it: who is let in, in which order, and when to deliver."""

import logging
import shutil
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import anyio
from anyio.to_thread import run_sync

from bot.assistant import Assistant
from bot.messages import Message, Outgoing, Peer
from bot.store import invitations, outbox, people
from bot.store.database import Database

log = logging.getLogger(__name__)

T = TypeVar("T")

AT_ONCE = 8  # turns: while one waits for the disk, others are thought about
CODES_TRIED = 5  # by one unknown person, in
CODES_WITHIN_S = 3600.0
STRANGERS = 10_000  # remembered
VISIT_S = 10.0  # so soon after a greeting a bare /start says nothing new


@dataclass
class Strangers:
    """How often people whom nobody invited have tried codes; the oldest are forgotten."""

    tries: OrderedDict[str, list[float]] = field(default_factory=OrderedDict)

    def may_try(self, who: str, now: float) -> bool:
        recent = [at for at in self.tries.pop(who, []) if now - at < CODES_WITHIN_S]
        allowed = len(recent) < CODES_TRIED
        self.tries[who] = [*recent, now][-CODES_TRIED:]
        while len(self.tries) > STRANGERS:
            self.tries.popitem(last=False)
        return allowed


@dataclass
class _Line:
    """One chat's queue: a lock, and how many stand in it."""

    lock: anyio.Lock = field(default_factory=anyio.Lock)
    waiting: int = 0


@dataclass
class Desk:
    """See bot.channels.port.Front. `wake` says that replies may wait for a channel."""

    assistant: Assistant
    database: Database
    clock: Callable[[], datetime]
    now: Callable[[], float]
    folder: Path  # below it channels keep the files they fetch, each in a folder of its own
    wake: Callable[[str], object] = lambda _channel: None
    strangers: Strangers = field(default_factory=Strangers)
    lines: dict[str, _Line] = field(default_factory=dict)
    greeted: OrderedDict[tuple[str, str], float] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        self.threads = anyio.CapacityLimiter(AT_ONCE)

    async def receive(self, peer: Peer, message: Message) -> bool:
        """Keep one message with everything it leads to."""
        try:
            return await self._in_line(peer, partial(self._take, peer, message))
        finally:
            for path in message.paths:
                await run_sync(self._clear, path)
            self.wake(peer.channel)

    async def knows(self, peer: Peer) -> bool:
        """Whether anybody is enrolled there."""
        return await run_sync(self._known, peer, limiter=self.threads)

    async def visited(self, peer: Peer) -> None:
        """Tell somebody who opened the chat where they stand."""
        await self._in_line(peer, partial(self.assistant.greet, peer))
        self.greeted[peer.key, peer.user] = self.now()
        if len(self.greeted) > STRANGERS:
            self.greeted.popitem(last=False)
        self.wake(peer.channel)

    async def moved(self, channel: str, old: str, new: str) -> None:
        """The chat has another name now."""
        await run_sync(self._move, channel, old, new, limiter=self.threads)
        self.wake(channel)

    async def delivered(self, peer: Peer, message_id: str) -> Outgoing | None:
        """What was said under this id of the platform's, also by a process before this one."""
        return await run_sync(self._delivered, peer, message_id, limiter=self.threads)

    async def _in_line(self, peer: Peer, work: Callable[[], T]) -> T:
        line = self.lines.setdefault(peer.key, _Line())
        line.waiting += 1
        try:
            async with line.lock:
                return await run_sync(work, limiter=self.threads)
        finally:
            line.waiting -= 1
            if not line.waiting:
                self.lines.pop(peer.key, None)

    def _clear(self, path: Path) -> None:
        """What was fetched is stored by now, or refused."""
        if path.parent.parent == self.folder:
            shutil.rmtree(path.parent, ignore_errors=True)

    def _known(self, peer: Peer) -> bool:
        with self.database.read() as sql:
            return people.who(sql, peer.channel, peer.user) is not None

    def _delivered(self, peer: Peer, message_id: str) -> Outgoing | None:
        with self.database.read() as sql:
            return outbox.known_as(sql, peer.key, message_id) if message_id else None

    def _move(self, channel: str, old: str, new: str) -> None:
        with self.database.write() as sql:
            outbox.moved(sql, channel, old, new)

    def _take(self, peer: Peer, message: Message) -> bool:
        if message.text.strip() == "/start" and self._just_greeted(peer):
            return self._known(peer)
        code = invitations.shaped(message.text)
        if not code:
            return self.assistant.handle(peer, message)
        known = self._known(peer)
        starts = message.text.strip().lower().startswith("/start")
        if known and not starts:  # a word that merely looks like a code
            return self.assistant.handle(peer, message)
        if not known and (peer.group or not self._enter(peer, code)):
            return False
        self.assistant.greet(peer, replace(message, text="/start"))  # noted: it may come again
        return True

    def _just_greeted(self, peer: Peer) -> bool:
        """Telegram tells of an unblocking, and the same tap says /start: one greeting is enough."""
        at = self.greeted.pop((peer.key, peer.user), None)
        return at is not None and self.now() - at < VISIT_S

    def _enter(self, peer: Peer, code: str) -> bool:
        """A one-time code makes a stranger a colleague; whoever guesses is soon not heard."""
        if not self.strangers.may_try(f"{peer.channel}:{peer.user}", self.now()):
            log.warning("too many codes tried by one stranger on %s", peer.channel)
            return False
        with self.database.write() as sql:
            at = (peer.channel, peer.user)
            return invitations.enter(sql, self.database.vault, code, at=at, now=self.clock())

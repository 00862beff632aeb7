"""The application behind the web page: who is signed in, what is new, what is said.

The page is not a channel that replies are delivered to: nothing here knows whether a browser is
open. It reads its conversation's outbox, whoever wrote there, and a reply counts as delivered once
a browser has said, with its next request, that it shows it.
"""

import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import anyio
from anyio.to_thread import run_sync

from bot import attachments
from bot.assistant import Assistant
from bot.channels.web.desk import Report, Seen, TooLargeError, Values, Visitor
from bot.front import Desk
from bot.inbound.limits import Limits
from bot.messages import Message, Peer
from bot.store import invitations, runs, shown
from bot.store.database import Database
from bot.webview import View

HOLD_S = 20.0  # a request waits so long for news
LOOK_S = 0.5  # between two looks for what other processes have written
STALL_S = 60.0  # for the next piece of a file
LOOKING, WRITING = 4, 4  # threads, and files at once
CODES_PER_S, CODES_AT_ONCE = 1 / 60, 20.0  # tried from one address

T = TypeVar("T")


@dataclass
class WebDesk:
    """See bot.channels.web.desk.Desk. `ending` says that the server is about to stop."""

    assistant: Assistant
    front: Desk
    progress: Callable[[str], str]
    ending: Callable[[], bool] = lambda: False
    limits: Limits = field(default_factory=lambda: Limits(CODES_PER_S, CODES_AT_ONCE))

    def __post_init__(self) -> None:
        self.view = View(self.database, self.assistant.scenery, self.progress)
        self.threads = anyio.CapacityLimiter(LOOKING)
        self.writing = anyio.CapacityLimiter(WRITING)
        self.looking = anyio.Lock()
        self.looked_at = float("-inf")
        self.newest: object = None
        self.said = anyio.Event()

    @property
    def database(self) -> Database:
        return self.assistant.database

    def may_try(self, address: str) -> bool:
        return self.limits.takes(address, self.front.now())

    def entered(self, address: str) -> None:
        self.limits.returns(address)

    async def sign_in(self, code: str, before: str) -> str:
        return await self._write(partial(self._sign_in, code, before))

    def _sign_in(self, code: str, before: str) -> str:
        shaped = invitations.shaped(code)
        if not shaped:
            return ""
        vault = self.database.vault
        with self.database.write() as sql:
            token = invitations.sign_in(sql, vault, shaped, self.assistant.clock())
            if token and before:
                invitations.sign_out(sql, vault, before)
        return token or ""

    async def visitor(self, token: str) -> Visitor | None:
        return await self._read(partial(self._visitor, token)) if token else None

    def _visitor(self, token: str) -> Visitor | None:
        with self.database.read() as sql:
            known = invitations.signed_in(sql, self.database.vault, token, self.assistant.clock())
        return Visitor(known.id, known.name, known.language) if known else None

    async def sign_out(self, token: str) -> None:
        await self._write(partial(self._sign_out, token))

    def _sign_out(self, token: str) -> None:
        with self.database.write() as sql:
            invitations.sign_out(sql, self.database.vault, token)

    async def opened(self, visitor: Visitor) -> None:
        if not await self._read(partial(self.view.is_up_to_date, visitor.id)):
            await self.front.visited(_peer(visitor))
            self._wake()

    async def news(self, visitor: Visitor, seen: Seen) -> Values:
        if seen.shown:
            await self._write(partial(self._acknowledge, visitor, seen.shown))
        look = partial(self.view.news, visitor.id, seen)
        until = self.front.now() + HOLD_S
        while True:
            before, changed = await self._stamp(), self.said
            found = await self._read(look)
            if found["lines"] or found["state"] != seen.state:
                return found
            if self.ending() or not await self._change(before, changed, until):
                return found

    def _acknowledge(self, visitor: Visitor, replies: tuple[int, ...]) -> None:
        with self.database.write() as sql:
            shown.acknowledge(sql, _peer(visitor).key, replies, self.assistant.clock())

    async def _change(self, before: object, changed: anyio.Event, until: float) -> bool:
        """Whether anything was said here, or written by another process, before time was up."""
        while not self.ending() and self.front.now() < until:
            with anyio.move_on_after(LOOK_S):
                await changed.wait()
            if changed.is_set() or await self._stamp() != before:
                return True
        return False

    async def _stamp(self) -> object:
        """What differs as soon as anything is new for anybody; one look serves all who wait."""
        async with self.looking:
            if self.front.now() - self.looked_at >= LOOK_S / 2:
                self.newest = await self._read(self._look)
                self.looked_at = self.front.now()
            return self.newest

    def _look(self) -> object:
        with self.database.read() as sql:
            busy = runs.any_going_on(sql)
            return (*shown.newest(sql), self.front.now() if busy else 0.0)

    async def say(self, visitor: Visitor, message: Message) -> bool:
        kept = await self.front.receive(_peer(visitor), message)
        self._wake()
        return kept

    async def say_in_call(self, visitor: Visitor, message: Message, case: int) -> bool:
        """Buttons on the screen name a question, not a vendor: it must be the one talked about."""
        about = await self._read(partial(self.view.talks_about, visitor.id, case))
        return about and await self.say(visitor, message)

    def _wake(self) -> None:
        self.looked_at = float("-inf")
        self.said.set()
        self.said = anyio.Event()

    async def upload(
        self, visitor: Visitor, message: Message, name: str, body: AsyncIterator[bytes]
    ) -> None:
        folder = self.front.folder / secrets.token_hex(8)
        path = folder / attachments.shown_name(name).lstrip(".")
        async with self.writing:
            await anyio.Path(folder).mkdir(mode=0o700)
            try:
                await _written(path, body)
                await self.say(visitor, replace(message, paths=(path,)))
            finally:
                await anyio.Path(path).unlink(missing_ok=True)
                if await anyio.Path(folder).exists():
                    await anyio.Path(folder).rmdir()

    async def report(self, visitor: Visitor, reply: int) -> Report | None:
        path = await self._read(partial(self._file, visitor, reply))
        if not path or not await anyio.Path(path).is_file():
            return None
        return Report(path, Path(path).name)

    def _file(self, visitor: Visitor, reply: int) -> str:
        with self.database.read() as sql:
            return shown.file_of(sql, _peer(visitor).key, reply)

    def words(self) -> Mapping[str, Mapping[str, str]]:
        return {
            language: {key: text for key, text in wording.phrases.items() if key.startswith("web.")}
            for language, wording in self.assistant.scenery.wordings.items()
        }

    async def _read(self, work: Callable[[], T]) -> T:
        return await run_sync(work, limiter=self.threads)

    async def _write(self, work: Callable[[], T]) -> T:
        """Among the turns, so that writers do not wait for each other inside the database."""
        return await run_sync(work, limiter=self.front.threads)


def _peer(visitor: Visitor) -> Peer:
    return Peer("web", str(visitor.id), str(visitor.id), visitor.name)


async def _written(path: Path, body: AsyncIterator[bytes]) -> None:
    """The body in a file, as it comes."""
    size = 0
    async with await anyio.open_file(path, "xb") as file:
        pieces = aiter(body)
        while True:
            with anyio.fail_after(STALL_S):
                piece = await anext(pieces, None)
            if piece is None:
                return
            size += len(piece)
            if size > attachments.MOST:
                raise TooLargeError
            await file.write(piece)

"""What the Telegram tests share: the fake, the channel on it, a Front of their own, a judge."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anyio
from aiogram import methods, types
from aiogram.methods import TelegramMethod
from pydantic import BaseModel, ValidationError

from bot.channels.telegram import Account, build
from bot.channels.telegram.channel import Telegram
from bot.fakes.telegram import Fake, Fault, serve
from bot.messages import Message, Outgoing, Peer

ANNA, BO, CARL, STRANGER = 1001, 1002, 1003, 1004
GROUP = -500
OBJECTS: dict[str, type[BaseModel]] = {
    "update": types.Update,
    "message": types.Message,
    "user": types.User,
    "file": types.File,
    "chat": types.ChatFullInfo,
}


@dataclass
class Judge:
    """The Bot API as aiogram's generated models have it; what goes against it is noted."""

    noted: list[str] = field(default_factory=list)

    def request(self, method: str, values: dict[str, Any]) -> None:
        model: type[TelegramMethod[Any]] = getattr(methods, method[0].upper() + method[1:])
        known = model.model_fields
        self.noted += [f"{method}: no parameter {name}" for name in values if name not in known]
        read = {name: _read(value) for name, value in values.items() if name in known}
        self._validate(method, model, read)

    def object(self, kind: str, value: Any) -> None:
        if kind in OBJECTS:
            self._validate(kind, OBJECTS[kind], value)

    def _validate(self, what: str, model: type[BaseModel], value: Any) -> None:
        try:
            seen = model.model_validate(value)
        except ValidationError as error:
            self.noted.append(f"{what}: {error}")
        else:
            self.noted += [f"{what}: {one}" for one in extras(seen)]


def extras(value: Any, at: str = "") -> list[str]:
    """Fields that the models do not have, however deep."""
    if isinstance(value, list | tuple):
        return [one for part in value for one in extras(part, at)]
    if not isinstance(value, BaseModel):
        return []
    found = [f"{at}.{name} is unknown" for name in value.model_extra or {}]
    for name in type(value).model_fields:
        found += extras(getattr(value, name), f"{at}.{name}")
    return found


def _read(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in {"{", "["}:
        return json.loads(value)
    return value


@dataclass
class Recorder:
    """A Front that keeps what it is told, once per chat and id; `before` runs before that."""

    heard: list[tuple[Peer, Message]] = field(default_factory=list)
    content: list[bytes] = field(default_factory=list)
    visits: list[Peer] = field(default_factory=list)
    moves: list[tuple[str, str, str]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    before: Callable[[Peer, Message], Awaitable[None]] | None = None

    async def receive(self, peer: Peer, message: Message) -> bool:
        self.calls.append(message.id)
        if peer.user == str(STRANGER):
            return False
        if self.before is not None:
            await self.before(peer, message)
        if (peer.key, message.id) in {(one.key, said.id) for one, said in self.heard}:
            return True
        self.content += [path.read_bytes() for path in message.paths]
        self.heard.append((peer, message))
        return True

    async def knows(self, peer: Peer) -> bool:
        return True

    async def visited(self, peer: Peer) -> None:
        self.visits.append(peer)

    async def moved(self, channel: str, old: str, new: str) -> None:
        self.moves.append((channel, old, new))

    async def delivered(self, peer: Peer, message_id: str) -> Outgoing | None:
        return None

    @property
    def texts(self) -> list[str]:
        return [message.text for _, message in self.heard]

    async def until(self, count: int, within_s: float = 10) -> None:
        await until(lambda: len(self.heard) >= count, within_s)


async def until(true: Callable[[], bool], within_s: float = 10) -> None:
    with anyio.fail_after(within_s):
        while not true():  # noqa: ASYNC110 - what is waited for may happen anywhere
            await anyio.sleep(0.01)


@dataclass
class Stage:
    """A fake on a socket, and a channel that speaks with it."""

    fake: Fake
    url: str
    folder: Path
    judge: Judge
    front: Recorder = field(default_factory=Recorder)

    def account(self, **more: Any) -> Account:
        plain = Account(
            self.fake.token,
            base_url=f"{self.url}/bot",
            poll_s=2,
            cool_s=0.2,
        )
        return replace(plain, **more)

    @asynccontextmanager
    async def channel(self, **more: Any) -> AsyncIterator[Telegram]:
        channel = build(self.account(**more), self.folder)
        try:
            yield channel
        finally:
            await channel.close()

    @asynccontextmanager
    async def listening(
        self, front: Recorder | None = None, **more: Any
    ) -> AsyncIterator[Telegram]:
        async with self.channel(**more) as channel, anyio.create_task_group() as tasks:
            tasks.start_soon(channel.listen, front or self.front)
            yield channel
            tasks.cancel_scope.cancel()

    def refuse(self, method: str, code: int, words: str, **more: Any) -> None:
        self.fake.faults.set(Fault("refuse", method, code=code, words=words, **more))

    def called(self, method: str) -> list[Any]:
        return [call for call in self.fake.calls if call.method == method]


@asynccontextmanager
async def stage(folder: Path, **more: Any) -> AsyncIterator[Stage]:
    """Everything the bot asked is judged at the end."""
    judge = Judge()
    fake = Fake(check_request=judge.request, check_object=judge.object, **more)
    for number, name in ((ANNA, "Anna"), (BO, "Bo"), (CARL, "Carl")):
        fake.person(number, name)
    async with serve(fake) as url:
        yield Stage(fake, url, folder, judge)
    assert [] == judge.noted, judge.noted


def reply(text: str, chat: int = ANNA, **more: Any) -> Outgoing:
    plain = Outgoing(1, text, (), "", numbered=False, chat=str(chat), group=chat < 0)
    return replace(plain, **more)

"""A fake WeCom, our channel on it, and a core that only remembers what it was told."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio

from bot.channels.port import Fate, Later
from bot.channels.wecom import Fetching, LongConnection, Patience, Times, Wecom
from bot.fakes.wecom import FakeWecom, Limits, fake_wecom
from bot.messages import Message, Outgoing, Peer

QUICK = Times(
    connect_s=2,
    ping_s=0.05,
    ack_s=0.3,
    first_back_off_s=0.02,
    longest_back_off_s=0.1,
    cool_down_s=0.3,
    silence_s=60,
)
PATIENT = Patience(
    again_s=0.02, lost_s=0.2, rate_s=0.05, conflict_s=0.01, refusals=2, upload_ack_s=2, chunk_s=0.01
)
YES_NO = (("是", "12:7:yes"), ("否", "12:7:no"))


@dataclass
class Core:
    """What a channel passed on. `answer`: called for each message, in its turn."""

    heard: list[tuple[Peer, Message]] = field(default_factory=list)
    visits: list[Peer] = field(default_factory=list)
    fails: int = 0  # so many times keeping a message fails
    slow: dict[str, float] = field(default_factory=dict)  # seconds a chat's messages take
    strangers: set[str] = field(default_factory=set)  # chats where nobody is enrolled
    told: dict[tuple[str, str], Outgoing] = field(default_factory=dict)  # by chat and message id

    async def receive(self, peer: Peer, message: Message) -> bool:
        if self.fails:
            self.fails -= 1
            raise OSError("the database is locked")
        await anyio.sleep(self.slow.get(peer.chat, 0))
        self.heard.append((peer, message))
        return peer.chat not in self.strangers

    async def knows(self, peer: Peer) -> bool:
        return peer.chat not in self.strangers

    async def visited(self, peer: Peer) -> None:
        self.visits.append(peer)

    async def moved(self, channel: str, old: str, new: str) -> None:
        raise AssertionError("WeCom chats keep their names")

    async def delivered(self, peer: Peer, message_id: str) -> Outgoing | None:
        return self.told.get((peer.chat, message_id))

    @property
    def messages(self) -> list[Message]:
        return [message for _, message in self.heard]

    async def hears(self, count: int = 1) -> list[Message]:
        """Wait for so many messages in all."""
        await until(lambda: len(self.heard) >= count)
        return self.messages


@dataclass
class Stage:
    fake: FakeWecom
    line: LongConnection
    channel: Wecom
    core: Core
    numbers: int = 0

    async def deliver(self, chat: str, text: str = "", **more: Any) -> Fate:
        """One attempt with a new reply."""
        return await self.channel.deliver(self.reply(chat, text, **more))

    def reply(self, chat: str, text: str = "", **more: Any) -> Outgoing:
        self.numbers += 1
        fields = {"buttons": (), "file": "", "numbered": True, **more}
        return Outgoing(self.numbers, text, chat=chat, **fields)

    async def insist(self, reply: Outgoing) -> Fate:
        """As the delivery does: again after the time that was asked for."""
        with anyio.fail_after(5):
            while True:
                fate = await self.channel.deliver(reply)
                if not isinstance(fate, Later):
                    return fate
                await anyio.sleep(fate.after_s)


async def until(true: Callable[[], bool], timeout_s: float = 5) -> None:
    with anyio.fail_after(timeout_s):
        while not true():  # noqa: ASYNC110 - what is waited for has no event
            await anyio.sleep(0.005)


@asynccontextmanager
async def staged(
    folder: Path, *, times: Times = QUICK, limits: Limits | None = None, most: int = 1 << 20
) -> AsyncIterator[Stage]:
    async with fake_wecom(limits=limits) as fake, anyio.create_task_group() as tasks:
        line = LongConnection(fake.bot_id, fake.secret, fake.url, times=times)
        fetching = Fetching(folder / "in", most=most, tries=2, pause_s=0.01)
        channel = Wecom(
            line, folder / "in", fetching=fetching, patience=PATIENT, again_s=(0.01, 0.02)
        )
        core = Core()
        tasks.start_soon(channel.listen, core)
        await until(lambda: line.up)
        yield Stage(fake, line, channel, core)
        tasks.cancel_scope.cancel()

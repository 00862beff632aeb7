"""The application behind a channel of our own making, on a real database."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import anyio

from bot import app
from bot.channels.port import Delivered, Fate, Front, Pace
from bot.delivery import Delivery
from bot.front import Desk
from bot.messages import Message, Outgoing, Peer
from bot.settings import load
from bot.store import invitations, people
from bot.store.database import Database


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Scripted:
    """A channel that keeps what it is told to deliver; `fates` are taken first, in order."""

    name: str = "telegram"
    pace: Pace = field(default_factory=Pace)
    fates: list[Fate] = field(default_factory=list)
    told: list[Outgoing] = field(default_factory=list)
    slow_s: float = 0.0

    async def listen(self, front: Front) -> None:
        await anyio.sleep_forever()

    async def deliver(self, reply: Outgoing) -> Fate:
        await anyio.sleep(self.slow_s)
        fate = self.fates.pop(0) if self.fates else Delivered(f"m{reply.id}")
        if isinstance(fate, Delivered):
            self.told.append(reply)
        return fate

    async def close(self) -> None:
        """Nothing is held."""


@dataclass
class Office:
    """An opened application with its front, and people who were let in."""

    built: app.App
    desk: Desk

    @property
    def database(self) -> Database:
        return self.built.database

    def invite(self, name: str, *roles: str) -> str:
        with self.database.write() as sql:
            vault = self.database.vault
            return invitations.invite(sql, vault, name, roles=frozenset(roles), now=now())

    async def enter(
        self, name: str, *roles: str, user: str = "", channel: str = "telegram"
    ) -> Peer:
        """Somebody who has used their code in a chat of their own."""
        peer = Peer(channel, user or name, user or name, name)
        code = self.invite(name, *(roles or ("technical", "approver")))
        assert await self.desk.receive(peer, Message("enter", text=f"/start {code}"))
        return peer

    def waiting(self, peer: Peer) -> list[Outgoing]:
        return self.built.assistant.waiting(peer.key)

    def told(self, peer: Peer) -> str:
        """What waits for this chat, as text; it counts as delivered from now on."""
        replies = self.waiting(peer)
        self.built.assistant.told(replies)
        return "\n".join(reply.text for reply in replies)

    def known(self, channel: str, user: str) -> str | None:
        with self.database.read() as sql:
            found = people.who(sql, channel, user)
            return found.name if found else None


@contextmanager
def opened(home: Path, url: str = "") -> Iterator[Office]:
    settings = {"SMSVET_HOME": str(home)} | ({"SMSVET_DATABASE_URL": url} if url else {})
    with app.opened(load(settings)) as built:
        folder = home / "incoming"
        folder.mkdir(exist_ok=True)
        yield Office(built, Desk(built.assistant, built.database, now, _monotonic, folder))


@asynccontextmanager
async def delivering(office: Office, channel: Scripted) -> AsyncIterator[Delivery]:
    """Delivers through `channel` as long as it is open."""
    delivery = Delivery(channel, office.database, now, _monotonic, office.desk.threads)
    office.desk.wake = lambda _name: delivery.wake()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(delivery.run)
        yield delivery
        tasks.cancel_scope.cancel()


async def until(condition, seconds: float = 10.0) -> None:
    """Wait for something to become true."""
    with anyio.fail_after(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for raises no event
            await anyio.sleep(0.01)


def _monotonic() -> float:
    return time.monotonic()

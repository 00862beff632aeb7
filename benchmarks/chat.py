"""What a turn of a conversation costs: taken in, kept, and its reply handed over.

    python benchmarks/chat.py HOME [--url DATABASE] [--open N] [--turns N] [--seconds N]

One process does what `smsvet serve` does, with a channel that only counts. HOME is an empty
directory on a real disk: what is measured is durable. `--open` people, each in the middle of an
evaluation of their own, press buttons and type; afterwards every turn must stand in the database
once, and every reply must have been handed over and noted so.
"""

import argparse
import json
import math
import statistics
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypedDict

import anyio
import machine
import sqlalchemy as sa

sys.path.insert(0, str(machine.ROOT))

from bot import app
from bot.channels.port import Delivered, Fate, Front, Pace
from bot.delivery import Delivery
from bot.front import Desk
from bot.messages import Message, Outgoing, Peer
from bot.settings import load
from bot.store import invitations, tables

OPENING = ("新建 云信达", "完整", "1", "否", "否")
ANSWERED = 20
AT_ONCE = 32  # turns under way while the rate is not limited
PACE = 100.0  # turns/s
ROUNDS = 3  # whose median is the rate
WARM = 50  # turns
MEASURED = "m"  # how the ids of messages begin that count
MARKED_S = 0.5  # for noting what was delivered last
TYPED = 3  # every third answer is typed, the others are pressed


class Measured(TypedDict):
    """Times run from when a message was due: until it was kept, until its reply was handed over.

    `late_p99_ms` is how late the benchmark itself was with handing messages in. CPU is
    this process's, delivery and benchmark included.
    """

    turns_per_s: float
    cpu_ms_per_turn: float
    p50_ms: float
    p99_ms: float
    told_p50_ms: float
    told_p99_ms: float
    late_p99_ms: float
    kb_per_conversation: float | None
    turns: int  # in all


@dataclass
class Turn:
    """When it was due, and how long it took from then on."""

    due: float
    kept_s: float = 0.0
    told_s: float = 0.0
    told: anyio.Event = field(default_factory=anyio.Event)


@dataclass
class Talker:
    """One person: what they can press, and the turn whose reply has not come."""

    peer: Peer
    said: int = 0
    buttons: tuple[tuple[str, str], ...] = ()
    waiting: Turn | None = None
    turns: anyio.Lock = field(default_factory=anyio.Lock)

    def says(self, message_id: str) -> Message:
        self.said += 1
        if not self.buttons or not self.said % TYPED:
            return Message(message_id, text="否")
        return Message(message_id, action=self.buttons[0][1])


@dataclass
class Counting:
    """A channel that does nothing but count. Named as one whose messages are counted."""

    talkers: dict[str, Talker]
    name: str = "telegram"
    pace: Pace = field(default_factory=Pace)
    told: int = 0

    def __post_init__(self) -> None:
        self.rested, self.free = anyio.create_memory_object_stream[Talker](math.inf)

    async def listen(self, front: Front) -> None:
        await anyio.sleep_forever()

    async def deliver(self, reply: Outgoing) -> Fate:
        talker = self.talkers[reply.chat]
        talker.buttons = reply.buttons
        if (turn := talker.waiting) is not None:
            talker.waiting = None
            turn.told_s = time.perf_counter() - turn.due
            turn.told.set()
            self.rested.send_nowait(talker)
        self.told += 1
        return Delivered(str(self.told))

    async def close(self) -> None:
        """Nothing is held."""


@dataclass
class Stage:
    """The application at work, and everybody who may speak."""

    desk: Desk
    channel: Counting
    ids: Iterator[str]  # of messages

    async def turn(self, talker: Talker, due: float) -> Turn:
        """From when it is due until its reply was handed over.

        Nobody speaks before they were answered: a button pressed twice is answered once.
        """
        async with talker.turns:
            turn = talker.waiting = Turn(due)
            message = talker.says(next(self.ids))
            if not await self.desk.receive(talker.peer, message):
                raise machine.BenchmarkError("somebody who was invited is not known")
            turn.kept_s = time.perf_counter() - due
            await turn.told.wait()
        return turn

    async def unlimited(self, turns: int) -> float:
        """So many turns as fast as they go, each person waiting for their answer; their rate."""
        left = iter(range(turns))
        began = time.perf_counter()
        async with anyio.create_task_group() as tasks:
            for _ in range(min(AT_ONCE, len(self.channel.talkers))):
                tasks.start_soon(self._keep_busy, left)
        return turns / (time.perf_counter() - began)

    async def _keep_busy(self, left: Iterator[int]) -> None:
        """Whoever has rested longest speaks next, and is listened to until they were answered."""
        for _ in left:
            talker = await self.channel.free.receive()
            await self.turn(talker, time.perf_counter())

    async def paced(self, seconds: float) -> list[tuple[float, float, float]]:
        """Turns at a steady rate, whether or not the last ones are done: (late, kept, told)."""
        talkers = list(self.channel.talkers.values())
        found: list[tuple[float, float, float]] = []
        began = time.perf_counter() + 0.05
        async with anyio.create_task_group() as tasks:
            for number in range(round(PACE * seconds)):
                due = began + number / PACE
                await anyio.sleep(max(0.0, due - time.perf_counter()))
                tasks.start_soon(self._noted, talkers[number % len(talkers)], due, found)
        return found

    async def _noted(
        self, talker: Talker, due: float, found: list[tuple[float, float, float]]
    ) -> None:
        late = time.perf_counter() - due
        turn = await self.turn(talker, due)
        found.append((late, turn.kept_s, turn.told_s))


@asynccontextmanager
async def staged(
    built: app.App, people: Sequence[Peer], ids: Iterator[str]
) -> AsyncIterator[Stage]:
    """The desk and the deliveries of one channel, as `smsvet serve` runs them."""
    channel = Counting({peer.chat: Talker(peer) for peer in people})
    for talker in channel.talkers.values():
        channel.rested.send_nowait(talker)
    folder = built.settings.home / "incoming"
    folder.mkdir(exist_ok=True)
    desk = Desk(built.assistant, built.database, app.now, time.monotonic, folder)
    delivery = Delivery(channel, built.database, app.now, time.monotonic, desk.threads)
    desk.wake = lambda _name: delivery.wake()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(delivery.run)
        yield Stage(desk, channel, ids)
        await anyio.sleep(MARKED_S)
        tasks.cancel_scope.cancel()


async def measure(built: app.App, people: Sequence[Peer], turns: int, seconds: float) -> Measured:
    """Memory, then the highest rate, then a steady one."""
    numbers = count()
    ids = (f"{MEASURED}{number}" for number in numbers)
    async with staged(built, people[:1], ids) as one:
        await one.unlimited(WARM)  # what the first turns bring along whoever speaks
    before = machine.resident_bytes()
    async with staged(built, people, ids) as stage:
        await stage.unlimited(len(people))
        after = machine.resident_bytes()
        cpu = machine.own_cpu_s()
        rates = [await stage.unlimited(turns) for _ in range(ROUNDS)]
        cpu_ms = (machine.own_cpu_s() - cpu) / (turns * ROUNDS) * 1e3
        late, kept, told = map(sorted, zip(*await stage.paced(seconds), strict=True))
    said = next(numbers)
    _check(built, said)
    return {
        "turns_per_s": statistics.median(rates),
        "cpu_ms_per_turn": cpu_ms,
        "p50_ms": _share(kept, 0.5),
        "p99_ms": _share(kept, 0.99),
        "told_p50_ms": _share(told, 0.5),
        "told_p99_ms": _share(told, 0.99),
        "late_p99_ms": _share(late, 0.99),
        "kb_per_conversation": (after - before) / len(people) / 1024 if before and after else None,
        "turns": said,
    }


def _share(times: Sequence[float], share: float) -> float:
    return times[min(len(times) - 1, int(len(times) * share))] * 1e3


def _check(built: app.App, said: int) -> None:
    """Every turn is kept once, and nothing is left to be told."""
    turn, outbox = tables.Turn.__table__, tables.Outbox.__table__  # type: ignore[attr-defined]
    kept = (
        sa.select(sa.func.count()).select_from(turn).where(turn.c.message_id.like(f"{MEASURED}%"))
    )
    left = sa.select(sa.func.count()).select_from(outbox).where(outbox.c.delivered_at.is_(None))
    with built.database.read() as sql:
        found = sql.execute(kept).scalar_one(), sql.execute(left).scalar_one()
    if found != (said, 0):
        raise machine.BenchmarkError(f"{found[0]} of {said} turns kept, {found[1]} replies left")


def people(number: int) -> list[Peer]:
    return [Peer("telegram", f"{each}", f"{each}", f"p{each}") for each in range(number)]


async def walk(built: app.App, peer: Peer) -> None:
    """One person, invited, until the middle of an evaluation."""
    with built.database.write() as sql:
        roles = frozenset({"technical", "approver"})
        code = invitations.invite(sql, built.database.vault, peer.name, roles=roles, now=app.now())
    ids = (f"walk{number}" for number in count())
    async with staged(built, [peer], ids) as stage:
        for text in (f"/start {code}", *OPENING):
            await stage.desk.receive(peer, Message(next(ids), text=text))
        await stage.unlimited(ANSWERED)


def copy(built: app.App, number: int) -> None:
    """So many people as far as the first one is: rows of a database, no turns of theirs."""
    with built.database.write() as sql:
        found = {
            name: [dict(row) for row in sql.execute(sa.select(table)).mappings()]
            for name, table in tables.metadata.tables.items()
            if name in COPIED
        }
        for each in range(1, number):
            for name, changed in COPIED.items():
                rows = [_without_id(row) | changed(each, row) for row in found[name]]
                sql.execute(sa.insert(tables.metadata.tables[name]), rows)


def _without_id(row: dict[str, Any]) -> dict[str, Any]:
    return {column: value for column, value in row.items() if column != "id"}


COPIED: dict[str, Callable[[int, dict[str, Any]], dict[str, Any]]] = {
    "person": lambda each, _: {"id": each + 1, "name": f"p{each}"},
    "identity": lambda each, _: {"user": f"{each}", "person_id": each + 1},
    "conversation": lambda each, row: {
        "id": f"telegram:{each}",
        "person_id": each + 1,
        "state": row["state"] | {"case": each + 1},
    },
    "evaluation": lambda each, _: {"id": each + 1, "created_by": each + 1},
    "turn": lambda each, _: {"conversation_id": f"telegram:{each}", "person_id": each + 1},
    "outbox": lambda each, _: {"conversation_id": f"telegram:{each}"},
    "answer": lambda each, _: {
        "evaluation_id": each + 1,
        "person_id": each + 1,
        "turn_id": None,
    },
}
"""What is copied, parents first, and what becomes of its keys for person number `each`."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("home", help="an empty directory")
    parser.add_argument("--url", default="", help="of an empty database; SQLite by default")
    parser.add_argument("--open", type=int, default=1000, help="conversations")
    parser.add_argument("--turns", type=int, default=1500, help=f"in each of {ROUNDS} rounds")
    parser.add_argument("--seconds", type=float, default=20, help=f"at {PACE:g} turns/s")
    parser.add_argument("--prepare", action="store_true", help="only put everybody in their place")
    asked = parser.parse_args()
    settings = {"SMSVET_HOME": asked.home} | (
        {"SMSVET_DATABASE_URL": asked.url} if asked.url else {}
    )
    everybody = people(asked.open)
    with app.opened(load(settings)) as built:
        if asked.prepare:
            anyio.run(walk, built, everybody[0])
            copy(built, asked.open)
            sys.stdout.write("{}\n")
        else:
            found = anyio.run(measure, built, everybody, asked.turns, asked.seconds)
            sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()

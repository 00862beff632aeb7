"""`smsvet serve` killed at any moment: no answer is lost, none is told twice without saying so."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import pytest
import sqlalchemy as sa
from sqlmodel import select

from bot import app, wording
from bot.fakes.telegram import Fake, people, serve
from bot.settings import CONTENT, load
from bot.store import invitations
from bot.store.database import Database
from bot.store.tables import Answer, Lease, Outbox, Turn

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(900)]

ROOT = Path(__file__).parent.parent.parent
OPENING = ("新建 云信达", "完整", "1", "否", "否")
LATER = "以后"  # answers any question, and is kept as an answer
AGAIN = wording.load(CONTENT / "wording")["zh"].phrases["delivery.again"] + "\n"
QUIET_S = 150.0  # for what waits at the end, at the platform's pace
MOST_S = 1.0  # a process lives at most so long once it listens


@dataclass
class Street:
    """A platform that survives, ten people on it, and a process that does not."""

    fake: Fake
    url: str
    home: Path
    database: Database
    chance: random.Random
    said: dict[int, list[str]] = field(default_factory=dict)

    def say(self, chat: int, text: str) -> None:
        self.said.setdefault(chat, []).append(text)
        people.say(self.fake, chat, text)

    def invite(self, chat: int) -> str:
        with self.database.write() as sql:
            vault, now = self.database.vault, app.now()
            roles = frozenset({"technical", "approver"})
            return invitations.invite(sql, vault, f"p{chat}", roles=roles, now=now)

    @contextmanager
    def serving(self) -> Iterator["subprocess.Popen[str]"]:
        """The program, listening; what a dead one held is given back at once."""
        with self.database.write() as sql:
            sql.execute(sa.delete(Lease))
        environment = {
            "SMSVET_HOME": str(self.home),
            "SMSVET_TELEGRAM_TOKEN": self.fake.token,
            "SMSVET_TELEGRAM_BASE_URL": f"{self.url}/bot",
            "SMSVET_TELEGRAM_BASE_FILE_URL": f"{self.url}/file/bot",
        }
        words = [sys.executable, "-m", "bot", "serve", "--port", "0"]
        with subprocess.Popen(
            words, env=os.environ | environment, cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                yield process
            finally:
                process.send_signal(signal.SIGKILL)

    async def busy_until_killed(self) -> None:
        """Everybody goes on speaking while the process starts, works, and dies."""
        with self.serving() as process:
            before = len(self.fake.calls)
            await until(lambda: len(self.fake.calls) > before)
            until_s = anyio.current_time() + self.chance.uniform(0.0, MOST_S)
            while anyio.current_time() < until_s:
                self.say(self.chance.choice(list(self.said)), LATER)
                await anyio.sleep(self.chance.uniform(0.0, 0.05))
            process.send_signal(signal.SIGKILL)

    async def quiet(self) -> None:
        """A last process brings everything to its end."""
        with self.serving():
            await until(lambda: self.kept() == self.said and not self.untold(), QUIET_S)

    def kept(self) -> dict[int, list[str]]:
        """The words of every chat's turns, in order."""
        found: dict[int, list[str]] = {}
        with self.database.read() as sql:
            for turn in sql.exec(select(Turn).order_by(sa.text("id"))):
                words = self.database.vault.unseal(turn.words_sealed or b"", "turn.words")
                if not words.startswith("/start"):
                    chat = int(turn.conversation_id.partition(":")[2])
                    found.setdefault(chat, []).append(words)
        return found

    def answers(self) -> int:
        with self.database.read() as sql:
            return len(sql.exec(select(Answer.id)).all())

    def untold(self) -> int:
        with self.database.read() as sql:
            return len(sql.exec(select(Outbox.id).where(Outbox.delivered_at.is_(None))).all())  # type: ignore[union-attr]

    def replies(self, chat: int) -> list[str]:
        """What was to be told in a chat, in order."""
        key = f"telegram:{chat}"
        with self.database.read() as sql:
            rows = sql.exec(select(Outbox).where(Outbox.conversation_id == key).order_by(Outbox.id))  # type: ignore[arg-type]
            return [row.body["text"] for row in rows]

    def seen(self, chat: int) -> list[str]:
        """What the person has read from us, in order."""
        shown = self.fake.transcript(chat)
        return [each.get("text", "") for each in shown if each["from"]["is_bot"]]


async def until(condition, seconds: float = 30.0) -> None:
    with anyio.fail_after(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for raises no event
            await anyio.sleep(0.02)


def repeated(told: list[str], seen: list[str]) -> int:
    """How many replies arrived twice, each saying so; anything else in disorder is an error."""
    rest, twice, last = list(told), 0, None
    for text in seen:
        plain = text.removeprefix(AGAIN)
        if text != plain and plain == last:
            twice += 1
            continue
        assert rest.pop(0) == plain
        last = plain
    assert rest == []
    return twice


@asynccontextmanager
async def street(home: Path, people_count: int, seed: int) -> AsyncIterator[Street]:
    fake = Fake()
    database = Database.open(load({"SMSVET_HOME": str(home)}))
    async with serve(fake) as url:
        here = Street(fake, url, home, database, random.Random(seed))
        for chat in range(2001, 2001 + people_count):
            people.say(fake, chat, f"/start {here.invite(chat)}")
            for text in OPENING:
                here.say(chat, text)
        yield here
    database.close()


async def survive(home: Path, kills: int, seed: int = 1) -> int:
    """So many deaths; the replies that were told twice, which all say so."""
    async with street(home, 10, seed) as here:
        for _ in range(kills):
            await here.busy_until_killed()
        await here.quiet()
        assert here.said == here.kept()
        assert sum(words.count(LATER) for words in here.said.values()) == here.answers()
        return sum(repeated(here.replies(chat), here.seen(chat)) for chat in here.said)


async def test_a_killed_program_loses_no_answer(home: Path) -> None:
    """What people say around a few kills is kept once, and told in order."""
    assert await survive(home, kills=2) <= 2 * 10


@pytest.mark.slow
async def test_ten_kills_lose_no_answer(home: Path) -> None:
    """Ten kills, ten people: nothing lost, and what arrives twice was on its way at a kill."""
    twice = await survive(home, kills=10)
    sys.stderr.write(f"told twice, saying so: {twice}\n")
    assert twice <= 10 * 10

"""Nothing that people say is lost: it is confirmed to Telegram only once it is committed."""

import sys
from pathlib import Path

import anyio
import pytest

from bot.fakes.telegram import Fault, people
from bot.messages import Message, Peer
from tests.conftest import ROOT
from tests.integration.telegram_listener import opened
from tests.integration.telegram_stage import ANNA, BO, CARL, Recorder, stage, until

pytestmark = pytest.mark.anyio


async def test_what_died_before_its_commit_comes_again(tmp_path: Path) -> None:
    """A process that ends while it keeps the second of five answers has four left."""
    async with stage(tmp_path) as on:
        dying, reached = Recorder(), anyio.Event()

        async def die(_: Peer, message: Message) -> None:
            if message.text == "answer 2":
                reached.set()
                await anyio.sleep_forever()

        dying.before = die
        for number in range(1, 6):
            people.say(on.fake, ANNA, f"answer {number}")
        async with on.listening(dying):
            await reached.wait()
        assert ["answer 1"] == dying.texts
        assert 5 == len(on.fake.updates.waiting)
        async with on.listening():
            await on.front.until(5)
            await until(lambda: not on.fake.updates.waiting)
        assert [f"answer {number}" for number in range(1, 6)] == on.front.texts


async def test_a_front_that_fails_is_asked_again_until_it_keeps(tmp_path: Path) -> None:
    """While the database is away nothing is confirmed, and the order stays."""
    async with stage(tmp_path) as on:
        failures = [OSError("away"), OSError("away")]

        async def fail(_: Peer, __: Message) -> None:
            if failures:
                raise failures.pop()

        on.front.before = fail
        people.say(on.fake, ANNA, "one")
        people.say(on.fake, ANNA, "two")
        async with on.listening():
            await until(lambda: len(failures) == 1)
            assert 2 == len(on.fake.updates.waiting)
            await on.front.until(2)
        assert ["one", "two"] == on.front.texts
        assert ["1", "1", "1", "2"] == on.front.calls


async def test_a_slow_chat_holds_up_no_other(tmp_path: Path) -> None:
    """While one person's file is on its way, others are heard; none is confirmed before it is."""
    async with stage(tmp_path) as on, on.listening():
        on.fake.faults.set(Fault("slow", "download", seconds=1.0))
        people.upload(on.fake, ANNA, b"evidence", name="a.txt")
        people.say(on.fake, ANNA, "that was the file")
        await until(lambda: bool(on.called("getFile")))
        people.say(on.fake, BO, "hello")
        await on.front.until(1)
        assert ["hello"] == on.front.texts
        assert 3 == len(on.fake.updates.waiting)
        await on.front.until(3)
        assert ["hello", "", "that was the file"] == on.front.texts
        await until(lambda: not on.fake.updates.waiting)


async def test_doubled_late_and_reordered_updates_are_each_taken_once(tmp_path: Path) -> None:
    """Whatever Telegram does to the order, every message is there and none twice."""
    async with stage(tmp_path) as on, on.listening():
        on.fake.updates.doubled, on.fake.updates.late, on.fake.updates.swapped = 10, 1, 5
        for number in range(15):
            people.say(on.fake, ANNA, f"{number}")
            await anyio.sleep(0.01)
        await on.front.until(15)
        people.say(on.fake, ANNA, "last")
        await on.front.until(16)
        assert sorted({*map(str, range(15)), "last"}) == sorted(on.front.texts)
        assert 16 == len(on.front.calls)
        in_order = [text for text in on.front.texts if text != "0"]
        assert [*map(str, range(1, 15)), "last"] == in_order


async def test_updates_that_make_no_sense_are_passed_over(tmp_path: Path) -> None:
    """One that the library cannot read does not keep back those behind it."""
    async with stage(tmp_path) as on:
        on.fake.updates.check = lambda _kind, _value: None
        on.fake.updates.put("message", {"message_id": "?", "chat": {"kind": 1}})
        on.fake.updates.put("message", {})
        people.say(on.fake, ANNA, "hello")
        async with on.listening():
            await on.front.until(1)
            await until(lambda: not on.fake.updates.waiting)


async def test_a_restart_confirms_what_was_kept_without_taking_it_twice(tmp_path: Path) -> None:
    """What was committed just before the end comes again and has the same id."""
    async with stage(tmp_path) as on:
        people.say(on.fake, ANNA, "hello")
        async with on.listening():
            await on.front.until(1)
        on.fake.updates.waiting.insert(
            0, {"update_id": 100_000_001, "message": on.fake.transcript(ANNA)[0]}
        )
        async with on.listening():
            await until(lambda: on.front.calls == ["1", "1"])
        assert ["hello"] == on.front.texts


async def test_a_program_that_is_killed_again_and_again_loses_nothing(tmp_path: Path) -> None:
    """kill -9 in the middle of keeping, three times: every answer once, each chat in order."""
    file = tmp_path / "kept.db"
    kept = opened(str(file))
    words = [sys.executable, "-m", "tests.integration.telegram_listener"]

    def count() -> int:
        return int(kept.execute("select count(*) from heard").fetchone()[0])

    async with stage(tmp_path) as on:
        for number in range(20):
            for chat in (ANNA, BO, CARL):
                people.say(on.fake, chat, f"{number}")
        for enough in (6, 20, 33, 60):
            command = [*words, on.url, on.fake.token, str(file)]
            async with await anyio.open_process(command, cwd=ROOT, stderr=None) as program:
                await until(lambda enough=enough: count() >= enough, 30)
                program.kill()
        rows = kept.execute("select chat, text from heard order by place").fetchall()
        for chat in (ANNA, BO, CARL):
            said = [text for whose, text in rows if whose == str(chat)]
            assert [f"{number}" for number in range(20)] == said
    kept.close()

"""The Telegram channel where Telegram, the way there, or the people do not go along."""

import logging
import os
from contextlib import suppress
from pathlib import Path

import anyio
import pytest

from bot.channels.port import Delivered, Later, Rejected, Unreachable
from bot.channels.telegram import build
from bot.channels.telegram.channel import Telegram
from bot.fakes.telegram import Fault, people
from bot.fakes.telegram.params import RefusalError
from tests.integration.telegram_stage import ANNA, BO, GROUP, Stage, reply, stage, until

pytestmark = pytest.mark.anyio


async def delivered(channel: Telegram, chat: int, texts: list[str]) -> list[Later]:
    """Deliver as the application does: one after the other, each until it is there."""
    waits: list[Later] = []
    for text in texts:
        while isinstance(fate := await channel.deliver(reply(text, chat)), Later):
            waits.append(fate)
            await anyio.sleep(min(0.05, fate.after_s))
        assert isinstance(fate, Delivered)
    return waits


async def test_a_storm_of_floods_loses_nothing_and_keeps_the_order(tmp_path: Path) -> None:
    """Every refusal says when to come again; a second chat's flood is everybody's."""
    async with stage(tmp_path) as on, on.channel() as channel:
        for chat in (ANNA, BO):
            people.say(on.fake, chat, "hello")
        on.fake.faults.set(Fault("flood", "sendMessage", times=3, seconds=7, chat=str(ANNA)))
        on.fake.faults.set(Fault("flood", "sendMessage", times=12, seconds=3))
        texts = [f"line {number}" for number in range(12)]
        waits = await delivered(channel, ANNA, texts)
        waits += await delivered(channel, BO, texts)
        assert {(7.0, False), (3.0, False)} == {(one.after_s, one.everybody) for one in waits}
        for chat in (ANNA, BO):
            said = [one["text"] for one in on.fake.transcript(chat) if one["from"]["is_bot"]]
            assert texts == said
        on.fake.faults.set(Fault("flood", "sendMessage", times=2, seconds=1))
        fates = [await channel.deliver(reply("x", chat)) for chat in (BO, ANNA)]
        assert isinstance(fates[1], Later)
        assert fates[1].everybody


@pytest.mark.parametrize(
    ("chat", "words"),
    [
        (ANNA, "bot was blocked by the user"),
        (BO, "bot can't initiate conversation with a user"),
        (GROUP, "bot was kicked from the group chat"),
        (4242, "chat not found"),
    ],
)
async def test_who_cannot_be_reached_is_told_as_such(tmp_path: Path, chat: int, words: str) -> None:
    """Blocked, never met, kicked out, unknown: nothing more is sent there."""
    async with stage(tmp_path) as on, on.channel() as channel:
        people.say(on.fake, ANNA, "hello")
        people.stand(on.fake, ANNA, "kicked")
        on.fake.group(GROUP, "Team", (ANNA,)).standing = "kicked"
        fate = await channel.deliver(reply("Reminder", chat))
        assert isinstance(fate, Unreachable)
        assert words in fate.why.lower()


@pytest.mark.parametrize(
    ("code", "words", "kind"),
    [
        (400, "not enough rights to send text messages to the chat", Unreachable),
        (400, "CHAT_WRITE_FORBIDDEN", Unreachable),
        (400, "message is too long", Rejected),
        (403, "user is deactivated", Unreachable),
        (500, "Internal Server Error", Later),
        (401, "Unauthorized", Later),
    ],
)
async def test_a_refusal_is_data(tmp_path: Path, code: int, words: str, kind: type) -> None:
    """Each of Telegram's refusals has its fate."""
    async with stage(tmp_path) as on, on.channel() as channel:
        people.say(on.fake, ANNA, "hello")
        on.refuse("sendMessage", code, words)
        assert isinstance(await channel.deliver(reply("x")), kind)


@pytest.mark.parametrize("kind", ["outage", "garbage", "silent", "drop"])
async def test_an_outage_is_later(tmp_path: Path, kind: str) -> None:
    """A gateway's error page, nonsense, silence, a broken connection: the reply waits."""
    async with stage(tmp_path) as on, on.channel(answer_s=0.3) as channel:
        people.say(on.fake, ANNA, "hello")
        on.fake.faults.set(Fault(kind, "sendMessage", before=True))
        assert isinstance(await channel.deliver(reply("x")), Later)
        assert isinstance(await channel.deliver(reply("x")), Delivered)


async def test_no_server_at_all_is_later(tmp_path: Path) -> None:
    """Nobody listens at the address."""
    async with stage(tmp_path) as on:
        account = on.account(base_url="http://127.0.0.1:1/bot")
    channel = build(account, tmp_path)
    assert isinstance(await channel.deliver(reply("x")), Later)
    await channel.close()


@pytest.mark.parametrize("kind", ["outage", "garbage", "drop", "silent", "flood"])
async def test_listening_outlives_an_outage(tmp_path: Path, kind: str) -> None:
    """Also where Telegram takes the question and never answers."""
    async with stage(tmp_path) as on:
        for method in ("getMe", "deleteWebhook", "getUpdates"):
            on.fake.faults.set(Fault(kind, method))
        people.say(on.fake, ANNA, "hello")
        async with on.listening(poll_s=1, patience_s=0.2, answer_s=0.3):
            await on.front.until(1, 20)
        assert ["hello"] == on.front.texts


async def ask_for_ever(on: Stage) -> None:
    """The other program, which takes no heed."""
    while True:
        with suppress(RefusalError):
            await on.fake.updates.polled(0, 100, 5)
        await anyio.sleep(0.05)


async def test_two_programs_with_one_bot_do_not_fight(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The one that is sent away says so in the log and keeps still for a while."""
    async with stage(tmp_path) as on, on.listening(cool_s=30.0):
        people.say(on.fake, ANNA, "hello")
        await on.front.until(1)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask_for_ever, on)
            with caplog.at_level(logging.WARNING):
                await until(lambda: "another program uses this bot" in caplog.text)
            asked = len(on.called("getUpdates"))
            await anyio.sleep(0.5)
            assert asked == len(on.called("getUpdates"))
            tasks.cancel_scope.cancel()


async def test_a_conflict_that_is_over_is_over(tmp_path: Path) -> None:
    """After the pause, news arrive again."""
    async with stage(tmp_path) as on:
        on.refuse("getUpdates", 409, "terminated by other getUpdates request", times=2)
        people.say(on.fake, ANNA, "hello")
        async with on.listening(cool_s=0.1):
            await on.front.until(1)


async def test_the_token_is_in_no_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Not where all is well, and not where the token is refused."""
    async with stage(tmp_path) as on:
        account = on.account(token="77:wrong-token")
        assert "77:wrong-token" not in repr(account)
        with caplog.at_level(logging.INFO):
            async with on.listening():
                people.say(on.fake, ANNA, "hello")
                await on.front.until(1)
            async with on.listening(token="77:wrong-token"):
                await until(lambda: "token is not known" in caplog.text)
        assert "77:wrong-token" not in caplog.text
        assert on.fake.token not in caplog.text


async def test_a_proxy_of_the_environment_is_not_asked_about_this_machine(tmp_path: Path) -> None:
    """The fake is reached directly, whatever the environment says."""
    before = dict(os.environ)
    os.environ["HTTP_PROXY"] = os.environ["ALL_PROXY"] = "http://127.0.0.1:1"
    try:
        async with stage(tmp_path) as on, on.listening():
            people.say(on.fake, ANNA, "hello")
            await on.front.until(1)
    finally:
        os.environ.clear()
        os.environ.update(before)

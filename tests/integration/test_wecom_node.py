"""The fake platform against the official SDK, which none of us wrote."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.streams.buffered import BufferedByteReceiveStream

from bot.channels.wecom import LongConnection
from bot.fakes.wecom import Codes, FakeWecom, fake_wecom
from tests.conftest import missing
from tests.integration.wecom_stage import QUICK

pytestmark = pytest.mark.anyio

HERE = Path(__file__).parent.parent / "node"
SDK = "@wecom/aibot-node-sdk"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40


@pytest.fixture(scope="module", autouse=True)
def needs_the_sdk() -> None:
    node = shutil.which("node")
    if node is None:
        missing("node")
    words = [str(node), "-e", f"require.resolve('{SDK}')"]
    if subprocess.run(words, cwd=HERE, capture_output=True, check=False).returncode:
        missing(f"{SDK} (npm install --prefix tests/node)")


@dataclass
class Bot:
    """A bot of the SDK, connected."""

    fake: FakeWecom
    lines: BufferedByteReceiveStream

    async def seen(self) -> dict[str, Any]:
        """The next thing it saw."""
        with anyio.fail_after(10):
            return json.loads(await self.lines.receive_until(b"\n", 1 << 20))  # type: ignore[no-any-return]


@asynccontextmanager
async def sdk_bot(secret: str = "") -> AsyncIterator[Bot]:
    async with fake_wecom() as fake:
        words = ["node", str(HERE / "wecom.js"), fake.url, fake.bot_id, secret or fake.secret]
        async with await anyio.open_process(words, stderr=subprocess.DEVNULL) as process:
            assert process.stdout is not None
            bot = Bot(fake, BufferedByteReceiveStream(process.stdout))
            try:
                if not secret:
                    assert {"authenticated": True} == await bot.seen()
                yield bot
            finally:
                process.kill()


async def test_the_official_sdk_completes_the_journey() -> None:
    """Text, streams, cards, presses, pushes, files, welcome, groups: all as it expects."""
    async with sdk_bot() as bot:
        alice = bot.fake.person("alice")
        await alice.enter()
        assert "欢迎" == (await alice.hears()).text
        await alice.say("stream")
        assert {"text": "stream", "chat": "", "quote": ""} == await bot.seen()
        await alice.sees(lambda shown: shown[-1].text == "一二三")
        await _cards(bot)
        await _files(bot)
        await _group(bot)
        await alice.rate()
        assert {"feedback": True} == await bot.seen()
        assert [] == bot.fake.violations
        assert bot.fake.pings > 0


async def _cards(bot: Bot) -> None:
    alice = bot.fake.person("alice")
    for word, task in (("card", "task-1"), ("both", "task-2"), ("push", "task-3")):
        await alice.say(word)
        await bot.seen()
        with anyio.fail_after(5):
            while (alice.chat.shown[-1].card or {}).get("task_id") != task:
                await alice.chat.news.wait()
        await alice.press("是", flat=word == "both")
        assert {"pressed": "yes", "task": task} == await bot.seen()
        await alice.sees(lambda shown: not shown[-1].buttons)
        assert "已选 yes" == alice.chat.shown[-1].card["main_title"]["title"]  # type: ignore[index]
    assert ["先看这里", "**推送**"] == [b.text for b in alice.chat.shown if b.text][-2:]


async def _files(bot: Bot) -> None:
    alice = bot.fake.person("alice")
    for kind, name in (("file", "合 同.pdf"), ("image", ""), ("video", "v.mp4")):
        await alice.upload(PNG, name, kind)
        wanted = {"kind": kind, "name": name, "sha": hashlib.sha256(PNG).hexdigest()}
        assert wanted == await bot.seen()
    await alice.speak("说的话")
    assert {"voice": "说的话"} == await bot.seen()
    await alice.say("file")
    await bot.seen()
    await alice.sees(lambda shown: [bubble.kind for bubble in shown[-2:]] == ["file", "file"])
    assert ("报告.txt", 1_300_000) == (alice.chat.shown[-1].name, len(alice.chat.shown[-1].data))


async def _group(bot: Bot) -> None:
    bob = bot.fake.person("bob", group="g1")
    await bob.say("push")
    assert {"text": "push", "chat": "g1", "quote": ""} == await bot.seen()
    await bob.sees(lambda shown: len(shown) == 2)
    await bob.say("看这个", quote=bob.chat.shown[0])
    assert {"text": "看这个", "chat": "g1", "quote": "**推送**"} == await bot.seen()
    await bob.mix("图", PNG)
    assert {"mixed": ["text", "image"]} == await bot.seen()


async def test_the_official_sdk_understands_refusals() -> None:
    """Too many buttons, nobody there, too long a text: each reaches it as that frame's error."""
    async with sdk_bot() as bot:
        await bot.fake.person("alice").say("wrong")
        await bot.seen()
        seen = [(await bot.seen())["failed"] for _ in range(3)]
        assert [Codes.BAD_PARAMETER, Codes.NEVER_WROTE, Codes.BAD_PARAMETER] == seen


async def test_the_official_sdk_is_refused_with_a_wrong_secret() -> None:
    """A wrong secret is an authentication failure to it."""
    async with sdk_bot("wrong") as bot:
        assert "853000" in (await bot.seen())["failed"]


@pytest.mark.parametrize("how", ["clean", "cut", "mute"])
async def test_the_official_sdk_comes_back(how: str) -> None:
    """After a close, a break and silent heartbeats it subscribes again."""
    async with sdk_bot() as bot:
        if how == "clean":
            await bot.fake.close(1001)
        elif how == "cut":
            bot.fake.cut()
        bot.fake.faults.mute_pings = how == "mute"
        await bot.fake.until_subscribed(2)


async def test_the_official_sdk_gives_way_to_our_client() -> None:
    """A second subscription displaces the first, which the SDK understands as final."""
    async with sdk_bot() as bot, anyio.create_task_group() as tasks:
        ours = LongConnection(bot.fake.bot_id, bot.fake.secret, bot.fake.url, times=QUICK)
        tasks.start_soon(ours.run, lambda frame: None)
        assert {"displaced": True} == await bot.seen()
        await anyio.sleep(0.2)
        assert 2 == len(bot.fake.subscriptions)
        tasks.cancel_scope.cancel()

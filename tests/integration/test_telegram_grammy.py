"""The Bot API fake serves grammY, which none of us wrote: the same journey."""

import json
import os
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

from bot.fakes.telegram import Fault, people
from tests.conftest import missing
from tests.integration.telegram_stage import ANNA, BO, GROUP, Stage, stage

pytestmark = pytest.mark.anyio

HERE = Path(__file__).parent.parent / "node"


@pytest.fixture(scope="module", autouse=True)
def needs_grammy() -> None:
    node = shutil.which("node")
    if node is None:
        missing("node")
    words = [str(node), "-e", "require.resolve('grammy')"]
    if subprocess.run(words, cwd=HERE, capture_output=True, check=False).returncode:
        missing("grammY (npm install --prefix tests/node)")


@dataclass
class Grammy:
    """A bot in a process of its own."""

    lines: BufferedByteReceiveStream

    async def saw(self) -> dict[str, Any]:
        """The next thing it saw."""
        with anyio.fail_after(20):
            return json.loads(await self.lines.receive_until(b"\n", 1 << 20))  # type: ignore[no-any-return]


@asynccontextmanager
async def grammy(on: Stage) -> AsyncIterator[Grammy]:
    words = ["node", str(HERE / "telegram.js"), on.url, on.fake.token]
    async with await anyio.open_process(
        words, stderr=None, env={"CHAT": str(ANNA), **os.environ}
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield Grammy(BufferedByteReceiveStream(process.stdout))
        await process.stdin.aclose()


async def test_grammy_completes_the_journey(tmp_path: Path) -> None:
    """Command, keyboard, press, edit, file in and out, album, group, move, flood, block."""
    async with stage(tmp_path) as on, grammy(on) as bot:
        assert {
            "what": "early",
            "text": "Forbidden: bot can't initiate conversation with a user",
        } == (await bot.saw())
        assert {"what": "started", "me": "smsvet_bot", "status": "member"} == await bot.saw()
        first = people.say(on.fake, ANNA, "/start 3K7-Q")
        bold = {"type": "bold", "offset": 0, "length": 3}
        seen = {"what": "command", "match": "3K7-Q", "text": "TLS & more?", "entities": [bold]}
        assert seen == await bot.saw()
        people.press(on.fake, ANNA, "Yes")
        pressed = await bot.saw()
        assert ("press", "Noted: 1:1:yes") == (pressed["what"], pressed["text"])
        assert pressed["again"].startswith("Bad Request: message is not modified")
        assert "noted" == next(iter(on.fake.queries.values())).answered["text"]
        people.edit(on.fake, ANNA, first["message_id"], "/start again")
        assert {"what": "edit", "id": 1, "text": "/start again"} == await bot.saw()
        people.upload(on.fake, ANNA, b"evidence" * 9000, name="证据.pdf")
        got = await bot.saw()
        assert ("document", 72_000, 1) == (got["what"], got["size"], len(set(got["album"])))
        shown = [one for one in on.fake.transcript(ANNA) if "caption" in one]
        assert ["here", "album"] == [one["caption"] for one in shown]
        assert "back 证据.pdf" == shown[0]["document"]["file_name"]
        await groups(on, bot)
        on.fake.faults.set(Fault("flood", "sendMessage", seconds=4))
        people.say(on.fake, ANNA, "and now?")
        assert {
            "what": "text",
            "text": "and now?",
            "type": "private",
            "flood": 4,
        } == await bot.saw()
        people.stand(on.fake, ANNA, "kicked")
        assert {"what": "member", "status": "kicked", "code": 403} == await bot.saw()


async def groups(on: Stage, bot: Grammy) -> None:
    on.fake.group(GROUP, "Team", (ANNA, BO))
    people.say(on.fake, GROUP, "among us", user=BO)
    people.say(on.fake, GROUP, "@smsvet_bot hello", user=BO)
    seen = {"what": "text", "text": "@smsvet_bot hello", "type": "group", "flood": 0}
    assert seen == await bot.saw()
    new = people.migrate(on.fake, GROUP)
    moved = {"what": "migrate", "to": new, "refused": {"migrate_to_chat_id": new}}
    assert moved == await bot.saw()

"""What is recorded from a WeCom bot is read again by the channel's own reader."""

from pathlib import Path

import anyio
import pytest

from bot.channels.wecom import LongConnection, frames, incoming
from bot.channels.wecom.frames import Frame
from bot.channels.wecom.recording import Recorder, replayed
from bot.fakes.wecom import fake_wecom
from tests.integration.wecom_stage import QUICK, until

pytestmark = pytest.mark.anyio


async def test_a_recording_is_read_as_what_was_said(tmp_path: Path) -> None:
    """Text, a file and a mention in a group come out of a recording, from numbered people."""
    path = tmp_path / "wecom.jsonl"
    async with fake_wecom() as fake, anyio.create_task_group() as tasks:
        heard: list[Frame] = []
        seen = Recorder(path)
        line = LongConnection(fake.bot_id, fake.secret, fake.url, times=QUICK, witness=seen)
        tasks.start_soon(line.run, heard.append)
        await until(lambda: line.up)
        await fake.person("alice-zhang").say("有牌照")
        await fake.person("alice-zhang").upload(b"%PDF", "licence.pdf")
        await fake.person("bo-li", group="g-77").say(f"@{fake.bot_name} 进度")
        await until(lambda: len(heard) == 3)
        tasks.cancel_scope.cancel()
        name = fake.bot_name
    told = [frame for frame in replayed(path) if frame.cmd == frames.MESSAGE]
    said = [incoming.read(frame.body, frame.req_id, name) for frame in told]
    assert ["有牌照", "", "进度"] == [each.text for each in said if each]
    assert [False, False, True] == [each.group for each in said if each]
    assert ["<user 1>", "<user 1>", "<user 2>"] == [each.user for each in said if each]
    assert [0, 1, 0] == [len(each.attachments) for each in said if each]

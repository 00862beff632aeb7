"""What is recorded from a bot can be read again, and gives nobody away."""

from pathlib import Path

import anyio
import pytest

from bot.channels.telegram import Webhook
from bot.channels.telegram.channel import Telegram
from bot.channels.telegram.reading import Pressed, Reader, Said
from bot.channels.telegram.recording import Recorder, replayed
from bot.configured import configured
from bot.fakes.telegram import people
from bot.settings import load
from tests.integration.telegram_stage import ANNA, BO, GROUP, Stage, reply, stage

pytestmark = pytest.mark.anyio

CODE = "AB2CD3EF4G"
SECRET = "webhook-secret-1"


async def talked(room: Stage, recorder: Recorder) -> None:
    """A code, a question answered by button, a file, and a mention in a group."""
    fake = room.fake
    fake.group(GROUP, "Procurement", (ANNA, BO))
    async with room.listening(witness=recorder) as channel:
        people.say(fake, ANNA, f"/start {CODE}")
        await room.front.until(1)
        await channel.deliver(reply("Is there a licence?", buttons=(("Yes", "1:1:yes"),)))
        people.press(fake, ANNA, "Yes")
        people.upload(fake, ANNA, b"%PDF-1.4", name="licence.pdf", caption="from @cara_z")
        people.say(fake, GROUP, f"@{fake.me['username']} what about @anna_secret?", user=BO)
        await room.front.until(4)


async def test_a_recording_names_nobody(tmp_path: Path) -> None:
    """Neither the token nor a code nor anybody's id, name or mention is in what was recorded."""
    async with stage(tmp_path) as room:
        await talked(room, Recorder(tmp_path / "telegram.jsonl"))
        text = (tmp_path / "telegram.jsonl").read_text(encoding="utf-8")
        files = [kept.about["file_id"] for kept in room.fake.files.values()]
        secrets = [room.fake.token, CODE, "anna_secret", "cara_z", "Anna", "Procurement", *files]
        ids = [str(number) for number in (ANNA, BO, GROUP, room.fake.me["id"])]
        assert files
        assert [] == [secret for secret in (*secrets, *ids) if secret in text]


async def test_the_serving_process_records_where_it_is_told_to(tmp_path: Path) -> None:
    """`smsvet serve --record FOLDER` makes the channel write telegram.jsonl there, else nothing."""
    async with stage(tmp_path) as room:
        settings = load(
            {
                "SMSVET_HOME": str(tmp_path / "home"),
                "SMSVET_TELEGRAM_TOKEN": room.fake.token,
                "SMSVET_TELEGRAM_BASE_URL": f"{room.url}/bot",
            }
        )
        for folder in (None, tmp_path):
            (channel,) = configured(settings, tmp_path / "incoming", folder)
            assert isinstance(channel, Telegram)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(channel.listen, room.front)
                people.say(room.fake, ANNA, "hello")
                await room.front.until(1 if folder is None else 2)
                tasks.cancel_scope.cancel()
            await channel.close()
            assert (tmp_path / "telegram.jsonl").exists() is (folder is not None)


async def test_a_recording_is_read_as_what_was_said(tmp_path: Path) -> None:
    """The channel's own reader finds in a recording what was said, pressed and sent, in order."""
    path = tmp_path / "telegram.jsonl"
    async with stage(tmp_path) as room:
        await talked(room, Recorder(path))
    me, updates = replayed(path)
    assert me is not None
    events = list(map(Reader(me.id, me.username or "").read, updates))
    said = [event for event in events if isinstance(event, Said)]
    assert [Pressed] == [type(event) for event in events if not isinstance(event, Said)]
    texts = {"/start xxxxxxxxxx", "from xxxxxxx", "what about xxxxxxxxxxxx?"}
    assert texts == {event.message.text for event in said}
    assert ["licence.pdf"] == [event.file.name for event in said if event.file]
    assert 2 == len({event.peer.user for event in events if event})


async def test_what_is_pushed_is_recorded_without_its_secret(tmp_path: Path) -> None:
    """A recording of a webhook holds the updates, but neither its secret nor its address."""
    path = tmp_path / "telegram.jsonl"
    async with stage(tmp_path) as room:
        recorder, hook = Recorder(path), Webhook("https://smsvet.example/telegram", SECRET)
        async with room.listening(webhook=hook, witness=recorder) as channel:
            with anyio.fail_after(10):
                while not room.called("setWebhook"):  # noqa: ASYNC110 - it may happen any time
                    await anyio.sleep(0.01)
            update = b'{"update_id": 7, "message": {"message_id": 1, "date": 0, "text": "hi", '
            update += b'"chat": {"id": 77001, "type": "private"}, '
            update += b'"from": {"id": 77001, "is_bot": false, "first_name": "Dora"}}}'
            shown = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
            assert 200 == await channel.pushed(shown, update)
    text = path.read_text(encoding="utf-8")
    assert [] == [word for word in (SECRET, "smsvet.example", "77001", "Dora") if word in text]
    assert ["hi"] == [one.message.text for one in replayed(path)[1] if one.message]

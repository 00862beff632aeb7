"""Files over Telegram, both ways."""

from pathlib import Path

import pytest

from bot.channels.port import Delivered, Later, Rejected
from bot.fakes.telegram import Fault, people
from tests.integration.telegram_stage import ANNA, GROUP, reply, stage, until

pytestmark = pytest.mark.anyio


def within(folder: Path) -> list[Path]:
    return list(folder.iterdir())


@pytest.mark.parametrize(
    ("kind", "given", "name"),
    [
        ("document", "报告 1.pdf", "报告 1.pdf"),
        ("document", "../../x/evil.pdf", "_.._x_evil.pdf"),
        ("photo", "", "photo-1.jpg"),
        ("video", "", "video.mp4"),
        ("voice", "", "voice-1.ogg"),
        ("audio", "call.mp3", "call.mp3"),
    ],
)
async def test_every_kind_of_file_arrives(tmp_path: Path, kind: str, given: str, name: str) -> None:
    """Whole, with its caption and name, in a folder of its own that is gone afterwards."""
    async with stage(tmp_path / "in") as on, on.listening():
        content = bytes(range(256)) * 400
        people.upload(on.fake, ANNA, content, kind=kind, name=given, caption="evidence 7")
        await on.front.until(1)
        (path,) = on.front.heard[0][1].paths
        assert ("evidence 7", name) == (on.front.texts[0], path.name)
        assert [content] == on.front.content
        assert tmp_path / "in" == path.parent.parent
        await until(lambda: not within(tmp_path / "in"))


async def test_every_picture_of_an_album_arrives(tmp_path: Path) -> None:
    """In order, also in a group that may see everything, where only the first has the caption."""
    async with stage(tmp_path, privacy=False) as on, on.listening():
        on.fake.group(GROUP, "Team", (ANNA,))
        for number in range(4):
            caption = "@smsvet_bot TLS" if not number else ""
            data = f"picture {number}".encode()
            people.upload(on.fake, GROUP, data, kind="photo", caption=caption, album="5")
        await on.front.until(4)
        assert ["TLS", "", "", ""] == on.front.texts
        assert [f"picture {number}".encode() for number in range(4)] == on.front.content


async def test_a_file_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    """Too large by what Telegram says, too large although it said otherwise, forgotten."""
    async with stage(tmp_path) as on:
        big = b"x" * (20 * 1024 * 1024 + 1)
        people.upload(on.fake, ANNA, big, name="a.bin")
        people.upload(on.fake, ANNA, big, name="b.bin")
        on.fake.updates.waiting[-1]["message"]["document"].pop("file_size")
        people.upload(on.fake, ANNA, big, name="c.bin")
        for about in (
            on.fake.updates.waiting[-1]["message"]["document"],
            [*on.fake.files.values()][-1].about,
        ):
            about["file_size"] = 5
        people.upload(on.fake, ANNA, b"forgotten", name="e.txt")
        del on.fake.files[on.fake.updates.waiting[-1]["message"]["document"]["file_id"]]
        people.upload(on.fake, ANNA, b"fine", name="f.txt")
        async with on.listening():
            await on.front.until(5, 20)
        told = [message.trouble for _, message in on.front.heard]
        assert ["too_large", "too_large", "too_large", "expired", ""] == told
        assert [] == within(tmp_path)


async def test_a_file_whose_time_is_over_is_told(tmp_path: Path) -> None:
    """Telegram still names a place, and there is nothing."""
    async with stage(tmp_path) as on, on.listening():
        on.fake.faults.set(Fault("outage", "download", code=404))
        people.upload(on.fake, ANNA, b"gone", name="a.txt")
        await on.front.until(1)
        assert ("expired", ()) == (on.front.heard[0][1].trouble, on.front.heard[0][1].paths)


async def test_a_download_that_breaks_is_tried_again(tmp_path: Path) -> None:
    """An outage in the middle of a file costs a second, not the file."""
    async with stage(tmp_path) as on, on.listening():
        on.fake.faults.set(Fault("outage", "getFile"))
        on.fake.faults.set(Fault("drop", "download"))
        content = b"0123456789" * 10_000
        people.upload(on.fake, ANNA, content, name="a.txt")
        await on.front.until(1)
        assert [content] == on.front.content


async def test_a_file_goes_out_with_its_name_and_caption(tmp_path: Path) -> None:
    """The person's side gets the same octets."""
    report = tmp_path / "评估报告 2026-11.html"
    report.write_bytes("<html>报告</html>".encode())
    async with stage(tmp_path) as on, on.channel() as channel:
        people.say(on.fake, ANNA, "report")
        fate = await channel.deliver(reply("The **report**", file=str(report)))
        assert isinstance(fate, Delivered)
        shown = on.fake.transcript(ANNA)[-1]
        assert ("The report", report.name) == (shown["caption"], shown["document"]["file_name"])
        assert report.read_bytes() == on.fake.files[shown["document"]["file_id"]].data


async def test_a_file_that_cannot_go_out_is_rejected(tmp_path: Path) -> None:
    """Empty, missing, too large: no later try would help; an outage is another matter."""
    empty, large, fine = tmp_path / "empty", tmp_path / "large", tmp_path / "fine"
    empty.touch()
    with large.open("wb") as out:
        out.truncate(51 * 1024 * 1024)
    fine.write_text("fine", encoding="utf-8")
    async with stage(tmp_path) as on, on.channel() as channel:
        people.say(on.fake, ANNA, "report")
        for path in (empty, large, tmp_path / "missing"):
            assert isinstance(await channel.deliver(reply("", file=str(path))), Rejected)
        on.fake.faults.set(Fault("outage", "sendDocument"))
        assert isinstance(await channel.deliver(reply("", file=str(fine))), Later)
        assert isinstance(await channel.deliver(reply("", file=str(fine))), Delivered)

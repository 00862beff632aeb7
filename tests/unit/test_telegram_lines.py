"""Updates on their way to being committed."""

import anyio
import pytest
from telegram import Update

from bot.channels.telegram.client import update
from bot.channels.telegram.lines import Lines, pause

pytestmark = pytest.mark.anyio


def said(number: int, chat: int = 1) -> Update:
    about = {"id": chat, "type": "private", "first_name": "A"}
    found = update(
        {"update_id": number, "message": {"message_id": number, "date": 1, "chat": about}}
    )
    assert found is not None
    return found


async def test_the_offset_stays_before_what_is_not_committed() -> None:
    """Chats go on side by side; Telegram is told no more than the oldest open one allows."""
    gate, taken = anyio.Event(), list[int]()

    async def take(news: Update) -> None:
        if news.update_id == 11:
            await gate.wait()
        taken.append(news.update_id)

    async with anyio.create_task_group() as tasks:
        lines = Lines(take, tasks)
        batch = (said(12, 2), said(11), said(13), said(12, 2))
        for one in lines.fresh(batch):
            lines.add(one)
        lines.polled(batch)
        await lines.settle(0.05)
        assert ([12], 11, False) == (taken, lines.confirmed, lines.idle)
        assert [] == lines.fresh(batch)
        gate.set()
        await lines.settle(1)
        assert ([12, 11, 13], 14, True) == (taken, lines.confirmed, lines.idle)
        assert [] == lines.fresh(batch)


async def test_one_that_can_never_be_kept_holds_up_the_others_only_for_a_while(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is given up once others went through, and the log says so; alone it is never given up."""
    tries = []

    async def take(news: Update) -> None:
        if news.update_id == 1:
            tries.append(1)
            raise OSError

    async def sleep(_: float) -> None:
        await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as tasks:
        lines = Lines(take, tasks, sleep=sleep)
        gone = lines.add(said(1))
        while len(tries) < 50:
            await anyio.lowlevel.checkpoint()
        assert not gone.is_set()
        await lines.add(said(2, 2)).wait()
        await gone.wait()
    assert "update 1 is given up" in caplog.text


def test_pauses_grow_to_half_a_minute() -> None:
    """Half a second, then double each time."""
    assert [0.5, 1, 2, 4, 30, 30] == [pause(tries) for tries in (0, 1, 2, 3, 9, 900)]

"""Replies on their way: in order, at the platform's pace, none lost and none twice."""

import time
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import parts
from bot.channels.port import Later, Pace, Rejected, Unreachable
from bot.delivery import Pacing
from bot.messages import Message
from bot.store import outbox
from tests.integration.front_stage import Office, Scripted, delivering, now, opened, until

pytestmark = pytest.mark.anyio


@pytest.fixture
def office(home: Path) -> Iterator[Office]:
    with opened(home) as office:
        yield office


async def test_replies_arrive_in_order(office: Office) -> None:
    """What is said in one chat arrives in the order it was said, each once."""
    lin, wang = await office.enter("小林"), await office.enter("老王")
    channel = Scripted(slow_s=0.002)
    async with delivering(office, channel):
        for number in range(10):
            for peer in (lin, wang):
                await office.desk.receive(peer, Message(f"n{number}", text="帮助"))
        await until(lambda: not office.waiting(lin) and not office.waiting(wang))
    for peer in (lin, wang):
        ids = [reply.id for reply in channel.told if reply.chat == peer.chat]
        assert ids == sorted(set(ids))
        assert 11 == len(ids)


async def test_a_busy_platform_is_waited_for(office: Office) -> None:
    """A reply the platform cannot take now is delivered later, and nothing overtakes it."""
    lin = await office.enter("小林")
    channel = Scripted(fates=[Later(0.05, "429"), Later(0.05, "429", everybody=True)])
    async with delivering(office, channel):
        await office.desk.receive(lin, Message("1", text="帮助"))
        await until(lambda: not office.waiting(lin))
    assert [reply.id for reply in channel.told] == sorted(reply.id for reply in channel.told)
    assert 2 == len(channel.told)
    assert not channel.told[0].again


async def test_a_blocked_chat_waits_for_its_person(office: Office) -> None:
    """Nothing is tried where the bot was blocked; one message has it all once they are back."""
    lin = await office.enter("小林")
    channel = Scripted(fates=[Unreachable("blocked by the user")])
    async with delivering(office, channel):
        await until(lambda: bool(_unreached(office)))
        assert ("小林", "blocked by the user", 1) == _unreached(office)[0]
        assert [] == channel.told
        await office.desk.receive(lin, Message("1", text="你好"))
        await until(lambda: not office.waiting(lin))
    assert [] == _unreached(office)
    assert 1 == len(channel.told)


def _unreached(office: Office) -> list[tuple[str, str, int]]:
    with office.database.read() as sql:
        return [(each.name, each.why, each.waiting) for each in outbox.unreached(sql)]


async def test_what_is_never_taken_does_not_hold_up_the_rest(office: Office) -> None:
    """A reply refused for good goes onto the list of dead letters; the next one is delivered."""
    lin = await office.enter("小林")
    await office.desk.receive(lin, Message("1", text="帮助"))
    channel = Scripted(fates=[Rejected("can't parse entities")])
    async with delivering(office, channel):
        await until(lambda: not office.waiting(lin))
    with office.database.read() as sql:
        assert ["can't parse entities"] == [row.problem for row in outbox.dead(sql)]
    assert 1 == len(channel.told)


async def test_what_died_on_the_way_says_so(office: Office) -> None:
    """A reply that was being handed over when the process died goes out again and is marked."""
    await office.enter("小林")
    stuck = Scripted(slow_s=60)
    async with delivering(office, stuck):
        await until(lambda: _tried(office))
    channel = Scripted()
    async with delivering(office, channel):
        await until(lambda: bool(channel.told))
    assert channel.told[0].again


def _tried(office: Office) -> bool:
    from sqlmodel import select

    from bot.store.tables import Outbox

    with office.database.read() as sql:
        return sql.exec(select(Outbox)).one().trying_at is not None


async def test_what_may_have_arrived_says_so(office: Office) -> None:
    """Where the platform's answer was lost, the reply goes out again and is marked."""
    await office.enter("小林")
    channel = Scripted(fates=[Later(0.02, "read timed out", unsure=True)])
    async with delivering(office, channel):
        await until(lambda: bool(channel.told))
    assert channel.told[0].again


async def test_a_moved_group_takes_its_replies_along(office: Office) -> None:
    """Where a group becomes another chat, what waits for it and its evaluation go along."""
    from bot.messages import Peer

    lin = await office.enter("小林")
    office.told(lin)
    old = Peer("telegram", "-5", lin.user, group=True)
    await office.desk.receive(old, Message("1", text="新建 云信达"))
    await office.desk.moved("telegram", "-5", "-1005")
    new = Peer("telegram", "-1005", lin.user, group=True)
    assert 1 == len(office.waiting(new))
    office.told(new)
    await office.desk.receive(new, Message("2", text="完整"))
    assert "云信达" in office.told(new)


async def test_one_process_has_a_channel(office: Office) -> None:
    """A lease belongs to one holder until it is given back."""
    with office.database.write() as sql:
        assert outbox.lease(sql, "telegram", "a", now(), seconds=30)
        assert outbox.lease(sql, "telegram", "a", now(), seconds=30)
        assert not outbox.lease(sql, "telegram", "b", now(), seconds=30)
        outbox.release(sql, "telegram", "a")
        assert outbox.lease(sql, "telegram", "b", now(), seconds=30)


def test_the_pace_is_never_exceeded() -> None:
    """However replies come, no window holds more of them than the platform takes."""
    pacing = Pacing(Pace(chat=((2, 1.0),), overall=((5, 1.0),)))
    at, sent = 0.0, []
    for number in range(60):
        chat = f"c{number % 4}"
        at += pacing.wait_s(chat, group=False, now=at)
        pacing.note(chat, at)
        sent.append((at, chat))
    for start, _ in sent:
        within = [chat for time, chat in sent if start <= time < start + 0.999]
        assert len(within) <= 5
        assert max(within.count(chat) for chat in within) <= 2


@given(st.text(alphabet="ab。\n 短信😀", max_size=400), st.integers(8, 60))
def test_a_long_reply_is_parted_without_loss(text: str, most: int) -> None:
    """The pieces of a long reply fit, and hold every word of it in order."""
    room = parts.Room(most, lambda piece: len(piece.encode("utf-16-le")) // 2)
    pieces = parts.split(text, room)
    whole = "".join("".join(pieces).split())
    assert whole == "".join(text.split())
    if len(pieces) > 1:
        assert all(room.size(piece) <= most for piece in pieces)


async def test_a_second_front_stands_by(office: Office) -> None:
    """Two processes on one database: one delivers, the other takes over once it is gone."""
    from bot.switchboard import Switchboard

    await office.enter("小林")
    first, second = Scripted(), Scripted()
    boards = [
        Switchboard([channel], office.desk, office.database, now, time.monotonic, name)
        for name, channel in (("a", first), ("b", second))
    ]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(boards[0].run)
        await until(lambda: bool(first.told))
        tasks.start_soon(boards[1].run)
        await anyio.sleep(0.1)
        tasks.cancel_scope.cancel()
    assert ([], 1) == (second.told, len(first.told))
    await boards[0].close()

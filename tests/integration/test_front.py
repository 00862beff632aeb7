"""People on channels: who is let in, who is heard, and where their evaluation goes on."""

from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from bot.messages import Message, Peer
from bot.store.tables import Answer, Outbox, Turn
from tests.integration.front_stage import Office, Scripted, delivering, opened, until

pytestmark = pytest.mark.anyio


@pytest.fixture
def office(home: Path) -> Iterator[Office]:
    with opened(home) as office:
        yield office


def rows(office: Office, table) -> list:
    from sqlmodel import select

    with office.database.read() as sql:
        return list(sql.exec(select(table).order_by(table.id)))


async def test_a_stranger_gets_nothing(office: Office) -> None:
    """Whoever was not invited gets no answer, and nothing of what they say is kept."""
    stranger = Peer("telegram", "9", "9", "Mallory")
    for number, text in enumerate(("hello", "/start", "/start WRONGCODE2", "新建 云信达")):
        assert not await office.desk.receive(stranger, Message(str(number), text=text))
    assert office.waiting(stranger) == []
    assert rows(office, Turn) == []


async def test_a_code_lets_in_once(office: Office) -> None:
    """A one-time code makes its first user the invited person, and nobody else afterwards."""
    code = office.invite("小林", "technical")
    assert await office.desk.receive(
        Peer("telegram", "1", "1"), Message("1", text=f"/start {code}")
    )
    assert "smsvet" in office.told(Peer("telegram", "1", "1"))
    assert not await office.desk.receive(Peer("wecom", "x", "x"), Message("1", text=code))
    assert office.known("telegram", "1") == "小林"
    assert office.known("wecom", "x") is None


async def test_codes_cannot_be_guessed(office: Office) -> None:
    """After a handful of wrong codes a stranger is not heard any more, even with the right one."""
    stranger = Peer("telegram", "9", "9")
    code = office.invite("小林", "technical")
    for number in range(5):
        await office.desk.receive(stranger, Message(str(number), text="ABCDEFGHJK"))
    assert not await office.desk.receive(stranger, Message("x", text=code))
    assert office.known("telegram", "9") is None


async def test_a_repeated_message_is_answered_once(office: Office) -> None:
    """The same message delivered again and again, also at once, leads to one answer."""
    lin = await office.enter("小林")
    office.told(lin)
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(office.desk.receive, lin, Message("7", text="新建 云信达"))
    assert len(office.waiting(lin)) == 1


async def test_an_evaluation_goes_on_in_another_channel(office: Office) -> None:
    """Somebody who began on Telegram finds the same question open in WeCom."""
    lin = await office.enter("小林")
    for number, text in enumerate(("新建 云信达", "完整", "1", "否", "否", "0.045元")):
        await office.desk.receive(lin, Message(f"t{number}", text=text))
    asked = office.told(lin).splitlines()[-1]
    there = await office.enter("小林", channel="wecom", user="lin.wecom")
    assert asked in office.told(there)
    await office.desk.receive(there, Message("w1", text="是"))
    await office.desk.receive(lin, Message("t9", text="进度"))
    assert "2" in office.told(lin)
    assert 2 == len({answer.item_id for answer in rows(office, Answer)})


async def test_ten_people_in_one_group_lose_nothing(office: Office) -> None:
    """Ten people who press and type at once in one group: every word is kept with its author."""
    team = [await office.enter(f"同事{number}") for number in range(10)]
    group = [Peer("telegram", "-100", peer.user, peer.name, group=True) for peer in team]
    for number, text in enumerate(("新建 云信达", "完整", "1", "否", "否")):
        await office.desk.receive(group[0], Message(f"g{number}", text=text))
    button = next(
        token for label, token in office.waiting(group[0])[-1].buttons if label in {"是", "有"}
    )
    async with anyio.create_task_group() as tasks:
        for number, peer in enumerate(group):
            tasks.start_soon(office.desk.receive, peer, Message(f"p{number}", action=button))
    pressed = [turn for turn in rows(office, Turn) if turn.message_id.startswith("p")]
    assert 10 == len({turn.person_id for turn in pressed})
    assert 1 == len(rows(office, Answer))


async def test_different_answers_in_a_group_are_both_kept(office: Office) -> None:
    """Where a second person presses something else, neither answer is lost and both are named."""
    lin, wang = await office.enter("小林"), await office.enter("老王")
    here = [Peer("telegram", "-1", peer.user, peer.name, group=True) for peer in (lin, wang)]
    for number, text in enumerate(("新建 云信达", "完整", "1", "否", "否")):
        await office.desk.receive(here[0], Message(f"g{number}", text=text))
    buttons = dict(office.waiting(here[0])[-1].buttons)
    office.told(here[0])
    await office.desk.receive(here[0], Message("a", action=buttons["是"]))
    await office.desk.receive(here[1], Message("b", action=buttons["否"]))
    told = office.told(here[0])
    assert "小林" in told
    assert "老王" in told
    newest = rows(office, Answer)[-1]
    assert ("yes", office.known("telegram", "小林")) == (newest.choice, "小林")


async def test_an_edited_message_corrects_its_answer(office: Office) -> None:
    """Editing the message that answered a question changes that answer and no other."""
    lin = await office.enter("小林")
    for number, text in enumerate(("新建 云信达", "完整", "1", "否", "否", "是", "否")):
        await office.desk.receive(lin, Message(f"t{number}", text=text))
    first = rows(office, Answer)[0]
    await office.desk.receive(lin, Message("t5:e99", text="否", about="t5"))
    changed = rows(office, Answer)[-1]
    assert (first.item_id, "no") == (changed.item_id, changed.choice)
    count = len(rows(office, Answer))
    await office.desk.receive(lin, Message("t0:e99", text="是", about="t0"))
    assert count == len(rows(office, Answer))


async def test_a_leaver_is_a_stranger(office: Office) -> None:
    """Somebody who has left is not answered any more, on any channel."""
    from bot.store import people
    from tests.integration.front_stage import now

    lin = await office.enter("小林")
    with office.database.write() as sql:
        assert people.leave(sql, "小林", now())
    assert not await office.desk.receive(lin, Message("1", text="你好"))


async def test_a_code_that_comes_again_is_greeted_once(office: Office) -> None:
    """Where the platform repeats the message with the code, nothing further is said or kept."""
    code = office.invite("小林", "technical")
    lin = Peer("telegram", "1", "1")
    for _ in range(2):
        assert await office.desk.receive(lin, Message("1", text=f"/start {code}"))
    assert 1 == len(office.waiting(lin))
    assert 1 == len(rows(office, Turn))


async def _in_the_walk(office: Office, name: str = "小林") -> Peer:
    """Somebody with the first question before them."""
    peer = await office.enter(name)
    for number, text in enumerate(("新建 云信达", "完整", "1", "否", "否")):
        await office.desk.receive(peer, Message(f"w{number}", text=text))
    return peer


async def test_a_question_shown_twice_takes_either_button(office: Office) -> None:
    """After the question was shown again, a button of its earlier showing still answers it."""
    lin = await _in_the_walk(office)
    earlier = dict(office.waiting(lin)[-1].buttons)["是"]
    await office.desk.receive(lin, Message("s", text="进度"))
    await office.desk.receive(lin, Message("p", action=earlier))
    assert ["yes"] == [answer.choice for answer in rows(office, Answer)]


async def test_a_button_of_another_evaluation_answers_nothing(office: Office) -> None:
    """A question of the vendor before is not answered for the one talked about now."""
    lin = await _in_the_walk(office)
    earlier = dict(office.waiting(lin)[-1].buttons)["是"]
    for number, text in enumerate(("新建 九州通", "完整", "1", "否", "否")):
        await office.desk.receive(lin, Message(f"x{number}", text=text))
    await office.desk.receive(lin, Message("p", action=earlier))
    assert [] == rows(office, Answer)


async def test_pressing_twice_says_nothing_more(office: Office) -> None:
    """A double tap is answered once."""
    lin = await _in_the_walk(office)
    button = dict(office.waiting(lin)[-1].buttons)["否"]
    office.told(lin)
    await office.desk.receive(lin, Message("p1", action=button))
    told = office.told(lin)
    await office.desk.receive(lin, Message("p2", action=button))
    assert told
    assert "" == office.told(lin)


async def test_replies_to_one_question_in_a_group_are_all_kept(office: Office) -> None:
    """Of several who reply to the same question in words, nobody's answer is dropped."""
    lin, wang = await office.enter("小林"), await office.enter("老王")
    here = [Peer("telegram", "-1", peer.user, peer.name, group=True) for peer in (lin, wang)]
    for number, text in enumerate(("新建 云信达", "完整", "1", "否", "否")):
        await office.desk.receive(here[0], Message(f"g{number}", text=text))
    async with delivering(office, Scripted()):
        await until(lambda: not office.waiting(here[0]))
        asked = _asked(office, here[0].key)
        await office.desk.receive(here[0], Message("a", text="0.05元", about=asked))
        await office.desk.receive(here[1], Message("b", text="0.03元", about=asked))
        await until(lambda: not office.waiting(here[0]))
    newest = rows(office, Answer)[-1]
    note = office.database.vault.unseal(newest.note_sealed, "answer.note")
    assert "老王" in note
    assert "0.03" in note


def _asked(office: Office, conversation: str) -> str:
    """The platform's id of the newest message with a question in it."""
    asking = [row for row in rows(office, Outbox) if row.conversation_id == conversation]
    return next(row.message_id for row in reversed(asking) if row.body["buttons"])


async def test_an_edit_that_changes_nothing_is_nothing(office: Office) -> None:
    """Where a platform tells of an edit that left the words as they were, nothing is said."""
    lin = await _in_the_walk(office)
    await office.desk.receive(lin, Message("a", text="0.05元"))
    office.told(lin)
    await office.desk.receive(lin, Message("a:e1", text="0.05元", about="a"))
    assert "" == office.told(lin)
    assert 1 == len(rows(office, Answer))

"""From the chat into the table, and back into the chat as a notice with buttons."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bot import calendars
from bot.calendars import Hours
from bot.messages import Message, Peer
from bot.reminders import Sweeper
from tests.integration.front_stage import Office, Scripted, delivering, opened, until
from tests.integration.reminder_stage import ITEMS, WORDS

pytestmark = pytest.mark.anyio


@pytest.fixture
def office(home: Path) -> Iterator[Office]:
    with opened(home) as office:
        yield office


def sweeper(office: Office, at: datetime) -> Sweeper:
    return Sweeper(office.database, WORDS, ITEMS, lambda: at, office.desk.wake)


def morning(day: date) -> datetime:
    """Shortly after work begins, on a working day."""
    hours = Hours()
    return calendars.opening(hours, calendars.working_day(hours, day)) + timedelta(minutes=1)


async def test_a_notice_is_delivered_and_its_button_works(office: Office) -> None:
    """A drill planned in the chat is announced there; its button is good, pressed twice as well."""
    lin = await office.enter("小林")
    for number, text in enumerate(["演练", "云信达", "九州", "小林", "1"]):
        await office.desk.receive(lin, Message(f"m{number}", text=text))
    assert "已排" in office.told(lin)
    channel = Scripted()
    day = calendars.mid_quarter(Hours(), datetime.now(UTC).date())
    async with delivering(office, channel):
        at = morning(day - timedelta(days=14))
        for channel_name in sweeper(office, at).sweep():
            office.desk.wake(channel_name)
        await until(lambda: len(channel.told) == 1)
    notice = channel.told[0]
    assert "主备切换演练 云信达 → 九州" in notice.text
    assert ["完成", "稍后", "改期", "不是我"] == [label for label, _ in notice.buttons]
    done = notice.buttons[0][1]
    await office.desk.receive(lin, Message("p1", action=done))
    assert "哪天做的" in office.told(lin)
    for number, text in enumerate(["今天", "周律", "2:36", "0"]):
        await office.desk.receive(lin, Message(f"r{number}", text=text))
    assert "下一次已排在" in office.told(lin)
    await office.desk.receive(lin, Message("p2", action=done))
    assert "已经办结" in office.told(lin)


async def test_a_quoted_notice_takes_a_word(office: Office) -> None:
    """Replying to a notice with "done" or "snooze" means that reminder; other words do not."""
    lin = await office.enter("小林")
    for number, text in enumerate(["演练", "云信达", "九州", "小林", "1"]):
        await office.desk.receive(lin, Message(f"t{number}", text=text))
    office.told(lin)
    day = calendars.mid_quarter(Hours(), datetime.now(UTC).date())
    channel = Scripted()
    async with delivering(office, channel):
        sweeper(office, morning(day - timedelta(days=14))).sweep()
        office.desk.wake("telegram")
        await until(lambda: len(channel.told) == 1)
    notice = f"m{channel.told[0].id}"
    await office.desk.receive(lin, Message("q1", text="稍后 2 天", about=notice))
    assert "好的" in office.told(lin)
    await office.desk.receive(lin, Message("q2", text="完成", about=notice))
    assert "哪天做的" in office.told(lin)
    for number, text in enumerate(["今天", "周律", "2:36", "0"]):
        await office.desk.receive(lin, Message(f"r{number}", text=text))
    office.told(lin)
    await office.desk.receive(lin, Message("q3", text="done.", about=notice))
    assert "已经办结" in office.told(lin)


async def test_a_strange_button_changes_nothing(office: Office) -> None:
    """A token of somebody else's reminder, or of none, is answered kindly."""
    lin, wang = await office.enter("小林"), await office.enter("老王", "technical")
    for number, text in enumerate(["演练", "云信达", "九州", "小林", "1"]):
        await office.desk.receive(lin, Message(f"m{number}", text=text))
    office.told(wang)
    for number, word in enumerate(["1-t14-done", "999-t3-done", "1", "x-y-z", "1-t14-nonsense"]):
        await office.desk.receive(wang, Message(f"b{number}", action=f"0:remind:{word}"))
    assert "没有找到与您有关的提醒" in office.told(wang)


async def test_handed_questions_reach_a_colleague_elsewhere(office: Office) -> None:
    """Questions handed over in one chat come in one message to the colleague's own chat."""
    wang = await office.enter("老王", "technical", channel="wecom")
    lin = await office.enter("小林")
    script = ["云信达", "完整评估", "1", "否", "否", "不知道", "老王", "不知道", "老王"]
    for number, text in enumerate(script):
        await office.desk.receive(lin, Message(f"m{number}", text=text))
    office.told(wang)
    at = morning(datetime.now(UTC).date() + timedelta(days=1))
    assert frozenset({"wecom"}) == sweeper(office, at).sweep()
    notice = office.waiting(wang)
    assert 1 == len(notice)
    assert "有 2 题等 老王 回答：第 1、2 题" in notice[0].text
    office.told(wang)
    await office.desk.receive(wang, Message("p", action=notice[0].buttons[0][1]))
    assert "第 1 题" in office.told(wang)
    await office.desk.receive(wang, Message("a", text="0.04元"))
    assert "第 2 题" in office.told(wang)


async def test_a_group_sees_only_what_concerns_who_asks(office: Office) -> None:
    """In a group the list is that of whoever asks, and notices go to their own chat."""
    lin = await office.enter("小林")
    group = Peer("telegram", "-100", "小林", "小林", group=True)
    for number, text in enumerate(["演练", "云信达", "九州", "小林", "1"]):
        await office.desk.receive(group, Message(f"m{number}", text=text))
    assert "已排" in office.told(group)
    office.told(lin)
    day = calendars.mid_quarter(Hours(), datetime.now(UTC).date())
    sweeper(office, morning(day)).sweep()
    assert [] == office.waiting(group)
    assert 1 == len(office.waiting(lin))

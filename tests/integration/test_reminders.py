"""Reminders arrive: in time, in working hours, where somebody is reached, once."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import anyio
import pytest

from bot.calendars import CompanyDays
from bot.dialogue import effects as do
from bot.settings import load
from bot.store import cases, people, reminders
from bot.store.database import Database
from bot.store.tables import Answer, Assignment, Evaluation, Person
from bot.wording import Wording
from tests.integration.front_stage import until
from tests.integration.reminder_stage import ITEMS, Team, at


@pytest.fixture
def team(home: Path) -> Iterator[Team]:
    database = Database.open(load({"SMSVET_HOME": str(home)}))
    yield Team(database, at("2026-11-23T02:00"))  # a Monday, ten in Shanghai
    database.close()


def test_a_drill_is_announced_step_by_step(team: Team) -> None:
    """Notices come 14, 3 and 1 days before and on the day, at the start of work, once each."""
    lin = team.person("lin", "telegram:1", "terminal:lin")
    team.drill("lin", "2027-01-20", lin)
    told = {}
    for day in range(1, 21):
        for hour in ("00:30", "01:00", "05:00", "16:00"):
            team.sweep(f"2027-01-{day:02}T{hour}")
            for text in team.said("telegram:1"):
                told[f"01-{day:02} {hour}"] = text
    assert ["01-06 01:00", "01-15 01:00", "01-19 01:00", "01-20 01:00"] == list(told)
    assert "还有 14 天" in told["01-06 01:00"]
    assert "就是今天" in told["01-20 01:00"]
    assert [] == team.said("terminal:lin")


def test_what_falls_on_a_day_off_is_said_before(team: Team) -> None:
    """A drill on a Saturday is announced on Friday; three days and one before fall together."""
    lin = team.person("lin", "telegram:1")
    team.drill("lin", "2027-01-23", lin)
    told = []
    for day in range(1, 24):
        team.sweep(f"2027-01-{day:02}T02:00")
        told += [day for _ in team.said("telegram:1")]
    assert [8, 20, 22] == told
    team.sweep("2027-01-25T02:00")
    assert "已过 2 天" in team.said("telegram:1")[0]


def test_what_falls_on_a_closed_day_is_said_before(team: Team) -> None:
    """Days the company lists as closed are days off; a listed weekend day is none."""
    monday, saturday = date(2027, 1, 18), date(2027, 1, 16)
    team.database.company = CompanyDays(frozenset({monday}), frozenset({saturday}))
    lin = team.person("lin", "telegram:1")
    team.drill("lin", "2027-01-18", lin)
    told = []
    for day in range(1, 19):
        team.sweep(f"2027-01-{day:02}T02:00")
        told += [day for _ in team.said("telegram:1")]
    assert [4, 15, 16] == told


def test_missed_while_down_is_told_once(team: Team) -> None:
    """After weeks of nobody looking there is one notice, the last one; then it goes on."""
    lin = team.person("lin", "telegram:1")
    team.drill("lin", "2027-01-20", lin)
    team.sweep("2027-01-20T03:00")
    team.sweep("2027-01-20T03:01")
    assert 1 == len(team.said("telegram:1"))
    assert ["t0"] == [notice.step for notice in team.notices()]
    assert "overdue" == team.reminder().step


def test_back_at_night_waits_for_the_morning(team: Team) -> None:
    """What fell due while nobody looked is not told outside of working hours."""
    lin = team.person("lin", "telegram:1")
    team.drill("lin", "2027-01-20", lin)
    team.sweep("2027-01-19T15:00")  # eleven at night
    team.sweep("2027-01-20T00:59")
    assert [] == team.said("telegram:1")
    team.sweep("2027-01-20T01:00")
    assert 1 == len(team.said("telegram:1"))
    assert ["t0"] == [notice.step for notice in team.notices() if notice.at]


def test_the_approver_hears_of_what_is_overdue(team: Team) -> None:
    """One working day late and then every week, each in their own time zone."""
    lin = team.person("lin", "telegram:1")
    team.person("王总", "wecom:2", roles="approver", timezone="Europe/Berlin")
    team.drill("lin", "2027-01-20", lin)
    team.sweep("2027-01-20T02:00")
    assert [] == team.said("wecom:2")
    team.said("telegram:1")
    team.sweep("2027-01-21T02:00")
    assert 1 == len(team.said("telegram:1"))
    assert [] == team.said("wecom:2")  # three in the morning there
    team.sweep("2027-01-21T08:00")
    assert "lin 还没有处理" in team.said("wecom:2")[0]
    team.sweep("2027-01-28T02:00")
    team.sweep("2027-01-28T09:00")
    assert 1 == len(team.said("wecom:2"))
    assert 1 == len(team.said("telegram:1"))


def test_somebody_else_is_told_where_nobody_is_reached(team: Team) -> None:
    """Blocked everywhere: the approver hears it; with nobody there it waits, then comes once."""
    lin = team.person("lin", "telegram:1")
    team.person("王总", "wecom:2", roles="approver")
    team.drill("lin", "2027-01-20", lin)
    team.unreachable("telegram:1")
    team.unreachable("wecom:2")
    team.sweep("2027-01-06T02:00")
    team.sweep("2027-01-15T02:00")
    assert [] == team.said("wecom:2") + team.said("telegram:1")
    team.unreachable("wecom:2", now=False)
    team.sweep("2027-01-18T02:00")
    told = team.said("wecom:2")
    assert 1 == len(told)
    assert "哪个渠道都联系不上" in told[0]
    team.unreachable("telegram:1", now=False)
    team.sweep("2027-01-18T03:30")
    assert [] == team.said("wecom:2") + team.said("telegram:1")
    team.sweep("2027-01-19T02:00")
    assert 1 == len(team.said("telegram:1"))


def test_several_at_once_are_one_message(team: Team) -> None:
    """Everything due for one person comes in one message with a button for each."""
    lin = team.person("lin", "wecom:1")
    for number in range(12):
        team.drill("lin", "2027-01-20", lin, backup=f"备{number}")
    team.sweep("2027-01-06T02:00")
    rows = team.queued("wecom:1")
    assert 1 == len(rows)
    assert "有 12 件事" in rows[0].body["text"]
    assert "另有 2 件" in rows[0].body["text"]
    assert 6 == len(rows[0].body["buttons"])
    assert 40 >= max(len(token.encode()) for _, token in rows[0].body["buttons"])


def test_nothing_piles_up_where_nobody_looks(team: Team) -> None:
    """A notice that nobody got yet is replaced by the next about the same thing."""
    lin = team.person("lin", "terminal:lin")
    team.drill("lin", "2027-01-20", lin)
    for day in ("06", "15", "19", "20", "21", "28"):
        team.sweep(f"2027-01-{day}T02:00")
    told = team.said("terminal:lin")
    assert 1 == len(told)
    assert "已过 8 天" in told[0]


def test_done_meanwhile_needs_no_notice(team: Team) -> None:
    """A notice that waits for the morning is forgotten when the thing is settled before."""
    lin = team.person("lin", "telegram:1")
    team.drill("lin", "2027-01-20", lin)
    team.sweep("2027-01-19T15:00")
    team.remind(do.Settle(1, "done", {"on": "2027-01-19"}, date(2027, 5, 17)), lin)
    team.sweep("2027-01-20T02:00")
    assert [] == team.said("telegram:1")
    assert ("2027-05-17", "t14") == (team.reminder(2).due_on, team.reminder(2).step)


def test_whoever_left_is_told_nothing(team: Team) -> None:
    """A person who left the company counts as not to be reached."""
    lin = team.person("lin", "telegram:1")
    boss = team.person("王总", "wecom:2", roles="approver")
    team.drill("lin", "2027-01-20", boss)
    with team.database.write() as sql:
        people.leave(sql, "lin", team.now)
    team.sweep("2027-01-06T02:00")
    assert [] == team.said("telegram:1")
    assert 1 == len(team.said("wecom:2"))
    assert lin != boss


def test_the_next_drill_remembers_the_last(team: Team) -> None:
    """The notice of the coming drill says when the last one was, and how long it took."""
    lin = team.person("lin", "telegram:1")
    team.drill("lin", "2026-12-01", lin)
    result = {"on": "2026-11-23", "first_arrival_s": 156.0, "duplicates": 0}
    team.remind(do.Settle(1, "done", result, date(2027, 2, 15)), lin)
    team.remind(do.Settle(1, "done", {}, date(2027, 2, 15)), lin)  # pressed twice
    team.sweep("2027-02-01T02:00")
    told = team.said("telegram:1")
    assert 1 == len(told)
    assert "上次 2026-11-23，首条 2 分钟 36 秒" in told[0]
    assert result == team.reminder().result


def test_a_snoozed_notice_comes_back_in_the_morning(team: Team) -> None:
    """Put off, it comes once more on that morning; what follows comes as before."""
    lin = team.person("lin", "telegram:1")
    team.drill("lin", "2027-01-20", lin)
    team.sweep("2027-01-06T02:00")
    team.remind(do.Snooze(1, date(2027, 1, 7), at("2027-01-07T01:00")), lin)
    told = []
    for day in range(6, 21):
        team.sweep(f"2027-01-{day:02}T03:00")
        told += [day for _ in team.said("telegram:1")]
    assert [6, 7, 15, 19, 20] == told


def test_handed_on_means_told(team: Team) -> None:
    """Whoever a thing is handed to hears of it in their own morning, and then what follows."""
    lin = team.person("lin", "telegram:1")
    team.person("Eva", "telegram:2", timezone="Europe/Berlin")
    team.drill("lin", "2027-01-20", lin)
    team.remind(do.HandOver(1, "Eva"), lin)
    team.sweep("2026-11-23T07:59")
    assert [] == team.said("telegram:2")
    team.sweep("2026-11-23T08:00")
    assert 1 == len(team.said("telegram:2"))
    team.sweep("2027-01-06T08:00")
    assert 1 == len(team.said("telegram:2"))
    assert [] == team.said("telegram:1")


def test_moved_means_reminded_of_the_new_day(team: Team) -> None:
    """After a move the notices count from the new day; the old ones are not told."""
    lin = team.person("lin", "telegram:1")
    team.drill("lin", "2027-01-20", lin)
    team.remind(do.Move(1, date(2027, 2, 17), "老王"), lin)
    team.sweep("2027-01-20T02:00")
    assert [] == team.said("telegram:1")
    team.sweep("2027-02-03T02:00")
    assert "2027-02-17" in team.said("telegram:1")[0]
    moved = {"from": "2027-01-20", "to": "2027-02-17", "note": "老王"}
    assert [moved] == team.reminder().result["moved"]


@pytest.mark.anyio
async def test_the_sweep_wakes_the_channel(team: Team) -> None:
    """It looks again and again, and says which channel has something to deliver."""
    lin = team.person("lin", "telegram:1")
    team.drill("lin", "2027-01-20", lin)
    team.now = at("2027-01-06T02:00")
    team.sweeper.every_s = 0.01
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(team.sweeper.run)
        await until(lambda: bool(team.woken))
        tasks.cancel_scope.cancel()
    assert ["telegram"] == team.woken
    assert 1 == team.sweeper.told


class Dying(dict):  # type: ignore[type-arg]
    """Wordings in whose second use the process dies."""

    used = 0

    def get(self, key, default=None):
        self.used += 1
        if self.used == 2:
            raise KeyboardInterrupt
        return super().get(key, default)


def test_dying_in_the_middle_of_telling_keeps_nothing_of_it(team: Team) -> None:
    """A process that dies after one of two messages has told neither; the next tells both."""
    people_ = [team.person(name, f"telegram:{name}") for name in ("lin", "wang")]
    team.drill("lin", "2027-01-20", people_[0])
    team.drill("wang", "2027-01-20", people_[1])
    whole = team.sweeper.wordings
    team.sweeper.wordings = Dying(whole)
    with pytest.raises(KeyboardInterrupt):
        team.sweep("2027-01-06T02:00")
    assert [] == team.notices()
    assert "t14" == team.reminder().step
    team.sweeper.wordings = whole
    team.sweep("2027-01-06T02:05")
    team.sweep("2027-01-06T02:06")
    assert [1, 1] == [len(team.said(f"telegram:{name}")) for name in ("lin", "wang")]


def test_one_that_cannot_be_worded_holds_up_nobody(team: Team) -> None:
    """Where one person's message cannot be made, the others get theirs."""
    people_ = [team.person(name, f"telegram:{name}") for name in ("lin", "wang")]
    team.drill("lin", "2027-01-20", people_[0])
    team.remind(do.Remind("paper", "wang", date(2027, 1, 20), {}, None), people_[1])
    with team.database.write() as sql:
        sql.get_one(Person, people_[0]).language = "en"
    whole = team.sweeper.wordings
    team.sweeper.wordings = {"zh": whole["zh"], "en": Wording("en", {})}
    team.sweep("2027-01-06T02:00")
    assert [0, 1] == [len(team.said(f"telegram:{name}")) for name in ("lin", "wang")]
    team.sweeper.wordings = whole
    team.sweep("2027-01-06T03:00")
    assert "led by lin" in team.said("telegram:lin")[0]


def hand_over(team: Team, items: list[str], name: str, by: int) -> None:
    with team.database.write() as sql:
        for item in items:
            given = Assignment(evaluation_id=1, item_id=item, colleague=name, by=by, at=team.now)
            sql.add(given)
            sql.flush()
            reminders.handed(sql, 1, name, by=by, now=team.now)


def answer(team: Team, item: str, by: int) -> None:
    with team.database.write() as sql:
        sql.add(
            Answer(
                evaluation_id=1, item_id=item, revision=1, person_id=by, at=team.now, choice="yes"
            )
        )
        cases.touch(sql, 1)


def test_handed_over_questions_come_in_one_digest(team: Team) -> None:
    """Told once for all, again after two and five working days, then the approver once."""
    lin, wang = team.person("lin", "telegram:1"), team.person("小王", "telegram:2")
    team.person("王总", "wecom:3", roles="approver")
    with team.database.write() as sql:
        sql.add(
            Evaluation(
                vendor="云信达",
                walk="full",
                checklist_version="1",
                created_by=lin,
                created_at=team.now,
            )
        )
    items = [item.id for item in list(ITEMS.items())[:3]]
    hand_over(team, items, "小王", lin)
    team.sweep("2026-11-23T02:09")
    assert [] == team.said("telegram:2")
    team.sweep("2026-11-23T02:10")
    told = team.said("telegram:2")
    assert 1 == len(told)
    assert "有 3 题等 小王 回答" in told[0]
    answer(team, items[0], wang)
    heard: dict[str, list[str]] = {"telegram:2": [], "wecom:3": []}
    for day in (*range(24, 31), *range(1, 20)):
        team.sweep(f"2026-{11 if day > 23 else 12}-{day:02}T02:00")
        for chat in heard:
            heard[chat] += [f"{day}:{text}" for text in team.said(chat)]
    assert ["25", "30", "2"] == [text.partition(":")[0] for text in heard["telegram:2"]]
    assert "有 2 题" in heard["telegram:2"][0]
    assert 1 == len(heard["wecom:3"])
    assert team.reminder().next_at is None


def test_answered_questions_need_no_reminding(team: Team) -> None:
    """When all are answered before the digest goes out, nothing goes out."""
    lin, wang = team.person("lin", "telegram:1"), team.person("小王", "telegram:2")
    with team.database.write() as sql:
        row = Evaluation(vendor="云", walk="full", checklist_version="1", created_by=lin)
        row.created_at = team.now
        sql.add(row)
    items = [item.id for item in list(ITEMS.items())[:2]]
    hand_over(team, items, "小王", lin)
    team.now = at("2026-11-23T02:05")
    for item in items:
        answer(team, item, wang)
    team.sweep("2026-11-23T02:30")
    assert [] == team.said("telegram:2")
    assert "done" == team.reminder().state

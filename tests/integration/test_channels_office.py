"""The whole application behind the platforms' fakes: groups, coming back, and what changes."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest
from sqlmodel import select

from bot.channels.wecom import Wecom
from bot.delivery import Delivery
from bot.fakes.telegram import Fault, people
from bot.fakes.wecom import fake_wecom
from bot.messages import Message, Peer
from bot.progress import Ticker
from bot.store import outbox
from bot.store.tables import Answer, Person, Run
from bot.switchboard import Switchboard
from tests.integration import telegram_stage, wecom_stage
from tests.integration.front_stage import Office, now, opened, until
from tests.integration.telegram_stage import ANNA, BO, GROUP

pytestmark = pytest.mark.anyio

OPENING = ("新建 云信达", "完整", "1", "否", "否")  # up to the first question


@dataclass
class Street:
    """An office on Telegram: what people say there goes over its fake's socket."""

    office: Office
    on: telegram_stage.Stage
    channel: Any
    board: Switchboard

    def shown(self, chat: int) -> list[str]:
        """What the bot said in a chat, as it reads now."""
        me = self.on.fake.me["id"]
        said = self.on.fake.transcript(chat)
        return [one.get("text", "") for one in said if one["from"]["id"] == me]

    async def say(self, chat: int, text: str, *, user: int = 0, reply_to: int = 0) -> None:
        """Say it, and wait for the bot to say something more."""
        before = len(self.shown(chat))
        people.say(self.on.fake, chat, text, user=user, reply_to=reply_to)
        await until(lambda: len(self.shown(chat)) > before)

    async def enter(self, user: int, name: str) -> None:
        code = self.office.invite(name, "technical", "approver")
        await self.say(user, f"/start {code}")

    def answers(self) -> list[Answer]:
        with self.office.database.read() as sql:
            return list(sql.exec(select(Answer).order_by(Answer.id)))

    def language(self, name: str) -> str:
        with self.office.database.read() as sql:
            return sql.exec(select(Person.language).where(Person.name == name)).one()


@asynccontextmanager
async def street(folder: Path, *, progress_s: float = 3600, **more: Any) -> AsyncIterator[Street]:
    with opened(folder / "home") as office:
        async with telegram_stage.stage(folder, **more) as on, on.channel() as channel:
            board = Switchboard(
                [channel], office.desk, office.database, now, time.monotonic, "tests", progress_s
            )
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(board.run)
                await until(lambda: "telegram" in board.deliveries)
                yield Street(office, on, channel, board)
                tasks.cancel_scope.cancel()


async def test_what_people_say_to_each_other_in_a_group_answers_nothing(tmp_path: Path) -> None:
    """Where the bot hears everything, only replies, mentions and commands count."""
    async with street(tmp_path, privacy=False) as at:
        at.on.fake.group(GROUP, "Team", (ANNA, BO))
        await at.enter(ANNA, "安娜")
        for words in OPENING:
            await at.say(GROUP, f"@smsvet_bot {words}", user=ANNA)
        asked = [one for one in at.on.fake.transcript(GROUP) if "reply_markup" in one][-1]
        for words in ("是", "1", "no", "it is in /etc/hosts, yes"):
            people.say(at.on.fake, GROUP, words, user=ANNA)
        await at.say(GROUP, "/status", user=ANNA)
        assert [] == at.answers()
        await at.say(GROUP, "是", user=ANNA, reply_to=asked["message_id"])
        assert ["yes"] == [answer.choice for answer in at.answers()]
        await at.say(GROUP, "@smsvet_bot 由总部负责", user=ANNA)
        assert 2 == len(at.answers())


async def test_whoever_unblocks_the_bot_gets_one_message(tmp_path: Path) -> None:
    """What waited and where they stand come together, though the same tap says /start as well."""
    async with street(tmp_path) as at:
        await at.enter(ANNA, "安娜")
        people.stand(at.on.fake, ANNA, "kicked")
        peer = Peer("telegram", str(ANNA), str(ANNA), "Anna")
        for number, words in enumerate(("帮助", "新建 云信达")):
            await at.office.desk.receive(peer, Message(f"elsewhere{number}", text=words))
            await until(lambda: bool(_unreached(at.office)))
        before = len(at.shown(ANNA))
        people.say(at.on.fake, ANNA, "/start")
        await until(lambda: len(at.shown(ANNA)) > before and not at.office.waiting(peer))
        await anyio.sleep(0.3)
        (last,) = at.shown(ANNA)[before:]
        assert "云信达" in last


async def test_a_word_after_a_block_brings_one_message(tmp_path: Path) -> None:
    """Where the platform tells of no unblocking, what waited comes with the answer."""
    async with street(tmp_path) as at:
        await at.enter(ANNA, "安娜")
        at.on.fake.rooms[ANNA].standing = "kicked"
        peer = Peer("telegram", str(ANNA), str(ANNA), "Anna")
        await at.office.desk.receive(peer, Message("elsewhere", text="新建 云信达"))
        await until(lambda: bool(_unreached(at.office)))
        at.on.fake.rooms[ANNA].standing = "member"
        before = len(at.shown(ANNA))
        await at.say(ANNA, "你好")
        await until(lambda: not at.office.waiting(peer))
        (last,) = at.shown(ANNA)[before:]
        assert 1 == last.count("云信达")


def _unreached(office: Office) -> list[str]:
    with office.database.read() as sql:
        return [each.conversation for each in outbox.unreached(sql)]


@pytest.mark.parametrize("chat", [ANNA, GROUP])
@pytest.mark.parametrize("chosen_in_a_group", [True, False])
async def test_a_greeting_never_changes_a_language_chosen_elsewhere(
    chat: int, chosen_in_a_group: bool, tmp_path: Path
) -> None:
    """Chosen on the web page or in a group, it holds in every other chat, a new group as well."""
    async with street(tmp_path, privacy=False) as at:
        at.on.fake.group(GROUP, "Team", (ANNA,))
        page = await at.office.enter("安娜", channel="web", user="1")
        await at.enter(ANNA, "安娜")
        if chosen_in_a_group:
            page = Peer("telegram", "-7", str(ANNA), "Anna", group=True)
        await at.office.desk.receive(page, Message("w1", text="language zh"))
        await at.say(chat, "@smsvet_bot hello" if chat < 0 else "hello", user=ANNA)
        assert "zh" == at.language("安娜")
        assert any("一" <= sign <= "鿿" for sign in at.shown(chat)[-1])


async def test_somebody_who_only_greets_in_english_is_answered_in_english(tmp_path: Path) -> None:
    """Where nothing was chosen or said yet, the first words choose."""
    async with street(tmp_path) as at:
        await at.enter(ANNA, "Anna")
        await at.say(ANNA, "hello")
        assert "en" == at.language("Anna")


async def test_the_progress_of_a_test_changes_in_place(tmp_path: Path) -> None:
    """One message for a test, however often its counts change; the end is its last state."""
    async with street(tmp_path, progress_s=0.02) as at:
        await at.enter(ANNA, "安娜")
        before = len(at.shown(ANNA))
        run = _tested(at.office, f"telegram:{ANNA}")
        for state, sent, words in (
            ("confirmed", 0, "排队中"),
            ("sending", 10, "已发 10/20"),
            ("observing", 20, "已发 20/20"),
            ("judged", 20, "已出结论"),
        ):
            _counted(at.office, run, state, sent)
            await until(lambda words=words: words in at.shown(ANNA)[-1])
        assert before + 1 == len(at.shown(ANNA))
        assert ["true"] == [
            call.values["disable_notification"]
            for call in at.on.called("sendMessage")
            if "disable_notification" in call.values
        ]


async def test_progress_waits_where_the_platform_asks_for_a_pause(tmp_path: Path) -> None:
    """A refusal is no reason to send a second line, and replies are never held up by it."""
    async with street(tmp_path) as at:
        await at.enter(ANNA, "安娜")
        delivery = at.board.deliveries["telegram"]
        ticker = Ticker(at.channel, delivery, at.office.built.wordings, time.monotonic)
        before = len(at.shown(ANNA))
        run = _tested(at.office, f"telegram:{ANNA}")
        _counted(at.office, run, "sending", 5)
        await _looked(ticker, delivery)
        at.on.fake.faults.set(Fault("flood", "editMessageText", seconds=2))
        for sent in (6, 7, 8):
            _counted(at.office, run, "sending", sent)
            await _looked(ticker, delivery)
        assert 1 == len(at.on.called("editMessageText"))
        await at.say(ANNA, "帮助")
        assert before + 2 == len(at.shown(ANNA))


async def _looked(ticker: Ticker, delivery: Delivery) -> None:
    delivery.pacing.sent.clear()  # as if time had passed
    await ticker.look()


def _tested(office: Office, conversation: str) -> int:
    """A test that was confirmed in a chat, and that nobody carries out."""
    sender = office.built.assistant.scenery.sender
    with office.database.write() as sql:
        run = Run(
            connection_id=0,
            conversation_id=conversation,
            plan={},
            state="confirmed",
            planned_at=now(),
        )
        sender.add(sql, run, "sim:honest")
        sql.flush()
        return run.id or 0


def _counted(office: Office, run: int, state: str, sent: int) -> None:
    with office.database.write() as sql:
        row = sql.get_one(Run, run)
        row.state, row.progress = state, {"planned": 20, "sent": sent}


async def test_a_card_from_before_a_restart_is_answered_kindly_and_shows_it(
    tmp_path: Path,
) -> None:
    """Its question was answered meanwhile: the answer stays, and the buttons go."""
    with opened(tmp_path / "home") as office:
        async with fake_wecom() as fake:
            lin = fake.person("lin")
            async with _wecom(office, fake, tmp_path):
                await lin.say(f"/start {office.invite('小林', 'technical')}")
                for words in OPENING:
                    count = len(lin.chat.shown)
                    await lin.say(words)
                    await lin.sees(lambda shown, count=count: len(shown) > count)
                old = lin.card()
                await lin.say("是")
                await until(lambda: bool(_answered(office)))
                await until(lambda: not office.waiting(Peer("wecom", "lin", "lin")))
            async with _wecom(office, fake, tmp_path):
                count = len(lin.chat.shown)
                await lin.press("否", bubble=old)
                await lin.sees(lambda shown: len(shown) > count and not old.buttons)
        assert "已点：否" in str(old.card)
        assert ["yes"] == _answered(office)


def _answered(office: Office) -> list[str | None]:
    with office.database.read() as sql:
        return list(sql.exec(select(Answer.choice)))


@asynccontextmanager
async def _wecom(office: Office, fake: Any, folder: Path) -> AsyncIterator[None]:
    """One process's WeCom channel."""
    line = wecom_stage.LongConnection(fake.bot_id, fake.secret, fake.url, times=wecom_stage.QUICK)
    channel = Wecom(line, folder / "in", patience=wecom_stage.PATIENT)
    board = Switchboard([channel], office.desk, office.database, now, time.monotonic, "tests")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(board.run)
        await until(lambda: line.up)
        yield
        tasks.cancel_scope.cancel()

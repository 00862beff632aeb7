"""Replies reach people in WeCom: through windows, as pushes, as cards and files, never twice."""

from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from bot.channels.port import Delivered, Later, Rejected, Unreachable
from bot.channels.wecom import Wecom, frames
from bot.fakes.wecom import Codes, Limits, Person
from tests.integration.wecom_stage import PATIENT, YES_NO, Stage, staged

pytestmark = pytest.mark.anyio

LONG = "一二三四五六七八九十" * 20


async def greeted(stage: Stage, user: str = "alice", group: str = "") -> Person:
    """Somebody whose message waits for an answer."""
    person = stage.fake.person(user, group)
    before = len(stage.core.heard)
    await person.say("你好")
    await stage.core.hears(before + 1)
    return person


async def test_the_first_reply_answers_and_the_second_is_pushed(tmp_path: Path) -> None:
    """A message is answered once through its own window; what follows is said unasked."""
    async with staged(tmp_path) as stage:
        alice = await greeted(stage)
        assert isinstance(await stage.deliver("alice", "您好"), Delivered)
        assert isinstance(await stage.deliver("alice", "还有一件事"), Delivered)
        shown = [(b.kind, b.text, b.pushed) for b in alice.chat.shown]
        assert [("stream", "您好", False), ("markdown", "还有一件事", True)] == shown


async def test_each_waiting_message_gives_one_answer(tmp_path: Path) -> None:
    """Two messages can be answered twice without a push."""
    async with staged(tmp_path) as stage:
        alice = await greeted(stage)
        await greeted(stage)
        for text in ("一", "二", "三"):
            await stage.deliver("alice", text)
        assert [False, False, True] == [bubble.pushed for bubble in alice.chat.shown]


@pytest.mark.parametrize("code", [846604, 846605, 846608])
async def test_a_window_that_is_over_is_replaced_by_a_push(code: int, tmp_path: Path) -> None:
    """Whatever the platform calls it: too late to answer is not too late to say."""
    async with staged(tmp_path) as stage:
        alice = await greeted(stage)
        stage.fake.faults.errors[frames.RESPOND] = [code]
        assert isinstance(await stage.deliver("alice", "您好"), Delivered)
        assert [("您好", True)] == [(b.text, b.pushed) for b in alice.chat.shown]


async def test_short_questions_are_one_card(tmp_path: Path) -> None:
    """Question and buttons fit into one card, answered or pushed."""
    async with staged(tmp_path) as stage:
        alice = await greeted(stage)
        await stage.deliver("alice", "有资质吗？", buttons=YES_NO)
        await stage.deliver("alice", "有证吗？\n例如营业执照", buttons=(("有", "a"), ("无", "b")))
        first, second = alice.chat.shown
        assert (dict(YES_NO), False) == (first.buttons, first.pushed)
        assert ({"有": "a", "无": "b"}, True) == (second.buttons, second.pushed)


async def test_a_long_question_is_text_and_card_in_one_answer(tmp_path: Path) -> None:
    """Through a window the whole text and the card go together."""
    async with staged(tmp_path) as stage:
        alice = await greeted(stage)
        await stage.deliver("alice", f"{LONG}\n有资质吗？", buttons=YES_NO)
        text, card = alice.chat.shown
        assert ("stream", f"{LONG}\n有资质吗？") == (text.kind, text.text)
        assert ("请选择", "有资质吗？") == (
            card.card["main_title"]["title"],  # type: ignore[index]
            card.card["sub_title_text"],  # type: ignore[index]
        )


async def test_a_long_question_is_pushed_as_text_then_card_and_neither_twice(
    tmp_path: Path,
) -> None:
    """Where the second of two pushes has to wait, the first is not said again."""
    async with staged(tmp_path) as stage:
        alice = stage.fake.person("alice")
        alice.chat.written = True
        stage.fake.limits.per_minute = 1
        reply = stage.reply("alice", LONG, buttons=YES_NO, language="en")
        assert isinstance(await stage.channel.deliver(reply), Later)
        stage.fake.limits.per_minute = 30
        assert isinstance(await stage.channel.deliver(reply), Delivered)
        assert ["markdown", "card"] == [bubble.kind for bubble in alice.chat.shown]
        assert "Please choose" == alice.chat.shown[1].card["main_title"]["title"]  # type: ignore[index]


async def test_more_than_six_choices_are_a_vote(tmp_path: Path) -> None:
    """Up to twenty choices are a vote with one choice; what is chosen arrives as its token."""
    async with staged(tmp_path) as stage:
        alice = await greeted(stage)
        choices = tuple((f"选项{n}", f"1:1:{n}") for n in range(9))
        await stage.deliver("alice", "选哪个？", buttons=choices)
        assert "vote_interaction" == alice.card().card["card_type"]  # type: ignore[index]
        await alice.press("选项4")
        assert "1:1:4" == (await stage.core.hears(2))[1].action
        await alice.sees(lambda shown: not shown[-1].buttons)
        assert "已点：选项4" == alice.chat.shown[-1].card["sub_title_text"]  # type: ignore[index]


async def test_more_choices_than_a_card_takes_are_numbered_text(tmp_path: Path) -> None:
    """Above twenty, a typed number answers."""
    async with staged(tmp_path) as stage:
        alice = await greeted(stage)
        choices = tuple((f"选项{n}", f"1:1:{n}") for n in range(25))
        await stage.deliver("alice", "选哪个？", buttons=choices)
        lines = (await alice.hears()).text.splitlines()
        assert ["选哪个？", "1 选项0", "25 选项24"] == [lines[0], lines[1], lines[-1]]


async def test_a_refused_card_becomes_text(tmp_path: Path) -> None:
    """Where the platform does not like a card, the choices are still told."""
    async with staged(tmp_path) as stage:
        alice = await greeted(stage)
        stage.fake.faults.errors[frames.RESPOND] = [Codes.BAD_PARAMETER] * 2
        await stage.deliver("alice", "有资质吗？", buttons=YES_NO)
        assert ["有资质吗？\n1 是  2 否"] == [bubble.text for bubble in alice.chat.shown]


@pytest.mark.parametrize("group", ["", "g1"])
async def test_files_go_out_in_chunks_to_people_and_groups(group: str, tmp_path: Path) -> None:
    """A file arrives whole under its name; a picture as a picture."""
    async with staged(tmp_path) as stage:
        alice = await greeted(stage, group=group)
        report, chart = tmp_path / "评估报告.html", tmp_path / "图.png"
        report.write_bytes(b"<html>" * 200_000)
        chart.write_bytes(b"\x89PNG")
        chat = group or "alice"
        await stage.deliver(chat, file=str(report), group=bool(group))
        await stage.deliver(chat, "图：", file=str(chart), group=bool(group))
        file, text, image = alice.chat.shown
        assert ("file", "评估报告.html", report.read_bytes()) == (file.kind, file.name, file.data)
        assert ("图：", "image", b"\x89PNG") == (text.text, image.kind, image.data)
        chunks = [body for cmd, _, body in stage.fake.frames if cmd == frames.UPLOAD_CHUNK]
        assert [0, 1, 2, 0] == [body["chunk_index"] for body in chunks]


async def test_a_chunk_that_fails_is_sent_again(tmp_path: Path) -> None:
    """The platform answers a chunk with an error now and then."""
    async with staged(tmp_path) as stage:
        alice = await greeted(stage)
        report = tmp_path / "a.pdf"
        report.write_bytes(b"%PDF" * 200_000)
        stage.fake.faults.errors[frames.UPLOAD_CHUNK] = [-1]
        assert isinstance(await stage.deliver("alice", file=str(report)), Delivered)
        assert report.read_bytes() == alice.chat.shown[0].data


@pytest.mark.parametrize(("size", "why"), [(0, "empty"), (21 << 20, "size")])
async def test_a_file_the_platform_never_takes_is_rejected(
    size: int, why: str, tmp_path: Path
) -> None:
    """Empty or above the limit: other replies may go on."""
    async with staged(tmp_path) as stage:
        await greeted(stage)
        report = tmp_path / "a.pdf"
        report.write_bytes(bytes(size))
        fate = await stage.deliver("alice", file=str(report))
        assert isinstance(fate, Rejected)
        assert why in fate.why
        assert isinstance(await stage.deliver("alice", file=str(tmp_path / "none")), Rejected)


async def test_who_never_wrote_is_unreachable(tmp_path: Path) -> None:
    """A push needs a chat in which somebody has written."""
    async with staged(tmp_path) as stage:
        assert isinstance(await stage.deliver("nobody", "您好"), Unreachable)


async def test_too_many_is_later(tmp_path: Path) -> None:
    """Beyond the platform's rate a reply waits."""
    async with staged(tmp_path, limits=Limits(per_minute=2)) as stage:
        stage.fake.person("alice").chat.written = True
        fates = [await stage.deliver("alice", str(number)) for number in range(3)]
        assert [Delivered, Delivered, Later] == [type(fate) for fate in fates]


async def test_nothing_is_said_while_the_connection_is_down(tmp_path: Path) -> None:
    """Without a connection everybody waits, for as long as it takes to the next attempt."""
    async with staged(tmp_path) as stage:
        await greeted(stage)
        stage.fake.secret = "changed"
        await stage.fake.close()
        await anyio.sleep(0.05)
        fate = await stage.deliver("alice", "您好")
        assert isinstance(fate, Later)
        assert fate.everybody


async def test_a_lost_acknowledgement_makes_no_second_bubble(tmp_path: Path) -> None:
    """Nobody knows whether an answer arrived: said again under the same id, it shows once."""
    async with staged(tmp_path) as stage:
        alice = await greeted(stage)
        stage.fake.faults.drop_acks[frames.RESPOND] = 2
        assert isinstance(await stage.insist(stage.reply("alice", "您好")), Delivered)
        assert ["您好"] == [bubble.text for bubble in alice.chat.shown]


@pytest.mark.parametrize("window", [True, False])
async def test_a_slow_acknowledgement_makes_no_second_bubble(window: bool, tmp_path: Path) -> None:
    """An acknowledgement after its time is found before anything is said again."""
    async with staged(tmp_path) as stage:
        alice = stage.fake.person("alice")
        alice.chat.written = True
        if window:
            await greeted(stage)
        stage.fake.faults.ack_delay_s = 0.31
        reply = stage.reply("alice", "您好")
        assert isinstance(await stage.channel.deliver(reply), Later)
        await anyio.sleep(0.05)
        assert isinstance(await stage.channel.deliver(reply), Delivered)
        assert ["您好"] == [bubble.text for bubble in alice.chat.shown]


async def test_a_conflict_means_it_is_there(tmp_path: Path) -> None:
    """The platform's "conflict" is tried again, then believed."""
    async with staged(tmp_path) as stage:
        await greeted(stage)
        stage.fake.faults.errors[frames.RESPOND] = [6000, 6000, 6000]
        assert isinstance(await stage.deliver("alice", "您好"), Delivered)


async def test_a_refusal_nobody_knows_is_tried_again_and_then_concerns_the_chat(
    tmp_path: Path,
) -> None:
    """An unknown code is no reason to lose a reply."""
    async with staged(tmp_path) as stage:
        stage.fake.person("alice").chat.written = True
        stage.fake.faults.errors[frames.SEND] = [99999] * 2
        reply = stage.reply("alice", "您好")
        assert isinstance(await stage.channel.deliver(reply), Later)
        assert isinstance(await stage.channel.deliver(reply), Unreachable)


async def test_replies_survive_a_connection_that_ends_between(tmp_path: Path) -> None:
    """A reply waits for the next connection and is then said once."""
    async with staged(tmp_path) as stage:
        alice = await greeted(stage)
        stage.fake.cut()
        await stage.deliver("alice", "一")
        assert isinstance(await stage.insist(stage.reply("alice", "二")), Delivered)
        assert 1 == [bubble.text for bubble in alice.chat.shown].count("二")


async def test_ten_people_in_one_group_each_press_and_get_their_answers(tmp_path: Path) -> None:
    """Many at once in one group: nothing lost, nothing twice, one frame in flight per req_id."""
    async with staged(tmp_path) as stage:
        stage.fake.faults.ack_delay_s = 0.01
        people = [stage.fake.person(f"p{number}", group="g1") for number in range(10)]
        for person in people:
            await person.say(f"我是 {person.user}")
        await stage.core.hears(10)
        for number in range(20):
            await stage.insist(stage.reply("g1", f"回 {number}", group=True))
        shown = [bubble.text for bubble in people[0].chat.shown]
        assert [f"回 {number}" for number in range(20)] == shown
        assert [] == stage.fake.violations


async def test_a_card_sent_before_a_crash_is_not_shown_twice(tmp_path: Path) -> None:
    """A card keeps its id over restarts, and the platform takes an id once."""
    async with staged(tmp_path) as stage, staged(tmp_path / "b") as other:
        alice = await greeted(stage)
        reply = stage.reply("alice", "有资质吗？", buttons=YES_NO)
        await stage.channel.deliver(reply)
        restarted = Wecom(stage.line, tmp_path, patience=PATIENT)
        again = replace(reply, again=True)
        assert isinstance(await restarted.deliver(again), Delivered)
        assert 1 == len(alice.chat.shown)
        bob = await greeted(other, "alice")
        assert isinstance(await other.channel.deliver(again), Delivered)
        assert 1 == len(bob.chat.shown)


async def test_a_card_whose_id_was_used_by_another_installation_is_shown(tmp_path: Path) -> None:
    """After a new beginning the same reply may have the same id: it gets another one."""
    async with staged(tmp_path) as stage:
        alice = await greeted(stage)
        reply = stage.reply("alice", "有资质吗？", buttons=YES_NO)
        await stage.channel.deliver(reply)
        assert isinstance(await stage.channel.deliver(reply), Delivered)
        assert [dict(YES_NO)] * 2 == [bubble.buttons for bubble in alice.chat.shown]


@pytest.mark.parametrize("cards", [True, False])
async def test_a_push_whose_answer_is_lost_is_not_sent_while_it_may_come(
    cards: bool, tmp_path: Path
) -> None:
    """Before anything is said again the answer is waited for; a card never shows twice."""
    async with staged(tmp_path) as stage:
        alice = stage.fake.person("alice")
        alice.chat.written = True
        stage.fake.faults.drop_acks[frames.SEND] = 1
        reply = stage.reply("alice", "有资质吗？", buttons=YES_NO if cards else ())
        assert isinstance(await stage.channel.deliver(reply), Later)
        assert isinstance(await stage.channel.deliver(reply), Later)
        assert 1 == len(alice.chat.shown)
        assert isinstance(await stage.insist(reply), Delivered)
        assert (1 if cards else 2) == len(alice.chat.shown)  # a text has nothing to know it by


async def test_an_upload_goes_on_where_it_was_broken_off(tmp_path: Path) -> None:
    """After an attempt that failed in the middle only the missing chunks are sent."""
    async with staged(tmp_path) as stage:
        alice = await greeted(stage)
        report = tmp_path / "a.pdf"
        report.write_bytes(b"%PDF" * 500_000)
        reply = stage.reply("alice", file=str(report))
        stage.fake.faults.errors[frames.UPLOAD_CHUNK] = [99999] * 3
        assert isinstance(await stage.channel.deliver(reply), Later)
        assert isinstance(await stage.insist(reply), Delivered)
        assert report.read_bytes() == alice.chat.shown[0].data
        begun = [cmd for cmd, _, _ in stage.fake.frames if cmd == frames.UPLOAD_BEGIN]
        assert 1 == len(begun)


async def test_an_upload_the_platform_forgot_begins_anew(tmp_path: Path) -> None:
    """Where the beginning is not known any more, all is sent again."""
    async with staged(tmp_path) as stage:
        alice = await greeted(stage)
        report = tmp_path / "a.pdf"
        report.write_bytes(b"%PDF" * 500_000)
        reply = stage.reply("alice", file=str(report))
        stage.fake.faults.errors[frames.UPLOAD_CHUNK] = [99999] * 3
        assert isinstance(await stage.channel.deliver(reply), Later)
        stage.fake.platform.uploads.clear()
        assert isinstance(await stage.insist(reply), Delivered)
        assert report.read_bytes() == alice.chat.shown[0].data

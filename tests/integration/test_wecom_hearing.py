"""What people do in WeCom reaches the core, each chat in its order."""

from pathlib import Path

import anyio
import pytest

from bot.channels.port import Delivered
from bot.channels.wecom import frames
from bot.fakes.wecom import Limits
from bot.fakes.wecom.state import Stored
from bot.messages import Peer
from tests.integration.wecom_stage import YES_NO, Stage, staged, until

pytestmark = pytest.mark.anyio

PNG = b"\x89PNG\r\n\x1a\n" + b"picture" * 20
PDF = b"%PDF-1.4 " + b"contract " * 5000


async def test_text_arrives_with_who_and_where(tmp_path: Path) -> None:
    """A person's own chat is named after the person, a group's after the group."""
    async with staged(tmp_path) as stage:
        await stage.fake.person("alice").say("你好")
        await stage.fake.person("bob", group="g1").say("进度如何")
        await stage.core.hears(2)
        heard = {peer: message.text for peer, message in stage.core.heard}
        assert {
            Peer("wecom", "alice", "alice"): "你好",
            Peer("wecom", "g1", "bob", group=True): "进度如何",
        } == heard


async def test_spoken_words_arrive_as_text(tmp_path: Path) -> None:
    """A voice message is the text the platform made of it."""
    async with staged(tmp_path) as stage:
        await stage.fake.person("alice").speak("第七题选是")
        assert ["第七题选是"] == [message.text for message in await stage.core.hears()]


async def test_a_file_is_fetched_decrypted_and_keeps_its_name(tmp_path: Path) -> None:
    """Files, pictures and videos arrive as readable files in folders of their own."""
    async with staged(tmp_path) as stage:
        alice = stage.fake.person("alice")
        await alice.upload(PDF, "合同 ../a/最终.pdf")
        await alice.upload(PNG, "", "image")
        await alice.upload(b"x" * 32, "录像.mp4", "video")
        await stage.core.hears(3)
        paths = [message.paths[0] for message in stage.core.messages]
        assert ["最终.pdf", "image.png", "录像.mp4"] == [path.name for path in paths]
        assert [PDF, PNG, b"x" * 32] == [path.read_bytes() for path in paths]
        assert 3 == len({path.parent for path in paths})


async def test_text_and_pictures_in_one_message_stay_together(tmp_path: Path) -> None:
    """A mixed message is one message, in a group as well."""
    async with staged(tmp_path) as stage:
        await stage.fake.person("bob", group="g1").mix("证据 7", PNG, "两张", PNG)
        (message,) = await stage.core.hears()
        assert "证据 7\n两张" == message.text
        assert [PNG, PNG] == [path.read_bytes() for path in message.paths]


async def test_a_file_quoted_in_a_group_is_fetched(tmp_path: Path) -> None:
    """How a file gets to the bot in a group: quoted while the bot is mentioned."""
    async with staged(tmp_path) as stage:
        await stage.fake.person("bob", group="g1").quote_file(PDF, "证.pdf", "7")
        (message,) = await stage.core.hears()
        assert ("7", [PDF]) == (message.text, [path.read_bytes() for path in message.paths])


async def test_a_quoted_reply_is_about_that_reply(tmp_path: Path) -> None:
    """A quote of something the bot said names what was said, though the platform tells no id."""
    async with staged(tmp_path) as stage:
        bob = stage.fake.person("bob", group="g1")
        await bob.say("在吗")
        await stage.core.hears()
        delivered = await stage.deliver("g1", "第 7 题：**有**资质吗？", group=True)
        await bob.say("有", quote=await bob.hears())
        await bob.say("没有", quote=await bob.hears() if len(bob.chat.shown) > 1 else None)
        messages = await stage.core.hears(3)
        assert [delivered.message_id, ""] == [m.about for m in messages[1:]]  # type: ignore[union-attr]


@pytest.mark.parametrize("flat", [False, True])
async def test_a_press_arrives_and_the_card_shows_it(flat: bool, tmp_path: Path) -> None:
    """A pressed button is an action; the card tells the choice and has no buttons any more."""
    async with staged(tmp_path) as stage:
        alice = stage.fake.person("alice")
        await alice.say("开始")
        await stage.core.hears()
        await stage.deliver("alice", "有资质吗？\n请如实回答", buttons=YES_NO)
        await alice.press("否", flat=flat)
        messages = await stage.core.hears(2)
        await alice.sees(lambda shown: not shown[-1].buttons)
        card = alice.chat.shown[-1].card or {}
        assert "12:7:no" == messages[1].action
        assert ("有资质吗？", "请如实回答\n已点：否") == (
            card["main_title"]["title"],
            card["sub_title_text"],
        )


def updates(stage: Stage) -> int:
    return sum(1 for cmd, _, _ in stage.fake.frames if cmd == frames.UPDATE)


async def test_a_press_is_shown_only_after_it_is_kept(tmp_path: Path) -> None:
    """As long as a press may still be lost, its card has its buttons; a stranger's keeps them."""
    async with staged(tmp_path) as stage:
        alice = stage.fake.person("alice")
        await alice.say("开始")
        await stage.core.hears()
        await stage.deliver("alice", "有资质吗？", buttons=YES_NO)
        stage.core.strangers.add("alice")
        await alice.press("是")
        await stage.core.hears(2)
        await anyio.sleep(0.1)
        assert (0, 2) == (updates(stage), len(alice.card().buttons))
        stage.core.strangers.clear()
        stage.core.slow["alice"] = 0.3
        await alice.press("是")
        while len(stage.core.heard) < 3:
            assert alice.card().buttons
            await anyio.sleep(0.01)
        await alice.sees(lambda shown: not shown[-1].buttons)


async def test_the_newest_press_in_a_group_is_shown_and_whose(tmp_path: Path) -> None:
    """Several may press one card at once: it says what was pressed last, and by whom."""
    async with staged(tmp_path) as stage:
        bob = stage.fake.person("bob", group="g1")
        await bob.say("开始")
        await stage.core.hears()
        await stage.deliver("g1", "有资质吗？", buttons=YES_NO, group=True)
        card = bob.card()
        await bob.press("是", bubble=card)
        await stage.fake.person("caroline-of-the-lab", group="g1").press("12:7:no", bubble=card)
        await until(lambda: updates(stage) == 2)
        await until(lambda: "已点：否（caro…ab）" in str(card.card))


async def test_a_card_nobody_remembers_keeps_its_question(tmp_path: Path) -> None:
    """Where the core cannot say what it asked either, it is left as it is; the press counts."""
    async with staged(tmp_path) as stage:
        alice = stage.fake.person("alice")
        await alice.say("开始")
        await stage.core.hears()
        await stage.deliver("alice", "有资质吗？", buttons=YES_NO)
        stage.channel._speaker.asked.clear()
        await alice.press("是")
        assert "12:7:yes" == (await stage.core.hears(2))[1].action
        await anyio.sleep(0.1)
        assert (0, 2) == (updates(stage), len(alice.card().buttons))


async def test_a_card_of_an_earlier_process_shows_that_it_is_over(tmp_path: Path) -> None:
    """What it asked is looked up in what was delivered; the buttons go after the press."""
    async with staged(tmp_path) as stage:
        alice = stage.fake.person("alice")
        await alice.say("开始")
        await stage.core.hears()
        reply = stage.reply("alice", "有资质吗？", buttons=YES_NO)
        sent = await stage.channel.deliver(reply)
        assert isinstance(sent, Delivered)
        stage.core.told["alice", sent.message_id] = reply
        stage.channel._speaker.asked.clear()
        await alice.press("是")
        await alice.sees(lambda shown: not shown[-1].buttons)
        card = alice.chat.shown[-1].card or {}
        assert ("有资质吗？", "已点：是") == (card["main_title"]["title"], card["sub_title_text"])


async def test_a_card_that_cannot_be_updated_any_more_still_counts(tmp_path: Path) -> None:
    """The choice matters, its display does not."""
    async with staged(tmp_path) as stage:
        alice = stage.fake.person("alice")
        await alice.say("开始")
        await stage.core.hears()
        await stage.deliver("alice", "有资质吗？", buttons=YES_NO)
        stage.fake.faults.errors[frames.UPDATE] = [846604]
        await alice.press("是")
        assert "12:7:yes" == (await stage.core.hears(2))[1].action


async def test_opening_the_chat_is_a_visit_and_may_be_welcomed(tmp_path: Path) -> None:
    """Opening the chat says nothing; what the core says to it goes out as the welcome."""
    async with staged(tmp_path) as stage:
        alice = stage.fake.person("alice")
        await alice.enter()
        await until(lambda: stage.core.visits == [Peer("wecom", "alice", "alice")])
        await stage.deliver("alice", "您有 3 题未答 *")
        bubble = await alice.hears()
        assert ("text", "您有 3 题未答 *", False) == (bubble.kind, bubble.text, bubble.pushed)


async def test_ratings_and_our_own_state_are_nothing_people_said(tmp_path: Path) -> None:
    """A thumb up is not a message."""
    async with staged(tmp_path) as stage:
        alice = stage.fake.person("alice")
        await alice.rate()
        await alice.say("好")
        assert ["好"] == [message.text for message in await stage.core.hears()]


async def test_what_is_not_taken_is_named_as_such(tmp_path: Path) -> None:
    """A kind of message that smsvet does not take arrives as trouble, so that it can say so."""
    async with staged(tmp_path) as stage:
        await stage.fake.person("alice")._send({"msgtype": "location", "location": {}}, "")
        assert ["kind"] == [message.trouble for message in await stage.core.hears()]


async def test_a_duplicate_is_dropped(tmp_path: Path) -> None:
    """The platform may say something twice; it is heard once."""
    async with staged(tmp_path) as stage:
        stage.fake.faults.copies = 3
        alice = stage.fake.person("alice")
        await alice.say("一")
        await alice.say("二")
        await stage.core.hears(2)
        await anyio.sleep(0.05)
        assert ["一", "二"] == [message.text for message in stage.core.messages]


async def test_a_slow_chat_delays_no_other(tmp_path: Path) -> None:
    """Each chat is taken in its order; one chat's work holds up no other."""
    async with staged(tmp_path) as stage:
        stage.core.slow["alice"] = 0.1
        for text in "一二三":
            await stage.fake.person("alice").say(text)
        await stage.fake.person("bob").say("快")
        messages = await stage.core.hears(4)
        assert ["快", "一", "二", "三"] == [message.text for message in messages]


async def test_a_message_waits_for_its_file(tmp_path: Path) -> None:
    """What is said after a file is taken after it, though fetching takes its time."""
    async with staged(tmp_path) as stage:
        stage.fake.faults.refuse_downloads = 1
        alice = stage.fake.person("alice")
        await alice.upload(PDF, "a.pdf")
        await alice.say("就是这份")
        messages = await stage.core.hears(2)
        assert [1, 0] == [len(message.paths) for message in messages]


async def test_what_could_not_be_kept_is_tried_again(tmp_path: Path) -> None:
    """The platform says things once: a locked database must not lose them, nor their order."""
    async with staged(tmp_path) as stage:
        stage.core.fails = 2
        await stage.fake.person("alice").say("一")
        await stage.fake.person("alice").say("二")
        messages = await stage.core.hears(2)
        assert ["一", "二"] == [message.text for message in messages]


async def test_a_file_above_the_limit_is_not_kept(tmp_path: Path) -> None:
    """Too large a file is trouble, whether its length is announced or not."""
    async with staged(tmp_path, most=1000) as stage:
        alice = stage.fake.person("alice")
        await alice.upload(b"x" * 5000, "a.pdf")
        await alice.upload(b"x" * 1000, "b.pdf")
        messages = await stage.core.hears(2)
        assert ["too_large", ""] == [message.trouble for message in messages]
        assert [0, 1] == [len(message.paths) for message in messages]


async def test_an_address_that_expired_is_told(tmp_path: Path) -> None:
    """After five minutes a file is gone; the person is to send it again."""
    async with staged(tmp_path, limits=Limits(media_s=-1)) as stage:
        await stage.fake.person("alice").upload(PDF, "a.pdf")
        assert ["expired"] == [message.trouble for message in await stage.core.hears()]


async def test_a_file_that_cannot_be_read_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    """A wrong key or a broken file is trouble, and no half file stays."""
    async with staged(tmp_path) as stage:
        alice = stage.fake.person("alice")
        await stage.fake.close()
        await alice.upload(PDF, "a.pdf")
        for code, stored in stage.fake.platform.files.items():
            broken = stored.data[:-64] + bytes(64)
            stage.fake.platform.files[code] = Stored(broken, stored.name, stored.at)
        assert ["unreadable"] == [message.trouble for message in await stage.core.hears()]
        assert [] == list((tmp_path / "in").iterdir())


async def test_an_address_nobody_serves_is_trouble(tmp_path: Path) -> None:
    """A download that always fails ends as trouble after its tries."""
    async with staged(tmp_path) as stage:
        stage.fake.faults.refuse_downloads = 9
        await stage.fake.person("alice").upload(PDF, "a.pdf")
        assert ["unreadable"] == [message.trouble for message in await stage.core.hears()]


async def test_reordered_messages_all_arrive(tmp_path: Path) -> None:
    """Whatever order the platform uses, nothing is lost."""
    async with staged(tmp_path) as stage:
        stage.fake.faults.hold = 3
        for text in "一二三":
            await stage.fake.person("alice").say(text)
        messages = await stage.core.hears(3)
        assert ["三", "二", "一"] == [message.text for message in messages]


async def test_what_was_heard_is_kept_when_listening_ends(tmp_path: Path) -> None:
    """The platform says nothing twice: on the way out what is waiting is still taken."""
    async with staged(tmp_path) as stage:
        stage.core.slow["alice"] = 0.1
        for text in "一二三":
            await stage.fake.person("alice").say(text)
        await stage.core.hears()
    assert {"一", "二", "三"} == {message.text for message in stage.core.messages}

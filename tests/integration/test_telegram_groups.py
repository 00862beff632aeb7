"""The Telegram channel in groups: who is heard, who is asked, and a group that gets a new id."""

from pathlib import Path

import pytest

from bot.channels.port import Delivered
from bot.fakes.telegram import people
from tests.integration.telegram_stage import ANNA, BO, CARL, GROUP, STRANGER, reply, stage, until

pytestmark = pytest.mark.anyio


async def test_only_what_is_addressed_to_the_bot_is_taken(tmp_path: Path) -> None:
    """Also where the bot may hear everything."""
    async with stage(tmp_path, privacy=False) as on, on.listening() as channel:
        on.fake.group(GROUP, "Team", (ANNA, BO))
        sent = await channel.deliver(reply("Here.", GROUP))
        assert isinstance(sent, Delivered)
        people.say(on.fake, GROUP, "did you see the game?", user=BO)
        people.say(on.fake, GROUP, "@smsvet_bot yes", user=BO)
        people.say(on.fake, GROUP, "/status", user=ANNA)
        people.say(on.fake, GROUP, "why?", user=ANNA, reply_to=int(sent.message_id))
        await on.front.until(3)
        assert ["yes", "/status", "why?"] == on.front.texts
        assert [str(BO), str(ANNA), str(ANNA)] == [peer.user for peer, _ in on.front.heard]
        assert all(peer.group and peer.chat == str(GROUP) for peer, _ in on.front.heard)
        assert sent.message_id == on.front.heard[2][1].about


async def test_a_question_asks_whoever_spoke_for_a_reply(tmp_path: Path) -> None:
    """Only they see the prompt; who pressed a button is named, since there is no message of theirs.

    A statement, or a question with buttons, asks for no reply.
    """
    async with stage(tmp_path) as on, on.listening() as channel:
        on.fake.group(GROUP, "Team", (ANNA, BO))
        await channel.deliver(reply("Who is the contact?", GROUP))
        people.say(on.fake, GROUP, "/evaluate", user=BO)
        await on.front.until(1)
        await channel.deliver(reply("Which vendor?", GROUP))
        await channel.deliver(reply("Noted.", GROUP))
        await channel.deliver(reply("TLS?", GROUP, buttons=(("Yes", "1:1:yes"),)))
        people.press(on.fake, GROUP, "Yes", user=ANNA)
        await on.front.until(2)
        await channel.deliver(reply("Since when?", GROUP))
        shown = on.fake.transcript(GROUP)
        everybody, one, statement, buttons, named = [
            call.values.get("reply_markup", "") for call in on.called("sendMessage")
        ]
        assert '{"force_reply": true}' == everybody
        assert '{"force_reply": true, "selective": true}' == one == named
        assert ("", False) == (statement, "force_reply" in buttons)
        assert "/evaluate" == shown[2]["reply_to_message"]["text"]
        assert "Anna: Since when?" == shown[-1]["text"]
        assert "text_mention" == shown[-1]["entities"][0]["type"]


async def test_ten_people_in_one_group_are_each_heard(tmp_path: Path) -> None:
    """Nobody's answer is lost or taken for another's, and the group's order is kept."""
    async with stage(tmp_path) as on, on.listening() as channel:
        crowd = tuple(range(2001, 2011))
        on.fake.group(GROUP, "Team", crowd)
        await channel.deliver(reply("TLS?", GROUP, buttons=(("Yes", "1:1:yes"), ("No", "1:1:no"))))
        for turn in range(5):
            for person in crowd:
                if turn % 2:
                    people.press(on.fake, GROUP, "Yes", user=person)
                else:
                    people.say(on.fake, GROUP, f"/note {turn}", user=person)
        await on.front.until(50)
        assert [*crowd] * 5 == [int(peer.user) for peer, _ in on.front.heard]
        await until(lambda: all(one.answered for one in on.fake.queries.values()))


async def test_a_strangers_press_changes_nothing(tmp_path: Path) -> None:
    """The keyboard stays until somebody counts; then it says who chose what."""
    async with stage(tmp_path) as on, on.listening() as channel:
        on.fake.group(GROUP, "Team", (BO, STRANGER))
        await channel.deliver(reply("TLS?", GROUP, buttons=(("Yes", "1:1:yes"),)))
        people.press(on.fake, GROUP, "Yes", user=STRANGER)
        await until(lambda: len(on.front.calls) == 1)
        people.press(on.fake, GROUP, "Yes", user=BO)
        await until(lambda: bool(on.called("editMessageText")))
        shown = on.fake.transcript(GROUP)[0]
        assert ("TLS?\n▸ Yes · Bo", False) == (shown["text"], "reply_markup" in shown)
        assert all(one.answered for one in on.fake.queries.values())


async def test_a_group_that_becomes_a_supergroup_is_followed(tmp_path: Path) -> None:
    """The front hears of it; what was said before and after arrives in order."""
    async with stage(tmp_path) as on, on.listening():
        on.fake.group(GROUP, "Team", (ANNA, CARL))
        people.say(on.fake, GROUP, "/one", user=ANNA)
        new = people.migrate(on.fake, GROUP)
        people.say(on.fake, new, "/two", user=CARL)
        await on.front.until(2)
        assert {("telegram", str(GROUP), str(new))} == set(on.front.moves)
        assert [str(GROUP), str(new)] == [peer.chat for peer, _ in on.front.heard]


async def test_a_reply_to_a_group_that_has_moved_arrives_in_the_new_one(tmp_path: Path) -> None:
    """Where the move was not heard of, the first reply finds out."""
    async with stage(tmp_path) as on:
        on.fake.group(GROUP, "Team", (ANNA,))
        new = people.migrate(on.fake, GROUP)
        on.fake.updates.waiting.clear()
        async with on.listening() as channel:
            people.say(on.fake, ANNA, "hello")
            await on.front.until(1)
            assert isinstance(await channel.deliver(reply("Report", GROUP)), Delivered)
        assert [("telegram", str(GROUP), str(new))] == on.front.moves
        assert "Report" == on.fake.transcript(new)[-1]["text"]


async def test_being_added_to_a_group_is_a_visit(tmp_path: Path) -> None:
    """Whoever adds the bot is the visitor."""
    async with stage(tmp_path) as on, on.listening():
        on.fake.group(GROUP, "Team", (BO,)).standing = "left"
        people.stand(on.fake, GROUP, "member", user=BO)
        await until(lambda: bool(on.front.visits))
        peer = on.front.visits[0]
        assert (str(GROUP), str(BO), True) == (peer.chat, peer.user, peer.group)

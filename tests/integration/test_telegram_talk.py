"""The Telegram channel against the fake: what is said, pressed, corrected, and answered."""

from pathlib import Path

import pytest

from bot.channels.port import Delivered, Rejected
from bot.fakes.telegram import people
from bot.messages import Peer
from tests.integration.telegram_stage import ANNA, BO, reply, stage, until

pytestmark = pytest.mark.anyio


async def test_what_people_say_arrives_in_order(tmp_path: Path) -> None:
    """Each person's messages arrive as they were written, with who wrote and where."""
    async with stage(tmp_path) as on, on.listening():
        for number in range(20):
            people.say(on.fake, ANNA, f"answer {number}")
        await on.front.until(20)
        assert [f"answer {number}" for number in range(20)] == on.front.texts
        peer, message = on.front.heard[0]
        assert Peer("telegram", str(ANNA), str(ANNA), "Anna") == peer
        assert "1" == message.id


async def test_a_command_keeps_its_words_without_the_bots_name(tmp_path: Path) -> None:
    """`/start@bot CODE` is read as `/start CODE`; a command for another bot stays as it is."""
    async with stage(tmp_path) as on, on.listening():
        people.say(on.fake, ANNA, "/start@SMSVET_bot 3K7-Q")
        people.say(on.fake, ANNA, "/start@other_bot now")
        await on.front.until(2)
        assert ["/start 3K7-Q", "/start@other_bot now"] == on.front.texts


async def test_a_press_is_acknowledged_taken_and_shown(tmp_path: Path) -> None:
    """The spinner stops first; then the token arrives, the keyboard goes, the choice stays."""
    async with stage(tmp_path) as on, on.listening() as channel:
        people.say(on.fake, ANNA, "hello")
        await on.front.until(1)
        buttons = (("Yes", "1:2:yes"), ("No", "1:2:no"))
        sent = await channel.deliver(reply("Is **TLS** used?", buttons=buttons))
        assert isinstance(sent, Delivered)
        people.press(on.fake, ANNA, "No")
        await on.front.until(2)
        _, message = on.front.heard[1]
        assert ("1:2:no", sent.message_id) == (message.action, message.about)
        await until(lambda: bool(on.called("editMessageText")))
        shown = on.fake.transcript(ANNA)[-1]
        assert "Is TLS used?\n▸ No" == shown["text"]
        assert "reply_markup" not in shown
        assert [{"type": "bold", "offset": 3, "length": 3}] == shown["entities"]
        methods = [call.method for call in on.fake.calls]
        assert methods.index("answerCallbackQuery") < methods.index("editMessageText")


async def test_a_press_that_telegram_has_forgotten_still_counts(tmp_path: Path) -> None:
    """A query too old to be answered, on a keyboard that is gone, is taken all the same."""
    async with stage(tmp_path) as on, on.channel() as channel:
        people.say(on.fake, ANNA, "hello")
        await channel.deliver(reply("Sure?", buttons=(("Yes", "y"),)))
        people.press(on.fake, ANNA, "Yes")
        on.fake.queries.clear()
        on.fake.transcript(ANNA)[-1].pop("reply_markup")
        async with on.listening():
            await on.front.until(2)
            assert "y" == on.front.heard[1][1].action


async def test_two_presses_on_one_keyboard_are_two_answers(tmp_path: Path) -> None:
    """A double tap is passed on twice, for the core to recognise; nothing breaks."""
    async with stage(tmp_path) as on, on.channel() as channel:
        people.say(on.fake, ANNA, "hello")
        await channel.deliver(reply("Sure?", buttons=(("Yes", "y"),)))
        people.press(on.fake, ANNA, "Yes")
        people.press(on.fake, ANNA, "Yes")
        async with on.listening():
            await on.front.until(3)
            await until(lambda: len(on.called("editMessageText")) == 2)
            refused = [call.refused for call in on.called("editMessageText")]
            assert ["", True] == [refused[0], "not modified" in refused[1]]


async def test_a_corrected_answer_arrives_as_a_new_message(tmp_path: Path) -> None:
    """It names the message it corrects."""
    async with stage(tmp_path) as on, on.listening():
        first = people.say(on.fake, ANNA, "99.9 %")
        await on.front.until(1)
        people.edit(on.fake, ANNA, first["message_id"], "99.95 %")
        await on.front.until(2)
        _, message = on.front.heard[1]
        assert ("99.95 %", "1") == (message.text, message.about)
        assert message.id.startswith("1:e")


async def test_whoever_lets_the_bot_in_again_is_a_visitor(tmp_path: Path) -> None:
    """Blocking is no visit, unblocking is."""
    async with stage(tmp_path) as on, on.listening():
        people.say(on.fake, ANNA, "hello")
        people.stand(on.fake, ANNA, "kicked")
        people.stand(on.fake, ANNA, "member")
        await until(lambda: bool(on.front.visits))
        assert [str(ANNA)] == [peer.chat for peer in on.front.visits]


async def test_texts_come_out_as_they_were_meant(tmp_path: Path) -> None:
    """Signs of Telegram's own marks are shown, the longest text fits, one unit more is refused."""
    async with stage(tmp_path) as on, on.channel() as channel:
        people.say(on.fake, ANNA, "hello")
        written = 'a < b && "c" > d **bold** <script> _x_ `y`'
        assert isinstance(await channel.deliver(reply(written)), Delivered)
        assert written.replace("**", "") == on.fake.transcript(ANNA)[-1]["text"]
        assert isinstance(await channel.deliver(reply("&" * 4094 + "🙂")), Delivered)
        assert isinstance(await channel.deliver(reply("&" * 4095 + "🙂")), Rejected)
        assert isinstance(await channel.deliver(reply("?", buttons=(("A", "x" * 65),))), Rejected)


async def test_marks_that_telegram_refuses_are_left_out(tmp_path: Path) -> None:
    """Where Telegram cannot read the marks, the text goes out without them."""
    async with stage(tmp_path) as on, on.channel() as channel:
        people.say(on.fake, ANNA, "hello")
        on.refuse("sendMessage", 400, "can't parse entities: nobody knows why")
        assert isinstance(await channel.deliver(reply("**Note** 1 < 2")), Delivered)
        assert "Note 1 < 2" == on.fake.transcript(ANNA)[-1]["text"]


async def test_the_menu_of_commands_is_set(tmp_path: Path) -> None:
    """What the account has as commands is Telegram's menu."""
    async with stage(tmp_path) as on, on.listening(commands=(("status", "Where we are"),)):
        people.say(on.fake, BO, "hi")
        await on.front.until(1)
        assert [{"command": "status", "description": "Where we are"}] == on.fake.commands

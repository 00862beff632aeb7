"""What an update of Telegram's means."""

import subprocess
import sys
from typing import Any

import pytest
from telegram import Update

from bot.channels.telegram import Account
from bot.channels.telegram.client import update
from bot.channels.telegram.files import safe_name
from bot.channels.telegram.reading import Arrived, Attachment, Moved, Pressed, Reader, Said
from bot.messages import Message, Peer

ME = {"id": 9, "is_bot": True, "first_name": "smsvet", "username": "smsvet_bot"}
ANNA = {"id": 1, "is_bot": False, "first_name": "Anna", "last_name": "A"}
TEAM = {"id": -5, "type": "group", "title": "Team"}
PRIVATE = {"id": 1, "type": "private", "first_name": "Anna"}


def post(chat: dict[str, Any] = PRIVATE, kind: str = "message", **more: Any) -> Update:
    message = {"message_id": 7, "date": 1_700_000_000, "chat": chat, "from": ANNA, **more}
    found = update({"update_id": 1, kind: message})
    assert found is not None
    return found


def read(news: Update) -> Any:
    return Reader(9, "smsvet_bot").read(news)


def mark(kind: str, offset: int, length: int, **more: Any) -> list[dict[str, Any]]:
    return [{"type": kind, "offset": offset, "length": length, **more}]


def test_a_private_message_is_for_us() -> None:
    """Who wrote, where, and what."""
    peer = Peer("telegram", "1", "1", "Anna A")
    assert Said(peer, Message("7", "hello")) == read(post(text="hello"))


@pytest.mark.parametrize(
    ("text", "entities", "kept"),
    [
        ("good morning", [], None),
        ("@smsvet_bot is it so?", mark("mention", 0, 11), "is it so?"),
        ("🙂 @SMSVET_BOT yes", mark("mention", 3, 11), "🙂  yes"),
        ("@other_bot yes", mark("mention", 0, 10), None),
        ("smsvet yes", mark("text_mention", 0, 6, user=ME), "yes"),
        ("Bo yes", mark("text_mention", 0, 2, user=ANNA), None),
        ("/status", mark("bot_command", 0, 7), "/status"),
        ("/status@smsvet_bot now", mark("bot_command", 0, 18), "/status now"),
        ("/status@other_bot", mark("bot_command", 0, 17), None),
        ("it is in /etc", mark("bot_command", 9, 4), None),
        ("it is /status@smsvet_bot", mark("bot_command", 6, 18), "it is /status"),
        (" /why", mark("bot_command", 1, 4), "/why"),
        (
            "@smsvet_bot /why",
            mark("mention", 0, 11) + mark("bot_command", 12, 4),
            "/why",
        ),
    ],
)
def test_in_a_group_only_what_is_addressed_to_us_counts(
    text: str, entities: list[dict[str, Any]], kept: str | None
) -> None:
    """A mention or a command of ours is taken, and what addressed us is left out of the text."""
    said = read(post(TEAM, text=text, entities=entities))
    assert kept == (said.message.text if said else None)


def test_in_a_group_a_reply_to_us_counts_and_one_to_others_does_not() -> None:
    """The message replied to is passed on where it is ours."""

    def replying(author: dict[str, Any]) -> Any:
        replied = {"message_id": 3, "date": 1, "chat": TEAM, "from": author, "text": "?"}
        return read(post(TEAM, text="yes", reply_to_message=replied))

    assert "3" == replying(ME).message.about
    assert replying(ANNA) is None


def test_what_is_said_in_a_topic_is_no_reply_to_whoever_opened_it() -> None:
    """In a forum every message of a topic refers to the one that opened it."""
    opened = {"message_id": 3, "date": 1, "chat": TEAM, "from": ME}
    opened |= {"forum_topic_created": {"name": "SMS", "icon_color": 7322096}}
    assert read(post(TEAM, text="yes", reply_to_message=opened)) is None


def test_an_album_is_ours_as_a_whole_where_its_caption_addresses_us() -> None:
    """Its other pictures follow, though they have no caption."""
    reader = Reader(9, "smsvet_bot")
    sizes = [
        {"file_id": "s", "file_unique_id": "s", "width": 9, "height": 6, "file_size": 10},
        {"file_id": "b", "file_unique_id": "b", "width": 900, "height": 600, "file_size": 1000},
    ]
    album: dict[str, Any] = {"photo": sizes, "media_group_id": "77"}
    caption = {"caption": "@smsvet_bot TLS", "caption_entities": mark("mention", 0, 11)}
    first = reader.read(post(TEAM, **album, **caption))
    second = reader.read(post(TEAM, **album))
    other = reader.read(post(TEAM, **{**album, "media_group_id": "78"}))
    assert isinstance(first, Said)
    assert isinstance(second, Said)
    assert Attachment("b", "photo-7.jpg", 1000) == first.file == second.file
    assert ("TLS", None) == (first.message.text, other)


def test_a_corrected_message_has_an_id_of_its_own_and_names_the_first() -> None:
    """Edits of one message differ by the time of the edit."""
    said = read(post(kind="edited_message", text="new", edit_date=1_700_000_009))
    assert Message("7:e1700000009", "new", about="7") == said.message


def test_people_without_a_name_of_their_own_are_passed_over() -> None:
    """An anonymous administrator, a channel and another bot are nobody."""
    news = [
        post(TEAM, text="/status", entities=mark("bot_command", 0, 7), sender_chat=TEAM),
        post(TEAM, text="/status", entities=mark("bot_command", 0, 7), **{"from": ME}),
        post(TEAM, new_chat_title="New"),
    ]
    assert [None, None, None] == [read(one) for one in news]


def test_what_we_have_no_use_for_is_told_as_such() -> None:
    """A place on the map is a kind that is not taken."""
    said = read(post(location={"latitude": 1.0, "longitude": 2.0}))
    assert "kind" == said.message.trouble


def test_a_press_an_arrival_and_a_move_are_told_apart() -> None:
    """A button's token, a chat that opened, and a group's new id."""
    query = {"id": "44", "from": ANNA, "chat_instance": "1", "data": "1:2:yes"}
    message = {"message_id": 3, "date": 1, "chat": PRIVATE, "from": ME, "text": "?"}
    pressed = update({"update_id": 1, "callback_query": {**query, "message": message}})
    change = {"chat": PRIVATE, "from": ANNA, "date": 1}
    away, here = {"user": ME, "status": "kicked", "until_date": 0}, {"user": ME, "status": "member"}
    back = {**change, "old_chat_member": away, "new_chat_member": here}
    blocked = {**change, "old_chat_member": here, "new_chat_member": away}
    assert pressed is not None
    found = read(pressed)
    assert isinstance(found, Pressed)
    assert Message("q44", action="1:2:yes", about="3") == found.message
    peer = Peer("telegram", "1", "1", "Anna A")
    assert Arrived(peer) == read(update({"update_id": 2, "my_chat_member": back}) or post())
    assert read(update({"update_id": 3, "my_chat_member": blocked}) or post()) is None
    assert Moved("-5", "-1005") == read(post(TEAM, migrate_to_chat_id=-1005))


def test_an_update_that_cannot_be_read_is_none() -> None:
    """Whatever the platform invents, it is no exception."""
    assert update({"update_id": 5, "message": {"chat": {}}}) is None


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\x\\y.exe", "C__x_y.exe"),
        ("报告\n1.pdf", "报告_1.pdf"),
        (" . ", "file"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
    ],
)
def test_a_name_means_nothing_to_a_file_system(name: str, safe: str) -> None:
    """Separators and control characters go; a long name keeps its ending."""
    assert safe == safe_name(name)


@pytest.mark.parametrize(
    ("base", "files", "used"),
    [
        ("http://127.0.0.1:9/bot", "", ("http://127.0.0.1:9/bot", "http://127.0.0.1:9/file/bot")),
        ("http://127.0.0.1:9/", "", ("http://127.0.0.1:9/bot", "http://127.0.0.1:9/file/bot")),
        ("http://a/bot", "http://b/f", ("http://a/bot", "http://b/f/bot")),
    ],
)
def test_files_are_fetched_from_where_the_methods_are(
    base: str, files: str, used: tuple[str, str]
) -> None:
    """The token never goes to Telegram where another address was set."""
    assert used == Account("1:x", base_url=base, base_file_url=files).addresses


def test_importing_the_channel_is_light() -> None:
    """The library is loaded when a channel is built, not before."""
    code = "import sys, bot.channels.telegram; print('telegram' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "False" == done.stdout.strip()

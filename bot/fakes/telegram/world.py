"""The world around one bot: people, chats, messages, files. Objects are the Bot API's, as JSON."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.fakes.telegram.faults import Faults
from bot.fakes.telegram.params import RefusalError
from bot.fakes.telegram.updates import Updates

JSON = dict[str, Any]
Check = Callable[[str, Any], None]

BOT = 1_000_000_001
SUPERGROUPS = -1_000_000_000_000


def clock() -> int:
    """Seconds since 1970."""
    return int(datetime.now(UTC).timestamp())


@dataclass
class Room:
    """A chat as the bot knows it. `standing`: what the bot is there; `moved`: its id after a move.

    A private chat begins with the person's first word; before that the bot may not write there.
    """

    about: JSON
    members: dict[int, str] = field(default_factory=dict)
    messages: dict[int, JSON] = field(default_factory=dict)
    standing: str = "member"
    begun: bool = True
    moved: int = 0

    @property
    def id(self) -> int:
        return int(self.about["id"])

    @property
    def private(self) -> bool:
        return bool(self.about["type"] == "private")


@dataclass
class Kept:
    """A file somebody sent: what is known of it, and its content."""

    about: JSON
    data: bytes
    path: str


@dataclass
class Query:
    """A pressed button: whose spinner turns until it is answered."""

    id: str
    user: int
    answered: JSON | None = None


@dataclass
class Call:
    """A request of the bot's and what it was answered with."""

    method: str
    values: JSON
    answer: Any = None
    refused: str = ""


@dataclass
class Fake:
    """One bot and everybody it talks to.

    `check_request` and `check_object` may raise or note: they see every request's parameters, and
    every object that leaves. `privacy`: in groups the bot hears only what is meant for it.
    """

    token: str = f"{BOT}:fake"
    username: str = "smsvet_bot"
    privacy: bool = True
    now: Callable[[], int] = clock
    check_request: Check = lambda _method, _values: None
    check_object: Check = lambda _kind, _value: None
    people: dict[int, JSON] = field(default_factory=dict)
    rooms: dict[int, Room] = field(default_factory=dict)
    files: dict[str, Kept] = field(default_factory=dict)
    queries: dict[str, Query] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    actions: list[tuple[int, str]] = field(default_factory=list)
    commands: list[JSON] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)
    updates: Updates = field(default_factory=Updates)
    _counters: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.updates.check = self.check_object

    @property
    def me(self) -> JSON:
        """The bot itself."""
        number = int(self.token.partition(":")[0])
        return {"id": number, "is_bot": True, "first_name": "smsvet", "username": self.username}

    def person(self, number: int, name: str = "", username: str = "") -> JSON:
        """Somebody with an account, and their chat with the bot, which has not begun yet."""
        if number not in self.people:
            someone: JSON = {"id": number, "is_bot": False, "first_name": name or f"P{number}"}
            if username:
                someone["username"] = username
            self.people[number] = someone
            about = {"id": number, "type": "private", "first_name": someone["first_name"]}
            if username:
                about["username"] = username
            self.rooms[number] = Room(about, begun=False)
        return self.people[number]

    def group(self, number: int, title: str = "Group", members: tuple[int, ...] = ()) -> Room:
        """A group the bot is in; a supergroup where the id says so."""
        kind = "supergroup" if number < SUPERGROUPS else "group"
        room = Room({"id": number, "type": kind, "title": title})
        for member in members:
            self.person(member)
            room.members[member] = "member"
        self.rooms[number] = room
        return room

    def room(self, name: str | int) -> Room:
        """The chat a request names; refused where there is none."""
        text = str(name)
        if text.startswith("@"):
            for room in self.rooms.values():
                if room.about.get("username", "").lower() == text[1:].lower():
                    return room
        elif text.lstrip("-").isdigit() and int(text) in self.rooms:
            return self.rooms[int(text)]
        raise RefusalError("chat not found" if text else "chat_id is empty")

    def writable(self, name: str | int) -> Room:
        """The chat a request names, if the bot may write there."""
        room = self.room(name)
        if room.moved:
            raise RefusalError(
                "group chat was upgraded to a supergroup chat", migrate_to_chat_id=room.moved
            )
        if room.private and room.standing == "kicked":
            raise RefusalError("bot was blocked by the user", 403)
        if room.private and not room.begun:
            raise RefusalError("bot can't initiate conversation with a user", 403)
        if room.standing == "kicked":
            raise RefusalError(f"bot was kicked from the {room.about['type']} chat", 403)
        if room.standing == "left":
            raise RefusalError(f"bot is not a member of the {room.about['type']} chat", 403)
        return room

    def count(self, what: str) -> int:
        """The next number of a row of its own."""
        self._counters[what] = self._counters.get(what, 0) + 1
        return self._counters[what]

    def post(self, room: Room, author: JSON, more: JSON) -> JSON:
        """A new message in a chat."""
        shared = room.about["type"] != "supergroup"
        message: JSON = {
            "message_id": self.count("messages" if shared else f"messages {room.id}"),
            "from": author,
            "chat": room.about,
            "date": self.now(),
            **more,
        }
        room.messages[message["message_id"]] = message
        self.check_object("message", message)
        return message

    def keep(self, data: bytes, path: str) -> JSON:
        """A file's content; gives what every kind of file has in common."""
        number = secrets.token_hex(8)
        about: JSON = {
            "file_id": f"file-{number}",
            "file_unique_id": f"u{number}",
            "file_size": len(data),
        }
        self.files[about["file_id"]] = Kept(about, data, f"{path}/{number}")
        return about

    def transcript(self, chat: int) -> list[JSON]:
        """Every message of a chat in order, as it looks now."""
        messages = self.room(chat).messages
        return [messages[number] for number in sorted(messages)]

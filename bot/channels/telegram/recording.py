"""What a real bot asks and is told, kept as fixtures: without its token, and without people."""

import json
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from telegram import Update, User

from bot.channels.telegram.client import update

SECRETS = frozenset({"secret_token", "url", "ip_address", "invite_link", "vcard"})
NAMES = frozenset({"first_name", "last_name", "title", "bio", "description", "author_signature"})
FILES = frozenset({"file_id", "file_unique_id", "small_file_id", "big_file_id", "file_path"})
PRIVATE = frozenset({"mention", "phone_number", "email", "url"})  # entities, by their type
NUMBERED = re.compile(r"(?:^|_)(?:user|chat)_id$|^migrate_(?:to|from)_chat_id$")
TOKEN = re.compile(r"\d{4,}:[\w-]{3,}")
CODE = re.compile(r"(?<!\w)[A-HJ-NP-Z2-9]{10}(?!\w)")  # a one-time code
CHATS = frozenset({"private", "group", "supergroup", "channel"})


class Recorder:
    """Writes one line of JSON for each call and each answer: seconds, way, method, body.

    People, chats and files get numbers; a group's stays negative. Mentions, phone numbers,
    addresses and one-time codes in a text become x of the same length. Whatever else was said
    stays: say nothing private while recording.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._clock, self._start = path, clock, clock()
        self._numbers: dict[tuple[str, str], int] = {}

    def __call__(self, way: str, method: str, body: object) -> None:
        """Keep one body as JSON; `way`: out to Telegram or in from there."""
        if way == "in" and method == "getUpdates" and not _news(body):
            return  # every half minute, and says nothing
        at = round(self._clock() - self._start, 3)
        line = {"s": at, "way": way, "method": method, "body": self._clean(body, "")}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def _clean(self, value: Any, name: str) -> Any:
        if isinstance(value, dict):
            return self._object(value)
        if isinstance(value, list | tuple):
            return [self._clean(one, name) for one in value]
        if name in SECRETS:
            return f"<{name}>"
        if NUMBERED.search(name):
            return self._whose(value)
        if name in FILES:
            return f"file-{self._number('file', value)}"
        return _without_keys(value) if isinstance(value, str) else value

    def _object(self, value: Mapping[str, Any]) -> dict[str, Any]:
        value = _masked(value)
        cleaned = {key: self._clean(inner, key) for key, inner in value.items()}
        somebody = "is_bot" in value or value.get("type") in CHATS
        if somebody and "id" in value:
            cleaned["id"] = self._whose(value["id"])
            cleaned |= {key: f"{key} {cleaned['id']}" for key in NAMES & set(value)}
            if "username" in value and not value.get("is_bot"):
                cleaned["username"] = f"user_{cleaned['id']}"
        if "chat_instance" in value:
            cleaned["chat_instance"] = str(self._number("instance", value["chat_instance"]))
        if "phone_number" in value:  # somebody's contact
            cleaned |= {key: f"<{key}>" for key in {"phone_number", *NAMES} & set(value)}
        return cleaned | {key: 0.0 for key in ("latitude", "longitude") if key in value}

    def _whose(self, value: object) -> int:
        number = self._number("id", value)
        return -number if str(value).startswith("-") else number

    def _number(self, kind: str, value: object) -> int:
        count = sum(1 for known, _ in self._numbers if known == kind)
        return self._numbers.setdefault((kind, str(value)), count + 1)


def replayed(path: Path) -> tuple[User | None, list[Update]]:
    """A recording read again: who the bot was, and every update it got, asked for or pushed."""
    me, updates = None, []
    for line in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
        body = line["body"]
        if line["way"] != "in" or not isinstance(body, dict):
            continue
        if line["method"] == "getMe" and body.get("ok"):
            me = User.de_json(body["result"], None)
        elif line["method"] == "pushed":
            updates.append(update(body))
        elif line["method"] == "getUpdates":
            updates += [update(one) for one in _news(body)]
    return me, [one for one in updates if one is not None]


def _news(body: object) -> list[dict[str, Any]]:
    result = body.get("result") if isinstance(body, dict) else None
    return result if isinstance(result, list) else []


def _masked(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """A message whose text shows nobody; its entities fit as before."""
    masked = dict(value)
    for text, entities in (("text", "entities"), ("caption", "caption_entities")):
        if isinstance(value.get(text), str) and isinstance(value.get(entities), list):
            masked[text] = _covered(value[text], value[entities])
    return masked


def _covered(text: str, entities: list[dict[str, Any]]) -> str:
    raw = bytearray(text.encode("utf-16-le"))  # entities count in UTF-16
    for entity in entities:
        start, end = entity["offset"] * 2, (entity["offset"] + entity["length"]) * 2
        shown = raw[start:end].decode("utf-16-le", "ignore")
        named_bot = entity["type"] == "mention" and shown.lower().endswith("bot")
        if entity["type"] in PRIVATE and not named_bot:
            raw[start:end] = ("x" * entity["length"]).encode("utf-16-le")
    return raw.decode("utf-16-le", "replace")


def _without_keys(text: str) -> str:
    for secret in (TOKEN, CODE):
        text = secret.sub(lambda found: "x" * len(found[0]), text)
    return text

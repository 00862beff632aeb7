"""The people's part: what they say, press, edit, upload, and what befalls chats."""

from typing import Any

from bot.fakes.telegram import entities
from bot.fakes.telegram.asking import standing
from bot.fakes.telegram.attached import TYPES, attach
from bot.fakes.telegram.params import RefusalError, Upload
from bot.fakes.telegram.sending import without_reply
from bot.fakes.telegram.world import SUPERGROUPS, Fake, Query, Room

JSON = dict[str, Any]


def say(fake: Fake, chat: int, text: str, *, user: int = 0, reply_to: int = 0) -> JSON:
    """Somebody writes; in a private chat it is whose chat it is."""
    room, author = _enter(fake, chat, user)
    return _said(fake, room, author, {"text": text, **_marks(text, "entities")}, reply_to=reply_to)


def upload(
    fake: Fake, chat: int, data: bytes, *, kind: str = "document", name: str = "", **more: Any
) -> JSON:
    """Somebody sends a file. More: user, caption, album, reply_to, media_type."""
    if kind not in TYPES:
        raise RefusalError(f"no such kind of file: {kind}")
    room, author = _enter(fake, chat, int(more.get("user") or 0))
    shown = attach(fake, kind, Upload(name, data, str(more.get("media_type") or "")))
    caption = str(more.get("caption") or "")
    if caption:
        shown |= {"caption": caption, **_marks(caption, "caption_entities")}
    if more.get("album"):
        shown["media_group_id"] = str(more["album"])
    return _said(fake, room, author, shown, reply_to=int(more.get("reply_to") or 0))


def edit(fake: Fake, chat: int, message_id: int, text: str) -> JSON:
    """Somebody corrects what they wrote."""
    room = fake.room(chat)
    message = room.messages.get(message_id)
    if message is None or message["from"]["is_bot"]:
        raise RefusalError("message to edit not found")
    named = "caption" if "caption" in message else "text"
    marked = "caption_entities" if named == "caption" else "entities"
    message.pop(marked, None)
    message |= {named: text, **_marks(text, marked), "edit_date": fake.now()}
    if room.private or _heard(fake, message):
        fake.updates.put("edited_message", dict(message))
    return message


def press(fake: Fake, chat: int, button: str, *, user: int = 0, message_id: int = 0) -> str:
    """Somebody presses the button with this label or token; the query's id.

    On the newest message that has it, or the one named.
    """
    room, author = _enter(fake, chat, user)
    message, token = _button(room, button, message_id)
    query = Query(str(fake.count("queries") + 4_000_000_000), author["id"])
    fake.queries[query.id] = query
    fake.updates.put(
        "callback_query",
        {
            "id": query.id,
            "from": author,
            "message": dict(message),
            "chat_instance": str(abs(room.id) + 7),
            "data": token,
        },
    )
    return query.id


def stand(fake: Fake, chat: int, status: str, user: int = 0) -> None:
    """The bot's standing changes: blocked or kicked out (kicked), let in (member), left."""
    room = fake.room(chat)
    author = fake.person(user or (chat if room.private else next(iter(room.members), 1)))
    before, room.standing = room.standing, status
    fake.updates.put(
        "my_chat_member",
        {
            "chat": room.about,
            "from": author,
            "date": fake.now(),
            "old_chat_member": standing(fake.me, before),
            "new_chat_member": standing(fake.me, status),
        },
    )


def migrate(fake: Fake, chat: int) -> int:
    """A group becomes a supergroup; its new id."""
    old = fake.room(chat)
    if old.about["type"] != "group":
        raise RefusalError("only a group can become a supergroup")
    new = fake.group(SUPERGROUPS - abs(chat), str(old.about["title"]), tuple(old.members))
    old.moved = new.id
    author = fake.people[next(iter(old.members))]
    there = fake.post(old, author, {"migrate_to_chat_id": new.id})
    fake.updates.put("message", dict(there))
    here = fake.post(new, author, {"migrate_from_chat_id": old.id})
    fake.updates.put("message", dict(here))
    return new.id


def _enter(fake: Fake, chat: int, user: int) -> tuple[Room, JSON]:
    if chat > 0 and chat not in fake.rooms:
        fake.person(chat)
    room = fake.room(chat)
    author = fake.person(user or (chat if room.private else next(iter(room.members), 1)))
    if room.private:
        room.begun = True
        if room.standing == "kicked":
            stand(fake, chat, "member")
    else:
        room.members.setdefault(author["id"], "member")
    return room, author


def _said(fake: Fake, room: Room, author: JSON, more: JSON, *, reply_to: int) -> JSON:
    if reply_to:
        replied = room.messages.get(reply_to)
        if replied is None:
            raise RefusalError("message to be replied not found")
        more = {"reply_to_message": without_reply(replied), **more}
    message = fake.post(room, author, more)
    if room.standing in {"member", "administrator"} and (room.private or _heard(fake, message)):
        fake.updates.put("message", dict(message))
    return message


def _heard(fake: Fake, message: JSON) -> bool:
    """Whether a group's message reaches a bot in privacy mode."""
    if not fake.privacy:
        return True
    replied = message.get("reply_to_message", {})
    if replied.get("from", {}).get("id") == fake.me["id"]:
        return True
    text = message.get("text") or message.get("caption") or ""
    named = f"@{fake.username}".lower()
    marks = message.get("entities") or message.get("caption_entities") or []
    words = text.lower().split()
    commands = any(one["type"] == "bot_command" for one in marks)
    return any(named in word for word in words) or (commands and "@" not in words[0])


def _button(room: Room, button: str, message_id: int) -> tuple[JSON, str]:
    for number in sorted(room.messages, reverse=True):
        message = room.messages[number]
        if message_id not in {0, number}:
            continue
        for row in message.get("reply_markup", {}).get("inline_keyboard", []):
            for one in row:
                if button in {one["text"], one.get("callback_data")}:
                    return message, str(one["callback_data"])
    raise RefusalError(f"no message here has the button {button}")


def _marks(text: str, name: str) -> JSON:
    marked = entities.found(text)
    return {name: marked} if marked else {}

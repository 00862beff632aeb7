"""The Bot API's other methods: about the bot, chats, files, presses and the webhook."""

import re
from typing import Any
from urllib.parse import urlsplit

from bot.fakes.telegram.params import Params, RefusalError
from bot.fakes.telegram.updates import DEFAULT, Webhook
from bot.fakes.telegram.world import Fake

JSON = dict[str, Any]
BIGGEST_DOWNLOAD = 20 * 1024 * 1024
LONGEST_NOTICE = 200
LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})
ACTIONS = frozenset({
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
})  # fmt: skip

_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


def get_me(fake: Fake, _: Params) -> JSON:
    """Method getMe."""
    return {
        **fake.me,
        "can_join_groups": True,
        "can_read_all_group_messages": not fake.privacy,
        "supports_inline_queries": False,
    }


def answer_callback_query(fake: Fake, params: Params) -> bool:
    """Method answerCallbackQuery."""
    query = fake.queries.get(params.text("callback_query_id"))
    if query is None or query.answered is not None:
        raise RefusalError("query is too old and response timeout expired or query ID is invalid")
    if len(params.text("text")) > LONGEST_NOTICE:
        raise RefusalError("MESSAGE_TOO_LONG")
    query.answered = {"text": params.text("text"), "show_alert": params.flag("show_alert")}
    return True


def get_file(fake: Fake, params: Params) -> JSON:
    """Method getFile."""
    kept = fake.files.get(params.text("file_id"))
    if kept is None:
        raise RefusalError("wrong file_id or the file is temporarily unavailable")
    if kept.about["file_size"] > BIGGEST_DOWNLOAD:
        raise RefusalError("file is too big")
    return {**kept.about, "file_path": kept.path}


def send_chat_action(fake: Fake, params: Params) -> bool:
    """Method sendChatAction."""
    room, action = fake.writable(params.text("chat_id")), params.text("action")
    if action not in ACTIONS:
        raise RefusalError("wrong parameter action in request")
    fake.actions.append((room.id, action))
    return True


def set_my_commands(fake: Fake, params: Params) -> bool:
    """Method setMyCommands."""
    commands = params.thing("commands")
    if not isinstance(commands, list) or len(commands) > 100:
        raise RefusalError("BOT_COMMANDS_TOO_MUCH" if commands else "can't parse commands")
    for one in commands:
        if not _COMMAND.fullmatch(str(one.get("command", ""))):
            raise RefusalError("BOT_COMMAND_INVALID")
        if not 1 <= len(str(one.get("description", ""))) <= 256:
            raise RefusalError("BOT_COMMAND_DESCRIPTION_INVALID")
    fake.commands = commands
    return True


def set_webhook(fake: Fake, params: Params) -> bool:
    """Method setWebhook. Plain HTTP is taken for addresses on this machine only."""
    url, secret = params.text("url"), params.text("secret_token")
    if not url:
        return delete_webhook(fake, params)
    at = urlsplit(url)
    if at.scheme != "https" and at.hostname not in LOCAL:
        raise RefusalError("bad webhook: An HTTPS URL must be provided for webhook")
    if secret and not _SECRET.fullmatch(secret):
        raise RefusalError("secret token contains unallowed characters")
    allow(fake, params)
    if params.flag("drop_pending_updates"):
        fake.updates.waiting.clear()
    fake.updates.webhook = Webhook(url, secret)
    fake.updates.wake()
    return True


def delete_webhook(fake: Fake, params: Params) -> bool:
    """Method deleteWebhook."""
    if params.flag("drop_pending_updates"):
        fake.updates.waiting.clear()
    fake.updates.webhook = None
    return True


def get_webhook_info(fake: Fake, _: Params) -> JSON:
    """Method getWebhookInfo."""
    hook = fake.updates.webhook
    info: JSON = {
        "url": hook.url if hook else "",
        "has_custom_certificate": False,
        "pending_update_count": len(fake.updates.waiting),
    }
    if hook is not None and hook.last_error:
        info |= {"last_error_date": fake.now(), "last_error_message": hook.last_error}
    return info


def get_chat(fake: Fake, params: Params) -> JSON:
    """Method getChat."""
    room = fake.room(params.text("chat_id"))
    return {
        **room.about,
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": {
            "unlimited_gifts": False,
            "limited_gifts": False,
            "unique_gifts": False,
            "premium_subscription": False,
            "gifts_from_channels": False,
        },
    }


def get_chat_member(fake: Fake, params: Params) -> JSON:
    """Method getChatMember."""
    room, number = fake.room(params.text("chat_id")), params.number("user_id")
    if number == fake.me["id"]:
        return standing(fake.me, room.standing)
    if number not in fake.people:
        raise RefusalError("PARTICIPANT_ID_INVALID")
    usual = "member" if room.private and room.id == number else "left"
    return standing(fake.people[number], room.members.get(number, usual))


def leave_chat(fake: Fake, params: Params) -> bool:
    """Method leaveChat."""
    room = fake.writable(params.text("chat_id"))
    if room.private:
        raise RefusalError("chat member status can't be changed in private chats")
    room.standing = "left"
    return True


def standing(user: JSON, status: str) -> JSON:
    """What somebody is in a chat, as a ChatMember."""
    return {"user": user, "status": status, **({"until_date": 0} if status == "kicked" else {})}


def allow(fake: Fake, params: Params) -> None:
    """Take note which kinds of update the bot wants; without the parameter as before."""
    wanted = params.thing("allowed_updates")
    if wanted is not None:
        fake.updates.allowed = frozenset(wanted) or DEFAULT

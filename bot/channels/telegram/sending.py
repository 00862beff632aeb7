"""Handing a reply to Telegram, and what becomes of it."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import anyio
import httpx
from anyio.to_thread import run_sync
from telegram import (
    Bot,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    LinkPreviewOptions,
    ReplyParameters,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
)

from bot.channels.port import Delivered, Fate, Later, Rejected, Unreachable
from bot.channels.telegram.client import seconds
from bot.channels.telegram.rendering import asks, html, plain, rows
from bot.channels.telegram.speakers import Speakers
from bot.messages import Outgoing

LONGEST_CAPTION = 1024  # UTF-16 units
LONGEST_TOKEN = 64  # octets
BIGGEST_FILE = 50 * 1024 * 1024
OUTAGE_S = 3.0
BAD_TOKEN_S = 60.0
WHOLE_S = 55.0  # for one reply, its file included

# What Telegram says where a chat cannot be written to, although it answers with a 400.
CLOSED = (
    "chat not found",
    "user not found",
    "peer_id_invalid",
    "have no rights to send",
    "not enough rights to send",
    "chat_write_forbidden",
    "group chat was deactivated",
    "chat_restricted",
)

logger = logging.getLogger(__name__)


class Unfit(Exception):  # noqa: N818 - a refusal of our own, before Telegram sees it
    """A reply that Telegram would never take."""


@dataclass
class Sending:
    """Sends for one bot; `now` gives monotonic seconds."""

    bot: Bot
    speakers: Speakers
    now: Callable[[], float]
    _floods: dict[str, float] = field(default_factory=dict)

    async def send(self, reply: Outgoing, chat: str) -> Fate:
        """Hand one reply over; raises only ChatMigrated, which the caller settles."""
        return await self._tried(chat, lambda: self._sent(reply, chat))

    async def tick(self, chat: str, text: str, before: str) -> Fate:
        """A line that changes in place, without a sound; raises as `send` does."""
        return await self._tried(chat, lambda: self._ticked(chat, text, before))

    async def _tried(self, chat: str, call: Callable[[], Awaitable[str]]) -> Fate:
        """What became of it; `call` gives the platform's id."""
        try:
            with anyio.fail_after(WHOLE_S):
                return Delivered(await call())
        except ChatMigrated:
            raise
        except RetryAfter as flood:
            return self._flooded(chat, seconds(flood))
        except Unfit as error:
            return Rejected(str(error))
        except (TelegramError, TimeoutError) as error:
            return fate(error)

    async def _ticked(self, chat: str, text: str, before: str) -> str:
        if not before:
            sent = await self.bot.send_message(_id(chat), text, disable_notification=True)
            return str(sent.message_id)
        try:
            await self.bot.edit_message_text(text, chat_id=_id(chat), message_id=int(before))
        except BadRequest as error:
            if "not modified" not in error.message.lower():
                raise
        return before

    async def _sent(self, reply: Outgoing, chat: str) -> str:
        asking, replied, before = self._asking(reply, chat)
        more = {
            "chat_id": _id(chat),
            "reply_markup": _keyboard(reply) or asking,
            "reply_parameters": replied,
        }
        upload = await _upload(reply.file) if reply.file else None
        rich = before + html(reply.text)
        try:
            return await self._call(rich, upload, {**more, "parse_mode": "HTML"})
        except BadRequest as error:
            if "can't parse entities" not in error.message.lower():
                raise
            logger.warning("a reply went out without its marks: %s", error)
        return await self._call(plain(reply.text), upload, more)

    async def _call(self, text: str, upload: InputFile | None, more: dict[str, Any]) -> str:
        if upload is not None:
            sent = await self.bot.send_document(document=upload, caption=text or None, **more)
        else:
            quiet = LinkPreviewOptions(is_disabled=True)
            sent = await self.bot.send_message(text=text, link_preview_options=quiet, **more)
        return str(sent.message_id)

    def _asking(
        self, reply: Outgoing, chat: str
    ) -> tuple[ForceReply | None, ReplyParameters | None, str]:
        """In a group a bot hears replies to it: so a question asks for one, of whoever spoke last.

        Gives the markup, the message replied to, and words to put in front.
        """
        if not reply.group or reply.buttons or reply.file or not asks(reply.text):
            return None, None, ""
        speaker = self.speakers.last(chat)
        if speaker is None:
            return ForceReply(), None, ""
        markup = ForceReply(selective=True)
        if speaker.message_id is None:  # named, since only people named are asked
            name = f'<a href="tg://user?id={speaker.user}">{escape(speaker.name)}</a>'
            return markup, None, f"{name}: "
        replied = ReplyParameters(speaker.message_id, allow_sending_without_reply=True)
        return markup, replied, ""

    def _flooded(self, chat: str, after_s: float) -> Later:
        """A flood in a second chat, while one lasts, means that the bot as a whole is too fast."""
        now = self.now()
        self._floods = {name: end for name, end in self._floods.items() if end > now}
        everybody = any(name != chat for name in self._floods)
        self._floods[chat] = now + after_s
        return Later(after_s, "Telegram asks for a pause", everybody=everybody)


def _id(chat: str) -> int | str:
    return int(chat) if chat.lstrip("-").isdigit() else chat


def fate(error: Exception) -> Fate:
    """What an error of Telegram's, or of the way there, means for the reply."""
    why = getattr(error, "message", "") or type(error).__name__
    match error:
        case InvalidToken():
            return Later(BAD_TOKEN_S, "Telegram does not know the bot's token", everybody=True)
        case Forbidden():
            return Unreachable(why)
        case BadRequest():
            closed = any(words in why.lower() for words in CLOSED)
            return Unreachable(why) if closed else Rejected(why)
        case _:
            return Later(OUTAGE_S, why, unsure=_may_have_arrived(error))


def _may_have_arrived(error: Exception) -> bool:
    """Whether Telegram may have it all the same: the way there was open, and no answer came."""
    cause = error.__cause__
    closed = httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout
    lost = isinstance(cause, httpx.TransportError) and not isinstance(cause, closed)
    return lost or isinstance(error, TimeoutError)


def _keyboard(reply: Outgoing) -> InlineKeyboardMarkup | None:
    if not reply.buttons:
        return None
    if any(not 1 <= len(token.encode()) <= LONGEST_TOKEN for _, token in reply.buttons):
        raise Unfit("a button's token is empty or longer than 64 octets")
    return InlineKeyboardMarkup(
        [
            [InlineKeyboardButton(label, callback_data=token) for label, token in row]
            for row in rows(reply.buttons)
        ]
    )


async def _upload(file: str) -> InputFile:
    path = anyio.Path(file)
    try:
        size = (await path.stat()).st_size
        if not 0 < size <= BIGGEST_FILE:
            raise Unfit(f"a file of {size} octets cannot be sent")
        content = await path.read_bytes()
    except OSError as error:
        raise Unfit(f"the file cannot be read: {error.strerror}") from error
    return await run_sync(lambda: InputFile(content, filename=Path(file).name))

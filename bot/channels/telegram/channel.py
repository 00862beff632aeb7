"""The channel itself: polling or webhook on one side, delivery on the other."""

import hmac
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar

import anyio
from telegram import Update
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    InvalidToken,
    RetryAfter,
    TelegramError,
)

from bot.channels.port import Fate, Front, Later, Pace
from bot.channels.telegram import Account, Webhook
from bot.channels.telegram.client import Client, seconds, update
from bot.channels.telegram.intake import Intake
from bot.channels.telegram.lines import Lines, pause
from bot.channels.telegram.reading import NAME, Reader
from bot.channels.telegram.sending import OUTAGE_S, Sending
from bot.channels.telegram.speakers import Speakers
from bot.messages import Outgoing

KINDS = ["message", "edited_message", "callback_query", "my_chat_member"]
HEADER = "x-telegram-bot-api-secret-token"
PACE = Pace(chat=((4, 4.0),), group=((1, 1.0), (20, 60.0)), overall=((25, 1.0),))
MOST_UPDATES = 100
BAD_TOKEN_S = 60.0
COOLEST_S = 300.0
BESIDE_S = 0.3  # between two questions while something is not committed yet
PUSHED_S = 25.0  # for a pushed update to be committed

T = TypeVar("T")
logger = logging.getLogger(__name__)


class Telegram:
    """One bot. See bot/channels/port.py for what a channel does."""

    name = NAME
    pace = PACE

    def __init__(self, account: Account, folder: Path, now: Callable[[], float]) -> None:
        self._account, self._folder = account, folder
        self._client = Client(account)
        self._speakers = Speakers()
        self._sending = Sending(self._client.bot, self._speakers, now)
        self._front: Front | None = None
        self._intake: Intake | None = None
        self._lines: Lines | None = None

    async def listen(self, front: Front) -> None:
        """Take in what people say, until cancelled."""
        self._front = front
        me = await self._insist("getMe", self._client.bot.get_me)
        reader = Reader(me.id, me.username or "")
        self._intake = Intake(front, self._client, reader, self._folder, self._speakers)
        await self._menu()
        try:
            async with anyio.create_task_group() as tasks:
                self._lines = Lines(self._intake.take, tasks)
                hook = self._account.webhook
                if hook is None:
                    await self._poll(self._intake, self._lines)
                else:
                    await self._be_pushed(hook)
        finally:
            self._lines = None

    async def deliver(self, reply: Outgoing) -> Fate:
        """Hand one reply to Telegram; a group that has moved is followed."""
        chat = reply.chat
        try:
            return await self._sending.send(reply, chat)
        except ChatMigrated as moved:
            new = str(moved.new_chat_id)
        if self._front is None:
            return Later(1.0, "the group has moved")
        await self._front.moved(self.name, chat, new)
        try:
            return await self._sending.send(reply, new)
        except ChatMigrated:
            return Later(1.0, "the group has moved twice")

    async def tick(self, chat: str, text: str, before: str) -> Fate:
        """Show a line of progress, or change the one shown."""
        try:
            return await self._sending.tick(chat, text, before)
        except ChatMigrated:
            return Later(OUTAGE_S, "the group has moved")

    async def pushed(self, headers: Mapping[str, str], body: bytes) -> int:
        """What Telegram posts to the webhook; the HTTP status it is to be answered with.

        200 only once the update is committed: until then Telegram posts it again.
        """
        hook, lines, intake = self._account.webhook, self._lines, self._intake
        if hook is None:
            return HTTPStatus.NOT_FOUND
        shown = {name.lower(): value for name, value in headers.items()}.get(HEADER, "")
        if not hmac.compare_digest(shown.encode(), hook.secret.encode()):
            return HTTPStatus.FORBIDDEN
        if lines is None or intake is None:
            return HTTPStatus.SERVICE_UNAVAILABLE
        try:
            raw = json.loads(body)
            news = update(raw) if isinstance(raw["update_id"], int) else None
        except (ValueError, TypeError, KeyError):
            return HTTPStatus.BAD_REQUEST
        if self._account.witness is not None:
            self._account.witness("in", "pushed", raw)
        if news is None:  # logged; posting it again would not help
            return HTTPStatus.OK
        return await self._committed(news, intake, lines)

    async def close(self) -> None:
        """Let go of every connection; nothing can be delivered afterwards."""
        await self._client.close()

    async def _committed(self, news: Update, intake: Intake, lines: Lines) -> int:
        with anyio.move_on_after(PUSHED_S):
            await intake.acknowledge(lines.fresh((news,)))
            await lines.add(news).wait()
            return HTTPStatus.OK
        return HTTPStatus.SERVICE_UNAVAILABLE

    async def _poll(self, intake: Intake, lines: Lines) -> None:
        bot, wait_s = self._client.bot, self._account.poll_s
        await self._try("deleteWebhook", lambda: bot.delete_webhook(drop_pending_updates=False))
        while True:
            news = await self._insist("getUpdates", lambda: self._ask(lines, wait_s))
            fresh = lines.fresh(news)
            await intake.acknowledge(fresh)
            for one in fresh:
                lines.add(one)
            lines.polled(news)
            await lines.settle(BESIDE_S)
            if news and not fresh and lines.idle:  # a server that repeats what was confirmed
                await anyio.sleep(BESIDE_S)

    async def _ask(self, lines: Lines, wait_s: int) -> tuple[Update, ...]:
        """Telegram's news; it is not held open while something is not committed yet."""
        held_s = wait_s if lines.idle else 0
        with anyio.fail_after(
            held_s + 2 * self._account.patience_s
        ):  # also against an answer that only trickles
            return await self._client.bot.get_updates(
                offset=lines.confirmed,
                limit=MOST_UPDATES,
                timeout=held_s,
                allowed_updates=KINDS,
            )

    async def _be_pushed(self, hook: Webhook) -> None:
        await self._insist(
            "setWebhook",
            lambda: self._client.bot.set_webhook(
                hook.url, secret_token=hook.secret, allowed_updates=KINDS
            ),
        )
        await anyio.sleep_forever()

    async def _menu(self) -> None:
        commands = self._account.commands
        if commands:
            await self._try("setMyCommands", lambda: self._client.bot.set_my_commands(commands))

    async def _try(self, what: str, call: Callable[[], Awaitable[object]]) -> None:
        """Ask, and do without where Telegram refuses or does not know such a thing."""

        async def tried() -> None:
            try:
                await call()
            except (BadRequest, InvalidToken) as error:
                logger.warning("%s is refused, and done without: %s", what, _why(error))

        await self._insist(what, tried)

    async def _insist(self, what: str, call: Callable[[], Awaitable[T]]) -> T:
        """Ask until Telegram answers."""
        tries = 0
        while True:
            try:
                return await call()
            except (TelegramError, TimeoutError) as error:
                wait_s = self._wait(error, tries)
                logger.warning("%s: %s; again in %g s", what, _why(error), wait_s)
            tries += 1
            await anyio.sleep(wait_s)

    def _wait(self, error: Exception, tries: int) -> float:
        match error:
            case RetryAfter():
                return seconds(error)
            case Conflict():
                return min(COOLEST_S, self._account.cool_s * (tries + 1))
            case InvalidToken():
                return BAD_TOKEN_S
            case _:
                return pause(tries)


def _why(error: Exception) -> str:
    match error:
        case Conflict():
            return f"another program uses this bot, it is left to it for now ({error.message})"
        case InvalidToken():
            return "the bot's token is not known there"  # the library's words would show the token
        case _:
            return str(error) or type(error).__name__

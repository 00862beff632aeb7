"""Doing an update: answer the press, fetch the file, hand it to the application, tidy up."""

import logging
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anyio
from anyio.to_thread import run_sync
from telegram import CallbackQuery, Message, Update

from bot.channels.port import Front
from bot.channels.telegram.client import Client
from bot.channels.telegram.files import Trouble, fetched
from bot.channels.telegram.reading import NAME, Arrived, Moved, Pressed, Reader, Said
from bot.channels.telegram.speakers import Speakers

PROMPT_S = 5.0  # what is only for show may take
LONGEST = 4096  # UTF-16 units of one message
CHOSEN = "▸"

logger = logging.getLogger(__name__)


@dataclass
class Intake:
    """Everything an update needs on its way in."""

    front: Front
    client: Client
    reader: Reader
    folder: Path
    speakers: Speakers

    async def acknowledge(self, updates: Iterable[Update]) -> None:
        """Stop the waiting sign on every pressed button, before anything else."""
        async with anyio.create_task_group() as tasks:
            for update in updates:
                if update.callback_query is not None:
                    tasks.start_soon(self._answer, update.callback_query)

    async def take(self, update: Update) -> None:
        """Do one update; returns once it is committed, and raises where it could not be."""
        event = self.reader.read(update)
        match event:
            case Said():
                await self._said(event)
            case Pressed():
                await self._pressed(event)
            case Arrived(peer):
                await self.front.visited(peer)
            case Moved(old, new):
                await self.front.moved(NAME, old, new)
            case None:
                logger.debug("update %s is no business of ours", update.update_id)

    async def _said(self, event: Said) -> None:
        message = event.message
        self.speakers.heard(event.peer, message.id)
        if event.file is None or not await self.front.knows(event.peer):
            await self.front.receive(event.peer, message)
            return
        try:
            path = await fetched(self.client, event.file, self.folder)
        except Trouble as trouble:
            await self.front.receive(event.peer, replace(message, trouble=str(trouble)))
            return
        try:
            await self.front.receive(event.peer, replace(message, paths=(path,)))
        finally:
            with anyio.CancelScope(shield=True):
                await run_sync(lambda: shutil.rmtree(path.parent, ignore_errors=True))

    async def _pressed(self, event: Pressed) -> None:
        self.speakers.heard(event.peer, "")
        if await self.front.receive(event.peer, event.message):  # in a group anybody may press
            await self._show_choice(event.query, by=event.peer.name if event.peer.group else "")

    async def _answer(self, query: CallbackQuery) -> None:
        try:
            with anyio.move_on_after(PROMPT_S):
                await self.client.bot.answer_callback_query(query.id)
        except Exception:  # too old, answered by a run before this one; no reason to stop for
            logger.debug("a press could not be answered", exc_info=True)

    async def _show_choice(self, query: CallbackQuery, by: str) -> None:
        """Take the keyboard away and leave what was chosen, in a group also by whom."""
        message = query.message
        if not isinstance(message, Message) or message.reply_markup is None:
            return
        text, chosen = message.text, _label(message, str(query.data))
        shown = f"{text}\n{CHOSEN} {chosen}" + (f" · {by}" if by else "")
        fits = bool(text and chosen) and len(shown.encode("utf-16-le")) // 2 <= LONGEST
        at: dict[str, Any] = {"chat_id": message.chat.id, "message_id": message.message_id}
        try:
            with anyio.move_on_after(PROMPT_S):
                if fits:
                    bot = self.client.bot
                    await bot.edit_message_text(shown, **at, entities=message.entities)
                else:
                    await self.client.bot.edit_message_reply_markup(**at)
        except Exception:  # also "message is not modified": then it is as it should be
            logger.debug("a pressed keyboard stays", exc_info=True)


def _label(message: Message, token: str) -> str:
    rows = message.reply_markup.inline_keyboard if message.reply_markup else ()
    return next((one.text for row in rows for one in row if one.callback_data == token), "")

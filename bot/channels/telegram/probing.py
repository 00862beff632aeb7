"""How a bot stands at Telegram, asked without taking anything from whoever listens to it."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import anyio
from telegram.error import Conflict, InvalidToken, TelegramError

from bot.channels.telegram import Account
from bot.channels.telegram.client import Client

PAUSE_S = 0.5  # between two questions while news waits that is not ours to take

T = TypeVar("T")


@dataclass(frozen=True)
class Standing:
    """A bot as Telegram knows it; `waiting`: updates nobody has confirmed yet."""

    id: int
    username: str
    name: str
    joins_groups: bool
    reads_everything: bool  # its privacy mode is off
    webhook: str
    waiting: int
    webhook_trouble: str


async def standing(account: Account, within_s: float) -> Standing | str:
    """How the bot stands, or why Telegram does not say, in words. Changes nothing."""
    return await _asked(account, within_s, _standing)


async def contested(account: Account, for_s: float) -> bool | str:
    """Whether another program asks for this bot's news, or why that cannot be told.

    It asks as well for `for_s`, confirming nothing. Where another one does, that one is refused
    once and asks again: then we are the one refused.
    """

    async def ask(client: Client) -> bool:
        until = time.monotonic() + for_s
        while (left_s := until - time.monotonic()) > 0:
            try:
                news = await client.bot.get_updates(limit=1, timeout=max(1, round(left_s)))
            except Conflict:
                return True
            if news:
                await anyio.sleep(PAUSE_S)
        return False

    return await _asked(account, for_s + account.answer_s, ask)


async def _standing(client: Client) -> Standing:
    me = await client.bot.get_me()
    hook = await client.bot.get_webhook_info()
    return Standing(
        id=me.id,
        username=me.username or "",
        name=me.full_name,
        joins_groups=bool(me.can_join_groups),
        reads_everything=bool(me.can_read_all_group_messages),
        webhook=hook.url,
        waiting=hook.pending_update_count,
        webhook_trouble=hook.last_error_message or "",
    )


async def _asked(
    account: Account, within_s: float, ask: Callable[[Client], Awaitable[T]]
) -> T | str:
    client = Client(replace(account, answer_s=min(account.answer_s, within_s)))
    try:
        with anyio.fail_after(within_s):
            return await ask(client)
    except InvalidToken:
        return "the token is not known there"  # the library's words would show it
    except TimeoutError:
        return "no answer in time"
    except TelegramError as error:
        return str(error).replace(account.token, "…") or type(error).__name__
    finally:
        with anyio.CancelScope(shield=True):
            await client.close()

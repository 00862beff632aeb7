"""Files people send: fetched at once, capped while they come, kept under the name they had."""

import re
import secrets
import shutil
from pathlib import Path

import anyio
import httpx
from anyio.to_thread import run_sync
from telegram.error import BadRequest, RetryAfter, TelegramError

from bot.channels.telegram.client import Client, seconds
from bot.channels.telegram.lines import pause
from bot.channels.telegram.reading import Attachment

MOST = 20 * 1024 * 1024  # octets; Telegram gives bots no more
LONGEST_NAME = 120
TRIES = 5
WHOLE_S = 300.0  # for one file to come

_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\:]")


class Trouble(Exception):  # noqa: N818 - it is data for the core: see Message.trouble
    """Why a file cannot be had: too_large, expired, unreadable."""


async def fetched(client: Client, file: Attachment, folder: Path) -> Path:
    """The file, in a fresh folder of its own below `folder`; raises Trouble."""
    if file.size > MOST:
        raise Trouble("too_large")
    for tries in range(TRIES):
        try:
            with anyio.fail_after(WHOLE_S):
                return await _once(client, file, folder)
        except BadRequest as error:
            raise Trouble(_refused(error.message)) from error
        except (TelegramError, httpx.HTTPError, TimeoutError) as error:
            await anyio.sleep(_wait(error, tries))
    raise Trouble("unreadable")


def safe_name(name: str) -> str:
    """`name` without anything that means something to a file system; the ending is kept."""
    clean = _UNSAFE.sub("_", name).strip(" .") or "file"
    stem, dot, ending = clean.rpartition(".")
    if len(clean) <= LONGEST_NAME or not dot or len(ending) > 10:
        return clean[:LONGEST_NAME]
    return stem[: LONGEST_NAME - len(ending) - 1] + "." + ending


async def _once(client: Client, file: Attachment, folder: Path) -> Path:
    at = await client.bot.get_file(file.id)
    if not at.file_path:
        raise Trouble("unreadable")
    if (at.file_size or 0) > MOST:
        raise Trouble("too_large")
    place = folder / secrets.token_hex(16)
    await run_sync(lambda: place.mkdir(parents=True, mode=0o700))
    try:
        return await _download(client.files, at.file_path, place / safe_name(file.name))
    except BaseException:
        with anyio.CancelScope(shield=True):
            await run_sync(lambda: shutil.rmtree(place, ignore_errors=True))
        raise


async def _download(files: httpx.AsyncClient, url: str, to: Path) -> Path:
    size = 0
    async with files.stream("GET", url) as answer, await anyio.open_file(to, "wb") as out:
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise Trouble("expired")
        if not answer.is_success:
            raise httpx.HTTPError(f"HTTP {answer.status_code}")
        async for part in answer.aiter_bytes():
            size += len(part)
            if size > MOST:
                raise Trouble("too_large")
            await out.write(part)
    return to


def _refused(why: str) -> str:
    return "too_large" if "too big" in why.lower() else "expired"


def _wait(error: Exception, tries: int) -> float:
    if isinstance(error, RetryAfter):
        return seconds(error)
    return pause(tries)

"""Telegram, through its Bot API. Light: `telegram` itself is loaded when a channel is built."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.channels.telegram.channel import Telegram

SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")  # what Telegram takes as a webhook's secret
_LAST = "/bot"


@dataclass(frozen=True)
class Webhook:
    """Where Telegram is to push instead of being asked, and the secret it must show."""

    url: str
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        if not SECRET.fullmatch(self.secret):
            raise ValueError("a webhook's secret is 1 to 256 of A-Z a-z 0-9 _ -")


@dataclass(frozen=True)
class Account:
    """One bot of Telegram's and how it is reached. The token is appended to both addresses.

    An address without its last part, /bot, gets it; files are at /file/bot beside `base_url`
    unless `base_file_url` says otherwise.

    `proxy` is an http:// or socks5:// address; without one the environment's is used, except for
    addresses on this machine. `commands` are (name, description), shown as a menu; none: the menu
    is left as it is. `poll_s`: how long Telegram holds a question for news open, `patience_s`: how
    long to wait beyond that; `answer_s`: for any other answer, rather too long, since who asks
    again early shows people the same message twice. `cool_s`: how long to keep still where another
    program asks for the same bot's news. `witness` sees what is asked and answered, as way (in,
    out), method, body: see recording.py.
    """

    token: str = field(repr=False)
    base_url: str = "https://api.telegram.org/bot"
    base_file_url: str = ""
    proxy: str = field(default="", repr=False)
    webhook: Webhook | None = None
    commands: tuple[tuple[str, str], ...] = ()
    poll_s: int = 30
    patience_s: float = 10.0
    answer_s: float = 30.0
    cool_s: float = 30.0
    witness: Callable[[str, str, object], None] | None = field(default=None, repr=False)

    @property
    def addresses(self) -> tuple[str, str]:
        """Where the methods and the files are, as python-telegram-bot takes them."""
        base = _ending(self.base_url)
        beside = base.removesuffix(_LAST) + "/file" + _LAST
        return base, _ending(self.base_file_url) if self.base_file_url else beside


def _ending(url: str) -> str:
    return url if url.endswith(_LAST) or "{" in url else url.rstrip("/") + _LAST


def build(account: Account, folder: Path, now: Callable[[], float] = time.monotonic) -> "Telegram":
    """The channel for `account`, keeping files it fetches below `folder`.

    Nothing is sent before `listen` or `deliver`. Needs `close()` at the end.
    """
    from bot.channels.telegram.channel import Telegram  # half a second and 30 MB

    return Telegram(account, folder, now)

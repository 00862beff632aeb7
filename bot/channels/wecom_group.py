"""A WeCom group's webhook (群机器人), one-way: escalations. Nobody can answer there."""

import logging

import anyio

from bot.channels.port import Delivered, Fate, Front, Later, Pace, Rejected
from bot.messages import Outgoing

NAME = "wecomgroup"
CONTENT_BYTES = 2048  # of a plain text
ANSWER_S = 10.0
RATE_S, BUSY_S = 60.0, 5.0
OK, BUSY = 0, -1
RATE = frozenset({45009, 45033, 45047})  # the platform's general codes for "too often"


class WecomGroup:
    """The group whose webhook `url`, with its key, is; `busy_s` is the pause after no answer."""

    name = NAME
    pace = Pace(overall=((20, 60.0),))

    def __init__(self, url: str, *, busy_s: float = BUSY_S) -> None:
        self._url, self._busy_s = url, busy_s
        for library in ("httpx", "httpcore"):  # they log addresses, and this one holds its key
            logging.getLogger(library).setLevel(logging.WARNING)

    async def listen(self, front: Front) -> None:
        """Nothing is ever said to a webhook."""
        await anyio.sleep_forever()

    async def deliver(self, reply: Outgoing) -> Fate:
        return await push(self._url, reply.text, busy_s=self._busy_s)

    async def close(self) -> None:
        """There is no connection between two messages."""


async def push(url: str, text: str, *, busy_s: float = BUSY_S) -> Fate:
    """Say `text` in the group. Without a clear answer it is said again: better twice than never."""
    import httpx

    content = text.encode()[:CONTENT_BYTES].decode(errors="ignore")
    body = {"msgtype": "text", "text": {"content": content}}
    try:
        async with httpx.AsyncClient(timeout=ANSWER_S) as http:
            answer = await http.post(url, json=body)
        told = answer.json() if answer.is_success else None
    except (httpx.HTTPError, ValueError) as error:
        return Later(busy_s, type(error).__name__)
    code = told.get("errcode") if isinstance(told, dict) else None
    if not isinstance(told, dict) or not isinstance(code, int):
        return Later(busy_s, f"HTTP {answer.status_code}")
    return _fate(code, str(told.get("errmsg", "")), busy_s)


def _fate(code: int, why: str, busy_s: float) -> Fate:
    if code == OK:
        return Delivered()
    if code in RATE:
        return Later(RATE_S, f"{code} {why}", everybody=True)
    if code == BUSY:
        return Later(busy_s, f"{code} {why}")
    return Rejected(f"{code} {why}")

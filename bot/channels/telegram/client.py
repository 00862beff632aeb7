"""The Bot API's client: python-telegram-bot's, with the traps of its transport taken out."""

import ipaddress
import json
import logging
import os
from collections.abc import Callable, Mapping
from typing import Any, cast
from urllib.parse import urlsplit

# Where a flood's waiting time is told, the library warns unless this is set before it is loaded.
os.environ.setdefault("PTB_TIMEDELTA", "true")

import httpx
from telegram import Bot, Update
from telegram.error import RetryAfter
from telegram.request import HTTPXRequest, RequestData

from bot.channels.telegram import Account

CONNECT_S = 10.0

logger = logging.getLogger(__name__)


class Client:
    """A bot and its two connections pools: one for polling, one for everything else."""

    def __init__(self, account: Account) -> None:
        logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs addresses, and they hold
        logging.getLogger("httpcore").setLevel(logging.WARNING)  # the bot's token
        outside = not local(account.base_url)
        tls = httpx.create_ssl_context(trust_env=outside)  # one for all: it takes a while
        more: dict[str, Any] = {"trust_env": outside, "verify": tls}
        proxy, answer_s = account.proxy or None, account.answer_s
        self._polling = _Polling(
            connection_pool_size=4,
            read_timeout=account.patience_s,
            connect_timeout=CONNECT_S,
            proxy=proxy,
            httpx_kwargs=more,
        )
        self._asking = _Seen(
            connection_pool_size=64,
            read_timeout=answer_s,
            write_timeout=answer_s,
            connect_timeout=CONNECT_S,
            pool_timeout=answer_s,
            media_write_timeout=answer_s,
            proxy=proxy,
            httpx_kwargs=more,
        )
        self.files = httpx.AsyncClient(
            timeout=httpx.Timeout(answer_s, connect=CONNECT_S), proxy=proxy, **more
        )
        self._polling.witness = self._asking.witness = account.witness
        base_url, base_file_url = account.addresses
        self.bot = Bot(
            account.token,
            base_url=base_url,
            base_file_url=base_file_url,
            request=self._asking,
            get_updates_request=self._polling,
        )

    async def close(self) -> None:
        """Let go of every connection."""
        await self._polling.shutdown()
        await self._asking.shutdown()
        await self.files.aclose()


class _Seen(HTTPXRequest):
    """Shows somebody what is asked and answered; addresses, which hold the token, it keeps."""

    witness: Callable[[str, str, object], None] | None = None

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        *args: Any,
        **more: Any,
    ) -> tuple[int, bytes]:
        if self.witness is None:
            return await super().do_request(url, method, request_data, *args, **more)
        name = url.rpartition("/")[2]
        if name != "getUpdates":
            self.witness("out", name, request_data.parameters if request_data else {})
        status, answer = await super().do_request(url, method, request_data, *args, **more)
        self.witness("in", name, _as_json(answer, status))
        return status, answer


class _Polling(_Seen):
    """One update that the library cannot read does not keep back those behind it."""

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        data = HTTPXRequest.parse_json_payload(payload)
        updates = data.get("result")
        if isinstance(updates, list):
            data["result"] = [one if update(one) else _blank(one) for one in updates]
        return data


def update(raw: Mapping[str, Any]) -> Update | None:
    """The update in `raw`; None where the library cannot read it, which is logged."""
    try:
        return Update.de_json(cast("dict[str, Any]", dict(raw)), None)
    except Exception:  # whatever the library raises over somebody else's data
        logger.warning("an update of Telegram's cannot be read and is passed over", exc_info=True)
        return None


def local(url: str) -> bool:
    """Whether `url` is on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def seconds(flood: RetryAfter) -> float:
    """How long Telegram wants to be left alone."""
    after = flood.retry_after
    return float(after) if isinstance(after, int | float) else after.total_seconds()


def _blank(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {"update_id": raw["update_id"]}


def _as_json(answer: bytes, status: int) -> object:
    try:
        return json.loads(answer)
    except ValueError:  # a gateway's page
        return {"status": status, "octets": len(answer)}

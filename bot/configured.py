"""The channels that have their settings, built; and what they take over HTTP."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Protocol, runtime_checkable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot import settings as settings_
from bot.channels.port import Channel
from bot.inbound.web import Handler
from bot.settings import Settings

MOST_PUSHED = 1 << 20  # octets of what a platform posts
COMMANDS = (  # Telegram's menu
    ("status", "进度 · where things stand"),
    ("why", "为什么问 · why this question"),
    ("back", "上一题 · the question before"),
    ("test", "发送测试 · a send test"),
    ("report", "报告 · the scorecard"),
    ("list", "全部评估 · all evaluations"),
    ("help", "帮助 · help"),
)


@runtime_checkable
class Pushed(Protocol):
    """A channel whose platform posts to us instead of being asked."""

    async def pushed(self, headers: Mapping[str, str], body: bytes) -> int:
        """Take what was posted; the status to answer with."""


def configured(settings: Settings, folder: Path) -> list[Channel]:
    """Every channel that has its settings; files people send are kept below `folder`."""
    channels: list[Channel] = []
    if settings.telegram is not None:
        channels.append(_telegram(settings, settings.telegram, folder))
    if settings.wecom is not None:
        channels.append(_wecom(settings.wecom, folder))
    return channels


def _telegram(settings: Settings, bot: settings_.Telegram, folder: Path) -> Channel:
    from bot.channels import telegram

    hook = None
    if bot.webhook_secret:
        hook = telegram.Webhook(f"{settings.public_url.rstrip('/')}/telegram", bot.webhook_secret)
    usual = telegram.Account(bot.token, webhook=hook, commands=COMMANDS)
    account = replace(
        usual,
        base_url=bot.base_url or usual.base_url,
        base_file_url=bot.base_file_url or usual.base_file_url,
    )
    return telegram.build(account, folder)


def _wecom(bot: settings_.Wecom, folder: Path) -> Channel:
    from bot.channels import wecom

    line = wecom.LongConnection(bot.bot_id, bot.secret, bot.url or wecom.ENDPOINT)
    return wecom.Wecom(line, folder)


def routes(channels: Sequence[Channel]) -> list[BaseRoute]:
    """What channels take over HTTP."""
    return [
        Route(f"/{channel.name}", _passed_on(channel.pushed), methods=["POST"])
        for channel in channels
        if isinstance(channel, Pushed)
    ]


def _passed_on(pushed: Callable[[Mapping[str, str], bytes], Awaitable[int]]) -> Handler:
    async def answer(request: Request) -> Response:
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > MOST_PUSHED:
                return Response(status_code=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return Response(status_code=await pushed(dict(request.headers), bytes(body)))

    return answer

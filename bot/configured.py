"""The channels that have their settings, built; and what they take over HTTP."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Protocol, runtime_checkable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot import settings as settings_
from bot.channels.port import Channel
from bot.channels.wecom_group import WecomGroup
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


@runtime_checkable
class Called(Protocol):
    """A line whose platform calls back and takes its answer from the response."""

    async def pushed(self, query: Mapping[str, str], body: bytes) -> tuple[int, str]:
        """Take what was posted; the status and the text to answer with."""


def configured(settings: Settings, folder: Path, record: Path | None = None) -> list[Channel]:
    """Every channel that has its settings; files people send are kept below `folder`.

    What platforms send is written below `record`, its secrets removed.
    """
    channels: list[Channel] = []
    if settings.telegram is not None:
        channels.append(_telegram(settings, settings.telegram, folder, record))
    if settings.wecom is not None:
        channels.append(_wecom(settings.wecom, folder, record))
    if settings.wecom_group_url:
        channels.append(WecomGroup(settings.wecom_group_url))
    return channels


def escalations(channels: Sequence[Channel]) -> str:
    """The conversation that hears of what is overdue too; empty where there is none."""
    groups = [channel for channel in channels if isinstance(channel, WecomGroup)]
    return f"{groups[0].name}:escalation" if groups else ""


def _telegram(
    settings: Settings, bot: settings_.Telegram, folder: Path, record: Path | None
) -> Channel:
    from bot.channels import telegram
    from bot.channels.telegram.recording import Recorder

    hook = None
    if bot.webhook_secret:
        hook = telegram.Webhook(f"{settings.public_url.rstrip('/')}/telegram", bot.webhook_secret)
    usual = telegram.Account(bot.token, webhook=hook, commands=COMMANDS)
    account = replace(
        usual,
        base_url=bot.base_url or usual.base_url,
        base_file_url=bot.base_file_url or usual.base_file_url,
        witness=Recorder(record / "telegram.jsonl") if record is not None else None,
    )
    return telegram.build(account, folder)


def _wecom(bot: settings_.Wecom, folder: Path, record: Path | None) -> Channel:
    from bot.channels import wecom
    from bot.channels.wecom.callback import CallbackLine
    from bot.channels.wecom.client import Line

    if bot.callback_token:
        line: Line = CallbackLine(bot.callback_token, bot.callback_key)
    else:
        url = bot.url or wecom.ENDPOINT
        line = wecom.LongConnection(bot.bot_id, bot.secret, url, witness=_witness(record))
    return wecom.Wecom(line, folder, bot_name=bot.bot_name)


def _witness(record: Path | None) -> Callable[[str, str | bytes], None]:
    from bot.channels.wecom.recording import Recorder

    return Recorder(record / "wecom.jsonl") if record is not None else lambda _way, _text: None


def routes(channels: Sequence[Channel]) -> list[BaseRoute]:
    """What channels take over HTTP."""
    found: list[BaseRoute] = []
    for channel in channels:
        if isinstance(channel, Pushed):
            found.append(Route(f"/{channel.name}", _passed_on(channel.pushed), methods=["POST"]))
        elif isinstance(line := getattr(channel, "line", None), Called):
            answer = _called(line.pushed)
            found.append(Route(f"/{channel.name}", answer, methods=["GET", "POST"]))
    return found


def _passed_on(pushed: Callable[[Mapping[str, str], bytes], Awaitable[int]]) -> Handler:
    async def answer(request: Request) -> Response:
        body = await _body(request)
        if body is None:
            return Response(status_code=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return Response(status_code=await pushed(dict(request.headers), body))

    return answer


def _called(pushed: Callable[[Mapping[str, str], bytes], Awaitable[tuple[int, str]]]) -> Handler:
    async def answer(request: Request) -> Response:
        body = await _body(request)
        if body is None:
            return Response(status_code=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        status, text = await pushed(dict(request.query_params), body)
        return PlainTextResponse(text, status)

    return answer


async def _body(request: Request) -> bytes | None:
    """What was posted, None where it is too much."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_PUSHED:
            return None
    return bytes(body)

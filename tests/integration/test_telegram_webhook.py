"""Telegram pushes instead of being asked: the secret, the commit, and coming again."""

import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.channels.telegram import Webhook
from bot.channels.telegram.channel import Telegram
from bot.fakes.telegram import people
from bot.messages import Message, Peer
from tests.integration.telegram_stage import ANNA, Stage, stage, until

pytestmark = pytest.mark.anyio

SECRET = "a-secret_7"


@asynccontextmanager
async def mounted(channels: list[Telegram]) -> AsyncIterator[str]:
    """The route as the application has it; its address."""

    async def pushed(request: Request) -> Response:
        status = await channels[0].pushed(request.headers, await request.body())
        return Response(status_code=status)

    web = Starlette(routes=[Route("/telegram", pushed, methods=["POST"])])
    config = uvicorn.Config(web, log_config=None, access_log=False, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve, [listening])
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/telegram"
        server.should_exit = True


@asynccontextmanager
async def pushing(folder: Path) -> AsyncIterator[tuple[Stage, Telegram]]:
    async with stage(folder) as on:
        channels: list[Telegram] = []
        async with mounted(channels) as url:
            async with on.listening(webhook=Webhook(url, SECRET)) as channel:
                channels.append(channel)
                await until(lambda: on.fake.updates.webhook is not None)
                yield on, channel
            on.fake.updates.webhook = None


async def test_what_is_pushed_arrives(tmp_path: Path) -> None:
    """In order, answered only once it is kept."""
    async with pushing(tmp_path) as (on, _):
        for number in range(5):
            people.say(on.fake, ANNA, f"{number}")
        await on.front.until(5)
        assert ["0", "1", "2", "3", "4"] == on.front.texts
        await until(lambda: not on.fake.updates.waiting)


async def test_who_does_not_know_the_secret_is_turned_away(tmp_path: Path) -> None:
    """None, a wrong one, and one with letters beyond ASCII are all 403; nonsense is 400."""
    body = json.dumps({"update_id": 1}).encode()
    name = "X-Telegram-Bot-Api-Secret-Token"
    async with pushing(tmp_path) as (on, channel):
        shown = [{}, {name: ""}, {name: SECRET + "x"}, {name: "秘密"}]
        assert [403] * 4 == [await channel.pushed(headers, body) for headers in shown]
        right = {name.lower(): SECRET}
        bodies = [b"nonsense", b"[]", b"{}", body]
        assert [400, 400, 400, 200] == [await channel.pushed(right, one) for one in bodies]
        assert [] == on.front.heard


async def test_what_was_not_kept_is_pushed_again(tmp_path: Path) -> None:
    """A front that fails once: the same message arrives, once."""
    async with pushing(tmp_path) as (on, _):
        failures = [OSError("away")]

        async def fail(_: Peer, __: Message) -> None:
            if failures:
                raise failures.pop()

        on.front.before = fail
        people.say(on.fake, ANNA, "hello")
        await on.front.until(1)
        assert ["hello"] == on.front.texts


async def test_a_channel_that_does_not_listen_takes_nothing(tmp_path: Path) -> None:
    """503: Telegram keeps it and comes again. Without a webhook there is no such place."""
    async with stage(tmp_path) as on:
        headers = {"x-telegram-bot-api-secret-token": SECRET}
        async with on.channel(webhook=Webhook("https://example.org/t", SECRET)) as channel:
            assert 503 == await channel.pushed(headers, b"{}")
        async with on.channel() as channel:
            assert 404 == await channel.pushed(headers, b"{}")


def test_a_secret_is_needed() -> None:
    """An empty one would let everybody in."""
    with pytest.raises(ValueError, match="secret"):
        Webhook("https://example.org/t", "")

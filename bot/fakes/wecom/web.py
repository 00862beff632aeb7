"""The fake's HTTP side: encrypted files, later answers, a group's webhook, callbacks posted."""

import secrets
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.fakes.wecom import sealing
from bot.fakes.wecom.commands import Answer
from bot.fakes.wecom.state import Body

if TYPE_CHECKING:
    from bot.fakes.wecom.server import FakeWecom, Target


def application(fake: "FakeWecom") -> Starlette:
    async def media(request: Request) -> Response:
        if fake.faults.refuse_downloads > 0:
            fake.faults.refuse_downloads -= 1
            return Response(status_code=503)
        stored = fake.platform.files.get(request.path_params["code"])
        if stored is None or fake.clock() - stored.at > fake.limits.media_s:
            return Response(status_code=404)  # what the real one answers is unknown
        headers = {}
        if stored.name:
            headers["content-disposition"] = f"attachment; filename*=UTF-8''{quote(stored.name)}"
        return Response(stored.data, media_type="application/octet-stream", headers=headers)

    async def response(request: Request) -> Response:
        return _told(fake.take_response(request.path_params["code"], await request.json()))

    async def webhook(request: Request) -> Response:
        key = request.query_params.get("key", "")
        return _told(fake.take_webhook(key, await request.json()))

    return Starlette(
        routes=[
            Route("/media/{code}", media),
            Route("/response/{code}", response, methods=["POST"]),
            Route("/cgi-bin/webhook/send", webhook, methods=["POST"]),
        ]
    )


def _told(answer: Answer) -> Response:
    return JSONResponse({"errcode": answer[0], "errmsg": answer[1]})


@asynccontextmanager
async def serving(fake: "FakeWecom") -> AsyncIterator[str]:
    """Serve it on a free port; the address."""
    config = uvicorn.Config(
        application(fake), log_config=None, access_log=False, ws="none", lifespan="off"
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve, [listening])
            try:
                yield f"http://127.0.0.1:{listening.getsockname()[1]}"
            finally:  # at once: uvicorn's own way out takes a fifth of a second
                for serving_ in getattr(server, "servers", ()):
                    serving_.close()
                tasks.cancel_scope.cancel()


async def post_callback(target: "Target", body: Body, within_s: float) -> Body:
    """POST an encrypted callback; the bot's answer, decrypted, or nothing."""
    import json

    import httpx

    text = sealing.enveloped(json.dumps(body, ensure_ascii=False), target.key)
    timestamp, nonce = str(time.time_ns() // 1_000_000_000), secrets.token_hex(5)
    query = {
        "msg_signature": sealing.signature(target.token, timestamp, nonce, text),
        "timestamp": timestamp,
        "nonce": nonce,
    }
    async with httpx.AsyncClient(timeout=within_s) as http:
        answer = await http.post(target.url, params=query, json={"encrypt": text})
    if answer.status_code != 200 or not answer.text.strip():
        return {}
    sealed = answer.json()
    told = sealing.signature(
        target.token, str(sealed["timestamp"]), sealed["nonce"], sealed["encrypt"]
    )
    if told != sealed["msgsignature"]:
        raise AssertionError("the answer's signature is wrong")
    opened = json.loads(sealing.opened(sealed["encrypt"], target.key))
    return opened if isinstance(opened, dict) else {}

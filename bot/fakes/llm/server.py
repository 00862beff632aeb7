"""The fake on a socket: /v1/chat/completions, whole or streamed, /v1/models, and /sim/."""

import json
import logging
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import anyio
import anyio.lowlevel
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.fakes.llm.world import JSON, Asked, Fake, Script, said

PIECE = 7  # characters in one piece of a streamed answer
CREATED = 1_790_000_000
HUGE = "没完没了 " * 2000


@asynccontextmanager
async def serve(fake: Fake, port: int = 0, host: str = "127.0.0.1") -> AsyncIterator[str]:
    """Serve until left; gives the base URL as clients want it, ending in /v1."""
    listening = socket.create_server((host, port))
    config = uvicorn.Config(
        application(fake),
        log_config=None,
        log_level=logging.CRITICAL,  # broken answers are what this is for
        access_log=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    at = listening.getsockname()
    async with anyio.create_task_group() as tasks:
        ended = anyio.Event()
        tasks.start_soon(_run, server, listening, ended)
        try:
            yield f"http://{at[0]}:{at[1]}/v1"
        finally:
            server.should_exit = server.force_exit = True  # whoever still waits has gone
            with anyio.CancelScope(shield=True), anyio.move_on_after(5):
                await ended.wait()
            tasks.cancel_scope.cancel()


async def _run(server: uvicorn.Server, listening: socket.socket, ended: anyio.Event) -> None:
    await server.serve([listening])
    ended.set()


class _Server(uvicorn.Server):
    """Signals are whoever serves' business."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def application(fake: Fake) -> ASGIApp:
    """The ASGI application."""
    inner = _routes(fake)

    async def outer(scope: Scope, receive: Receive, send: Send) -> None:
        cycle: Any = getattr(send, "__self__", None)  # uvicorn's: it holds the connection
        await inner({**scope, "transport": cycle.transport}, receive, send)

    return outer


def _routes(fake: Fake) -> Starlette:

    async def completions(request: Request) -> Response:
        return await _completed(fake, request)

    async def models(request: Request) -> Response:
        if refused := _refused(fake, request):
            return refused
        model = {"id": fake.name, "object": "model", "created": CREATED, "owned_by": "nobody"}
        return JSONResponse({"object": "list", "data": [model]})

    async def script(request: Request) -> Response:
        """The side door: a JSON list of scripts to follow from now on."""
        fake.anew()
        fake.scripts += [Script(**each) for each in await request.json()]
        return JSONResponse({"ok": True})

    return Starlette(
        routes=[
            Route("/v1/chat/completions", completions, methods=["POST"]),
            Route("/v1/models", models),
            Route("/sim/scripts", script, methods=["POST"]),
        ]
    )


def _refused(fake: Fake, request: Request) -> Response | None:
    if request.headers.get("authorization") == f"Bearer {fake.key}":
        return None
    return _error(401, "Incorrect API key provided", "invalid_api_key")


def _error(code: int, words: str, name: str | None = None) -> Response:
    kind = "invalid_request_error" if code < 500 else "server_error"
    told = {"message": words, "type": kind, "param": None, "code": name}
    return JSONResponse({"error": told}, code)


async def _completed(fake: Fake, request: Request) -> Response:
    if refused := _refused(fake, request):
        return refused
    asked = Asked(await request.json())
    fake.asked.append(asked)
    if asked.way not in fake.knows:
        named = "tools" if asked.way == "function_calling" else f"response_format {asked.way}"
        return _error(400, f"This model does not support {named}")
    script = fake.next()
    match script.kind:
        case "error":
            return _error(script.code, "It does not work now", "rate_limit_exceeded")
        case "reset":
            return _Reset()
        case "stall" | "drip" | "truncated" | "huge":
            return _broken(script, asked)
        case _:
            choice = _choice(script, asked)
    return _streamed(asked, choice) if asked.streams else JSONResponse(_whole(asked, choice))


def _choice(script: Script, asked: Asked) -> JSON:
    """The message: words, or a call of the tool asked for where one was, or of one made up."""
    words = said(script, asked)
    if script.kind == "garbage":
        words = words or "好的！```json\n{{]]}，，我觉得可以。"
    if script.kind == "half":
        words = words[: len(words) // 2]
    tool = (
        script.tool if script.kind == "toolcall" else asked.form if asked.body.get("tools") else ""
    )
    if not tool:
        return {"role": "assistant", "content": words}
    call = {"id": "call_1", "type": "function", "function": {"name": tool, "arguments": words}}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def _head(asked: Asked, kind: str) -> JSON:
    model = str(asked.body.get("model", ""))
    return {"id": "chatcmpl-1", "object": kind, "created": CREATED, "model": model}


def _whole(asked: Asked, message: JSON) -> JSON:
    ended = "tool_calls" if message.get("tool_calls") else "stop"
    choice = {"index": 0, "message": message, "finish_reason": ended, "logprobs": None}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return {**_head(asked, "chat.completion"), "choices": [choice], "usage": usage}


def _event(asked: Asked, delta: JSON, ended: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": ended}
    body = {**_head(asked, "chat.completion.chunk"), "choices": [choice]}
    return f"data: {json.dumps(body, ensure_ascii=False)}\n\n"


def _events(asked: Asked, message: JSON) -> Iterator[str]:
    """A message in pieces, as server-sent events."""
    yield _event(asked, {"role": "assistant", "content": ""})
    words = message["content"] or ""
    for at in range(0, len(words), PIECE):
        yield _event(asked, {"content": words[at : at + PIECE]})
    for number, call in enumerate(message.get("tool_calls", ())):
        function = call["function"]
        first: JSON = {"index": number, "id": call["id"], "type": "function"}
        yield _event(asked, _calls({**first, "function": {**function, "arguments": ""}}))
        arguments = function["arguments"]
        for at in range(0, len(arguments), PIECE):
            more = {"arguments": arguments[at : at + PIECE]}
            yield _event(asked, _calls({"index": number, "function": more}))
    yield _event(asked, {}, "tool_calls" if message.get("tool_calls") else "stop")
    if asked.body.get("stream_options", {}).get("include_usage"):
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        body = {**_head(asked, "chat.completion.chunk"), "choices": [], "usage": usage}
        yield f"data: {json.dumps(body)}\n\n"
    yield "data: [DONE]\n\n"


def _calls(call: JSON) -> JSON:
    return {"tool_calls": [call]}


def _streamed(asked: Asked, message: JSON) -> Response:
    return StreamingResponse(iter(list(_events(asked, message))), media_type="text/event-stream")


def _broken(script: Script, asked: Asked) -> Response:
    """An answer that begins well."""
    message = _choice(script, asked)
    kind = "text/event-stream" if asked.streams else "application/json"
    whole = (
        "".join(_events(asked, message)) if asked.streams else json.dumps(_whole(asked, message))
    )

    async def told() -> AsyncIterator[bytes]:
        if script.kind == "huge":
            while True:
                yield (_event(asked, {"content": HUGE}) if asked.streams else HUGE).encode()
                await anyio.lowlevel.checkpoint()
        if script.kind == "drip":
            for byte in whole.encode():
                yield bytes([byte])
                await anyio.sleep(script.seconds)
            return
        yield whole[: len(whole) // 2].encode()
        if script.kind == "stall":
            await anyio.sleep_forever()

    if script.kind == "truncated":
        return _Cut(told(), media_type=kind)
    return StreamingResponse(told(), media_type=kind)


class _Cut(StreamingResponse):
    """A stream that breaks off before it says that it has ended."""

    async def stream_response(self, send: Send) -> None:
        start: Any = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        async for piece in self.body_iterator:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        raise ConnectionAbortedError


class _Reset(Response):
    """No answer: the connection is reset."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del receive, send
        transport = scope["transport"]
        now = struct.pack("ii", 1, 0)  # what is still to be sent is thrown away
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
        transport.abort()

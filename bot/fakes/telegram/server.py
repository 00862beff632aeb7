"""The fake on a socket: the Bot API at /bot<token>/, files at /file/, the side door at /sim/."""

import html
import json
import logging
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import Any

import anyio
import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from bot.fakes.telegram import asking, sending
from bot.fakes.telegram.faults import Fault
from bot.fakes.telegram.params import Params, RefusalError, parse
from bot.fakes.telegram.simulation import routes
from bot.fakes.telegram.world import Call, Fake

JSON = dict[str, Any]
METHODS: dict[str, Callable[[Fake, Params], Any]] = {
    "getMe": asking.get_me,
    "answerCallbackQuery": asking.answer_callback_query,
    "getFile": asking.get_file,
    "sendChatAction": asking.send_chat_action,
    "setMyCommands": asking.set_my_commands,
    "setWebhook": asking.set_webhook,
    "deleteWebhook": asking.delete_webhook,
    "getWebhookInfo": asking.get_webhook_info,
    "getChat": asking.get_chat,
    "getChatMember": asking.get_chat_member,
    "leaveChat": asking.leave_chat,
    "sendMessage": sending.send_message,
    "editMessageText": sending.edit_message_text,
    "editMessageReplyMarkup": sending.edit_message_reply_markup,
    "sendDocument": sending.send_document,
    "sendPhoto": sending.send_photo,
    "sendMediaGroup": sending.send_media_group,
    "deleteMessage": sending.delete_message,
}
NAMES = {name.lower(): name for name in (*METHODS, "getUpdates")}
OBJECTS = {"getMe": "user", "getFile": "file", "getChatMember": "member", "getChat": "chat"}
RETRY_S = 0.2  # between two pushes of an update the webhook does not take
OUTAGE = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


@asynccontextmanager
async def serve(fake: Fake, port: int = 0, host: str = "127.0.0.1") -> AsyncIterator[str]:
    """Serve until left; gives the address, such as http://127.0.0.1:40001."""
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
        tasks.start_soon(_push, fake)
        try:
            yield f"http://{at[0]}:{at[1]}"
        finally:
            fake.updates.close()
            server.should_exit = True
            with anyio.CancelScope(shield=True), anyio.move_on_after(5):
                await ended.wait()
            tasks.cancel_scope.cancel()


async def _run(server: uvicorn.Server, listening: socket.socket, ended: anyio.Event) -> None:
    await server.serve([listening])
    ended.set()


def application(fake: Fake) -> Starlette:
    """The ASGI application."""

    async def called(request: Request) -> Response:
        return await _called(fake, request)

    async def file(request: Request) -> Response:
        path = request.path_params["path"]
        found = next((kept for kept in fake.files.values() if kept.path == path), None)
        if found is None or request.path_params["token"] != fake.token:
            return Response("not found", HTTPStatus.NOT_FOUND)
        fault = fake.faults.next("download", "")
        if fault is not None:
            return await _troubled(fault, Response(found.data))
        return Response(found.data, media_type="application/octet-stream")

    return Starlette(
        routes=[
            Route("/bot{token}/{method}", called, methods=["GET", "POST"]),
            Route("/file/bot{token}/{path:path}", file),
            *routes(fake),
        ]
    )


class _Server(uvicorn.Server):
    """Signals are whoever serves' business."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Broken(Response):
    """An answer that breaks off in the middle."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        size = str(len(self.body)).encode()
        start: Message = {"type": "http.response.start", "status": 200}
        await send({**start, "headers": [(b"content-length", size)]})
        half = self.body[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        raise ConnectionAbortedError


async def _called(fake: Fake, request: Request) -> Response:
    if request.path_params["token"] != fake.token:
        return _answer(RefusalError("invalid token specified", 401))
    method = NAMES.get(request.path_params["method"].lower(), "")
    if not method:
        return _answer(RefusalError("method not found", 404))
    body = await request.body()
    try:
        params = parse(request.headers.get("content-type", ""), request.url.query, body)
    except RefusalError as refusal:
        return _answer(refusal)
    fault = fake.faults.next(method, params.text("chat_id"))
    if fault is None:
        return await _done(fake, method, params)
    return await _in_trouble(fake, method, params, fault)


async def _in_trouble(fake: Fake, method: str, params: Params, fault: Fault) -> Response:
    refusal = fault.refusal()
    if refusal is not None:
        fake.calls.append(Call(method, params.values, refused=refusal.description))
        return _answer(refusal)
    if fault.kind in {"outage", "silent"} or fault.before:
        return await _troubled(fault, _answer(True))
    return await _troubled(fault, await _done(fake, method, params))


async def _troubled(fault: Fault, answer: Response) -> Response:
    match fault.kind:
        case "outage":
            words = html.escape(f"{fault.code} {HTTPStatus(fault.code).phrase}")
            return Response(OUTAGE.format(words), fault.code, media_type="text/html")
        case "silent":
            await anyio.sleep_forever()
        case "slow":
            await anyio.sleep(fault.seconds)
        case "drop":
            return _Broken(answer.body)
        case "garbage":
            return Response("nonsense", media_type="text/plain")
        case _:
            pass
    return answer


async def _done(fake: Fake, method: str, params: Params) -> Response:
    call = Call(method, {**params.values, **params.named_files()})
    fake.calls.append(call)
    try:
        fake.check_request(method, call.values)
        if method == "getUpdates":
            call.answer = await _updates(fake, params)
        else:
            call.answer = METHODS[method](fake, params)
    except RefusalError as refusal:
        call.refused = refusal.description
        return _answer(refusal)
    if method in OBJECTS:
        fake.check_object(OBJECTS[method], call.answer)
    return _answer(call.answer)


async def _updates(fake: Fake, params: Params) -> list[JSON]:
    asking.allow(fake, params)
    return await fake.updates.polled(
        params.number("offset"), params.number("limit", 100), params.number("timeout")
    )


def _answer(what: Any) -> Response:
    if not isinstance(what, RefusalError):
        return JSONResponse({"ok": True, "result": what})
    told: JSON = {"ok": False, "error_code": what.code, "description": what.description}
    if what.parameters:
        told["parameters"] = what.parameters
    return JSONResponse(told, what.code)


async def _push(fake: Fake) -> None:
    """Push updates to the webhook, one at a time, each until it is taken."""
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
        while not fake.updates.closed:
            update = await fake.updates.to_push()
            hook = fake.updates.webhook
            if hook is None:
                continue
            headers = {"X-Telegram-Bot-Api-Secret-Token": hook.secret} if hook.secret else {}
            headers["Content-Type"] = "application/json"
            try:
                taken = await client.post(hook.url, content=json.dumps(update), headers=headers)
                said = f"Wrong response from the webhook: {taken.status_code}"
                problem = "" if taken.is_success else said
            except httpx.HTTPError as error:
                problem = str(error) or type(error).__name__
            hook.last_error = problem or hook.last_error
            if problem:
                await anyio.sleep(RETRY_S)
            else:
                fake.updates.pushed(update)

"""The page's routes: what a browser may ask for, and how it is answered."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.channels.web.desk import Desk, Seen, TooLargeError, Visitor
from bot.channels.web.guard import COOKIE, HEADERS, REPORT_POLICY, Guard
from bot.messages import Message

HERE = Path(__file__).parent
KINDS = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
MOST_BODY = 64 * 1024  # octets of anything but a file
LONGEST_ID = 64
MOST_SHOWN = 1000

Handler = Callable[[Request], Awaitable[Response]]
Personal = Callable[[Request, Visitor], Awaitable[Response]]


class _RefusedError(Exception):
    """A request that is not taken."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True)
class _Pages:
    desk: Desk
    guard: Guard
    files: dict[str, tuple[bytes, str]]  # by name: what it holds, and of which media type

    async def page(self, request: Request) -> Response:
        """The page itself, which says nothing of anybody."""
        return self._file(request, "page.html")

    async def part(self, request: Request) -> Response:
        """A style sheet, a script, or the page's words."""
        return self._file(request, request.path_params["name"])

    def _file(self, request: Request, name: str) -> Response:
        if name not in self.files:
            return Response(status_code=HTTPStatus.NOT_FOUND)
        body, media_type = self.files[name]
        headers = {"cache-control": "no-cache", "etag": f'"{sha256(body).hexdigest()[:16]}"'}
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(body, media_type=media_type, headers=headers)

    async def enter(self, request: Request) -> Response:
        """A one-time code signs this browser in.

        Only this uses the code up: opening a link does not, so that programs which look at links
        in chats leave it alone.
        """
        given = await _given(request)
        address = self.guard.address(request)
        if not self.desk.may_try(address):
            return JSONResponse({"why": "often"}, HTTPStatus.TOO_MANY_REQUESTS)
        token = await self.desk.sign_in(_text(given, "code"), request.cookies.get(COOKIE, ""))
        visitor = await self.desk.visitor(token)
        if visitor is None:
            return JSONResponse({"why": "code"}, HTTPStatus.FORBIDDEN)
        self.desk.entered(address)
        answer = JSONResponse({"name": visitor.name, "language": visitor.language})
        self.guard.sign_in(request, answer, token)
        return answer

    async def leave(self, request: Request) -> Response:
        if token := request.cookies.get(COOKIE, ""):
            await self.desk.sign_out(token)
        answer = JSONResponse({})
        self.guard.sign_out(request, answer)
        return answer

    async def open(self, _request: Request, visitor: Visitor) -> Response:
        await self.desk.opened(visitor)
        return JSONResponse({"name": visitor.name, "language": visitor.language})

    async def news(self, request: Request, visitor: Visitor) -> Response:
        asked = request.query_params
        turn, _, reply = asked.get("after", "0.0").partition(".")
        shown = [number for number in asked.get("shown", "").split(",") if number]
        seen = Seen(
            (_number(turn), _number(reply)),
            tuple(map(_number, shown[:MOST_SHOWN])),
            asked.get("state", ""),
            call="call" in asked,
        )
        return JSONResponse(await self.desk.news(visitor, seen))

    async def say(self, request: Request, visitor: Visitor) -> Response:
        given = await _given(request)
        message = Message(
            _id(_text(given, "id")), text=_text(given, "text"), action=_text(given, "action")
        )
        case = given.get("case")
        if case is None:
            kept = await self.desk.say(visitor, message)
            return JSONResponse({} if kept else {"why": "unknown"})
        if not isinstance(case, int) or not await self.desk.say_in_call(visitor, message, case):
            return JSONResponse({"why": "elsewhere"}, HTTPStatus.CONFLICT)
        return JSONResponse({})

    async def upload(self, request: Request, visitor: Visitor) -> Response:
        """A file as the request's body; its name and caption are headers, percent-encoded."""
        message = Message(
            _id(request.headers.get("x-id", "")), text=unquote(request.headers.get("x-text", ""))
        )
        name = unquote(request.headers.get("x-name", "")) or "file"
        try:
            await self.desk.upload(visitor, message, name, request.stream())
        except TooLargeError:
            answer = JSONResponse({"why": "large"}, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            answer.headers["connection"] = "close"  # the rest of it is not read
            return answer
        except (TimeoutError, ClientDisconnect):
            return JSONResponse({"why": "slow"}, HTTPStatus.REQUEST_TIMEOUT)
        return JSONResponse({})

    async def report(self, request: Request, visitor: Visitor) -> Response:
        """A file that smsvet sent in this visitor's own conversation."""
        found = await self.desk.report(visitor, request.path_params["reply"])
        if found is None:
            return Response(status_code=HTTPStatus.NOT_FOUND)
        shown = found.name.endswith(".html") and "save" not in request.query_params
        how = "inline" if shown else "attachment"
        return FileResponse(
            found.path,
            media_type="text/html" if shown else "application/octet-stream",
            headers={
                "content-disposition": f"{how}; filename*=utf-8''{quote(found.name)}",
                "content-security-policy": REPORT_POLICY,
            },
        )

    def guarded(self, handler: Handler) -> Handler:
        """A handler that is reached by our own names only, and by our own page where it counts."""

        async def answer(request: Request) -> Response:
            try:
                answer = await self._answer(handler, request)
            except _RefusedError as error:
                answer = Response(status_code=error.status)
            for name, value in {"cache-control": "no-store", **HEADERS}.items():
                answer.headers.setdefault(name, value)
            return answer

        return answer

    async def _answer(self, handler: Handler, request: Request) -> Response:
        if not self.guard.knows(request):
            return Response(status_code=HTTPStatus.MISDIRECTED_REQUEST)
        if request.method == "POST" and not self.guard.trusts(request):
            return Response(status_code=HTTPStatus.FORBIDDEN)
        return await handler(request)

    def personal(self, handler: Personal) -> Handler:
        """A handler for whoever is signed in."""

        async def answer(request: Request) -> Response:
            visitor = await self.desk.visitor(request.cookies.get(COOKIE, ""))
            if visitor is None:
                return JSONResponse({"why": "signed_out"}, HTTPStatus.UNAUTHORIZED)
            return await handler(request, visitor)

        return self.guarded(answer)


def routes(desk: Desk, guard: Guard) -> list[BaseRoute]:
    """Everything a browser asks for."""
    pages = _Pages(desk, guard, _files(desk))
    return [
        Route("/", pages.guarded(pages.page), methods=["GET"]),
        Route("/page/{name}", pages.guarded(pages.part), methods=["GET"]),
        Route("/enter", pages.guarded(pages.enter), methods=["POST"]),
        Route("/leave", pages.guarded(pages.leave), methods=["POST"]),
        Route("/open", pages.personal(pages.open), methods=["POST"]),
        Route("/news", pages.personal(pages.news), methods=["GET"]),
        Route("/say", pages.personal(pages.say), methods=["POST"]),
        Route("/upload", pages.personal(pages.upload), methods=["POST"]),
        Route("/file/{reply:int}", pages.personal(pages.report), methods=["GET"]),
    ]


def _files(desk: Desk) -> dict[str, tuple[bytes, str]]:
    files = {
        path.name: (path.read_bytes(), KINDS[path.suffix])
        for path in HERE.iterdir()
        if path.suffix in KINDS
    }
    words = json.dumps(desk.words(), ensure_ascii=False)
    return files | {"words.json": (words.encode(), "application/json")}


async def _given(request: Request) -> dict[str, Any]:
    """The JSON object in a request's body."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BODY:
            raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        given = json.loads(body)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise _RefusedError(HTTPStatus.BAD_REQUEST)
    return given


def _text(given: dict[str, Any], name: str) -> str:
    text = given.get(name, "")
    if not isinstance(text, str):
        raise _RefusedError(HTTPStatus.BAD_REQUEST)
    return text


def _id(text: str) -> str:
    """The browser's id of a message."""
    if not (0 < len(text) <= LONGEST_ID and text.isascii() and text.isprintable()):
        raise _RefusedError(HTTPStatus.BAD_REQUEST)
    return text


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise _RefusedError(HTTPStatus.BAD_REQUEST)
    return int(text)

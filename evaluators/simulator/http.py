"""A very small HTTP/1.1 server for JSON: GET only, loopback only.

Written by hand because it is short; a framework would be most of the simulator's start-up time.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import cast
from urllib.parse import parse_qsl, urlsplit

Route = Callable[[Mapping[str, str]], object]
"""Query parameters in, something JSON can hold out; ValueError becomes a 400."""

_LONGEST_HEAD = 16_384
_PATIENCE_S = 60.0
_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed"}


@asynccontextmanager
async def listening(
    routes: Mapping[str, Route], *, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[int]:
    """Serve while the context lasts; gives the port."""
    open_now: set[_Conversation] = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Conversation(routes, open_now), host, port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for conversation in list(open_now):
            conversation.drop()
        await asyncio.sleep(0)  # lets the connections hear of it
        await server.wait_closed()


class _Conversation(asyncio.Protocol):
    """Answers requests on one connection until it ends, dawdles or talks nonsense."""

    def __init__(self, routes: Mapping[str, Route], open_now: set["_Conversation"]) -> None:
        self._routes, self._open_now = routes, open_now
        self._heard = bytearray()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None

    def drop(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._open_now.add(self)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._open_now.discard(self)
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        self._heard += data
        while self._transport is not None and not self._transport.is_closing():
            head, end, rest = self._heard.partition(b"\r\n\r\n")
            if not end:
                break
            self._heard = rest
            status, body = _answer(self._routes, bytes(head))
            self._transport.write(_response(status, body))
            if status == 400 or b"connection: close" in head.lower():
                self._transport.close()
            self._wait()
        if len(self._heard) > _LONGEST_HEAD:
            self.drop()

    def _wait(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(_PATIENCE_S, self.drop)


def _answer(routes: Mapping[str, Route], head: bytes) -> tuple[int, object]:
    words = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        return 400, {"error": "not an HTTP request"}
    if words[0] != "GET":
        return 405, {"error": "only GET"}
    try:
        target = urlsplit(words[1])
        route = routes.get(target.path)
        if route is None:
            return 404, {"error": "no such page", "pages": sorted(routes)}
        return 200, route(dict(parse_qsl(target.query)))
    except ValueError as error:
        return 400, {"error": str(error)}


def _response(status: int, body: object) -> bytes:
    data = json.dumps(body, ensure_ascii=False).encode()
    head = (
        f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(data)}\r\n\r\n"
    )
    return head.encode() + data

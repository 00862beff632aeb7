"""The web application: phones post here, vendors push receipts here, channels add their own.

Behind the company's own TLS proxy, on loopback unless told otherwise. Addresses hold secrets, so
nothing is logged by address, and whatever is wrong with one is answered with an empty 404.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus

import anyio
from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.inbound import phones, receipts
from bot.inbound.limits import Limits
from bot.inbound.posted import MOST_BYTES, Post
from bot.store import pushed, sightings
from bot.store.database import Database

BODY_S = 10.0  # for a body to come
_TEND_S = 24 * 3600.0  # between two looks for texts whose time is over
_AT_ONCE = 8  # requests in the database

Handler = Callable[[Request], Awaitable[Response]]


class _RefusedError(Exception):
    """A request that is not taken."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status)
        self.status = status


@dataclass
class _Web:
    """The handlers; `wall` gives ns since 1970, `now` monotonic seconds; see `phones.receive`."""

    database: Database
    wall: Callable[[], int]
    now: Callable[[], float]
    limits: Limits
    late: Callable[[], object]
    slots: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(_AT_ONCE))

    async def phone(self, request: Request) -> Response:
        token = request.path_params["token"]
        came_ns = self.wall()
        post = Post(dict(request.headers), await self._body(request, token))
        receive = partial(phones.receive, late=self.late)
        status = await run_sync(receive, self.database, token, post, came_ns, limiter=self.slots)
        if status is not HTTPStatus.OK:
            return Response(status_code=status)
        return JSONResponse({"ok": True})

    async def receipt(self, request: Request) -> Response:
        name, key = request.path_params["connection"], request.path_params["key"]
        came_ns = self.wall()
        pushed = receipts.Pushed(
            request.method,
            request.url.path,
            request.url.query,
            dict(request.headers),
            await self._body(request, name),
        )
        answer = await run_sync(
            receipts.receive, self.database, (name, key), pushed, came_ns, limiter=self.slots
        )
        return Response(answer.body, answer.status, media_type=answer.media_type)

    async def health(self, _: Request) -> Response:
        return JSONResponse({"ok": True})

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._tend)
            yield
            tasks.cancel_scope.cancel()

    async def _tend(self) -> None:
        """Forget what need not be kept any longer, now and every day."""
        while True:
            await run_sync(self._purge)
            await anyio.sleep(_TEND_S)

    def _purge(self) -> None:
        now = datetime.fromtimestamp(self.wall() / 1e9, UTC)
        with self.database.write() as session:
            sightings.purge(session, now)
            pushed.purge(session, int((now - sightings.KEPT).timestamp()) * 1_000_000_000)

    async def _body(self, request: Request, address: str) -> bytes:
        """The body, if it is small, comes in time, and its address does not come too often."""
        if not self.limits.takes(address, self.now()):
            raise _RefusedError(HTTPStatus.TOO_MANY_REQUESTS)
        parts, size = [], 0
        try:
            with anyio.fail_after(BODY_S):
                async for part in request.stream():
                    size += len(part)
                    if size > MOST_BYTES:
                        raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
                    parts.append(part)
        except (TimeoutError, ClientDisconnect) as error:
            raise _RefusedError(HTTPStatus.REQUEST_TIMEOUT) from error
        return b"".join(parts)


def application(
    database: Database,
    wall: Callable[[], int],
    now: Callable[[], float],
    limits: Limits | None = None,
    *,
    more: Sequence[BaseRoute] = (),
    late: Callable[[], object] = lambda: None,
) -> Starlette:
    """The ASGI application on a database that stays open as long as it serves.

    `late` is called when a phone has shown a text of a test that has ended.
    """
    web = _Web(database, wall, now, limits or Limits(), late)
    return Starlette(
        routes=[
            Route("/phones/{token}", web.phone, methods=["POST"]),
            Route("/receipts/{connection}/{key}", web.receipt, methods=["POST", "GET"]),
            Route("/health", web.health, methods=["GET"]),
            *more,
        ],
        exception_handlers={_RefusedError: _refuse, 404: _nothing, 405: _nothing, 500: _trouble},
        lifespan=web.lifespan,
    )


async def _refuse(_: Request, error: Exception) -> Response:
    assert isinstance(error, _RefusedError)  # noqa: S101 - registered for nothing else
    return Response(status_code=error.status, headers={"connection": "close"})


async def _nothing(_: Request, _error: Exception) -> Response:
    return Response(status_code=HTTPStatus.NOT_FOUND)


async def _trouble(_: Request, _error: Exception) -> Response:
    return Response(status_code=HTTPStatus.INTERNAL_SERVER_ERROR)

"""What the scripted peers of all wire protocols share, and a runner that only writes down."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar, cast

import anyio

from evaluators.protocols.session import Closed, Events, Receipt, Reply, Submitted
from evaluators.protocols.wire import WireSession

Link = TypeVar("Link")
Submit = TypeVar("Submit")
Session = TypeVar("Session", bound=WireSession)


class Desk(Generic[Link, Submit]):
    """Collects connections and submissions; the test answers them, or not."""

    def __init__(self) -> None:
        self.links: list[Link] = []
        self.received: list[tuple[Link, Submit]] = []
        self.on_submit: Callable[[Link, Submit], None] | None = None

    def welcome(self, link: Link) -> None:
        self.links.append(link)

    def submit(self, link: Link, submit: Submit) -> None:
        self.received.append((link, submit))
        if self.on_submit is not None:
            self.on_submit(link, submit)

    def gone(self, link: Link) -> None:
        self.links.remove(link)


class Recorder:
    """What a runner hears, in order, and a way to wait for it."""

    def __init__(self) -> None:
        self.submitted: list[Submitted] = []
        self.receipts: list[Receipt] = []
        self.replies: list[Reply] = []
        self.closed: Closed | None = None
        self.batches = 0
        self.on_events: Callable[[Events], None] | None = None

    def __call__(self, events: Events) -> None:
        self.batches += 1
        self.submitted += events.submitted
        self.receipts += events.receipts
        self.replies += events.replies
        self.closed = events.closed or self.closed
        if self.on_events is not None:
            self.on_events(events)

    async def until(self, true: Callable[["Recorder"], object], patience_s: float = 5.0) -> None:
        with anyio.fail_after(patience_s):
            while not true(self):  # noqa: ASYNC110 - what is waited for may happen anywhere
                await anyio.sleep(0.001)


def messages(count: int, first: int = 0) -> list[tuple[int, str, str | bytes]]:
    return [
        (index, f"1980000{index % 10000:04d}", f"【测试】编号{index}")
        for index in range(first, first + count)
    ]


@asynccontextmanager
async def until_here(session: Session) -> AsyncIterator[Session]:
    """The session, gone afterwards whatever state it is in."""
    try:
        yield session
    finally:
        session.abort()
        await session.close()


class _Dripping(asyncio.Protocol):
    def __init__(
        self, answer: Callable[[bytes], bytes | None], connections: set[asyncio.Transport]
    ) -> None:
        self._answer, self._connections = answer, connections
        self._answered = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._connections.add(self._transport)

    def data_received(self, data: bytes) -> None:
        if not self._answered:
            self._answered = True
            answer = self._answer(data)
            if answer is None:
                self._transport.close()
            else:
                self._drip(answer)

    def _drip(self, rest: bytes) -> None:
        """One octet a turn: the slowest a stream can be cut."""
        if rest and not self._transport.is_closing():
            self._transport.write(rest[:1])
            asyncio.get_running_loop().call_soon(self._drip, rest[1:])


@asynccontextmanager
async def dripping(answer: Callable[[bytes], bytes | None]) -> AsyncIterator[int]:
    """A port where the first octets get this answer, octet by octet; None hangs up."""
    connections: set[asyncio.Transport] = set()
    server = await asyncio.get_running_loop().create_server(
        lambda: _Dripping(answer, connections), "127.0.0.1", 0
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for connection in connections:
            connection.abort()
        await asyncio.sleep(0)

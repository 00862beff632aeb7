"""An HTTP vendor whose every octet the test decides."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import anyio

from evaluators.protocols.correlator import Correlator
from evaluators.protocols.http import vendor as vendors
from evaluators.protocols.http.session import Endpoint, HttpSession, connect
from evaluators.protocols.session import BindRefused, Message
from tests.integration.scripted_peer import Recorder

FOLDER = Path(__file__).parents[2] / "data" / "vendors"
NUMBER, TEXT = "19800000001", "【测试】您的验证码为1234。"


def answered(body: str, status: str = "200 OK", *more: str) -> bytes:
    head = [f"HTTP/1.1 {status}", "Content-Type: application/json", *more]
    data = body.encode()
    return "\r\n".join([*head, f"Content-Length: {len(data)}", "", ""]).encode() + data


def taken(sid: int) -> bytes:
    """How Yunpian says yes."""
    return answered(f'{{"code":0,"msg":"ok","count":1,"mobile":"{NUMBER}","sid":{sid}}}')


class Asked:
    """One request, and the way to answer it."""

    def __init__(self, head: bytes, body: bytes, writer: asyncio.StreamWriter) -> None:
        self.head, self.body, self.writer = head.decode(), body, writer
        self.path = self.head.split(" ")[1].partition("?")[0]

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}

    def answer(self, data: bytes) -> None:
        self.writer.write(data)

    def hang_up(self, data: bytes = b"") -> None:
        self.writer.write(data)
        self.writer.close()


class Scripted:
    """Collects requests; the test answers them, or `on_request` does."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.connections = 0
        self.open: set[asyncio.StreamWriter] = set()
        self.on_request: Callable[[Asked], None] | None = None
        self.server: asyncio.Server | None = None

    def close(self) -> None:
        """Stop listening and cut every connection."""
        if self.server is not None:
            self.server.close()
        for writer in list(self.open):
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open.add(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                size = 0
                for line in head.decode().split("\r\n"):
                    name, _, value = line.partition(":")
                    size = int(value) if name.lower() == "content-length" else size
                self._take(Asked(head, await reader.readexactly(size), writer))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open.discard(writer)
            writer.close()

    def _take(self, asked: Asked) -> None:
        self.asked.append(asked)
        if self.on_request is not None:
            self.on_request(asked)


@asynccontextmanager
async def scripted(
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[tuple[Scripted, int]]:
    """The vendor on a free port."""
    peer = Scripted()
    peer.server = await asyncio.start_server(peer.serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield peer, peer.server.sockets[0].getsockname()[1]
    finally:
        peer.close()
        await peer.server.wait_closed()


@asynccontextmanager
async def connected(
    port: int, vendor: str = "yunpian", **more: Any
) -> AsyncIterator[tuple[HttpSession, Recorder]]:
    """A session with it, and what a runner would hear."""
    recorder = Recorder()
    correlator = more.pop("correlator", None) or Correlator()
    given: dict[str, Any] = {"credentials": {"apikey": "key"}, "tls": False, "window": 4} | more
    described = vendors.load(FOLDER / f"{vendor}.yaml")
    endpoint = Endpoint(host="127.0.0.1", port=port, vendor=described, **given)
    session = await connect(endpoint, recorder, time.monotonic_ns, correlator=correlator)
    assert not isinstance(session, BindRefused)
    try:
        yield session, recorder
    finally:
        session.abort()
        await session.close(0)


async def heard_request(peer: Scripted) -> None:
    with anyio.fail_after(5):
        while not peer.asked:  # noqa: ASYNC110 - it comes when it comes
            await anyio.sleep(0.005)


def messages(count: int, first: int = 0) -> list[Message]:
    return [(index, NUMBER, TEXT) for index in range(first, first + count)]


async def until_room(session: HttpSession, wanted: int) -> None:
    with anyio.fail_after(5):
        while session.room < wanted:  # noqa: ASYNC110 - connections open in their own time
            await anyio.sleep(0.005)

"""An SMGP gateway whose every move the test decides; the runner is the one of smpp_scripted."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import cast

from evaluators.protocols.correlator import Correlator
from evaluators.protocols.session import BindRefused
from evaluators.protocols.smgp import codec, receipt
from evaluators.protocols.smgp.server import Link, Pace, listening
from evaluators.protocols.smgp.session import Endpoint, connect
from evaluators.protocols.wire import WireSession
from tests.integration.smpp_scripted import Recorder


class ScriptedDesk:
    """Lets 10690001/simulate in and collects submits; the test answers them, or not."""

    def __init__(self) -> None:
        self.links: list[Link] = []
        self.received: list[tuple[Link, codec.Submit]] = []
        self.on_submit: Callable[[Link, codec.Submit], None] | None = None

    def secret(self, account: str) -> str | None:
        return {"10690001": "simulate"}.get(account)

    def welcome(self, link: Link) -> None:
        self.links.append(link)

    def submit(self, link: Link, submit: codec.Submit) -> None:
        self.received.append((link, submit))
        if self.on_submit is not None:
            self.on_submit(link, submit)

    def query(self, link: Link, query: codec.Query) -> tuple[int, ...]:
        return (len(self.received), *range(7))

    def gone(self, link: Link) -> None:
        self.links.remove(link)

    def accept(self, link: Link, submit: codec.Submit) -> None:
        """Answer with an id made of the sequence number."""
        link.answer(submit.sequence, 0, id_of(submit.sequence))

    def accept_and_report(self, link: Link, submit: codec.Submit) -> None:
        self.accept(link, submit)
        link.deliver(delivered(id_of(submit.sequence)))


def id_of(sequence: int) -> bytes:
    """Ten octets with everything in them that confuses a reader of texts."""
    return b" :\0 stat:%b" % bytes((sequence & 0xFF,))


def delivered(
    message_id: bytes, state: str = "DELIVRD", number: str = "19800000001"
) -> codec.Deliver:
    report = receipt.Report(message_id, state, "000", "2611221900", "2611221901")
    content = receipt.format(report)
    outer = bytes.fromhex("00006111221901000009")
    return codec.Deliver(0, outer, number, "1069", content, is_report=1)


def endpoint(port: int) -> Endpoint:
    return Endpoint(host="127.0.0.1", port=port, account="10690001", password="simulate")


async def logged_in(
    there: Endpoint, recorder: Recorder, correlator: Correlator | None = None
) -> WireSession:
    """A session that must come up."""
    session = await connect(there, recorder, time.monotonic_ns, correlator=correlator)
    assert not isinstance(session, BindRefused)
    return session


@asynccontextmanager
async def talking(
    desk: ScriptedDesk, recorder: Recorder, *, pace: Pace | None = None, **settings: object
) -> AsyncIterator[WireSession]:
    """A scripted gateway and a session with it, both gone afterwards."""
    async with listening(desk, pace=pace) as port:
        there = replace(endpoint(port), **settings)  # type: ignore[arg-type]
        session = await logged_in(there, recorder)
        try:
            yield session
        finally:
            session.abort()
            await session.close()


class _RawGateway(asyncio.Protocol):
    def __init__(self, after_login: bytes, connections: set[asyncio.Transport]) -> None:
        self._rest, self._connections = after_login, connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._connections.add(self._transport)

    def data_received(self, data: bytes) -> None:
        if self._rest:
            answer = codec.LoginResp(int.from_bytes(data[8:12], "big"))
            self._drip(codec.encode(answer) + self._rest)
            self._rest = b""

    def _drip(self, rest: bytes) -> None:
        """One octet a turn: the slowest a stream can be cut."""
        if rest and not self._transport.is_closing():
            self._transport.write(rest[:1])
            asyncio.get_running_loop().call_soon(self._drip, rest[1:])


@asynccontextmanager
async def raw_gateway(after_login: bytes) -> AsyncIterator[int]:
    """Answers the login and then writes these bytes octet by octet."""
    connections: set[asyncio.Transport] = set()
    server = await asyncio.get_running_loop().create_server(
        lambda: _RawGateway(after_login, connections), "127.0.0.1", 0
    )
    yield server.sockets[0].getsockname()[1]
    server.close()
    for connection in connections:
        connection.abort()
    await asyncio.sleep(0)

"""A vendor whose every move the test decides, and a runner that only writes down what it hears."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import cast

import anyio

from evaluators.protocols.correlator import Correlator
from evaluators.protocols.session import BindRefused, Closed, Events, Receipt, Reply, Submitted
from evaluators.protocols.smpp import codec, receipt
from evaluators.protocols.smpp.server import Link, listening
from evaluators.protocols.smpp.session import Endpoint, connect
from evaluators.protocols.wire import WireSession


class ScriptedDesk:
    """Accepts buyer/simulate and collects submissions; the test answers them, or not."""

    def __init__(self) -> None:
        self.links: list[Link] = []
        self.received: list[tuple[Link, codec.Sms]] = []
        self.on_submit: Callable[[Link, codec.Sms], None] | None = None

    def bind(self, link: Link, bind: codec.Bind) -> int:
        if bind.password != "simulate":
            return 0x0E
        self.links.append(link)
        return 0

    def submit(self, link: Link, sms: codec.Sms) -> None:
        self.received.append((link, sms))
        if self.on_submit is not None:
            self.on_submit(link, sms)

    def gone(self, link: Link) -> None:
        self.links.remove(link)

    def accept(self, link: Link, sms: codec.Sms) -> None:
        """Answer with an id made of the sequence number."""
        link.answer(sms.sequence, 0, b"id%d" % sms.sequence)

    def accept_and_report(self, link: Link, sms: codec.Sms) -> None:
        self.accept(link, sms)
        link.deliver(delivered(b"id%d" % sms.sequence))


def delivered(message_id: bytes, state: str = "DELIVRD", number: str = "19800000001") -> codec.Sms:
    report = receipt.Report(message_id, state, "000", "2611221900", "2611221901")
    text = receipt.format(report)
    return codec.Sms(codec.DELIVER_SM, 0, number, "1069", text, esm_class=codec.ESM_RECEIPT)


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


def endpoint(port: int) -> Endpoint:
    return Endpoint(host="127.0.0.1", port=port, system_id="buyer", password="simulate")


async def bound(
    there: Endpoint, recorder: Recorder, correlator: Correlator | None = None
) -> WireSession:
    """A session that must come up."""
    session = await connect(there, recorder, time.monotonic_ns, correlator=correlator)
    assert not isinstance(session, BindRefused)
    return session


class _RawVendor(asyncio.Protocol):
    def __init__(
        self, after_bind: bytes | None, hang_up: bool, connections: set[asyncio.Transport]
    ) -> None:
        self._after_bind, self._hang_up, self._connections = after_bind, hang_up, connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._connections.add(self._transport)

    def data_received(self, data: bytes) -> None:
        if self._hang_up:
            self._transport.close()
        elif self._after_bind is not None:
            sequence = int.from_bytes(data[12:16], "big")
            answer = codec.BindResp(codec.BIND_TRANSCEIVER_RESP, sequence, 0, "raw")
            self._drip(codec.encode(answer) + self._after_bind)
            self._after_bind = None

    def _drip(self, rest: bytes) -> None:
        """One octet a turn: the slowest a stream can be cut."""
        if rest and not self._transport.is_closing():
            self._transport.write(rest[:1])
            asyncio.get_running_loop().call_soon(self._drip, rest[1:])


@asynccontextmanager
async def raw_vendor(after_bind: bytes | None, *, hang_up: bool = False) -> AsyncIterator[int]:
    """Answers the bind and then writes these bytes octet by octet; None answers nothing."""
    connections: set[asyncio.Transport] = set()
    server = await asyncio.get_running_loop().create_server(
        lambda: _RawVendor(after_bind, hang_up, connections), "127.0.0.1", 0
    )
    yield server.sockets[0].getsockname()[1]
    server.close()
    for connection in connections:
        connection.abort()
    await asyncio.sleep(0)


@asynccontextmanager
async def talking(
    desk: ScriptedDesk, recorder: Recorder, **settings: object
) -> AsyncIterator[WireSession]:
    """A scripted vendor and a session with it, both gone afterwards."""
    async with listening(desk) as port:
        session = await bound(replace(endpoint(port), **settings), recorder)  # type: ignore[arg-type]
        try:
            yield session
        finally:
            session.abort()
            await session.close()


def messages(count: int, first: int = 0) -> list[tuple[int, str, str | bytes]]:
    return [
        (index, f"1980000{index % 10000:04d}", f"【测试】编号{index}")
        for index in range(first, first + count)
    ]

"""An SGIP gateway whose every move the test decides, and sockets that say what no gateway would."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast

from evaluators.protocols.correlator import Correlator
from evaluators.protocols.session import BindRefused
from evaluators.protocols.sgip import codec, pdus
from evaluators.protocols.sgip.caller import Caller
from evaluators.protocols.sgip.sequence import Numbering, wall
from evaluators.protocols.sgip.server import Link, listening
from evaluators.protocols.sgip.session import Endpoint, SgipSession, connect
from tests.integration.scripted_peer import Desk, Recorder, dripping, until_here

NODE = 3_9999_99999


class ScriptedDesk(Desk[Link, pdus.Submit]):
    """Accepts buyer/simulate."""

    def __init__(self) -> None:
        super().__init__()
        self.caller = Caller("buyer", "simulate", Numbering(1_0100_1, wall))

    def bind(self, link: Link, bind: pdus.Bind) -> int:
        if (bind.name, bind.password) != ("buyer", "simulate"):
            return 1
        self.welcome(link)
        return 0

    def accept(self, link: Link, submit: pdus.Submit) -> None:
        link.answer(submit.sequence, 0)

    def accept_and_call(self, link: Link, submit: pdus.Submit) -> None:
        """Accept, and report over a connection of our own."""
        self.accept(link, submit)
        self.caller.bring(report(submit))

    def accept_and_report(self, link: Link, submit: pdus.Submit) -> None:
        """Accept, and report over the SP's connection."""
        self.accept(link, submit)
        link.bring(report(submit))


def report(submit: pdus.Submit, state: int = pdus.DONE, error: int = 0) -> pdus.Report:
    return pdus.Report(pdus.NO_SEQUENCE, submit.sequence, submit.numbers[0], state, error)


def endpoint(port: int) -> Endpoint:
    return Endpoint(
        host="127.0.0.1",
        port=port,
        node_id=NODE,
        account="buyer",
        password="simulate",
        source="1069000001",
    )


async def bound(
    there: Endpoint, recorder: Recorder, correlator: Correlator | None = None
) -> SgipSession:
    """A session that must come up."""
    session = await connect(there, recorder, time.monotonic_ns, correlator=correlator)
    assert not isinstance(session, BindRefused)
    return session


def ear(session: SgipSession) -> tuple[str, int]:
    """Where the session can be called."""
    host, _, port = session.listening_on.rpartition(":")
    return host, int(port)


@asynccontextmanager
async def talking(
    desk: ScriptedDesk, recorder: Recorder, *, calls: bool = True, **settings: Any
) -> AsyncIterator[SgipSession]:
    """A scripted gateway that knows where to call, and a session; both gone afterwards."""
    async with listening(desk) as port:
        session = await bound(replace(endpoint(port), **settings), recorder)
        desk.caller.address = ear(session) if calls else None
        async with until_here(session):
            yield session


class Stranger(asyncio.Protocol):
    """A raw connection that remembers what it was told."""

    def __init__(self) -> None:
        self.heard = b""
        self.closed = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.heard += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True

    def say(self, data: bytes) -> None:
        assert self.transport is not None
        self.transport.write(data)

    def told(self) -> list[pdus.Pdu]:
        """The messages heard so far."""
        return [codec.decode(frame) for frame in codec.Frames().feed(self.heard)]


@asynccontextmanager
async def stranger(address: tuple[str, int]) -> AsyncIterator[Stranger]:
    """A connection to anything."""
    one = Stranger()
    transport, _ = await asyncio.get_running_loop().create_connection(lambda: one, *address)
    try:
        yield one
    finally:
        transport.abort()
        await asyncio.sleep(0)


@asynccontextmanager
async def raw_gateway(after_bind: bytes) -> AsyncIterator[int]:
    """Answers the login and then writes these bytes octet by octet."""

    def answer(data: bytes) -> bytes:
        return codec.encode(pdus.Result(pdus.BIND_RESP, data[8:20])) + after_bind

    async with dripping(answer) as port:
        yield port

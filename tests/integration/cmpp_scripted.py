"""A CMPP gateway whose every move the test decides, and raw bytes from one that is none."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from evaluators.protocols.cmpp import codec, pdus, receipt
from evaluators.protocols.cmpp.server import Link, listening
from evaluators.protocols.cmpp.session import Endpoint, Version, connect
from evaluators.protocols.correlator import Correlator
from evaluators.protocols.session import BindRefused
from evaluators.protocols.wire import WireSession
from tests.integration.scripted_peer import Desk, Recorder, dripping, until_here

OWN = bytes.fromhex("bb2760c003e90007")


class ScriptedDesk(Desk[Link, pdus.Submit]):
    """Lets 900001/simulate in."""

    def secret(self, account: str) -> str | None:
        return "simulate" if account in {"900001", "123"} else None

    def query(self, link: Link, query: pdus.Query) -> tuple[int, ...]:
        del link, query
        return tuple(range(8))

    def accept(self, link: Link, submit: pdus.Submit) -> None:
        """Answer with an id made of the sequence number."""
        link.answer(submit.sequence, 0, message_id(submit.sequence))

    def accept_and_report(self, link: Link, submit: pdus.Submit) -> None:
        self.accept(link, submit)
        link.deliver(delivered(message_id(submit.sequence)))


def message_id(number: int) -> bytes:
    return number.to_bytes(8, "big")


def delivered(
    raw: bytes, state: str = "DELIVRD", number: str = "19800000001", shape: int = pdus.V30
) -> pdus.Deliver:
    report = receipt.Report(raw, state, "2611221900", "2611221901", number, 1)
    octets = receipt.format(report, shape)
    return pdus.Deliver(0, OWN, "1069", number, octets, registered_delivery=1)


def endpoint(port: int, version: Version = "3.0") -> Endpoint:
    return Endpoint(
        host="127.0.0.1",
        port=port,
        account="900001",
        password="simulate",
        source="1069",
        version=version,
    )


async def bound(
    there: Endpoint, recorder: Recorder, correlator: Correlator | None = None
) -> WireSession:
    """A session that must come up."""
    session = await connect(there, recorder, time.monotonic_ns, correlator=correlator)
    assert not isinstance(session, BindRefused)
    return session


@asynccontextmanager
async def talking(
    desk: ScriptedDesk, recorder: Recorder, **settings: Any
) -> AsyncIterator[WireSession]:
    """A scripted gateway and a session with it, both gone afterwards."""
    async with listening(desk) as port:
        session = await bound(replace(endpoint(port), **settings), recorder)
        async with until_here(session):
            yield session


@asynccontextmanager
async def raw_gateway(greeting: bytes, rest: bytes = b"") -> AsyncIterator[int]:
    """Answers whatever comes first with these bytes, octet by octet."""
    async with dripping(lambda _: greeting + rest) as port:
        yield port


def let_in(version: int = pdus.V30) -> bytes:
    """A CONNECT_RESP of a gateway that proves nothing."""
    return codec.encode(pdus.ConnectResp(1, version=version), version)

"""An SMGP gateway whose every move the test decides."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from evaluators.protocols.correlator import Correlator
from evaluators.protocols.session import BindRefused
from evaluators.protocols.smgp import codec, receipt
from evaluators.protocols.smgp.server import Link, Pace, listening
from evaluators.protocols.smgp.session import Endpoint, connect
from evaluators.protocols.wire import WireSession
from tests.integration.scripted_peer import Desk, Recorder, dripping, until_here


class ScriptedDesk(Desk[Link, codec.Submit]):
    """Lets 10690001/simulate in."""

    def secret(self, account: str) -> str | None:
        return {"10690001": "simulate"}.get(account)

    def query(self, link: Link, query: codec.Query) -> tuple[int, ...]:
        return (len(self.received), *range(7))

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
        async with until_here(session):
            yield session


@asynccontextmanager
async def raw_gateway(after_login: bytes) -> AsyncIterator[int]:
    """Answers the login and then writes these bytes octet by octet."""

    def answer(data: bytes) -> bytes:
        return codec.encode(codec.LoginResp(int.from_bytes(data[8:12], "big"))) + after_login

    async with dripping(answer) as port:
        yield port

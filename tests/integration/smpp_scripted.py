"""An SMPP vendor whose every move the test decides."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from evaluators.protocols.correlator import Correlator
from evaluators.protocols.session import BindRefused
from evaluators.protocols.smpp import codec, receipt
from evaluators.protocols.smpp.server import Link, listening
from evaluators.protocols.smpp.session import Endpoint, connect
from evaluators.protocols.wire import WireSession
from tests.integration.scripted_peer import Desk, Recorder, dripping, until_here


class ScriptedDesk(Desk[Link, codec.Sms]):
    """Accepts buyer/simulate."""

    def bind(self, link: Link, bind: codec.Bind) -> int:
        if bind.password != "simulate":
            return 0x0E
        self.welcome(link)
        return 0

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


def endpoint(port: int) -> Endpoint:
    return Endpoint(host="127.0.0.1", port=port, system_id="buyer", password="simulate")


async def bound(
    there: Endpoint, recorder: Recorder, correlator: Correlator | None = None
) -> WireSession:
    """A session that must come up."""
    session = await connect(there, recorder, time.monotonic_ns, correlator=correlator)
    assert not isinstance(session, BindRefused)
    return session


@asynccontextmanager
async def raw_vendor(after_bind: bytes | None, *, hang_up: bool = False) -> AsyncIterator[int]:
    """Answers the bind and then writes these bytes octet by octet; None answers nothing."""

    def answer(data: bytes) -> bytes | None:
        if hang_up:
            return None
        if after_bind is None:
            return b""
        sequence = int.from_bytes(data[12:16], "big")
        bound = codec.BindResp(codec.BIND_TRANSCEIVER_RESP, sequence, 0, "raw")
        return codec.encode(bound) + after_bind

    async with dripping(answer) as port:
        yield port


@asynccontextmanager
async def talking(
    desk: ScriptedDesk, recorder: Recorder, **settings: object
) -> AsyncIterator[WireSession]:
    """A scripted vendor and a session with it, both gone afterwards."""
    async with listening(desk) as port:
        session = await bound(replace(endpoint(port), **settings), recorder)  # type: ignore[arg-type]
        async with until_here(session):
            yield session

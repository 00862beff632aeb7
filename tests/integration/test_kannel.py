"""Interoperation with Kannel, a gateway none of us wrote, in both directions. Loopback only."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from evaluators.protocols.http import push, reading
from evaluators.protocols.http import vendor as vendors
from evaluators.protocols.http.session import Endpoint, HttpSession, connect
from evaluators.protocols.session import BindRefused, Message
from evaluators.simulator import personality
from evaluators.simulator.numbers import simulated_number
from evaluators.simulator.program import simulated
from tests.conftest import missing
from tests.integration import kannel
from tests.integration.scripted_peer import Recorder

pytestmark = pytest.mark.anyio

DATA = Path(__file__).parents[2] / "data"
TEXT = "【到达测试】您的测试编号 1234。"
WORD = "word"


@pytest.fixture(autouse=True)
def needs_kannel() -> None:
    if not kannel.installed():
        missing("Kannel with fakesmsc (apt-get install kannel kannel-extras)")


class Inbound:
    """Takes Kannel's callbacks and gives them to the session, as bot.inbound does."""

    def __init__(self) -> None:
        self.vendor = vendors.load(DATA / "vendors" / "kannel.yaml")
        self.session: HttpSession | None = None
        self.told: list[push.Told] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, target, _ = head.split("\r\n")[0].split(" ")
        path, _, query = target.partition("?")
        if path.endswith(f"/{WORD}"):
            query += f"&token={WORD}"
        known = {"callback_token": WORD}
        told = push.read(self.vendor, known, push.PushRequest(method, path, query))
        self.told.append(told)
        if isinstance(told, push.Reports) and self.session is not None:
            self.session.reported(reading.unclaimed(told.reports, time.monotonic_ns()))
        said = told.reply.body.encode()
        writer.write(f"HTTP/1.1 {told.reply.status} X\r\nContent-Length: {len(said)}\r\n".encode())
        writer.write(b"Connection: close\r\n\r\n" + said)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def buying(port: int) -> AsyncIterator[tuple[HttpSession, Recorder, Inbound]]:
    """Our HTTP session at a sendsms interface, with an address for its callbacks."""
    inbound, heard = Inbound(), Recorder()
    server = await asyncio.start_server(inbound.serve, "127.0.0.1", 0)
    here = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/receipts/kannel/{WORD}"
    endpoint = Endpoint(
        host="127.0.0.1",
        port=port,
        vendor=inbound.vendor,
        credentials={"username": kannel.USERNAME, "password": kannel.PASSWORD},
        source="10690001",
        callback=here,
        window=4,
        tls=False,
    )
    session = await connect(endpoint, heard, time.monotonic_ns)
    assert not isinstance(session, BindRefused)
    inbound.session = session
    try:
        yield session, heard, inbound
    finally:
        await session.close(1)
        server.close()
        await server.wait_closed()


async def send(session: HttpSession, heard: Recorder, messages: list[Message]) -> None:
    sent = 0
    with anyio.fail_after(20):
        while sent < len(messages):
            sent += session.submit(messages, sent)
            await anyio.sleep(0.005)
    await heard.until(lambda heard: len(heard.submitted) == len(messages), 20)


async def test_our_http_session_sends_through_kannel_and_hears_its_callbacks(
    tmp_path: Path,
) -> None:
    """Through smsbox, bearerbox and fakesmsc: each message is taken, and each callback matched."""
    (port,) = kannel.free_ports(1)
    async with (
        kannel.running(tmp_path, kannel.fake(port), fake_port=port) as sendsms,
        buying(sendsms) as (session, heard, inbound),
    ):
        messages: list[Message] = [(i, simulated_number("cmcc", i), TEXT) for i in range(20)]
        await send(session, heard, messages)
        await heard.until(lambda heard: len(_final(heard)) == 20, 20)
        assert {0} == {given[2] for given in heard.submitted}
        assert set(range(20)) == {receipt[0] for receipt in _final(heard)}
        assert {"DELIVRD"} == {receipt[2] for receipt in _final(heard)}
        assert all(isinstance(told, push.Reports) for told in inbound.told)


async def test_kannel_refuses_a_wrong_password_and_we_say_so(tmp_path: Path) -> None:
    """A refusal by smsbox is a refusal here, with its words."""
    (port,) = kannel.free_ports(1)
    async with kannel.running(tmp_path, kannel.fake(port)) as sendsms:
        wrong = Endpoint(
            host="127.0.0.1",
            port=sendsms,
            vendor=vendors.load(DATA / "vendors" / "kannel.yaml"),
            credentials={"username": kannel.USERNAME, "password": "guess"},
            callback="http://127.0.0.1:9/x",
            tls=False,
        )
        heard = Recorder()
        other = await connect(wrong, heard, time.monotonic_ns)
        assert not isinstance(other, BindRefused)
        await send(other, heard, [(0, simulated_number("cmcc", 0), TEXT)])
        await other.close(1)
        assert [other.codes[given[2]] for given in heard.submitted] == ["HTTP 403"]
        assert "Authorization failed" in other.words[heard.submitted[0][2]]


async def test_kannels_smpp_client_works_with_our_simulated_vendor(tmp_path: Path) -> None:
    """What is sent through smsbox reaches our handsets, and its receipt comes as a callback."""
    honest = personality.load(DATA / "personalities" / "honest.yaml")
    async with simulated(honest, time_scale=0.1) as vendor:
        smsc = kannel.smpp(vendor.smpp, vendor.system_id, vendor.password)
        async with (
            kannel.running(tmp_path, smsc) as sendsms,
            buying(sendsms) as (session, heard, _),
        ):
            messages: list[Message] = [(i, simulated_number("ctcc", i), TEXT) for i in range(20)]
            await send(session, heard, messages)
            await heard.until(lambda heard: len(_final(heard)) == 20, 30)
            assert {0} == {given[2] for given in heard.submitted}
            assert set(range(20)) == {receipt[0] for receipt in _final(heard)}
            shown = [each["text"] for each in vendor.panel.inbox]
            delivered = [one for one in _final(heard) if one[2] == "DELIVRD"]
            assert [TEXT] * len(delivered) == shown
            assert vendor.ledger.counts["accepted"] == 20


def _final(heard: Recorder) -> list[tuple[int | None, bytes, str]]:
    """Receipts that say how it ended."""
    return [receipt[:3] for receipt in heard.receipts if receipt[2] not in {"ACCEPTD", "BUFFRED"}]

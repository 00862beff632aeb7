"""Our HTTP session and pushes against the simulated HTTP vendor, in each interface it speaks."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from evaluators.protocols.http import push, reading, status
from evaluators.protocols.http import vendor as vendors
from evaluators.protocols.http.session import Endpoint, HttpSession, connect
from evaluators.protocols.http.vendor import Vendor
from evaluators.protocols.session import BindRefused
from evaluators.simulator.numbers import simulated_number
from evaluators.simulator.personality import Flaw, Latency, Personality, Receipts
from evaluators.simulator.program import Simulation, simulated
from evaluators.simulator.vendor_http import ACCOUNTS
from tests.integration.scripted_peer import Recorder

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
QUICK = Latency(median_s=0.001, p95_s=0.002)
TEXT = "【到达测试】您的验证码为1234,请勿泄露。"


def described(name: str) -> Vendor:
    return vendors.load(ROOT / "data" / "vendors" / f"{name}.yaml")


def quick(**more: Any) -> Personality:
    named = {"zh": "x", "en": "x"}
    receipts = more.pop("receipts", {})
    return Personality.model_validate(
        {
            "name": "quick",
            "title": named,
            "describes": named,
            "answer": QUICK,
            "handsets": {"median_s": 0.001, "p95_s": 0.002},
            "receipts": Receipts.model_validate({"delay": QUICK, **receipts}),
            **more,
        }
    )


@asynccontextmanager
async def buying(
    there: Simulation, name: str, **more: Any
) -> AsyncIterator[tuple[HttpSession, Recorder]]:
    """A session with the simulated vendor in one of its interfaces."""
    heard = Recorder()
    given = {**ACCOUNTS[name], "vendor": described(name), "window": 8, **more}
    endpoint = Endpoint(host="127.0.0.1", port=there.ports["http"], **given)
    session = await connect(endpoint, heard, time.monotonic_ns)
    assert not isinstance(session, BindRefused)
    try:
        yield session, heard
    finally:
        await session.close(0.1)


class Mounted:
    """What stands behind the address the vendor pushes to: bot.inbound in small."""

    def __init__(self, vendor: Vendor, credentials: dict[str, str]) -> None:
        self.vendor, self.credentials = vendor, credentials
        self.session: HttpSession | None = None
        self.told: list[push.Told] = []
        self.fail = 0
        """So many pushes are answered 503 first."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.rstrip("\r\n").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        method, target, _ = first.split(" ")
        path, _, query = target.partition("?")
        request = push.PushRequest(method, path, query, headers, body, time.time())  # noqa: TID251 - as the vendor's clock
        told = push.read(self.vendor, self.credentials, request)
        if self.fail:
            self.fail -= 1
            writer.write(b"HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n")
        else:
            self.take(told)
            said = told.reply.body.encode()
            writer.write(
                f"HTTP/1.1 {told.reply.status} X\r\nContent-Length: {len(said)}\r\n\r\n".encode()
                + said
            )
        await writer.drain()
        writer.close()

    def take(self, told: push.Told) -> None:
        self.told.append(told)
        if isinstance(told, push.Reports) and self.session is not None:
            self.session.reported(reading.unclaimed(told.reports, time.monotonic_ns()))


@asynccontextmanager
async def mounted(name: str) -> AsyncIterator[tuple[Mounted, str]]:
    """An address for pushes."""
    credentials = dict(ACCOUNTS[name]["credentials"]) | {"callback_token": "word"}
    inbound = Mounted(described(name), credentials)
    server = await asyncio.start_server(inbound.serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/receipts/sim?token=word"
    inbound.credentials["callback"] = url
    try:
        yield inbound, url
    finally:
        server.close()
        await server.wait_closed()


async def send(session: HttpSession, heard: Recorder, count: int, text: str = TEXT) -> None:
    messages = [(index, simulated_number("cmcc", index), text) for index in range(count)]
    sent = 0
    with anyio.fail_after(10):
        while sent < count:
            sent += session.submit(messages, sent)
            await anyio.sleep(0.001)
        await heard.until(lambda heard: len(heard.submitted) == count)


async def test_yunpian_is_sent_to_and_asked_for_reports() -> None:
    """All messages arrive at the handsets, and all reports are asked for and matched."""
    async with (
        simulated(quick(), ports={"http": 0}) as there,
        buying(there, "yunpian") as (session, heard),
    ):
        await send(session, heard, 30)
        await heard.until(lambda heard: len(heard.receipts) == 30)
        assert {0} == {given[2] for given in heard.submitted}
        assert {"DELIVRD"} == {given[2] for given in heard.receipts}
        assert set(range(30)) == {given[0] for given in heard.receipts}
        assert there.ledger.counts["accepted"] == there.ledger.counts["arrived"] == 30
        assert TEXT in {shown["text"] for shown in there.panel.inbox}


@pytest.mark.parametrize("name", ["yunpian", "twilio"])
async def test_reports_are_pushed_to_the_address_a_request_names(name: str) -> None:
    """Pushes are proved to be the vendor's, answered as it wants, and matched."""
    async with (
        simulated(quick(), ports={"http": 0}) as there,
        mounted(name) as (inbound, url),
        buying(there, name, callback=url, receipts="push") as (session, heard),
    ):
        inbound.session, inbound.fail = session, 1  # the first one has to come again
        await send(session, heard, 12)
        await heard.until(lambda heard: len(heard.receipts) == 12)
        assert set(range(12)) == {given[0] for given in heard.receipts}
        assert {"DELIVRD"} == {given[2] for given in heard.receipts}
        assert all(isinstance(told, push.Reports) for told in inbound.told)


async def test_aliyun_takes_only_what_is_signed_and_pushes_where_it_was_told() -> None:
    """The signature holds where it is computed anew from the raw request; reports are matched."""
    async with (
        simulated(quick(), ports={"http": 0}) as there,
        mounted("aliyun") as (inbound, url),
        buying(there, "aliyun", receipts="push") as (session, heard),
    ):
        await panel(there.panel_port, f"/http?callback={url.replace('?', '%3F')}")
        inbound.session = session
        await send(session, heard, 10)
        await heard.until(lambda heard: len(heard.receipts) == 10)
        assert {0} == {given[2] for given in heard.submitted}
        assert {TEXT} == {shown["text"] for shown in there.panel.inbox}


async def test_a_wrong_secret_is_refused_by_each_interface() -> None:
    """Wrong credentials show with the first message, under the vendor's own code."""
    wrong = {
        "yunpian": {"apikey": "guess"},
        "aliyun": {"key_id": "simulate", "key_secret": "guess"},
        "twilio": {"account_sid": "ACsimulate", "auth_token": "guess"},
    }
    said = {}
    async with simulated(quick(), ports={"http": 0}) as there:
        for name, credentials in wrong.items():
            async with buying(there, name, credentials=credentials, receipts="none") as (
                session,
                heard,
            ):
                await send(session, heard, 1)
                said[name] = session.codes[heard.submitted[0][2]]
    assert said == {"yunpian": "-1", "aliyun": "SignatureDoesNotMatch", "twilio": "20003"}
    assert there.ledger.counts["accepted"] == 0


@pytest.mark.parametrize("name", ["yunpian", "aliyun", "twilio"])
async def test_throttling_is_known_as_such(name: str) -> None:
    """What the vendor refuses as too fast is among the codes that mean "slow down"."""
    async with (
        simulated(quick(throttle_per_s=5), ports={"http": 0}) as there,
        buying(there, name, receipts="none") as (session, heard),
    ):
        await send(session, heard, 20)
        slow = status.throttled(described(name))
        refused = [given[2] for given in heard.submitted if given[2]]
        assert refused
        assert set(refused) <= slow


def noticed(flaw: Flaw, session: HttpSession, heard: Recorder) -> bool:
    """Whether the flaw has shown."""
    if flaw == "truncated":
        return bool(session.oddities)
    first = heard.receipts[0] if heard.receipts else None
    if first is None:
        return False
    if flaw == "foreign_id":
        return first[0] is None
    return first[2] == ("MYSTERY" if flaw == "unknown_state" else "DELIVRD")


@pytest.mark.parametrize("flaw", ["truncated", "foreign_id", "unknown_state", "garbage"])
async def test_flawed_reports_do_no_harm(flaw: Flaw) -> None:
    """A report that is malformed costs itself at most; the session lives and asks again."""
    async with (
        simulated(quick(receipts={"flaws": {flaw: 1.0}}), ports={"http": 0}) as there,
        buying(there, "yunpian", answer_timeout_s=1.0) as (session, heard),
    ):
        await send(session, heard, 3)
        with anyio.fail_after(8):
            while not noticed(flaw, session, heard):  # noqa: ASYNC110
                await anyio.sleep(0.01)
        assert session.closed is None


@pytest.mark.parametrize("kind", ["disconnect", "garbage", "half_open", "drip"])
async def test_a_vendor_that_breaks_down_leaves_no_answer_and_comes_back(kind: str) -> None:
    """Whatever a connection does, each message has one fate and the session goes on afterwards."""
    async with (
        simulated(quick(), ports={"http": 0}) as there,
        buying(there, "yunpian", receipts="none", answer_timeout_s=0.5) as (session, heard),
    ):
        await panel(there.panel_port, f"/fault?channel=all&kind={kind}&on=1")
        session.submit([(0, simulated_number("cmcc", 0), TEXT)])
        await heard.until(lambda heard: heard.submitted)
        assert heard.submitted[0][2] == -1
        await panel(there.panel_port, f"/fault?channel=all&kind={kind}&on=0")
        with anyio.fail_after(5):
            while not session.room:  # noqa: ASYNC110 - a new connection takes its time
                await anyio.sleep(0.01)
        session.submit([(1, simulated_number("cmcc", 1), TEXT)])
        await heard.until(lambda heard: any(given[:1] == (1,) for given in heard.submitted))


async def panel(port: int, target: str) -> None:
    """Ask something of the simulated vendor's controls."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert b" 200 " in await reader.readline()
    writer.close()

"""Our client and our simulated vendor against node-smpp, which none of us wrote."""

import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from evaluators.protocols.session import BindRefused
from evaluators.protocols.smpp.session import connect
from evaluators.simulator.personality import Handset, load
from evaluators.simulator.program import simulated
from tests.conftest import missing
from tests.integration.scripted_peer import Recorder, messages
from tests.integration.smpp_scripted import bound, endpoint

pytestmark = pytest.mark.anyio

HERE = Path(__file__).parent.parent / "node"
PERSONALITIES = Path(__file__).parents[2] / "data" / "personalities"
LONG = "【测试】" + "一二三四五六七八九十" * 15
LINE = 1 << 20


@pytest.fixture(scope="module", autouse=True)
def needs_node_smpp() -> None:
    node = shutil.which("node")
    if node is None:
        missing("node")
    words = [str(node), "-e", "require.resolve('smpp')"]
    if subprocess.run(words, cwd=HERE, capture_output=True, check=False).returncode:
        missing("node-smpp (npm install --prefix tests/node, or NODE_PATH)")


@dataclass
class Peer:
    """A server of node-smpp."""

    port: int
    process: Process
    lines: BufferedByteReceiveStream

    async def seen(self) -> dict[str, Any]:
        """End it and hear what it saw."""
        assert self.process.stdin is not None
        await self.process.stdin.aclose()
        return json.loads(await self.lines.receive_until(b"\n", LINE))  # type: ignore[no-any-return]


@asynccontextmanager
async def node_server() -> AsyncIterator[Peer]:
    words = ["node", str(HERE / "server.js")]
    async with await anyio.open_process(words, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        lines = BufferedByteReceiveStream(process.stdout)
        with anyio.fail_after(20):
            port = json.loads(await lines.receive_until(b"\n", LINE))["port"]
            yield Peer(port, process, lines)


async def node_client(port: int, password: str, count: int) -> dict[str, Any]:
    words = ["node", str(HERE / "client.js"), str(port), password, str(count)]
    with anyio.fail_after(20):
        done = await anyio.run_process(words)
    return json.loads(done.stdout)  # type: ignore[no-any-return]


async def test_our_client_against_node_smpp() -> None:
    """Every message is answered and reported once, whether the receipt or the answer comes first.

    The server reads our texts as they were written, in Chinese and in the 7-bit alphabet.
    """
    recorder, batch = Recorder(), messages(400)
    batch[::4] = [(index, number, f"code {index}") for index, number, _ in batch[::4]]
    async with node_server() as peer:
        session = await bound(replace(endpoint(peer.port), window=50), recorder)
        sent = [session.submit(batch)]
        recorder.on_events = lambda _: sent.append(session.submit(batch, sum(sent)))
        await recorder.until(lambda heard: len(heard.receipts) == 400, 20)
        await session.close()
        seen = await peer.seen()
    assert {0} == {status for _, _, status, _ in recorder.submitted}
    assert set(range(400)) == {record[0] for record in recorder.receipts}
    assert 200 == sum(record[5] for record in recorder.receipts)
    assert not any(record[6] for record in recorder.receipts)
    assert dict(session.oddities) == {}
    assert [text for _, _, text in batch] == seen["texts"]
    assert (400, 1) == (seen["acknowledged"], seen["unbound"])


@pytest.mark.parametrize("way", ["udh", "sar", "payload"])
async def test_node_smpp_puts_our_long_text_together(way: str) -> None:
    """A text of several parts arrives whole whichever way it goes, and is reported once."""
    recorder = Recorder()
    async with node_server() as peer:
        there = replace(endpoint(peer.port), long=way)  # type: ignore[arg-type]
        session = await bound(there, recorder)
        assert 1 == session.submit([(0, "19800000001", LONG)])
        await recorder.until(lambda heard: heard.receipts and heard.submitted)
        await session.close()
        seen = await peer.seen()
    assert [(0, 0)] == [(index, status) for index, _, status, _ in recorder.submitted]
    assert [(0, "DELIVRD")] == [(record[0], record[2]) for record in recorder.receipts]
    assert [LONG] == [*seen["texts"], *("".join(parts) for parts in seen["parts"].values())]


async def test_links_with_node_smpp_are_kept_alive_both_ways() -> None:
    """We ask whether it lives and it answers; it asks, and we answer."""
    recorder = Recorder()
    async with node_server() as peer:
        there = replace(endpoint(peer.port), keepalive_s=0.1, answer_timeout_s=0.5)
        session = await bound(there, recorder)
        await anyio.sleep(1)
        assert session.closed is None
        await session.close()
        seen = await peer.seen()
    assert seen["enquired"] > 0
    assert seen["answered"] > 0
    assert dict(session.oddities) == {}


async def test_node_smpp_refuses_a_wrong_password_and_we_say_so() -> None:
    """A refused bind is a value with the server's own code."""
    async with node_server() as peer:
        wrong = replace(endpoint(peer.port), password="wrong")
        refused = await connect(wrong, Recorder(), lambda: 0)
    assert isinstance(refused, BindRefused)
    assert 0x0E == refused.status


async def test_a_node_smpp_client_against_our_vendor() -> None:
    """It binds, is answered and reported to; handsets show its texts, the long ones whole."""
    honest = load(PERSONALITIES / "honest.yaml")
    honest = honest.model_copy(update={"handsets": Handset(rate=1.0)})
    async with simulated(honest, time_scale=0.02) as vendor:
        seen = await node_client(vendor.smpp, vendor.password, 40)
        shown = [message["text"] for message in vendor.panel.inbox]
    assert [0] * 45 == seen["statuses"]
    assert seen["enquired"]
    reported = {text.split(" ")[0] for text in seen["reported"]}
    assert {f"id:{one}" for one in seen["ids"]} == reported
    assert 45 == len(seen["reported"])
    assert all("stat:DELIVRD" in text for text in seen["reported"])
    short = {f"【测试】编号{i}" if i % 2 else f"plain {i}" for i in range(40)}
    assert short == {text for text in shown if "长" not in text}
    assert ["长" * 100] * 3 == [text for text in shown if "长" in text]


async def test_a_node_smpp_client_is_told_of_a_wrong_password() -> None:
    """A refused bind is understood by node-smpp as well."""
    async with simulated(load(PERSONALITIES / "honest.yaml")) as vendor:
        assert [0x0E] == (await node_client(vendor.smpp, "wrong", 0))["statuses"]

"""The simulated vendor as a whole: handset panel over HTTP, and the program."""

import json
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.streams.text import TextReceiveStream

from evaluators.protocols.correlator import Correlator
from evaluators.protocols.smpp.session import Endpoint
from evaluators.simulator.numbers import DEVICES
from evaluators.simulator.personality import Personality, load
from evaluators.simulator.program import Simulation, simulated
from tests.integration.scripted_peer import Recorder
from tests.integration.smpp_scripted import bound
from tests.integration.vendor_stage import Stage

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[2]
PERSONALITIES = ROOT / "data" / "personalities"
PROGRAM = """
import anyio, functools, sys
from pathlib import Path
from evaluators.simulator.personality import load
from evaluators.simulator.program import run
say = functools.partial(print, flush=True)
anyio.run(functools.partial(run, load(Path(sys.argv[1])), ready=say))
"""


@pytest.fixture
def honest() -> Personality:
    return load(PERSONALITIES / "honest.yaml")


@pytest.fixture
async def vendor(honest: Personality) -> AsyncIterator[Simulation]:
    async with simulated(honest, time_scale=0.01) as simulation:
        yield simulation


async def ask(port: int, *requests: bytes) -> list[tuple[int, Any]]:
    """Statuses and bodies of the answers to raw requests on one connection."""
    answers: list[tuple[int, Any]] = []
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        for request in requests:
            await stream.send(request)
            heard = b""
            with anyio.fail_after(5):
                while b"\r\n\r\n" not in heard or len(heard) < _whole(heard):
                    heard += await stream.receive()
            status = int(heard.split(b" ", 2)[1])
            answers.append((status, json.loads(heard.partition(b"\r\n\r\n")[2])))
    return answers


def _whole(heard: bytes) -> int:
    head = heard.partition(b"\r\n\r\n")[0]
    return len(head) + 4 + int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: panel\r\n\r\n".encode()


def there(vendor: Simulation) -> Endpoint:
    return Endpoint(
        host="127.0.0.1", port=vendor.smpp, system_id="buyer", password="simulate", source="1069"
    )


async def test_the_panel_shows_what_arrived(vendor: Simulation) -> None:
    """A message sent over SMPP is read from the inbox, page by page."""
    recorder = Recorder()
    session = await bound(there(vendor), recorder)
    session.submit([(i, f"1980000{i:04d}", f"【测试】编号{i}") for i in range(10)])
    await recorder.until(lambda heard: len(heard.receipts) == 10)
    await session.close()
    (_, first), (_, rest) = await ask(
        vendor.panel_port, get("/inbox?after=0&limit=4"), get("/inbox?after=4")
    )
    assert (4, len(vendor.panel.inbox)) == (first["cursor"], rest["cursor"])
    shown = first["messages"] + rest["messages"]
    assert {f"【测试】编号{i}" for i in range(10)} >= {message["text"] for message in shown}
    assert {"number", "from", "text", "received_at", "device"} == set(shown[0])
    assert {"1069"} == {message["from"] for message in shown}
    (_, health), (_, truth) = await ask(
        vendor.panel_port, get("/health"), get("/ledger?number=19800000003")
    )
    assert (health["alive"], health["devices"]) == (True, DEVICES)
    assert 0 <= health["now"] - shown[0]["received_at"] < 10
    assert (
        truth["submitted"],
        truth["repeated"],
        truth["texts"],
    ) == (10, [], {"【测试】编号3": 1})


async def test_what_was_sent_twice_is_seen(vendor: Simulation) -> None:
    """The ledger proves a message that was submitted twice."""
    recorder = Recorder()
    session = await bound(there(vendor), recorder)
    session.submit([(0, "19800000001", "x"), (1, "19800000001", "x"), (2, "19800000002", "x")])
    await recorder.until(lambda heard: len(heard.submitted) == 3)
    await session.close()
    assert vendor.ledger.repeated() == [("19800000001", "x", 2)]


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (get("/nowhere"), 404),
        (get("/inbox?after=x"), 400),
        (get("http://[/"), 400),
        (b"POST /inbox HTTP/1.1\r\n\r\n", 405),
    ],
)
async def test_the_panel_refuses_nonsense(
    vendor: Simulation, request_bytes: bytes, status: int
) -> None:
    """Bad requests get a status and an explanation."""
    ((told, body),) = await ask(vendor.panel_port, request_bytes)
    assert status == told
    assert "error" in body


async def test_an_endless_request_is_cut_off(vendor: Simulation) -> None:
    """A head that never ends costs its sender the connection."""
    async with await anyio.connect_tcp("127.0.0.1", vendor.panel_port) as stream:
        await stream.send(b"x" * 20_000)
        with pytest.raises((anyio.BrokenResourceError, anyio.EndOfStream)):
            await stream.receive()


async def test_receipts_wait_for_the_next_connection(honest: Personality) -> None:
    """Receipts due while nobody is bound come on the next bind."""
    async with simulated(honest, time_scale=0.5) as vendor:
        recorder, known = Recorder(), Correlator()
        first = await bound(there(vendor), recorder, known)
        first.submit([(i, f"1980000{i:04d}", "x") for i in range(20)])
        await recorder.until(lambda heard: len(heard.submitted) == 20)
        await first.close()
        missing = 20 - len(recorder.receipts)
        await recorder.until(lambda _: vendor.ledger.counts["receipts"] == 20)
        second = await bound(there(vendor), recorder, known)
        await recorder.until(lambda heard: len(heard.receipts) == 20)
        await second.close()
        assert missing > 0


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
async def test_the_program_starts_says_where_it_is_and_stops(stop: signal.Signals) -> None:
    """One JSON line on standard output, and a clean exit on a signal."""
    command = [sys.executable, "-c", PROGRAM, str(PERSONALITIES / "inflating.yaml")]
    async with await anyio.open_process(command, stderr=None) as process:
        assert process.stdout is not None
        with anyio.fail_after(20):
            line = json.loads(await TextReceiveStream(process.stdout).receive())
            ((status, health),) = await ask(line["panel"], get("/health"))
            process.send_signal(stop)
            code = await process.wait()
    assert (status, health["alive"], code) == (200, True, 0)
    assert {"personality", "smpp", "panel", "system_id", "password", "accounts"} == set(line)
    assert line["personality"] == "inflating"


async def test_several_doors_lead_to_the_same_vendor(honest: Personality) -> None:
    """Messages over two protocols are counted in one ledger and shown by one panel."""
    async with simulated(honest, ports={"smpp": 0, "cmpp": 0}, time_scale=0.01) as vendor:
        assert set(vendor.ports) == {"smpp", "cmpp"} == set(vendor.accounts)
        line = json.loads(vendor.line())
        assert (line["cmpp"], line["smpp"]) == (vendor.ports["cmpp"], vendor.ports["smpp"])
        recorder = Recorder()
        stages = [Stage(vendor, protocol, {}, recorder) for protocol in vendor.ports]
        for index, stage in enumerate(stages):
            await stage.connect()
            stage.send([f"1980000000{index}"], "【测试】你好")
        await recorder.until(lambda heard: len(heard.receipts) == 2)
        assert vendor.ledger.counts["submitted"] == vendor.panel.count == 2
        for stage in stages:
            await stage.sessions[0].close()


async def test_a_protocol_that_is_not_simulated_is_named(honest: Personality) -> None:
    """Asking for another protocol is an error that says which."""
    with pytest.raises(ValueError, match="telex is not simulated"):
        async with simulated(honest, ports={"telex": 0}):
            pytest.fail("it came up")


async def test_the_command_opens_the_doors_it_is_told_to() -> None:
    """`smsvet simulate` listens for each protocol named and says where and with which account."""
    doors = ["--cmpp", "0", "--sgip", "0", "--smgp", "0"]
    command = [sys.executable, "-m", "bot", "simulate", "--personality", "honest", *doors]
    async with await anyio.open_process(command, stderr=None, cwd=ROOT) as process:
        assert process.stdout is not None
        with anyio.fail_after(30):
            line = json.loads(await TextReceiveStream(process.stdout).receive())
            process.terminate()
            await process.wait()
    assert {"cmpp", "sgip", "smgp"} == set(line["accounts"])
    assert all(line[protocol] > 0 for protocol in (*line["accounts"], "panel"))
    assert "smpp" not in line

"""Simulated vendors as a CMPP client meets them, in both versions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from evaluators.protocols.cmpp import codec, content, login, pdus, receipt, status
from evaluators.protocols.cmpp.pdus import V20, V30
from evaluators.protocols.cmpp.session import Endpoint, Version
from evaluators.protocols.correlator import Correlator
from evaluators.simulator.cmpp import flawed
from evaluators.simulator.personality import Flaw, load
from evaluators.simulator.program import Simulation, simulated
from tests.integration.cmpp_scripted import bound
from tests.integration.scripted_peer import Recorder, messages
from tests.integration.test_cmpp_server import answers, client

pytestmark = pytest.mark.anyio
PERSONALITIES = Path(__file__).parents[2] / "data" / "personalities"


@asynccontextmanager
async def vendor(name: str, time_scale: float = 0.01) -> AsyncIterator[Simulation]:
    personality = load(PERSONALITIES / f"{name}.yaml")
    async with simulated(personality, ports={"cmpp": 0}, time_scale=time_scale) as running:
        yield running


def there(running: Simulation, version: Version = "3.0", window: int = 500) -> Endpoint:
    return Endpoint(
        host="127.0.0.1",
        port=running.ports["cmpp"],
        version=version,
        window=window,
        source="10690001",
        **running.accounts["cmpp"],
    )


@pytest.mark.parametrize("version", ["2.0", "3.0"])
async def test_an_honest_vendor_over_cmpp(version: Version, recorder: Recorder) -> None:
    """Handsets get the texts, long ones whole, and every message is reported."""
    async with vendor("honest") as running:
        session = await bound(there(running, version), recorder)
        session.submit([*messages(100), (100, "19800000100", "【测试】" + "长" * 100)])
        await recorder.until(lambda heard: len(heard.receipts) == 101)
        assert set(range(101)) == {record[0] for record in recorder.receipts}
        assert {0} == {told for _, _, told, _ in recorder.submitted}
        ids = {one for *_, told in recorder.submitted for one in told.split(b" ")}
        assert 102 == len(ids)
        assert {1001} == {pdus.MessageId.read(bytes.fromhex(one.decode())).gateway for one in ids}
        assert {} == session.oddities
        assert 102 == running.ledger.counts["accepted"]
        await session.close()


async def test_throttling_is_result_eight(recorder: Recorder) -> None:
    """Beyond its rate the gateway answers with flow control, which names itself."""
    async with vendor("throttling") as running:
        session = await bound(there(running), recorder)
        session.submit(messages(150))
        await recorder.until(lambda heard: len(heard.submitted) == 150)
        await recorder.until(lambda heard: len(heard.receipts) == 100)
        refusals = [told for _, _, told, _ in recorder.submitted if told]
        assert [status.FLOW_CONTROL] * 50 == refusals
        await session.close()


@pytest.mark.parametrize("name", ["receipts-first", "duplicate-receipts", "receipts-elsewhere"])
async def test_reports_out_of_order_are_sorted_out(name: str, recorder: Recorder) -> None:
    """Every message has exactly one report that counts, on whatever connection it comes."""
    async with vendor(name) as running:
        correlator = Correlator()
        session = await bound(there(running), recorder, correlator)
        other = await bound(there(running, "2.0"), recorder, correlator)
        session.submit(messages(100))
        await recorder.until(lambda heard: len({one[0] for one in heard.receipts}) == 100)
        counted = [record[0] for record in recorder.receipts if not record[6]]
        assert list(range(100)) == sorted(index for index in counted if index is not None)
        await session.close()
        await other.close()


async def test_malformed_reports_cost_only_themselves(recorder: Recorder) -> None:
    """What can be read of malformed reports is read; the connection stays."""
    async with vendor("malformed-receipts") as running:
        session = await bound(there(running), recorder)
        session.submit(messages(200))
        await recorder.until(lambda _: running.ledger.counts["receipts"] == 200)
        await recorder.until(lambda heard: len(heard.receipts) >= 140)
        assert session.closed is None
        assert {"malformed", "report_length"} == set(session.oddities)
        assert "MYSTERY" in {record[2] for record in recorder.receipts}
        await session.close()


@pytest.mark.parametrize(
    ("flaw", "octets"), [("truncated", 12), ("garbage", 87), ("foreign_id", 71)]
)
def test_flaws_of_a_report(flaw: Flaw, octets: int) -> None:
    """A truncated report has its id but no state; stray octets come after a whole one."""
    report = receipt.Report(bytes(range(8)), "DELIVRD", "2611220953", "2611220954", "198", 1)
    found = flawed(report, V30, flaw)
    assert octets == len(found)
    whole = receipt.format(report, V30)
    assert (flaw == "garbage") == found.startswith(whole)


async def test_a_handset_that_answers_is_heard(recorder: Recorder) -> None:
    """What a handset's owner texts comes as replies, in parts where it is long."""
    async with vendor("opt-out-honoured") as running:
        session = await bound(there(running), recorder)
        session.submit(messages(1))
        await recorder.until(lambda heard: heard.submitted)
        running.exchange.reply("19800000000", "10690001", "退订" * 50)
        await recorder.until(lambda heard: len(heard.replies) == 2)
        assert "退订" * 50 == "".join(reply[2] for reply in recorder.replies)
        assert {("19800000000", "10690001")} == {reply[:2] for reply in recorder.replies}
        await session.close()


def greeting(running: Simulation, version: int) -> bytes:
    account, secret = running.accounts["cmpp"]["account"], running.accounts["cmpp"]["password"]
    digest = login.authenticator(account, secret, 1122334455)
    return codec.encode(pdus.Connect(1, account, digest, 1122334455, version), version)


@pytest.mark.parametrize("version", [V20, V30])
async def test_several_destinations_of_one_submit(version: int) -> None:
    """One answer for all with the first id; the reports count on from it, as appendix 1 says."""
    numbers = tuple(f"1980000{index:04d}" for index in range(3))
    msg_fmt, text = content.encode("【测试】群发")
    submit = pdus.Submit(7, "10690001", numbers, text, msg_fmt, registered_delivery=1)
    async with vendor("honest") as running, client(running.ports["cmpp"]) as stream:
        await stream.send(greeting(running, version) + codec.encode(submit, version))
        _, answer, *reports = await answers(stream, 5, version)
        assert isinstance(answer, pdus.SmsResp)
        first = pdus.MessageId.read(answer.message_id)
        found = {}
        for deliver in reports:
            assert isinstance(deliver, pdus.Deliver)
            report = receipt.read(deliver.content)
            found[report.number] = pdus.MessageId.read(report.message_id)
        assert {
            number: first._replace(sequence=first.sequence + order)
            for order, number in enumerate(numbers)
        } == found


async def test_one_wrong_destination_refuses_all() -> None:
    """A SUBMIT with a number nobody serves is refused as a whole, and nothing is reported."""
    submit = pdus.Submit(7, "1069", ("19800000000", "12345"), b"hi", registered_delivery=1)
    last = pdus.Submit(8, "1069", ("19800000001",), b"hi", msg_src="900009")
    async with vendor("honest") as running, client(running.ports["cmpp"]) as stream:
        both = codec.encode(submit, V30) + codec.encode(last, V30)
        query = codec.encode(pdus.Query(9, "20261122"), V30)
        await stream.send(greeting(running, V30) + both + query)
        found = await answers(stream, 4)
        results = {one.sequence: one.result for one in found if isinstance(one, pdus.SmsResp)}
        assert {7: status.BAD_DESTINATION, 8: status.BAD_ACCOUNT} == results
        told = next(one for one in found if isinstance(one, pdus.QueryResp))
        assert (2, 2, 1) == told.counts[:3]


async def test_reports_wait_for_a_connection(recorder: Recorder) -> None:
    """Reports for a client that has left come when it is back."""
    async with vendor("late-receipts", 0.001) as running:
        correlator = Correlator()
        session = await bound(there(running), recorder, correlator)
        session.submit(messages(20))
        await recorder.until(lambda heard: len(heard.submitted) == 20)
        session.abort()
        await session.close()
        await recorder.until(lambda _: running.ledger.counts["receipts"] == 20)
        back = await bound(replace(there(running), version="2.0"), recorder, correlator)
        await recorder.until(lambda heard: len(heard.receipts) == 20)
        assert set(range(20)) == {record[0] for record in recorder.receipts}
        await back.close()

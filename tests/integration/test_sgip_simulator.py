"""Simulated vendors with bad habits over SGIP, as our own client meets them."""

import json
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evaluators.protocols.correlator import Correlator
from evaluators.protocols.sgip import codec, pdus, status
from evaluators.protocols.sgip.session import Endpoint, SgipSession
from evaluators.simulator.personality import load
from evaluators.simulator.program import Simulation, simulated
from tests.integration.scripted_peer import Recorder, messages
from tests.integration.sgip_scripted import bound, ear, stranger

pytestmark = pytest.mark.anyio
PERSONALITIES = Path(__file__).parents[2] / "data" / "personalities"


def there(vendor: Simulation, **settings: Any) -> Endpoint:
    account = vendor.accounts["sgip"]
    port = vendor.ports["sgip"]
    settings = {"window": 500, "source": "1069000001", **account, **settings}
    return Endpoint(host="127.0.0.1", port=port, **settings)


def vendor(name: str) -> AbstractAsyncContextManager[Simulation]:
    return simulated(load(PERSONALITIES / f"{name}.yaml"), ports={"sgip": 0}, time_scale=0.01)


async def asked(simulation: Simulation, path: str) -> Any:
    """What the panel's port answers."""
    async with stranger(("127.0.0.1", simulation.panel_port)) as browser:
        browser.say(f"GET {path} HTTP/1.1\r\n\r\n".encode())
        await Recorder().until(lambda _: b"}" in browser.heard)
        return json.loads(browser.heard.partition(b"\r\n\r\n")[2])


async def call_back(simulation: Simulation, session: SgipSession) -> None:
    """Tell the vendor where to call."""
    state = await asked(simulation, f"/sgip?listen={session.listening_on}")
    assert list(ear(session)) == state["calls_at"]


@pytest.mark.parametrize("calls", [True, False])
async def test_what_is_sent_arrives_and_is_reported(calls: bool, recorder: Recorder) -> None:
    """Texts in every form reach the handsets; reports come the way the vendor was told."""
    async with vendor("honest") as simulation:
        session = await bound(there(simulation), recorder)
        if calls:
            await call_back(simulation, session)
        texts = ["【测试】你好", "code 1234", "😀", "长" * 150, "a" * 300]
        for index, text in enumerate(texts):
            assert session.submit([(index, f"1980000000{index}", text)]) == 1
        await recorder.until(lambda heard: len(heard.receipts) == len(texts))
        assert {"DELIVRD"} == {record[2] for record in recorder.receipts}
        shown = {message["number"]: message["text"] for message in simulation.panel.inbox}
        assert shown == {f"1980000000{index}": text for index, text in enumerate(texts)}
        state = await asked(simulation, "/sgip")
        assert (calls, 0, 0) == (state["calls"] > 0, state["answer"], state["unanswered"])
        await session.close()


@pytest.mark.parametrize("calls", [True, False])
@pytest.mark.parametrize("name", ["receipts-first", "duplicate-receipts", "receipts-elsewhere"])
async def test_reports_out_of_order_are_sorted_out(
    name: str, calls: bool, recorder: Recorder
) -> None:
    """Every message has exactly one report that counts, whenever and wherever they come."""
    async with vendor(name) as simulation:
        known = Correlator()
        sessions = [await bound(there(simulation), recorder, known) for _ in range(2)]
        if calls:
            await call_back(simulation, sessions[0])
        sessions[0].submit(messages(150))
        await recorder.until(
            lambda heard: len({record[0] for record in heard.receipts if not record[6]}) == 150
        )
        counted = [record[0] for record in recorder.receipts if not record[6]]
        assert sorted(index for index in counted if index is not None) == list(range(150))
        for session in sessions:
            await session.close()


async def test_throttling_is_a_status(recorder: Recorder) -> None:
    """Beyond its rate the vendor says that the node is busy."""
    async with vendor("throttling") as simulation:
        session = await bound(there(simulation), recorder)
        session.submit(messages(150))
        await recorder.until(lambda heard: len(heard.submitted) == 150)
        refusals = [told for _, _, told, _ in recorder.submitted if told]
        assert {status.BUSY} == set(refusals)
        assert simulation.ledger.counts["refused"] == len(refusals)
        assert status.BUSY in status.THROTTLED
        await session.close()


async def test_a_number_from_abroad_is_refused(recorder: Recorder) -> None:
    """A number without 86 is no number here, and one that nobody has fails with a code."""
    async with vendor("honest") as simulation:
        session = await bound(there(simulation), recorder)
        session.submit(
            [(0, "+447700900001", "x"), (1, "19800090001", "x"), (2, "17000000001", "x")]
        )
        await recorder.until(lambda heard: len(heard.submitted) == 3 and heard.receipts)
        told = {index: result for index, _, result, _ in recorder.submitted}
        assert {0: status.BAD_NUMBER, 1: 0, 2: status.BAD_NUMBER} == told
        (receipt,) = recorder.receipts
        assert (1, "UNDELIV", True) == (receipt[0], receipt[2], int(receipt[3]) > 0)
        await session.close()


async def test_malformed_reports_cost_only_themselves(recorder: Recorder) -> None:
    """States and numbers that make no sense are told as they came; no report ends a connection."""
    async with vendor("malformed-receipts") as simulation:
        session = await bound(there(simulation, answer_timeout_s=0.5), recorder)
        session.submit(messages(200))
        await recorder.until(lambda heard: len(heard.receipts) == 200)
        assert {"DELIVRD", "UNKNOWN"} <= {record[2] for record in recorder.receipts}
        assert any(record[0] is None for record in recorder.receipts)
        assert session.closed is None
        await session.close()


@pytest.mark.parametrize(
    ("name", "reason"),
    [("disconnecting", {"lost", "peer_closed"}), ("garbage-bytes", {"protocol"})],
)
async def test_a_broken_connection_says_why(
    name: str, reason: set[str], recorder: Recorder
) -> None:
    """A vendor that hangs up or talks nonsense ends the session, and every fate is known."""
    async with vendor(name) as simulation:
        session = await bound(there(simulation), recorder)
        sent = 0
        while recorder.closed is None:
            sent += session.submit(messages(50, sent))
            await recorder.until(lambda heard: heard.closed or not session.outstanding)
        assert recorder.closed.reason in reason
        answered = {record[0] for record in recorder.submitted}
        assert set(range(sent)) == answered | set(recorder.closed.unanswered)
        await session.close()


async def test_an_opt_out_comes_back(recorder: Recorder) -> None:
    """What a handset's owner texts arrives as a reply, both ways."""
    async with vendor("honest") as simulation:
        session = await bound(there(simulation), recorder)
        session.submit(messages(1))
        await recorder.until(lambda heard: heard.receipts)
        for count in (1, 2):
            simulation.exchange.reply("19800000000", "1069000001", "退订" * 50)
            await recorder.until(lambda heard, count=count: len(heard.replies) == count)  # type: ignore[misc]
            await call_back(simulation, session)
        assert {("19800000000", "1069000001", "退订" * 50)} == {
            reply[:3] for reply in recorder.replies
        }
        await session.close()


async def test_reports_wait_for_whoever_takes_them(recorder: Recorder) -> None:
    """Reports for an SP that has left are brought when it logs in again."""
    async with vendor("honest") as simulation:
        known = Correlator()
        session = await bound(there(simulation), recorder, known)
        session.submit(messages(20))
        await recorder.until(lambda heard: len(heard.submitted) == 20)
        await session.close()
        before = len(recorder.receipts)
        second = Recorder()
        await second.until(lambda _: simulation.ledger.counts["receipts"] == 20)
        session = await bound(there(simulation), second, known)
        await second.until(lambda heard: len(heard.receipts) == 20 - before)
        await session.close()


async def test_a_message_to_many_is_answered_once(recorder: Recorder) -> None:
    """One Submit to three numbers has one answer and three reports; a bad number refuses it."""
    async with (
        vendor("honest") as simulation,
        stranger(("127.0.0.1", simulation.ports["sgip"])) as sp,
    ):
        number = pdus.sequence(3_0100_00001, 1122145501, 1)
        submit = pdus.Submit(
            number,
            "1069",
            ("8619800000001", "8616600000002", "8619900000003"),
            b"hi",
            report_flag=pdus.REPORT_ALWAYS,
        )
        sp.say(codec.encode(pdus.Bind(number, pdus.SP_TO_SMG, "buyer", "simulate")))
        sp.say(codec.encode(submit))
        other = number[:11] + b"\x02"
        sp.say(codec.encode(replace(submit, sequence=other, numbers=("8619800000001", "1660"))))
        await recorder.until(lambda _: len(sp.told()) == 6)
        results = [one for one in sp.told() if isinstance(one, pdus.Result)]
        assert {(number, 0), (other, status.BAD_NUMBER)} == {
            (one.sequence, one.status) for one in results if one.command == pdus.SUBMIT_RESP
        }
        reports = [one for one in sp.told() if isinstance(one, pdus.Report)]
        assert set(submit.numbers) == {one.number for one in reports}
        assert {number} == {one.submit for one in reports}


async def test_failures_only_and_never(recorder: Recorder) -> None:
    """The report flag is a number of three, not a yes or no."""
    async with (
        vendor("honest") as simulation,
        stranger(("127.0.0.1", simulation.ports["sgip"])) as sp,
    ):
        number = pdus.sequence(3_0100_00001, 1122145501, 0)
        sp.say(codec.encode(pdus.Bind(number, pdus.SP_TO_SMG, "buyer", "simulate")))
        for flag in (pdus.REPORT_FAILURE, pdus.REPORT_NEVER):
            for order, to in enumerate(("8619800000001", "8619800090001"), 1):
                own = pdus.sequence(3_0100_00001, 1122145501, flag * 2 + order)
                sp.say(codec.encode(pdus.Submit(own, "1069", (to,), b"hi", report_flag=flag)))
        await recorder.until(lambda _: len(sp.told()) == 6)
        (report,) = [one for one in sp.told() if isinstance(one, pdus.Report)]
        assert ("8619800090001", pdus.FAILED, 2) == (
            report.number,
            report.state,
            pdus.SEQUENCE.unpack(report.submit)[2],
        )


async def test_where_to_call_can_be_told_and_forgotten(recorder: Recorder) -> None:
    """The panel's port takes a port, an address, 0 for nobody, and no nonsense."""
    async with vendor("honest") as simulation:
        assert (await asked(simulation, "/sgip"))["calls_at"] is None
        there = await asked(simulation, "/sgip?listen=127.0.0.1:1")
        assert ["127.0.0.1", 1] == there["calls_at"]
        for nonsense in ("x", "70000", "127.0.0.1:"):
            assert "error" in await asked(simulation, f"/sgip?listen={nonsense}")
        assert (await asked(simulation, "/sgip?listen=0"))["calls_at"] is None

"""Simulated vendors with bad habits over SMGP, as our own client meets them."""

import random
from collections import Counter
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from evaluators.protocols.correlator import Correlator
from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.session import Events
from evaluators.protocols.smgp import codec, status
from evaluators.protocols.smgp.session import Endpoint
from evaluators.simulator.personality import load
from evaluators.simulator.program import Simulation, simulated
from evaluators.simulator.smgp import message_id
from tests.integration.scripted_peer import Recorder, messages
from tests.integration.smgp_scripted import logged_in

pytestmark = pytest.mark.anyio
PERSONALITIES = Path(__file__).parents[2] / "data" / "personalities"
SMGP = {"smgp": 0}


def there(vendor: Simulation) -> Endpoint:
    account = vendor.accounts["smgp"]
    return Endpoint(host="127.0.0.1", port=vendor.ports["smgp"], window=500, **account)


def vendor(name: str) -> AbstractAsyncContextManager[Simulation]:
    return simulated(load(PERSONALITIES / f"{name}.yaml"), ports=SMGP, time_scale=0.01)


async def test_what_is_sent_arrives_and_is_reported(recorder: Recorder) -> None:
    """Texts in every format and of every length reach the handsets; the group is served too."""
    async with vendor("honest") as simulation:
        session = await logged_in(there(simulation), recorder)
        texts = ["【测试】你好", "code 1234", "😀", "长" * 150, "a" * 300]
        for index, text in enumerate(texts):
            assert session.submit([(index, f"1980000000{index}", text)]) == 1
        await recorder.until(lambda heard: len(heard.receipts) == len(texts))
        assert {"DELIVRD"} == {record[2] for record in recorder.receipts}
        shown = {message["number"]: message["text"] for message in simulation.panel.inbox}
        assert shown == {f"1980000000{index}": text for index, text in enumerate(texts)}
        await session.close()


@pytest.mark.parametrize("name", ["receipts-first", "duplicate-receipts", "receipts-elsewhere"])
async def test_reports_out_of_order_are_sorted_out(name: str, recorder: Recorder) -> None:
    """Every message has exactly one report that counts, whenever and wherever they come."""
    async with vendor(name) as simulation:
        known = Correlator()
        sessions = [await logged_in(there(simulation), recorder, known) for _ in range(2)]
        sessions[0].submit(messages(150))
        await recorder.until(
            lambda heard: len({record[0] for record in heard.receipts if not record[6]}) == 150
        )
        counted = [record[0] for record in recorder.receipts if not record[6]]
        assert Counter(counted) == Counter(range(150))
        for session in sessions:
            await session.close()


async def test_malformed_reports_cost_only_themselves(recorder: Recorder) -> None:
    """Cut reports and foreign ids are counted as such, stray parameters and states are read."""
    async with vendor("malformed-receipts") as simulation:
        session = await logged_in(
            replace(there(simulation), answer_timeout_s=0.5, window=200), recorder
        )
        session.submit(messages(200))
        await recorder.until(
            lambda heard: len(heard.receipts) + session.oddities["unreadable_report"] == 200
        )
        unmatched = [record for record in recorder.receipts if record[0] is None]
        states = {record[2] for record in recorder.receipts}
        assert session.oddities["unreadable_report"] > 0
        assert unmatched
        assert states == {"DELIVRD", "MYSTERY"}
        assert session.closed is None
        await session.close()


async def test_throttling_is_a_status(recorder: Recorder) -> None:
    """Beyond its rate the vendor is busy, and the handsets get the rest."""
    async with vendor("throttling") as simulation:
        session = await logged_in(there(simulation), recorder)
        session.submit(messages(150))
        await recorder.until(lambda heard: len(heard.receipts) == 100)
        refusals = [told for _, _, told, _ in recorder.submitted if told]
        assert refusals == [status.BUSY] * 50
        await session.close()


async def test_garbage_bytes_end_in_a_named_close(recorder: Recorder) -> None:
    """A vendor that starts to babble is left, and what was open is known."""
    async with vendor("garbage-bytes") as simulation:
        session = await logged_in(there(simulation), recorder)
        noisy = messages(500)

        def go_on(_: Events) -> None:
            session.submit(noisy)

        recorder.on_events = go_on
        session.submit(noisy)
        await recorder.until(lambda heard: heard.closed, patience_s=10)
        assert recorder.closed is not None
        assert recorder.closed.reason in {"protocol", "peer_closed", "lost"}


async def test_a_group_gets_a_range_of_ids() -> None:
    """Several destinations are answered with the first of as many ids in a row."""
    async with vendor("honest") as simulation:
        recorder = Recorder()
        session = await logged_in(there(simulation), recorder)
        group = codec.Submit(
            900, "1069", ("19800000001", "19800000002", "19800000003"), b"hi", codec.ASCII, 1
        )
        session._write([codec.encode(group)])
        session.submit(messages(1))
        await recorder.until(lambda heard: heard.submitted)
        await recorder.until(lambda _: simulation.ledger.counts["receipts"] == 4)
        assert simulation.ledger.counts["accepted"] == 4
        assert session.oddities["unknown_answer"] == 1
        await session.close()


async def test_reports_wait_for_whoever_comes_back(recorder: Recorder) -> None:
    """A client that only sends gets nothing; what was reported meanwhile comes to the next."""
    async with vendor("honest") as simulation:
        known = Correlator()
        sender = await logged_in(replace(there(simulation), mode="send"), recorder, known)
        sender.submit(messages(20))
        await recorder.until(lambda heard: len(heard.submitted) == 20)
        await recorder.until(lambda _: simulation.ledger.counts["receipts"] == 20)
        assert recorder.receipts == []
        await sender.close()
        again = Recorder()
        receiver = await logged_in(replace(there(simulation), mode="receive"), again, known)
        await again.until(lambda heard: len(heard.receipts) == 20)
        assert Counter(record[0] for record in again.receipts) == Counter(range(20))
        await receiver.close()


async def test_handsets_reply(recorder: Recorder) -> None:
    """What a handset's owner texts arrives as a reply, short or in parts."""
    async with vendor("honest") as simulation:
        session = await logged_in(replace(there(simulation), source="106900001"), recorder)
        session.submit(messages(1))
        await recorder.until(lambda heard: heard.receipts)
        simulation.exchange.reply("19800000000", "106900001", "退订")
        simulation.exchange.reply("19800000000", "106900001", "长" * 80)
        await recorder.until(lambda heard: len(heard.replies) == 3)
        assert [reply[:3] for reply in recorder.replies] == [
            ("19800000000", "106900001", text) for text in ("退订", "长" * 67, "长" * 13)
        ]
        await session.close()


def test_a_message_id_is_gateway_minute_and_number() -> None:
    """Ids are laid out as specified, and stay different above a million a minute."""
    assert message_id("11221901", 42).hex() == "00006011221901000042"
    assert message_id("11221901", 1_000_042).hex() == "00006111221901000042"
    assert message_id("11221901", 42, own=True).hex() == "00006911221901000042"
    numbers = random.Random(1).sample(range(8_000_000), 1000)
    assert len({message_id("11221901", number) for number in numbers}) == 1000


@pytest.mark.parametrize("field", ["msg_src", "service_id"])
async def test_an_option_that_does_not_fit_is_an_error(field: str, recorder: Recorder) -> None:
    """A configured text longer than its field is refused before anything is sent."""
    async with vendor("honest") as simulation:
        long = replace(there(simulation), **{field: "1" * 11})  # type: ignore[arg-type]
        with pytest.raises(ProtocolError, match="fit"):
            await logged_in(long, recorder)

"""A simulated vendor is broken, asked and spoken to over its panel's port while it serves."""

from typing import Any

import pytest

from tests.integration.test_simulator_program import ask, get
from tests.integration.vendor_stage import SOURCE, Stage, handsets, meeting

pytestmark = pytest.mark.anyio


async def asked(stage: Stage, path: str) -> Any:
    ((status, body),) = await ask(stage.vendor.panel_port, get(path))
    assert status == 200, body
    return body


async def test_a_channel_is_broken_and_repaired_at_a_moment() -> None:
    """From the request on one carrier's messages fail, after the repair none do."""
    async with meeting("honest") as stage:
        assert await asked(stage, "/fault") == {"on": []}
        assert await asked(stage, "/fault?channel=ctcc&on=1") == {"on": ["undelivered:ctcc"]}
        stage.send(handsets(0, 60))
        await stage.reported()
        assert {n[:3] for _, n, _ in stage.sent} == {"198", "166", "199"}
        assert 0.6 < stage.arrived() == stage.delivered() < 0.7
        assert await asked(stage, "/fault?channel=ctcc&on=0") == {"on": []}
        stage.send(handsets(100, 60))
        await stage.reported()
        assert stage.arrived(60) > 0.95


async def test_the_switch_to_another_channel_has_its_time() -> None:
    """A fault may be given the seconds after which the vendor takes another way."""
    async with meeting("honest") as stage:
        await asked(stage, "/fault?channel=all&on=1&switch=0.05&receipts=deliver")
        stage.send(handsets(0, 30))
        await stage.reported()
        assert (stage.arrived(), stage.delivered()) == (0, 1)
        await stage.heard.until(lambda _: stage.vendor.exchange.faults() == [])
        stage.send(handsets(0, 30), "【测试】再来{}")
        await stage.reported()
        assert stage.arrived(30) > 0.9


async def test_a_connection_can_be_cut_from_outside() -> None:
    """A link fault switched on meets the next message."""
    async with meeting("honest") as stage:
        await asked(stage, "/fault?kind=disconnect&channel=all")
        stage.send(handsets(0, 1))
        await stage.heard.until(lambda heard: heard.closed)


async def test_a_dripping_connection_recovers_when_it_is_repaired() -> None:
    """What piled up arrives at once when the fault is switched off."""
    async with meeting("honest") as stage:
        await asked(stage, "/fault?kind=drip&channel=all")
        stage.send(handsets(0, 30))
        await stage.heard.until(lambda _: stage.vendor.ledger.counts["receipts"] == 30)
        assert stage.heard.submitted == []
        await asked(stage, "/fault?kind=drip&channel=all&on=0")
        await stage.reported()


async def test_a_handset_answers_when_it_is_told_to() -> None:
    """Its text reaches the sender, and a refusal of messages is kept by an honest vendor."""
    async with meeting("honest") as stage:
        [number] = handsets(5, 1)
        stage.send([number])
        await stage.reported()
        assert await asked(stage, f"/reply?number={number}&to={SOURCE}&text=T") == {
            "forwarded": True
        }
        await stage.heard.until(lambda heard: heard.replies)
        assert stage.heard.replies[0][:3] == (number, SOURCE, "T")
        stage.send([number], "【测试】又来了")
        await stage.reported()
        assert stage.arrived(1) == 0


async def test_numbers_are_named_to_the_vendor() -> None:
    """What is announced while it runs is treated as announced."""
    async with meeting("announced-only", change={"faking": None}) as stage:
        assert await asked(stage, "/announce?numbers=19800000500,19800000501") == {"announced": 2}


async def test_facts_of_a_number_can_be_asked() -> None:
    """Carrier, porting, country and whether anybody holds it."""
    async with meeting("honest") as stage:
        told = await asked(stage, "/facts?number=%2B8619800000950")
        assert (told["carrier"], told["by_prefix"], told["ported"]) == ("cucc", "cmcc", True)
        assert await asked(stage, "/facts?number=nobody") is None


async def test_billed_parts_are_told_per_message() -> None:
    """The ledger gives each text's parts and the bill by carrier."""
    async with meeting("honest") as stage:
        stage.send(["19800000007"], "【测试】" + "长" * 100)
        await stage.reported()
        told = await asked(stage, "/ledger?number=19800000007")
        assert [each["parts"] for each in told["billed"]] == [1, 1]
        assert (told["bill"], told["billed_parts"]) == ({"cmcc": 2}, 2)


@pytest.mark.parametrize(
    "path",
    [
        "/fault?channel=xyz",
        "/fault?channel=all&kind=magic",
        "/fault?channel=all&for=-1",
        "/fault?channel=all&switch=nan",
        "/reply?number=19800000001&to=1069",
    ],
)
async def test_controls_refuse_nonsense(path: str) -> None:
    """A request that means nothing is a 400 that says why, and changes nothing."""
    async with meeting("honest") as stage:
        ((status, body),) = await ask(stage.vendor.panel_port, get(path))
        assert (status, bool(body["error"])) == (400, True)
        assert stage.vendor.exchange.faults() == []

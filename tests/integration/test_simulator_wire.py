"""Simulated vendors with bad habits, as our own client meets them on the wire."""

from dataclasses import replace
from pathlib import Path

import pytest

from evaluators.protocols.smpp import codec, status
from evaluators.protocols.smpp.session import Endpoint
from evaluators.protocols.text import Part
from evaluators.simulator.personality import Personality, load
from evaluators.simulator.program import Simulation, simulated
from evaluators.simulator.smpp import read_part
from tests.integration.scripted_peer import Recorder, messages
from tests.integration.smpp_scripted import bound

pytestmark = pytest.mark.anyio
PERSONALITIES = Path(__file__).parents[2] / "data" / "personalities"


def personality(name: str) -> Personality:
    return load(PERSONALITIES / f"{name}.yaml")


def there(vendor: Simulation) -> Endpoint:
    return Endpoint(
        host="127.0.0.1",
        port=vendor.smpp,
        system_id=vendor.system_id,
        password=vendor.password,
        window=500,
    )


async def test_throttling_is_a_status(recorder: Recorder) -> None:
    """Beyond its rate the vendor answers ESME_RTHROTTLED, and the handsets get the rest."""
    async with simulated(personality("throttling"), time_scale=0.01) as vendor:
        session = await bound(there(vendor), recorder)
        session.submit(messages(150))
        await recorder.until(lambda heard: len(heard.receipts) == 100)
        refusals = [told for _, _, told, _ in recorder.submitted if told]
        assert refusals == [status.THROTTLED] * 50
        assert (vendor.ledger.counts["accepted"], vendor.ledger.counts["refused"]) == (100, 50)
        await session.close()


async def test_only_failures_are_reported_if_only_they_are_asked_for(recorder: Recorder) -> None:
    """Without a request for receipts none come."""
    async with simulated(personality("honest"), time_scale=0.01) as vendor:
        session = await bound(replace(there(vendor), receipts=False), recorder)
        session.submit(messages(20))
        await recorder.until(lambda _: len(vendor.panel.inbox) >= 19)
        assert recorder.receipts == []
        await session.close()


@pytest.mark.parametrize(
    ("sms", "expected"),
    [
        (
            codec.Sms(4, 1, "", "1", b"\x05\x00\x03\x07\x02\x01\x4f\x60", 0x40, 8),
            (Part(7, 2, 1), "你"),
        ),
        (
            codec.Sms(
                4,
                1,
                "",
                "1",
                b"hi",
                tlvs=((0x020C, b"\1\2"), (0x020E, b"\3"), (0x020F, b"\2")),
            ),
            (Part(258, 3, 2), "hi"),
        ),
        (codec.Sms(4, 1, "", "1", tlvs=((0x0424, b"long"),)), (None, "long")),
        (codec.Sms(4, 1, "", "1", b"\xff", data_coding=0xF5), (None, "ÿ")),
    ],
)
def test_long_texts_come_in_three_forms(sms: codec.Sms, expected: tuple[Part | None, str]) -> None:
    """Concatenation headers, sar parameters and message_payload are all understood."""
    assert expected == read_part(sms)

"""Every personality keeps its promise on the wire."""

import pytest

from tests.integration import connection_promises, vendor_promises
from tests.integration.vendor_stage import PERSONALITIES

pytestmark = [pytest.mark.anyio, pytest.mark.quiet]
PROMISES = vendor_promises.PROMISES | connection_promises.PROMISES
PROTOCOLS = ("cmpp", "sgip", "smgp")
CHOSEN = {"inflating", "receipts-first", "opt-out-honoured", "drip-fed", "channel-down"}
OVER_HTTP = ("throttling", "wrong-sender", "changed-text", "dead-number")
"""Faults of a connection mean something else there, replies are pushed, and receipts wait."""


@pytest.mark.parametrize("name", PROMISES)
async def test_the_promise_is_kept_over_smpp(name: str) -> None:
    """What the personality's file says is what our client meets."""
    await PROMISES[name]("smpp")


@pytest.mark.parametrize("name", sorted(CHOSEN))
@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_the_promise_is_kept_over_other_protocols(protocol: str, name: str) -> None:
    """The same personality behaves the same behind another door."""
    await PROMISES[name](protocol)


@pytest.mark.parametrize("name", OVER_HTTP)
async def test_the_promise_is_kept_over_http(name: str) -> None:
    """So it does behind a vendor's own interface, with receipts pulled."""
    await PROMISES[name]("http")


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(PROMISES.keys() - CHOSEN))
@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_every_promise_is_kept_over_every_protocol(protocol: str, name: str) -> None:
    """So do all the others."""
    await PROMISES[name](protocol)


def test_every_personality_has_a_promise() -> None:
    """No file in data/personalities is without its test on the wire."""
    assert {path.stem for path in PERSONALITIES.glob("*.yaml")} == set(PROMISES)

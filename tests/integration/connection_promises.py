"""What each personality whose connection misbehaves promises, as our own client meets it."""

import anyio

from tests.integration.scripted_peer import Recorder
from tests.integration.vendor_stage import Promises, Stage, handsets, meeting

PROMISES = Promises()


@PROMISES.made
async def throttling(protocol: str) -> None:
    """Beyond its rate the vendor refuses, and what it took is delivered."""
    async with meeting("throttling", protocol) as stage:
        stage.send(handsets(0, 150))
        await stage.answered()
        assert sum(status != 0 for _, _, status, _ in stage.heard.submitted) == 50
        await stage.reported(100)
        assert stage.vendor.ledger.counts["refused"] == 50


@PROMISES.made
async def half_open(protocol: str) -> None:
    """The connection stays but says nothing more, and our side notices."""
    async with meeting("half-open", protocol, keepalive_s=0.3, answer_timeout_s=0.3) as stage:
        stage.send(handsets(0, 120))
        await stage.heard.until(lambda heard: heard.closed)
        assert stage.heard.closed is not None
        assert stage.heard.closed.reason == "silent"


@PROMISES.made
async def stalling(protocol: str) -> None:
    """Submissions go unanswered while the connection lives."""
    async with meeting("stalling", protocol, answer_timeout_s=1.0, keepalive_s=0.2) as stage:
        stage.send(handsets(0, 120))
        await stage.answered(120)
        assert sum(status == -1 for _, _, status, _ in stage.heard.submitted) == 20
        assert stage.vendor.ledger.counts["unanswered"] == 20


@PROMISES.made
async def drip_fed(protocol: str) -> None:
    """After a hundred messages the vendor's octets come one by one, and answers with them."""
    async with meeting("drip-fed", protocol, answer_timeout_s=5.0) as stage:
        stage.send(handsets(0, 100))
        await stage.reported()
        heard = len(stage.heard.submitted)
        stage.send(handsets(100, 40))
        await anyio.sleep(0.3)
        assert heard == len(stage.heard.submitted)
        assert stage.sessions[0].closed is None
        assert stage.vendor.ledger.counts["submitted"] == 140


@PROMISES.made
async def garbage_bytes(protocol: str) -> None:
    """Octets of no meaning end one connection; the next one is served."""
    async with meeting("garbage-bytes", protocol) as stage:
        stage.send(handsets(0, 101))
        await stage.heard.until(lambda heard: heard.closed)
        assert stage.heard.closed is not None
        assert stage.heard.closed.reason == "protocol"
        await again(stage)


@PROMISES.made
async def disconnecting(protocol: str) -> None:
    """The connection is cut once; the next one is served, and gets what was left."""
    async with meeting("disconnecting", protocol) as stage:
        stage.send(handsets(0, 101))
        await stage.heard.until(lambda heard: heard.closed)
        assert stage.heard.closed is not None
        assert stage.heard.closed.reason in {"lost", "peer_closed"}
        await again(stage)


async def again(stage: Stage) -> None:
    """Another connection works, and brings the receipts that were still due."""
    stage.sessions.insert(0, await stage.connect())
    stage.send(handsets(200, 20))
    await stage.heard.until(
        lambda heard: {record[0] for record in heard.receipts} >= set(range(101, 121))
    )
    assert stage.vendor.ledger.counts["unanswered"] == 1


@PROMISES.made
async def receipts_elsewhere(protocol: str) -> None:
    """With two connections, receipts come on the one the messages did not leave by."""
    async with meeting("receipts-elsewhere", protocol) as stage:
        other = Recorder()
        await stage.connect(other)
        stage.send(handsets(0, 60))
        await other.until(lambda heard: len(heard.receipts) + len(stage.heard.receipts) == 60)
        assert len(other.receipts) > 30
        assert all(record[5] for record in stage.heard.receipts)  # they had overtaken the answer

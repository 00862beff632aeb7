"""What each personality promises, as our own client meets it; the same over every protocol."""

from collections import Counter
from statistics import median

import anyio

from evaluators.protocols.correlator import Correlator
from evaluators.simulator.numbers import dead_number, facts, national
from tests.integration.vendor_stage import SOURCE, Promises, Stage, handsets, meeting

PROMISES = Promises()


async def inbox_of(stage: Stage, count: int) -> None:
    """Wait until so many messages arrived."""
    await stage.heard.until(lambda _: stage.vendor.panel.count >= count)


@PROMISES.made
async def honest(protocol: str) -> None:
    """Receipts agree with the handsets, which show what was sent by whom."""
    async with meeting("honest", protocol) as stage:
        stage.send([*handsets(0, 150), *handsets(900, 30), dead_number("cmcc", 1)])
        await stage.reported()
        assert 0.97 < stage.delivered(0, 180) == stage.arrived(0, 180)
        assert stage.delivered(180) == 0
        assert {SOURCE} == {message["from"] for message in stage.vendor.panel.inbox}


@PROMISES.made
async def inflating(protocol: str) -> None:
    """Receipts say 99 %, handsets get 85 %."""
    async with meeting("inflating", protocol) as stage:
        stage.send(handsets(0, 400))
        await stage.reported()
        assert 0.97 < stage.delivered()
        assert 0.79 < stage.arrived() < 0.91


@PROMISES.made
async def announced_only(protocol: str) -> None:
    """Numbers the vendor knows get everything, others 85 %; one that is named later counts."""
    async with meeting("announced-only", protocol) as stage:
        stage.send([*handsets(0, 100), *handsets(100, 300)])
        await stage.reported()
        assert 0.97 < stage.arrived(0, 100)
        assert 0.79 < stage.arrived(100) < 0.91
        assert stage.delivered() > 0.99
        stage.vendor.exchange.vendor.announce(handsets(300, 90))
        stage.send(handsets(300, 90))
        await stage.reported()
        assert stage.arrived(400) > 0.97


@PROMISES.made
async def bulk_faking(protocol: str) -> None:
    """The first thirty arrive; beyond, 30 % do not, and no receipt tells."""
    async with meeting("bulk-faking", protocol) as stage:
        stage.send(handsets(0, 430))
        await stage.reported()
        assert stage.arrived(0, 30) > 0.96
        assert 0.62 < stage.arrived(30) < 0.78
        assert stage.delivered() > 0.99


@PROMISES.made
async def random_faking(protocol: str) -> None:
    """A tenth is never sent, and no receipt tells."""
    async with meeting("random-faking", protocol) as stage:
        stage.send(handsets(0, 450))
        await stage.reported()
        assert 0.85 < stage.arrived() < 0.95
        assert stage.delivered() > 0.99


@PROMISES.made
async def dead_number_(protocol: str) -> None:
    """Numbers that nobody has are reported as delivered."""
    async with meeting("dead-number", protocol) as stage:
        stage.send([*handsets(0, 10), *(dead_number("cucc", index) for index in range(30))])
        await stage.reported()
        assert (stage.arrived(10), stage.delivered(10)) == (0, 1)


@PROMISES.made
async def slow_cross_network(protocol: str) -> None:
    """One carrier's handsets have it long before the others'."""
    async with meeting("slow-cross-network", protocol) as stage:
        stage.send(handsets(0, 180))
        await stage.reported()
        at: dict[str, list[float]] = {"cmcc": [], "cucc": [], "ctcc": []}
        for message in stage.vendor.panel.inbox:
            known = facts(message["number"])
            assert known is not None
            at[known.carrier].append(message["received_at"])
        first, second, third = (median(times) for times in at.values())
        assert first + 0.03 < second < third - 0.03
        assert stage.delivered() == stage.arrived()


@PROMISES.made
async def ported_misrouted(protocol: str) -> None:
    """Half of what goes to ported numbers is lost, and the receipts say so."""
    async with meeting("ported-misrouted", protocol) as stage:
        stage.send([*handsets(900, 150), *handsets(0, 150)])
        await stage.reported()
        assert 0.35 < stage.arrived(0, 150) < 0.65
        assert stage.arrived(150) > 0.97
        assert stage.delivered() == stage.arrived()


@PROMISES.made
async def channel_down(protocol: str) -> None:
    """One carrier's messages fail, and go on failing until the channel is repaired."""
    async with meeting("channel-down", protocol) as stage:
        stage.send(handsets(0, 200))
        await stage.answered()
        stage.send(handsets(100, 60))
        await stage.reported()
        assert 0.6 < stage.arrived(200) < 0.7
        assert stage.arrived(200) == stage.delivered(200)
        [outage] = stage.vendor.personality.outages
        assert stage.vendor.exchange.faults() == ["undelivered:cucc"]
        assert stage.vendor.exchange.fault(outage, on=False) == []
        stage.send(handsets(200, 60))
        await stage.reported()
        assert stage.arrived(260) > 0.95


@PROMISES.made
async def channel_switch(protocol: str) -> None:
    """Messages fail until another channel takes over, by itself and after its time."""
    async with meeting("channel-switch", protocol, change={"switch_s": 0.3}) as stage:
        stage.send(handsets(0, 200))
        await stage.answered()
        stage.send(handsets(100, 60))
        await stage.reported()
        assert 0.6 < stage.arrived(200) < 0.7
        await anyio.sleep(0.3)
        stage.send(handsets(200, 60))
        await stage.reported()
        assert stage.arrived(260) > 0.95


@PROMISES.made
async def channel_denied(protocol: str) -> None:
    """Nothing arrives over the broken channel, though receipts say delivered."""
    async with meeting("channel-denied", protocol) as stage:
        stage.send(handsets(0, 200))
        await stage.answered()
        stage.send(handsets(100, 60))
        await stage.reported()
        assert 0.6 < stage.arrived(200) < 0.7
        assert stage.delivered(200) > 0.95


@PROMISES.made
async def lost_parts(protocol: str) -> None:
    """Four in ten long texts never show, though every part is reported delivered."""
    async with meeting("lost-parts", protocol) as stage:
        for number in handsets(0, 60):
            stage.send([number], "【测试】{}" + "长" * 150)
        await stage.reported()
        stage.send(handsets(100, 30))
        await stage.reported()
        assert 0.4 < stage.arrived(0, 60) < 0.8
        assert stage.arrived(60) > 0.95
        assert stage.delivered() > 0.95


@PROMISES.made
async def changed_text(protocol: str) -> None:
    """Handsets show another signature and words at the end."""
    async with meeting("changed-text", protocol) as stage:
        stage.send(handsets(0, 20), "【测试】你好")
        await stage.reported()
        assert {"【通知】你好详询客服"} == {m["text"] for m in stage.vendor.panel.inbox}


@PROMISES.made
async def wrong_sender(protocol: str) -> None:
    """Handsets show another sender number."""
    async with meeting("wrong-sender", protocol) as stage:
        stage.send(handsets(0, 20))
        await stage.reported()
        assert {"10690000000"} == {m["from"] for m in stage.vendor.panel.inbox}
        assert stage.arrived() > 0.9


@PROMISES.made
async def receipts_first(protocol: str) -> None:
    """Half of the receipts come before their answers; every message has its one receipt."""
    async with meeting("receipts-first", protocol) as stage:
        stage.send(handsets(0, 100))
        await stage.reported()
        await stage.answered()
        assert 30 < sum(record[5] for record in stage.heard.receipts) < 70


@PROMISES.made
async def duplicate_receipts(protocol: str) -> None:
    """Three in ten receipts come twice, and the second is known for what it is."""
    async with meeting("duplicate-receipts", protocol) as stage:
        stage.send(handsets(0, 100))
        await stage.reported()
        await stage.heard.until(
            lambda heard: len(heard.receipts) == stage.vendor.ledger.counts["receipts"] > 110
        )
        await anyio.sleep(0.02)
        repeats = [record for record in stage.heard.receipts if record[6]]
        assert 15 < len(repeats) < 45
        assert len(stage.heard.receipts) - len(repeats) == 100


@PROMISES.made
async def malformed_receipts(protocol: str) -> None:
    """Four in ten receipts are malformed; what can be read of them is."""
    async with meeting("malformed-receipts", protocol, answer_timeout_s=0.5) as stage:
        stage.send(handsets(0, 400))
        await stage.answered()
        await stage.heard.until(lambda _: stage.vendor.ledger.counts["receipts"] == 400)
        await stage.heard.until(lambda heard: any(r[0] is None for r in heard.receipts))
        assert 0.6 < stage.delivered() < 0.8
        states = Counter(r[2] for r in stage.heard.receipts if r[0] is not None)
        assert sum(n for state, n in states.items() if state != "DELIVRD") in range(20, 120)


@PROMISES.made
async def late_receipts(protocol: str) -> None:
    """Handsets have everything before the first receipts come."""
    async with meeting("late-receipts", protocol, scale=0.002) as stage:
        stage.send(handsets(0, 60))
        await inbox_of(stage, 59)
        assert len(stage.heard.receipts) < 20
        await stage.heard.until(lambda heard: len(heard.receipts) > 30)


@PROMISES.made
async def no_receipts(protocol: str) -> None:
    """Everything arrives, and nobody says so."""
    async with meeting("no-receipts", protocol) as stage:
        stage.send(handsets(0, 60))
        await stage.answered()
        await inbox_of(stage, 59)
        await anyio.sleep(0.05)
        assert stage.heard.receipts == []


@PROMISES.made
async def opt_out_honoured(protocol: str) -> None:
    """An owner's R reaches us, and nothing reaches the owner any more."""
    async with meeting("opt-out-honoured", protocol) as stage:
        await offered(stage)
        await stage.heard.until(lambda heard: len(heard.replies) >= stage.vendor.panel.count)
        assert {("R", SOURCE)} == {(text, to) for _, to, text, _ in stage.heard.replies}
        assert {national(reply[0]) for reply in stage.heard.replies} <= {
            n for _, n, _ in stage.sent
        }
        stage.send(handsets(0, 20))
        await stage.reported()
        assert (stage.arrived(20), stage.delivered(20)) == (0, 0)


@PROMISES.made
async def opt_out_ignored(protocol: str) -> None:
    """An owner's R reaches us, and changes nothing."""
    async with meeting("opt-out-ignored", protocol) as stage:
        await offered(stage)
        await stage.heard.until(lambda heard: len(heard.replies) >= 18)
        stage.send(handsets(0, 20))
        await stage.reported()
        assert stage.arrived(20) > 0.9


@PROMISES.made
async def opt_out_swallowed(protocol: str) -> None:
    """An owner's R never reaches us, and changes nothing."""
    async with meeting("opt-out-swallowed", protocol) as stage:
        await offered(stage)
        await stage.heard.until(lambda _: stage.vendor.ledger.counts["replies"] >= 18)
        stage.send(handsets(0, 20))
        await stage.reported()
        assert stage.arrived(20) > 0.9
        assert stage.heard.replies == []


async def offered(stage: Stage) -> None:
    """Twenty texts that say how to opt out, reported and answered to."""
    stage.send(handsets(0, 20), "【测试】优惠{}，拒收请回复R")
    await stage.reported()


@PROMISES.made
async def over_billing(protocol: str) -> None:
    """Some 4 % of the messages are billed as one more; all arrive."""
    async with meeting("over-billing", protocol) as stage:
        stage.send(handsets(0, 480))
        await stage.reported()
        assert 485 <= stage.vendor.ledger.counts["billed_parts"] < 520
        assert sum(stage.vendor.ledger.bill.values()) == stage.vendor.ledger.counts["billed_parts"]


@PROMISES.made
async def platform_codes(protocol: str) -> None:
    """Failures carry codes of the carrier's gateways or of the platform."""
    async with meeting("platform-codes", protocol) as stage:
        stage.send(handsets(0, 480))
        await stage.reported()
        codes = stage.vendor.personality.receipts.codes
        known = {code for each in codes.values() for code in each}
        failed = {r[2] for r in stage.heard.receipts} - {"DELIVRD"}
        assert 0.88 < stage.arrived() == stage.delivered() < 0.96
        if protocol == "sgip":  # a report there has a number for it, not a word
            assert failed
        else:
            assert failed <= known
            assert len(failed) > 5


@PROMISES.made
async def hex_ids(protocol: str) -> None:
    """Ids in two notations match once the correlator is told."""
    notation = Correlator("decimal" if protocol == "smpp" else "as_is")  # others have none
    async with meeting("hex-ids", protocol, correlator=notation) as stage:
        stage.send(handsets(0, 30))
        await stage.reported()
        assert set(range(30)) == {record[0] for record in stage.heard.receipts}

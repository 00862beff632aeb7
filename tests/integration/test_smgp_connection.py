"""SMGP connections come, break and go, against a scripted gateway on real sockets."""

import time
from collections import Counter
from dataclasses import replace

import anyio
import pytest

from evaluators.protocols.correlator import Correlator
from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.session import BindRefused
from evaluators.protocols.smgp import codec, status
from evaluators.protocols.smgp.server import Link, Pace, listening
from evaluators.protocols.smgp.session import connect
from tests.integration.scripted_peer import Recorder, messages
from tests.integration.smgp_scripted import (
    ScriptedDesk,
    delivered,
    endpoint,
    id_of,
    logged_in,
    raw_gateway,
    talking,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def desk() -> ScriptedDesk:
    return ScriptedDesk()


async def test_a_wrong_password_is_a_value(desk: ScriptedDesk, recorder: Recorder) -> None:
    """A refused login gives the gateway's code and its name."""
    async with listening(desk) as port:
        there = endpoint(port)
        for wrong in (replace(there, password="wrong"), replace(there, account="10690002")):
            refused = await connect(wrong, recorder, time.monotonic_ns)
            assert BindRefused(21, "认证错 wrong password") == refused
        with pytest.raises(ProtocolError, match="'123456789' takes 9 octets where 8 fit"):
            await connect(replace(there, account="123456789"), recorder, time.monotonic_ns)
        assert recorder.closed is None


async def test_reports_come_on_a_receiving_connection(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """What one connection sends (LoginMode 0), another one hears of (LoginMode 1)."""

    def accept(link: Link, submit: codec.Submit) -> None:
        desk.accept(link, submit)
        listener = next(other for other in desk.links if other.takes_receipts)
        assert listener is not link
        listener.deliver(delivered(id_of(submit.sequence)))

    desk.on_submit = accept
    known = Correlator()
    async with listening(desk) as port:
        there = endpoint(port)
        sender = await logged_in(replace(there, mode="send"), recorder, known)
        heard = Recorder()
        receiver = await logged_in(replace(there, mode="receive"), heard, known)
        sender.submit(messages(5))
        await heard.until(lambda it: len(it.receipts) == 5)
        assert Counter(range(5)) == Counter(record[0] for record in heard.receipts)
        assert recorder.receipts == []
        assert receiver.submit(messages(1)) == 1
        await heard.until(lambda it: it.submitted)
        assert heard.submitted[0][2] == status.UNKNOWN_COMMAND
        for session in (sender, receiver):
            await session.close()


@pytest.mark.parametrize("garbage", [b"\xff" * 40, bytes(12), b"HTTP/1.1 200 OK\r\n\r\n"])
async def test_garbage_ends_the_connection(recorder: Recorder, garbage: bytes) -> None:
    """A stream that makes no sense is cut, and what was open is named."""
    async with raw_gateway(garbage) as port:
        session = await logged_in(endpoint(port), recorder)
        session.submit(messages(1))
        await recorder.until(lambda heard: heard.closed)
        assert recorder.closed is not None
        assert (recorder.closed.reason, recorder.closed.unanswered) == ("protocol", (0,))


async def test_a_half_open_connection_is_found(desk: ScriptedDesk, recorder: Recorder) -> None:
    """A gateway that goes mute is noticed by the unanswered test."""
    async with talking(desk, recorder, keepalive_s=0.1, answer_timeout_s=0.3) as session:
        session.submit(messages(1))
        await recorder.until(lambda _: desk.received)
        desk.links[0].mute = True
        await recorder.until(lambda heard: heard.closed)
        assert recorder.closed is not None
        assert recorder.closed.reason == "silent"


@pytest.mark.parametrize(
    ("quiet_s", "keepalive_s"), [(0.1, 30.0), (30.0, 0.1)], ids=["gateway", "client"]
)
async def test_links_are_kept_alive_both_ways(
    desk: ScriptedDesk, recorder: Recorder, quiet_s: float, keepalive_s: float
) -> None:
    """Either side tests a quiet connection, the other answers, and it stays up."""
    pace = Pace(quiet_s=quiet_s, patience_s=0.2, tests=2)
    async with talking(desk, recorder, pace=pace, keepalive_s=keepalive_s) as session:
        logged_in_ns = session.rtt_ns
        await anyio.sleep(0.9)
        assert session.closed is None
        assert (session.rtt_ns != logged_in_ns) == (keepalive_s < 1)


async def test_the_client_says_goodbye(desk: ScriptedDesk, recorder: Recorder) -> None:
    """Closing sends an Exit and waits for its answer."""
    async with listening(desk) as port:
        session = await logged_in(endpoint(port), recorder)
        await session.close()
        assert recorder.closed is not None
        assert recorder.closed.reason == "unbound"
        assert desk.links == []


async def test_the_gateway_says_goodbye(desk: ScriptedDesk, recorder: Recorder) -> None:
    """A gateway's Exit is answered, and what was open is named."""
    async with talking(desk, recorder) as session:
        session.submit(messages(2))
        await recorder.until(lambda _: len(desk.received) == 2)
        desk.links[0].babble(codec.encode(codec.Bare(codec.EXIT, 9)))
        await recorder.until(lambda heard: heard.closed)
        assert recorder.closed is not None
        assert recorder.closed.reason == "peer_unbound"
        assert recorder.closed.unanswered == (0, 1)
        assert session.room == 0


async def test_reports_find_their_messages_after_a_reconnect(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """A correlator outlives the connection: reports of before come on the next one."""
    desk.on_submit = desk.accept
    known = Correlator()
    async with listening(desk) as port:
        first = await logged_in(endpoint(port), recorder, known)
        first.submit(messages(3))
        await recorder.until(lambda heard: len(heard.submitted) == 3)
        desk.links[0].drop()
        await recorder.until(lambda heard: heard.closed)
        again = Recorder()
        second = await logged_in(endpoint(port), again, known)
        for sequence in (2, 3, 4):
            desk.links[0].deliver(delivered(id_of(sequence)))
        await again.until(lambda heard: len(heard.receipts) == 3)
        assert [record[0] for record in again.receipts] == [0, 1, 2]
        await second.close()


async def test_numbers_go_on_after_a_reconnect(desk: ScriptedDesk, recorder: Recorder) -> None:
    """An answer meant for the broken connection fits no request of the next one."""
    known = Correlator()
    async with listening(desk) as port:
        first = await logged_in(endpoint(port), recorder, known)
        first.submit(messages(3))
        await recorder.until(lambda _: len(desk.received) == 3)
        desk.links[0].drop()
        await recorder.until(lambda heard: heard.closed)
        second = await logged_in(endpoint(port), Recorder(), known)
        second.submit(messages(2))
        await recorder.until(lambda _: len(desk.received) == 5)
        assert [2, 3, 4, 6, 7] == [submit.sequence for _, submit in desk.received]
        await second.close()


async def test_sequence_numbers_wrap(desk: ScriptedDesk, recorder: Recorder) -> None:
    """After 0xFFFFFFFF the numbers begin again, and answers still find their messages."""
    desk.on_submit = desk.accept_and_report
    async with listening(desk) as port:
        session = await connect(
            endpoint(port), recorder, time.monotonic_ns, first_sequence=codec.LAST_SEQUENCE - 2
        )
        assert not isinstance(session, BindRefused)
        session.submit(messages(6))
        await recorder.until(lambda heard: len(heard.receipts) == 6)
        assert sorted(submit.sequence for _, submit in desk.received)[:4] == [1, 2, 3, 4]
        assert [index for index, _, _, _ in recorder.submitted] == [0, 1, 2, 3, 4, 5]
        await session.close()

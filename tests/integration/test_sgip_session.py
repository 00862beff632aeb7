"""The SGIP client against a scripted gateway on real sockets."""

import asyncio
import time
from dataclasses import replace

import anyio
import pytest

from evaluators.protocols.correlator import Correlator
from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.session import NO_ANSWER, BindRefused
from evaluators.protocols.sgip import codec, pdus, status
from evaluators.protocols.sgip.server import Link, listening
from evaluators.protocols.sgip.session import connect
from tests.integration.scripted_peer import Recorder, messages
from tests.integration.sgip_scripted import (
    NODE,
    ScriptedDesk,
    bound,
    endpoint,
    raw_gateway,
    report,
    talking,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def desk() -> ScriptedDesk:
    return ScriptedDesk()


@pytest.mark.parametrize("way", ["accept_and_call", "accept_and_report"])
async def test_messages_are_answered_and_reported(
    desk: ScriptedDesk, recorder: Recorder, way: str
) -> None:
    """Reports count alike on the gateway's own connection and on ours."""
    desk.on_submit = getattr(desk, way)
    async with talking(desk, recorder) as session:
        assert session.submit(messages(20)) == 20
        await recorder.until(lambda heard: len(heard.receipts) == 20)
        assert list(range(20)) == [index for index, _, _, _ in recorder.submitted]
        assert list(range(20)) == sorted(record[0] or 0 for record in recorder.receipts)
        assert {("DELIVRD", "0")} == {record[2:4] for record in recorder.receipts}
        ids = {record[0]: record[3] for record in recorder.submitted}
        assert ids == {record[0]: record[1] for record in recorder.receipts}
        assert (0, True) == (session.outstanding, session.rtt_ns > 0)
        await recorder.until(lambda _: desk.caller.waiting == 0)
        assert (way == "accept_and_call") == bool(desk.caller.calls)


async def test_the_gateway_gets_everything_it_asks_for(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """Number with 86, company code, who pays and which report, under our node's number."""
    async with talking(desk, recorder, service_type="TEST") as session:
        session.submit([(0, "19800000001", "【测试】你好"), (1, "+8616600000002", "code 1")])
        await recorder.until(lambda _: len(desk.received) == 2)
        first, second = (submit for _, submit in desk.received)
        node, _, counter = pdus.SEQUENCE.unpack(first.sequence)
        assert (NODE, counter + 1) == (node, pdus.SEQUENCE.unpack(second.sequence)[2])
        expected = pdus.Submit(
            first.sequence,
            "1069000001",
            ("8619800000001",),
            "【测试】你好".encode("utf-16-be"),
            pdus.UCS2,
            corp_id="99999",
            report_flag=pdus.REPORT_ALWAYS,
            charge_number="0" * 21,
            service_type="TEST",
            fee_type=1,
            more_related=2,
        )
        assert expected == first
        assert (("8616600000002",), pdus.ASCII, b"code 1") == (
            second.numbers,
            second.coding,
            second.content,
        )


async def test_no_report_is_asked_for_where_none_is_wanted(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """Without receipts the flag says never, which is not zero."""
    async with talking(desk, recorder, receipts=False, corp_id="00042") as session:
        session.submit(messages(1))
        await recorder.until(lambda _: desk.received)
        submit = desk.received[0][1]
        assert (pdus.REPORT_NEVER, "00042") == (submit.report_flag, submit.corp_id)


async def test_a_wrong_password_is_a_value(desk: ScriptedDesk, recorder: Recorder) -> None:
    """A refused login says why, and nothing listens afterwards."""
    async with listening(desk) as port:
        refused = await connect(
            replace(endpoint(port), password="wrong"), recorder, time.monotonic_ns
        )
        assert BindRefused(1, status.name(1)) == refused


async def test_nobody_there_is_an_error(recorder: Recorder) -> None:
    """A port where nobody listens raises OSError, as does a login that is not answered."""
    async with raw_gateway(b"") as port:
        pass
    with pytest.raises(OSError):  # noqa: PT011 - the system's own words
        await connect(endpoint(port), recorder, time.monotonic_ns)


async def test_what_does_not_fit_is_found_before_connecting(recorder: Recorder) -> None:
    """Values too long for their fields raise ProtocolError."""
    for settings in ({"corp_id": "123456"}, {"account": "a" * 17}, {"node_id": 1 << 32}):
        async with raw_gateway(b"") as port:
            with pytest.raises(ProtocolError):
                await connect(
                    replace(endpoint(port), **settings),
                    recorder,
                    time.monotonic_ns,
                )


async def test_the_window_is_32_and_never_overrun(desk: ScriptedDesk, recorder: Recorder) -> None:
    """No more than 32 commands are unanswered; answers make room again."""
    async with talking(desk, recorder) as session:
        assert session.submit(messages(40)) == 32
        assert (session.room, session.outstanding) == (0, 32)
        assert session.submit(messages(40), 32) == 0
        await recorder.until(lambda _: len(desk.received) == 32)
        desk.accept(*desk.received[0])
        await recorder.until(lambda heard: heard.submitted)
        assert session.submit(messages(40), 32) == 1


async def test_refusals_are_data(desk: ScriptedDesk, recorder: Recorder) -> None:
    """A busy node comes back as a status that means slow down, and nothing is sent again."""
    desk.on_submit = lambda link, submit: link.answer(submit.sequence, status.BUSY)
    async with talking(desk, recorder) as session:
        session.submit(messages(3))
        await recorder.until(lambda heard: len(heard.submitted) == 3)
        assert {True} == {told in status.THROTTLED for _, _, told, _ in recorder.submitted}
        assert len(desk.received) == 3


async def test_reports_come_early_twice_and_late(desk: ScriptedDesk, recorder: Recorder) -> None:
    """A report before its answer, its duplicate, and one for nobody are told apart."""

    def answer(link: Link, submit: pdus.Submit) -> None:
        desk.caller.bring(report(submit, pdus.FAILED, 27))
        desk.caller.bring(report(replace(submit, sequence=bytes(12))))

    desk.on_submit = answer
    async with talking(desk, recorder, answer_timeout_s=0.6) as session:
        session.submit(messages(1))
        await recorder.until(lambda _: desk.received and desk.caller.waiting == 0)
        assert [] == recorder.receipts
        desk.accept(*desk.received[0])
        await recorder.until(lambda heard: heard.receipts)
        desk.caller.bring(report(desk.received[0][1], pdus.FAILED, 27))
        await recorder.until(lambda heard: len(heard.receipts) == 3)
        assert [(0, "UNDELIV", "27", True, False), (0, "UNDELIV", "27", False, True)] == [
            (record[0], record[2], record[3], record[5], record[6])
            for record in recorder.receipts[:2]
        ]
        assert (None, "19800000000") == (recorder.receipts[2][0], recorder.receipts[2][7])


async def test_an_answer_that_never_comes_is_reported(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """A Submit without an answer ends as NO_ANSWER, and its report is still its own."""

    def report_only(link: Link, submit: pdus.Submit) -> None:
        if len(desk.received) == 1:
            desk.caller.bring(report(submit))
            _stay_alive(link)

    desk.on_submit = report_only
    async with talking(desk, recorder, answer_timeout_s=0.5) as session:
        session.submit(messages(2))
        await recorder.until(lambda heard: len(heard.submitted) == 2 and heard.receipts)
        assert {NO_ANSWER} == {told for _, _, told, _ in recorder.submitted}
        assert [(0, True)] == [(record[0], record[5]) for record in recorder.receipts]
        desk.caller.bring(report(desk.received[1][1]))
        await recorder.until(lambda heard: len(heard.receipts) == 2)
        assert (1, False) == (recorder.receipts[1][0], recorder.receipts[1][5])


async def test_a_late_answer_still_counts(desk: ScriptedDesk, recorder: Recorder) -> None:
    """It replaces NO_ANSWER and brings the id."""
    desk.on_submit = lambda link, _: _stay_alive(link)
    async with talking(desk, recorder, answer_timeout_s=0.5, window=1) as session:
        session.submit(messages(1))
        await recorder.until(lambda heard: heard.submitted)
        assert (NO_ANSWER, 0) == (recorder.submitted[0][2], session.room)
        link, submit = desk.received[0]
        desk.accept(link, submit)
        await recorder.until(lambda heard: len(heard.submitted) == 2)
        assert (0, 0, submit.sequence.hex().encode()) == (
            recorder.submitted[1][0],
            *recorder.submitted[1][2:],
        )


def _stay_alive(link: Link) -> None:
    """Say something on this connection while its Submits stay unanswered."""
    deliver = pdus.Deliver(pdus.NO_SEQUENCE, "8619800000001", "1069", b"alive")
    for at_s in (0.2, 0.4, 0.6, 0.8):
        asyncio.get_running_loop().call_later(at_s, link.bring, deliver)


async def test_silence_while_requests_wait_is_half_open(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """There is no keep-alive: unanswered requests and not one octet end the connection."""
    async with talking(desk, recorder, answer_timeout_s=0.3) as session:
        desk.links[0].mute = True
        session.submit(messages(2))
        await recorder.until(lambda heard: heard.closed)
        assert recorder.closed is not None
        assert "silent" == recorder.closed.reason
        assert {NO_ANSWER} == {told for _, _, told, _ in recorder.submitted}


async def test_a_quiet_connection_stays(desk: ScriptedDesk, recorder: Recorder) -> None:
    """Nothing is said on an idle connection, and nothing concluded from it."""
    async with talking(desk, recorder, answer_timeout_s=0.2, keepalive_s=0.1) as session:
        await anyio.sleep(1.0)
        assert session.closed is None


async def test_a_long_text_is_one_message(desk: ScriptedDesk, recorder: Recorder) -> None:
    """Each part has its own number and report; the whole is one record."""
    desk.on_submit = desk.accept_and_call
    async with talking(desk, recorder, window=2) as session:
        text = "【测试】" + "长" * 200
        assert session.submit([(5, "19800000001", text), (6, "19800000002", "x")]) == 1
        await recorder.until(lambda heard: heard.receipts)
        assert {1} == {submit.udhi for _, submit in desk.received}
        assert [(5, 0)] == [(index, told) for index, _, told, _ in recorder.submitted]
        assert 4 == len(recorder.submitted[0][3].split(b" "))
        assert [(5, "DELIVRD")] == [(record[0], record[2]) for record in recorder.receipts]


async def test_handsets_messages_come_either_way(desk: ScriptedDesk, recorder: Recorder) -> None:
    """An opt-out arrives as text on both kinds of connection."""
    deliver = pdus.Deliver(pdus.NO_SEQUENCE, "8619800000001", "1069", b"TD")
    async with talking(desk, recorder):
        desk.links[0].bring(deliver)
        desk.caller.bring(deliver)
        await recorder.until(lambda heard: len(heard.replies) == 2)
        assert {("19800000001", "1069", "TD")} == {reply[:3] for reply in recorder.replies}


async def test_numbers_of_two_sessions_never_meet(desk: ScriptedDesk, recorder: Recorder) -> None:
    """Two connections of one node send in the same second under different numbers."""
    desk.on_submit = desk.accept
    async with listening(desk) as port:
        known = Correlator()
        sessions = [await bound(endpoint(port), recorder, known) for _ in range(2)]
        for session in sessions:
            session.submit(messages(32))
        await recorder.until(lambda heard: len(heard.submitted) == 64)
        assert 64 == len({submit.sequence for _, submit in desk.received})
        assert sessions[0].listening_on == sessions[1].listening_on
        for session in sessions:
            await session.close()


async def test_counters_wrap(desk: ScriptedDesk, recorder: Recorder) -> None:
    """After the last 32-bit number they start again, and reports still find their messages."""
    desk.on_submit = desk.accept_and_report
    async with listening(desk) as port:
        session = await connect(
            endpoint(port), recorder, time.monotonic_ns, first_sequence=pdus.LAST_COUNTER - 2
        )
        assert not isinstance(session, BindRefused)
        session.submit(messages(6))
        await recorder.until(lambda heard: len(heard.receipts) == 6)
        counters = {pdus.SEQUENCE.unpack(submit.sequence)[2] for _, submit in desk.received}
        assert {pdus.LAST_COUNTER - 1, pdus.LAST_COUNTER, 1, 2, 3, 4} == counters
        assert {0, 1, 2, 3, 4, 5} == {record[0] for record in recorder.receipts}
        await session.close()


async def test_a_polite_end(desk: ScriptedDesk, recorder: Recorder) -> None:
    """Closing logs out; the gateway's own connection ends with it."""
    desk.on_submit = desk.accept_and_call
    async with talking(desk, recorder) as session:
        session.submit(messages(1))
        await recorder.until(lambda heard: heard.receipts)
        await session.close()
        assert session.closed is not None
        assert "unbound" == session.closed.reason
        assert 0 == session.room


async def test_the_gateways_goodbye_is_no_break_where_nothing_waits(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """An idle connection that the gateway ends is idle; with something outstanding it is not."""
    async with talking(desk, recorder):
        desk.links[0]._send(pdus.Bare(pdus.UNBIND, bytes(12)))
        await recorder.until(lambda heard: heard.closed)
        assert recorder.closed is not None
        assert ("idle", ()) == (recorder.closed.reason, recorder.closed.unanswered)
    busy = Recorder()
    async with talking(desk, busy) as session:
        session.submit(messages(1))
        await busy.until(lambda _: desk.received)
        desk.links[0]._send(pdus.Bare(pdus.UNBIND, bytes(12)))
        await busy.until(lambda heard: heard.closed)
        assert busy.closed is not None
        assert ("peer_unbound", (0,)) == (busy.closed.reason, busy.closed.unanswered)


async def test_hanging_up_is_idle_only_after_a_while(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """A connection closed without a word is idle where it was quiet for long, else a break."""
    quiet = [0]
    async with listening(desk) as port:
        for seconds, reason in ((0, "peer_closed"), (61, "idle")):
            session = await connect(
                endpoint(port), recorder, lambda: time.monotonic_ns() + quiet[0]
            )
            assert not isinstance(session, BindRefused)
            quiet[0] += seconds * 1_000_000_000
            desk.links[0]._hang_up()
            await recorder.until(lambda _, session=session: session.closed)  # type: ignore[misc]
            assert session.closed is not None
            assert reason == session.closed.reason
            await session.close()


@pytest.mark.parametrize(
    "noise",
    [
        b"\0\0\0\x05" + bytes(30),
        b"\xff" * 40,
        codec.HEADER.pack(4097, pdus.REPORT, bytes(12)) + bytes(50),
        codec.HEADER.pack(21, pdus.SUBMIT_RESP, bytes(12)) + b"\0",
        codec.HEADER.pack(30, pdus.REPORT, bytes(12)) + bytes(10),
        codec.HEADER.pack(20, 0x7777, bytes(12)),
    ],
)
async def test_senseless_bytes_end_the_connection(recorder: Recorder, noise: bytes) -> None:
    """What is malformed ends the connection, dripped in octet by octet; what came before counts."""
    deliver = codec.encode(pdus.Deliver(bytes(12), "8619800000001", "1069", b"R"))
    async with raw_gateway(deliver + noise) as port:
        session = await bound(endpoint(port), recorder)
        await recorder.until(lambda heard: heard.closed)
        assert recorder.closed is not None
        assert "protocol" == recorder.closed.reason
        assert ["R"] == [reply[2] for reply in recorder.replies]
        await session.close()


async def test_a_number_abroad_leaves_as_it_is_and_the_gateway_decides(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """SGIP's numbers are the mainland's: another goes without its plus sign, a refusal is data."""
    desk.on_submit = lambda link, submit: link.answer(submit.sequence, status.BAD_NUMBER)
    async with talking(desk, recorder) as session:
        session.submit([(0, "+85200000001", "你好"), (1, "0085200000002", "你好")])
        await recorder.until(lambda heard: len(heard.submitted) == 2)
        assert [("85200000001",), ("85200000002",)] == [one.numbers for _, one in desk.received]
        assert [(0, 6), (1, 6)] == [(record[0], record[2]) for record in recorder.submitted]
        assert session.closed is None

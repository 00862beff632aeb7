"""The SMPP client path against a scripted vendor on real sockets."""

import time
from dataclasses import replace

import pytest

from evaluators.protocols.session import NO_ANSWER, BindRefused, Events
from evaluators.protocols.smpp import codec, status
from evaluators.protocols.smpp.server import Link, listening
from evaluators.protocols.smpp.session import connect
from tests.integration.scripted_peer import Recorder, messages
from tests.integration.smpp_scripted import (
    ScriptedDesk,
    bound,
    delivered,
    endpoint,
    raw_vendor,
    talking,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def desk() -> ScriptedDesk:
    return ScriptedDesk()


async def test_messages_are_answered_and_reported(desk: ScriptedDesk, recorder: Recorder) -> None:
    """Each accepted message comes back once as submitted and once as delivered."""
    desk.on_submit = desk.accept_and_report
    async with talking(desk, recorder, window=50) as session:
        before = time.monotonic_ns()
        assert session.submit(messages(20)) == 20
        await recorder.until(lambda heard: len(heard.receipts) == 20)
        assert list(range(20)) == [index for index, _, _, _ in recorder.submitted]
        assert list(range(20)) == [record[0] for record in recorder.receipts]
        assert {"DELIVRD"} == {record[2] for record in recorder.receipts}
        assert all(before < at_ns < time.monotonic_ns() for _, at_ns, _, _ in recorder.submitted)
        assert session.outstanding == 0
        assert session.rtt_ns > 0


async def test_the_vendor_gets_number_text_and_sender(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """What was submitted is what arrives, in Chinese and in the 7-bit alphabet."""
    async with talking(desk, recorder, source="1069", receipts=False) as session:
        session.submit([(0, "19800000001", "【测试】你好"), (1, "16600000002", "code {1} €")])
        await recorder.until(lambda _: len(desk.received) == 2)
        first, second = (sms for _, sms in desk.received)
        assert (
            first.source,
            first.destination,
            first.data_coding,
            first.registered_delivery,
        ) == ("1069", "19800000001", 8, 0)
        assert "【测试】你好".encode("utf-16-be") == first.short_message
        assert (second.data_coding, second.short_message) == (0, b"code \x1b(1\x1b) \x1be")


async def test_the_window_is_never_overrun(desk: ScriptedDesk, recorder: Recorder) -> None:
    """No more requests than the window are open; answers make room again."""
    async with talking(desk, recorder, window=3) as session:
        assert session.submit(messages(10)) == 3
        assert (session.room, session.outstanding) == (0, 3)
        assert session.submit(messages(10), 3) == 0
        await recorder.until(lambda _: len(desk.received) == 3)
        desk.accept(*desk.received[0])
        await recorder.until(lambda heard: heard.submitted)
        assert session.room == 1
        assert session.submit(messages(10), 3) == 1


async def test_the_next_messages_leave_with_the_answers(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """Submitting from inside the callback keeps the window full until all are sent."""
    desk.on_submit = desk.accept_and_report
    batch, sent = messages(500), [0]
    async with talking(desk, recorder, window=16) as session:
        recorder.on_events = lambda _: sent.append(session.submit(batch, sum(sent)))
        sent.append(session.submit(batch))
        await recorder.until(lambda heard: len(heard.receipts) == 500)
        assert sum(sent) == 500
        assert len({sms.destination for _, sms in desk.received}) == 500


async def test_refusals_are_data(desk: ScriptedDesk, recorder: Recorder) -> None:
    """Throttling and a full queue come back as statuses, and nothing is sent again."""
    statuses = [status.THROTTLED, status.QUEUE_FULL, 0x0400]

    def refuse(link: Link, sms: codec.Sms) -> None:
        link.answer(sms.sequence, statuses[len(desk.received) - 1])

    desk.on_submit = refuse
    async with talking(desk, recorder) as session:
        session.submit(messages(3))
        await recorder.until(lambda heard: len(heard.submitted) == 3)
        assert statuses == [told for _, _, told, _ in recorder.submitted]
        assert len(desk.received) == 3


async def test_receipts_may_come_early_twice_and_unasked(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """Early, duplicate and unknown receipts are told apart."""

    def answer(link: Link, sms: codec.Sms) -> None:
        link.deliver(delivered(b"id%d" % sms.sequence))
        link.deliver(delivered(b"unknown", "EXPIRED", "16600000009"))
        desk.accept(link, sms)
        link.deliver(delivered(b"id%d" % sms.sequence))

    desk.on_submit = answer
    async with talking(desk, recorder, answer_timeout_s=0.6) as session:
        session.submit(messages(1))
        await recorder.until(lambda heard: len(heard.receipts) == 3)
        kinds = [(record[0], record[5], record[6], record[7]) for record in recorder.receipts]
        assert kinds[:2] == [(0, True, False, ""), (0, False, True, "")]
        assert kinds[2:] == [(None, False, False, "16600000009")]


async def test_an_answer_that_never_comes_is_reported(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """A request without an answer ends as NO_ANSWER; a late answer still counts."""
    async with talking(desk, recorder, window=1, answer_timeout_s=0.2) as session:
        session.submit(messages(1))
        await recorder.until(lambda heard: heard.submitted)
        assert (recorder.submitted[0][0], *recorder.submitted[0][2:]) == (0, NO_ANSWER, b"")
        assert (session.room, session.outstanding) == (0, 0)
        desk.accept(*desk.received[0])
        await recorder.until(lambda heard: len(heard.submitted) == 2)
        assert (recorder.submitted[1][0], recorder.submitted[1][2]) == (0, 0)
        assert session.room == 1


async def test_no_second_window_goes_out_on_top_of_unanswered_requests(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """A vendor never has more than the window before it, also when its answers are given up."""
    batch = messages(12)

    def more(_: Events) -> None:
        session.submit(batch, 4)

    async with talking(desk, recorder, window=4, answer_timeout_s=0.3) as session:
        sent = session.submit(batch)
        recorder.on_events = more
        await recorder.until(lambda heard: len(heard.submitted) == 4)
        assert {NO_ANSWER} == {told for _, _, told, _ in recorder.submitted}
        assert (sent, session.room, session.submit(batch, 4)) == (4, 0, 0)
        desk.accept(*desk.received[1])
        await recorder.until(lambda _: len(desk.received) == 5)
        assert session.room == 0


async def test_a_window_half_lost_ends_the_connection(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """Late answers get as much time again; then a new connection is better than half a window."""
    async with talking(desk, recorder, window=4, answer_timeout_s=0.3) as session:
        session.submit(messages(2))
        await recorder.until(lambda heard: len(heard.submitted) == 2)
        desk.on_submit = desk.accept
        assert session.submit(messages(3), 2) == 1
        await recorder.until(lambda heard: heard.closed)
        assert recorder.closed is not None
        assert (recorder.closed.reason, recorder.closed.unanswered) == ("silent", ())
        assert {0: NO_ANSWER, 1: NO_ANSWER, 2: 0} == {
            index: told for index, _, told, _ in recorder.submitted
        }


async def test_a_long_text_is_one_message(desk: ScriptedDesk, recorder: Recorder) -> None:
    """Parts wait for the window, and the whole is submitted and delivered once."""
    desk.on_submit = desk.accept_and_report
    async with talking(desk, recorder, window=2) as session:
        text = "【测试】" + "长" * 200
        assert session.submit([(5, "19800000001", text), (6, "19800000002", "x")]) == 1
        assert session.room == 0
        await recorder.until(lambda heard: heard.receipts)
        assert len(desk.received) == 4
        assert [(index, told) for index, _, told, _ in recorder.submitted] == [(5, 0)]
        assert len(recorder.submitted[0][3].split(b" ")) == 4
        assert [(record[0], record[2]) for record in recorder.receipts] == [(5, "DELIVRD")]


async def test_a_lost_part_leaves_a_long_text_unanswered(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """One part without an answer makes the whole message NO_ANSWER."""

    def answer_first(link: Link, sms: codec.Sms) -> None:
        if len(desk.received) == 1:
            desk.accept(link, sms)

    desk.on_submit = answer_first
    async with talking(desk, recorder, answer_timeout_s=0.2) as session:
        session.submit([(5, "19800000001", "长" * 100)])
        await recorder.until(lambda heard: heard.submitted)
        assert [(index, told) for index, _, told, _ in recorder.submitted] == [(5, NO_ANSWER)]


async def test_a_text_that_cannot_be_sent_stops_the_batch(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """A bad number raises before anything of the batch has left."""
    async with talking(desk, recorder) as session:
        with pytest.raises(ValueError, match="destination"):
            session.submit([*messages(3), (3, "1" * 21, "x")])
        assert (session.outstanding, session.room) == (0, 100)


async def test_a_handsets_message_is_a_reply(desk: ScriptedDesk, recorder: Recorder) -> None:
    """An opt-out from a handset arrives as text, not as a receipt."""
    async with talking(desk, recorder):
        text = "退订R".encode("utf-16-be")
        desk.links[0].deliver(
            codec.Sms(codec.DELIVER_SM, 0, "19800000001", "1069", text, data_coding=8)
        )
        await recorder.until(lambda heard: heard.replies)
        assert recorder.replies[0][:3] == ("19800000001", "1069", "退订R")


async def test_oddities_are_answered_and_counted(recorder: Recorder) -> None:
    """Unknown commands, stray answers and broken messages leave the connection up."""
    broken = codec.HEADER.pack(20, codec.DELIVER_SM, 0, 5) + b"abcd"
    stray = codec.encode(codec.SmsResp(codec.SUBMIT_SM_RESP, 999, 0, b"x"))
    unknown = codec.HEADER.pack(16, 0x00000021, 0, 6)
    usual = codec.encode(replace(delivered(b"z"), sequence=7))
    async with raw_vendor(broken + stray + unknown + usual) as port:
        session = await bound(replace(endpoint(port), answer_timeout_s=0.1), recorder)
        await recorder.until(lambda heard: heard.receipts)
        assert dict(session.oddities) == {"malformed": 2, "unknown_answer": 1}
        assert session.closed is None
        session.abort()
        await session.close()


async def test_a_nack_is_a_refusal(desk: ScriptedDesk, recorder: Recorder) -> None:
    """A generic_nack with a request's number answers that request."""

    def nack(link: Link, sms: codec.Sms) -> None:
        link._send(codec.Bare(codec.GENERIC_NACK, sms.sequence, status.INVALID_LENGTH))

    desk.on_submit = nack
    async with talking(desk, recorder) as session:
        session.submit(messages(1))
        await recorder.until(lambda heard: heard.submitted)
        assert (recorder.submitted[0][0], recorder.submitted[0][2]) == (0, status.INVALID_LENGTH)


async def test_sequence_numbers_wrap(desk: ScriptedDesk, recorder: Recorder) -> None:
    """After 0x7FFFFFFF comes 1, and answers still find their messages."""
    desk.on_submit = desk.accept_and_report
    async with listening(desk) as port:
        session = await connect(
            endpoint(port), recorder, time.monotonic_ns, first_sequence=codec.LAST_SEQUENCE - 2
        )
        assert not isinstance(session, BindRefused)
        session.submit(messages(6))
        await recorder.until(lambda heard: len(heard.receipts) == 6)
        assert sorted(sms.sequence for _, sms in desk.received)[:3] == [1, 2, 3]
        assert [index for index, _, _, _ in recorder.submitted] == [0, 1, 2, 3, 4, 5]
        await session.close()


def test_records_are_cheap() -> None:
    """A batch is plain lists of plain tuples."""
    assert tuple(Events([], [], [])) == ([], [], [], None)

"""The SMGP client against a scripted gateway on real sockets."""

from dataclasses import replace
from typing import Any

import anyio
import pytest

from evaluators.protocols import text as texts
from evaluators.protocols.correlator import Correlator
from evaluators.protocols.session import NO_ANSWER
from evaluators.protocols.smgp import codec, receipt, status, tlv
from evaluators.protocols.smgp.server import Link, Pace, listening
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


async def test_messages_are_answered_and_reported(desk: ScriptedDesk, recorder: Recorder) -> None:
    """Each accepted message comes back once as submitted and once as delivered."""
    desk.on_submit = desk.accept_and_report
    async with talking(desk, recorder, window=50) as session:
        assert session.submit(messages(20)) == 20
        await recorder.until(lambda heard: len(heard.receipts) == 20)
        assert list(range(20)) == [index for index, _, _, _ in recorder.submitted]
        assert list(range(20)) == [record[0] for record in recorder.receipts]
        assert [message_id for _, _, _, message_id in recorder.submitted] == [
            record[1] for record in recorder.receipts
        ]
        assert recorder.submitted[0][3] == id_of(2).hex().encode()
        assert {"DELIVRD"} == {record[2] for record in recorder.receipts}
        assert session.outstanding == 0
        assert session.rtt_ns > 0
        assert not session.oddities


async def test_the_gateway_gets_all_that_was_configured(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """Numbers, text, fees and sources of the endpoint are in each submit."""
    settings: dict[str, Any] = {
        "source": "106900001",
        "service_id": "TEST",
        "fee_type": "01",
        "fee_code": "000010",
        "fixed_fee": "000001",
        "charge_number": "19900000009",
        "msg_src": "900001",
        "m_service_id": "P1",
        "link_id": "L1",
        "tp_pid": 63,
        "valid_time": "000001000000000R",
        "priority": 3,
    }
    async with talking(desk, recorder, **settings) as session:
        session.submit([(0, "19800000001", "【测试】你好"), (1, "16600000002", "code @1")])
        await recorder.until(lambda _: len(desk.received) == 2)
        first, second = (submit for _, submit in desk.received)
        expected = codec.Submit(
            2,
            "106900001",
            ("19800000001",),
            "【测试】你好".encode("gb18030"),
            codec.GB18030,
            need_report=1,
            service_id="TEST",
            fee_type="01",
            fee_code="000010",
            fixed_fee="000001",
            charge_number="19900000009",
            priority=3,
            valid_time="000001000000000R",
            tlvs=(
                tlv.text(tlv.LINK_ID, "L1"),
                tlv.text(tlv.MSG_SRC, "900001"),
                tlv.text(tlv.M_SERVICE_ID, "P1"),
                tlv.number(tlv.TP_PID, 63),
            ),
        )
        assert expected == first
        assert (second.msg_format, second.content) == (codec.ASCII, b"code @1")


async def test_version_1_3_is_spoken(desk: ScriptedDesk, recorder: Recorder) -> None:
    """With version 1.3 submits have no FixedFee, and the gateway reads them so."""
    desk.on_submit = desk.accept_and_report
    async with talking(desk, recorder, version="1.3", receipts=False) as session:
        session.submit(messages(2))
        await recorder.until(lambda heard: len(heard.receipts) == 2)
        assert [submit.need_report for _, submit in desk.received] == [0, 0]
        assert desk.received[1][1].destinations == ("19800000001",)


async def test_the_window_is_never_overrun(desk: ScriptedDesk, recorder: Recorder) -> None:
    """No more than sixteen requests are open unless asked for; answers make room again."""
    async with talking(desk, recorder) as session:
        assert session.submit(messages(20)) == 16
        assert (session.room, session.outstanding) == (0, 16)
        await recorder.until(lambda _: len(desk.received) == 16)
        desk.accept(*desk.received[0])
        await recorder.until(lambda heard: heard.submitted)
        assert session.room == 1


async def test_the_gateway_keeps_its_window_too(desk: ScriptedDesk, recorder: Recorder) -> None:
    """Reports beyond the window wait until the client has answered earlier ones."""
    desk.on_submit = desk.accept
    async with talking(desk, recorder, window=500, pace=Pace(window=2)) as session:
        session.submit(messages(200))
        await recorder.until(lambda heard: len(heard.submitted) == 200)
        for sequence in range(2, 202):
            desk.links[0].deliver(delivered(id_of(sequence)))
        await recorder.until(lambda heard: len(heard.receipts) == 200)
        assert [record[0] for record in recorder.receipts] == list(range(200))


async def test_the_next_messages_leave_with_the_answers(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """Submitting from inside the callback keeps the window full until all are sent."""
    count = [0]

    def accept(link: Link, submit: codec.Submit) -> None:
        count[0] += 1
        unique = bytes(6) + count[0].to_bytes(4, "big")
        link.answer(submit.sequence, 0, unique)
        link.deliver(delivered(unique))

    desk.on_submit = accept
    batch, sent = messages(500), [0]
    async with talking(desk, recorder) as session:
        recorder.on_events = lambda _: sent.append(session.submit(batch, sum(sent)))
        sent.append(session.submit(batch))
        await recorder.until(lambda heard: len(heard.receipts) == 500)
        assert sum(sent) == 500


async def test_refusals_are_data(desk: ScriptedDesk, recorder: Recorder) -> None:
    """A busy system and vendors' own codes come back as statuses, and nothing is sent again."""
    statuses = [status.BUSY, status.DAILY_QUOTA, 200]

    def refuse(link: Link, submit: codec.Submit) -> None:
        link.answer(submit.sequence, statuses[len(desk.received) - 1])

    desk.on_submit = refuse
    async with talking(desk, recorder) as session:
        session.submit(messages(3))
        await recorder.until(lambda heard: len(heard.submitted) == 3)
        assert [(told, b"") for told in statuses] == [
            (told, message_id) for _, _, told, message_id in recorder.submitted
        ]
        assert len(desk.received) == 3


async def test_reports_may_come_early_twice_and_unasked(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """Early, duplicate and unknown reports are told apart."""

    def answer(link: Link, submit: codec.Submit) -> None:
        link.deliver(delivered(id_of(submit.sequence)))
        link.deliver(delivered(b"0123456789", "EXPIRED", "16600000009"))
        desk.accept(link, submit)
        link.deliver(delivered(id_of(submit.sequence)))

    desk.on_submit = answer
    async with talking(desk, recorder, answer_timeout_s=0.6) as session:
        session.submit(messages(1))
        await recorder.until(lambda heard: len(heard.receipts) == 3)
        kinds = [(record[0], record[5], record[6], record[7]) for record in recorder.receipts]
        assert kinds == [
            (0, True, False, ""),
            (0, False, True, ""),
            (None, False, False, "16600000009"),
        ]


async def test_a_late_report_still_counts(desk: ScriptedDesk, recorder: Recorder) -> None:
    """A report long after its answer finds its message; one that never comes leaves it open."""
    desk.on_submit = desk.accept
    known = Correlator()
    async with listening(desk) as port:
        session = await logged_in(replace(endpoint(port), answer_timeout_s=0.1), recorder, known)
        session.submit(messages(2))
        await recorder.until(lambda heard: len(heard.submitted) == 2)
        await anyio.sleep(0.4)
        desk.links[0].deliver(delivered(id_of(2)))
        await recorder.until(lambda heard: heard.receipts)
        assert [(record[0], record[5]) for record in recorder.receipts] == [(0, False)]
        assert known.open == 1
        await session.close()


async def test_an_answer_that_never_comes_is_reported(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """A request without an answer ends as NO_ANSWER; a late answer still counts."""
    async with talking(desk, recorder, window=1, answer_timeout_s=0.2) as session:
        session.submit(messages(1))
        await recorder.until(lambda heard: heard.submitted)
        assert (recorder.submitted[0][0], *recorder.submitted[0][2:]) == (0, NO_ANSWER, b"")
        desk.accept(*desk.received[0])
        await recorder.until(lambda heard: len(heard.submitted) == 2)
        assert (recorder.submitted[1][0], recorder.submitted[1][2]) == (0, 0)


async def test_a_long_text_is_one_message(desk: ScriptedDesk, recorder: Recorder) -> None:
    """Parts say their place twice, wait for the window, and are one message in the end."""
    desk.on_submit = desk.accept_and_report
    async with talking(desk, recorder, window=2) as session:
        text = "【测试】" + "长" * 200
        assert session.submit([(5, "19800000001", text), (6, "19800000002", "x")]) == 1
        await recorder.until(lambda heard: heard.receipts)
        submits = [submit for _, submit in desk.received]
        read = [texts.read_header(submit.content) for submit in submits]
        assert [part and (part.total, part.number) for part, _ in read] == [
            (4, number) for number in (1, 2, 3, 4)
        ]
        assert len({part.reference for part, _ in read if part}) == 1
        for number, submit in enumerate(submits, 1):
            found = [
                tlv.find_number(submit.tlvs, tag)
                for tag in (tlv.TP_UDHI, tlv.PK_TOTAL, tlv.PK_NUMBER)
            ]
            assert found == [1, 4, number]
        assert text.encode("utf-16-be") == b"".join(data for _, data in read)
        assert [(index, told) for index, _, told, _ in recorder.submitted] == [(5, 0)]
        assert [(record[0], record[2]) for record in recorder.receipts] == [(5, "DELIVRD")]


async def test_long_texts_of_several_connections_have_different_references(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """Connections of one run never use the same concatenation reference at the same time."""
    known = Correlator()
    async with listening(desk) as port:
        sessions = [await logged_in(endpoint(port), recorder, known) for _ in range(3)]
        for index, session in enumerate(sessions):
            session.submit([(index, "19800000001", "长" * 100)])
        await recorder.until(lambda _: len(desk.received) == 6)
        parts = [texts.read_header(submit.content)[0] for _, submit in desk.received]
        assert len({part.reference for part in parts if part}) == 3
        for session in sessions:
            await session.close()


async def test_a_text_that_cannot_be_sent_stops_the_batch(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """A bad number raises before anything of the batch has left."""
    async with talking(desk, recorder) as session:
        with pytest.raises(ValueError, match="destination"):
            session.submit([*messages(3), (3, "1" * 22, "x")])
        assert (session.outstanding, session.room) == (0, 16)


async def test_a_handsets_message_is_a_reply(desk: ScriptedDesk, recorder: Recorder) -> None:
    """An opt-out arrives as text, in each format, not as a report."""
    async with talking(desk, recorder):
        for msg_format, content in (
            (codec.UCS2, "退订R".encode("utf-16-be")),
            (codec.GB18030, "退订R".encode("gb18030")),
            (codec.ASCII, b"id:0123456789 stat:DELIVRD"),
        ):
            deliver = codec.Deliver(0, bytes(10), "19800000001", "1069", content)
            deliver.msg_format = msg_format
            desk.links[0].deliver(deliver)
        await recorder.until(lambda heard: len(heard.replies) == 3)
        assert [reply[:3] for reply in recorder.replies] == [
            ("19800000001", "1069", "退订R"),
            ("19800000001", "1069", "退订R"),
            ("19800000001", "1069", "id:0123456789 stat:DELIVRD"),
        ]
        assert recorder.receipts == []


async def test_malformed_reports_are_answered_and_counted(recorder: Recorder) -> None:
    """Broken reports and stray messages leave the connection up, dripped octet by octet."""
    usual = delivered(b"0123456789")
    cut = codec.encode(usual)[:-30]
    cut = len(cut).to_bytes(4, "big") + cut[4:]
    no_state = replace(usual, content=usual.content[:40])
    bad_tlv = codec.encode(usual) + b"\0\1"
    bad_tlv = len(bad_tlv).to_bytes(4, "big") + bad_tlv[4:]
    unknown = codec.HEADER.pack(12, 0x77, 6)
    stray = codec.encode(codec.SmsResp(codec.SUBMIT_RESP, 999, 0, b"0123456789"))
    short = codec.HEADER.pack(20, codec.SUBMIT_RESP, 999) + bytes(8)
    twice = codec.encode(codec.LoginResp(1))
    stream = cut + codec.encode(no_state) + bad_tlv + unknown + stray + short + twice
    async with raw_gateway(stream + codec.encode(usual)) as port:
        session = await logged_in(replace(endpoint(port), answer_timeout_s=0.1), recorder)
        await recorder.until(lambda heard: heard.receipts)
        assert dict(session.oddities) == {
            "unproven_server": 1,
            "malformed": 5,
            "unreadable_report": 1,
            "unknown_answer": 1,
        }
        assert session.closed is None
        session.abort()
        await session.close()


async def test_binary_texts_in_reports_do_no_harm(desk: ScriptedDesk, recorder: Recorder) -> None:
    """The last twenty octets may be anything, even a report of their own."""
    desk.on_submit = desk.accept
    async with talking(desk, recorder) as session:
        session.submit(messages(3))
        await recorder.until(lambda heard: len(heard.submitted) == 3)
        nasty = (bytes(20), b" stat:UNDELIV err:1", b"\xff\xd8" * 10)
        for sequence, text in enumerate(nasty, 2):
            report = receipt.Report(id_of(sequence), "DELIVRD", "000", text=text)
            deliver = delivered(id_of(sequence))
            deliver.content = receipt.format(report)
            desk.links[0].deliver(deliver)
        await recorder.until(lambda heard: len(heard.receipts) == 3)
        assert [(record[0], record[2]) for record in recorder.receipts] == [
            (index, "DELIVRD") for index in range(3)
        ]


async def test_a_report_that_says_unknown_is_a_report(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """UNKNOWN with error 999 is one of the specified final states: it came, once and for all."""
    desk.on_submit = desk.accept
    async with talking(desk, recorder) as session:
        session.submit(messages(1))
        await recorder.until(lambda heard: len(heard.submitted) == 1)
        for _ in range(2):
            deliver = delivered(id_of(2))
            report = receipt.Report(id_of(2), "UNKNOWN", "999")
            deliver.content = receipt.format(report)
            desk.links[0].deliver(deliver)
        await recorder.until(lambda heard: len(heard.receipts) == 2)
        assert [(0, "UNKNOWN", "999", False), (0, "UNKNOWN", "999", True)] == [
            (record[0], record[2], record[3], record[6]) for record in recorder.receipts
        ]
        assert not session.oddities

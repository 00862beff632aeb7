"""The CMPP client against a scripted gateway on real sockets, in both versions."""

import time
from dataclasses import replace

import pytest

from evaluators.protocols import text as texts
from evaluators.protocols.cmpp import content, pdus, status
from evaluators.protocols.cmpp.server import Link, listening
from evaluators.protocols.cmpp.session import Version, connect
from evaluators.protocols.correlator import Correlator
from evaluators.protocols.session import NO_ANSWER, BindRefused
from evaluators.protocols.text import Part
from tests.integration.cmpp_scripted import (
    ScriptedDesk,
    bound,
    delivered,
    endpoint,
    message_id,
    talking,
)
from tests.integration.scripted_peer import Recorder, messages

pytestmark = pytest.mark.anyio
VERSIONS: list[Version] = ["2.0", "3.0"]


@pytest.fixture
def desk() -> ScriptedDesk:
    return ScriptedDesk()


@pytest.mark.parametrize("version", VERSIONS)
async def test_messages_are_answered_and_reported(
    desk: ScriptedDesk, recorder: Recorder, version: Version
) -> None:
    """Each accepted message comes back once as submitted and once as delivered."""
    desk.on_submit = desk.accept_and_report
    async with talking(desk, recorder, version=version, window=50) as session:
        assert 20 == session.submit(messages(20))
        await recorder.until(lambda heard: len(heard.receipts) == 20)
        assert list(range(20)) == [index for index, _, _, _ in recorder.submitted]
        assert list(range(20)) == [record[0] for record in recorder.receipts]
        assert {"DELIVRD"} == {record[2] for record in recorder.receipts}
        assert [pdus.V20 if version == "2.0" else pdus.V30] == [link.version for link in desk.links]
        assert {} == session.oddities
        assert session.rtt_ns > 0


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_gateway_gets_what_was_set(
    desk: ScriptedDesk, recorder: Recorder, version: Version
) -> None:
    """Number, text, sender and the account's settings arrive as they were given."""
    settings = {"service_id": "TPCQ", "fee_type": "02", "receipts": False, "msg_level": 3}
    async with talking(desk, recorder, version=version, **settings) as session:
        session.submit([(0, "19800000001", "【测试】你好"), (1, "16600000002", "code 1")])
        await recorder.until(lambda _: len(desk.received) == 2)
        first, second = (submit for _, submit in desk.received)
        assert ("1069", ("19800000001",), 8) == (first.source, first.destinations, first.msg_fmt)
        assert "【测试】你好".encode("utf-16-be") == first.content
        assert ("TPCQ", "02", 0, 3) == (
            first.service_id, first.fee_type, first.registered_delivery, first.msg_level
        )  # fmt: skip
        assert ("900001", 2, "") == (first.msg_src, first.fee_user_type, first.fee_terminal_id)
        assert (1, 1, 0) == (first.pk_total, first.pk_number, first.tp_udhi)
        assert (0, b"code 1") == (second.msg_fmt, second.content)


async def test_the_window_is_sixteen_and_never_overrun(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """No more than sixteen requests are open; answers make room again."""
    async with talking(desk, recorder) as session:
        assert 16 == session.submit(messages(40))
        assert (0, 16, 0) == (session.room, session.outstanding, session.submit(messages(40), 16))
        await recorder.until(lambda _: len(desk.received) == 16)
        for received in desk.received[:3]:
            desk.accept(*received)
        await recorder.until(lambda heard: len(heard.submitted) == 3)
        assert 3 == session.submit(messages(40), 16)


async def test_refusals_are_data(desk: ScriptedDesk, recorder: Recorder) -> None:
    """Flow control and other Results come back as they are; nothing is sent again."""
    results = [status.FLOW_CONTROL, status.BAD_SOURCE, 150]

    def refuse(link: Link, submit: pdus.Submit) -> None:
        link.answer(submit.sequence, results[len(desk.received) - 1])

    desk.on_submit = refuse
    async with talking(desk, recorder) as session:
        session.submit(messages(3))
        await recorder.until(lambda heard: len(heard.submitted) == 3)
        assert results == [told for _, _, told, _ in recorder.submitted]
        assert status.THROTTLED >= {recorder.submitted[0][2]}
        assert 3 == len(desk.received)


@pytest.mark.parametrize("version", VERSIONS)
async def test_reports_early_twice_late_and_unasked(
    desk: ScriptedDesk, recorder: Recorder, version: Version
) -> None:
    """Reports are told apart by when they come; one for nothing keeps its number."""

    def answer(link: Link, submit: pdus.Submit) -> None:
        raw = message_id(submit.sequence)
        link.deliver(delivered(raw))
        link.deliver(delivered(b"nobodys!", "EXPIRED", "16600000009"))
        desk.accept(link, submit)
        link.deliver(delivered(raw, shape=pdus.V20))

    desk.on_submit = answer
    async with talking(desk, recorder, version=version, answer_timeout_s=0.6) as session:
        session.submit(messages(1))
        await recorder.until(lambda heard: len(heard.receipts) == 3)
        kinds = [(record[0], record[5], record[6], record[7]) for record in recorder.receipts]
        assert [(0, True, False, ""), (0, False, True, "")] == kinds[:2]
        assert [(None, False, False, "16600000009")] == kinds[2:]


async def test_reports_come_on_any_connection_of_the_account(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """A report on another connection, and on the one after a reconnect, finds its message."""
    desk.on_submit = desk.accept
    async with listening(desk) as port:
        correlator = Correlator()
        one = await bound(endpoint(port), recorder, correlator)
        two = await bound(endpoint(port, "2.0"), recorder, correlator)
        one.submit(messages(3))
        await recorder.until(lambda heard: len(heard.submitted) == 3)
        ids = [bytes.fromhex(told.decode()) for *_, told in recorder.submitted]
        desk.links[1].deliver(delivered(ids[0]))
        await one.close()
        three = await bound(endpoint(port), recorder, correlator)
        desk.links[-1].deliver(delivered(ids[1]))
        await recorder.until(lambda heard: len(heard.receipts) == 2)
        assert [0, 1] == [record[0] for record in recorder.receipts]
        restarted = Correlator()
        restarted.restore([(recorder.submitted[2][3], 2)])
        four = await bound(endpoint(port), recorder, restarted)
        desk.links[-1].deliver(delivered(ids[2]))
        await recorder.until(lambda heard: len(heard.receipts) == 3)
        assert 2 == recorder.receipts[2][0]
        for session in (two, three, four):
            await session.close()


async def test_an_answer_that_never_comes_is_never_sent_again(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """A request without an answer ends as NO_ANSWER, once; a late answer still counts."""
    async with talking(desk, recorder, window=1, answer_timeout_s=0.2) as session:
        session.submit(messages(1))
        await recorder.until(lambda heard: heard.submitted)
        assert (0, NO_ANSWER, b"") == (recorder.submitted[0][0], *recorder.submitted[0][2:])
        desk.accept(*desk.received[0])
        await recorder.until(lambda heard: len(heard.submitted) == 2)
        assert (0, 0) == (recorder.submitted[1][0], recorder.submitted[1][2])
        assert 1 == len(desk.received)


@pytest.mark.parametrize(
    ("version", "bits", "size"), [("2.0", 8, 67), ("3.0", 8, 67), ("3.0", 16, 66)]
)
async def test_a_long_text_is_one_message(
    desk: ScriptedDesk, recorder: Recorder, version: Version, bits: int, size: int
) -> None:
    """Parts wait for the window, carry their header, and are one record in the end."""
    desk.on_submit = desk.accept_and_report
    text = "【测试】" + "长" * 200
    async with talking(desk, recorder, version=version, window=2, reference_bits=bits) as session:
        assert 1 == session.submit([(5, "19800000001", text), (6, "19800000002", "x")])
        assert 0 == session.room
        await recorder.until(lambda heard: heard.receipts)
        assert [(5, 0)] == [(index, told) for index, _, told, _ in recorder.submitted]
        assert 4 == len(recorder.submitted[0][3].split(b" "))
        assert [(5, "DELIVRD")] == [(record[0], record[2]) for record in recorder.receipts]
        parts = [texts.read_header(submit.content) for _, submit in desk.received]
        reference = parts[0][0].reference if parts[0][0] else -1
        assert [Part(reference, 4, order) for order in range(1, 5)] == [part for part, _ in parts]
        assert [(4, 1), (4, 2), (4, 3), (4, 4)] == [
            (submit.pk_total, submit.pk_number) for _, submit in desk.received
        ]
        assert text == "".join(content.decode(8, data) for _, data in parts)
        assert size == len(parts[0][1]) // 2


async def test_references_differ_over_all_connections(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """Two connections of a run never use the same reference for two long texts at a time."""
    async with listening(desk) as port:
        correlator = Correlator()
        sessions = [await bound(endpoint(port), recorder, correlator) for _ in range(2)]
        for session in sessions:
            session.submit([(0, "19800000001", "长" * 80), (1, "19800000001", "长" * 90)])
        await recorder.until(lambda _: len(desk.received) == 8)
        parts = [texts.read_header(submit.content)[0] for _, submit in desk.received]
        assert 4 == len({part.reference for part in parts if part})
        for session in sessions:
            session.abort()


async def test_a_text_that_cannot_be_sent_stops_the_batch(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """A number that does not fit raises before anything of the batch has left."""
    async with talking(desk, recorder) as session:
        with pytest.raises(ValueError, match="destination"):
            session.submit([*messages(3), (3, "1" * 33, "x")])
        assert (0, 16) == (session.outstanding, session.room)


async def test_gbk_on_request(desk: ScriptedDesk, recorder: Recorder) -> None:
    """A vendor that wants GB characters gets Msg_Fmt 15."""
    async with talking(desk, recorder, encoding="gbk") as session:
        session.submit([(0, "19800000001", "【测试】a")])
        await recorder.until(lambda _: desk.received)
        submit = desk.received[0][1]
        assert (15, "【测试】a".encode("gbk")) == (submit.msg_fmt, submit.content)


async def test_a_handsets_message_is_a_reply(desk: ScriptedDesk, recorder: Recorder) -> None:
    """An opt-out from a handset arrives as text, without its concatenation header."""
    async with talking(desk, recorder):
        text = bytes.fromhex("050003110201") + "退订".encode("utf-16-be")
        deliver = pdus.Deliver(0, b"12345678", "1069", "19800000001", text, msg_fmt=8, tp_udhi=1)
        desk.links[0].deliver(deliver)
        desk.links[0].deliver(replace(deliver, content=b"TD", msg_fmt=0, tp_udhi=0))
        await recorder.until(lambda heard: len(heard.replies) == 2)
        assert [("19800000001", "1069", "退订"), ("19800000001", "1069", "TD")] == [
            reply[:3] for reply in recorder.replies
        ]


async def test_sequence_numbers_wrap(desk: ScriptedDesk, recorder: Recorder) -> None:
    """After the last number comes 1, and answers still find their messages."""
    desk.on_submit = desk.accept_and_report
    async with listening(desk) as port:
        session = await connect(
            endpoint(port), recorder, time.monotonic_ns, first_sequence=pdus.LAST_SEQUENCE - 3
        )
        assert not isinstance(session, BindRefused)
        session.submit(messages(6))
        await recorder.until(lambda heard: len(heard.receipts) == 6)
        assert [1, 2, 3] == sorted(submit.sequence for _, submit in desk.received)[:3]
        assert [0, 1, 2, 3, 4, 5] == [index for index, _, _, _ in recorder.submitted]
        await session.close()

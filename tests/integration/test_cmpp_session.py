"""The CMPP client against a scripted gateway on real sockets, in both versions."""

import asyncio
import time
from dataclasses import replace
from datetime import datetime

import anyio
import pytest

from evaluators.protocols import text as texts
from evaluators.protocols.cmpp import codec, content, pdus, status
from evaluators.protocols.cmpp.server import Link, listening
from evaluators.protocols.cmpp.session import Version, connect
from evaluators.protocols.correlator import Correlator
from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.session import NO_ANSWER, BindRefused
from evaluators.protocols.text import Part
from tests.integration.cmpp_scripted import (
    ScriptedDesk,
    bound,
    delivered,
    endpoint,
    let_in,
    message_id,
    raw_gateway,
    talking,
)
from tests.integration.smpp_scripted import Recorder, messages

pytestmark = pytest.mark.anyio
VERSIONS: list[Version] = ["2.0", "3.0"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def desk() -> ScriptedDesk:
    return ScriptedDesk()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


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


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("settings", "status_", "name"),
    [({"password": "wrong"}, 3, "认证错"), ({"account": "900002"}, 2, "非法源地址")],
)
async def test_a_refused_login_is_a_value(
    desk: ScriptedDesk,
    recorder: Recorder,
    version: Version,
    settings: dict[str, str],
    status_: int,
    name: str,
) -> None:
    """A wrong password and an unknown account give the Status and its name."""
    async with listening(desk) as port:
        there = replace(endpoint(port, version), **settings)  # type: ignore[arg-type]
        refused = await connect(there, recorder, time.monotonic_ns)
        assert isinstance(refused, BindRefused)
        assert (status_, True) == (refused.status, name in refused.text)
        assert recorder.closed is None


@pytest.mark.parametrize("pad", [False, True])
async def test_short_accounts(desk: ScriptedDesk, recorder: Recorder, pad: bool) -> None:
    """An account of three characters logs in, padded or not; the clock is the caller's."""
    async with listening(desk) as port:
        there = replace(endpoint(port), account="123", pad_account=pad)
        session = await connect(
            there,
            recorder,
            time.monotonic_ns,
            wall=lambda: datetime(2026, 1, 2, 3, 4, 5),  # noqa: DTZ001
        )
        assert not isinstance(session, BindRefused)
        assert {} == session.oddities
        await session.close()


async def test_an_account_that_does_not_fit_is_an_error(recorder: Recorder) -> None:
    """Settings longer than the protocol's fields are refused by name before anything is sent."""
    async with raw_gateway(let_in()) as port:
        for wrong in ({"account": "1234567"}, {"source": "1" * 22}):
            with pytest.raises(ProtocolError, match=f"'{next(iter(wrong.values()))}' takes"):
                await connect(replace(endpoint(port), **wrong), recorder, time.monotonic_ns)  # type: ignore[arg-type]


async def test_a_gateway_of_2_0_is_spoken_to_in_2_0(recorder: Recorder) -> None:
    """Who asks for 3.0 and is answered in 2.0 goes on in 2.0, and says so."""
    report = codec.encode(replace(delivered(message_id(1), shape=pdus.V20)), pdus.V20)
    async with raw_gateway(let_in(pdus.V20), report) as port:
        session = await bound(replace(endpoint(port), answer_timeout_s=0.2), recorder)
        assert {"lower_version": 1, "wrong_authenticator": 1} == session.oddities
        assert 1 == session.submit(messages(1))
        await recorder.until(lambda heard: heard.receipts)
        assert (None, "DELIVRD", "19800000001") == (
            recorder.receipts[0][0], recorder.receipts[0][2], recorder.receipts[0][7]
        )  # fmt: skip
        assert session.closed is None
        session.abort()
        await session.close()


async def test_a_setting_that_2_0_cannot_carry_ends_the_attempt(recorder: Recorder) -> None:
    """Where the gateway turns out to speak 2.0, a longer LinkID is an error, not a surprise."""
    async with raw_gateway(let_in(pdus.V20)) as port:
        with pytest.raises(ProtocolError):
            await bound(replace(endpoint(port), link_id="0123456789"), recorder)


async def test_2_1_is_2_0_by_another_number(desk: ScriptedDesk, recorder: Recorder) -> None:
    """A gateway that wants 2.1 hears 0x21 and speaks the layout of 2.0."""
    desk.on_submit = desk.accept_and_report
    async with talking(desk, recorder, version="2.1") as session:
        session.submit(messages(3))
        await recorder.until(lambda heard: len(heard.receipts) == 3)
        assert (pdus.V20, {}) == (desk.links[0].version, session.oddities)


async def test_a_half_open_connection_is_noticed(desk: ScriptedDesk, recorder: Recorder) -> None:
    """When not even ACTIVE_TEST is answered, the connection is given up."""
    async with talking(desk, recorder, keepalive_s=0.1, answer_timeout_s=0.2) as session:
        desk.links[0].mute = True
        session.submit(messages(1))
        await recorder.until(lambda heard: heard.closed)
        assert recorder.closed is not None
        assert ("silent", NO_ANSWER) == (recorder.closed.reason, recorder.submitted[0][2])


async def test_keepalives_go_both_ways(desk: ScriptedDesk, recorder: Recorder) -> None:
    """A quiet connection is asked and answers, and stays up."""
    async with talking(desk, recorder, keepalive_s=0.1) as session:
        login = session.rtt_ns
        desk.links[0].ping()
        await anyio.sleep(0.7)
        assert session.closed is None
        assert login != session.rtt_ns
        assert {} == session.oddities


async def test_an_active_test_answered_with_twelve_octets(recorder: Recorder) -> None:
    """A keep-alive's answer without the reserved octet is an answer."""
    answers = b"".join(codec.HEADER.pack(12, pdus.ACTIVE_TEST_RESP, number) for number in (2, 3))
    async with raw_gateway(let_in(), answers) as port:
        session = await bound(endpoint(port), recorder)
        await anyio.sleep(0.05)
        assert (None, 0) == (session.closed, session.oddities["malformed"])
        session.abort()
        await session.close()


async def test_goodbyes(desk: ScriptedDesk, recorder: Recorder) -> None:
    """Closing is polite; a gateway may say goodbye too."""
    async with listening(desk) as port:
        session = await bound(endpoint(port), recorder)
        await session.close()
        assert recorder.closed is not None
        assert ("unbound", ()) == (recorder.closed.reason, recorder.closed.unanswered)
        other = Recorder()
        session = await bound(endpoint(port), other)
        desk.links[0].terminate()
        await other.until(lambda heard: heard.closed)
        assert other.closed is not None
        assert "peer_unbound" == other.closed.reason


async def test_a_connection_cut_in_the_middle_tells_what_is_open(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """What was sent and not answered when the gateway hung up is named."""

    def cut(link: Link, submit: pdus.Submit) -> None:
        if len(desk.received) < 4:
            desk.accept(link, submit)
        else:
            asyncio.get_running_loop().call_later(0.02, link.drop)

    desk.on_submit = cut
    async with talking(desk, recorder) as session:
        session.submit([*messages(5), (5, "19800000001", "长" * 100)])
        await recorder.until(lambda heard: heard.closed)
        assert recorder.closed is not None
        assert (3, 4, 5) == recorder.closed.unanswered
        assert 0 == session.submit(messages(1))


@pytest.mark.parametrize("garbage", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0" * 64, b"\xff" * 64])
async def test_garbage_ends_the_connection_only(recorder: Recorder, garbage: bytes) -> None:
    """Bytes that are no CMPP end this connection with a reason, and nothing else."""
    async with raw_gateway(let_in(), garbage) as port:
        await bound(endpoint(port), recorder)
        await recorder.until(lambda heard: heard.closed)
        assert recorder.closed is not None
        assert "protocol" == recorder.closed.reason


async def test_nonsense_in_good_form_is_counted(recorder: Recorder) -> None:
    """Broken messages, unknown commands and stray answers leave the connection up."""
    nonsense = (
        codec.HEADER.pack(20, pdus.DELIVER, 5) + b"abcdefgh"
        + codec.HEADER.pack(16, 0x00000103, 6) + b"abcd"
        + codec.HEADER.pack(15, pdus.SUBMIT_RESP, 2) + b"abc"
        + codec.encode(pdus.SmsResp(pdus.SUBMIT_RESP, 999, bytes(8)), pdus.V30)
    )  # fmt: skip
    async with raw_gateway(let_in(), nonsense) as port:
        session = await bound(endpoint(port), recorder)
        with anyio.fail_after(5):
            while not session.oddities["unknown_answer"]:  # noqa: ASYNC110 - it drips
                await anyio.sleep(0.001)
        assert 3 == session.oddities["malformed"]
        assert session.closed is None
        session.abort()
        await session.close()


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

"""The SMPP client path against a scripted vendor on real sockets."""

import asyncio
import ssl
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import anyio
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from evaluators.protocols.correlator import Correlator
from evaluators.protocols.session import NO_ANSWER, BindRefused, Events
from evaluators.protocols.smpp import codec, status
from evaluators.protocols.smpp.server import Link, listening
from evaluators.protocols.smpp.session import connect
from tests.integration.smpp_scripted import (
    Recorder,
    ScriptedDesk,
    bound,
    delivered,
    endpoint,
    messages,
    raw_vendor,
    talking,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def desk() -> ScriptedDesk:
    return ScriptedDesk()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


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
    async with talking(desk, recorder, answer_timeout_s=0.3) as session:
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
        assert session.room == 1
        desk.accept(*desk.received[0])
        await recorder.until(lambda heard: len(heard.submitted) == 2)
        assert (recorder.submitted[1][0], recorder.submitted[1][2]) == (0, 0)


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


async def test_a_wrong_password_is_a_value(desk: ScriptedDesk, recorder: Recorder) -> None:
    """A refused bind gives the vendor's code and its name."""
    async with listening(desk) as port:
        there = replace(endpoint(port), password="wrong")
        refused = await connect(there, recorder, time.monotonic_ns)
        assert BindRefused(0x0E, "ESME_RINVPASWD") == refused
        assert recorder.closed is None


async def test_nobody_there_is_an_error(recorder: Recorder) -> None:
    """A host that cannot be reached raises OSError."""
    async with listening(ScriptedDesk()) as port:
        pass
    with pytest.raises(OSError, match=r"refused|failed"):
        await connect(endpoint(port), recorder, time.monotonic_ns)


async def test_connections_may_be_one_way(desk: ScriptedDesk, recorder: Recorder) -> None:
    """A transmitter sends, a receiver gets the receipts, one correlator joins them."""
    async with listening(desk) as port:
        correlator = Correlator()
        out = await bound(replace(endpoint(port), bind="transmitter"), recorder, correlator)
        back = await bound(replace(endpoint(port), bind="receiver"), recorder, correlator)
        desk.on_submit = desk.accept
        out.submit(messages(2))
        await recorder.until(lambda heard: len(heard.submitted) == 2)
        assert [link.takes_receipts for link in desk.links] == [False, True]
        for _, _, _, message_id in recorder.submitted:
            desk.links[1].deliver(delivered(message_id))
        await recorder.until(lambda heard: len(heard.receipts) == 2)
        assert [record[0] for record in recorder.receipts] == [0, 1]
        await out.close()
        await back.close()


async def test_receipts_may_come_on_the_next_connection(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """After a reconnect, and after a restart, receipts still find their messages."""
    desk.on_submit = desk.accept
    async with listening(desk) as port:
        first = await bound(endpoint(port), recorder)
        first.submit(messages(2))
        await recorder.until(lambda heard: len(heard.submitted) == 2)
        stored = [(message_id, index) for index, _, _, message_id in recorder.submitted]
        await first.close()
        restarted = Correlator()
        restarted.restore(stored)
        second = await bound(endpoint(port), recorder, restarted)
        for message_id, _ in stored:
            desk.links[0].deliver(delivered(message_id))
        await recorder.until(lambda heard: len(heard.receipts) == 2)
        assert [record[0] for record in recorder.receipts] == [0, 1]
        await second.close()


async def test_closing_is_polite(desk: ScriptedDesk, recorder: Recorder) -> None:
    """An unbind is sent and awaited; the runner hears why the connection ended, once."""
    async with listening(desk) as port:
        session = await bound(endpoint(port), recorder)
        await session.close()
        assert recorder.closed is not None
        assert (recorder.closed.reason, recorder.closed.unanswered) == ("unbound", ())
        assert (session.room, session.submit(messages(1))) == (0, 0)
        await session.close()
        assert recorder.batches == 1


async def test_a_connection_cut_in_the_middle_tells_what_is_open(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """What was sent and not answered when the vendor hung up is named; nothing is sent again."""

    def cut(link: Link, sms: codec.Sms) -> None:
        if len(desk.received) < 4:
            desk.accept(link, sms)
        else:
            asyncio.get_running_loop().call_later(0.02, link.drop)

    desk.on_submit = cut
    async with talking(desk, recorder) as session:
        session.submit([*messages(5), (5, "19800000001", "长" * 100)])
        await recorder.until(lambda heard: heard.closed)
        assert recorder.closed is not None
        assert recorder.closed.reason in {"lost", "peer_closed"}
        assert recorder.closed.unanswered == (3, 4, 5)
        assert (session.room, session.submit(messages(1))) == (0, 0)
        assert len(desk.received) == 7


async def test_a_half_open_connection_is_noticed(desk: ScriptedDesk, recorder: Recorder) -> None:
    """When not even keep-alives are answered, the connection is given up."""
    async with talking(desk, recorder, keepalive_s=0.1, answer_timeout_s=0.2) as session:
        desk.links[0].mute = True
        session.submit(messages(1))
        await recorder.until(lambda heard: heard.closed)
        assert recorder.closed is not None
        assert recorder.closed.reason == "silent"
        assert recorder.submitted[0][2] == NO_ANSWER


async def test_keepalives_go_both_ways(desk: ScriptedDesk, recorder: Recorder) -> None:
    """A quiet connection is asked and answers, and stays up."""
    async with talking(desk, recorder, keepalive_s=0.1, answer_timeout_s=0.2) as session:
        login = session.rtt_ns
        await anyio.sleep(0.8)
        assert session.closed is None
        assert login != session.rtt_ns


@pytest.mark.parametrize("garbage", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0" * 64, b"\xff" * 64])
async def test_garbage_ends_the_connection_only(recorder: Recorder, garbage: bytes) -> None:
    """Bytes that are no SMPP end this connection with a reason, and nothing else."""
    async with raw_vendor(garbage) as port:
        session = await bound(endpoint(port), recorder)
        await recorder.until(lambda heard: heard.closed)
        assert recorder.closed is not None
        assert recorder.closed.reason == "protocol"
        assert recorder.closed == session.closed


async def test_oddities_are_answered_and_counted(recorder: Recorder) -> None:
    """Unknown commands, stray answers and broken messages leave the connection up."""
    broken = codec.HEADER.pack(20, codec.DELIVER_SM, 0, 5) + b"abcd"
    stray = codec.encode(codec.SmsResp(codec.SUBMIT_SM_RESP, 999, 0, b"x"))
    unknown = codec.HEADER.pack(16, 0x00000103, 0, 6)
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


async def test_a_vendor_may_say_goodbye(desk: ScriptedDesk, recorder: Recorder) -> None:
    """An unbind from the vendor is answered and ends the session with that reason."""
    async with talking(desk, recorder):
        desk.links[0]._send(codec.Bare(codec.UNBIND, 77))
        await recorder.until(lambda heard: heard.closed)
        assert recorder.closed is not None
        assert recorder.closed.reason == "peer_unbound"


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


async def test_a_bind_that_is_never_answered_is_given_up(recorder: Recorder) -> None:
    """A server that accepts the connection and says nothing ends in TimeoutError."""
    async with raw_vendor(None) as port:
        there = replace(endpoint(port), connect_timeout_s=0.1)
        with pytest.raises(TimeoutError):
            await connect(there, recorder, time.monotonic_ns)


def certified(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate made on the spot, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    host = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).add_extension(host, critical=False)
    certificate = builder.not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file = folder / "vendor.pem"
    file.write_bytes(certificate.public_bytes(Encoding.PEM) + private)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cafile=file)


async def test_connections_may_be_encrypted(
    desk: ScriptedDesk, recorder: Recorder, tmp_path: Path
) -> None:
    """Over TLS everything is the same; a certificate nobody vouches for is refused."""
    at_server, at_client = certified(tmp_path)
    desk.on_submit = desk.accept_and_report
    loop = asyncio.get_running_loop()
    links: set[Link] = set()
    server = await loop.create_server(lambda: Link(desk, links), "127.0.0.1", 0, ssl=at_server)
    there = endpoint(server.sockets[0].getsockname()[1])
    async with server:
        with pytest.raises(ssl.SSLCertVerificationError):
            await connect(replace(there, tls=True), recorder, time.monotonic_ns)
        session = await bound(replace(there, tls=at_client), recorder)
        session.submit(messages(30))
        await recorder.until(lambda heard: len(heard.receipts) == 30)
        await session.close()


def test_records_are_cheap() -> None:
    """A batch is plain lists of plain tuples."""
    assert tuple(Events([], [], [])) == ([], [], [], None)

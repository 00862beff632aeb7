"""SMPP connections come, break and go, against a scripted vendor on real sockets."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from itertools import pairwise
from pathlib import Path

import anyio
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from evaluators.protocols.correlator import Correlator
from evaluators.protocols.session import NO_ANSWER, BindRefused
from evaluators.protocols.smpp import codec
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


@asynccontextmanager
async def deaf_vendor(asked: list[float], answers: int = 0) -> AsyncIterator[int]:
    """Notes when a keep-alive came, and answers only the one with the number `answers`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readexactly(16)
                length, command, _, sequence = codec.HEADER.unpack(head)
                await reader.readexactly(length - 16)
                if command == codec.BIND_TRANSCEIVER:
                    answer = codec.BindResp(codec.BIND_TRANSCEIVER_RESP, sequence, 0, "deaf")
                    writer.write(codec.encode(answer))
                elif command == codec.ENQUIRE_LINK:
                    asked.append(time.monotonic())
                    if len(asked) == answers:
                        writer.write(codec.encode(codec.Bare(codec.ENQUIRE_LINK_RESP, sequence)))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await asyncio.sleep(0.05)


async def test_a_keepalive_is_repeated_before_the_link_is_called_dead(recorder: Recorder) -> None:
    """Three go out, an answer time-out apart; only then is the connection given up."""
    asked: list[float] = []
    async with deaf_vendor(asked) as port:
        there = replace(endpoint(port), keepalive_s=0.1, answer_timeout_s=0.1)
        await bound(there, recorder)
        await recorder.until(lambda heard: heard.closed)
        assert recorder.closed is not None
        assert recorder.closed.reason == "silent"
        assert len(asked) == 3
        assert all(later - earlier >= 0.1 for earlier, later in pairwise(asked))


async def test_one_late_answer_keeps_the_link_alive(recorder: Recorder) -> None:
    """A vendor that answers the third question only is not called dead."""
    asked: list[float] = []
    async with deaf_vendor(asked, answers=3) as port:
        there = replace(endpoint(port), keepalive_s=0.1, answer_timeout_s=0.1)
        session = await bound(there, recorder)
        await recorder.until(lambda _: len(asked) == 5)
        assert session.closed is None
        session.abort()
        await session.close()


async def test_keepalives_go_both_ways(desk: ScriptedDesk, recorder: Recorder) -> None:
    """A quiet connection is asked and answers, and stays up."""
    async with talking(desk, recorder, keepalive_s=0.1) as session:
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


async def test_a_vendor_may_say_goodbye(desk: ScriptedDesk, recorder: Recorder) -> None:
    """An unbind from the vendor is answered and ends the session with that reason."""
    async with talking(desk, recorder):
        desk.links[0]._send(codec.Bare(codec.UNBIND, 77))
        await recorder.until(lambda heard: heard.closed)
        assert recorder.closed is not None
        assert recorder.closed.reason == "peer_unbound"


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


async def test_a_farewell_nobody_answers_ends_anyway(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """Closing waits only so long for the vendor's answer."""
    async with talking(desk, recorder) as session:
        desk.links[0].mute = True
        await session.close(patience_s=0.05)
        assert recorder.closed is not None
        assert recorder.closed.reason == "unbound"


async def test_hanging_up_instead_of_an_answer_is_an_error(recorder: Recorder) -> None:
    """A vendor that cuts the connection before answering the bind raises ConnectionError."""
    async with raw_vendor(None, hang_up=True) as port:
        with pytest.raises(ConnectionError, match="before the login"):
            await connect(endpoint(port), recorder, time.monotonic_ns)
        assert recorder.closed is None


async def test_a_peer_that_does_not_read_gets_nothing_more(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """While the socket takes no more, there is no room."""
    async with talking(desk, recorder) as session:
        session.pause_writing()
        assert (session.room, session.submit(messages(1))) == (0, 0)
        session.resume_writing()
        assert session.submit(messages(1)) == 1

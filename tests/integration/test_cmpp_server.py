"""The gateway's side of CMPP against clients that behave badly, in both versions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import anyio
import pytest
from anyio.abc import SocketStream

from evaluators.protocols.cmpp import codec, login, pdus, status
from evaluators.protocols.cmpp.pdus import V20, V30
from evaluators.protocols.cmpp.server import listening
from tests.integration.cmpp_scripted import ScriptedDesk, bound, delivered, endpoint, message_id
from tests.integration.scripted_peer import Recorder, messages

pytestmark = pytest.mark.anyio
DIGEST = login.authenticator("900001", "simulate", 102030405)
BOTH = [V20, V30]


@asynccontextmanager
async def client(port: int) -> AsyncIterator[SocketStream]:
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        yield stream


def greeting(version: int = V30, digest: bytes = DIGEST, account: str = "900001") -> bytes:
    return codec.encode(pdus.Connect(1, account, digest, 102030405, version), V30)


def submission(version: int, text: bytes = b"hi", msg_fmt: int = 0) -> bytes:
    return codec.encode(pdus.Submit(2, "1069", ("19800000001",), text, msg_fmt), version)


async def answers(stream: SocketStream, count: int, version: int = V30) -> list[pdus.Pdu]:
    """The next messages the server sends."""
    frames, found = codec.Frames(), list[pdus.Pdu]()
    with anyio.fail_after(5):
        while len(found) < count:
            found += [codec.decode(one, version) for one in frames.feed(await stream.receive())]
    return found


@pytest.mark.parametrize("version", BOTH)
async def test_the_connection_speaks_what_its_connect_says(version: int) -> None:
    """Both versions log in on one port and are answered in their own layout, octet for octet."""
    desk = ScriptedDesk()
    desk.on_submit = desk.accept_and_report
    async with listening(desk) as port, client(port) as stream:
        await stream.send(greeting(version) + submission(version))
        welcome, accepted, report = await answers(stream, 3, version)
        size = 1 if version == V20 else 4
        proof = login.answer(bytes(size), DIGEST, "simulate")
        assert pdus.ConnectResp(1, 0, proof, version) == welcome
        assert pdus.SmsResp(pdus.SUBMIT_RESP, 2, message_id(2)) == accepted
        assert replace(delivered(message_id(2)), sequence=1) == report


@pytest.mark.parametrize("version", BOTH)
@pytest.mark.parametrize(
    ("connect", "expected"),
    [
        ({"digest": bytes(16)}, status.LOGIN_WRONG_SECRET),
        ({"account": "900002"}, status.LOGIN_BAD_SOURCE),
    ],
)
async def test_who_may_not_enter_is_told_why(
    version: int, connect: dict[str, object], expected: int
) -> None:
    """A refused login gets its Status with an empty authenticator, then the connection ends."""
    desk = ScriptedDesk()
    async with listening(desk) as port, client(port) as stream:
        await stream.send(greeting(version, **connect) + submission(version))  # type: ignore[arg-type]
        assert [pdus.ConnectResp(1, expected, bytes(16), version)] == await answers(stream, 1)
        with pytest.raises(anyio.EndOfStream):
            await stream.receive()
        assert ([], []) == (desk.links, desk.received)


async def test_a_version_too_high_is_refused() -> None:
    """A client of a later version hears which is the highest here."""
    async with listening(ScriptedDesk()) as port, client(port) as stream:
        await stream.send(greeting(0x40))
        refusal = pdus.ConnectResp(1, status.LOGIN_VERSION_TOO_HIGH, bytes(16), V30)
        assert [refusal] == await answers(stream, 1)


@pytest.mark.parametrize(
    "first",
    [
        submission(V30),
        codec.encode(pdus.Bare(pdus.ACTIVE_TEST, 1), V30),
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff" * 32,
        bytes(32),
        codec.HEADER.pack(20, pdus.CONNECT, 1) + bytes(8),
    ],
)
async def test_who_does_not_log_in_first_is_cut_off(first: bytes) -> None:
    """Nothing is taken and nothing is said before the login; others go on undisturbed."""
    desk, recorder = ScriptedDesk(), Recorder()
    desk.on_submit = desk.accept_and_report
    async with listening(desk) as port:
        session = await bound(endpoint(port), recorder)
        async with client(port) as stream:
            await stream.send(first)
            with pytest.raises(anyio.EndOfStream), anyio.fail_after(5):
                await stream.receive()
        session.submit(messages(3))
        await recorder.until(lambda heard: len(heard.receipts) == 3)
        assert 3 == len(desk.received)
        await session.close()


async def test_a_second_login_is_refused() -> None:
    """Who is logged in cannot log in again."""
    async with listening(ScriptedDesk()) as port, client(port) as stream:
        await stream.send(greeting() + greeting())
        found = await answers(stream, 2)
        assert [0, 5] == [one.status for one in found if isinstance(one, pdus.ConnectResp)]


@pytest.mark.parametrize("version", BOTH)
async def test_bytes_one_by_one_are_the_same_bytes(version: int) -> None:
    """A client that drips its messages is served like any other."""
    desk = ScriptedDesk()
    desk.on_submit = desk.accept
    async with listening(desk) as port, client(port) as stream:
        for octet in greeting(version) + submission(version):
            await stream.send(bytes((octet,)))
        expected = pdus.SmsResp(pdus.SUBMIT_RESP, 2, message_id(2))
        assert expected == (await answers(stream, 2, version))[1]


@pytest.mark.parametrize("version", BOTH)
async def test_a_broken_message_is_refused_and_the_next_taken(version: int) -> None:
    """A SUBMIT whose lengths disagree, or with too long a text, costs only itself."""
    desk = ScriptedDesk()
    desk.on_submit = desk.accept
    broken = codec.HEADER.pack(20, pdus.SUBMIT, 7) + b"abcdefgh"
    unknown = codec.HEADER.pack(16, 0x00000103, 8) + b"abcd"
    too_long = submission(version, bytes(142), 8) + submission(version, b"x" * 160)
    async with listening(desk) as port, client(port) as stream:
        await stream.send(greeting(version) + broken + unknown + too_long + submission(version))
        found = (await answers(stream, 5, version))[1:]
        assert [(7, 4), (2, 6), (2, 6), (2, 0)] == [
            (one.sequence, one.result) for one in found if isinstance(one, pdus.SmsResp)
        ]
        assert 1 == len(desk.received)


async def test_half_a_message_is_not_a_message() -> None:
    """A client that vanishes in the middle of a message leaves nothing behind."""
    desk = ScriptedDesk()
    async with listening(desk) as port:
        async with client(port) as stream:
            await stream.send(greeting() + submission(V30)[:-5])
            await answers(stream, 1)
        with anyio.fail_after(5):
            while desk.links:  # noqa: ASYNC110 - until the server has noticed
                await anyio.sleep(0.001)
        assert [] == desk.received


@pytest.mark.parametrize("version", BOTH)
async def test_questions_get_answers(version: int) -> None:
    """ACTIVE_TEST, QUERY and CANCEL are answered, a goodbye as the last thing."""
    asked: list[pdus.Pdu] = [
        pdus.Bare(pdus.ACTIVE_TEST, 5),
        pdus.Query(6, "20261122", 1, "TPCQ"),
        pdus.Cancel(7, bytes(8)),
        pdus.Bare(pdus.ACTIVE_TEST_RESP, 8),
        pdus.Bare(pdus.TERMINATE, 9),
        pdus.Bare(pdus.ACTIVE_TEST, 10),
    ]
    async with listening(ScriptedDesk()) as port, client(port) as stream:
        written = [codec.encode(one, version) for one in asked]
        await stream.send(greeting(version) + b"".join(written))
        assert [
            pdus.Bare(pdus.ACTIVE_TEST_RESP, 5),
            pdus.QueryResp(6, "20261122", 1, "TPCQ", tuple(range(8))),
            pdus.CancelResp(7, 1),
            pdus.Bare(pdus.TERMINATE_RESP, 9),
        ] == (await answers(stream, 5, version))[1:]
        with pytest.raises(anyio.EndOfStream):
            await stream.receive()


async def test_who_does_not_read_is_cut_off() -> None:
    """A client that lets reports pile up unread loses its connection."""
    desk = ScriptedDesk()
    async with listening(desk) as port, client(port) as stream:
        await stream.send(greeting())
        await answers(stream, 1)
        with anyio.fail_after(10):
            while desk.links:
                for _ in range(2000):
                    desk.links[0].deliver(pdus.Deliver(0, bytes(8), "1", "2", bytes(255)))
                await asyncio.sleep(0)
        assert [] == desk.links

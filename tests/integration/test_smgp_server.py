"""The vendor's side of SMGP against clients that behave badly."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest
from anyio.abc import SocketStream

from evaluators.protocols.smgp import codec, login, status
from evaluators.protocols.smgp.server import Pace, listening
from tests.integration.scripted_peer import Recorder, messages
from tests.integration.smgp_scripted import (
    ScriptedDesk,
    delivered,
    endpoint,
    id_of,
    logged_in,
)

pytestmark = pytest.mark.anyio
SUBMIT = codec.encode(codec.Submit(2, "1069", ("19800000001",), b"hi", codec.ASCII))


def greeting(
    mode: int = codec.BOTH, version: int = codec.VERSION, account: str = "10690001"
) -> bytes:
    proof = login.authenticator(account, "simulate", 301000000)
    return codec.encode(codec.Login(1, account, proof, mode, 301000000, version))


@asynccontextmanager
async def client(port: int) -> AsyncIterator[SocketStream]:
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        yield stream


async def answers(stream: SocketStream, count: int) -> list[codec.Pdu]:
    """The next messages the server sends."""
    frames, found = codec.Frames(), list[codec.Pdu]()
    with anyio.fail_after(5):
        while len(found) < count:
            found += [codec.decode(frame) for frame in frames.feed(await stream.receive())]
    return found


async def test_a_message_before_the_login_is_refused() -> None:
    """Nothing is taken from a connection that has not logged in."""
    desk = ScriptedDesk()
    async with listening(desk) as port, client(port) as stream:
        await stream.send(SUBMIT)
        expected = codec.SmsResp(codec.SUBMIT_RESP, 2, status.WRONG_PASSWORD)
        assert [expected] == await answers(stream, 1)
        assert desk.received == []


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (greeting(version=0x31), status.VERSION_TOO_HIGH),
        (greeting(mode=3), status.BAD_STRUCTURE),
        (greeting(account="1069"), status.WRONG_PASSWORD),
        (codec.encode(codec.Login(1, "10690001")), status.WRONG_PASSWORD),
        (codec.HEADER.pack(20, codec.LOGIN, 1) + bytes(8), status.BAD_STRUCTURE),
    ],
)
async def test_a_login_is_refused_with_its_reason(bad: bytes, expected: int) -> None:
    """Version, mode, account and proof have codes of their own; the refusal proves nothing."""
    async with listening(ScriptedDesk()) as port, client(port) as stream:
        await stream.send(bad)
        assert [codec.LoginResp(1, expected)] == await answers(stream, 1)


async def test_the_server_proves_itself() -> None:
    """An accepted login is answered with the digest of status, proof and secret."""
    async with listening(ScriptedDesk()) as port, client(port) as stream:
        await stream.send(greeting() + greeting())
        proof = login.authenticator("10690001", "simulate", 301000000)
        assert await answers(stream, 2) == [
            codec.LoginResp(1, 0, login.answer(0, proof, "simulate")),
            codec.LoginResp(1, status.UNKNOWN_COMMAND),
        ]


async def test_requests_are_answered_to_the_byte() -> None:
    """Tests, queries, Forwards, long contents and farewells get what the protocol has for them."""
    long = codec.Submit(3, "1069", ("19800000001",), bytes(141))
    none = codec.Submit(4, "1069", ("19800000001",))
    no_destination = bytearray(codec.encode(none))
    no_destination[116] = 0
    forward = codec.HEADER.pack(22, codec.FORWARD, 5) + b"0123456789"
    async with listening(ScriptedDesk()) as port, client(port) as stream:
        await stream.send(greeting())
        await answers(stream, 1)
        await stream.send(
            codec.encode(codec.Bare(codec.ACTIVE_TEST, 7))
            + codec.encode(codec.Query(8, "20261122", 1, "TEST"))
            + forward
            + codec.HEADER.pack(12, 0x55, 6)
            + codec.encode(long)
            + bytes(no_destination)
            + codec.encode(codec.Bare(codec.EXIT, 9))
        )
        assert await answers(stream, 6) == [
            codec.Bare(codec.ACTIVE_TEST_RESP, 7),
            codec.QueryResp(8, "20261122", 1, "TEST", (0, *range(7))),
            codec.SmsResp(codec.FORWARD_RESP, 5, status.UNKNOWN_COMMAND, b"0123456789"),
            codec.SmsResp(codec.SUBMIT_RESP, 3, status.INVALID_LENGTH),
            codec.SmsResp(codec.SUBMIT_RESP, 4, status.INVALID_DESTINATION),
            codec.Bare(codec.EXIT_RESP, 9),
        ]


async def test_bytes_one_by_one_are_the_same_bytes() -> None:
    """A client that drips its messages is served like any other."""
    desk = ScriptedDesk()
    desk.on_submit = desk.accept
    async with listening(desk) as port, client(port) as stream:
        for octet in greeting() + SUBMIT:
            await stream.send(bytes((octet,)))
        assert codec.SmsResp(codec.SUBMIT_RESP, 2, 0, id_of(2)) == (await answers(stream, 2))[1]


@pytest.mark.parametrize("garbage", [b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 32, bytes(32)])
async def test_garbage_costs_its_sender_the_connection(garbage: bytes) -> None:
    """Nonsense is cut off; others go on undisturbed."""
    desk, recorder = ScriptedDesk(), Recorder()
    desk.on_submit = desk.accept_and_report
    async with listening(desk) as port, client(port) as stream:
        session = await logged_in(endpoint(port), recorder)
        await stream.send(garbage)
        with anyio.fail_after(5), pytest.raises(anyio.EndOfStream):
            await stream.receive()
        session.submit(messages(3))
        await recorder.until(lambda heard: len(heard.receipts) == 3)
        await session.close()


async def test_a_client_that_answers_nothing_gets_no_more_than_the_window() -> None:
    """Reports wait for the client; after its patience the server sends the next ones."""
    desk = ScriptedDesk()
    pace = Pace(window=3, patience_s=0.3, quiet_s=0.1, tests=100)
    async with listening(desk, pace=pace) as port, client(port) as stream:
        await stream.send(greeting())
        await answers(stream, 1)
        for _ in range(5):
            desk.links[0].deliver(delivered(b"0123456789"))
        first = [pdu for pdu in await answers(stream, 4) if isinstance(pdu, codec.Deliver)]
        assert [deliver.sequence for deliver in first] == [1, 2, 3]
        await anyio.sleep(0.3)
        desk.links[0].deliver(delivered(b"0123456789"))
        await stream.send(codec.encode(codec.SmsResp(codec.DELIVER_RESP, 3)))
        found = await answers(stream, 4)
        assert len([pdu for pdu in found if isinstance(pdu, codec.Deliver)]) == 3


async def test_a_dead_client_is_cut_off() -> None:
    """After N vain tests a connection is given up."""
    desk = ScriptedDesk()
    pace = Pace(quiet_s=0.05, patience_s=0.05, tests=3)
    async with listening(desk, pace=pace) as port, client(port) as stream:
        await stream.send(greeting())
        heard = await answers(stream, 4)
        assert [pdu.command for pdu in heard if isinstance(pdu, codec.Bare)] == [
            codec.ACTIVE_TEST
        ] * 3
        with anyio.fail_after(5), pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
            await stream.receive()
        assert desk.links == []

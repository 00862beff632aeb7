"""The vendor's side of SMPP against clients that behave badly."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest
from anyio.abc import SocketStream

from evaluators.protocols.smpp import codec, status
from evaluators.protocols.smpp.server import listening
from tests.integration.scripted_peer import Recorder, messages
from tests.integration.smpp_scripted import ScriptedDesk, bound, endpoint

pytestmark = pytest.mark.anyio
BIND = codec.encode(codec.Bind(codec.BIND_TRANSCEIVER, 1, "buyer", "simulate"))
SUBMIT = codec.encode(codec.Sms(codec.SUBMIT_SM, 2, "1069", "19800000001", b"hi"))


@asynccontextmanager
async def client(port: int) -> AsyncIterator[SocketStream]:
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        yield stream


async def answers(stream: SocketStream, count: int) -> list[codec.Pdu]:
    """The next PDUs the server sends."""
    frames, found = codec.Frames(), list[codec.Pdu]()
    with anyio.fail_after(5):
        while len(found) < count:
            found += [codec.decode(frame) for frame in frames.feed(await stream.receive())]
    return found


async def test_a_message_before_the_bind_is_refused() -> None:
    """Nothing is taken from a connection that has not logged in."""
    desk = ScriptedDesk()
    async with listening(desk) as port, client(port) as stream:
        await stream.send(SUBMIT)
        expected = codec.SmsResp(codec.SUBMIT_SM_RESP, 2, status.WRONG_BIND_STATE)
        assert [expected] == await answers(stream, 1)
        assert desk.received == []


async def test_a_second_bind_is_refused() -> None:
    """A bound connection cannot bind again."""
    async with listening(ScriptedDesk()) as port, client(port) as stream:
        await stream.send(BIND + BIND)
        assert [
            pdu.status for pdu in await answers(stream, 2) if isinstance(pdu, codec.BindResp)
        ] == [0, status.ALREADY_BOUND]


async def test_a_receiver_cannot_submit() -> None:
    """Who bound to receive may not send."""
    bind = codec.encode(codec.Bind(codec.BIND_RECEIVER, 1, "buyer", "simulate"))
    async with listening(ScriptedDesk()) as port, client(port) as stream:
        await stream.send(bind + SUBMIT)
        refusal = (await answers(stream, 2))[1]
        assert codec.SmsResp(codec.SUBMIT_SM_RESP, 2, status.WRONG_BIND_STATE) == refusal


async def test_bytes_one_by_one_are_the_same_bytes() -> None:
    """A client that drips its PDUs is served like any other."""
    desk = ScriptedDesk()
    desk.on_submit = desk.accept
    async with listening(desk) as port, client(port) as stream:
        for octet in BIND + SUBMIT:
            await stream.send(bytes((octet,)))
        assert codec.SmsResp(codec.SUBMIT_SM_RESP, 2, 0, b"id2") == (await answers(stream, 2))[1]


@pytest.mark.parametrize("garbage", [b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 32, bytes(32)])
async def test_garbage_costs_its_sender_the_connection(garbage: bytes) -> None:
    """Nonsense is nacked and cut off; others go on undisturbed."""
    desk, recorder = ScriptedDesk(), Recorder()
    desk.on_submit = desk.accept_and_report
    async with listening(desk) as port:
        session = await bound(endpoint(port), recorder)
        async with client(port) as stream:
            await stream.send(BIND + garbage)
            nack = (await answers(stream, 2))[1]
            assert codec.Bare(codec.GENERIC_NACK, 0, status.INVALID_LENGTH) == nack
            with pytest.raises(anyio.EndOfStream):
                await stream.receive()
        session.submit(messages(3))
        await recorder.until(lambda heard: len(heard.receipts) == 3)
        await session.close()


async def test_a_broken_message_is_refused_and_the_next_taken() -> None:
    """A well-framed PDU with a broken body costs only itself; unknown commands are nacked."""
    desk = ScriptedDesk()
    desk.on_submit = desk.accept
    broken = codec.HEADER.pack(20, codec.SUBMIT_SM, 0, 7) + b"abcd"
    unknown = codec.HEADER.pack(16, 0x00000021, 0, 8)
    async with listening(desk) as port, client(port) as stream:
        await stream.send(BIND + broken + unknown + SUBMIT)
        _, refused, nacked, taken = await answers(stream, 4)
        refusal = codec.SmsResp(codec.SUBMIT_SM_RESP, 7, status.BAD_PARAMETER_LENGTH)
        assert refusal == refused
        assert codec.Bare(codec.GENERIC_NACK, 8, status.UNKNOWN_COMMAND) == nacked
        assert codec.SmsResp(codec.SUBMIT_SM_RESP, 2, 0, b"id2") == taken


async def test_half_a_message_is_not_a_message() -> None:
    """A client that vanishes in the middle of a PDU leaves nothing behind."""
    desk = ScriptedDesk()
    async with listening(desk) as port:
        async with client(port) as stream:
            await stream.send(BIND + SUBMIT[:-5])
            await answers(stream, 1)
        with anyio.fail_after(5):
            while desk.links:  # noqa: ASYNC110 - until the server has noticed
                await anyio.sleep(0.001)
        assert desk.received == []


async def test_goodbyes_and_keepalives_are_answered() -> None:
    """An enquire_link and an unbind get their responses, the latter as the last thing."""
    async with listening(ScriptedDesk()) as port, client(port) as stream:
        ping, bye = codec.Bare(codec.ENQUIRE_LINK, 5), codec.Bare(codec.UNBIND, 6)
        await stream.send(BIND + codec.encode(ping) + codec.encode(bye) + SUBMIT)
        assert [
            codec.Bare(codec.ENQUIRE_LINK_RESP, 5),
            codec.Bare(codec.UNBIND_RESP, 6),
        ] == (await answers(stream, 3))[1:]
        with pytest.raises(anyio.EndOfStream):
            await stream.receive()


async def test_who_does_not_read_is_cut_off() -> None:
    """A client that lets receipts pile up unread loses its connection."""
    desk = ScriptedDesk()
    async with listening(desk) as port, client(port) as stream:
        await stream.send(BIND)
        await answers(stream, 1)
        sms = codec.Sms(codec.DELIVER_SM, 0, "1", "2", bytes(254))
        with anyio.fail_after(10):
            while desk.links:
                for _ in range(2000):
                    desk.links[0].deliver(sms)
                await asyncio.sleep(0)
        assert desk.links == []

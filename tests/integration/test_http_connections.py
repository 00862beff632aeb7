"""What may become of the HTTP session's connections, and what of the messages on them."""

import asyncio
import ssl
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from evaluators.protocols.session import NO_ANSWER
from tests.integration.http_scripted import (
    answered,
    connected,
    heard_request,
    messages,
    scripted,
    taken,
    until_room,
)
from tests.integration.test_smpp_connection import certified

pytestmark = pytest.mark.anyio


async def test_a_connection_that_closes_after_each_answer_is_replaced() -> None:
    """Connection: close ends the connection, not the session."""
    async with scripted() as (peer, port), connected(port, window=2) as (session, heard):
        closing = answered('{"code":0,"sid":5}', "200 OK", "Connection: close")
        peer.on_request = lambda asked: asked.hang_up(closing)
        sent = 0
        while sent < 6:
            await until_room(session, 1)
            sent += session.submit(messages(6), sent)
        await heard.until(lambda heard: len(heard.submitted) == 6)
        assert {0} == {given[2] for given in heard.submitted}
        assert peer.connections >= 6
        assert session.closed is None


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nContent-Le", b"SSH-2.0-x\r\n\r\n"])
async def test_a_lost_connection_leaves_the_fate_unknown_and_is_replaced(said: bytes) -> None:
    """Whoever hangs up under a request, or talks nonsense, leaves NO_ANSWER; others go on."""
    async with scripted() as (peer, port), connected(port, window=2) as (session, heard):
        await until_room(session, 2)
        peer.on_request = lambda asked: asked.hang_up(said)
        session.submit(messages(1))
        await heard.until(lambda heard: heard.submitted)
        assert heard.submitted[0][2] == NO_ANSWER
        assert sum(session.oddities.values()) == 1
        peer.on_request = lambda asked: asked.answer(taken(9))
        await until_room(session, 2)
        session.submit(messages(1, 1))
        await heard.until(lambda heard: len(heard.submitted) == 2)
        assert heard.submitted[1][2] == 0
        assert len(peer.asked) == 2


async def test_a_late_answer_follows_no_answer() -> None:
    """What is not answered in time is NO_ANSWER; a late answer is a second record."""
    async with (
        scripted() as (peer, port),
        connected(port, window=1, answer_timeout_s=0.3) as (session, heard),
    ):
        session.submit(messages(1))
        await heard.until(lambda heard: heard.submitted)
        assert heard.submitted[0][2] == NO_ANSWER
        await until_room(session, 1)
        peer.asked[0].answer(taken(42))
        await heard.until(lambda heard: len(heard.submitted) == 2)
        assert heard.submitted[1][0] == 0
        assert heard.submitted[1][2:] == (0, b"42")
        assert session.room <= 1


async def test_nobody_there_is_an_os_error() -> None:
    """connect raises OSError where no one listens."""
    async with scripted() as (_, port):
        pass
    with pytest.raises(OSError):  # noqa: PT011 - any of them
        async with connected(port):
            pass


async def test_quiet_connections_are_replaced_before_the_vendor_closes_them() -> None:
    """What was quiet for longer than keepalive_s is opened anew; no message is lost over it."""
    async with (
        scripted() as (peer, port),
        connected(port, window=2, keepalive_s=0.3) as (session, heard),
    ):
        peer.on_request = lambda asked: asked.answer(taken(8))
        await until_room(session, 2)
        with anyio.fail_after(5):
            while peer.connections < 4:  # noqa: ASYNC110 - ticks come when they come
                await anyio.sleep(0.01)
        await until_room(session, 2)
        session.submit(messages(2))
        await heard.until(lambda heard: len(heard.submitted) == 2)
        assert {0} == {given[2] for given in heard.submitted}
        assert not session.oddities


async def test_quiet_connections_that_the_vendor_closes_are_replaced() -> None:
    """A vendor that closes what is quiet costs nothing but a new connection."""
    async with scripted() as (peer, port), connected(port, window=1) as (session, heard):
        peer.on_request = lambda asked: asked.answer(taken(8))
        for index in range(3):
            await until_room(session, 1)
            session.submit(messages(1, index))
            await heard.until(lambda heard, sent=index + 1: len(heard.submitted) == sent)  # type: ignore[misc]
            for writer in list(peer.open):
                writer.close()
            with anyio.fail_after(5):
                while session.room:
                    await anyio.lowlevel.checkpoint()
        assert {0} == {given[2] for given in heard.submitted}
        assert peer.connections >= 3


async def test_connections_are_encrypted_and_the_certificate_counts(tmp_path: Path) -> None:
    """Over TLS everything is the same; a certificate nobody vouches for is refused."""
    at_server, at_client = certified(tmp_path)
    async with scripted(at_server) as (peer, port):
        peer.on_request = lambda asked: asked.answer(taken(8))
        with pytest.raises(ssl.SSLCertVerificationError):
            async with connected(port, tls=True):
                pass
        async with connected(port, tls=at_client, window=2) as (session, heard):
            session.submit(messages(1))
            await heard.until(lambda heard: heard.submitted)
            assert heard.submitted[0][2:] == (0, b"8")


async def test_a_port_that_does_not_answer_tls_is_told_from_one_that_is_silent() -> None:
    """TLS against a plain port is an SSLError, not a timeout."""
    async with scripted() as (_, port):
        with pytest.raises(ssl.SSLError):
            async with connected(port, tls=True, connect_timeout_s=1.0):
                pass


async def test_a_vendor_that_goes_away_ends_the_session() -> None:
    """When no connection is left and none can be opened, the session ends as lost."""
    async with scripted() as (peer, port), connected(port, window=2) as (session, heard):
        await until_room(session, 2)
        session.submit(messages(1))
        await heard_request(peer)
        peer.close()
        await heard.until(lambda heard: heard.closed)
        assert heard.submitted[0][2] == NO_ANSWER
        assert heard.closed is not None
        assert (heard.closed.reason, heard.closed.unanswered) == ("lost", ())
        assert session.room == 0
        assert session.submit(messages(1)) == 0


async def test_close_waits_for_answers_under_way() -> None:
    """close() lets requests under way be answered, takes no more, and ends with unbound."""
    async with scripted() as (peer, port), connected(port) as (session, heard):
        session.submit(messages(1))
        await heard_request(peer)
        asyncio.get_running_loop().call_later(0.1, lambda: peer.asked[0].answer(taken(3)))
        await session.close(3)
        assert heard.submitted[0][2:] == (0, b"3")
        assert heard.closed is not None
        assert (heard.closed.reason, heard.closed.unanswered) == ("unbound", ())
        assert session.room == 0


async def test_abort_tells_which_messages_are_open() -> None:
    """An aborted session names the messages whose answers never came."""
    async with scripted() as (_, port), connected(port) as (session, heard):
        session.submit(messages(1, 5))
        session.abort()
        await heard.until(lambda heard: heard.closed)
        assert heard.closed is not None
        assert (heard.closed.reason, heard.closed.unanswered) == ("aborted", (5,))


async def test_an_unasked_answer_costs_the_connection_only() -> None:
    """Octets nobody asked for are counted; messages go over other connections."""
    async with scripted() as (peer, port), connected(port, window=2) as (session, heard):
        await until_room(session, 2)
        for writer in list(peer.open):
            writer.write(taken(1))
        with anyio.fail_after(5):
            while sum(session.oddities.values()) < 2:  # noqa: ASYNC110
                await anyio.sleep(0.005)
        peer.on_request = lambda asked: asked.answer(taken(2))
        await until_room(session, 1)
        session.submit(messages(1))
        await heard.until(lambda heard: heard.submitted)
        assert heard.submitted[0][2:] == (0, b"2")

"""Our own ear in SGIP: who may call, what strangers get, and that nothing is lost between calls."""

import socket
import time
from dataclasses import replace
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from evaluators.protocols.correlator import Correlator
from evaluators.protocols.sgip import codec, listener, pdus, status
from evaluators.protocols.sgip.caller import Caller
from evaluators.protocols.sgip.sequence import Numbering, wall
from evaluators.protocols.sgip.server import listening
from evaluators.protocols.sgip.session import connect
from tests.integration.scripted_peer import Recorder, messages
from tests.integration.sgip_scripted import (
    ScriptedDesk,
    bound,
    ear,
    endpoint,
    report,
    stranger,
    talking,
)

pytestmark = pytest.mark.anyio

NUMBER = pdus.sequence(107551, 1122145502, 1)
LOGIN = codec.encode(pdus.Bind(NUMBER, pdus.SMG_TO_SP, "buyer", "simulate"))
REPLY = codec.encode(pdus.Deliver(NUMBER[:11] + b"\x09", "8619800000001", "1069", b"R"))


@pytest.fixture
def desk() -> ScriptedDesk:
    return ScriptedDesk()


async def test_the_gateway_may_dawdle(desk: ScriptedDesk, recorder: Recorder) -> None:
    """A login and a message that come octet by octet are understood and answered."""
    async with talking(desk, recorder) as session, stranger(ear(session)) as gateway:
        for octet in LOGIN + REPLY:
            gateway.say(bytes((octet,)))
            await anyio.lowlevel.checkpoint()
        await recorder.until(lambda heard: heard.replies and len(gateway.told()) == 2)
        assert [
            pdus.Result(pdus.BIND_RESP, NUMBER),
            pdus.Result(pdus.DELIVER_RESP, NUMBER[:11] + b"\x09"),
        ] == gateway.told()


@pytest.mark.parametrize(
    "noise",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\0",
        b"\0\0\0\x3d\0\0\0\x03" + bytes(53),
        codec.encode(pdus.Bare(pdus.UNBIND, NUMBER)),
        REPLY,
        b"\xff" * 100_000,
        b"\0\0\0\x3e" + LOGIN[4:] + b"\0",
    ],
)
async def test_a_stranger_gets_nothing(
    desk: ScriptedDesk, recorder: Recorder, noise: bytes
) -> None:
    """Whoever does not begin with a login hears not one octet and does no harm."""
    async with talking(desk, recorder) as session, stranger(ear(session)) as one:
        one.say(noise)
        if len(noise) > 1:
            await recorder.until(lambda _: one.closed)
        async with stranger(ear(session)) as gateway:
            gateway.say(LOGIN + REPLY)
            await recorder.until(lambda heard: heard.replies)
        assert (b"", None) == (one.heard, session.closed)
        assert {"stranger": 1} == session.oddities or len(noise) == 1


@pytest.mark.parametrize(
    ("login", "result", "counted"),
    [
        (pdus.Bind(NUMBER, pdus.SMG_TO_SP, "buyer", "wrong"), 1, "refused_visitor"),
        (pdus.Bind(NUMBER, pdus.SMG_TO_SP, "", ""), 1, "refused_visitor"),
        (pdus.Bind(NUMBER, pdus.SP_TO_SMG, "buyer", "simulate"), 4, "visitor_type"),
    ],
)
async def test_a_wrong_login_is_refused(
    desk: ScriptedDesk, recorder: Recorder, login: pdus.Bind, result: int, counted: str
) -> None:
    """It is answered with the reason, what follows is not read, and the connection ends."""
    async with talking(desk, recorder) as session, stranger(ear(session)) as one:
        one.say(codec.encode(login) + REPLY)
        await recorder.until(lambda _: one.closed)
        assert [pdus.Result(pdus.BIND_RESP, NUMBER, result)] == one.told()
        assert ([], {counted: 1}) == (recorder.replies, session.oddities)


async def test_the_gateway_may_have_its_own_password(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """What the gateway logs in with need not be what we log in with."""
    settings: dict[str, Any] = {"listen_account": "smg", "listen_password": "other"}
    async with talking(desk, recorder, **settings) as session:
        async with stranger(ear(session)) as one:
            one.say(LOGIN)
            await recorder.until(lambda _: one.closed)
        async with stranger(ear(session)) as one:
            one.say(codec.encode(pdus.Bind(NUMBER, pdus.SMG_TO_SP, "smg", "other")) + REPLY)
            await recorder.until(lambda heard: heard.replies)


async def test_a_refused_gateway_tries_again(recorder: Recorder) -> None:
    """A caller with a wrong password is told so and holds what it could not bring."""
    desk = ScriptedDesk()
    desk.caller = Caller("buyer", "wrong", Numbering(1, wall))
    async with talking(desk, recorder):
        desk.caller.bring(codec.decode(REPLY))
        await recorder.until(lambda _: desk.caller.refused)
        assert (status.WRONG_LOGIN, 1, 0) == (
            desk.caller.refused,
            desk.caller.waiting,
            desk.caller.calls,
        )


async def test_strangers_do_not_crowd_out_the_gateway(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """However many connect and say nothing, the gateway still comes in."""
    async with talking(desk, recorder) as session:
        silent = [socket.create_connection(ear(session)) for _ in range(80)]
        try:
            async with stranger(ear(session)) as gateway:
                gateway.say(LOGIN + REPLY)
                await recorder.until(lambda heard: heard.replies)
        finally:
            for one in silent:
                one.close()
        await recorder.until(lambda _: not session._listener.visitors)


async def test_there_is_a_most_of_callers(desk: ScriptedDesk, recorder: Recorder) -> None:
    """Beyond 64 connections of its own the gateway is told that these are too many."""
    async with talking(desk, recorder) as session, anyio.create_task_group() as tasks:
        told = []

        async def call() -> None:
            async with stranger(ear(session)) as one:
                one.say(LOGIN)
                await recorder.until(lambda _: one.told())
                told.append(one.told()[0])
                await recorder.until(lambda _: len(told) == 65)

        for _ in range(65):
            tasks.start_soon(call)
            await anyio.lowlevel.checkpoint()
        await recorder.until(lambda _: len(told) == 65)
        refused = [one for one in told if isinstance(one, pdus.Result) and one.status]
        assert [status.TOO_MANY_CONNECTIONS] == [one.status for one in refused]


async def test_a_second_login_is_refused_and_goodbye_answered(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """On one connection one logs in once; an Unbind is answered and ends it."""
    async with talking(desk, recorder) as session, stranger(ear(session)) as gateway:
        gateway.say(LOGIN + LOGIN + codec.encode(pdus.Bare(pdus.UNBIND, NUMBER)))
        await recorder.until(lambda _: gateway.closed)
        assert [
            pdus.Result(pdus.BIND_RESP, NUMBER),
            pdus.Result(pdus.BIND_RESP, NUMBER, status.REPEATED_LOGIN),
            pdus.Bare(pdus.UNBIND_RESP, NUMBER),
        ] == gateway.told()


async def test_a_callers_fault_ends_its_connection_only(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """What is malformed, after the login too, costs the caller its connection and nobody else."""
    desk.on_submit = desk.accept_and_call
    async with talking(desk, recorder) as session, stranger(ear(session)) as gateway:
        gateway.say(LOGIN + REPLY + b"\0\0\0\x03junk" + bytes(40))
        await recorder.until(lambda _: gateway.closed)
        assert (1, 1) == (len(recorder.replies), session.oddities["malformed"])
        session.submit(messages(3))
        await recorder.until(lambda heard: len(heard.receipts) == 3)


async def test_a_caller_that_does_not_read_is_not_read_either(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """Unread answers pile up to a limit; beyond it the caller's commands wait with the caller."""
    frames = [
        codec.encode(pdus.Report(pdus.sequence(1, 1, count), NUMBER, "86198"))
        for count in range(2_000)
    ]
    burst = memoryview(b"".join(frames))
    async with talking(desk, recorder) as session:
        with socket.socket() as gateway:
            gateway.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            gateway.connect(ear(session))
            gateway.sendall(LOGIN)
            gateway.setblocking(False)
            sent, stuck = 0, 0
            while stuck < 50 and sent < 100_000_000:
                try:
                    sent += gateway.send(burst[sent % len(burst) :])
                    stuck = 0
                except BlockingIOError:
                    stuck += 1
                await anyio.sleep(0.001)
            assert 50 == stuck
            (visitor,) = session._listener.visitors
            assert visitor._transport is not None
            assert visitor._transport.get_write_buffer_size() < 2 * 1024 * 1024
        await recorder.until(lambda _: not session._listener.visitors)
        assert session.closed is None


async def test_a_broken_call_is_taken_up_again(desk: ScriptedDesk, recorder: Recorder) -> None:
    """What was not answered before the gateway's connection broke comes again, and counts once."""
    desk.on_submit = desk.accept_and_call
    async with talking(desk, recorder) as session:
        for first in range(0, 96, 32):
            session.submit(messages(32, first))
            await recorder.until(lambda heard, first=first: len(heard.receipts) > first)  # type: ignore[misc]
            desk.caller.hang_up()
        await recorder.until(lambda heard: len(heard.receipts) == 96)
        await recorder.until(lambda _: desk.caller.waiting == 0)
        assert set(range(96)) == {record[0] for record in recorder.receipts}
        assert not any(record[6] for record in recorder.receipts)
        assert desk.caller.calls > 1


async def test_an_idle_call_ends_and_another_comes(desk: ScriptedDesk, recorder: Recorder) -> None:
    """A gateway with nothing to bring logs out, and calls again when there is something."""
    desk.caller.idle_s = 0.1
    desk.on_submit = desk.accept_and_call
    async with talking(desk, recorder) as session:
        for index in range(2):
            session.submit(messages(1, index))
            await recorder.until(lambda heard, index=index: len(heard.receipts) == index + 1)  # type: ignore[misc]
            await recorder.until(lambda _: not session._listener.visitors)
        assert 2 == desk.caller.calls


async def test_reports_wait_while_the_session_is_away(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """Our connection breaks and comes back; reports brought meanwhile are the next session's."""
    desk.on_submit = desk.accept
    known, second = Correlator(), Recorder()
    async with listening(desk) as port:
        session = await bound(endpoint(port), recorder, known)
        desk.caller.address = ear(session)
        session.submit(messages(5))
        await recorder.until(lambda heard: len(heard.submitted) == 5)
        desk.links[0].drop()
        await recorder.until(lambda heard: heard.closed)
        for _, submit in desk.received:
            desk.caller.bring(report(submit))
        await anyio.sleep(0.2)
        assert ([], 5) == (recorder.receipts, desk.caller.waiting)
        again = await bound(endpoint(port), second, known)
        assert session.listening_on == again.listening_on
        await second.until(lambda heard: len(heard.receipts) == 5)
        assert [] == recorder.receipts
        await again.close()


async def test_a_message_lost_with_its_connection_is_still_reported(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """Its answer never comes, but the next session knows its number in a report."""
    known, second = Correlator(), Recorder()
    async with listening(desk) as port:
        session = await bound(endpoint(port), recorder, known)
        session.submit(messages(2))
        await recorder.until(lambda _: len(desk.received) == 2)
        desk.links[0].bring(report(desk.received[0][1]))
        await anyio.sleep(0.05)
        desk.links[0].drop()
        await recorder.until(lambda heard: heard.closed)
        assert [(0, True)] == [(record[0], record[5]) for record in recorder.receipts]
        assert recorder.closed is not None
        assert (0, 1) == recorder.closed.unanswered
        again = await bound(endpoint(port), second, known)
        desk.caller.address = ear(again)
        desk.caller.bring(report(desk.received[1][1]))
        await second.until(lambda heard: heard.receipts)
        assert [(1, "DELIVRD")] == [(record[0], record[2]) for record in second.receipts]
        await again.close()


async def test_the_listener_ends_with_the_last_session(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """While one session of the account lives, the port stays open; then it is closed at once."""
    async with listening(desk) as port:
        known = Correlator()
        first, second = [await bound(endpoint(port), recorder, known) for _ in range(2)]
        address = ear(first)
        await first.close()
        async with stranger(address) as gateway:
            gateway.say(LOGIN + REPLY)
            await recorder.until(lambda heard: heard.replies)
            await second.close()
            await recorder.until(lambda _: gateway.closed)
        with pytest.raises(OSError):  # noqa: PT011 - the system's own words
            socket.create_connection(address)
        assert [] == listener._open


async def test_two_runs_do_not_share_an_ear(desk: ScriptedDesk, recorder: Recorder) -> None:
    """A second run on the same fixed port is an error; on any free port it has its own."""
    async with listening(desk) as port:
        first, second = [await bound(endpoint(port), recorder, Correlator()) for _ in range(2)]
        assert first.listening_on != second.listening_on
        fixed = replace(endpoint(port), listen_port=_free_port())
        third = await bound(fixed, recorder, Correlator())
        with pytest.raises(OSError, match="we cannot listen where the gateway is to call us"):
            await connect(fixed, recorder, time.monotonic_ns, correlator=Correlator())
        for session in (first, second, third):
            await session.close()


async def test_the_next_run_takes_over_an_idle_ear(desk: ScriptedDesk, recorder: Recorder) -> None:
    """A fixed port left behind by a broken run serves the next one, with its own messages."""
    desk.on_submit = desk.accept_and_call
    second = Recorder()
    async with listening(desk) as port:
        fixed = replace(endpoint(port), listen_port=_free_port())
        session = await bound(fixed, recorder, Correlator())
        desk.caller.address = ear(session)
        desk.links[0].drop()
        await recorder.until(lambda heard: heard.closed)
        again = await bound(fixed, second, Correlator())
        again.submit(messages(3))
        await second.until(lambda heard: len(heard.receipts) == 3)
        assert [] == recorder.receipts
        await again.close()


async def test_a_session_that_never_comes_leaves_no_ear(recorder: Recorder) -> None:
    """Where the login fails, nothing goes on listening."""
    with pytest.raises(OSError):  # noqa: PT011 - the system's own words
        await connect(endpoint(_free_port()), recorder, time.monotonic_ns)
    assert [] == listener._open


async def test_two_sessions_may_open_at_once(desk: ScriptedDesk, recorder: Recorder) -> None:
    """Sessions that log in at the same moment share one listener."""
    async with listening(desk) as port, anyio.create_task_group() as tasks:
        known, addresses = Correlator(), []

        async def one() -> None:
            session = await bound(endpoint(port), recorder, known)
            addresses.append(ear(session))
            await anyio.sleep(0.05)
            await session.close()

        for _ in range(3):
            tasks.start_soon(one)
        await recorder.until(lambda _: len(addresses) == 3)
        assert 1 == len(set(addresses))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])

"""The simulated gateway's SGIP, as a stranger's raw octets meet it."""

from dataclasses import replace

import pytest

from evaluators.protocols.sgip import codec, pdus, status
from evaluators.protocols.sgip.server import listening
from tests.integration.scripted_peer import Recorder
from tests.integration.sgip_scripted import ScriptedDesk, Stranger, stranger

pytestmark = pytest.mark.anyio


def number(counter: int) -> bytes:
    return pdus.sequence(3_9999_99999, 1122145501, counter)


LOGIN = codec.encode(pdus.Bind(number(0), pdus.SP_TO_SMG, "buyer", "simulate"))
SUBMIT = pdus.Submit(number(1), "1069", ("8619800000001",), b"hi")


@pytest.fixture
def desk() -> ScriptedDesk:
    return ScriptedDesk()


async def told(one: Stranger, count: int) -> list[pdus.Pdu]:
    await Recorder().until(lambda _: len(one.told()) >= count)
    return one.told()


async def test_a_login_and_a_message(desk: ScriptedDesk) -> None:
    """Answers repeat all twelve octets of a node number beyond 2^31."""
    desk.on_submit = desk.accept
    async with listening(desk) as port, stranger(("127.0.0.1", port)) as sp:
        for octet in LOGIN + codec.encode(SUBMIT):
            sp.say(bytes((octet,)))
        assert [
            pdus.Result(pdus.BIND_RESP, number(0)),
            pdus.Result(pdus.SUBMIT_RESP, number(1)),
        ] == await told(sp, 2)
        assert [SUBMIT] == [submit for _, submit in desk.received]


async def test_several_numbers_in_one_message(desk: ScriptedDesk) -> None:
    """A Submit to a hundred handsets arrives whole."""
    submit = replace(SUBMIT, numbers=tuple(f"861980000{n:04d}" for n in range(100)))
    async with listening(desk) as port, stranger(("127.0.0.1", port)) as sp:
        sp.say(LOGIN + codec.encode(submit))
        await Recorder().until(lambda _: desk.received)
        assert submit == desk.received[0][1]


@pytest.mark.parametrize(
    ("bind", "result"),
    [
        (pdus.Bind(number(0), pdus.SP_TO_SMG, "buyer", "wrong"), status.WRONG_LOGIN),
        (pdus.Bind(number(0), pdus.SMG_TO_SP, "buyer", "simulate"), status.WRONG_LOGIN_TYPE),
        (pdus.Bind(number(0), 99, "buyer", "simulate"), status.WRONG_LOGIN_TYPE),
    ],
)
async def test_a_wrong_login_ends_the_connection(
    desk: ScriptedDesk, bind: pdus.Bind, result: int
) -> None:
    """It is told why, and what it says afterwards is not heard."""
    async with listening(desk) as port, stranger(("127.0.0.1", port)) as sp:
        sp.say(codec.encode(bind) + codec.encode(SUBMIT))
        await Recorder().until(lambda _: sp.closed)
        assert [pdus.Result(pdus.BIND_RESP, number(0), result)] == sp.told()
        assert [] == desk.received


async def test_a_message_before_the_login(desk: ScriptedDesk) -> None:
    """Whoever has not logged in is refused and cut off."""
    async with listening(desk) as port, stranger(("127.0.0.1", port)) as sp:
        sp.say(codec.encode(SUBMIT))
        await Recorder().until(lambda _: sp.closed)
        assert [pdus.Result(pdus.SUBMIT_RESP, number(1), status.WRONG_LOGIN)] == sp.told()


async def test_a_repeated_message_is_taken_once(desk: ScriptedDesk) -> None:
    """The same Submit again gets the same answer; another one under its number gets an error."""
    desk.on_submit = lambda link, submit: link.answer(submit.sequence, status.BUSY)
    again, other = codec.encode(SUBMIT), codec.encode(replace(SUBMIT, content=b"other"))
    async with listening(desk) as port, stranger(("127.0.0.1", port)) as sp:
        sp.say(LOGIN + again + again + other)
        results = [one.status for one in await told(sp, 4) if isinstance(one, pdus.Result)]
        assert [0, status.BUSY, status.BUSY, status.BAD_SEQUENCE] == results
        assert 1 == len(desk.received)


async def test_a_repeated_message_without_an_answer_stays_without(desk: ScriptedDesk) -> None:
    """Asking twice does not make two messages, nor an answer where there is none yet."""
    async with listening(desk) as port, stranger(("127.0.0.1", port)) as sp:
        sp.say(LOGIN + codec.encode(SUBMIT) * 2 + codec.encode(pdus.Bare(pdus.UNBIND, number(2))))
        await Recorder().until(lambda _: sp.closed)
        assert [pdus.BIND_RESP, pdus.UNBIND_RESP] == [
            int.from_bytes(codec.encode(one)[4:8], "big") for one in sp.told()
        ]
        assert 1 == len(desk.received)


async def test_what_a_gateway_does_not_do_is_refused(desk: ScriptedDesk) -> None:
    """Commands of other nodes are answered with an error; the connection stays."""
    wrong: list[pdus.Pdu] = [
        pdus.Deliver(number(2), "8619800000001", "1069"),
        pdus.Report(number(3), number(1), "8619800000001"),
        pdus.Trace(number(4), number(1), "8619800000001"),
        pdus.Bind(number(5), pdus.SP_TO_SMG, "buyer", "simulate"),
    ]
    async with listening(desk) as port, stranger(("127.0.0.1", port)) as sp:
        sp.say(LOGIN + b"".join(map(codec.encode, wrong)))
        assert [
            pdus.Result(pdus.DELIVER_RESP, number(2), status.BAD_COMMAND),
            pdus.Result(pdus.REPORT_RESP, number(3), status.BAD_COMMAND),
            pdus.TraceResp(number(4), (pdus.Hop(status.BAD_COMMAND, ""),)),
            pdus.Result(pdus.BIND_RESP, number(5), status.REPEATED_LOGIN),
        ] == (await told(sp, 5))[1:]
        assert not sp.closed


async def test_a_senseless_number_of_numbers_is_answered(desk: ScriptedDesk) -> None:
    """A Submit to nobody is a wrong parameter, not a reason to part."""
    raw = bytearray(codec.encode(SUBMIT))
    raw[62] = 0
    async with listening(desk) as port, stranger(("127.0.0.1", port)) as sp:
        sp.say(LOGIN + bytes(raw))
        results = await told(sp, 2)
        assert pdus.Result(pdus.SUBMIT_RESP, number(1), status.BAD_PARAMETER) == results[1]
        assert not sp.closed


@pytest.mark.parametrize(
    "noise",
    [
        b"\0\0\0\0" + bytes(30),
        b"\xff" * 10_000,
        codec.HEADER.pack(100, pdus.SUBMIT, number(1)) + bytes(42) + b"\x01" + bytes(37),
        codec.HEADER.pack(20, 0x77, number(1)),
        b"SSH-2.0-x\r\n" * 10,
    ],
)
@pytest.mark.parametrize("login", [LOGIN, b""])
async def test_what_is_malformed_ends_the_connection(
    desk: ScriptedDesk, login: bytes, noise: bytes
) -> None:
    """A client whose octets make no sense is cut off; others are served."""
    async with listening(desk) as port:
        async with stranger(("127.0.0.1", port)) as sp:
            sp.say(login + noise)
            await Recorder().until(lambda _: sp.closed)
        async with stranger(("127.0.0.1", port)) as sp:
            sp.say(LOGIN)
            assert [pdus.Result(pdus.BIND_RESP, number(0))] == await told(sp, 1)
        assert [] == desk.received


async def test_an_error_inside_comes_out_as_it_is(desk: ScriptedDesk) -> None:
    """What is raised while the gateway runs is not wrapped in anything."""
    with pytest.raises(LookupError, match="mine"):
        async with listening(desk):
            raise LookupError("mine")

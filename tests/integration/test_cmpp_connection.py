"""CMPP connections come, break and go, against a scripted gateway on real sockets."""

import asyncio
import time
from dataclasses import replace
from datetime import datetime

import anyio
import pytest

from evaluators.protocols.cmpp import codec, pdus
from evaluators.protocols.cmpp.server import Link, listening
from evaluators.protocols.cmpp.session import Version, connect
from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.session import NO_ANSWER, BindRefused
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
from tests.integration.scripted_peer import Recorder, messages

pytestmark = pytest.mark.anyio
VERSIONS: list[Version] = ["2.0", "3.0"]


@pytest.fixture
def desk() -> ScriptedDesk:
    return ScriptedDesk()


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

"""The HTTP session against a vendor whose every octet the test decides."""

import time
from typing import Any, cast

import anyio
import anyio.lowlevel
import pytest

from evaluators.protocols.correlator import Correlator, Unclaimed
from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.http import status
from evaluators.protocols.http.vendor import Vendor, load
from tests.integration.http_scripted import (
    FOLDER,
    NUMBER,
    TEXT,
    Asked,
    answered,
    connected,
    messages,
    scripted,
    taken,
    until_room,
)

pytestmark = pytest.mark.anyio


async def test_messages_are_sent_and_their_answers_recorded() -> None:
    """Each message is one request; its record has the vendor's id, its request our reference."""
    async with scripted() as (peer, port), connected(port) as (session, heard):
        await until_room(session, 4)
        peer.on_request = lambda asked: asked.answer(taken(1000 + len(peer.asked)))
        assert session.submit(messages(6)) == 4
        assert session.outstanding == 4
        await heard.until(lambda heard: len(heard.submitted) == 4)
        assert session.submit(messages(6), 4) == 2
        await heard.until(lambda heard: len(heard.submitted) == 6)
        assert {0} == {given[2] for given in heard.submitted}
        assert {b"1001", b"1006"} <= {given[3] for given in heard.submitted}
        assert len({asked.form["uid"] for asked in peer.asked}) == 6
        assert {NUMBER} == {asked.form["mobile"] for asked in peer.asked}
        assert {TEXT} == {asked.form["text"] for asked in peer.asked}
        assert peer.connections == 4
        assert session.rtt_ns > 0


async def test_utf_16_bytes_are_sent_as_the_text_they_are() -> None:
    """A message given as UCS-2 octets goes out as text."""
    async with scripted() as (peer, port), connected(port) as (session, heard):
        peer.on_request = lambda asked: asked.answer(taken(1))
        session.submit([(0, NUMBER, "到达😀".encode("utf-16-be"))])
        await heard.until(lambda heard: heard.submitted)
        assert peer.asked[0].form["text"] == "到达😀"


async def test_a_refusal_with_200_is_a_refusal_under_the_vendors_own_code() -> None:
    """The vendor's code becomes an integer that gives the code back; nothing is sent again."""
    async with scripted() as (peer, port), connected(port) as (session, heard):
        said = '{"http_status_code":400,"code":-5,"msg":"访问频率超限"}'
        peer.on_request = lambda asked: asked.answer(answered(said, "200 OK", "Retry-After: 7"))
        session.submit(messages(1))
        await heard.until(lambda heard: heard.submitted)
        number = heard.submitted[0][2]
        assert session.codes == {number: "-5"}
        assert session.words == {number: "访问频率超限"}
        assert session.retry_after == "7"
        assert number in status.throttled(_yunpian())
        await anyio.sleep(0.05)
        assert len(peer.asked) == 1


async def test_429_without_a_body_is_throttling() -> None:
    """A bare 429 is known as throttling, whatever the vendor."""
    async with scripted() as (peer, port), connected(port) as (session, heard):
        peer.on_request = lambda asked: asked.answer(answered("", "429 Too Many Requests"))
        session.submit(messages(1))
        await heard.until(lambda heard: heard.submitted)
        assert status.name(_yunpian(), heard.submitted[0][2]) == "HTTP 429"
        assert heard.submitted[0][2] in status.throttled(_yunpian())


@pytest.mark.parametrize(
    "said",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno", taken(0).replace(b'"sid":0', b'"xid":0')],
)
async def test_an_answer_that_makes_no_sense_is_not_a_success(said: bytes) -> None:
    """200 with something else in it, or without an id, is refused as unreadable."""
    async with scripted() as (peer, port), connected(port) as (session, heard):
        peer.on_request = lambda asked: asked.answer(said)
        session.submit(messages(1))
        await heard.until(lambda heard: heard.submitted)
        assert session.codes[heard.submitted[0][2]] == status.UNREADABLE


async def test_a_chunked_answer_and_one_octet_at_a_time_are_read() -> None:
    """How the octets come makes no difference."""
    body = b'{"code":0,"msg":"ok","sid":77}'
    whole = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    whole += b"5;x=y\r\n" + body[:5] + b"\r\n%x\r\n" % (len(body) - 5) + body[5:]
    whole += b"\r\n0\r\nTrailer: 1\r\n\r\n"

    async def drip(asked: Asked) -> None:
        for octet in whole:
            asked.answer(bytes((octet,)))
            await asked.writer.drain()
            await anyio.lowlevel.checkpoint()

    async with (
        scripted() as (peer, port),
        connected(port) as (session, heard),
        anyio.create_task_group() as tasks,
    ):
        peer.on_request = lambda asked: cast(None, tasks.start_soon(drip, asked))
        session.submit(messages(1))
        await heard.until(lambda heard: heard.submitted)
        assert heard.submitted[0][2:] == (0, b"77")


async def test_an_answer_until_the_end_of_the_connection_is_read() -> None:
    """Without a length, the end of the connection ends the answer."""
    async with scripted() as (peer, port), connected(port) as (session, heard):
        peer.on_request = lambda asked: asked.hang_up(b'HTTP/1.0 200 OK\r\n\r\n{"code":0,"sid":5}')
        session.submit(messages(1))
        await heard.until(lambda heard: heard.submitted)
        assert heard.submitted[0][2:] == (0, b"5")


async def test_reports_come_out_as_events_like_any_other() -> None:
    """A pushed report finds its message, also before the answer, also a second time."""
    async with scripted() as (peer, port), connected(port) as (session, heard):
        now = time.monotonic_ns()
        session.reported([Unclaimed(b"42", "DELIVRD", "", now)])
        peer.on_request = lambda asked: asked.answer(taken(42))
        session.submit(messages(1))
        await heard.until(lambda heard: heard.receipts)
        assert heard.receipts[0][:4] == (0, b"42", "DELIVRD", "")
        assert heard.receipts[0][5]
        session.reported([Unclaimed(b"42", "DELIVRD", "", now)])
        await heard.until(lambda heard: len(heard.receipts) == 2)
        assert heard.receipts[1][6]


async def test_reports_are_asked_for_within_the_limit_and_matched() -> None:
    """Pulling asks no more often than every second and matches what it is given."""
    waiting = ['[{"sid":42,"mobile":"19800000001","report_status":"SUCCESS","error_msg":""}]']

    def serve(asked: Asked) -> None:
        if asked.path.endswith("single_send.json"):
            asked.answer(taken(42))
        else:
            asked.answer(answered(waiting.pop() if waiting else "[]"))

    async with scripted() as (peer, port):
        peer.on_request = serve
        correlator = Correlator()
        correlator.accepted(b"42", 7)
        async with connected(port, receipts="pull", correlator=correlator) as (_, heard):
            await heard.until(lambda heard: heard.receipts)
            assert heard.receipts[0][:3] == (7, b"42", "DELIVRD")
            await anyio.sleep(0.5)
        assert [asked.form for asked in peer.asked] == [{"apikey": "key", "page_size": "100"}]


async def test_pulling_survives_an_error_and_asks_again() -> None:
    """A refused question is counted, and asked again later."""
    said = [answered('[{"sid":1,"report_status":"FAIL"}]'), answered("{}", "500 Oops")]
    async with scripted() as (peer, port):
        peer.on_request = lambda asked: asked.answer(said.pop() if said else answered("[]"))
        correlator = Correlator()
        correlator.accepted(b"1", 0)
        async with connected(port, receipts="pull", correlator=correlator) as (session, heard):
            await heard.until(lambda heard: heard.receipts, 8)
            assert heard.receipts[0][2] == "UNDELIV"
            assert sum(session.oddities.values()) == 1


async def test_nothing_is_sent_of_a_batch_with_a_message_that_cannot_be() -> None:
    """A number or text the vendor cannot carry is a ValueError before anything leaves."""
    async with (
        scripted() as (peer, port),
        connected(port, "submail", credentials=_SUBMAIL) as (
            session,
            _,
        ),
    ):
        await until_room(session, 2)
        with pytest.raises(ValueError, match="not a mainland number"):
            session.submit([(0, NUMBER, TEXT), (1, "+12025550100", TEXT)])
        await anyio.sleep(0.05)
        assert peer.asked == []
        assert session.outstanding == 0


async def test_a_text_that_is_not_the_filed_one_is_refused_here() -> None:
    """Vendors that send filed texts only get their variables; another text never leaves."""
    more = {
        "credentials": {"key_id": "id", "key_secret": "secret"},
        "template": "SMS_1",
        "template_text": "【测试】您的验证码为${code}。",
        "signature": "测试",
    }
    async with scripted() as (peer, port), connected(port, "aliyun", **more) as (session, heard):
        with pytest.raises(ValueError, match="filed"):
            session.submit([(0, NUMBER, "【测试】别的内容。")])
        peer.on_request = lambda asked: asked.answer(answered('{"Code":"OK","BizId":"9^0"}'))
        session.submit([(0, NUMBER, TEXT)])
        await heard.until(lambda heard: heard.submitted)
        assert "TemplateParam=%7B%22code%22%3A%221234%22%7D" in peer.asked[0].head
        assert heard.submitted[0][3] == b"9^0"


async def test_what_the_vendor_needs_and_does_not_get_is_said_at_once() -> None:
    """A missing key, a template without its text, and a window out of bounds are refused."""
    async with scripted() as (_, port):
        wrong: list[dict[str, Any]] = [
            {"credentials": {}},
            {"window": 65},
            {"credentials": {"apikey": "a\r\nb: c"}},
        ]
        for more in wrong:
            with pytest.raises(ProtocolError):
                async with connected(port, **more):
                    pass
        with pytest.raises(ProtocolError, match="filed template"):
            async with connected(port, "aliyun", credentials={"key_id": "a", "key_secret": "b"}):
                pass


_SUBMAIL = {"app_id": "1", "app_key": "key"}


def _yunpian() -> Vendor:
    return load(FOLDER / "yunpian.yaml")

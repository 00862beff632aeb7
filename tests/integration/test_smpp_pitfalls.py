"""What implementers of SMPP get wrong, over real sockets."""

import socket
import time
from dataclasses import replace

import anyio
import pytest

from evaluators.protocols.correlator import Correlator, IdForm
from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.session import Closed
from evaluators.protocols.smpp import codec
from evaluators.protocols.smpp.server import Link, listening
from evaluators.protocols.smpp.session import connect
from evaluators.protocols.smpp.template import Long
from evaluators.simulator.smpp import read_part
from tests.integration.scripted_peer import Recorder, messages
from tests.integration.smpp_scripted import ScriptedDesk, bound, delivered, endpoint, talking

pytestmark = pytest.mark.anyio


@pytest.fixture
def desk() -> ScriptedDesk:
    return ScriptedDesk()


@pytest.mark.parametrize(
    ("long", "bits", "expected"),
    [("udh", 8, [67, 67, 6]), ("udh", 16, [66, 66, 8]), ("sar", 8, [67, 67, 6])],
)
async def test_long_texts_go_out_in_parts(
    desk: ScriptedDesk, recorder: Recorder, long: Long, bits: int, expected: list[int]
) -> None:
    """Parts carry one reference and their place, in the form the vendor wants; one receipt each."""
    desk.on_submit = desk.accept_and_report
    text = "【测试】" + "长" * 136
    async with talking(desk, recorder, long=long, reference_bits=bits) as session:
        session.submit([(5, "19800000001", text), (6, "19800000002", text)])
        await recorder.until(lambda heard: len(heard.receipts) == 2)
    parts = [read_part(sms) for _, sms in desk.received]
    assert expected * 2 == [len(words) for _, words in parts]
    assert text == "".join(words for _, words in parts[:3])
    places = [part for part, _ in parts if part is not None]
    assert [(3, 1), (3, 2), (3, 3)] * 2 == [(part.total, part.number) for part in places]
    assert 2 == len({part.reference for part in places})
    assert [(5, "DELIVRD"), (6, "DELIVRD")] == [record[:3:2] for record in recorder.receipts]


@pytest.mark.parametrize(("text", "octets"), [("长" * 500, 1000), ("a{" * 100, 300)])
async def test_a_long_text_may_go_out_whole(
    desk: ScriptedDesk, recorder: Recorder, text: str, octets: int
) -> None:
    """With message_payload a long text is one request, one id and one receipt."""
    desk.on_submit = desk.accept_and_report
    async with talking(desk, recorder, long="payload", window=1) as session:
        assert 1 == session.submit([(5, "19800000001", text)])
        await recorder.until(lambda heard: heard.receipts)
        _, sms = desk.received[0]
        assert (b"", octets) == (sms.short_message, len(sms.user_data))
        assert (None, text) == read_part(sms)
        with pytest.raises(ValueError, match="fit"):
            session.submit([(6, "19800000001", "长" * 40_000)])


async def test_a_receipt_may_come_as_data_sm(desk: ScriptedDesk, recorder: Recorder) -> None:
    """A data_sm is answered as such, and is a receipt where it says so."""
    desk.on_submit = desk.accept
    answers = list[bytes]()
    async with talking(desk, recorder) as session:
        session.submit(messages(1))
        await recorder.until(lambda heard: heard.submitted)
        link = desk.links[0]
        take = link._take

        def noted(frame: bytes) -> None:
            answers.append(frame)
            take(frame)

        link._take = noted  # type: ignore[method-assign]
        tlvs = ((codec.TLV_RECEIPTED_MESSAGE_ID, recorder.submitted[0][3]), (0x427, b"\x05"))
        link._send(codec.Sms(codec.DATA_SM, 77, "1", "2", esm_class=4, tlvs=tlvs))
        link._write(codec.HEADER.pack(18, codec.DATA_SM, 0, 78) + b"ab")
        await recorder.until(lambda heard: heard.receipts and len(answers) == 2)
        assert (0, "UNDELIV") == recorder.receipts[0][:3:2]
    first, second = map(codec.decode, answers)
    assert codec.SmsResp(codec.DATA_SM_RESP, 77) == first
    assert isinstance(second, codec.SmsResp)
    assert (codec.DATA_SM_RESP, 78) == (second.command, second.sequence)
    assert 0 != second.status


async def test_numbers_go_on_after_a_reconnect(desk: ScriptedDesk, recorder: Recorder) -> None:
    """An answer to a request of the connection before is nobody's, not another message's."""
    correlator = Correlator()
    async with listening(desk) as port:
        first = await bound(endpoint(port), recorder, correlator)
        first.submit(messages(3))
        await recorder.until(lambda _: len(desk.received) == 3)
        first.abort()
        await recorder.until(lambda heard: heard.closed)
        assert Closed("aborted", "", (0, 1, 2)) == recorder.closed
        second = await bound(endpoint(port), recorder, correlator)
        second.submit(messages(3, first=3))
        await recorder.until(lambda _: len(desk.received) == 6)
        numbers = [sms.sequence for _, sms in desk.received]
        assert sorted(set(numbers)) == numbers
        link = desk.received[5][0]
        for number in (*numbers[:3], *numbers[3:]):
            link.answer(number, 0, b"id%d" % number)
        await recorder.until(lambda heard: len(heard.submitted) == 3)
        assert [3, 4, 5] == [record[0] for record in recorder.submitted]
        assert {"unknown_answer": 3} == dict(second.oddities)
        await second.close()


@pytest.mark.parametrize(
    ("form", "answer", "report"),
    [
        ("decimal", b"12ED574B", b"0317544267"),
        ("hex", b"317544267", b"12ed574b"),
        ("folded", b"00AB12", b"ab12"),
    ],
)
async def test_ids_may_be_written_otherwise_in_receipts(
    desk: ScriptedDesk, recorder: Recorder, form: IdForm, answer: bytes, report: bytes
) -> None:
    """Hexadecimal here and decimal there, another case, leading zeros: still the same message."""

    def reply(link: Link, sms: codec.Sms) -> None:
        link.answer(sms.sequence, 0, answer)
        link.deliver(delivered(report))
        link.deliver(delivered(report))

    desk.on_submit = reply
    async with talking(desk, recorder, id_form=form) as session:
        session.submit(messages(1))
        await recorder.until(lambda heard: len(heard.receipts) == 2)
        found = [(record[0], record[1], record[6]) for record in recorder.receipts]
        assert [(0, report, False), (0, report, True)] == found


async def test_receipts_may_come_on_any_of_several_connections(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """Two connections, one correlator: receipts on the other one, early ones too."""
    correlator = Correlator()
    async with listening(desk) as port:
        sessions = [await bound(endpoint(port), recorder, correlator) for _ in range(2)]
        for at, session in enumerate(sessions):
            session.submit(messages(2, first=2 * at))
        await recorder.until(lambda _: len(desk.received) == 4)
        first, other = desk.links
        for at, (link, sms) in enumerate(desk.received):
            message_id = b"id%d" % at
            (other if link is first else first).deliver(delivered(message_id))
            await anyio.sleep(0.02)
            link.answer(sms.sequence, 0, message_id)
        await recorder.until(lambda heard: len(heard.receipts) == 4)
        by_number = {sms.destination: at for at, (_, sms) in enumerate(desk.received)}
        assert sorted(by_number.values()) == sorted(record[0] or 0 for record in recorder.receipts)
        assert {True} == {record[5] for record in recorder.receipts}
        for session in sessions:
            await session.close()


async def test_small_writes_are_not_held_back(desk: ScriptedDesk, recorder: Recorder) -> None:
    """Nagle's algorithm is off on both sides."""
    async with talking(desk, recorder) as session:
        for end in (session, desk.links[0]):
            assert end._transport is not None
            there = end._transport.get_extra_info("socket")
            assert there.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize("changes", [{"system_id": "a" * 16}, {"password": "p" * 65}])
async def test_credentials_that_do_not_fit_are_not_cut(
    desk: ScriptedDesk, recorder: Recorder, changes: dict[str, str]
) -> None:
    """A login longer than its field is refused here, not sent in part."""
    async with listening(desk) as port:
        there = replace(endpoint(port), **changes)  # type: ignore[arg-type]
        with pytest.raises(ProtocolError, match="fit"):
            await connect(there, recorder, time.monotonic_ns)
    assert [] == desk.links


@pytest.mark.parametrize(("wanted", "expected"), [(True, 1), (False, 0)])
async def test_receipts_are_asked_for_or_not(
    desk: ScriptedDesk, recorder: Recorder, wanted: bool, expected: int
) -> None:
    """registered_delivery says whether receipts are wanted, in every part of a long text."""
    desk.on_submit = desk.accept
    async with talking(desk, recorder, receipts=wanted) as session:
        session.submit([(0, "19800000001", "x"), (1, "19800000001", "长" * 100)])
        await recorder.until(lambda heard: len(heard.submitted) == 2)
        assert [expected] * 3 == [sms.registered_delivery for _, sms in desk.received]


async def test_answers_may_come_in_any_order(desk: ScriptedDesk, recorder: Recorder) -> None:
    """Answers find their requests by number, not by turn."""
    async with talking(desk, recorder) as session:
        session.submit(messages(5))
        await recorder.until(lambda _: len(desk.received) == 5)
        for link, sms in reversed(desk.received):
            link.answer(sms.sequence, 0, sms.destination.encode())
        await recorder.until(lambda heard: len(heard.submitted) == 5)
        assert [4, 3, 2, 1, 0] == [record[0] for record in recorder.submitted]
        assert [b"1980000%04d" % at for at in (4, 3, 2, 1, 0)] == [
            record[3] for record in recorder.submitted
        ]


async def test_garbage_and_single_octets_come_in_time(
    desk: ScriptedDesk, recorder: Recorder
) -> None:
    """A vendor's link can drip and babble at will; the client reads the one, cuts the other."""
    async with talking(desk, recorder) as session:
        link = desk.links[0]
        link.drip(on=True)
        link._send(codec.Bare(codec.ENQUIRE_LINK, 1))
        await anyio.sleep(0.12)
        assert session.closed is None
        link.drip(on=False)
        desk.on_submit = desk.accept
        session.submit(messages(1))
        await recorder.until(lambda heard: heard.submitted)
        link.babble(b"HTTP/1.1 503 Service Unavailable\r\n\r\n")
        await recorder.until(lambda heard: heard.closed)
        assert "protocol" == (recorder.closed and recorder.closed.reason)

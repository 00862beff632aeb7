"""The short way through the simulated SMPP door gives what the codec gives."""

import random
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.protocols.smpp import codec, receipt
from evaluators.simulator import smpp
from evaluators.simulator.ledger import Ledger
from evaluators.simulator.smpp import SmppDesk, listening
from evaluators.simulator.vendor import ReceiptPlan
from tests.integration.scripted_peer import Recorder
from tests.integration.smpp_scripted import bound, endpoint

pytestmark = pytest.mark.anyio
LETTERS = st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=20)


class Exchange:
    """Writes down what it is given."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.taken: list[tuple[Any, Any]] = []

    def submit(self, submission: Any, client: Any) -> None:
        self.taken.append((submission, client))


class Link:
    """Keeps what is written to it."""

    takes_receipts = True

    def __init__(self) -> None:
        self.answers: list[tuple[int, int, bytes]] = []
        self.bodies: list[bytes] = []

    def answer(self, sequence: int, status: int, message_id: bytes = b"") -> None:
        self.answers.append((sequence, status, message_id))

    def deliver_body(self, body: bytes) -> None:
        self.bodies.append(body)


def desk() -> tuple[Any, Exchange]:
    exchange = Exchange()
    return SmppDesk(exchange, "decimal", lambda: 1_790_000_000.0), exchange  # type: ignore[arg-type]


@given(
    source=LETTERS,
    destination=LETTERS,
    data=st.binary(max_size=254),
    esm_class=st.sampled_from([0, 3, 0x40, 0x43]),
    coding=st.sampled_from([0, 1, 3, 8, 0xF5]),
    registered=st.integers(0, 3),
    sequence=st.integers(1, codec.LAST_SEQUENCE),
    tlvs=st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=9)), max_size=2),
)
def test_both_ways_in_agree(tlvs: list[tuple[int, bytes]], **fields: Any) -> None:
    """A submit_sm gives the same submission, answer and receipt whichever way it is read."""
    sms = codec.Sms(
        codec.SUBMIT_SM,
        fields["sequence"],
        fields["source"],
        fields["destination"],
        fields["data"],
        esm_class=fields["esm_class"],
        data_coding=fields["coding"],
        registered_delivery=fields["registered"],
        tlvs=tuple(tlvs),
    )
    ours, exchange = desk()
    link, frame = Link(), codec.encode(sms)
    taken = ours.submit_usual(link, b"before" + frame, 6, 6 + len(frame))
    assert taken or tlvs
    ours.submit(link, sms)
    (slow, slow_client), (quick, quick_client) = exchange.taken[-1], exchange.taken[0]
    assert slow == quick
    for client in (slow_client, quick_client):
        client.answer("", 7)
        client.report(7, ReceiptPlan(0.0, "DELIVRD", "000"))
    assert link.answers == [(fields["sequence"], 0, b"0000000007")] * 2
    assert link.bodies == link.bodies[:1] * (2 * (fields["registered"] == 1))


@pytest.mark.parametrize("state", ["DELIVRD", "UNDELIV", "MK:0012", "601"])
def test_receipts_are_what_the_codec_would_write(state: str) -> None:
    """The octets written are those of a deliver_sm with appendix B's text and its parameters."""
    ours, exchange = desk()
    link = Link()
    ours.submit(link, codec.Sms(4, 1, "1069", "19800000001", b"x", registered_delivery=1))
    ((_, client),) = exchange.taken
    client.report(12, ReceiptPlan(0.0, state, "001"))
    (body,) = link.bodies
    sms = codec.decode_sms(codec.HEADER.pack(16 + len(body), codec.DELIVER_SM, 0, 1) + body)
    assert (sms.source, sms.destination, sms.esm_class) == ("19800000001", "1069", 4)
    report = receipt.read(sms)
    assert report is not None
    assert (report.message_id, report.state, report.err) == (b"0000000012", state, "001")
    assert codec.encode(sms)[16:] == body


def connected(ours: Any, written: list[bytes]) -> Any:
    """A connection without a socket, logged in."""
    transport = SimpleNamespace(
        write=written.append,
        is_closing=lambda: False,
        close=lambda: None,
        set_write_buffer_limits=lambda high: high,
        get_extra_info=lambda _: SimpleNamespace(setsockopt=lambda *_: None),
    )
    link = smpp._Link(ours, set())
    link.connection_made(transport)  # type: ignore[arg-type]
    link.data_received(codec.encode(codec.Bind(codec.BIND_TRANSCEIVER, 1, "buyer", "simulate")))
    return link


def traffic() -> bytes:
    stream = b""
    for n in range(50):
        stream += codec.encode(codec.Sms(codec.SUBMIT_SM, n + 2, "1069", "19800000001", b"%d" % n))
        stream += codec.encode(codec.SmsResp(codec.DELIVER_SM_RESP, n))
        stream += codec.encode(codec.Bare(codec.ENQUIRE_LINK, 1000 + n))
    return stream


async def test_a_stream_may_be_cut_anywhere() -> None:
    """However its octets are chopped, every message is taken once and keep-alives are answered."""
    ours, exchange = desk()
    written: list[bytes] = []
    link, stream, rng = connected(ours, written), traffic(), random.Random(4)
    while stream:
        size = rng.randint(1, 90)
        link.data_received(stream[:size])
        stream = stream[size:]
    link._flush()
    assert [submission.text for submission, _ in exchange.taken] == [str(n) for n in range(50)]
    assert len(list(codec.Frames().feed(b"".join(written)))) == 51


async def test_no_octet_breaks_the_door() -> None:
    """Traffic with octets changed at random raises nothing and takes no message twice."""
    rng = random.Random(5)
    for _ in range(100):
        ours, exchange = desk()
        link, stream = connected(ours, []), bytearray(traffic())
        for _ in range(rng.randint(1, 8)):
            stream[rng.randrange(len(stream))] = rng.randrange(256)
        for start in range(0, len(stream), 700):
            link.data_received(bytes(stream[start : start + 700]))
        assert len(exchange.taken) <= 51


@pytest.mark.parametrize("nonsense", [b"\xff" * 40, b"\0\0\0\x04" + b"\0" * 12])
async def test_nonsense_ends_the_connection(nonsense: bytes) -> None:
    """Octets that no PDU begins with are complained about and cost the connection."""
    ours, _ = desk()
    async with listening(ours) as port:
        recorder = Recorder()
        session = await bound(endpoint(port), recorder)
        session._transport.write(nonsense)  # type: ignore[union-attr]
        await recorder.until(lambda heard: heard.closed)
        assert not ours.connected

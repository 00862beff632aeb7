"""The short way through the simulated CMPP door gives what the codec gives."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.protocols.cmpp import codec, login, pdus, receipt, server
from evaluators.protocols.cmpp.pdus import V20, V30
from evaluators.simulator import cmpp
from evaluators.simulator.cmpp import CmppDesk
from evaluators.simulator.ledger import Ledger
from evaluators.simulator.vendor import ReceiptPlan

pytestmark = pytest.mark.anyio
DELIVERED = ReceiptPlan(0.0, "DELIVRD", "000")
ORDINARY = pdus.Submit(2, "10690001", ("19800000001",), b"x", registered_delivery=1)


def letters(most: int) -> st.SearchStrategy[str]:
    return st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=most)


class Exchange:
    """Writes down what it is given."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.taken: list[tuple[Any, Any]] = []

    def submit(self, submission: Any, client: Any) -> None:
        self.taken.append((submission, client))


class Door:
    """A connection without a socket, logged in."""

    def __init__(self, version: int) -> None:
        self.exchange, self.version = Exchange(), version
        self.written: list[bytes] = []
        desk = CmppDesk(self.exchange, "decimal", lambda: 1_790_000_000.0)  # type: ignore[arg-type]
        transport = SimpleNamespace(
            write=self.written.append,
            is_closing=lambda: False,
            close=lambda: None,
            abort=lambda: None,
            set_write_buffer_limits=lambda high: high,
            get_extra_info=lambda _: SimpleNamespace(setsockopt=lambda *_: None),
        )
        self.link = cmpp._Link(desk, set())
        self.link.connection_made(transport)  # type: ignore[arg-type]
        digest = login.authenticator("900001", "simulate", 1)
        greeting = pdus.Connect(1, "900001", digest, 1, version)
        self.link.data_received(codec.encode(greeting, version))
        self.heard()

    def heard(self) -> list[pdus.Pdu]:
        """What was written since this was last asked."""
        self.link._flush()
        octets = b"".join(self.written)
        self.written.clear()
        return [codec.decode(frame, self.version) for frame in codec.Frames().feed(octets)]


def behind_the_door(version: int, act: Callable[[Door], None]) -> None:
    """Do this where there is an event loop, which hypothesis gives none."""

    async def inside() -> None:
        act(Door(version))

    asyncio.run(inside())


@settings(deadline=None, max_examples=60)
@given(
    version=st.sampled_from([V20, V30]),
    source=letters(21),
    destinations=st.lists(letters(21), min_size=1, max_size=2).map(tuple),
    content=st.binary(max_size=165),
    msg_fmt=st.sampled_from([0, 3, 4, 8, 15, 24]),
    tp_udhi=st.integers(0, 1),
    registered_delivery=st.integers(0, 2),
    msg_src=st.sampled_from(["", "900001", "900002"]),
    service_id=letters(10),
    sequence=st.integers(0, 0xFFFFFFFF),
    destination_type=st.integers(0, 1),
)
def test_both_ways_in_agree(version: int, **fields: Any) -> None:
    """A SUBMIT gives the same submission, answer and report whichever way it is read."""
    fields["destination_type"] *= version == V30
    frame = codec.encode(pdus.Submit(**fields), version)

    def act(door: Door) -> None:
        door.link.data_received(frame)
        quick, at_once = door.exchange.taken[:], door.heard()
        door.exchange.taken.clear()
        server.Link._take(door.link, frame)
        slow = door.exchange.taken
        assert [submission for submission, _ in slow] == [submission for submission, _ in quick]
        assert door.heard() == at_once
        told = [told_by(door, [client for _, client in taken]) for taken in (quick, slow)]
        assert told[0] == told[1]

    behind_the_door(version, act)


def told_by(door: Door, clients: list[Any]) -> list[pdus.Pdu]:
    """Answers and reports, but for what is counted through: the DELIVERs' numbers and ids."""
    for number, client in enumerate(clients, 7):
        client.answer("", number)
        client.report(number, DELIVERED)
        client.report(number, DELIVERED._replace(state="MYSTERY", flaw="unknown_state"))
    return [
        replace(one, sequence=0, message_id=bytes(8)) if isinstance(one, pdus.Deliver) else one
        for one in door.heard()
    ]


@pytest.mark.parametrize("version", [V20, V30])
@pytest.mark.parametrize("state", ["DELIVRD", "UNDELIV", "MK:0012", "601"])
async def test_reports_are_what_the_codec_would_write(version: int, state: str) -> None:
    """The octets written are those of a DELIVER to the sender, about the message answered."""
    door = Door(version)
    door.link.data_received(codec.encode(replace(ORDINARY, service_id="TPCQ"), version))
    ((_, client),) = door.exchange.taken
    client.answer("", 12)
    client.report(12, DELIVERED._replace(state=state))
    answer, deliver = door.heard()
    assert isinstance(answer, pdus.SmsResp)
    assert isinstance(deliver, pdus.Deliver)
    given = deliver.destination, deliver.source, deliver.service_id, deliver.registered_delivery
    assert ("10690001", "19800000001", "TPCQ", 1) == given
    report = receipt.read(deliver.content)
    times = "2609212213", "2609212213"
    assert receipt.Report(answer.message_id, state, *times, "19800000001", 12) == report
    assert receipt.format(report, version) == deliver.content
    assert deliver.message_id != answer.message_id


def traffic(version: int) -> bytes:
    stream = b""
    for n in range(50):
        submit = replace(ORDINARY, sequence=n + 2, content=b"%d" % n)
        stream += codec.encode(submit, version)
        stream += codec.encode(pdus.SmsResp(pdus.DELIVER_RESP, n), version)
        stream += codec.encode(pdus.Bare(pdus.ACTIVE_TEST, 1000 + n), version)
    return stream


@pytest.mark.parametrize("version", [V20, V30])
async def test_a_stream_may_be_cut_anywhere(version: int) -> None:
    """However its octets are chopped, every message is taken once and keep-alives are answered."""
    door, stream, rng = Door(version), traffic(version), random.Random(4)
    while stream:
        size = rng.randint(1, 300)
        door.link.data_received(stream[:size])
        stream = stream[size:]
    texts = [submission.text for submission, _ in door.exchange.taken]
    assert [str(n) for n in range(50)] == texts
    assert [pdus.Bare(pdus.ACTIVE_TEST_RESP, 1000 + n) for n in range(50)] == door.heard()


async def test_no_octet_breaks_the_door() -> None:
    """Traffic with octets changed at random raises nothing and takes no message twice."""
    rng = random.Random(5)
    for _ in range(60):
        door, stream = Door(V30), bytearray(traffic(V30))
        for _ in range(rng.randint(1, 8)):
            stream[rng.randrange(len(stream))] = rng.randrange(256)
        for start in range(0, len(stream), 700):
            door.link.data_received(bytes(stream[start : start + 700]))
        assert len(door.exchange.taken) <= 51


async def test_a_sender_is_known_by_all_its_octets() -> None:
    """Messages that differ in anything but number and text are never taken for one another."""
    door = Door(V30)
    one, other = ORDINARY, replace(ORDINARY, source="10690002", msg_fmt=8, content=b"N\x2d")
    for submit in (one, other, one, replace(other, registered_delivery=0)):
        door.link.data_received(codec.encode(submit, V30))
    found = [(submission.source, submission.text) for submission, _ in door.exchange.taken]
    assert [("10690001", "x"), ("10690002", "中")] * 2 == found
    for _, client in door.exchange.taken:
        client.report(1, DELIVERED)
    assert 3 == len(door.heard())


async def test_nothing_is_taken_before_the_login() -> None:
    """The short way is for those who have logged in; others are cut off."""
    door = Door(V30)
    door.link.account = ""
    hung_up: list[bool] = []
    door.link._transport.close = lambda: hung_up.append(True)  # type: ignore[union-attr, method-assign]
    door.link.data_received(codec.encode(ORDINARY, V30))
    assert ([], [True]) == (door.exchange.taken, hung_up)


@pytest.mark.parametrize(
    "nonsense", [b"\xff" * 40, bytes(32), codec.HEADER.pack(20_000, 0x80000005, 1) + bytes(20_000)]
)
async def test_nonsense_ends_the_connection(nonsense: bytes) -> None:
    """A length that no message has cuts the client off, also where it pretends to be an answer."""
    door, hung_up = Door(V30), list[bool]()
    door.link._transport.close = lambda: hung_up.append(True)  # type: ignore[union-attr, method-assign]
    door.link.data_received(nonsense)
    assert ([], [True]) == (door.exchange.taken, hung_up)

"""The shortest paths, taken for PDUs like those before, say what the long way says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.protocols.correlator import Correlator
from evaluators.protocols.smpp import codec, receipt
from evaluators.protocols.smpp.reader import Reader
from evaluators.protocols.smpp.template import Template
from evaluators.protocols.window import Window

octets = st.integers(0, 255)


def delivery(message_id: bytes, number: str, state: str, *, tlvs: bool) -> bytes:
    """A receipt as vendors send it."""
    report = receipt.Report(message_id, state, "000", "2611221900", "2611221901")
    extra = ((0x1E, message_id + b"\0"), (0x427, b"\x02" if state == "DELIVRD" else b"\x05"))
    sms = codec.Sms(
        codec.DELIVER_SM,
        9,
        number,
        "1069",
        receipt.format(report),
        esm_class=codec.ESM_RECEIPT,
        tlvs=extra if tlvs else (),
    )
    return codec.encode(sms)


def told(reader: Reader, pdu: bytes) -> tuple[object, ...]:
    """Everything the reader says of this PDU."""
    batch = reader.feed(pdu, 5)
    left = reader.correlator.release()
    return (batch.events, left, b"".join(batch.out), batch.control, dict(reader.oddities))


def reader_awaiting(*ids: bytes) -> Reader:
    correlator = Correlator()
    for handle, message_id in enumerate(ids, 10):
        correlator.accepted(message_id, handle)
    return Reader(Window(100, 1, codec.LAST_SEQUENCE), correlator)


@given(st.booleans(), st.lists(st.tuples(st.integers(0, 300), octets), max_size=3))
def test_a_receipt_like_one_before_is_read_as_if_it_were_the_first(
    tlvs: bool, changes: list[tuple[int, int]]
) -> None:
    """Whatever octets differ from the receipt before, the answer is that of a fresh reader."""
    later = bytearray(delivery(b"id22", "19800000002", "DELIVRD", tlvs=tlvs))
    for at, value in changes:
        later[4 + at % (len(later) - 4)] = value
    ids = (b"id11", b"id12", b"id22")
    fresh, seasoned = reader_awaiting(*ids), reader_awaiting(*ids)
    for message_id in ids[:2]:
        seasoned.feed(delivery(message_id, "19800000001", "DELIVRD", tlvs=tlvs), 5)
        fresh.correlator.claim(message_id, "DELIVRD", "000", 5)
    assert told(fresh, bytes(later)) == told(seasoned, bytes(later))


@given(st.lists(st.tuples(st.integers(0, 40), octets), max_size=2))
def test_an_answer_like_one_before_is_read_as_if_it_were_the_first(
    changes: list[tuple[int, int]],
) -> None:
    """The same for answers, whatever octets differ."""
    fresh, seasoned = reader_awaiting(), reader_awaiting()
    for reader in (fresh, seasoned):
        reader.window.add(0, [7, 8, 9])
    first = codec.encode(codec.SmsResp(codec.SUBMIT_SM_RESP, 1, 0, b"aaaa"))
    seasoned.feed(first, 5)
    fresh.window.answered(1)
    fresh.correlator.accepted(b"aaaa", 7)
    later = bytearray(codec.encode(codec.SmsResp(codec.SUBMIT_SM_RESP, 2, 0, b"bbbb")))
    for at, value in changes:
        later[4 + at % (len(later) - 4)] = value
    assert told(fresh, bytes(later)) == told(seasoned, bytes(later))


@pytest.mark.parametrize("tlvs", [False, True])
def test_vendors_change_state_and_dates_as_they_go(tlvs: bool) -> None:
    """Receipts of several lengths, states and numbers all find their messages."""
    ids = [b"%d" % number for number in range(95, 106)]
    reader = reader_awaiting(*ids)
    states = ["DELIVRD", "UNDELIV", "EXPIRED"]
    pdus = [
        delivery(one, "198"[: 1 + at % 3] * 3, states[at % 3], tlvs=tlvs)
        for at, one in enumerate(ids)
    ]
    found = reader.feed(b"".join(pdus), 5).events.receipts
    known = [state if state != "EXPIRED" or not tlvs else "UNDELIV" for state in states]
    assert [(10 + at, ids[at], known[at % 3]) for at in range(11)] == [one[:3] for one in found]


def test_a_vendor_whose_receipts_are_never_alike_is_read_all_the_same() -> None:
    """When no shape ever fits, the long way is taken, and memory stays bounded."""
    ids = [b"%06d" % number for number in range(600)]
    reader = reader_awaiting(*ids)
    for at, one in enumerate(ids):
        number = "1" * (1 + at % 5)
        sender = "2" * (5 - at % 5)
        report = receipt.Report(one, "DELIVRD", "000", "2611221900", "2611221901")
        sms = codec.Sms(codec.DELIVER_SM, 1, number, sender, receipt.format(report), esm_class=4)
        assert reader.feed(codec.encode(sms), 5).events.receipts[0][0] == 10 + at
    assert sum(shape is not None for shape in reader._shapes.receipts) == 1


numbers = st.text("0123456789", min_size=3, max_size=4)
bodies = st.lists(
    st.text(st.sampled_from("ab{€é你я😀"), min_size=2, max_size=3), min_size=1, max_size=4
)


@given(
    st.data(),
    bodies,
    st.sampled_from(["", "【测】", "[测]", "x" * 150]),
    st.sampled_from(["auto", "ucs2"]),
)
def test_messages_encoded_together_are_those_encoded_alone(
    data: st.DataObject, texts: list[str], before: str, encoding: str
) -> None:
    """A batch gives the PDUs its messages would give one by one."""
    template = Template(codec.Sms(codec.SUBMIT_SM, 0, "1069", ""), encoding)  # type: ignore[arg-type]
    messages: list[tuple[int, str, str | bytes]] = [
        (at, data.draw(numbers), before + text) for at, text in enumerate(texts)
    ]
    alone = []
    for at, number, text in messages:
        body = template.single(number, text)
        if body is None:
            break
        alone.append(template.number(body, 5 + at))
    assert alone == template.fill(messages, 0, len(messages), 5)


def test_the_shortest_path_remembers_only_so_many_finished_ids() -> None:
    """A day of ordinary receipts does not make the correlator grow."""
    correlator = Correlator(remember=10)
    reader = Reader(Window(100, 1, codec.LAST_SEQUENCE), correlator)
    for index in range(100):
        correlator.accepted(b"id%02d" % index, index)
        reader.feed(delivery(b"id%02d" % index, "19800000001", "DELIVRD", tlvs=False), 5)
    assert correlator.open == 0
    assert len(correlator.done) <= 10

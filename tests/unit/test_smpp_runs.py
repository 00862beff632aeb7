"""Many PDUs alike, read at once, say what they say one by one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.protocols.correlator import Correlator
from evaluators.protocols.dialect import Batch
from evaluators.protocols.smpp import codec, receipt
from evaluators.protocols.smpp.reader import Reader
from evaluators.protocols.window import Window

SENT = 400
LONG = (37, 120)  # messages that went out in two parts


class OneByOne(Reader):
    """The general reader: every PDU goes through the codec."""

    def _read_all(self, data: bytes, batch: Batch) -> int:
        offset = 0
        while len(data) - offset >= codec.HEADER.size:
            length = int.from_bytes(data[offset : offset + 4], "big")
            codec.SIZES.check(length)
            if offset + length > len(data):
                break
            self._properly(data[offset : offset + length], batch)
            offset += length
        return offset


def reader(kind: type[Reader]) -> Reader:
    """One that waits for the answers to SENT messages."""
    correlator, window = Correlator(), Window(1000, 1, codec.LAST_SEQUENCE)
    for index in range(SENT):
        window.add(0, correlator.split(index, 2) if index in LONG else [index])
    return kind(window, correlator)


@dataclass
class Vendor:
    """Writes answers and receipts; `next` are the sequence numbers it has come to."""

    tlvs: bool = False
    answered: int = 0
    reported: int = 0
    written: list[bytes] = field(default_factory=list)

    def answer(self, *, status: int = 0, message_id: bytes = b"") -> None:
        self.answered += 1
        named = b"" if status else message_id or b"id%06d" % self.answered
        resp = codec.SmsResp(codec.SUBMIT_SM_RESP, self.answered, status, named)
        self.written.append(codec.encode(resp))

    def report(self, state: str = "DELIVRD", *, of: int = 0, number: str = "19800000001") -> None:
        if not of:
            self.reported += 1
        message_id = b"id%06d" % (of or self.reported)
        text = receipt.format(receipt.Report(message_id, state, "000", "2611221900", "2611221901"))
        code = receipt.STATE_CODES.get(state, 7)
        tlvs = ((0x1E, message_id + b"\0"), (0x427, bytes((code,)))) if self.tlvs else ()
        sms = codec.Sms(
            codec.DELIVER_SM, 7 + len(self.written), number, "1069", text, esm_class=4, tlvs=tlvs
        )
        self.written.append(codec.encode(sms))

    def write(self, kind: str, times: int) -> None:
        """One stretch of what a vendor may write."""
        for _ in range(times):
            if kind in {"answers", "pairs"}:
                self.answer()
            if kind in {"receipts", "pairs", "failed"}:
                self.report("UNDELIV" if kind == "failed" else "DELIVRD")
            if kind == "receipts first":
                self.report(of=self.answered + 1)
                self.answer()
        self._oddity(kind)

    def _oddity(self, kind: str) -> None:
        oddities: dict[str, Callable[[], object]] = {
            "refusal": lambda: self.answer(status=0x58),
            "repeated id": lambda: self.answer(message_id=b"id%06d" % max(1, self.answered)),
            "underway": lambda: self.report("ENROUTE", of=self.reported + 1),
            "twice": lambda: self.report(of=max(1, self.reported)),
            "unasked": lambda: self.report(of=999_999),
            "other length": lambda: self.report(number="198"),
            "keep-alive": lambda: self._append(codec.Bare(codec.ENQUIRE_LINK, 5)),
            "reply": lambda: self._append(
                codec.Sms(codec.DELIVER_SM, 6, "19800000001", "1069", b"STOP")
            ),
        }
        oddities.get(kind, lambda: None)()

    def _append(self, pdu: codec.Pdu) -> None:
        self.written.append(codec.encode(pdu))


KINDS = (
    "answers", "receipts", "pairs", "failed", "receipts first", "refusal", "repeated id",
    "underway", "twice", "unasked", "other length", "keep-alive", "reply",
)  # fmt: skip
stretches = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, 60)), min_size=1, max_size=12)


def heard(one: Reader, stream: bytes, cuts: list[int]) -> Iterator[tuple[object, ...]]:
    """What it says of each piece, and what is left in the end."""
    places = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    for start, end in pairwise(places):
        batch = one.feed(stream[start:end], start)
        yield (batch.events, b"".join(batch.out), batch.control, str(batch.broken))
    known = one.correlator
    yield (dict(one.window.waiting), dict(known.waiting), known.early, known.repeated_ids)
    yield (known.release(), known.partial(), dict(one.oddities))
    yield tuple(known._finished(b"id%06d" % number) for number in range(SENT))


def same(stream: bytes, cuts: list[int]) -> None:
    one_by_one, at_once = reader(OneByOne), reader(Reader)
    for expected, actual in zip(
        heard(one_by_one, stream, cuts), heard(at_once, stream, cuts), strict=True
    ):
        assert expected == actual


@settings(max_examples=150, deadline=None)
@given(st.booleans(), stretches, st.lists(st.integers(0), max_size=4))
def test_mixtures_cut_anywhere_are_read_as_one_by_one(
    tlvs: bool, written: list[tuple[str, int]], cuts: list[int]
) -> None:
    """Whatever a vendor writes, in whatever order and pieces, both readers say the same."""
    vendor = Vendor(tlvs)
    for kind, times in written:
        vendor.write(kind, times)
    same(b"".join(vendor.written), cuts)


@settings(max_examples=150, deadline=None)
@given(
    st.booleans(),
    st.sampled_from(["answers", "pairs"]),
    st.lists(st.tuples(st.integers(0), st.integers(0, 255)), min_size=1, max_size=3),
)
def test_an_octet_that_differs_in_a_run_is_noticed(
    tlvs: bool, kind: str, changes: list[tuple[int, int]]
) -> None:
    """Whatever octets of a run are changed, both readers say the same."""
    vendor = Vendor(tlvs)
    vendor.write(kind, 100)
    if kind == "answers":
        vendor.write("receipts", 100)
    stream = bytearray(b"".join(vendor.written))
    for at, value in changes:
        stream[at % len(stream)] = value
    same(bytes(stream), [])


@pytest.mark.parametrize("lag", [1, 3, 50])
@pytest.mark.parametrize("tlvs", [False, True])
def test_receipts_that_lag_behind_their_answers_find_them(lag: int, tlvs: bool) -> None:
    """An answer, the receipt of an earlier one, and so on: read at once, and all found."""
    vendor = Vendor(tlvs)
    vendor.write("answers", lag)
    vendor.write("pairs", SENT - lag)
    stream = b"".join(vendor.written)
    same(stream, [])
    found = reader(Reader).feed(stream, 5).events
    # two messages took two answers and two receipts
    assert {*range(SENT - 2)} == {index for index, _, _, _ in found.submitted}
    assert {*range(SENT - 2 - lag)} == {record[0] for record in found.receipts}


@pytest.mark.parametrize("tlvs", [False, True])
def test_a_run_really_is_read_at_once(tlvs: bool) -> None:
    """Ordinary pairs are seen as one run, so that the tests above are about runs."""
    vendor, one = Vendor(tlvs), reader(Reader)
    vendor.write("pairs", 30)
    stream = b"".join(vendor.written)
    one.feed(stream, 5)
    found = one._runs.at(stream, 0)
    assert found is not None
    run, units = found
    columns = run.read(stream, 0, units)
    assert columns is not None
    assert (30, 30) == (columns.units, len({*columns.reported}))

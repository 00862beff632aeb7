"""SMGP status reports, as specified and as gateways write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.protocols.smgp import codec, receipt, tlv
from tests.unit.smgp_samples import (
    EXAMPLE_ID,
    NASTY_ID,
    REPORT,
    octet,
    reports,
    tlvs,
)


@given(reports)
def test_a_report_reads_as_it_was_written(report: receipt.Report) -> None:
    """Reports in the specification's form keep every field, whatever octets the id has."""
    written = receipt.format(report)
    assert len(written) == 122
    assert report == receipt.parse(written)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ((b"ID:%b SUB:001 DLVRD:001 SUBMIT DATE:2611221900 DONE DATE:2611221901 STAT:UNDELIV "
         b"ERR:006 TEXT:"), ("UNDELIV", "006")),
        ((b"id:%b sub:001 dlvrd:001 submit_date:261122190000 done_date:261122190100 stat:DELIVRD "
         b"err:0 text:\xff"), ("DELIVRD", "0")),
        ((b"id:%b sub:001 dlvrd:001 Submit date:2611221900 done date: 2611221901 stat:EXPIRED "
         b"err:001 Text:stat:DELIVRD"), ("EXPIRED", "001")),
        (b"id: %b stat:MA:0001 err:999", ("MA:0001", "999")),
        (b"id:%b sub:001 dlvrd: Submit date: done date: stat:REJECTD err: Text:", ("REJECTD", "")),
        (b"id:%b sub:001 dlvrd:001 err:000 Text:stat:DELIVRD", None),
        (b"id:%b", None),
        (b"id:%bsub:001 stat:DELIVRD", None),
        (b"%b sub:001 stat:DELIVRD", None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("message_id", [EXAMPLE_ID, NASTY_ID, b" sub:0 sub", bytes(10)])
def test_reports_vary(text: bytes, expected: tuple[str, str] | None, message_id: bytes) -> None:
    """Gateways vary case, spacing and dates and leave fields out; the id's octets never confuse."""
    found = receipt.parse(text % message_id)
    assert expected == (found and (found.state, found.err))
    assert found is None or found.message_id == message_id


def test_an_id_may_come_in_hexadecimal() -> None:
    """Twenty hex digits in place of the ten octets are the same id."""
    text = receipt.format(REPORT).replace(EXAMPLE_ID, EXAMPLE_ID.hex().encode())
    assert receipt.parse(text) == REPORT


def test_an_excerpt_holds_whole_characters() -> None:
    """Txt is the length in three digits and as many whole characters as 17 octets hold."""
    ucs2, gbk = ("长".encode(name) for name in ("utf-16-be", "gbk"))
    assert receipt.excerpt(b"hello", codec.ASCII) == b"005hello"
    assert receipt.excerpt(ucs2 * 70, codec.UCS2) == b"140" + ucs2 * 8
    assert receipt.excerpt(gbk * 9, codec.GB18030) == b"018" + gbk * 8
    assert receipt.excerpt(b"a" + gbk * 9, codec.GB18030) == b"019a" + gbk * 8


@given(reports, tlvs, st.integers(0, 1), st.data())
def test_the_fast_path_never_reads_a_report_otherwise(
    report: receipt.Report, extra: tlv.Tlvs, is_report: int, data: st.DataObject
) -> None:
    """Where the fast path gives an answer, it is the one the codec gives."""
    text = bytearray(receipt.format(report))
    for _ in range(data.draw(st.integers(0, 2))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(octet)
    known = data.draw(st.sampled_from([(), extra]))
    content = bytes(text)[: data.draw(st.sampled_from([122, 122, 121]))]
    deliver = codec.Deliver(1, bytes(10), "198", "106", content, is_report, tlvs=known)
    raw = codec.encode(deliver)
    fast = receipt.quick(b"xx" + raw + b"yy", 2, 2 + len(raw))
    slow = receipt.parse(codec.decode_deliver(raw).content)
    if fast is not None:
        assert is_report == 1
        assert slow is not None
        assert fast == (slow.message_id, slow.state.encode("latin-1"), slow.err.encode("latin-1"))


@given(reports)
def test_the_fast_path_takes_the_usual_report(report: receipt.Report) -> None:
    """A report in the specification's own form never needs the slow path."""
    deliver = codec.Deliver(
        1, bytes(10), "198", "106", receipt.format(report), is_report=1, received="20261122190100"
    )
    raw = codec.encode(deliver)
    expected = (report.message_id, report.state.encode(), report.err.encode())
    assert expected == receipt.quick(raw, 0, len(raw))

"""SMPP receipts, as specified and as vendors write them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.protocols.smpp import codec, receipt
from tests.unit.smpp_samples import (
    VECTORS,
    octet,
    reports,
    tlvs,
)


@given(reports)
def test_a_receipt_text_reads_as_it_was_written(report: receipt.Report) -> None:
    """Receipt texts in the specification's form keep every field."""
    assert report == receipt.parse(receipt.format(report))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"id:7 stat:DELIVRD", (b"7", "DELIVRD", "")),
        (b"ID:ab12 SUB:001 STAT:UNDELIV ERR:0A1 TEXT:", (b"ab12", "UNDELIV", "0A1")),
        (b"stat:EXPIRED id:9 err:13", (b"9", "EXPIRED", "13")),
        (b"id: 5 stat: MA:0001 err: 1", (b"5", "MA:0001", "1")),
        (b"id:5 done date: stat:DELIVRD err: text:", (b"5", "DELIVRD", "")),
        (b"id:5 sub:text:x stat:DELIVRD", (b"5", "DELIVRD", "")),
        (b"id:5 text:stat:DELIVRD", None),
        (b"I am not a receipt", None),
        (b"", None),
    ],
)
def test_receipt_texts_vary(text: bytes, expected: tuple[bytes, str, str] | None) -> None:
    """Vendors vary case, order and spacing of receipts, and leave fields out."""
    found = receipt.parse(text)
    assert expected == (found and (found.message_id, found.state, found.err))


def test_optional_parameters_go_before_the_text() -> None:
    """receipted_message_id and message_state win over what the text says."""
    sms = VECTORS["deliver_sm_receipt"]
    assert isinstance(sms, codec.Sms)
    tags = ((codec.TLV_RECEIPTED_MESSAGE_ID, b"9\0"), (codec.TLV_MESSAGE_STATE, b"\x05"))
    found = receipt.read(replace(sms, tlvs=tags))
    assert found is not None
    assert (found.message_id, found.state) == (b"9", "UNDELIV")


def test_a_receipt_may_have_no_text_at_all() -> None:
    """Optional parameters alone make a receipt; the network's error code is its error."""
    sms = codec.Sms(
        codec.DELIVER_SM,
        1,
        "1",
        "2",
        esm_class=codec.ESM_RECEIPT,
        tlvs=(
            (codec.TLV_RECEIPTED_MESSAGE_ID, b"9"),
            (codec.TLV_MESSAGE_STATE, b"\x08"),
            (codec.TLV_NETWORK_ERROR_CODE, b"\x03\x00\x21"),
        ),
    )
    assert receipt.Report(b"9", "REJECTD", "33") == receipt.read(sms)
    assert receipt.read(replace(sms, tlvs=())) is None
    assert receipt.read(replace(sms, esm_class=0, tlvs=())) is None


@given(reports, tlvs, st.sampled_from([codec.ESM_RECEIPT, 0, codec.ESM_INTERMEDIATE]), st.data())
def test_the_fast_path_never_reads_a_receipt_otherwise(
    report: receipt.Report, extra: codec.Tlvs, esm_class: int, data: st.DataObject
) -> None:
    """Where the fast path gives an answer, it is the one the codec gives."""
    text = bytearray(receipt.format(report))
    for _ in range(data.draw(st.integers(0, 2))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(octet)
    known = data.draw(st.sampled_from([(), ((0x1E, b"77\0"), (0x427, b"\x05")), tuple(extra)]))
    sms = codec.Sms(codec.DELIVER_SM, 1, "198", "106", bytes(text), esm_class=esm_class, tlvs=known)
    raw = codec.encode(sms)
    fast = receipt.quick(b"xx" + raw + b"yy", 2, 2 + len(raw))
    slow = receipt.read(codec.decode_sms(raw))
    if fast is not None:
        assert slow is not None
        assert fast[:3] == (
            slow.message_id,
            slow.state.encode("latin-1"),
            slow.err.encode("latin-1"),
        )


@given(reports.map(lambda report: replace(report, message_id=b"1a2b")))
def test_the_fast_path_takes_the_usual_receipt(report: receipt.Report) -> None:
    """A receipt in the specification's own form never needs the slow path."""
    sms = codec.Sms(
        codec.DELIVER_SM, 1, "198", "106", receipt.format(report), esm_class=codec.ESM_RECEIPT
    )
    raw = codec.encode(sms)
    found = receipt.quick(raw, 0, len(raw))
    assert found is not None
    assert (report.message_id, report.state.encode(), report.err.encode()) == found[:3]

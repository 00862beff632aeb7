"""SMPP bytes in both directions, receipts, alphabets. Vectors lie in tests/golden/smpp."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import smpp34
import smpplib.command_codes
import smpplib.smpp
from hypothesis import given
from hypothesis import strategies as st

from evaluators.protocols import text as texts
from evaluators.protocols.correlator import Correlator
from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.smpp import codec, receipt, status
from evaluators.protocols.smpp.reader import Reader
from evaluators.protocols.smpp.template import Template
from evaluators.protocols.window import Window

GOLDEN = Path(__file__).parent.parent / "golden" / "smpp"
RECEIPT_TEXT = (
    b"id:0000000042 sub:001 dlvrd:001 submit date:2611221900 done date:2611221901 "
    b"stat:DELIVRD err:000 text:hi"
)
VECTORS: dict[str, codec.Pdu] = {
    "bind_transceiver": codec.Bind(
        codec.BIND_TRANSCEIVER, 1, "buyer", "simulate", "VMS", 0x34, 1, 1, "1069"
    ),
    "bind_transmitter": codec.Bind(codec.BIND_TRANSMITTER, 2, "buyer"),
    "bind_receiver": codec.Bind(codec.BIND_RECEIVER, 0x7FFFFFFF, "buyer", "simulate"),
    "bind_transceiver_resp": codec.BindResp(
        codec.BIND_TRANSCEIVER_RESP, 1, 0, "SMSC", ((0x0210, b"\x34"),)
    ),
    "bind_transmitter_resp": codec.BindResp(codec.BIND_TRANSMITTER_RESP, 2),
    "bind_receiver_resp": codec.BindResp(
        codec.BIND_RECEIVER_RESP, 0x7FFFFFFF, status.WRONG_PASSWORD
    ),
    "submit_sm": codec.Sms(
        codec.SUBMIT_SM,
        5,
        "106900001",
        "19800001234",
        "【测试】你好".encode("utf-16-be"),
        data_coding=8,
        registered_delivery=1,
        destination_ton=1,
        destination_npi=1,
    ),
    "submit_sm_long_part": codec.Sms(
        codec.SUBMIT_SM,
        6,
        "Shop",
        "16600000001",
        b"\x05\x00\x03\x2a\x02\x01hi",
        esm_class=codec.ESM_UDHI,
        registered_delivery=2,
        service_type="CMT",
        source_ton=5,
        destination_ton=1,
        destination_npi=1,
        priority=1,
        schedule_delivery_time="261122190000032+",
        validity_period="000001000000000R",
    ),
    "submit_sm_payload": codec.Sms(
        codec.SUBMIT_SM,
        7,
        "",
        "19900000002",
        tlvs=(
            (codec.TLV_SAR_REFERENCE, b"\x01\x02"),
            (codec.TLV_SAR_TOTAL, b"\x03"),
            (codec.TLV_SAR_NUMBER, b"\x02"),
            (codec.TLV_MESSAGE_PAYLOAD, b"hello"),
        ),
    ),
    "submit_sm_wide_part": codec.Sms(
        codec.SUBMIT_SM,
        8,
        "1069",
        "16600000001",
        b"\x06\x08\x04\x01\x2c\x02\x02" + "测试".encode("utf-16-be"),
        esm_class=codec.ESM_UDHI,
        data_coding=8,
        registered_delivery=1,
    ),
    "submit_sm_sar_part": codec.Sms(
        codec.SUBMIT_SM,
        9,
        "1069",
        "16600000001",
        "测试".encode("utf-16-be"),
        data_coding=8,
        registered_delivery=1,
        tlvs=(
            (codec.TLV_SAR_REFERENCE, b"\x01\x2c"),
            (codec.TLV_SAR_TOTAL, b"\x02"),
            (codec.TLV_SAR_NUMBER, b"\x02"),
        ),
    ),
    "submit_sm_7_bit": codec.Sms(
        codec.SUBMIT_SM,
        10,
        "1069",
        "16600000001",
        texts.encode("€5@[¡", "gsm7"),
        registered_delivery=1,
    ),
    "submit_sm_resp": codec.SmsResp(codec.SUBMIT_SM_RESP, 5, 0, b"0000000042"),
    "submit_sm_resp_throttled": codec.SmsResp(codec.SUBMIT_SM_RESP, 6, status.THROTTLED),
    "submit_sm_resp_queue_full": codec.SmsResp(codec.SUBMIT_SM_RESP, 7, status.QUEUE_FULL),
    "submit_sm_resp_hex_id": codec.SmsResp(codec.SUBMIT_SM_RESP, 8, 0, b"12ED574B"),
    "deliver_sm_decimal_id": codec.Sms(
        codec.DELIVER_SM,
        13,
        "16600000001",
        "1069",
        b"id:317544267 sub:001 dlvrd:001 submit date:2611221900 done date:2611221901 "
        b"stat:DELIVRD err:000 text:",
        esm_class=codec.ESM_RECEIPT,
        source_ton=1,
        source_npi=1,
    ),
    "data_sm_receipt": codec.Sms(
        codec.DATA_SM,
        12,
        "19800001234",
        "106900001",
        esm_class=codec.ESM_RECEIPT,
        source_ton=1,
        source_npi=1,
        tlvs=(
            (codec.TLV_RECEIPTED_MESSAGE_ID, b"12ED574B\0"),
            (codec.TLV_MESSAGE_STATE, b"\x05"),
            (codec.TLV_NETWORK_ERROR_CODE, b"\x03\x00\x21"),
        ),
    ),
    "data_sm_resp": codec.SmsResp(codec.DATA_SM_RESP, 12),
    "deliver_sm_receipt": codec.Sms(
        codec.DELIVER_SM,
        11,
        "19800001234",
        "106900001",
        RECEIPT_TEXT,
        esm_class=codec.ESM_RECEIPT,
        tlvs=(
            (codec.TLV_RECEIPTED_MESSAGE_ID, b"0000000042\0"),
            (codec.TLV_MESSAGE_STATE, b"\x02"),
        ),
    ),
    "deliver_sm_resp": codec.SmsResp(codec.DELIVER_SM_RESP, 11),
    "enquire_link": codec.Bare(codec.ENQUIRE_LINK, 9),
    "enquire_link_resp": codec.Bare(codec.ENQUIRE_LINK_RESP, 9),
    "unbind": codec.Bare(codec.UNBIND, 9),
    "unbind_resp": codec.Bare(codec.UNBIND_RESP, 9),
    "generic_nack": codec.Bare(codec.GENERIC_NACK, 9, status.UNKNOWN_COMMAND),
}

numbers = st.text("0123456789", min_size=1, max_size=20)
octet = st.integers(0, 255)
sequences = st.integers(1, codec.LAST_SEQUENCE)
words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=15)
tlvs = st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=40)), max_size=4)
messages = st.builds(
    codec.Sms,
    st.sampled_from([codec.SUBMIT_SM, codec.DELIVER_SM]),
    sequences,
    numbers,
    numbers,
    st.binary(max_size=254),
    octet,
    octet,
    octet,
    service_type=words.map(lambda word: word[:5]),
    source_ton=octet,
    priority=octet,
    validity_period=words,
    tlvs=tlvs.map(tuple),
)
pdus = st.one_of(
    messages,
    st.builds(codec.Bind, st.sampled_from(sorted(codec.BINDS)), sequences, words, words),
    st.builds(
        codec.SmsResp, st.just(codec.SUBMIT_SM_RESP), sequences, message_id=words.map(str.encode)
    ),
    st.builds(codec.Bare, st.just(codec.GENERIC_NACK), sequences, st.integers(0, 0xFFFFFFFF)),
)
reports = st.builds(
    receipt.Report,
    words.map(str.encode),
    st.sampled_from([*receipt.STATE_CODES, "MA:0001", "UNDELIV"]),
    st.text("0123456789", min_size=1, max_size=3),
    submitted=st.just("2611221900"),
    done=st.just("2611221901"),
    text=st.binary(max_size=20),
)


def vector(name: str) -> bytes:
    lines = (GOLDEN / f"{name}.hex").read_text(encoding="utf-8").splitlines()
    return bytes.fromhex("".join(line.split("  ")[0] for line in lines))


@pytest.mark.parametrize("name", VECTORS)
def test_decodes_the_specifications_layout(name: str) -> None:
    """Every PDU laid out by hand from the specification decodes to its fields."""
    assert VECTORS[name] == codec.decode(vector(name))


@pytest.mark.parametrize("name", VECTORS)
def test_encodes_the_specifications_layout(name: str) -> None:
    """Every PDU encodes to the bytes laid out by hand from the specification."""
    assert vector(name).hex(" ") == codec.encode(VECTORS[name]).hex(" ")


def test_every_vector_is_tested() -> None:
    """No golden file lies unused."""
    assert {path.stem for path in GOLDEN.glob("*.hex")} == set(VECTORS)


@pytest.mark.parametrize("name", VECTORS)
def test_an_independent_library_agrees_on_the_header(name: str) -> None:
    """Another library, smpplib, reads the same command, status and sequence from our vectors."""
    client = SimpleNamespace(sequence=0, next_sequence=lambda: 0)
    theirs = smpplib.smpp.parse_pdu(vector(name), client=client, allow_unknown_opt_params=True)
    ours = codec.decode(vector(name))
    command = smpplib.command_codes.get_command_code(theirs.command)
    assert (ours.command, ours.sequence) == (command, theirs.sequence)
    assert getattr(ours, "status", 0) == theirs.status


@pytest.mark.parametrize(
    "name",
    [
        "submit_sm",
        "submit_sm_long_part",
        "submit_sm_wide_part",
        "submit_sm_sar_part",
        "submit_sm_7_bit",
        "submit_sm_payload",
        "deliver_sm_receipt",
        "deliver_sm_decimal_id",
    ],
)
def test_an_independent_library_agrees_on_a_message(name: str) -> None:
    """Another library, smpp34, reads the same addresses, text and parameters from our vectors."""
    ours = codec.decode_sms(vector(name))
    theirs = smpp34.decode(vector(name))
    assert not isinstance(theirs, smpp34.RawPdu)
    assert (ours.source, ours.destination) == (theirs.source_addr, theirs.destination_addr)
    assert ours.short_message == theirs.short_message
    assert [tag for tag, _ in ours.tlvs] == [tlv.tag for tlv in theirs.tlvs]


@given(pdus)
def test_what_is_encoded_decodes_to_itself(pdu: codec.Pdu) -> None:
    """Encoding and decoding are each other's inverse."""
    assert pdu == codec.decode(codec.encode(pdu))


@given(st.binary(max_size=200))
def test_garbage_is_one_kind_of_error(data: bytes) -> None:
    """Bytes that are no PDU raise ProtocolError and nothing else."""
    with suppress(ProtocolError):
        codec.decode(data)


@given(messages, st.data())
def test_a_cut_or_changed_pdu_is_one_kind_of_error(sms: codec.Sms, data: st.DataObject) -> None:
    """A message with an octet changed or its end cut off decodes or raises ProtocolError."""
    raw = bytearray(codec.encode(sms))
    raw[data.draw(st.integers(4, len(raw) - 1))] = data.draw(octet)
    end = data.draw(st.integers(16, len(raw)))
    raw[:4] = end.to_bytes(4, "big")
    with suppress(ProtocolError):
        codec.decode(bytes(raw[:end]))


@given(st.lists(pdus, max_size=5), st.integers(1, 50))
def test_a_stream_is_cut_the_same_however_it_arrives(pdus: list[codec.Pdu], step: int) -> None:
    """PDUs come out whole and in order whatever the sizes of the reads."""
    stream = b"".join(map(codec.encode, pdus))
    frames = codec.Frames()
    chunks = [stream[at : at + step] for at in range(0, len(stream), step)]
    assert pdus == [codec.decode(frame) for chunk in chunks for frame in frames.feed(chunk)]


@pytest.mark.parametrize("length", [0, 15, codec.SIZES.longest + 1, 0xFFFFFFFF])
def test_a_senseless_length_is_an_error(length: int) -> None:
    """A PDU shorter than its header or longer than 64 KiB is refused before it is collected."""
    with pytest.raises(ProtocolError, match=f"{length} octets"):
        list(codec.Frames().feed(length.to_bytes(4, "big") + bytes(12)))


@pytest.mark.parametrize(
    "pdu",
    [
        codec.Bind(codec.BIND_TRANSCEIVER, 1, "a" * 16),
        codec.Bind(codec.BIND_TRANSCEIVER, 1, "a", "p" * 65),
        codec.Sms(codec.SUBMIT_SM, 1, "", "1" * 21),
        codec.Sms(codec.SUBMIT_SM, 1, "", "1", bytes(255)),
        codec.Sms(codec.SUBMIT_SM, 1, "签", "1"),
        codec.SmsResp(codec.SUBMIT_SM_RESP, 1, 0, b"i" * 65),
        codec.SmsResp(codec.SUBMIT_SM_RESP, 1, 0, b"a\0b"),
    ],
)
def test_a_field_that_does_not_fit_is_not_sent(pdu: codec.Pdu) -> None:
    """Encoding refuses what the receiver could not read back."""
    with pytest.raises(ProtocolError):
        codec.encode(pdu)


def test_what_must_be_a_message_is_one() -> None:
    """Where a message is expected, another PDU is an error."""
    with pytest.raises(ProtocolError, match="not a message"):
        codec.decode_sms(codec.encode(codec.Bare(codec.UNBIND, 1)))


def test_an_unknown_command_names_the_status_to_answer() -> None:
    """A command this side does not speak is answered with ESME_RINVCMDID."""
    with pytest.raises(ProtocolError) as caught:
        codec.decode(codec.HEADER.pack(16, 0x00000021, 0, 1))
    assert caught.value.status == status.UNKNOWN_COMMAND
    assert status.name(caught.value.status) == "ESME_RINVCMDID"
    assert status.name(0x400) == "0x00000400"


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


def new_reader() -> Reader:
    return Reader(Window(10, 1, codec.LAST_SEQUENCE), Correlator())


@given(st.binary(max_size=300), st.integers(1, 64))
def test_a_client_survives_any_bytes(data: bytes, step: int) -> None:
    """Whatever a peer sends, in whatever pieces, reading it raises nothing."""
    reader = new_reader()
    for at in range(0, len(data), step):
        if reader.feed(data[at : at + step], 0).broken:
            break


@given(st.lists(st.one_of(pdus.map(codec.encode), st.binary(max_size=40)), max_size=6))
def test_a_client_survives_any_pdus(frames: list[bytes]) -> None:
    """Well-framed nonsense is answered and counted, never raised, and breaks no connection."""
    reader = new_reader()
    for frame in frames:
        body = frame[4:] if len(frame) >= 16 else frame.ljust(12, b"\0")
        assert reader.feed((len(body) + 4).to_bytes(4, "big") + body, 0).broken is None


@given(numbers, st.text(max_size=70), st.sampled_from(["auto", "ucs2"]))
def test_the_template_writes_what_the_codec_would(number: str, text: str, encoding: str) -> None:
    """A message from the prepared pattern is the one the codec makes, octet for octet."""
    sample = codec.Sms(codec.SUBMIT_SM, 0, "1069", "", registered_delivery=1, source_ton=5)
    body = Template(sample, encoding).single(number, text)  # type: ignore[arg-type]
    assert body is not None or len(text.encode("utf-16-be")) > 140
    if body is not None:
        chosen = texts.choose(text) if encoding == "auto" else "ucs2"
        whole = replace(
            sample,
            destination=number,
            data_coding=codec.DATA_CODINGS[chosen],
            short_message=texts.encode(text, chosen),
        )
        assert codec.encode(whole)[16:] == body

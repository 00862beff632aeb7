"""SMPP bytes in both directions, receipts, alphabets. Vectors lie in tests/golden/smpp."""

from contextlib import suppress
from dataclasses import replace
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
from evaluators.protocols.smpp import codec, status
from evaluators.protocols.smpp.reader import Reader
from evaluators.protocols.smpp.template import Template
from evaluators.protocols.window import Window
from tests.unit.smpp_samples import (
    GOLDEN,
    VECTORS,
    messages,
    numbers,
    octet,
    pdus,
    vector,
)


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

"""CMPP bytes in both directions. Vectors lie in tests/golden/cmpp."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.protocols.cmpp import codec, login, pdus, receipt, status
from evaluators.protocols.cmpp.pdus import V20, V30
from evaluators.protocols.errors import ProtocolError
from tests.unit.cmpp_samples import (
    ANSWER_20,
    ANSWER_30,
    BOTH,
    CHINESE,
    DELIVER,
    DIGEST,
    GOLDEN,
    REPLY,
    REPORT,
    SUBMITTED,
    TOLERATED,
    VECTORS,
    both_versions,
    ids,
    octet,
    vector,
)

BOTH_WAYS = [(name, version) for name, (_, versions) in VECTORS.items() for version in versions]


@pytest.mark.parametrize(("name", "version"), BOTH_WAYS)
def test_decodes_the_specifications_layout(name: str, version: int) -> None:
    """Every message laid out by hand from the specification decodes to its fields."""
    assert VECTORS[name][0] == codec.decode(vector(name), version)


@pytest.mark.parametrize(("name", "version"), BOTH_WAYS)
def test_encodes_the_specifications_layout(name: str, version: int) -> None:
    """Every message encodes to the bytes laid out by hand from the specification."""
    assert vector(name).hex(" ") == codec.encode(VECTORS[name][0], version).hex(" ")


@pytest.mark.parametrize("name", TOLERATED)
@pytest.mark.parametrize("version", BOTH)
def test_reads_what_peers_write_otherwise(name: str, version: int) -> None:
    """An ACTIVE_TEST_RESP of 12 octets and a refusal without authenticator are understood."""
    assert TOLERATED[name] == codec.decode(vector(name), version)


def test_every_vector_is_tested() -> None:
    """No golden file lies unused."""
    assert {path.stem for path in GOLDEN.glob("*.hex")} == {*VECTORS, *TOLERATED}


@given(both_versions)
def test_what_is_encoded_decodes_to_itself(given_pdu: tuple[int, pdus.Pdu]) -> None:
    """decode undoes encode for every message of both versions."""
    version, pdu = given_pdu
    assert pdu == codec.decode(codec.encode(pdu, version), version)


@given(st.binary(max_size=400), st.sampled_from(BOTH), st.sampled_from(list(range(1, 17))))
def test_any_bytes_are_a_message_or_an_error(data: bytes, version: int, command: int) -> None:
    """Arbitrary bytes never raise anything but ProtocolError."""
    with suppress(ProtocolError):
        codec.decode(data, version)
    framed = codec.HEADER.pack(len(data) + 12, command, 1) + data
    with suppress(ProtocolError):
        codec.decode(framed, version)


@given(both_versions, st.data())
def test_damaged_messages_are_messages_or_errors(
    given_pdu: tuple[int, pdus.Pdu], data: st.DataObject
) -> None:
    """A message with octets changed, cut off or added raises nothing but ProtocolError."""
    version, pdu = given_pdu
    raw = bytearray(codec.encode(pdu, version))
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(12, len(raw) - 1)) if len(raw) > 12 else 4] = data.draw(octet)
    raw = raw[: data.draw(st.integers(12, len(raw)))] + data.draw(st.binary(max_size=3))
    raw[:4] = len(raw).to_bytes(4, "big")
    for each in BOTH:
        with suppress(ProtocolError):
            codec.decode(bytes(raw), each)


@given(st.lists(st.binary(max_size=60), max_size=4), st.data())
def test_a_stream_is_cut_into_its_messages(bodies: list[bytes], data: st.DataObject) -> None:
    """However the stream is chopped, the same messages come out."""
    frames = [codec.HEADER.pack(len(body) + 12, pdus.DELIVER, 1) + body for body in bodies]
    stream, cutter, found = b"".join(frames), codec.Frames(), list[bytes]()
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += cutter.feed(stream[:size])
        stream = stream[size:]
    assert frames == found


@pytest.mark.parametrize("length", [0, 11, codec.SIZES.longest + 1, 0xFFFFFFFF])
def test_a_senseless_length_ends_the_stream(length: int) -> None:
    """A length no message has raises before anything is kept."""
    with pytest.raises(ProtocolError):
        list(codec.Frames().feed(length.to_bytes(4, "big") + bytes(8)))


@pytest.mark.parametrize(
    "pdu",
    [
        replace(CHINESE, source="1" * 22),
        replace(CHINESE, source="中"),
        replace(CHINESE, destinations=()),
        replace(CHINESE, destinations=("1",) * 100),
        replace(CHINESE, content=bytes(256)),
        replace(CHINESE, destination_type=1),
        replace(CHINESE, fee_terminal_id="1" * 22),
        replace(CHINESE, service_id="a\0b"),
        replace(REPLY, source_type=1),
        pdus.SmsResp(pdus.SUBMIT_RESP, 1, result=256),
        pdus.SmsResp(pdus.SUBMIT_RESP, 1, b"7 octet"),
        pdus.Connect(1, "7654321", DIGEST, 1),
    ],
)
def test_what_does_not_fit_is_refused(pdu: pdus.Pdu) -> None:
    """A field longer than 2.0 allows, or one it does not have, is an error before sending."""
    with pytest.raises(ProtocolError):
        codec.encode(pdu, V20)


def test_a_message_id_is_a_time_a_gateway_and_a_number() -> None:
    """The bit fields of Msg_Id are where the specification has them."""
    assert bytes.fromhex("bb275e4003e9108f") == SUBMITTED.write()
    assert SUBMITTED == pdus.MessageId.read(SUBMITTED.write())
    seen = pdus.MessageId.read(bytes.fromhex("bb275e68f70f108f"))
    assert (11, 22, 9, 53, 57) == seen[:5]
    assert bytes([0xFF] * 8) == pdus.MessageId(15, 31, 31, 63, 63, 0x3FFFFF, 0xFFFF).write()


@given(ids)
def test_any_eight_octets_are_a_message_id(raw: bytes) -> None:
    """Taking a Msg_Id apart loses nothing."""
    assert raw == pdus.MessageId.read(raw).write()


def test_the_authenticator_keeps_the_leading_zero() -> None:
    """The digest takes ten digits although the timestamp is sent as a number."""
    stamp = login.timestamp(datetime(2026, 1, 2, 3, 4, 5))  # noqa: DTZ001 - no zone on the wire
    assert 102030405 == stamp
    assert "0874a7f02b3705bc445c95b15c7374d3" == DIGEST.hex()


def test_a_short_account_may_be_padded_or_not() -> None:
    """Both readings of an account shorter than six characters are accepted, and differ."""
    plain = login.authenticator("123", "s", 1)
    padded = login.authenticator("123", "s", 1, padded=True)
    assert plain != padded
    assert login.proves(plain, "123", "s", 1)
    assert login.proves(padded, "123", "s", 1)
    assert not login.proves(plain, "123", "t", 1)
    assert DIGEST == login.authenticator("900001", "simulate", 102030405, padded=True)


def test_the_gateways_authenticator_is_taken_in_either_width() -> None:
    """A Status of four octets is accepted where one is due; another secret is not."""
    assert login.answer_proves(ANSWER_20, 0, DIGEST, "simulate")
    assert login.answer_proves(ANSWER_30, 0, DIGEST, "simulate")
    assert not login.answer_proves(ANSWER_30, 0, DIGEST, "other")


@pytest.mark.parametrize(("version", "octets"), [(V20, 60), (V30, 71)])
def test_reports_have_two_lengths(version: int, octets: int) -> None:
    """A report takes 60 octets in 2.0 and 71 in 3.0, and reads as it was written."""
    written = receipt.format(REPORT, version)
    assert octets == len(written)
    assert REPORT == receipt.read(written)


@pytest.mark.parametrize("version", BOTH)
def test_a_report_written_at_once_is_the_one_written_in_steps(version: int) -> None:
    """The quick way to write a report gives the very octets of the ordinary one."""
    whole = replace(DELIVER, service_id="TPCQ", content=receipt.format(REPORT, version))
    ids = (int.from_bytes(one.message_id, "big") for one in (whole, REPORT))
    pattern = receipt.Pattern(replace(DELIVER, service_id="TPCQ"), version)
    own_id, told = next(ids), (next(ids), receipt.story(REPORT), REPORT.smsc_sequence)
    quick = pattern.write(whole.sequence, own_id, REPORT.number.encode(), told)
    assert codec.encode(whole, version) == quick


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (bytes(8) + b"MA:1\0\0\0", ("MA:1", "", "")),
        (bytes(8) + b"UNDELIV2611220953", ("UNDELIV", "2611220953", "")),
        (receipt.format(REPORT, V20) + b"more", ("DELIVRD", "2611220953", "19800001234")),
        (bytes(8) + b"EXPIRED" + bytes(20) + b"198", ("EXPIRED", "", "198")),
    ],
)
def test_reports_of_other_lengths_are_read_as_far_as_they_go(
    content: bytes, expected: tuple[str, str, str]
) -> None:
    """Id and state are enough; the rest is taken where it is there."""
    found = receipt.read(content)
    assert expected == (found.state, found.submitted, found.number)


@pytest.mark.parametrize("content", [b"", bytes(14), bytes(71), bytes(8) + b"   \0\0\0 "])
def test_a_report_without_id_or_state_is_none(content: bytes) -> None:
    """What names no message or no state is malformed."""
    with pytest.raises(ProtocolError):
        receipt.read(content)


def test_codes_have_names() -> None:
    """Every code of the specification is named in both languages; the vendor's own are said so."""
    assert "流量控制错 flow control" == status.name(8)
    assert frozenset({8}) == status.THROTTLED
    assert "认证错 wrong password" == status.login_name(3)
    assert "101" in status.name(101)
    assert "vendor" in status.name(199)
    assert "other error 14" in status.name(14)
    assert "other error 9" in status.login_name(9)

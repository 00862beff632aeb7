"""SMGP bytes in both directions. Vectors lie in tests/golden/smgp."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.smgp import codec, login, status, tlv
from tests.unit.smgp_samples import (
    CLIENT_PROOF,
    GOLDEN,
    SERVER_PROOF,
    VECTORS,
    VERSIONS,
    octet,
    pdus,
    submits,
    vector,
)


@pytest.mark.parametrize("name", VECTORS)
def test_decodes_the_specifications_layout(name: str) -> None:
    """Every message laid out by hand from the specification decodes to its fields."""
    assert VECTORS[name] == codec.decode(vector(name), VERSIONS.get(name, codec.VERSION))


@pytest.mark.parametrize("name", VECTORS)
def test_encodes_the_specifications_layout(name: str) -> None:
    """Every message encodes to the bytes laid out by hand from the specification."""
    encoded = codec.encode(VECTORS[name], VERSIONS.get(name, codec.VERSION))
    assert vector(name).hex(" ") == encoded.hex(" ")


def test_every_vector_is_tested() -> None:
    """No golden file lies unused."""
    assert {path.stem for path in GOLDEN.glob("*.hex")} == set(VECTORS)


def test_a_client_proves_itself_as_specified() -> None:
    """Seven zero octets, and the time in ten digits although its number has only nine."""
    stamp = login.timestamp(datetime(2026, 3, 1))  # noqa: DTZ001 - a clock's reading
    assert stamp == 0x11F0E540
    assert login.authenticator("10690001", "simulate", stamp) == CLIENT_PROOF
    assert login.answer(0, CLIENT_PROOF, "simulate") == SERVER_PROOF
    assert login.proves(CLIENT_PROOF, "10690001", "simulate", stamp)
    assert not login.proves(CLIENT_PROOF, "10690001", "simulatf", stamp)


def test_a_short_account_may_be_read_two_ways() -> None:
    """An account shorter than its field proves itself with and without the filling."""
    plain, padded = (
        login.authenticator("1069", "simulate", 1, padded=padded) for padded in (False, True)
    )
    assert plain != padded
    assert all(login.proves(proof, "1069", "simulate", 1) for proof in (plain, padded))


@given(pdus)
def test_what_is_encoded_decodes_to_itself(pdu: codec.Pdu) -> None:
    """Encoding and decoding are each other's inverse."""
    assert pdu == codec.decode(codec.encode(pdu))


@given(submits)
def test_version_1_3_has_no_fixed_fee(submit: codec.Submit) -> None:
    """A submit of version 1.3 is six octets shorter and otherwise the same."""
    old = codec.encode(submit, codec.VERSION_1_3)
    assert len(codec.encode(submit)) - len(old) == 6
    assert replace(submit, fixed_fee="") == codec.decode(old, codec.VERSION_1_3)


@given(st.binary(max_size=400), st.sampled_from([codec.VERSION, codec.VERSION_1_3]))
def test_garbage_is_one_kind_of_error(data: bytes, version: int) -> None:
    """Bytes that are no message raise ProtocolError and nothing else."""
    for whole in (data, (len(data) + 5).to_bytes(4, "big") + b"\0\0\0\x02\0" + data[4:]):
        with suppress(ProtocolError):
            codec.decode(whole, version)


@given(pdus, st.data())
def test_a_cut_or_changed_message_is_one_kind_of_error(pdu: codec.Pdu, data: st.DataObject) -> None:
    """A message with an octet changed or its end cut off decodes or raises ProtocolError."""
    raw = bytearray(codec.encode(pdu))
    raw[data.draw(st.integers(4, len(raw) - 1))] = data.draw(octet)
    end = data.draw(st.integers(12, len(raw)))
    raw[:4] = end.to_bytes(4, "big")
    with suppress(ProtocolError):
        codec.decode(bytes(raw[:end]))


@given(st.lists(pdus, max_size=5), st.integers(1, 50))
def test_a_stream_is_cut_the_same_however_it_arrives(pdus: list[codec.Pdu], step: int) -> None:
    """Messages come out whole and in order whatever the sizes of the reads."""
    stream = b"".join(map(codec.encode, pdus))
    frames = codec.Frames()
    chunks = [stream[at : at + step] for at in range(0, len(stream), step)]
    assert pdus == [codec.decode(frame) for chunk in chunks for frame in frames.feed(chunk)]


@pytest.mark.parametrize("length", [0, 11, 65_537, 0xFFFFFFFF])
def test_a_senseless_length_is_an_error(length: int) -> None:
    """A message shorter than its header or longer than 64 KiB is refused before collection."""
    with pytest.raises(ProtocolError, match=f"{length} octets"):
        list(codec.Frames().feed(length.to_bytes(4, "big") + bytes(8)))


@pytest.mark.parametrize(
    "pdu",
    [
        codec.Login(1, "a" * 9),
        codec.Login(1, "a", b"short"),
        codec.Login(1, "a", version=256),
        codec.Submit(1, "", ()),
        codec.Submit(1, "", ("1",) * 101),
        codec.Submit(1, "", ("1" * 22,)),
        codec.Submit(1, "a\0b", ("1",)),
        codec.Submit(1, "签", ("1",)),
        codec.Submit(1, "", ("1",), bytes(256)),
        codec.Submit(1 << 32, "", ("1",)),
        codec.SmsResp(codec.SUBMIT_RESP, 1, 0, b"id"),
        codec.SmsResp(codec.SUBMIT_RESP, 1, -1),
        codec.QueryResp(1, "20261122", counts=(1,)),
    ],
)
def test_a_field_that_does_not_fit_is_not_sent(pdu: codec.Pdu) -> None:
    """Encoding refuses what the receiver could not read back."""
    with pytest.raises(ProtocolError):
        codec.encode(pdu)


def test_an_optional_parameter_has_the_specified_length() -> None:
    """Fixed texts are filled up; too long ones are refused; a missing one counts as nothing."""
    assert tlv.text(tlv.MSG_SRC, "9") == (0x10, b"9\0\0\0\0\0\0\0")
    for bad in ("123456789", "签"):
        with pytest.raises(ProtocolError):
            tlv.text(tlv.MSG_SRC, bad)
    with pytest.raises(ProtocolError):
        tlv.number(tlv.TP_PID, 256)
    assert tlv.find_number(((9, b"\0\x03"),), tlv.PK_TOTAL) == 3
    assert tlv.find_number((), tlv.PK_TOTAL) == 0


def test_errors_name_the_status_to_answer() -> None:
    """Unknown commands, no destination and a cut content have codes of their own."""
    cases = {
        codec.HEADER.pack(12, 0x99, 1): status.UNKNOWN_COMMAND,
        codec.HEADER.pack(12, codec.FORWARD, 1): status.UNKNOWN_COMMAND,
        codec.HEADER.pack(20, codec.LOGIN, 1) + bytes(8): status.BAD_STRUCTURE,
    }
    submit = bytearray(vector("submit"))
    submit[12 + 104] = 0
    cases[bytes(submit)] = status.INVALID_DESTINATION
    submit[12 + 104], submit[12 + 105 + 21] = 1, 200
    cases[bytes(submit)] = status.INVALID_LENGTH
    for data, expected in cases.items():
        with pytest.raises(ProtocolError) as caught:
            codec.decode(data)
        assert caught.value.status == expected


def test_a_refused_login_may_end_after_its_status() -> None:
    """A refusal without authenticator and version is one; an acceptance without them is not."""
    head = codec.HEADER.pack(16, codec.LOGIN_RESP, 1)
    assert codec.LoginResp(1, 21, version=0) == codec.decode(head + b"\0\0\0\x15")
    with pytest.raises(ProtocolError):
        codec.decode(head + bytes(4))


def test_codes_have_names() -> None:
    """A code is shown with its meaning in both languages, a vendor's own as what it is."""
    assert "系统忙 system busy" == status.name(1)
    assert "厂家自定义错误 200 vendor's own code 200" == status.name(200)
    assert "其他错误 120 other error 120" == status.name(120)
    assert {1} == status.THROTTLED

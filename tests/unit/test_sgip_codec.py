"""SGIP bytes in both directions. Vectors lie in tests/golden/sgip."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.sgip import codec, pdus, receipt, status
from tests.unit.sgip_samples import GOLDEN, VECTORS, messages, octet, sp, vector


@pytest.mark.parametrize("name", VECTORS)
def test_decodes_the_specifications_layout(name: str) -> None:
    """Every message laid out by hand from the specification decodes to its fields."""
    assert VECTORS[name] == codec.decode(vector(name))


@pytest.mark.parametrize("name", VECTORS)
def test_encodes_the_specifications_layout(name: str) -> None:
    """Every message encodes to the bytes laid out by hand from the specification."""
    assert vector(name).hex(" ") == codec.encode(VECTORS[name]).hex(" ")


def test_every_vector_is_tested() -> None:
    """No golden file lies unused."""
    assert {path.stem for path in GOLDEN.glob("*.hex")} == set(VECTORS)


@given(messages)
def test_what_is_encoded_decodes_to_itself(pdu: pdus.Pdu) -> None:
    """Encoding and decoding are each other's inverse."""
    assert pdu == codec.decode(codec.encode(pdu))


@given(st.binary(max_size=200))
def test_garbage_is_one_kind_of_error(data: bytes) -> None:
    """Bytes that are no message raise ProtocolError and nothing else."""
    with suppress(ProtocolError):
        codec.decode(data)


@given(messages, st.data())
def test_a_cut_or_changed_message_is_one_kind_of_error(pdu: pdus.Pdu, data: st.DataObject) -> None:
    """A message with an octet changed or its end cut off decodes or raises ProtocolError."""
    raw = bytearray(codec.encode(pdu))
    raw[data.draw(st.integers(4, len(raw) - 1))] = data.draw(octet)
    end = data.draw(st.integers(20, len(raw)))
    raw[:4] = end.to_bytes(4, "big")
    with suppress(ProtocolError):
        codec.decode(bytes(raw[:end]))


@given(st.lists(messages, max_size=5), st.integers(1, 50))
def test_a_stream_is_cut_the_same_however_it_arrives(pdu: list[pdus.Pdu], step: int) -> None:
    """Messages come out whole and in order whatever the sizes of the reads."""
    stream = b"".join(map(codec.encode, pdu))
    frames = codec.Frames()
    chunks = [stream[at : at + step] for at in range(0, len(stream), step)]
    assert pdu == [codec.decode(frame) for chunk in chunks for frame in frames.feed(chunk)]


@pytest.mark.parametrize("length", [0, 19, codec.SIZES.longest + 1, 0xFFFFFFFF])
def test_a_senseless_length_is_an_error(length: int) -> None:
    """A message shorter than its header or far longer than allowed is refused at once."""
    with pytest.raises(ProtocolError, match=f"{length} octets"):
        list(codec.Frames().feed(length.to_bytes(4, "big") + bytes(16)))


def test_a_hundred_numbers_fit() -> None:
    """A Submit carries one to a hundred numbers, no more and no fewer."""
    numbers = tuple(f"861980000{index:04d}" for index in range(100))
    submit = pdus.Submit(sp(1), "1069", numbers, bytes(140), pdus.UCS2)
    raw = codec.encode(submit)
    assert submit == codec.decode(raw)
    assert len(raw) <= codec.SIZES.longest
    for count in (0, 101):
        with pytest.raises(ProtocolError) as caught:
            codec.decode(raw[:62] + bytes((count,)) + raw[63:])
        assert status.BAD_PARAMETER == caught.value.status
        with pytest.raises(ProtocolError):
            codec.encode(replace(submit, numbers=("1",) * count))


@pytest.mark.parametrize("name", ["report", "submit", "deliver", "bind", "submit_resp", "trace"])
@pytest.mark.parametrize("change", [-1, 1])
def test_the_length_is_exact(name: str, change: int) -> None:
    """A message with an octet too many or too few is malformed, with the error for lengths."""
    raw = vector(name)
    raw = raw[:change] if change < 0 else raw + b"\0"
    with pytest.raises(ProtocolError) as caught:
        codec.decode(len(raw).to_bytes(4, "big") + raw[4:])
    assert status.BAD_LENGTH == caught.value.status


def test_a_goodbye_may_have_a_body() -> None:
    """Some gateways put a result where the specification has nothing; it is still a goodbye."""
    raw = codec.HEADER.pack(29, pdus.UNBIND_RESP, sp(9)) + bytes(9)
    assert VECTORS["unbind_resp"] == codec.decode(raw)


@pytest.mark.parametrize(
    "pdu",
    [
        pdus.Bind(sp(1), 1, "a" * 17),
        pdus.Bind(sp(1), 256, "a"),
        pdus.Submit(sp(1), "1" * 22, ("1",)),
        pdus.Submit(sp(1), "1", ("1" * 22,)),
        pdus.Submit(sp(1), "签", ("1",)),
        pdus.Submit(sp(1), "1\0", ("1",)),
        pdus.Submit(b"short", "1", ("1",)),
        pdus.Report(sp(1), b"short", "1"),
        pdus.TraceResp(sp(1), (pdus.Hop(0, ""),) * 256),
    ],
)
def test_a_field_that_does_not_fit_is_not_sent(pdu: pdus.Pdu) -> None:
    """Encoding refuses what the receiver could not read back."""
    with pytest.raises(ProtocolError):
        codec.encode(pdu)


@pytest.mark.parametrize("node", [-1, 1 << 32])
def test_a_node_has_32_bits(node: int) -> None:
    """A node number beyond 32 bits is no node number; below, all bits count."""
    assert bytes.fromhex("ee6b27ff") == pdus.sequence(3_999_999_999, 0, 0)[:4]
    with pytest.raises(ProtocolError):
        pdus.sequence(node, 0, 0)


@pytest.mark.parametrize("command", [0, 0x12, 0x1001, 0x80000000, 0xFFFFFFFF])
def test_an_unknown_command_is_an_error(command: int) -> None:
    """A command the specification does not know is named as such."""
    with pytest.raises(ProtocolError) as caught:
        codec.decode(codec.HEADER.pack(20, command, sp(1)))
    assert status.BAD_COMMAND == caught.value.status
    assert "消息 ID 错 wrong command" == status.name(caught.value.status)
    assert "其他错误 99 other error 99" == status.name(99)


@given(messages)
def test_only_commands_are_refused(pdu: pdus.Pdu) -> None:
    """A command has a response that refuses it under its own number; a response has none."""
    command = int.from_bytes(codec.encode(pdu)[4:8], "big")
    refusal = codec.refusal(pdu, status.BAD_COMMAND)
    assert (refusal is None) == (bool(command & pdus.RESPONSE) or command == pdus.UNBIND)
    if refusal is not None:
        raw = codec.encode(refusal)
        assert (command | pdus.RESPONSE, pdu.sequence) == codec.HEADER.unpack_from(raw)[1:]


@pytest.mark.parametrize(
    ("said", "err", "expected"),
    [
        ("DELIVRD", "000", (pdus.DONE, 0)),
        ("ENROUTE", "5", (pdus.PENDING, 0)),
        ("ACCEPTD", "", (pdus.PENDING, 0)),
        ("EXPIRED", "027", (pdus.FAILED, 27)),
        ("UNDELIV", "001", (pdus.FAILED, status.SYSTEM_FAILURE)),  # 1 is a refused login
        ("MA:0001", "999", (pdus.FAILED, status.SYSTEM_FAILURE)),
        ("UNDELIV", "x", (pdus.FAILED, status.SYSTEM_FAILURE)),
    ],
)
def test_states_are_told_in_three_words(said: str, err: str, expected: tuple[int, int]) -> None:
    """What became of a message is done, waiting or failed, with a code only where it failed."""
    assert expected == receipt.outcome(said, err)
    assert ["DELIVRD", "ENROUTE", "UNDELIV", "UNKNOWN"] == list(map(receipt.state, range(4)))

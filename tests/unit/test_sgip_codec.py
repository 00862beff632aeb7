"""SGIP bytes in both directions. Vectors lie in tests/golden/sgip."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.sgip import codec, pdus, receipt, status

GOLDEN = Path(__file__).parent.parent / "golden" / "sgip"


def sp(counter: int) -> bytes:
    """A number of an SP's, whose node lies beyond 2^31, on 22 November at 14:55:01."""
    return pdus.sequence(3_0755_12345, 1122145501, counter)


def smg(counter: int) -> bytes:
    return pdus.sequence(107551, 1122145502, counter)


TO = "8619800001234"
VECTORS: dict[str, pdus.Pdu] = {
    "bind": pdus.Bind(sp(0), pdus.SP_TO_SMG, "buyer", "simulate"),
    "bind_reverse": pdus.Bind(smg(0xFFFFFFFF), pdus.SMG_TO_SP, "sixteenletters!!"),
    "bind_resp": pdus.Result(pdus.BIND_RESP, sp(0)),
    "bind_resp_refused": pdus.Result(pdus.BIND_RESP, sp(0), status.WRONG_LOGIN),
    "unbind": pdus.Bare(pdus.UNBIND, sp(9)),
    "unbind_resp": pdus.Bare(pdus.UNBIND_RESP, sp(9)),
    "submit": pdus.Submit(
        sp(1),
        "1069000001",
        (TO,),
        "【测试】你好".encode("utf-16-be"),
        pdus.UCS2,
        corp_id="12345",
        report_flag=pdus.REPORT_ALWAYS,
        service_type="TEST",
        fee_type=1,
        more_related=2,
    ),
    "submit_many": pdus.Submit(
        pdus.sequence(3_999_999_999, 101000000, 0xFFFFFFFF),
        "1069",
        ("8619800000001", "8616600000002", "8619900000003"),
        b"hi",
        corp_id="00007",
        report_flag=pdus.REPORT_NEVER,
        charge_number="",
        fee_type=2,
        fee_value="100",
        given_value="99999",
        agent_flag=1,
        more_related=3,
        priority=9,
        expire_time="261122190000032+",
        schedule_time="261122180000032+",
    ),
    "submit_long_part": pdus.Submit(
        sp(2),
        "1069000001",
        (TO,),
        b"\x05\x00\x03\x2a\x02\x01" + "你好".encode("gbk"),
        pdus.GBK,
        udhi=1,
        pid=1,
        corp_id="12345",
        report_flag=pdus.REPORT_ALWAYS,
        charge_number=TO,
        service_type="0123456789",
        fee_type=3,
        fee_value="000500",
        priority=1,
    ),
    "submit_resp": pdus.Result(pdus.SUBMIT_RESP, sp(1)),
    "submit_resp_busy": pdus.Result(pdus.SUBMIT_RESP, sp(1), status.BUSY),
    "deliver": pdus.Deliver(smg(3), TO, "1069000001", "退订".encode("gbk"), pdus.GBK),
    "deliver_resp": pdus.Result(pdus.DELIVER_RESP, smg(3)),
    "report": pdus.Report(smg(4), sp(1), TO),
    "report_failed": pdus.Report(smg(5), sp(2), TO, pdus.FAILED, 27),
    "report_waiting": pdus.Report(smg(6), sp(2), TO, pdus.PENDING, kind=pdus.OF_DELIVER),
    "report_resp": pdus.Result(pdus.REPORT_RESP, smg(4)),
    "user_report": pdus.UserReport(smg(7), "1069000001", TO, 1),
    "user_report_resp": pdus.Result(pdus.USER_REPORT_RESP, smg(7)),
    "trace": pdus.Trace(sp(8), sp(1), TO),
    "trace_resp": pdus.TraceResp(
        sp(8),
        (
            pdus.Hop(0, "107551", "261122145501", "261122145502"),
            pdus.Hop(1, "110000", "261122145503"),
        ),
    ),
    "add_sp_resp": pdus.Foreign(0x80000006, pdus.sequence(410001, 1122145503, 0), bytes(9)),
}

octet = st.integers(0, 255)
sequences = st.binary(min_size=12, max_size=12)
numbers = st.text("0123456789", min_size=1, max_size=21)


def words(most: int) -> st.SearchStrategy[str]:
    return st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=most)


submits = st.builds(
    pdus.Submit,
    sequences,
    numbers,
    st.lists(numbers, min_size=1, max_size=5).map(tuple),
    st.binary(max_size=200),
    octet,
    octet,
    words(5),
    octet,
    words(21),
    words(10),
    octet,
    words(6),
    words(6),
    octet,
    octet,
    octet,
    words(16),
    words(16),
    octet,
    octet,
    words(8),
)
delivers = st.builds(
    pdus.Deliver, sequences, numbers, numbers, st.binary(max_size=200), octet, octet, octet
)
reports = st.builds(pdus.Report, sequences, sequences, numbers, octet, octet, octet, words(8))
results = st.builds(
    pdus.Result,
    st.sampled_from(
        [
            pdus.BIND_RESP,
            pdus.SUBMIT_RESP,
            pdus.DELIVER_RESP,
            pdus.REPORT_RESP,
            pdus.USER_REPORT_RESP,
        ]
    ),
    sequences,
    octet,
    words(8),
)
hops = st.builds(pdus.Hop, octet, words(6), words(16), words(16), words(8))
messages = st.one_of(
    submits,
    delivers,
    reports,
    results,
    st.builds(pdus.Bind, sequences, octet, words(16), words(16), words(8)),
    st.builds(pdus.UserReport, sequences, numbers, numbers, octet, words(8)),
    st.builds(pdus.Trace, sequences, sequences, numbers, words(8)),
    st.builds(pdus.TraceResp, sequences, st.lists(hops, max_size=4).map(tuple)),
    st.builds(pdus.Bare, st.sampled_from([pdus.UNBIND, pdus.UNBIND_RESP]), sequences),
    st.builds(pdus.Foreign, st.integers(6, 16), sequences, st.binary(max_size=50)),
)


def vector(name: str) -> bytes:
    lines = (GOLDEN / f"{name}.hex").read_text(encoding="utf-8").splitlines()
    return bytes.fromhex("".join(line.split("  ")[0] for line in lines))


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

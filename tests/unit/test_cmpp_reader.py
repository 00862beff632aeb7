"""What a CMPP client makes of a gateway's bytes, without any network."""

from binascii import hexlify
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.protocols.cmpp import codec, pdus, receipt
from evaluators.protocols.cmpp.pdus import V20, V30
from evaluators.protocols.cmpp.reader import Reader
from evaluators.protocols.correlator import Correlator
from evaluators.protocols.dialect import Answer, Batch, Left
from evaluators.protocols.session import BindRefused
from evaluators.protocols.window import Window

SUBMITTED, OWN = bytes.fromhex("bb275e4003e9108f"), bytes.fromhex("bb2760c003e90007")
KEY = hexlify(SUBMITTED)
REPORT = receipt.Report(SUBMITTED, "DELIVRD", "2611220953", "2611220954", "19800001234", 66)
DELIVER = pdus.Deliver(11, OWN, "10690001", "19800001234", registered_delivery=1)
BOTH = (V20, V30)
versions = st.sampled_from(BOTH)


def new_reader(version: int = V30, *, waiting: int = 0) -> Reader:
    """A reader with so many requests waiting, numbered from 1, handles from 0."""
    window = Window(100, 1, pdus.LAST_SEQUENCE)
    if waiting:
        window.add(0, list(range(waiting)))
    return Reader(window, Correlator(), version, lambda answer: bool(answer.authenticator[0]))


def accepted(sequence: int, message_id: bytes = SUBMITTED, result: int = 0) -> pdus.SmsResp:
    return pdus.SmsResp(pdus.SUBMIT_RESP, sequence, message_id, result)


def reported(version: int, report: receipt.Report = REPORT) -> pdus.Deliver:
    return replace(DELIVER, content=receipt.format(report, version))


def feed(reader: Reader, *given_pdus: pdus.Pdu) -> Batch:
    return reader.feed(b"".join(codec.encode(pdu, reader.version) for pdu in given_pdus), 5)


@pytest.mark.parametrize("version", BOTH)
def test_an_answer_and_its_report(version: int) -> None:
    """The eight octets of a Msg_Id are sixteen digits; the DELIVER's own id is what is echoed."""
    reader = new_reader(version, waiting=1)
    batch = feed(reader, accepted(1), reported(version))
    assert [(0, 5, 0, KEY)] == batch.events.submitted
    assert [(0, KEY, "DELIVRD", "", 5, False, False, "")] == batch.events.receipts
    answer = pdus.SmsResp(pdus.DELIVER_RESP, 11, OWN)
    assert [codec.encode(answer, version)] == batch.out


@pytest.mark.parametrize("version", BOTH)
@pytest.mark.parametrize("shape", BOTH)
def test_a_report_may_have_the_other_versions_length(version: int, shape: int) -> None:
    """60 or 71 octets: the length decides, not the version."""
    reader = new_reader(version, waiting=1)
    batch = feed(reader, accepted(1), reported(shape))
    assert [0] == [record[0] for record in batch.events.receipts]
    assert {} == reader.oddities


@pytest.mark.parametrize("version", BOTH)
def test_a_deliver_may_have_the_other_versions_layout(version: int) -> None:
    """A DELIVER in the wrong layout is read, acknowledged in ours, and counted."""
    reader, other = new_reader(version, waiting=1), V20 if version == V30 else V30
    batch = reader.feed(codec.encode(accepted(1), other) + codec.encode(reported(other), other), 5)
    assert [0] == [record[0] for record in batch.events.receipts]
    assert {"other_version": 1} == reader.oddities
    assert [codec.encode(pdus.SmsResp(pdus.DELIVER_RESP, 11, OWN), version)] == batch.out


@pytest.mark.parametrize("state", ["MA:0001", "MK:1", "UNDELIV", "IC:9999"])
def test_states_stay_raw(state: str) -> None:
    """Stat is given as sent, without its padding."""
    reader = new_reader(waiting=1)
    batch = feed(reader, accepted(1), reported(V30, replace(REPORT, state=state)))
    assert [state] == [record[2] for record in batch.events.receipts]


def test_reports_come_early_twice_or_for_nothing() -> None:
    """Early, repeated and unknown reports are told apart, all are acknowledged."""
    reader = new_reader(waiting=1)
    early = feed(reader, reported(V30))
    assert ([], 1) == (early.events.receipts, len(early.out))
    batch = feed(reader, accepted(1), reported(V30), reported(V30, replace(REPORT, message_id=OWN)))
    kinds = [(record[0], record[5], record[6]) for record in batch.events.receipts]
    assert [(0, True, False), (0, False, True)] == kinds
    assert 2 == len(batch.out)
    unclaimed = [(one[0], one[1], one[7]) for one in reader.correlator.release()]
    assert [(None, hexlify(OWN), "19800001234")] == unclaimed


def test_refusals_are_numbers() -> None:
    """A Result of four octets is given whole, flow control as 8, and no id with it."""
    reader = new_reader(waiting=2)
    batch = feed(reader, accepted(1, result=8), accepted(2, result=0xFFFFFFFF))
    assert [(0, 5, 8, b""), (1, 5, 0xFFFFFFFF, b"")] == batch.events.submitted


def test_an_intermediate_report_is_not_the_last() -> None:
    """ACCEPTD may be followed by the final state, and is no duplicate then."""
    reader = new_reader(waiting=1)
    batch = feed(
        reader, accepted(1), reported(V30, replace(REPORT, state="ACCEPTD")), reported(V30)
    )
    kinds = [(record[2], record[6]) for record in batch.events.receipts]
    assert [("ACCEPTD", False), ("DELIVRD", False)] == kinds


@pytest.mark.parametrize("octets", [25, 40, 75])
def test_reports_of_other_lengths_count_and_are_counted(octets: int) -> None:
    """What is long enough for id and state is a report; the length is an oddity."""
    reader = new_reader(waiting=1)
    content = receipt.format(REPORT, V30).ljust(75, b"x")[:octets]
    batch = feed(reader, accepted(1), replace(DELIVER, content=content))
    assert [(0, "DELIVRD")] == [(record[0], record[2]) for record in batch.events.receipts]
    assert {"report_length": 1} == reader.oddities


@pytest.mark.parametrize("content", [b"", SUBMITTED, SUBMITTED + bytes(63)])
def test_malformed_reports_are_refused(content: bytes) -> None:
    """A report without id or state is answered with Result 1 and counted."""
    reader = new_reader()
    batch = feed(reader, replace(DELIVER, content=content))
    refusal = pdus.SmsResp(pdus.DELIVER_RESP, 11, OWN, 1)
    assert [codec.encode(refusal, V30)] == batch.out
    assert {"malformed": 1} == reader.oddities
    assert ([], []) == (batch.events.receipts, batch.events.replies)


def test_a_deliver_whose_lengths_disagree_is_refused() -> None:
    """A broken DELIVER is answered with Result 4 and costs only itself."""
    reader = new_reader(waiting=1)
    broken = codec.HEADER.pack(17, pdus.DELIVER, 9) + b"short"
    batch = reader.feed(broken + codec.encode(accepted(1), V30), 5)
    refusal = pdus.SmsResp(pdus.DELIVER_RESP, 9, b"short\0\0\0", 4)
    assert [codec.encode(refusal, V30)] == batch.out
    assert [0] == [one[0] for one in batch.events.submitted]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"", "退订R"),
        (bytes.fromhex("0500032a0201"), "退订R"),
        (bytes.fromhex("060804002a0201"), "退订R"),
        (bytes.fromhex("0700032a02012401"), "退订R"),
    ],
)
def test_handsets_texts_are_replies(header: bytes, expected: str) -> None:
    """A handset's text is given without its headers, one reply for each part."""
    text = header + "退订R".encode("utf-16-be")
    deliver = pdus.Deliver(
        3, OWN, "1069", "19800001234", text, msg_fmt=8, tp_udhi=int(bool(header))
    )
    batch = feed(new_reader(), deliver)
    assert [("19800001234", "1069", expected, 5)] == batch.events.replies
    assert 1 == len(batch.out)


def test_late_and_stray_answers() -> None:
    """An answer given up on still counts; one to nothing is an oddity."""
    reader = new_reader(waiting=1)
    assert [0] == reader.window.expire(10)
    batch = feed(reader, accepted(1), accepted(99))
    assert [(0, 5, 0, KEY)] == batch.events.submitted
    assert {"unknown_answer": 1} == reader.oddities


def test_keepalives_and_farewells() -> None:
    """ACTIVE_TEST is answered with 13 octets; its answer may have 12 or 13; goodbyes are heard."""
    reader = new_reader()
    short = codec.HEADER.pack(12, pdus.ACTIVE_TEST_RESP, 7)
    batch = reader.feed(short + codec.encode(pdus.Bare(pdus.ACTIVE_TEST_RESP, 8), V30), 0)
    assert [Answer(7), Answer(8)] == batch.control
    batch = feed(reader, pdus.Bare(pdus.ACTIVE_TEST, 4), pdus.Bare(pdus.TERMINATE, 5))
    assert [
        codec.encode(pdus.Bare(pdus.ACTIVE_TEST_RESP, 4), V30),
        codec.encode(pdus.Bare(pdus.TERMINATE_RESP, 5), V30),
    ] == batch.out
    assert [13, 12] == [len(one) for one in batch.out]
    assert [Left(by_peer=True)] == batch.control
    assert [Left(by_peer=False)] == feed(reader, pdus.Bare(pdus.TERMINATE_RESP, 1)).control


@pytest.mark.parametrize("command", [pdus.SUBMIT, pdus.CONNECT, 0x00000009, 0x80000099])
def test_what_a_gateway_does_not_send_is_counted(command: int) -> None:
    """Unknown commands and requests of our own are ignored, and said."""
    reader = new_reader()
    batch = reader.feed(codec.HEADER.pack(20, command, 1) + bytes(8), 0)
    assert ([], [], None) == (batch.out, batch.control, batch.broken)
    assert {"malformed": 1} == reader.oddities


PROVEN = b"\x01" * 16


@pytest.mark.parametrize(
    ("asked", "octets", "version", "spoken", "oddities"),
    [
        (V30, 33, 0x30, V30, {}),
        (V30, 33, 0x31, V30, {}),
        (V30, 30, 0x20, V20, {"lower_version": 1}),
        (V30, 30, 0x00, V20, {"lower_version": 1}),
        (V30, 33, 0x20, V30, {"lower_version": 1}),
        (V30, 30, 0x30, V30, {}),
        (V20, 30, 0x20, V20, {}),
        (V20, 30, 0x30, V20, {}),
        (V20, 33, 0x30, V20, {}),
    ],
)
def test_the_version_is_agreed_on(
    asked: int, octets: int, version: int, spoken: int, oddities: dict[str, int]
) -> None:
    """A gateway that answers in 2.0 and says so is spoken to in 2.0; a lower Version is noted."""
    reader = new_reader(asked)
    answer = codec.encode(pdus.ConnectResp(1, 0, PROVEN, version), V20 if octets == 30 else V30)
    batch = reader.feed(answer, 0)
    assert octets == len(answer)
    assert [Answer(1)] == batch.control
    assert (spoken, oddities) == (reader.version, dict(reader.oddities))


def test_a_gateway_need_not_know_the_secret() -> None:
    """A wrong AuthenticatorISMG is an oddity, not a reason to leave."""
    reader = new_reader()
    assert [Answer(1)] == feed(reader, pdus.ConnectResp(1)).control
    assert {"wrong_authenticator": 1} == reader.oddities


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (codec.encode(pdus.ConnectResp(1, 3), V20), 3),
        (codec.encode(pdus.ConnectResp(1, 4), V30), 4),
        (codec.HEADER.pack(14, pdus.CONNECT_RESP, 1) + b"\x02\x20", 2),
        (codec.HEADER.pack(17, pdus.CONNECT_RESP, 1) + b"\0\0\0\x03\x30", 3),
    ],
)
def test_a_refused_login(answer: bytes, status: int) -> None:
    """The Status comes with its name, in all four lengths; the authenticator is not looked at."""
    reader = new_reader()
    batch = reader.feed(answer, 0)
    assert isinstance(batch.control[0], Answer)
    refused = batch.control[0].refused
    assert isinstance(refused, BindRefused)
    assert (status, True) == (refused.status, bool(refused.text))
    assert {} == reader.oddities


def traffic(version: int) -> bytes:
    """Answers and reports of every kind, and what surrounds them."""
    ids = [number.to_bytes(8, "big") for number in range(1, 9)]
    sent: list[pdus.Pdu] = [pdus.ConnectResp(1, 0, PROVEN, version)]
    for sequence, message_id in enumerate(ids, 1):
        report = replace(REPORT, message_id=message_id)
        sent += [
            accepted(sequence, message_id, result=sequence % 4 == 0),
            reported(V20 if sequence % 3 else V30, report),
            pdus.Bare(pdus.ACTIVE_TEST, sequence),
        ]
    sent.append(pdus.Deliver(3, OWN, "1069", "19800001234", b"TD"))
    return b"".join(codec.encode(pdu, version) for pdu in sent) + codec.HEADER.pack(12, 9, 1)


@given(versions, st.lists(st.integers(1, 300), min_size=1, max_size=200))
def test_the_cuts_of_a_stream_do_not_matter(version: int, sizes: list[int]) -> None:
    """However the stream is chopped, the same records, answers and oddities come out."""
    stream = traffic(version)
    at_once, chopped = new_reader(version, waiting=8), new_reader(version, waiting=8)
    whole, found, at, turn = at_once.feed(stream, 0), Batch(), 0, 0
    while at < len(stream):
        size = sizes[turn % len(sizes)]
        batch = chopped.feed(stream[at : at + size], 0)
        for mine, more in zip(found.events[:3], batch.events[:3], strict=True):
            mine.extend(more)  # type: ignore[arg-type]
        found.out += batch.out
        found.control += batch.control
        at, turn = at + size, turn + 1
    assert (whole.events, whole.out, whole.control) == (found.events, found.out, found.control)
    assert at_once.oddities == chopped.oddities


@given(st.binary(max_size=400), st.integers(1, 64), versions)
def test_a_client_survives_any_bytes(data: bytes, step: int, version: int) -> None:
    """Whatever a gateway sends, in whatever pieces, reading it raises nothing."""
    reader = new_reader(version, waiting=3)
    for at in range(0, len(data), step):
        if reader.feed(data[at : at + step], 0).broken:
            break


COMMANDS = [*range(10), *range(0x80000000, 0x8000000A), 0x12345678]


@given(
    st.lists(st.tuples(st.sampled_from(COMMANDS), st.binary(max_size=200)), max_size=8), versions
)
def test_a_client_survives_any_messages(frames: list[tuple[int, bytes]], version: int) -> None:
    """Well-framed nonsense is answered and counted, never raised, and breaks no connection."""
    reader = new_reader(version, waiting=3)
    for command, body in frames:
        data = codec.HEADER.pack(len(body) + 12, command, 1) + body
        assert reader.feed(data, 0).broken is None


@given(st.lists(st.tuples(st.integers(12, 250), st.integers(0, 255)), max_size=3), versions)
def test_the_fast_path_never_reads_a_report_otherwise(
    changes: list[tuple[int, int]], version: int
) -> None:
    """Where the fast path takes a damaged report, its record is the one the codec would give."""
    raw = bytearray(codec.encode(reported(version), version))
    for at, value in changes:
        raw[at % len(raw) if at % len(raw) > 11 else 12] = value
    fast, slow = new_reader(version), new_reader(version)
    for reader in (fast, slow):
        for index, at in enumerate((77, 89)):  # where the content begins in 2.0 and in 3.0
            reader.correlator.accepted(hexlify(bytes(raw)[at : at + 8]), index)
    batch, expected = fast.feed(bytes(raw), 0), Batch()
    slow._deliver_slowly(bytes(raw), expected)
    assert expected.events == batch.events
    assert expected.out == batch.out


def test_an_oversized_message_is_not_waited_for() -> None:
    """A length beyond every message ends the stream at once; nothing is collected."""
    reader = new_reader()
    batch = reader.feed(codec.HEADER.pack(0x7FFFFFFF, pdus.DELIVER, 1) + bytes(100), 0)
    assert batch.broken is not None
    assert 0 == len(reader._partial)


def test_drip_fed_bytes_take_no_more_than_one_message() -> None:
    """Octet by octet a client keeps no more than the message under way."""
    reader, most = new_reader(waiting=8), 0
    for octet in traffic(V30):
        reader.feed(bytes((octet,)), 0)
        most = max(most, len(reader._partial))
    assert most < 200

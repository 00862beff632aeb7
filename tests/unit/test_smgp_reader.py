"""What an SMGP client makes of bytes, however they are cut and whatever they are."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from evaluators.protocols.correlator import Correlator
from evaluators.protocols.dialect import Answer, Left
from evaluators.protocols.session import Events
from evaluators.protocols.smgp import codec, status
from evaluators.protocols.smgp.reader import Reader
from evaluators.protocols.window import Window
from tests.unit.smgp_samples import (
    EXAMPLE_ID,
    SERVER_PROOF,
    ids,
    pdus,
    report,
    reports,
    vector,
)


def new_reader(waiting: dict[int, int] | None = None) -> Reader:
    reader = Reader(Window(10, 1, codec.LAST_SEQUENCE), Correlator())
    reader.window.waiting.update(waiting or {})
    return reader


def fed(reader: Reader, data: bytes, steps: Sequence[int]) -> tuple[Events, bytes, list[object]]:
    """Everything these bytes bring, cut into pieces of these lengths in turn."""
    events, out, control = Events([], [], []), [], list[object]()
    at = turn = 0
    while at < len(data):
        size = steps[turn % len(steps)]
        batch = reader.feed(data[at : at + size], 7)
        events.submitted.extend(batch.events.submitted)
        events.receipts.extend(batch.events.receipts)
        events.replies.extend(batch.events.replies)
        out += batch.out
        control += batch.control
        at, turn = at + size, turn + 1
        if batch.broken:
            break
    return events, b"".join(out), control


@given(
    st.lists(
        st.one_of(
            pdus.map(codec.encode),
            reports.map(lambda one: codec.encode(report(3, 1, one))),
            st.builds(
                lambda sequence, message_id: codec.encode(
                    codec.SmsResp(codec.SUBMIT_RESP, sequence, 0, message_id)
                ),
                st.integers(0, 5),
                ids,
            ),
        ),
        max_size=6,
    ),
    st.lists(st.integers(1, 60), min_size=1, max_size=5),
)
def test_what_is_read_does_not_depend_on_how_it_is_cut(
    frames: list[bytes], steps: list[int]
) -> None:
    """The same bytes give the same records and answers however the network chops them."""
    stream = b"".join(frames)
    waiting = {number: number for number in range(5)}
    whole = fed(new_reader(waiting), stream, [max(1, len(stream))])
    assert whole == fed(new_reader(waiting), stream, steps)


@given(st.binary(max_size=300), st.integers(1, 64))
def test_a_client_survives_any_bytes(data: bytes, step: int) -> None:
    """Whatever a peer sends, in whatever pieces, reading it raises nothing."""
    fed(new_reader(), data, [step])


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*range(8), 0x80000001, 0x80000002, 0x80000003, 0x80000007]),
            st.binary(max_size=150),
        ),
        max_size=6,
    )
)
def test_a_client_survives_any_messages(frames: list[tuple[int, bytes]]) -> None:
    """Well-framed nonsense is answered and counted, never raised, and breaks no connection."""
    reader = new_reader()
    for command, body in frames:
        raw = codec.HEADER.pack(len(body) + 12, command, 1) + body
        assert reader.feed(raw, 0).broken is None


def test_a_client_answers_what_a_gateway_asks() -> None:
    """Tests, farewells and reports are answered, a Forward is refused."""
    reader = new_reader()
    asked = ["active_test", "exit", "deliver_report"]
    _, out, control = fed(reader, b"".join(map(vector, asked)), [9999])
    expected = ["active_test_resp", "exit_resp", "deliver_resp"]
    assert out == b"".join(map(vector, expected))
    assert control == [Left(by_peer=True)]
    forward = codec.HEADER.pack(22, codec.FORWARD, 14) + EXAMPLE_ID
    assert vector("forward_resp") == b"".join(reader.feed(forward, 0).out)
    assert reader.oddities == {"malformed": 1}


def test_only_a_login_answer_logs_in() -> None:
    """A test's answer before the login's own is no welcome; a wrong proof is only counted."""
    reader = new_reader()
    assert reader.feed(vector("active_test_resp"), 0).control == []
    assert reader.feed(vector("login_resp"), 0).control == [Answer(1)]
    assert reader.feed(vector("active_test_resp"), 0).control == [Answer(9)]
    assert reader.oddities == {"malformed": 1, "unproven_server": 1}
    proven = new_reader()
    proven.expected = SERVER_PROOF
    proven.feed(vector("login_resp"), 0)
    assert not proven.oddities


def test_a_message_id_is_twenty_digits() -> None:
    """The answer's and the report's ten octets meet as the same hex digits."""
    reader = new_reader({5: 42})
    events, _, _ = fed(reader, vector("submit_resp") + vector("deliver_report"), [9999])
    assert events.submitted == [(42, 7, 0, b"01006101161700012345")]
    assert events.receipts == [(42, b"01006101161700012345", "DELIVRD", "000", 7, False, False, "")]


def test_an_unreadable_report_is_taken_and_counted() -> None:
    """A report without an id is acknowledged, so that it is not sent for ever, and counted."""
    reader = new_reader()
    deliver = codec.Deliver(3, EXAMPLE_ID, "198", "106", b"stat:DELIVRD", is_report=1)
    batch = reader.feed(codec.encode(deliver), 0)
    answer = codec.SmsResp(codec.DELIVER_RESP, 3, 0, EXAMPLE_ID)
    assert [codec.encode(answer)] == batch.out
    assert reader.oddities == {"unreadable_report": 1}
    cut = bytearray(vector("deliver_report"))
    cut[80] = 0xFF
    refusal = codec.decode(reader.feed(bytes(cut), 0).out[0])
    assert refusal == codec.SmsResp(
        codec.DELIVER_RESP, 11, status.INVALID_LENGTH, bytes.fromhex("00006111221901000001")
    )

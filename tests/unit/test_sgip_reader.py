"""What an SGIP client sends and makes of what it hears, without a network."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.protocols.correlator import Correlator
from evaluators.protocols.dialect import Answer, Batch, Left
from evaluators.protocols.sgip import codec, pdus, status
from evaluators.protocols.sgip.reader import Reader
from evaluators.protocols.sgip.sequence import Heard, Numbering, Sent, moment
from tests.unit.sgip_samples import AT, NODE, TO, messages, smg


class Client:
    """A reader with the numbers and the window it belongs to; `at_s` is the time of day."""

    def __init__(self, first: int = 1) -> None:
        self.at_s = AT
        self.correlator = Correlator()
        self.numbering = Numbering(NODE, lambda: self.at_s)
        self.sent = Sent(10, first, self.numbering)
        self.reader = Reader(self.sent, self.correlator, self.numbering, Heard())

    def send(self, *handles: int, at_ns: int = 0) -> list[bytes]:
        """The sequence numbers under which these leave."""
        first = self.sent.sequence
        given = [self.numbering.number(self.sent.after(first, n)) for n in range(len(handles))]
        self.sent.add(at_ns, handles)
        return given

    def hear(self, *pdu: pdus.Pdu, now_ns: int = 5) -> Batch:
        return self.reader.feed(b"".join(map(codec.encode, pdu)), now_ns)


@pytest.fixture
def client() -> Client:
    return Client()


def answers(batch: Batch) -> list[pdus.Pdu]:
    return [codec.decode(one) for one in batch.out]


def test_numbers_are_node_time_and_counter() -> None:
    """A sequence number is the node, Beijing's time as decimal digits, and a running number."""
    assert (3075512345, 1122145501, 7) == pdus.SEQUENCE.unpack(
        Numbering(NODE, lambda: AT).number(7)
    )
    new_year = datetime(2026, 12, 31, 16, 0, 9, tzinfo=UTC).timestamp()
    assert 101000009 == moment(new_year)


def test_who_counts_alone_starts_at_nothing_and_wraps() -> None:
    """The third part begins at 0 and is 0 again after the last number."""
    numbering = Numbering(1, lambda: AT)
    assert [0, 1] == [pdus.SEQUENCE.unpack(numbering.next())[2] for _ in range(2)]
    numbering._counter = pdus.LAST_COUNTER
    assert 0 == pdus.SEQUENCE.unpack(numbering.next())[2]


@given(st.lists(st.integers(1, 3), min_size=1, max_size=30), st.integers(0, pdus.LAST_COUNTER))
def test_a_number_is_known_again_whenever_it_was_given(steps: list[int], first: int) -> None:
    """For every command sent, at whatever time, its full number can be told from its counter."""
    now = [AT]
    numbering = Numbering(NODE, lambda: now[0])
    given = []
    for step in steps:
        now[0] += step - 1
        for _ in range(step):
            given.append(numbering.number(first))
            first = (first + 1) % (pdus.LAST_COUNTER + 1)
    for number in given:
        counter = int.from_bytes(number[8:], "big")
        assert number == numbering.given(counter)
        assert numbering.own(number[:8], counter)
        assert not numbering.own(bytes(8), counter)


def test_an_answer_finds_its_message(client: Client) -> None:
    """The id of a message is its Submit's sequence number, as 24 hexadecimal digits."""
    first, second = client.send(4, 5)
    batch = client.hear(
        pdus.Result(pdus.SUBMIT_RESP, second, status.BUSY),
        pdus.Result(pdus.SUBMIT_RESP, first),
    )
    assert [
        (5, 5, status.BUSY, second.hex().encode()),
        (4, 5, 0, b"b750981942e294dd00000001"),
    ] == batch.events.submitted
    assert 10 == client.sent.room


def test_an_answer_must_repeat_the_whole_number(client: Client) -> None:
    """Another node's or another time's answer with the right counter is not ours."""
    (number,) = client.send(0)
    strange = [pdus.sequence(NODE + 1, 1122145501, 1), pdus.sequence(NODE, 1122145502, 1)]
    batch = client.hear(*[pdus.Result(pdus.SUBMIT_RESP, one) for one in strange])
    assert [] == batch.events.submitted
    assert {"unknown_answer": 2} == dict(client.reader.oddities)
    assert 1 == len(client.hear(pdus.Result(pdus.SUBMIT_RESP, number)).events.submitted)


def test_an_answer_may_come_in_another_second(client: Client) -> None:
    """What was sent a minute ago is still known by its own time."""
    (old,) = client.send(0)
    client.at_s += 60
    (new,) = client.send(1)
    batch = client.hear(*[pdus.Result(pdus.SUBMIT_RESP, number) for number in (old, new)])
    assert [0, 1] == [record[0] for record in batch.events.submitted]


@pytest.mark.parametrize(
    ("state", "error", "said"),
    [(0, 0, ("DELIVRD", "0")), (1, 0, ("ENROUTE", "0")), (2, 27, ("UNDELIV", "27"))],
)
def test_a_report_is_answered_and_told(
    client: Client, state: int, error: int, said: tuple[str, str]
) -> None:
    """A report says done, waiting or failed with a decimal code, and is answered by its number."""
    (number,) = client.send(3)
    client.hear(pdus.Result(pdus.SUBMIT_RESP, number))
    batch = client.hear(pdus.Report(smg(1), number, TO, state, error))
    assert [pdus.Result(pdus.REPORT_RESP, smg(1))] == answers(batch)
    assert [(3, number.hex().encode(), *said, 5, False, False, "")] == batch.events.receipts


def test_reports_come_early_twice_and_unasked(client: Client) -> None:
    """A report before its answer waits for it; a second one is a duplicate; others are nobody's."""
    (number,) = client.send(3)
    early = client.hear(pdus.Report(smg(1), number, TO), pdus.Report(smg(2), smg(9), TO), now_ns=1)
    assert [] == early.events.receipts
    answered = client.hear(pdus.Result(pdus.SUBMIT_RESP, number))
    assert [(3, 1, True, False)] == [(r[0], *r[4:7]) for r in answered.events.receipts]
    again = client.hear(pdus.Report(smg(3), number, TO))
    assert [(3, False, True)] == [(r[0], *r[5:7]) for r in again.events.receipts]
    assert [(None, "19800001234")] == [(r[0], r[7]) for r in client.correlator.release()]


def test_a_report_finds_a_message_that_was_never_answered(client: Client) -> None:
    """The number is ours, so a report tells of a message whose answer was given up or lost."""
    first, second, third = client.send(3, 4, 5)
    client.hear(pdus.Report(smg(1), first, TO), now_ns=1)
    found = client.sent.name(client.correlator, before_ns=1)
    assert [(3, True)] == [(record[0], record[5]) for record in found]
    assert [3, 4, 5] == client.sent.expire(1)
    batch = client.hear(pdus.Report(smg(2), second, TO), pdus.Result(pdus.SUBMIT_RESP, second, 0))
    assert [(4, False, False)] == [(r[0], *r[5:7]) for r in batch.events.receipts]
    assert [(4, 0)] == [(r[0], r[2]) for r in batch.events.submitted]
    assert [] == client.sent.name(client.correlator)
    late = client.hear(pdus.Report(smg(3), second, TO), pdus.Report(smg(4), third, TO))
    assert [(4, True), (5, False)] == [(r[0], r[6]) for r in late.events.receipts]


def test_a_repeated_command_is_answered_and_forgotten(client: Client) -> None:
    """The same command under the same number says nothing new; it is answered all the same."""
    report, deliver = pdus.Report(smg(1), smg(9), TO), pdus.Deliver(smg(2), TO, "1069", b"R")
    batch = client.hear(report, report, deliver, deliver)
    assert [0] * 4 == [one.status for one in answers(batch) if isinstance(one, pdus.Result)]
    assert [("19800001234", "1069", "R", 5)] == batch.events.replies
    assert 1 == len(client.correlator.release())
    assert {"repeated_command": 2} == dict(client.reader.oddities)


def test_another_command_under_a_used_number_is_an_error(client: Client) -> None:
    """It is answered with the code for sequence numbers, and what a report says still counts."""
    (number,) = client.send(3)
    client.hear(pdus.Result(pdus.SUBMIT_RESP, number), pdus.Report(smg(1), number, TO, 1))
    batch = client.hear(pdus.Report(smg(1), number, TO))
    assert [pdus.Result(pdus.REPORT_RESP, smg(1), status.BAD_SEQUENCE)] == answers(batch)
    assert ["DELIVRD"] == [record[2] for record in batch.events.receipts]
    assert {"reused_sequence": 1} == dict(client.reader.oddities)


def test_what_was_heard_long_ago_is_forgotten() -> None:
    """Only so many commands are remembered, the latest of them."""
    heard = Heard(remember=4)
    commands = [codec.encode(pdus.Report(smg(n), smg(9), TO)) for n in range(5)]
    assert ["new"] * 5 == list(map(heard.note, commands))
    assert ["again", "new"] == [heard.note(commands[4]), heard.note(commands[0])]


def test_a_report_of_a_deliver_is_not_ours(client: Client) -> None:
    """Reports about forwarded Delivers are acknowledged and leave no record."""
    batch = client.hear(pdus.Report(smg(1), smg(2), TO, kind=pdus.OF_DELIVER))
    assert [pdus.Result(pdus.REPORT_RESP, smg(1))] == answers(batch)
    assert [] == [*batch.events.receipts, *client.correlator.release()]


@pytest.mark.parametrize(
    ("coding", "udhi", "data", "text"),
    [
        (pdus.ASCII, 0, b"TD", "TD"),
        (pdus.ASCII, 0, "退订".encode("gbk"), "退订"),
        (pdus.GBK, 0, "退订".encode("gbk"), "退订"),
        (pdus.UCS2, 0, "退订".encode("utf-16-be"), "退订"),
        (0x19, 0, "退订".encode("utf-16-be"), "退订"),
        (pdus.UCS2, 1, b"\x05\x00\x03\x07\x02\x01" + "退".encode("utf-16-be"), "退"),
        (pdus.BINARY, 0, b"\xff", "ÿ"),
        (pdus.UCS2, 0, b"\x00", "\ufffd"),
    ],
)
def test_a_handsets_message_is_a_reply(
    client: Client, coding: int, udhi: int, data: bytes, text: str
) -> None:
    """An opt-out from a handset arrives as text, from the number as people write it."""
    batch = client.hear(pdus.Deliver(smg(1), TO, "1069", data, coding, udhi))
    assert [("19800001234", "1069", text, 5)] == batch.events.replies
    assert [pdus.Result(pdus.DELIVER_RESP, smg(1))] == answers(batch)


def test_words_about_the_connection(client: Client) -> None:
    """Logins and goodbyes are news of the connection, in both directions."""
    batch = client.hear(
        pdus.Result(pdus.BIND_RESP, smg(1)),
        pdus.Result(pdus.BIND_RESP, smg(2), status.WRONG_LOGIN),
        pdus.Bare(pdus.UNBIND_RESP, smg(3)),
        pdus.Bare(pdus.UNBIND, smg(4)),
    )
    accepted, refused, *left = batch.control
    assert (Answer(1), [Left(by_peer=False), Left(by_peer=True)]) == (accepted, left)
    assert isinstance(refused, Answer)
    assert refused.refused is not None
    assert refused.refused.text.endswith("wrong account or password")
    assert [pdus.Bare(pdus.UNBIND_RESP, smg(4))] == answers(batch)


def test_what_nobody_may_ask_of_us_is_refused(client: Client) -> None:
    """Well-formed commands for other nodes are refused in their own response; responses are not."""
    batch = client.hear(
        pdus.Submit(smg(1), "1", ("1",)),
        pdus.Trace(smg(2), smg(1), "1"),
        pdus.Foreign(0x06, smg(3), bytes(50)),
        pdus.Bind(smg(4), 2, "a"),
        pdus.UserReport(smg(5), "1069", TO, 0),
        pdus.Result(pdus.DELIVER_RESP, smg(6)),
        pdus.Foreign(0x80000006, smg(7), bytes(9)),
    )
    assert [
        pdus.Result(pdus.SUBMIT_RESP, smg(1), status.BAD_COMMAND),
        pdus.TraceResp(smg(2), (pdus.Hop(status.BAD_COMMAND, ""),)),
        pdus.Foreign(0x80000006, smg(3), bytes((status.BAD_COMMAND,)).ljust(9, b"\0")),
        pdus.Result(pdus.BIND_RESP, smg(4), status.REPEATED_LOGIN),
        pdus.Result(pdus.USER_REPORT_RESP, smg(5)),
    ] == answers(batch)
    assert batch.broken is None


@pytest.mark.parametrize("name", [pdus.REPORT, pdus.SUBMIT_RESP, pdus.DELIVER, 0x77])
def test_what_is_malformed_breaks_the_stream(client: Client, name: int) -> None:
    """A malformed message ends the connection; what came before it counts."""
    (number,) = client.send(0)
    good = codec.encode(pdus.Result(pdus.SUBMIT_RESP, number))
    batch = client.reader.feed(good + codec.HEADER.pack(22, name, smg(1)) + b"xx", 5)
    assert 1 == len(batch.events.submitted)
    assert batch.broken is not None


@given(st.binary(max_size=300), st.integers(1, 64))
def test_a_client_survives_any_bytes(data: bytes, step: int) -> None:
    """Whatever a peer sends, in whatever pieces, reading it raises nothing."""
    reader = Client().reader
    for at in range(0, len(data), step):
        if reader.feed(data[at : at + step], 0).broken:
            break


def _same(make: Callable[[], Client], stream: bytes, step: int) -> tuple[object, ...]:
    client = make()
    client.send(0, 1, 2)
    batches = []
    for at in range(0, len(stream), step):
        batches.append(client.reader.feed(stream[at : at + step], 0))
        if batches[-1].broken:
            break
    return (
        [record for batch in batches for record in batch.events.submitted],
        [record for batch in batches for record in batch.events.receipts],
        [record for batch in batches for record in batch.events.replies],
        b"".join(one for batch in batches for one in batch.out),
        [one for batch in batches for one in batch.control],
        bool(batches and batches[-1].broken),
    )


known = st.sampled_from([pdus.sequence(NODE, 1122145501, counter) for counter in range(1, 5)])
ours = st.one_of(
    st.builds(pdus.Result, st.just(pdus.SUBMIT_RESP), known, st.integers(0, 1)),
    st.builds(pdus.Report, st.integers(0, 3).map(smg), known, st.just(TO), st.integers(0, 2)),
)


@given(st.lists(st.one_of(ours, messages), max_size=8), st.integers(1, 90))
def test_how_a_stream_is_cut_changes_nothing(pdu: list[pdus.Pdu], step: int) -> None:
    """The same records and answers come out whether octets come one by one or all at once."""
    stream = b"".join(map(codec.encode, pdu))
    assert _same(Client, stream, max(1, len(stream))) == _same(Client, stream, step)

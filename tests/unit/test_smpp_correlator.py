"""Receipts find their messages: early, twice, never, on another connection, after a restart."""

import pytest

from evaluators.protocols.correlator import Correlator, Unclaimed
from evaluators.protocols.window import Window


def report(message_id: bytes, state: str = "DELIVRD", at_ns: int = 5) -> Unclaimed:
    return Unclaimed(message_id, state, "000", at_ns, "19800000001")


def test_a_receipt_finds_its_message() -> None:
    """The ordinary case: accepted, then reported."""
    correlator = Correlator()
    assert correlator.accepted(b"a", 3) == ()
    expected = (3, b"a", "DELIVRD", "000", 5, False, False, "")
    assert expected == correlator.claim(b"a", "DELIVRD", "000", 5)
    assert correlator.open == 0


def test_an_early_receipt_waits_for_its_answer() -> None:
    """A report that overtakes the answer is given out with the answer, at its own time."""
    correlator = Correlator()
    assert correlator.claim(b"a", "DELIVRD", "000", 5) is None
    assert correlator.settle(report(b"a")) is None
    expected = [(3, b"a", "DELIVRD", "000", 5, True, False, "")]
    assert expected == correlator.accepted(b"a", 3)
    assert correlator.release() == []


def test_an_early_receipt_may_come_twice() -> None:
    """Of two early reports the second is the duplicate."""
    correlator = Correlator()
    correlator.settle(report(b"a"))
    correlator.settle(report(b"a", at_ns=6))
    flags = [(record[5], record[6]) for record in correlator.accepted(b"a", 3)]
    assert flags == [(True, False), (True, True)]


def test_a_second_receipt_is_a_duplicate() -> None:
    """The same id reported again keeps its message and says so."""
    correlator = Correlator()
    correlator.accepted(b"a", 3)
    correlator.claim(b"a", "DELIVRD", "000", 5)
    assert correlator.claim(b"a", "UNDELIV", "001", 9) is None
    expected = (3, b"a", "UNDELIV", "000", 9, False, True, "")
    assert expected == correlator.settle(report(b"a", "UNDELIV", 9))


def test_an_intermediate_state_leaves_the_message_open() -> None:
    """ENROUTE and ACCEPTD are not the end; the report after them is no duplicate."""
    correlator = Correlator()
    correlator.accepted(b"a", 3)
    first = correlator.claim(b"a", "ENROUTE", "000", 5)
    last = correlator.claim(b"a", "DELIVRD", "000", 6)
    assert [record[6] for record in (first, last) if record] == [False, False]


def test_what_nobody_claims_is_given_up_after_a_while() -> None:
    """An unmatched report comes out without an index and with the handset's number."""
    correlator = Correlator()
    correlator.settle(report(b"a", at_ns=5))
    assert correlator.release(before_ns=5) == []
    expected = [(None, b"a", "DELIVRD", "000", 5, False, False, "19800000001")]
    assert expected == correlator.release(before_ns=6)
    assert correlator.release() == []


def test_only_so_many_finished_ids_are_remembered() -> None:
    """Memory stays bounded: the last generations of finished ids know a duplicate, older do not."""
    correlator = Correlator(remember=10)
    for index in range(100):
        correlator.accepted(b"%d" % index, index)
        correlator.claim(b"%d" % index, "DELIVRD", "", 1)
    late, early = correlator.settle(report(b"99")), correlator.settle(report(b"1"))
    assert late is not None
    assert (late[0], late[6]) == (99, True)
    assert early is None


def test_long_texts_are_forgotten_with_their_ids() -> None:
    """Parts that have reported are dropped with the oldest ids; one that has not stays."""
    correlator = Correlator(remember=10)
    open_part, other = correlator.split(0, 2)
    for message_id, handle in ((b"open", open_part), (b"other", other)):
        correlator.answered(handle, 1, 0, message_id)
        correlator.accepted(message_id, handle)
    correlator.settle(report(b"other"))
    for index in range(1, 100):
        for part, handle in enumerate(correlator.split(index, 2)):
            correlator.answered(handle, 1, 0, b"%d.%d" % (index, part))
            correlator.accepted(b"%d.%d" % (index, part), handle)
        assert correlator.settle(report(b"%d.0" % index)) is None
        whole = correlator.settle(report(b"%d.1" % index))
        assert whole is not None
        assert whole[0] == index
        correlator.tidy()
    assert correlator.answered(other, 2, 0, b"again") is None
    assert [(0, 1, 2)] == correlator.partial()
    assert len(correlator._long) <= 2 * 10 + 3
    late = correlator.settle(report(b"open"))
    assert late is not None
    assert late[0] == 0


def test_a_restart_knows_what_was_accepted() -> None:
    """Ids from storage match receipts as if the connection had never ended."""
    correlator = Correlator()
    correlator.restore([(b"a", 3), (b"p1 p2", 4)])
    found = correlator.claim(b"a", "DELIVRD", "000", 5)
    assert found is not None
    assert found[0] == 3
    assert correlator.settle(report(b"p2")) is None
    whole = correlator.settle(report(b"p1"))
    assert whole is not None
    assert whole[:3] == (4, b"p1 p2", "DELIVRD")


def test_an_id_given_twice_is_counted() -> None:
    """Two messages under one id keep the first and say that it happened."""
    correlator = Correlator()
    correlator.accepted(b"a", 1)
    correlator.accepted(b"a", 2)
    found = correlator.claim(b"a", "DELIVRD", "", 1)
    assert found is not None
    assert (found[0], correlator.repeated_ids) == (1, 1)


@pytest.mark.parametrize(
    ("form", "answer", "receipt"),
    [
        ("as_is", b"00Ab", b"00Ab"),
        ("folded", b"00Ab", b"ab"),
        ("folded", b"000", b"0"),
        ("decimal", b"1f", b"0000000031"),
        ("decimal", b"not-hex", b"not-hex"),
        ("hex", b"0000000031", b"1F"),
    ],
)
def test_ids_may_be_written_in_two_ways(form: str, answer: bytes, receipt: bytes) -> None:
    """Answers and receipts may write one id differently; the vendor's form is a setting."""
    correlator = Correlator(form)  # type: ignore[arg-type]
    correlator.accepted(answer, 7)
    found = correlator.claim(receipt, "DELIVRD", "", 1)
    assert found is not None
    assert (7, receipt) == found[:2]


def long_text(correlator: Correlator, parts: int = 3) -> list[int]:
    handles = correlator.split(7, parts)
    for order, handle in enumerate(handles, 1):
        correlator.accepted(b"p%d" % order, handle)
        correlator.answered(handle, order, 0, b"p%d" % order)
    return handles


def test_a_long_text_is_answered_when_all_parts_are() -> None:
    """Three accepted parts make one answer with the three ids."""
    correlator = Correlator()
    first, second, third = correlator.split(7, 3)
    assert correlator.answered(second, 1, 0, b"b") is None
    assert correlator.answered(first, 2, 0, b"a") is None
    assert correlator.answered(third, 3, 0, b"c") == (7, 3, 0, b"b a c")
    assert correlator.index_of(second) == 7


def test_one_refused_part_refuses_the_long_text() -> None:
    """The refusal is the message's status, also beside a part that was never answered."""
    correlator = Correlator()
    first, second, third = correlator.split(7, 3)
    correlator.answered(first, 1, 0, b"a")
    correlator.answered(second, 2, 0x58, b"")
    assert correlator.answered(third, 3, -1, b"") == (7, 3, 0x58, b"a")


def test_a_long_text_is_delivered_when_all_parts_are() -> None:
    """Nothing is reported until the last part is, then one receipt for the message."""
    correlator = Correlator()
    long_text(correlator)
    assert correlator.claim(b"p2", "DELIVRD", "", 1) is None
    assert correlator.settle(report(b"p2")) is None
    assert correlator.settle(report(b"p1")) is None
    assert correlator.partial() == [(7, 2, 3)]
    expected = (7, b"p1 p2 p3", "DELIVRD", "000", 9, False, False, "")
    assert expected == correlator.settle(report(b"p3", at_ns=9))
    assert correlator.partial() == []


def test_one_lost_part_loses_the_long_text() -> None:
    """The state of the part that failed is the message's state."""
    correlator = Correlator()
    long_text(correlator, 2)
    correlator.settle(report(b"p1", "UNDELIV"))
    whole = correlator.settle(report(b"p2"))
    assert whole is not None
    assert whole[2] == "UNDELIV"


def test_a_part_reported_twice_is_a_duplicate_of_its_message() -> None:
    """Parts are not counted twice towards a whole."""
    correlator = Correlator()
    long_text(correlator, 2)
    correlator.settle(report(b"p1"))
    again = correlator.settle(report(b"p1"))
    assert again is not None
    assert (again[0], again[6]) == (7, True)


def test_a_full_window_has_no_room() -> None:
    """Requests take their place until they are answered."""
    window = Window(2, 1, 10)
    window.add(0, [100, 101])
    assert (window.room, window.sequence) == (0, 3)
    assert window.answered(1) == 100
    assert window.room == 1
    assert window.answered(9) is None


def test_sequence_numbers_start_again_after_the_last() -> None:
    """The number after the last is 1, never 0."""
    window = Window(5, 9, 10)
    assert [window.use() for _ in range(3)] == [9, 10, 1]
    window = Window(5, 10, 10)
    window.add(0, [100])
    assert window.sequence == 1


def test_an_answer_that_never_comes_is_a_state() -> None:
    """Old requests keep their place; a late answer finds its message, once, and frees it."""
    window = Window(3, 1, 100)
    window.add(10, [100, 101])
    window.add(20, [102])
    window.answered(2)
    assert window.expire(10) == []
    assert window.expire(11) == [100]
    assert (window.room, window.given_up) == (1, 1)
    assert window.answered(1) == 100
    assert (window.room, window.given_up) == (2, 0)
    assert window.answered(1) is None


def test_a_window_that_lost_half_its_places_is_worn() -> None:
    """Only by requests given up, and only by those old enough."""
    window = Window(4, 1, 100)
    window.add(10, [100, 101])
    assert not window.worn(11)
    assert window.expire(11) == [100, 101]
    assert (window.worn(10), window.worn(11)) == (False, True)
    assert window.answered(1) == 100
    assert not window.worn(11)
    assert not Window(0, 0, 100).worn(1)

"""Numbers of a run, from its rows."""

import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.sending.metrics import Metrics, Row, Share, summarise
from evaluators.sending.plan import Plan

S = 1_000_000_000
MS = 1_000_000


def plan(**changes: Any) -> Plan:
    fields = {
        "rate": 10,
        "kind": "otp",
        "text": "{token}",
        "claim": 0.99,
        "price": 0.04,
        "caps": {"count": 1_000, "rate": 50, "cost": 100},
    }
    return Plan.model_validate(fields | changes)


def row(seq: int = 0, **changes: Any) -> Row:
    """A message due, sent, accepted, delivered and on its live handset two seconds later."""
    due = seq * S // 10
    fields: dict[str, Any] = {
        "seq": seq,
        "number_id": seq,
        "carrier": "cmcc",
        "token": "ABCDEF",
        "state": "acknowledged",
        "due_ns": due,
        "sent_ns": due + MS,
        "ack_ns": due + 20 * MS,
        "status": 0,
        "receipt": "DELIVRD",
        "receipt_ns": due + 3 * S,
        "handset_ns": due + 2 * S,
        "handset_text_same": True,
        "handset_from": "10690000",
        "alive": True,
    }
    return Row(**fields | changes)


LOST: dict[str, Any] = {"handset_ns": None, "handset_text_same": None, "handset_from": None}


def share(metrics: Metrics, name: str) -> tuple[int, int] | None:
    found = metrics.definitions[name]
    return (found.count, found.of) if found else None


def test_definitions_differ_on_the_same_rows() -> None:
    """One data set gives every definition of the delivery rate, and they differ."""
    rows = [
        *(row(seq) for seq in range(80)),
        *(row(seq, **LOST) for seq in range(80, 85)),  # reported delivered, not on the handset
        *(row(seq, receipt=None, **LOST) for seq in range(85, 90)),  # nothing ever heard
        *(row(seq, receipt="UNDELIV", **LOST) for seq in range(90, 94)),
        *(row(seq, handset_ns=seq * S // 10 + 20 * S) for seq in range(94, 97)),  # slow
        row(97, state="refused", status=0x45, receipt=None, **LOST),
        row(98, alive=False, receipt="UNDELIV", **LOST),
        row(99, alive=False, **LOST),
    ]
    made = summarise(rows, plan(), closed=True)
    expected = {
        "D1": (99, 100),
        "D2": (89, 100),
        "D3": (89, 99),
        "D4": (88, 97),  # without the two numbers not proven alive
        "D5": (93, 97),  # silence counts as success
        "D6": (83, 98),
        "D7": (80, 98),  # within ten seconds
        "D8": None,  # no bill
    }
    assert expected == {name: share(made, name) for name in made.definitions}


def test_bill_gives_d8() -> None:
    """With the vendor's bill, parts that arrived are set against parts billed."""
    rows = [row(seq) for seq in range(9)] + [row(9, **LOST)]
    made = summarise(rows, plan(text="字" * 80 + "{token}"), closed=True, billed_parts=21)
    assert share(made, "D8") == (18, 21)


def test_another_reading_of_invalid_numbers() -> None:
    """Which numbers count as invalid can be decided by the receipt's code."""
    rows = [row(0), row(1, receipt="UNDELIV", receipt_code="MK:0001", **LOST)]
    by_code = summarise(rows, plan(), closed=True, invalid=lambda r: r.receipt_code == "MK:0001")
    assert share(by_code, "D4") == (1, 1)


def test_what_left_unknown_is_in_no_rate() -> None:
    """A message that may not have left counts nowhere, even when it turns up."""
    rows = [row(0), row(1, state="unknown", sent_ns=None), row(2, state="planned", sent_ns=None)]
    made = summarise(rows, plan(), closed=True)
    assert (made.planned, made.submitted, made.watched) == (3, 1, 1)
    assert (made.unknown, made.left_unknown, made.left_unknown_arrived) == (1, 1, 1)


def test_what_left_and_was_never_answered_counts() -> None:
    """A message that left and got no answer is submitted, and lost unless the handset has it."""
    made = summarise([row(0, state="unknown", **LOST), row(1, state="sent")], plan(), closed=True)
    assert (made.submitted, made.watched, made.arrived, made.left_unknown) == (2, 2, 1, 0)


def test_throttled_is_apart_and_other_refusals_are_lost() -> None:
    """Throttling is not a loss; any other refusal is a message that did not arrive."""
    rows = [
        row(0),
        row(1, state="refused", status=0x58, receipt=None, **LOST),
        row(2, state="refused", status=0x0B, receipt=None, **LOST),
    ]
    made = summarise(rows, plan(), closed=True)
    assert (made.throttled, made.refused, made.submitted) == (1, 2, 2)
    assert share(made, "D6") == (1, 2)


def test_receipts_and_handsets_are_compared() -> None:
    """Delivered but unseen, seen but unreported, and no receipt at all are three findings."""
    rows = [
        row(0),
        row(1, **LOST),
        row(2, receipt=None),
        row(3, receipt="UNDELIV"),
        row(4, receipt="ACCEPTD"),
        row(5, alive=False, **LOST),  # not proven alive: nobody may be blamed
    ]
    made = summarise(rows, plan(), closed=True)
    assert (made.unseen_delivered, made.unreported_arrivals) == (1, 3)
    assert made.missing_receipts == 2


def test_a_vendors_own_codes_are_failures() -> None:
    """A state of the vendor's own is a failure; UNKNOWN is a receipt that decides nothing."""
    rows = [row(0), row(1, receipt="MK:0013", **LOST), row(2, receipt="UNKNOWN", **LOST)]
    made = summarise(rows, plan(), closed=True)
    assert share(made, "D5") == (2, 3)
    assert made.missing_receipts == 0


def test_dead_numbers_are_controls() -> None:
    """Numbers known to be dead enter no rate; receipts that report them delivered are counted."""
    rows = [row(0), row(1, number_id=90, alive=False, **LOST), row(2, number_id=91, **LOST)]
    rows[2] = row(2, number_id=91, alive=False, receipt="UNDELIV", **LOST)
    made = summarise(rows, plan(controls=(90, 91)), closed=True)
    assert made.controls_delivered == Share(1, 2)
    assert (made.submitted, made.delivered) == (1, 1)


def test_late_is_lost() -> None:
    """What comes after its own window has not arrived, and is counted as late."""
    late = 301 * S
    made = summarise([row(0), row(1, handset_ns=late + S)], plan(), closed=True)
    assert (made.arrived, made.late_arrivals) == (1, 1)
    made = summarise([row(0, receipt_ns=late)], plan(), closed=True)
    assert (made.delivered, made.missing_receipts) == (0, 1)


def test_nothing_is_stated_before_the_window_closes() -> None:
    """While the window is open there are counts, and no rate, latency or price."""
    made = summarise([row(seq) for seq in range(100)], plan(), closed=False)
    assert made.arrived == 100
    assert made.definitions == {}
    assert (made.latency, made.price_per_arrival, made.carriers[0].latency) == (None, None, None)


def test_latency_runs_from_due_and_censors_losses() -> None:
    """Latency is counted from when a message was due; losses make high percentiles infinite."""
    rows = [row(seq, sent_ns=seq * S // 10 + S) for seq in range(90)]
    rows += [row(seq, **LOST) for seq in range(90, 100)]
    made = summarise(rows, plan(), closed=True)
    assert made.latency
    assert made.latency.p50.value == 2_000
    assert made.latency.p95.value == math.inf
    assert made.latency.p99.value is None


def test_our_own_lateness_is_a_result() -> None:
    """How far our sender was behind the schedule is reported, p50, p99 and the worst."""
    rows = [row(seq, sent_ns=seq * S // 10 + seq * MS) for seq in range(100)]
    made = summarise(rows, plan(), closed=True)
    assert made.lateness
    assert (made.lateness.p50_ms, made.lateness.p99_ms, made.lateness.max_ms) == (49, 98, 99)


def test_carriers_apart() -> None:
    """Each carrier has its own row, in a steady order."""
    rows = [row(0), row(1, carrier="ctcc", **LOST), row(2, carrier="ctcc")]
    made = summarise(rows, plan(), closed=True)
    table = [(c.carrier, c.submitted, c.delivered.count, c.arrived) for c in made.carriers]
    assert table == [("cmcc", 1, 1, Share(1, 1)), ("ctcc", 2, 2, Share(1, 2))]


def test_price_per_arrival() -> None:
    """What arrives costs more than what is sent, by what was billed and did not arrive."""
    rows = [row(seq) for seq in range(8)] + [row(seq, **LOST) for seq in range(8, 10)]
    assert summarise(rows, plan(), closed=True).price_per_arrival == 0.05
    assert summarise(rows[8:], plan(), closed=True).price_per_arrival is None
    assert summarise(rows, plan(price=None), closed=True).price_per_arrival is None


def test_texts_and_senders_are_compared() -> None:
    """Changed texts and the numbers shown as sender are counted."""
    rows = [row(0), row(1, handset_text_same=False, handset_from="1860000"), row(2, **LOST)]
    made = summarise(rows, plan(), closed=True)
    assert made.texts_same == Share(1, 2)
    assert made.senders == {"10690000": 1, "1860000": 1}


def test_window_blocking_is_a_result() -> None:
    """Messages that waited for room in the window are counted."""
    assert summarise([row(0, blocked=True), row(1)], plan(), closed=True).blocked == 1


@pytest.mark.parametrize("closed", [True, False])
def test_a_run_without_messages(closed: bool) -> None:
    """A run that sent nothing has zeros and nothing else."""
    made = summarise([], plan(), closed)
    assert (made.planned, made.submitted, made.latency, made.lateness) == (0, 0, None, None)
    assert all(value is None for value in made.definitions.values())


states = st.sampled_from(["planned", "sent", "acknowledged", "refused", "unknown"])
any_rows = st.lists(
    st.builds(
        row,
        seq=st.integers(0, 50),
        number_id=st.integers(0, 5),
        state=states,
        status=st.sampled_from([0, 0x58, 0x45]),
        receipt=st.sampled_from([None, "DELIVRD", "UNDELIV", "ACCEPTD"]),
        handset_ns=st.one_of(st.none(), st.integers(0, 400 * S)),
        alive=st.booleans(),
    ),
    max_size=30,
)


@settings(deadline=None, max_examples=40)
@given(any_rows)
def test_counts_are_consistent(rows: list[Row]) -> None:
    """Whatever the rows, parts never exceed their whole and handsets add up."""
    made = summarise(rows, plan(), closed=True)
    assert made.arrived <= made.watched <= made.submitted <= made.planned
    assert made.unseen_delivered <= made.delivered
    assert (made.arrived, made.watched) == (
        sum(arrived for arrived, _ in made.handsets),
        sum(sent for _, sent in made.handsets),
    )
    assert sum(carrier.submitted for carrier in made.carriers) == made.submitted
    assert all(part is None or part.count <= part.of for part in made.definitions.values())


@settings(deadline=None, max_examples=40)
@given(any_rows, st.randoms(use_true_random=False))
def test_order_of_rows_changes_nothing(rows: list[Row], rng: Any) -> None:
    """The numbers depend on the rows, not on their order."""
    shuffled = list(rows)
    rng.shuffle(shuffled)
    assert summarise(rows, plan(), closed=True) == summarise(shuffled, plan(), closed=True)


def test_lateness_and_waiting_for_the_window_are_apart() -> None:
    """What the vendor's window held back is no lateness of ours."""
    rows = [row(0), row(1, sent_ns=S // 10 + 5 * S, blocked=True)]
    made = summarise(rows, plan(), closed=True)
    assert made.lateness
    assert made.held
    assert (made.lateness.max_ms, made.held.max_ms) == (1, 5_000)


def test_arrivals_of_uncertain_time() -> None:
    """What may have come in time has arrived; its latency is not guessed."""
    unsure = [
        row(0),
        row(1, handset_ns=400 * S, handset_unsure_ms=200_000),  # within the window of 300 s
        row(2, handset_ns=400 * S, handset_unsure_ms=50_000),  # certainly too late
        row(3, handset_ns=400 * S, handset_unsure_ms=None),  # typed in, some time
        row(4, handset_ns=15 * S, handset_unsure_ms=10_000),  # in time or not: no telling
    ]
    made = summarise(unsure, plan(), closed=True)
    assert (made.arrived, made.late_arrivals) == (4, 1)
    assert share(made, "D7") == (1, 3)  # 0 was, 1 and 2 were not, 3 and 4 might have been
    assert made.latency
    assert made.latency.p50.n == 2


def test_parts_only_where_messages_differ() -> None:
    """A trait in which all messages are alike makes no part."""
    same = summarise([row(0), row(1)], plan(), closed=True)
    assert same.parts == ()
    made = summarise([row(0), row(1, ported=True), row(2, ported=False)], plan(), closed=True)
    assert [(p.trait, p.value, p.submitted) for p in made.parts] == [
        *(("ported", "", 1), ("ported", "own", 1), ("ported", "ported", 1)),
    ]


def test_rows_are_gone_through_once_and_not_kept() -> None:
    """Rows need some tens of bytes each and are not kept, however many there are."""
    import tracemalloc

    def rows(count: int) -> Iterator[Row]:
        return (row(seq, number_id=seq % 100, carrier="cmcc") for seq in range(count))

    summarise(rows(100), plan(), closed=True)  # imports
    tracemalloc.start()
    made = summarise(rows(20_000), plan(count=20_000), closed=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert made.arrived == 20_000
    assert peak / 20_000 < 80


TYPED: dict[str, Any] = {"handset_unsure_ms": None, "timed": False}


def test_a_typed_code_says_nothing_about_in_time() -> None:
    """What people type, and what their phones lack, is in neither side of D7 nor in latencies."""
    app = [row(seq) for seq in range(8)] + [row(8, **LOST)]
    typed = [row(seq, **TYPED) for seq in range(10, 19)] + [row(19, **LOST | {"timed": False})]
    made = summarise([*app, *typed], plan(), closed=True)
    assert share(made, "D6") == (17, 19)
    assert share(made, "D7") == (8, 9)
    assert made.untimed == 10
    assert made.latency
    assert made.latency.p50.n == 9


def test_only_typed_codes_leave_no_d7_and_no_latency() -> None:
    """Where nobody's phone says when, D7 and latency are not stated, rather than nought."""
    typed = [row(seq, **TYPED) for seq in range(9)] + [row(9, **LOST | {"timed": False})]
    made = summarise(typed, plan(), closed=True)
    assert made.definitions["D7"] is None
    assert made.latency is None
    assert made.untimed == 10


def test_a_phone_known_only_by_typing_loses_untimed() -> None:
    """A phone whose every arrival was typed is taken to be one that never says when."""
    rows = [row(0, number_id=1, handset_unsure_ms=None), row(1, number_id=1, **LOST), row(2)]
    made = summarise(rows, plan(), closed=True)
    assert share(made, "D7") == (1, 1)
    assert made.latency
    assert made.latency.p50.n == 1


def test_every_planned_message_is_in_one_count() -> None:
    """Controls are named apart, and what is left of the plan adds up."""
    rows = [row(seq) for seq in range(50)]
    rows += [row(seq, number_id=90, alive=False, **LOST) for seq in range(50, 60)]
    rows += [row(60, state="refused", status=0x58, receipt=None, **LOST)]
    rows += [row(61, state="unknown", sent_ns=None, receipt=None, **LOST)]
    made = summarise(rows, plan(controls=(90,)), closed=True)
    assert (62, 50, 50, 10) == (made.planned, made.submitted, made.acknowledged, made.controls)
    answered = made.acknowledged + made.refused - made.throttled + made.unknown
    assert made.submitted == answered - made.left_unknown
    assert made.planned == made.submitted + made.throttled + made.left_unknown + made.controls


def test_our_own_absence_is_not_the_vendors() -> None:
    """A receipt that came as we were back is in time; none at all may be one we missed."""
    away = (5 * S, 400 * S)
    rows = [
        row(0, receipt_ns=401 * S, away=away),
        row(1, receipt=None, receipt_ns=None, away=away),
        row(2, state="unknown", receipt=None, receipt_ns=None, away=away),
        row(3, receipt_ns=500 * S, away=away),
        row(4),
        row(5, receipt_ns=401 * S),
    ]
    made = summarise(rows, plan(), closed=True)
    assert made.away
    assert (395.0, 4, 1, 3) == (
        made.away.lasted_s, made.away.messages, made.away.held_back, made.away.untold,
    )  # fmt: skip
    assert (2, 1) == (made.delivered, made.missing_receipts)
    assert (share(made, "D1"), share(made, "D2")) == ((5, 5), (2, 3))

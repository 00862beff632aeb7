"""Conclusions about time: a fault with a stopwatch, a long run, load step by step."""

import random
from typing import Any

import pytest

from evaluators.sending.conclusions import Mark
from evaluators.sending.metrics import Row, summarise
from evaluators.sending.questions.fault import windows
from tests.unit.send_rows import LOST, S, concluded, plan, row

# A fault: one message a second to each of two carriers in turn, two seconds to the handset.

FAULT = plan(marks=["fault", "restored"], phases=[{"name": "stream", "count": 400, "rate": 1}])
DOWN, UP = 100, 220
MARKS = (Mark("fault", DOWN * S), Mark("restored", 300 * S))


def stream(*, down: bool = True, copies: int | None = None) -> list[Row]:
    """400 s; carrier ctcc loses what is sent from 100 s to 220 s."""
    made = []
    for seq in range(400):
        carrier = ("cmcc", "ctcc")[seq % 2]
        lost = down and carrier == "ctcc" and DOWN <= seq < UP
        changes: dict[str, Any] = {"carrier": carrier, "due_ns": seq * S, "handset_copies": copies}
        made.append(row(seq, **changes | (LOST if lost else {})))
    return made


def test_the_stopwatch_runs_from_the_mark_to_the_first_arrival() -> None:
    """Each carrier's recovery is timed, with its losses and its gap before and after."""
    made = concluded(stream(), FAULT, marks=(Mark("fault", DOWN * S, "ctcc"), MARKS[1]))
    found = made["fault_recovered"].params
    assert found["carrier"] == "ctcc"
    assert found["seconds"] == 221 + 2 - DOWN  # the next one to ctcc left at 221 s
    assert (found["lost"], found["sent"]) == (60, 100)
    assert found["step"] == 2  # no finer than this
    assert (found["before"], found["gap"]) == (2, 122)
    assert made["fault_reported"].params["count"] == 60


def test_every_carrier_is_timed_where_none_is_named() -> None:
    """A fault of no particular carrier is timed for each."""
    made = concluded(stream(), FAULT, marks=MARKS)
    assert made["fault_recovered"].params["carrier"] == "cmcc"
    assert made["fault_recovered"].params["seconds"] == 2
    assert made["fault_recovered"].params["lost"] == 0


def test_a_fault_without_end() -> None:
    """Where nothing sent after the fault arrives, no time is made up."""
    rows = [row(seq, due_ns=seq * S, **(LOST if seq >= DOWN else {})) for seq in range(400)]
    made = concluded(rows, FAULT, marks=MARKS)
    assert made["fault_for_good"].params["sent"] == 300
    assert "fault_recovered" not in made


def test_messages_under_way_do_not_stop_the_watch() -> None:
    """What was sent before the fault and arrives after it is no recovery."""
    rows = stream()
    rows[99] = row(99, carrier="ctcc", due_ns=99 * S, handset_ns=105 * S)
    made = concluded(rows, FAULT, marks=(Mark("fault", DOWN * S, "ctcc"),))
    assert made["fault_recovered"].params["seconds"] == 123


def test_messages_that_came_twice_are_counted() -> None:
    """Duplicates during a fault are a result of their own."""
    made = concluded(stream(copies=2), FAULT, marks=MARKS)
    assert made["fault_repeated"].params["count"] == 140
    assert "fault_repeated" not in concluded(stream(copies=1), FAULT, marks=MARKS)


def test_a_wanted_fault_enters_no_rate() -> None:
    """What was sent between fault and repair is left out of the rates, and only that."""
    spans = windows((Mark("restored", 50 * S), *MARKS, Mark("fault", 390 * S)))
    assert (spans[0], spans[1][0]) == ((DOWN * S, 300 * S), 390 * S)
    made = summarise(stream(), FAULT, closed=True, without=spans)
    assert (made.arrived, made.watched, made.planned) == (190, 190, 400)


def test_nobody_noted_the_fault() -> None:
    """Without a mark there is nothing to time."""
    assert "no_fault_noted" in concluded(stream(), FAULT)


# A day: one message every 100 s.

DAY = plan(
    drift={"every_s": 3_600, "stall_s": 900},
    phases=[{"name": "day", "count": 864, "rate": 0.01}],
)


def day(loss: Any = lambda hour: 0.02, slow: Any = lambda hour: 0.0) -> list[Row]:
    rng = random.Random(5)
    made = []
    for seq in range(864):
        hour, due = seq // 36, seq * 100 * S
        waited = int((2 + slow(hour) + rng.random()) * S)
        lost = rng.random() < loss(hour)
        made.append(row(seq, due_ns=due, **LOST if lost else {"handset_ns": due + waited}))
    return made


def test_a_steady_day_has_neither_trend_nor_stall() -> None:
    """Where quality stays the same, no trend is found, and the longest gap is a normal one."""
    made = concluded(day(), DAY)
    assert "no_drift" in made
    assert float(made["no_stalls"].params["longest"]) < 400
    assert 100 < float(made["no_stalls"].params["expected"]) < 400


def test_a_falling_rate_is_a_drift() -> None:
    """Losses that grow by one point an hour are found, with about that slope."""
    made = concluded(day(loss=lambda hour: 0.02 + hour * 0.015), DAY)["rate_drifts"]
    assert made.params["slope"] == pytest.approx(-1.5, abs=0.7)
    assert "falls" in made.wording.en


def test_growing_latency_is_a_drift() -> None:
    """Latency that grows by a tenth of a second an hour is found, with about that slope."""
    made = concluded(day(slow=lambda hour: hour * 0.1), DAY)["latency_drifts"]
    assert made.params["slope"] == pytest.approx(0.1, abs=0.02)


def test_a_stall_is_found() -> None:
    """Half an hour without any arrival, while messages were sent, is a stall."""
    rows = day()
    rows[300:318] = [row(seq, due_ns=seq * 100 * S, **LOST) for seq in range(300, 318)]
    made = concluded(rows, DAY)["stalls"]
    assert made.params["count"] == 1
    assert float(made.params["longest"]) == pytest.approx(1_900, abs=10)


def test_our_own_silence_is_no_stall() -> None:
    """A gap in which we sent nothing is not the vendor's."""
    rows = [one for one in day() if not 300 <= one.seq < 318]
    assert "stalls" not in concluded(rows, DAY)


def test_too_few_slices_for_a_trend() -> None:
    """A trend is not judged from a few hours."""
    assert "few_slices" in concluded(day()[:180], DAY)


# Load

RAMP = plan(
    phases=[
        {"name": "slow", "count": 100, "rate": 50},
        {"name": "fast", "count": 400, "rate": 200},
    ]
)


def ramp(**fast: Any) -> list[Row]:
    """Both steps on time and answered after 20 ms, the second with changes."""
    slow = [row(seq, due_ns=seq * S // 50) for seq in range(100)]
    return slow + [
        row(seq, due_ns=2 * S + (seq - 100) * S // 200, **fast) for seq in range(100, 500)
    ]


def test_a_step_that_was_taken() -> None:
    """A step without trouble is given with its rates and answer time."""
    made = concluded(ramp(), RAMP)["step_taken"]
    assert made.params["name"] == "slow"
    assert made.params["sent"] == pytest.approx(50)
    assert made.params["p95"] == pytest.approx(20)


def test_throttling_and_window_are_results() -> None:
    """Messages throttled or held back by the window are counted for their step, not as losses."""
    throttled = concluded(ramp(state="refused", status=0x58, **LOST), RAMP)["step_throttled"]
    assert (throttled.params["name"], throttled.params["count"]) == ("fast", 400)
    held = concluded(ramp(blocked=True), RAMP)["step_held"]
    assert (held.params["name"], held.params["share"]) == ("fast", 1)


def test_a_late_sender_says_nothing_about_the_vendor() -> None:
    """Where our own sender was behind, the step says only that."""
    made = [
        row(one.seq, due_ns=one.due_ns, sent_ns=(one.due_ns or 0) + S) if one.seq >= 100 else one
        for one in ramp()
    ]
    assert concluded(made, RAMP)["step_late"].params["name"] == "fast"
    assert "step_late" not in concluded(ramp(), RAMP)

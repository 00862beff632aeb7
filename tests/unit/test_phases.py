"""Plans of several phases: what they send, when each message is due, and in which words."""

from datetime import UTC, datetime, time
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from evaluators.sending.lengths import length
from evaluators.sending.pacing import SECOND, timetable
from evaluators.sending.plan import Plan, cost, fit, render, settle
from evaluators.sending.texts import Texts
from tests.unit.send_rows import plan

RAMP = [
    {"name": "slow", "count": 100, "rate": 50},
    {"name": "fast", "count": 400, "rate": 200},
    {"name": "last", "count": 10, "rate": 1, "after_s": 30},
]
SLOTS = [
    {"name": "morning", "at": "09:00", "count": 10, "rate": 1},
    {"name": "noon", "at": 12 * 60 + 30, "count": 10, "rate": 1},  # as YAML reads 12:30
    {"name": "peak", "at": "peak", "count": 5, "rate": 1},
]
AFTERNOON = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)  # 15:00 in Shanghai


def local(plan: Plan, due_ns: int) -> str:
    from zoneinfo import ZoneInfo

    return f"{datetime.fromtimestamp(due_ns / SECOND, ZoneInfo(plan.timezone)):%d %H:%M:%S}"


def test_phases_give_count_and_rate() -> None:
    """The phases say how many messages there are and how fast the fastest go."""
    made = plan(phases=RAMP)
    assert (510, 200) == (made.count, made.rate)
    assert made.send_s == 2 + 2 + 30 + 9
    assert Plan.model_validate(made.model_dump(mode="json")) == made


@pytest.mark.parametrize(
    "changes",
    [
        {"phases": RAMP, "count": 5},
        {"phases": [RAMP[0], RAMP[0]]},
        {"phases": [RAMP[0] | {"variant": "none"}]},
        {"phases": [RAMP[0] | {"at": "09:00", "after_s": 1}]},
        {"phases": [RAMP[0] | {"dead": 101}]},
        {"phases": [RAMP[0] | {"at": "25:00"}]},
        {"phases": RAMP, "replies": {"to": "slow", "then": "never", "within_s": 1}},
        {"variants": {"long": {"text": "{token}", "length": 5}}},
        {"variants": {"long": {"text": "no place", "length": 50}}},
        {"variants": {"long": {"text": "{token}", "length": 50, "fill": "😀"}}},
    ],
)
def test_broken_phases_are_refused(changes: dict[str, Any]) -> None:
    """Phases that make no sense are refused before anything is sent."""
    with pytest.raises(ValidationError):
        plan(**changes)


def test_phases_follow_each_other() -> None:
    """A phase begins when the one before has ended, or after its pause."""
    dues = timetable(plan(phases=RAMP), 7 * SECOND)
    due_ms = [dues.due_ns(seq) // 1_000_000 - 7_000 for seq in (0, 1, 100, 499, 500, 501)]
    assert due_ms == [0, 20, 2_000, 3_995, 34_000, 35_000]
    assert dues.last_ns == (7 + 43) * SECOND


def test_one_phase_is_what_count_and_rate_say() -> None:
    """Without phases there is one, at the plan's own rate."""
    dues = timetable(plan(count=25), 0)
    assert (dues.count, dues.due_ns(24)) == (25, 2_400_000_000)


@pytest.mark.parametrize("first", [0, 1, 99, 100, 101, 499, 500, 509])
def test_a_takeover_goes_on_at_once(first: int) -> None:
    """Whoever takes a run over sends the rest from now on, pauses of what comes still kept."""
    dues = timetable(plan(phases=RAMP), 1_000 * SECOND, first)
    assert dues.due_ns(first) == 1_000 * SECOND
    assert (dues.due_by(999 * SECOND), dues.due_by(1_000 * SECOND)) == (first, first + 1)
    if first < 500:
        assert dues.due_ns(500) - dues.due_ns(499) >= 30 * SECOND
    with pytest.raises(IndexError):
        dues.due_ns(first - 1)


def test_slots_wait_for_their_time() -> None:
    """Slots come at their time of day in the plan's zone, in the order in which they follow."""
    made = settle(plan(phases=SLOTS), AFTERNOON, timezone="Asia/Shanghai", peak=time(19, 30))
    assert [phase.name for phase in made.phases] == ["peak", "morning", "noon"]
    dues = timetable(made, round(AFTERNOON.timestamp()) * SECOND)
    firsts = [local(made, dues.due_ns(seq)) for seq in (0, 5, 15)]
    assert firsts == ["22 19:30:00", "23 09:00:00", "23 12:30:00"]


def test_an_unknown_peak_is_left_out() -> None:
    """Without a known peak, or where another slot has that time, its slot is not sent."""
    for peak in (None, time(9, 0)):
        made = settle(plan(phases=SLOTS), AFTERNOON, timezone="Asia/Shanghai", peak=peak)
        assert (made.count, [phase.name for phase in made.phases]) == (20, ["morning", "noon"])
    with pytest.raises(ValueError, match="settle"):
        timetable(plan(phases=SLOTS), 0)


phases = st.lists(
    st.builds(
        lambda count, rate, after_s: {"count": count, "rate": rate, "after_s": after_s},
        st.integers(1, 500),
        st.floats(0.01, 20_000),
        st.sampled_from([0, 0.5, 3_600]),
    ),
    min_size=1,
    max_size=5,
)


@settings(deadline=None, max_examples=60)
@given(phases, st.data())
def test_due_and_count_agree(made: list[dict[str, Any]], data: st.DataObject) -> None:
    """Message i is due at its moment and not a nanosecond earlier, in any phase, in order."""
    of = plan(phases=[{"name": f"p{at}"} | phase for at, phase in enumerate(made)])
    first = data.draw(st.integers(0, of.count - 1))
    dues = timetable(of, 10**18, first)
    seqs = sorted(data.draw(st.sets(st.integers(first, of.count - 1), min_size=1, max_size=20)))
    for seq in seqs:
        due = dues.due_ns(seq)
        assert dues.due_by(due) >= seq + 1
        assert dues.due_by(due - 1) <= seq
    assert all(dues.due_ns(a) <= dues.due_ns(b) for a, b in pairwise(seqs))
    assert dues.due_by(dues.last_ns) == of.count


def test_a_plan_is_fitted() -> None:
    """Fewer messages keep the phases' proportions, and no phase is faster than allowed."""
    made = fit(plan(phases=RAMP), count=51, rate=100)
    assert [(phase.count, phase.rate) for phase in made.phases] == [(10, 50), (40, 100), (1, 1)]
    assert (made.count, made.rate) == (51, 100)
    single = fit(plan(), count=30, rate=5)
    assert (single.count, single.rate) == (30, 5)
    assert fit(plan()) == plan()


def test_variants_have_their_exact_length() -> None:
    """A variant is filled to exactly its length, signature included, counting as it goes."""
    made = plan(
        signature="示例",
        variants={"long": {"text": "编号 {token}:", "length": 135}, "short": "code {token}"},
        phases=[
            {"name": "a", "count": 2, "rate": 1, "variant": "long"},
            {"name": "b", "count": 1, "rate": 1, "variant": "short"},
            {"name": "c", "count": 1, "rate": 1},
        ],
    )
    assert 135 == length(render(made, "ACDEFG", "long"))
    assert render(made, "ACDEFG", "long").startswith("【示例】编号 ACDEFG:一二三四五六七八九十一")
    texts = Texts(made)
    assert [texts.phase(seq).name for seq in range(4)] == ["a", "a", "b", "c"]
    assert [texts.parts(seq) for seq in range(4)] == [3, 3, 1, 1]
    assert texts.full(2, "ACDEFG") == "【示例】code ACDEFG"
    assert texts.full(3, "ACDEFG") == render(made, "ACDEFG")
    assert cost(made) == pytest.approx(0.04 * (3 + 3 + 1 + 1))

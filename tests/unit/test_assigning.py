"""Which number gets which message."""

from collections import Counter
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.sending.assigning import Listed, assign
from evaluators.sending.limits import RULES, Frequency
from evaluators.sending.pacing import SECOND, timetable
from evaluators.sending.reasons import Reason
from tests.unit.send_rows import plan

CARRIERS = ("cmcc", "cucc", "ctcc")
PANEL = [Listed(at, CARRIERS[at % 3], ported=at >= 24) for at in range(30)]
ONE = [{"name": "all", "count": 60, "rate": 1}]


def assigned(phases: list[dict[str, Any]], numbers: list[Listed], **more: Any) -> list[int]:
    ids = assign(plan(phases=phases), numbers, **more)
    assert not isinstance(ids, Reason)
    return list(ids)


def test_carriers_take_turns() -> None:
    """Consecutive messages go to one carrier after the other, numbers in turn within each."""
    ids = assigned(ONE, PANEL)
    assert {0, 1, 2} == {number % 3 for number in ids[:3]}
    assert Counter(ids) == dict.fromkeys(range(30), 2)
    assert all(a != b for a, b in pairwise(ids))


def test_traits_take_turns() -> None:
    """With several traits every combination gets the same number of messages."""
    ids = assigned([ONE[0] | {"turns": ["carrier", "ported"]}], PANEL)
    groups = Counter((PANEL[one].carrier, PANEL[one].ported) for one in ids)
    assert set(groups.values()) == {10}
    assert 6 == len(groups)


def test_a_phase_texts_only_whom_it_names() -> None:
    """A phase's filter holds, and numbers abroad are texted only where they are asked for."""
    abroad = [*PANEL, Listed(99, "other", country="US")]
    phases = [
        {"name": "a", "count": 9, "rate": 1, "only": {"carrier": ["ctcc"]}},
        {"name": "b", "count": 9, "rate": 1, "only": {"ported": True}},
        {"name": "c", "count": 3, "rate": 1, "only": {"country": ["US"]}},
    ]
    ids = assigned(phases, abroad)
    assert {"ctcc"} == {PANEL[one].carrier for one in ids[:9]}
    assert all(one >= 24 for one in ids[9:18])
    assert [99, 99, 99] == ids[18:]


def test_dead_numbers_lie_among_the_others() -> None:
    """Controls are spread evenly, and no other message goes to a dead number."""
    numbers = [*PANEL, Listed(90, "cmcc", dead=True), Listed(91, "ctcc", dead=True)]
    ids = assigned([ONE[0] | {"dead": 6}], numbers)
    places = [at for at, one in enumerate(ids) if one >= 90]
    assert [9, 19, 29, 39, 49, 59] == places
    assert 90 not in assigned(ONE, numbers)


def test_nobody_to_text_is_a_reason() -> None:
    """A phase without numbers, or without the controls it needs, says so."""
    none = assign(plan(phases=[ONE[0] | {"only": {"region": ["nowhere"]}}]), PANEL)
    assert isinstance(none, Reason)
    assert "no_match" == none.key
    dead = assign(plan(phases=[ONE[0] | {"dead": 1}]), PANEL)
    assert isinstance(dead, Reason)
    assert "no_dead" == dead.key


def test_small_groups_are_not_overworked() -> None:
    """A group whose numbers have had enough gives its turn away."""
    numbers = [Listed(0, "ctcc"), *(Listed(at, "cmcc") for at in range(1, 30))]
    ids = assigned(ONE, numbers, frequency=Frequency(minute=3))
    assert 3 == ids.count(0)


def test_numbers_used_before_rest() -> None:
    """What earlier runs sent counts, so numbers used up come only when all are."""
    used = {one: [-SECOND] * 10 for one in range(6)}
    ids = assigned(ONE, PANEL, frequency=RULES.frequency["notice"], used=used)
    assert not set(ids) & set(range(6))
    worn = {one: [-SECOND] * 10 for one in range(30)}
    assert 60 == len(assigned(ONE, PANEL, frequency=RULES.frequency["notice"], used=worn))


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 200), st.floats(0.01, 5), st.integers(1, 60))
def test_limits_hold_where_they_can(count: int, rate: float, numbers: int) -> None:
    """With numbers enough no number gets more than it may in any span."""
    frequency = Frequency(minute=2, hour=5)
    of = plan(phases=[{"name": "all", "count": count, "rate": rate}])
    listed = [Listed(at, CARRIERS[at % 3]) for at in range(numbers)]
    ids = assign(of, listed, frequency=frequency)
    assert not isinstance(ids, Reason)
    dues = timetable(of, 0)
    times: dict[int, list[int]] = {}
    for seq, one in enumerate(ids):
        times.setdefault(one, []).append(dues.due_ns(seq))
    enough = numbers * 5 >= count and numbers * 2 >= min(count, rate * 60 + 1)
    for due in times.values():
        for _, seconds, limit in frequency.spans():
            over = any(b - a < seconds * SECOND for a, b in zip(due, due[limit:], strict=False))
            assert not (over and enough)

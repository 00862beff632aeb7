"""Stop rules that can take effect, and those that cannot in the plan they are in."""

from datetime import UTC, datetime
from typing import Any

import pytest

from evaluators.sending.plan import Plan, fit, left_before, settle
from tests.unit.send_rows import plan

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
LOSSES = {"losses": {"count": 6, "among": 10, "within_s": 30}}
MISSING = {"missing": {"share": 0.5, "after": 100, "within_s": 60}}


def settled(**changes: Any) -> Plan:
    return settle(plan(**changes), NOW, timezone="Asia/Shanghai")


@pytest.mark.parametrize(
    ("changes", "idle"),
    [
        ({"count": 100, "rate": 1, "stop": LOSSES}, ()),
        ({"count": 36, "rate": 1, "stop": LOSSES}, ()),
        ({"count": 35, "rate": 1, "stop": LOSSES}, ("losses",)),
        ({"count": 5, "rate": 0.01, "stop": LOSSES}, ("losses",)),
        ({"count": 1_000, "rate": 100, "stop": MISSING}, ("missing",)),
        ({"count": 1_000, "rate": 10, "stop": MISSING | LOSSES}, ()),
        ({"count": 90, "rate": 0.5, "stop": MISSING | LOSSES}, ("missing",)),
        (
            {"count": 9, "rate": 1, "stop": {"sequential": {"against": 0.98, "within_s": 1}}},
            (),
        ),
        (
            {"count": 4, "rate": 1, "stop": {"sequential": {"against": 0.98, "within_s": 1}}},
            ("sequential",),
        ),
        ({"count": 9, "rate": 1, "stop": {"sequential": {"against": 0.99, "within_s": 1}}},
         ("sequential",)),
    ],
)  # fmt: skip
def test_what_cannot_take_effect_is_known(changes: dict[str, Any], idle: tuple[str, ...]) -> None:
    """A rule all messages leave before, or that wants more than there are, is noted as idle."""
    made = settled(**changes)
    assert made.stop
    assert idle == made.stop.idle


def test_what_cannot_take_effect_is_not_shown_as_if_it_could() -> None:
    """An idle rule is left out of what is shown, and that it is left out is said."""
    both = settled(count=90, rate=0.5, stop=MISSING | LOSSES).stop
    none = settled(count=10, rate=10, stop=MISSING | LOSSES).stop
    assert both
    assert none
    assert "6" in both.wording.zh
    assert "100" not in both.wording.zh
    assert "略去" in both.wording.zh
    assert "left out" in both.wording.en
    assert "不会提前停止" in none.wording.zh
    assert "cannot stop early" in none.wording.en


def test_a_smaller_sample_has_a_smaller_rule() -> None:
    """A rule is scaled with the number of messages, as strict as before, and never to a few."""
    made = fit(plan(count=1_000, rate=1, stop=MISSING | {
        "losses": {"count": 60, "among": 100, "within_s": 30}}), count=300).stop  # fmt: skip
    assert made
    assert made.missing
    assert made.losses
    assert (30, 18, 30) == (made.missing.after, made.losses.count, made.losses.among)
    tiny = fit(plan(count=1_000, rate=1, stop=MISSING), count=20).stop
    assert tiny
    assert tiny.missing
    assert tiny.missing.after == 10


def test_more_messages_leave_a_rule_as_it_is() -> None:
    """A larger sample does not make a rule laxer."""
    made = fit(plan(count=100, rate=1, stop=LOSSES), count=1_000).stop
    assert made
    assert made.losses
    assert (6, 10) == (made.losses.count, made.losses.among)


@pytest.mark.parametrize(
    ("seconds", "left"), [(0, 20), (0.5, 19), (9, 11), (9.5, 10), (109, 10), (110, 10), (111, 9)]
)
def test_pauses_count_too(seconds: float, left: int) -> None:
    """What left before a pause had all of the pause to be missed in."""
    phases = [
        {"name": "a", "count": 10, "rate": 1},
        {"name": "b", "count": 10, "rate": 1, "after_s": 100},
    ]
    assert left == left_before(plan(phases=phases), seconds)

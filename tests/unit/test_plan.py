"""Send plans: defaults, lengths, cost and tokens."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from evaluators.content import read
from evaluators.sending.plan import (
    Plan,
    Seen,
    StopRule,
    cost,
    render,
    segments,
)

BASE: dict[str, Any] = {
    "rate": 10,
    "text": "验证码 {token},5 分钟内有效。",
    "signature": "示例",
    "claim": 0.99,
    "price": 0.045,
    "caps": {"count": 1_000, "rate": 50, "cost": 100},
    "panel": "listed",
}


def plan(**changes: Any) -> Plan:
    return Plan.model_validate(BASE | changes)


@pytest.mark.parametrize(
    ("kind", "window_s", "p95_s", "p99_s"),
    [("otp", 300, 10, 30), ("notice", 1_800, 60, 300), ("marketing", 86_400, 900, None)],
)
def test_kind_sets_the_window(kind: str, window_s: float, p95_s: float, p99_s: Any) -> None:
    """The message kind sets window and latency limits where the plan does not."""
    made = plan(kind=kind)
    assert (window_s, p95_s, p99_s) == (made.window_s, made.p95_s, made.p99_s)


def test_a_given_window_stands() -> None:
    """A window given explicitly, as for a simulated vendor, is kept."""
    assert plan(window_s=15).window_s == 15


def test_plan_is_read_from_yaml(tmp_path: Path) -> None:
    """A plan file with a stop rule is read as it stands."""
    path = tmp_path / "plan.yaml"
    path.write_text(
        "rate: 20\ncount: 100\nkind: otp\ntext: '{token} 是您的验证码'\n"
        "signature: 示例\nclaim: 0.99\n"
        "price: 0.04\npanel: listed\ncaps: {count: 100, rate: 20, cost: 5}\n"
        "stop: {losses: {count: 3, among: 10, within_s: 60}}\n",
        encoding="utf-8",
    )
    made = read(path, Plan)
    assert made.window_s == 300
    assert made.stop
    assert made.stop.losses
    assert made.stop.losses.count == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "no place for it"},
        {"text": "{token}{token}"},
        {"stop": {}},
        {"claim": 99},
        {"rate": 0},
        {"count": 0},
        {"against": 0.995},
        {"caps": None},
        {"unknown": 1},
    ],
)
def test_broken_plans_are_refused(changes: dict[str, Any]) -> None:
    """A plan that makes no sense is refused before anything is sent."""
    with pytest.raises(ValidationError):
        plan(**changes)


@pytest.mark.parametrize(
    ("characters", "parts"),
    [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3), (160, 3), (201, 3), (202, 4)],
)
def test_segments(characters: int, parts: int) -> None:
    """Up to 70 characters are one part, more are cut into parts of 67."""
    assert parts == segments("字" * characters)


def test_signature_and_emoji_count() -> None:
    """The signature counts, and an emoji counts as two characters."""
    assert segments("😀" * 35) == 1
    assert segments("😀" * 35 + "字") == 2
    made = plan(signature="八个字的长签名呀", text="字" * 54 + "{token}")
    assert segments(render(made, "ABCDEF")) == 1
    assert segments(render(made, "ABCDEF") + "字") == 2


@pytest.mark.parametrize(
    ("count", "price", "expected"), [(1_000, 0.045, 45), (10_000, 0.045, 450), (864, 0.045, 38.88)]
)
def test_cost(count: int, price: float, expected: float) -> None:
    """Cost is messages times parts times price."""
    assert expected == cost(plan(count=count, price=price))


def test_long_messages_cost_by_part() -> None:
    """A message of three parts costs three times the price."""
    assert cost(plan(text="字" * 150 + "{token}")) == pytest.approx(3 * 0.045 * 1_000)


def test_durations() -> None:
    """Sending lasts until the last message is due; the window comes after it."""
    made = plan(count=101, rate=10, window_s=15)
    assert (made.send_s, made.duration_s) == (10, 25)


# Stop rules

MISSING = {"missing": {"share": 0.05, "after": 100, "within_s": 60}}
LOSSES = {"losses": {"count": 3, "among": 10, "within_s": 60}}
SEQUENTIAL = {"sequential": {"against": 0.85, "within_s": 60}}


@pytest.mark.parametrize(
    ("rule", "seen", "fired"),
    [
        (MISSING, Seen(due=99, missing=99), None),  # too early to say
        (MISSING, Seen(due=100, missing=5), None),
        (MISSING, Seen(due=100, missing=6), "missing"),
        (LOSSES, Seen(first_lost=2), None),
        (LOSSES, Seen(first_lost=3), "losses"),
        (SEQUENTIAL, Seen(arrived=0, lost=1), None),
        (SEQUENTIAL, Seen(arrived=0, lost=2), "sequential"),
        (SEQUENTIAL, Seen(arrived=1_000, lost=2), None),  # accepting the claim stops nothing
        (MISSING | LOSSES, Seen(due=100, missing=50, first_lost=9), "missing"),
    ],
)
def test_stop_rules(rule: dict[str, Any], seen: Seen, fired: str | None) -> None:
    """A stop rule fires when what it declares is seen, and never before."""
    assert StopRule.model_validate(rule).fired(0.99, seen) == fired


def test_sequential_needs_a_claim_above() -> None:
    """A sequential rule against a rate the claim does not exceed never fires."""
    assert StopRule.model_validate(SEQUENTIAL).fired(0.8, Seen(lost=50)) is None
    assert StopRule.model_validate(SEQUENTIAL).fired(1.0, Seen(lost=50)) is None


def test_stop_rules_are_shown() -> None:
    """Every part of a stop rule is shown in both languages with its figures."""
    said = StopRule.model_validate(MISSING | LOSSES | SEQUENTIAL).wording
    assert all(figure in said.zh and figure in said.en for figure in ("100", "5%", "10", "85%"))


def test_cost_without_a_price() -> None:
    """Without a price the cost is unknown, not nothing."""
    assert cost(plan(price=None)) is None

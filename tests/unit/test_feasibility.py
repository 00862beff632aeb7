"""What is found about a plan before anything is sent."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.sending.feasibility import WORDINGS, Facts, Finding, Rules, check, numbers_needed
from evaluators.sending.plan import Plan

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai
STOP = {"losses": {"count": 3, "among": 10, "within_s": 60}}


def plan(**changes: Any) -> Plan:
    fields: dict[str, Any] = {
        "rate": 1_000 / 3_600,
        "count": 1_000,
        "kind": "otp",
        "text": "{token}",
        "signature": "示例",
        "claim": 0.99,
        "price": 0.045,
        "stop": STOP,
        "caps": {"count": 10_000, "rate": 10_000, "cost": 500},
    }
    return Plan.model_validate(fields | changes)


def facts(**changes: Any) -> Facts:
    return Facts(**{"simulated": False, "numbers": 1_000} | changes)


def found(
    the_plan: Plan, the_facts: Facts | None = None, now: datetime = NOON, **rules: Any
) -> dict[str, Finding]:
    made = check(the_plan, the_facts or facts(), now, rules=Rules(**rules))
    assert len({finding.key for finding in made}) == len(made)
    return {finding.key: finding for finding in made}


def test_a_sound_plan_raises_nothing() -> None:
    """A plan that fits its panel has no findings."""
    assert found(plan()) == {}


@pytest.mark.parametrize(
    ("kind", "count", "rate", "needed"),
    [
        ("otp", 1_000, 1_000 / 3_600, 200),  # 5 an hour
        ("otp", 1_000, 1_000 / 86_400, 100),  # spread over a day: 10 a day
        ("otp", 1_000, 10, 600),  # sent within two minutes: one a minute decides
        ("notice", 1_000, 1_000 / 3_600, 100),  # 10 an hour
        ("notice", 1_000, 1_000 / 86_400, 20),  # 50 a day
        ("notice", 288, 1 / 300, 6),  # a day long, one every five minutes
        ("marketing", 1_000, 100, 250),  # 4 an hour
        ("notice", 1, 10, 1),
    ],
)
def test_numbers_needed(kind: str, count: int, rate: float, needed: int) -> None:
    """Per-number limits decide how many different numbers a plan needs."""
    assert numbers_needed(plan(kind=kind, count=count, rate=rate)) == needed


def test_too_few_numbers_says_what_to_change() -> None:
    """Too few numbers block, with numbers, count and rate that would do."""
    short = found(plan(), facts(numbers=30))["few_numbers"]
    assert short.blocking
    assert (short.params["needed"], short.params["count"]) == (200, 150)
    rate = float(short.params["rate"])
    assert numbers_needed(plan(count=150)) <= 30
    assert numbers_needed(plan(rate=rate)) <= 30
    assert "200" in short.wording.zh
    assert "200" in short.wording.en


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(["otp", "notice", "marketing"]),
    st.integers(1, 5_000),
    st.floats(0.01, 100),
    st.integers(1, 500),
)
def test_advice_on_numbers_works(kind: str, count: int, rate: float, numbers: int) -> None:
    """Sending only as many as advised needs no more numbers than there are."""
    the_plan = plan(kind=kind, count=count, rate=rate, against=None)
    short = found(the_plan, facts(numbers=numbers)).get("few_numbers")
    if short is None:
        assert numbers_needed(the_plan) <= numbers
    else:
        advised = int(short.params["count"])
        assert advised < count
        assert numbers_needed(the_plan.model_copy(update={"count": advised})) <= numbers


@pytest.mark.parametrize(
    ("key", "changes", "with_facts"),
    [
        ("no_numbers", {}, {"numbers": 0}),
        ("consent", {}, {"without_consent": 2}),
        ("simulated_numbers", {}, {"simulated_numbers": 1_000}),
        ("cap_count", {"caps": {"count": 999, "rate": 50, "cost": 500}}, {}),
        ("cap_rate", {"caps": {"count": 1_000, "rate": 0.1, "cost": 500}}, {}),
        ("cap_cost", {"caps": {"count": 1_000, "rate": 50, "cost": 44}}, {}),
        ("no_price", {"price": None}, {}),
        ("no_stop_rule", {"stop": None}, {}),
        ("no_signature", {"signature": ""}, {}),
        ("no_opt_out", {"kind": "marketing"}, {}),
        ("too_long", {"text": "字" * 500 + "{token}"}, {}),
    ],
)
def test_what_blocks(key: str, changes: dict[str, Any], with_facts: dict[str, Any]) -> None:
    """What breaks a rule blocks a real test."""
    assert found(plan(**changes), facts(**with_facts))[key].blocking


@pytest.mark.parametrize(
    ("key", "changes", "with_facts"),
    [
        ("window_cap", {"rate": 200}, {"rtt_s": 0.1, "window": 16}),
        ("vendor_rate", {"rate": 200}, {"max_rate": 100}),
        ("sample", {"count": 389, "against": 0.97}, {}),
        ("too_close", {"claim": 0.99, "against": 0.9899}, {}),
        ("no_handsets", {}, {"watched": 0}),
        ("clustered", {"count": 990}, {"numbers": 30}),
        ("percentiles", {"count": 298}, {}),
        ("short_window", {"window_s": 60}, {}),
        ("long_message", {"text": "字" * 80 + "{token}"}, {}),
    ],
)
def test_what_only_weakens(key: str, changes: dict[str, Any], with_facts: dict[str, Any]) -> None:
    """What only weakens the result is said and does not block."""
    assert not found(plan(**changes), facts(**with_facts))[key].blocking


def test_sample_sizes_of_the_mission() -> None:
    """Telling 99 from 97 % needs 390 messages, which a plan of 390 has."""
    assert found(plan(count=389, against=0.97))["sample"].params["needed"] == 390
    assert "sample" not in found(plan(count=390, against=0.97))


def test_thirty_handsets_are_worth_238() -> None:
    """About a thousand messages to 30 handsets count as 238 before anything is known."""
    made = found(plan(count=1_000), facts(numbers=1_000, watched=30))
    assert "clustered" not in made  # only 30 of them go to handsets
    made = found(plan(count=990), facts(numbers=30, simulated=True))
    assert round(float(made["clustered"].params["effective"])) == 236


@pytest.mark.parametrize(
    ("hour", "blocked"), [(0, True), (8, True), (9, False), (12, False), (19, False), (20, True)]
)
def test_marketing_keeps_quiet_hours(hour: int, blocked: bool) -> None:
    """Marketing may not be sent outside its hours, local time; other kinds may."""
    at = NOON - timedelta(hours=12) + timedelta(hours=hour)
    advert = plan(kind="marketing", text="{token} 拒收请回复R", rate=10)
    assert ("quiet_hours" in found(advert, now=at)) == blocked
    assert "quiet_hours" not in found(plan(), now=at)


def test_marketing_must_also_end_in_time() -> None:
    """A plan that would still be sending after the hours is not allowed to begin."""
    slow = plan(kind="marketing", text="{token} 拒收请回复R", rate=1_000 / 3_600 / 9)
    assert found(slow)["quiet_hours"].blocking


def test_company_caps_hold_whatever_the_plan_says() -> None:
    """The company's own caps block a plan that allows itself more."""
    caps = {"count": 100, "rate": 50, "cost": 500}
    assert found(plan(), caps=caps)["cap_count"].params["cap"] == 100


def test_a_simulated_vendor_is_told_not_stopped() -> None:
    """On a simulated vendor the limits that protect people are remarks only."""
    made = found(
        plan(price=None, signature="", kind="marketing", window_s=15, rate=100),
        facts(simulated=True, simulated_numbers=30, numbers=30, without_consent=30),
        now=NOON - timedelta(hours=11),
    )
    assert {"few_numbers", "quiet_hours", "no_signature", "no_opt_out"} <= set(made)
    assert not any(finding.blocking for finding in made.values())
    assert found(plan(stop=None), facts(simulated=True))["no_stop_rule"].blocking


def test_what_blocks_comes_first() -> None:
    """Blocking findings come before remarks."""
    made = check(plan(stop=None, count=50, text="字" * 80 + "{token}"), facts(), NOON)
    assert [finding.blocking for finding in made] == [True, False, False]


def test_wordings_have_both_languages() -> None:
    """Every finding is worded in Chinese and English."""
    assert all(said.zh and said.en for said in WORDINGS.values())

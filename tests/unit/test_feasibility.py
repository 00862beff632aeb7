"""What is found about a plan before anything is sent."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.content import Bilingual
from evaluators.sending.assigning import Listed
from evaluators.sending.feasibility import WORDINGS, Facts, Finding, Rules, check, numbers_needed
from evaluators.sending.limits import Frequency
from evaluators.sending.plan import Plan
from evaluators.sending.power import sample_range

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


# What is known of numbers, filing, and earlier tests

CARRIERS = ("cmcc", "cucc", "ctcc")


def listed(count: int, **changes: Any) -> list[Listed]:
    return [Listed(at, CARRIERS[at % 3], **changes) for at in range(count)]


def phased(*phases: dict[str, Any], **changes: Any) -> Plan:
    made = [{"name": f"p{at}", "rate": 1, **phase} for at, phase in enumerate(phases)]
    fields = plan(kind="notice").model_dump(exclude={"count", "rate", "window_s", "p95_s", "p99_s"})
    return Plan.model_validate(fields | {"phases": made} | changes)


def known(numbers: list[Listed], **changes: Any) -> Facts:
    return facts(**{"numbers": len(numbers), "listed": numbers} | changes)


def test_the_sample_is_given_as_a_range() -> None:
    """Telling 99 from 97 % takes 390 messages for 90 % power and 521 for 95 %."""
    made = found(plan(count=389, against=0.97))["sample"]
    assert (made.params["needed"], made.params["most"]) == (390, 521)
    assert "390–521" in made.wording.zh
    assert "390–521" in made.wording.en
    assert sample_range(0.99, 0.97) == (390, 521)


def test_numbers_used_by_earlier_runs_count() -> None:
    """What a number got earlier today is taken off what it may still get."""
    start = int(NOON.timestamp()) * 10**9
    used = {at: [start - 60 * 10**9] * 10 for at in range(90)}
    test = phased({"count": 200, "rate": 1})
    made = found(test, known(listed(100), used=used))["numbers_used"]
    assert made.blocking
    assert (made.params["count"], made.params["span"]) == (90, "hour")
    assert (made.params["left"], made.params["needed"]) == (100, 200)
    yesterday = {at: [start - 90_000 * 10**9] * 10 for at in range(90)}
    assert "numbers_used" not in found(test, known(listed(100), used=yesterday))


def test_the_vendors_own_limits_replace_the_usual_ones() -> None:
    """A vendor's documented limits per number go before the defaults."""
    test = plan(kind="notice", count=300, rate=100)
    assert "few_numbers" not in found(test, facts(numbers=100))
    strict = facts(numbers=100, frequency=Frequency(hour=2))
    assert found(test, strict)["few_numbers"].params["needed"] == 150


def test_a_burst_after_a_quiet_phase_needs_its_numbers() -> None:
    """The busiest minute decides, wherever it lies."""
    test = phased({"count": 10, "rate": 0.01}, {"count": 600, "rate": 100})
    assert numbers_needed(test) == 200


@pytest.mark.parametrize(
    ("phase", "numbers", "key"),
    [
        ({"count": 3, "only": {"region": ["nowhere"]}}, listed(9), "no_match"),
        ({"count": 3, "only": {"country": ["US"]}}, listed(9), "no_match"),
        ({"count": 3, "dead": 1}, listed(9), "no_dead"),
        ({"count": 3}, listed(9, dead=True), "no_match"),
    ],
)
def test_a_phase_without_numbers_blocks(
    phase: dict[str, Any], numbers: list[Listed], key: str
) -> None:
    """A phase that would text nobody is refused, on simulated vendors too."""
    assert found(phased(phase), known(numbers, simulated=True))[key].blocking


def test_numbers_not_listed_block() -> None:
    """Only numbers on the allow-list are texted."""
    assert found(plan(numbers=[1, 99]), known(listed(9)))["not_listed"].params["count"] == 1
    assert found(plan(controls=[99]), known(listed(9)))["not_listed"].blocking


def test_a_comparison_needs_two_groups() -> None:
    """Announced against blind needs both kinds; ported numbers are only wished for."""
    both = {"count": 300, "turns": ["announced", "carrier"]}
    alike = found(phased(both, declared=["announced"]), known(listed(300)))["one_group"]
    assert alike.blocking
    ported = {"count": 300, "turns": ["carrier", "ported"]}
    assert not found(phased(ported, declared=["ported"]), known(listed(300)))["one_group"].blocking


def test_an_unfiled_signature_names_who_intercepts() -> None:
    """A signature not filed with a carrier blocks and names that carrier."""
    test = phased({"count": 30})
    filed = {"示例": ["cmcc", "cucc"]}
    made = found(test, known(listed(30), signatures=filed))["signature_unfiled"]
    assert made.blocking
    assert made.params["carriers_zh"] == "电信"
    only = phased({"count": 30, "only": {"carrier": ["cmcc"]}})
    assert "signature_unfiled" not in found(only, known(listed(30), signatures=filed))
    assert not found(test, known(listed(30), signatures={}))["filing_unknown"].blocking


def test_unfiled_templates_are_intercepted_since_their_date() -> None:
    """A text not filed as a template blocks from the day a carrier checks, and not before."""
    test = phased({"count": 30})
    made = found(test, known(listed(30), templates={}))["template_unfiled"]
    assert made.blocking
    assert "2025-12-05" in made.wording.zh
    early = datetime(2025, 6, 1, 4, tzinfo=UTC)
    made = found(test, known(listed(30), templates={}), now=early)["template_unfiled"]
    assert made.params["carriers_zh"] == "电信"
    for named in ("text", "arrival/text"):
        filed = known(listed(30), templates={named: CARRIERS})
        assert "template_unfiled" not in found(test, filed)
    other = known(listed(30), templates={"long/text": CARRIERS})
    assert found(test, other)["template_unfiled"].blocking


def test_simulated_vendors_need_no_filing() -> None:
    """Nothing has to be filed for a simulated vendor."""
    made = found(
        phased({"count": 30}), known(listed(30), simulated=True, signatures={}, templates={})
    )
    assert not [key for key in made if "filed" in key or "filing" in key]


def test_volume_comes_after_small_tests() -> None:
    """On a real connection a test is blocked until the one before it has gone well there."""
    test = plan(after="charsets")
    titles = {"charsets": Bilingual(zh="字符集", en="Character sets")}
    made = found(test, facts(passed={"first"}, titles=titles))["staged"]
    assert made.blocking
    assert "字符集" in made.wording.zh
    for ready in (facts(passed={"charsets"}), facts(simulated=True, passed=()), facts()):
        assert "staged" not in found(test, ready)


def test_two_vendors_need_two_connections() -> None:
    """A paired plan is blocked until another connection was chosen."""
    for pair in (None, "a"):
        assert found(plan(paired=True, connection="a", pair=pair))["no_second"].blocking
    assert "no_second" not in found(plan(paired=True, connection="a", pair="b"))


def test_quiet_hours_hold_for_each_phase() -> None:
    """Marketing that pauses into the night is blocked, though it begins at noon."""
    late = phased(
        {"count": 10},
        {"count": 10, "after_s": 9 * 3_600},
        kind="marketing",
        text="{token} 拒收请回复R",
    )
    made = found(late)["quiet_hours"]
    assert made.params["begins"] == "11-22 21:00"
    assert "sends at 11-22 21:00" in made.wording.en
    assert "本计划 11-22 21:00 发送" in made.wording.zh


def test_an_unknown_peak_is_said() -> None:
    """Without the company's peak its slot is left out, which is said."""
    slots = phased({"count": 10, "at": "13:00"}, {"count": 10, "at": "peak"})
    assert not found(slots)["no_peak"].blocking
    assert "no_peak" not in found(slots, peak=time(19, 30))


def test_prices_abroad_are_asked_for() -> None:
    """Numbers abroad have prices of their own, which is said with the countries."""
    abroad = phased({"count": 3, "only": {"country": ["US", "GB"]}})
    assert found(abroad)["abroad"].params["countries"] == "GB, US"


def test_small_groups_are_said_to_be_small() -> None:
    """Groups too small to be judged alone are said to be so."""
    test = phased({"count": 600, "rate": 5}, declared=["carrier"], against=0.97)
    made = found(test, known(listed(600)))["group_sample"]
    assert (made.params["count"], made.params["needed"]) == (200, 390)


def test_costs_count_every_variant() -> None:
    """The cost is that of each phase's own text."""
    long = phased(
        {"count": 100, "variant": "long"},
        variants={"long": {"text": "{token}", "length": 135}},
        caps={"count": 100, "rate": 1, "cost": 13},
    )
    assert found(long)["cap_cost"].params["value"] == pytest.approx(13.5)
    assert found(long)["long_message"].params["parts"] == 3

"""Every plan of `data/plans`: complete, bilingual, within its own caps, and possible."""

import re
from datetime import UTC, datetime

import pytest

from bot.settings import CONTENT
from evaluators.content import Bilingual
from evaluators.sending.assigning import Listed, assign
from evaluators.sending.feasibility import Facts, check
from evaluators.sending.plan import Plan, cost, load_all, parts_of, settle
from evaluators.sending.reasons import Reason

PLANS = load_all(CONTENT / "plans")
WANTED = {
    *("first", "carriers", "charsets", "arrival", "slots", "burst", "ramp", "soak", "long"),
    *("by-carrier", "international", "sender", "opt-out", "blind", "dead-numbers", "fault"),
    "paired",
}
NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
COUNTRIES = ("US", "GB", "FR", "SE", "IE")
every_plan = pytest.mark.parametrize("plan", PLANS.values(), ids=list(PLANS))


def panel() -> list[Listed]:
    """Numbers of every sort: carriers, ported, announced, dead, abroad."""
    live = [
        Listed(at, ("cmcc", "cucc", "ctcc")[at % 3], ported=at % 7 == 0, announced=at % 2 == 0)
        for at in range(600)
    ]
    dead = [Listed(20_000 + at, "cmcc", dead=True) for at in range(20)]
    abroad = [Listed(30_000 + at, "other", country=COUNTRIES[at % 5]) for at in range(100)]
    return live + dead + abroad


def test_every_test_has_its_plan() -> None:
    """There is a plan for every test people can start."""
    assert set() == WANTED - set(PLANS)


@every_plan
def test_a_plan_says_what_it_is(plan: Plan) -> None:
    """Title, what it proves and what it needs are there in both languages."""
    for text in (plan.title, plan.proves, plan.needs):
        assert isinstance(text, Bilingual)
        assert re.search(r"[\u4e00-\u9fff]", text.zh)
        assert text.en.strip()
        assert not re.search(r"[\u4e00-\u9fff]", text.en)


@every_plan
def test_a_plan_declares_its_stop_rule_and_keeps_its_caps(plan: Plan) -> None:
    """Each plan has a stop rule, and count, rate and cost within its caps at a dear price."""
    assert plan.stop
    assert plan.count <= plan.caps.count
    assert plan.rate <= plan.caps.rate
    dear = cost(plan.model_copy(update={"price": 0.06}))
    assert dear is not None
    assert dear <= plan.caps.cost


@every_plan
def test_a_plan_comes_after_one_that_there_is(plan: Plan) -> None:
    """The test that must come before exists, and the chain begins with the first message."""
    seen = {plan.test}
    while plan.after:
        plan = PLANS[plan.after]
        assert plan.test not in seen
        seen.add(plan.test)
    assert "first" in seen


@every_plan
def test_a_plan_can_be_carried_out(plan: Plan) -> None:
    """On a simulated vendor with every sort of number nothing blocks a plan."""
    listed = panel()
    ready = plan.model_copy(update={"pair": "sim:other"}) if plan.paired else plan
    facts = Facts(simulated=True, numbers=len(listed), listed=listed, passed=())
    blocking = [each.key for each in check(ready, facts, NOON) if each.blocking]
    assert blocking == []
    settled = settle(plan, NOON, timezone="Asia/Shanghai")
    ids = assign(settled, listed)
    assert not isinstance(ids, Reason)
    assert settled.count == len(ids)


def test_long_messages_lie_on_both_sides_of_each_boundary() -> None:
    """The long-message plan has texts of 1, 2, 3 and more parts around 70, 134 and 201."""
    plan = PLANS["long"]
    parts = {name: parts_of(plan, name) for name in plan.variants}
    assert parts["len-70"] == 1
    assert (parts["len-71"], parts["len-134"]) == (2, 2)
    assert (parts["len-135"], parts["len-201"], parts["len-202"]) == (3, 3, 4)


def test_the_soak_takes_a_day() -> None:
    """The soak lasts 24 hours, with each of three carriers texted every five minutes."""
    plan = PLANS["soak"]
    assert plan.count / plan.rate == 86_400
    assert 3 / plan.rate == 300

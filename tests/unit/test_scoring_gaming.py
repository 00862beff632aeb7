"""The ways in which a scorecard must not be gamed, whatever is known of a vendor."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.evidence import Level
from evaluators.findings import Finding
from evaluators.gates import Waiver
from tests.unit.small_checklist import (
    GOOD,
    ITEMS,
    NOW,
    POLICY,
    WEIGHTED,
    Company,
    arrived,
    card,
    checklist,
    claim,
    finding,
    gates,
    measured,
    numbers,
    official,
    paper,
    row,
)

CLAIMABLE = st.builds(
    claim,
    st.sampled_from([each.id for each in ITEMS]),
    st.sampled_from(["yes", "partly", "no", "unknown"]),
    source=st.sampled_from(["a", "b", "c"]),
)


ANY = st.one_of(
    CLAIMABLE,
    st.builds(
        finding,
        st.sampled_from([each.id for each in ITEMS]),
        st.sampled_from(list(Level)[1:]),
        st.sampled_from(["yes", "partly", "no", "na", "unknown"]),
        st.none(),
        at=st.integers(0, 200).map(lambda days: NOW - timedelta(days=days)),
        expires=st.one_of(
            st.none(), st.integers(-30, 60).map(lambda days: NOW.date() + timedelta(days=days))
        ),
        source=st.sampled_from(["a", "b", "c"]),
        note=st.sampled_from(["", "not our case"]),
    ),
    st.integers(1, 300).flatmap(
        lambda n: st.builds(
            arrived,
            st.integers(0, n),
            st.just(n),
            st.sampled_from(["rate", "shown"]),
            at=st.integers(0, 200).map(lambda days: NOW - timedelta(days=days)),
        )
    ),
)


SOME = st.lists(ANY, max_size=12)


gamed = settings(deadline=None, max_examples=25)


@gamed
@given(SOME, st.sampled_from(WEIGHTED))
def test_a_claimed_yes_raises_no_lower_bound(known: list[Finding], item_id: str) -> None:
    """(a) Adding a claimed "yes" never raises a lower bound."""
    before, after = card(*known), card(*known, claim(item_id, source="z"))
    assert after.total.low <= before.total.low + 1e-9
    lows = {each.item_id: each.low for each in before.rows if not each.not_applicable}
    assert all(each.low <= lows.get(each.item_id, 0) + 1e-9 for each in after.rows)


@gamed
@given(SOME, st.sampled_from(["rate", "shown"]), st.integers(0, 90))
def test_a_contradicted_claim_raises_nothing(known: list[Finding], on: str, arrivals: int) -> None:
    """(b) A claim that a test contradicts never raises any number."""
    test = arrived(arrivals, 100, on, at=NOW)
    before = card(*known, test)
    after = card(*known, test, claim(on, None, 99.9, source="z"))
    assert on in [each.item_id for each in after.contradictions]
    pairs = zip(numbers(before), numbers(after), strict=True)
    assert all(new <= old + 1e-9 for old, new in pairs)


@gamed
@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_more_data_narrow_the_interval(count: tuple[int, int]) -> None:
    """(c) More data with the same share narrow the item, its dimension and the total."""
    few, many = card(arrived(*count)), card(arrived(10 * count[0], 10 * count[1]))
    for wide, narrow in ((row(few, "rate"), row(many, "rate")),):
        assert narrow[2] - narrow[0] <= wide[2] - wide[0] + 1e-9
    assert many.total.high - many.total.low <= few.total.high - few.total.low + 1e-9


@gamed
@given(SOME, st.sampled_from(WEIGHTED), st.sampled_from(["", "  "]))
def test_not_applicable_needs_a_reason(known: list[Finding], item_id: str, note: str) -> None:
    """(d) "Not applicable" without a reason changes nothing."""
    before = card(*known)
    after = card(*known, paper(item_id, "na", source="z", note=note))
    assert numbers(before) == numbers(after)
    assert before.removed == after.removed


def test_not_applicable_with_a_reason_is_printed() -> None:
    """(d) With a reason the item leaves the denominator, and the reason is printed."""
    made = card(*GOOD[:4], paper("hours", "na", note="no night traffic"))
    assert [(each.item_id, each.reason) for each in made.removed] == [("hours", "no night traffic")]
    assert "hours" not in [i for each in made.dimensions for i in each.items]


def test_not_applicable_hides_no_measurement() -> None:
    """(d) A measured failure is not wiped out by calling the item not applicable."""
    made = card(arrived(50, 100, "shown"), claim("shown", "na", note="please"))
    assert (made.removed, row(made, "shown")[2] < 0.1) == ((), True)


@gamed
@given(SOME)
def test_a_failed_gate_is_never_outweighed(known: list[Finding]) -> None:
    """(e) A failed gate rejects the vendor whatever else is known."""
    rest = [found for found in known if found.item_id != "licence"]
    made = card(*GOOD[:-1], *rest, official("licence", "no"))
    assert (gates(made)["licence"], made.decision) == ("fail", "rejected")


@gamed
@given(SOME)
def test_no_recommendation_with_an_unknown_gate(known: list[Finding]) -> None:
    """Nobody is recommended while any gate is unknown."""
    made = card(*known)
    if "unknown" in gates(made).values():
        assert made.decision != "recommended"


@gamed
@given(SOME, st.randoms(use_true_random=False))
def test_order_changes_nothing(known: list[Finding], rng: Any) -> None:
    """(f) The order of findings and items changes nothing, down to the hash."""
    shuffled, items = list(known), list(ITEMS)
    rng.shuffle(shuffled)
    rng.shuffle(items)
    assert card(*known) == card(*shuffled, checklist=checklist(tuple(items)))


@gamed
@given(SOME, st.integers(1, 400))
def test_time_raises_nothing(known: list[Finding], days: int) -> None:
    """(g) As evidence runs out, every number falls or stays, and no failed gate recovers."""
    now, then = card(*known), card(*known, now=NOW + timedelta(days=days))
    pairs = zip(numbers(now), numbers(then), strict=True)
    assert all(later <= sooner + 1e-9 for sooner, later in pairs)
    failed = {each for each, state in gates(now).items() if state == "fail"}
    assert all(gates(then)[each] == "fail" for each in failed)


def test_expired_evidence_falls_one_level() -> None:
    """(g) A measurement older than 90 days counts as verified, a lapsed paper as a claim."""
    old = measured("support", at=NOW - timedelta(days=91))
    assert row(card(old), "support") == pytest.approx((0.85, 0.925, 1))
    assert row(card(measured("support", at=NOW - timedelta(days=90))), "support") == (1, 1, 1)
    lapsed = paper("hours", expires=date(2026, 11, 21))
    assert row(card(lapsed), "hours") == pytest.approx((0, 0.5, 1))


@gamed
@given(SOME)
def test_same_inputs_same_hash(known: list[Finding]) -> None:
    """(h) The same inputs give the same hash, and the hour of the day does not matter."""
    again = [replace(found) for found in known]
    assert card(*known).hash == card(*again, now=NOW + timedelta(hours=3)).hash


@pytest.mark.parametrize(
    "changes",
    [
        {"now": NOW + timedelta(days=1)},
        {"profile": Company(kinds=("notice",))},
        {"checklist": checklist(ITEMS[:-1])},
        {"policy": POLICY.model_copy(update={"version": date(2026, 11, 2)})},
        {"waivers": [Waiver("licence", "a", "b", date(2027, 1, 1), "c")]},
    ],
)
def test_other_inputs_other_hash(changes: dict[str, Any]) -> None:
    """(h) Whatever the result depends on changes the hash."""
    assert card(*GOOD).hash != card(*GOOD, **changes).hash
    assert card(*GOOD).hash != card(*GOOD[:-1]).hash


@settings(deadline=None, max_examples=40)
@given(SOME)
def test_every_range_is_in_order(known: list[Finding]) -> None:
    """Low, centre and high are in order everywhere, between 0 and 100."""
    made = card(*known)
    for each in (made.total, *(dimension.score for dimension in made.dimensions)):
        assert -1e-9 <= each.low <= each.centre + 1e-9
        assert each.centre <= each.high + 1e-9 <= 100 + 2e-9
    assert all(each.low <= each.centre + 1e-9 <= each.high + 2e-9 for each in made.rows)

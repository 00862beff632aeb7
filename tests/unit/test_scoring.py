"""One vendor's scorecard: evidence levels, claims, gates, totals and decisions."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from evaluators.findings import Finding
from evaluators.gates import Waiver
from evaluators.statistics import clopper_pearson
from tests.unit.small_checklist import (
    GOOD,
    ITEMS,
    POLICY,
    RECENT,
    SHARE,
    WEIGHTED,
    Company,
    arrived,
    card,
    checklist,
    claim,
    gates,
    item,
    measured,
    official,
    paper,
    row,
)

# Evidence levels


def test_levels_set_intervals() -> None:
    """Each level sets the interval of the model, from unanswered to measured."""
    made = [
        row(card(), "shown"),
        row(card(claim("shown")), "shown"),
        row(card(paper("shown")), "shown"),
        row(card(official("shown")), "shown"),
        row(card(measured("shown")), "shown"),
    ]
    expected = [(0, 0.25, 1), (0, 0.5, 1), (0.6, 0.8, 1), (0.85, 0.925, 1), (1, 1, 1)]
    assert [pytest.approx(each) for each in expected] == made


def test_measured_interval_is_that_of_the_test() -> None:
    """A measured item lies between what the ends of its 95 % interval are worth."""
    low, centre, high = row(card(arrived(96, 100)), "rate")
    interval = clopper_pearson(96, 100)
    assert low == pytest.approx(0.7 * (100 * interval.low - 85) / 10)
    assert centre == pytest.approx(0.7 + 0.3 / 3)
    assert high == 1


def test_measured_beats_claimed() -> None:
    """What was measured counts, whatever was claimed or written."""
    made = card(claim("rate", None, 99.0), paper("rate", None, 99.0), arrived(85, 100))
    assert row(made, "rate")[2] < 1
    assert next(r for r in made.rows if r.item_id == "rate").sources == ("measured:rate",)


def test_evidence_counts_for_no_more_than_it_can() -> None:
    """A test of something that only papers can show counts as a paper."""
    assert row(card(measured("hours")), "hours") == pytest.approx((0.6, 0.8, 1))


def test_equally_strong_evidence_takes_the_worst() -> None:
    """Two departments that disagree on equal evidence are not averaged."""
    made = card(claim("shown", "yes"), claim("shown", "no", source="other"))
    assert row(made, "shown") == (0, 0, 0)


def test_newest_measurement_replaces_the_older() -> None:
    """Of several measurements of one item the newest counts, better or worse."""
    old, new = arrived(500, 1_000, at=RECENT - timedelta(days=9)), arrived(999, 1_000)
    assert row(card(old, new), "rate") == row(card(new), "rate")


def test_an_answer_that_settles_nothing_leaves_the_item_open() -> None:
    """ "Don't know" counts as no answer."""
    assert row(card(claim("shown", "unknown")), "shown") == (0, 0.25, 1)


# Claims and credibility


@pytest.mark.parametrize(
    ("test", "trust", "contradicted"),
    [
        ((999, 1_000), 2 / 3, 0),  # confirmed
        ((85, 100), 1 / 3, 1),  # contradicted
        ((5, 5), 1 / 2, 0),  # too small to tell
    ],
)
def test_credibility(test: tuple[int, int], trust: float, contradicted: int) -> None:
    """A confirmed claim earns trust, a contradicted one costs it, a small test does neither."""
    made = card(claim("rate", None, 99.0), arrived(*test), paper("hours"))
    assert made.credibility == pytest.approx(trust)
    assert len(made.contradictions) == contradicted
    assert row(made, "hours")[1] == pytest.approx(0.6 + 0.4 * trust)


def test_contradiction_names_claim_and_test() -> None:
    """A contradiction can be traced to the claim and to the run."""
    (found,) = card(claim("rate", None, 99.0), arrived(850, 1_000)).contradictions
    assert (found.claim.source, found.measured.source) == ("claimed:rate", "measured:rate")


def test_claimed_number_beyond_the_interval_is_contradicted() -> None:
    """A claim above the whole interval is contradicted even where both satisfy the item."""
    made = card(claim("rate", None, 99.99), arrived(9_900, 10_000))
    assert [each.outcome for each in made.contradictions] == ["contradicted"]


def test_better_than_claimed_is_no_contradiction() -> None:
    """A vendor that delivers more than it claims is not contradicted."""
    made = card(claim("rate", None, 95.0), arrived(999, 1_000))
    assert made.contradictions == ()
    assert made.credibility == pytest.approx(2 / 3)


# Gates


@pytest.mark.parametrize(
    ("found", "state", "because"),
    [
        ((), "unknown", "no_answer"),
        ((claim("licence"),), "unknown", "too_weak"),
        ((paper("licence"),), "unknown", "too_weak"),
        ((official("licence"),), "pass", "met"),
        ((official("licence", "partly"),), "unknown", "partly"),
        ((claim("licence", "no"),), "fail", "not_met"),
        ((claim("licence", "no"), official("licence")), "pass", "met"),
        ((official("licence", "no"), claim("licence")), "fail", "not_met"),
        ((claim("licence", "na", note="not needed"),), "unknown", "not_applicable"),
        ((official("licence", expires=date(2026, 11, 21)),), "unknown", "expired"),
        ((official("licence", expires=date(2026, 11, 22)),), "pass", "met"),
    ],
)
def test_gate_states(found: tuple[Finding, ...], state: str, because: str) -> None:
    """A gate passes only on evidence strong enough and in force, and a claim never passes it."""
    made = next(each for each in card(*found).gates if each.item_id == "licence")
    assert (made.state, made.because.key) == (state, because)


@pytest.mark.parametrize(
    ("test", "state"), [((999, 1_000), "pass"), ((97, 100), "unknown"), ((85, 100), "fail")]
)
def test_measured_gate_needs_the_whole_interval(test: tuple[int, int], state: str) -> None:
    """A measured gate passes or fails only when the whole interval lies on one side."""
    gated = checklist((*ITEMS, item("limit", gate="always", value=SHARE)))
    assert gates(card(arrived(*test, "limit"), checklist=gated))["limit"] == state


def test_what_only_our_tests_need_rejects_no_vendor() -> None:
    """Test numbers without consent hold the decision up; they are no fault of the vendor."""
    gated = checklist((*ITEMS, item("numbers", gate="tests")))
    made = card(claim("numbers", "no"), checklist=gated)
    assert ("unknown", "tests_wait") == next(
        (each.state, each.because.key) for each in made.gates if each.item_id == "numbers"
    )
    assert "gathering" == made.decision


def test_optional_gate_follows_the_policy() -> None:
    """An optional item is a gate only where the policy says so, and weighs otherwise."""
    strict = POLICY.model_copy(
        update={"gates": POLICY.gates.model_copy(update={"optional": ("agreement",)})}
    )
    assert "agreement" not in gates(card())
    assert "agreement" in [each.item_id for each in card().rows]
    made = card(policy=strict)
    assert gates(made)["agreement"] == "unknown"
    assert "agreement" not in [each.item_id for each in made.rows]


@pytest.mark.parametrize(
    ("shows", "failed"),
    [
        (("receipts_disagree",), False),
        (("dead_numbers_delivered",), False),
        (("receipts_disagree", "dead_numbers_delivered"), True),
        (("receipts_disagree", "receipts_made_by_platform"), True),
    ],
)
def test_receipts_need_two_findings_against_them(shows: tuple[str, ...], failed: bool) -> None:
    """Disagreeing receipts fail a vendor only when a second independent finding agrees."""
    made = card(*GOOD[1:], arrived(850, 1_000, shows=shows))
    assert (gates(made).get("rate") == "fail") == failed
    assert (made.decision == "rejected") == failed


def test_stages_are_computed_from_evidence() -> None:
    """The stages gate passes on a test, papers and a probe, and a claimed yes does nothing."""
    said = claim("stages")
    assert gates(card(said, *GOOD))["stages"] == "pass"
    for missing in ("licence", "support"):
        rest = [f for f in GOOD if f.item_id not in {missing, "agreement"}]
        made = next(each for each in card(said, *rest).gates if each.item_id == "stages")
        assert (made.state, made.because.key) == ("unknown", "stages_missing")
    assert gates(card(said))["stages"] == "unknown"


def test_waiver_needs_everything() -> None:
    """A waiver holds only with who, why, until when and what instead, and never recommends."""
    good = Waiver("licence", "王总", "tender", date(2026, 12, 31), "backup vendor at hand")
    rest = [f for f in GOOD if f.item_id != "licence"]
    made = card(*rest, waivers=[good])
    assert (gates(made)["licence"], made.decision) == ("waived", "conditional")
    for broken in (replace(good, instead=""), replace(good, until=date(2026, 11, 21))):
        made = card(*rest, waivers=[broken])
        assert (gates(made)["licence"], made.decision) == ("unknown", "gathering")


# Totals and decisions


def test_good_vendor_is_recommended() -> None:
    """A vendor with every gate passed and good measurements is recommended."""
    made = card(*GOOD)
    assert (made.decision, made.contradictions) == ("recommended", ())
    assert made.total.low > 90


def test_nothing_known() -> None:
    """Without any finding everything is open, from 0 to 100."""
    made = card()
    assert (made.decision, made.total.low, made.total.high) == ("gathering", 0, 100)
    assert made.total.centre == pytest.approx(25)
    assert {point.why for point in made.open_points} == {"gate", "unanswered"}


@pytest.mark.parametrize("kind", [claim, paper])
def test_best_words_recommend_nobody(kind: Any) -> None:
    """A vendor that says yes to everything is not recommended on its word or papers."""
    made = card(*(kind(each.id) for each in ITEMS))
    assert made.decision == "gathering"
    assert made.total.low == (0 if kind is claim else pytest.approx(60))


def test_hopeless_total_is_rejected() -> None:
    """When even the best reading stays below the line, the vendor is rejected, with the reason."""
    bad = [measured(i, "no") for i in WEIGHTED]
    made = card(*bad, official("licence"))
    assert (made.decision, made.because.key) == ("rejected", "out_of_reach")


def test_contradicted_vendor_is_conditional_at_best() -> None:
    """A contradicted claim has to be explained before anybody is recommended."""
    made = card(*GOOD, claim("rate", None, 100.0))
    assert (made.decision, made.because.key) == ("conditional", "contradicted")


def test_weights_spread_over_what_is_left() -> None:
    """Dimensions without items give their weight to the others, and the weights sum to 100."""
    made = card()
    assert sum(each.weight for each in made.dimensions) == pytest.approx(100)
    assert "channels" not in [each.id for each in made.dimensions]
    abroad = card(profile=Company(international=True))
    assert "channels" in [each.id for each in abroad.dimensions]


def test_open_points_lead_with_what_moves_most() -> None:
    """Open points start with unknown gates, then those that could move the total most."""
    made = card(*(f for f in GOOD if f.item_id not in {"speed", "licence"}))
    assert [point.item_id for point in made.open_points][:2] == ["licence", "speed"]


def test_every_row_is_traceable() -> None:
    """Every scored row names the finding it comes from."""
    made = card(*GOOD)
    assert all(each.sources for each in made.rows if each.scored)


@pytest.mark.parametrize(
    ("dropped", "added", "because"),
    [
        ({"rate", "shown"}, (), "unanswered"),
        (
            {"rate", "shown", "speed", "hours", "agreement"},
            (paper("rate", "partly"), paper("speed"), paper("hours"), paper("agreement")),
            "below",
        ),
        (
            {"rate", "shown", "hours", "agreement"},
            (
                claim("rate", "partly"),
                claim("shown"),
                claim("hours", "no"),
                claim("agreement", "no"),
            ),
            "not_yet",
        ),
    ],
)
def test_gates_alone_recommend_nobody(
    dropped: set[str], added: tuple[Finding, ...], because: str
) -> None:
    """With every gate passed, too little known or too little shown still holds it back."""
    stage = measured("shown", "partly") if because != "unanswered" else measured("speed", "no")
    rest = [f for f in GOOD if f.item_id not in dropped]
    made = card(*rest, *added, stage)
    assert set(gates(made).values()) == {"pass"}
    assert made.decision in {"gathering", "conditional"}
    assert made.because.key == because

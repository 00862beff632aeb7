"""One vendor's scorecard, and the ways it must not be gamed."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.checklist import Applies, Checklist, Item, Prescreen, Section
from evaluators.evidence import Level
from evaluators.findings import Finding
from evaluators.gates import STAGES, Waiver
from evaluators.policy import Policy
from evaluators.scoring import Scorecard, score
from evaluators.statistics import Interval, clopper_pearson

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
RECENT = NOW - timedelta(days=10)


def words(text: str) -> dict[str, str]:
    return {"zh": text, "en": text}


def item(identity: str, **changes: Any) -> Item:
    fields: dict[str, Any] = {
        "id": identity,
        "requires": ["R001"],
        "part": "p",
        "dimension": "delivery",
        "who": ["technical"],
        "ask": words("?"),
        "why": words("!"),
        "weight": None if changes.get("gate") == "always" else 2,
        "evidence": {"wanted": words("x"), "at_most": changes.pop("at_most", "measured")},
        "verify": ["test", "document"],
        "guidance": ["g"],
        "weak": {"ask": words("?")},
    }
    return Item.model_validate(fields | changes)


SHARE = {"kind": "percent", "points": [[85, 0], [95, 0.7], [98, 1]]}
ITEMS = (
    item("rate", value=SHARE, gate="forged", weight=3),
    item("shown", value=SHARE),
    item("speed", dimension="latency", value={"kind": "duration", "points": [[10, 1], [60, 0]]}),
    item("support", dimension="service", verify=["probe"]),
    item("hours", dimension="service", at_most="documented"),
    item("abroad", dimension="channels", applies={"international": True}),
    item("agreement", dimension="compliance", gate="optional"),
    item("licence", dimension="compliance", gate="always", verify=["document", "lookup"]),
    item("stages", dimension="compliance", gate="always", measured_by=[STAGES]),
)
BY_ID = {each.id: each for each in ITEMS}
WEIGHTED = [each.id for each in ITEMS if each.weight]


def checklist(items: tuple[Item, ...] = ITEMS) -> Checklist:
    section = Section.model_validate(
        {"section": "1", "version": date(2026, 11, 1), "title": words("t"), "items": items}
    )
    step = {"ask": words("?"), "items": ["rate"]}
    prescreen = Prescreen.model_validate({"version": date(2026, 11, 1), "steps": [step] * 8})
    by_id = {each.id: each for each in items}
    return Checklist((section,), prescreen, {i: n for n, i in enumerate(by_id, 1)}, by_id)


USUAL = {
    "delivery": 40,
    "latency": 20,
    "channels": 10,
    "compliance": 10,
    "service": 10,
    "privacy": 5,
    "commercial": 5,
}
POLICY = Policy.model_validate(
    {
        "version": date(2026, 11, 1),
        "weights": {"otp": USUAL, "notice": USUAL, "marketing": USUAL},
        "gates": {"needs_more": {"licence": "verified"}},
        "evidence": {
            "unanswered_centre": 0.25,
            "documented_floor": 0.6,
            "verified_floor": 0.85,
            "measured_days": 90,
        },
        "decision": {
            "recommended_low": 55,
            "recommended_centre": 70,
            "conditional_centre": 50,
            "unanswered_share": 0.2,
        },
        "thresholds": {
            kind: {"arrival": 0.98, "p95_s": 10} for kind in ("otp", "notice", "marketing")
        },
    }
)


@dataclass(frozen=True)
class Company:
    kinds: tuple[str, ...] = ("otp",)
    international: bool = False

    def has(self, needs: Applies) -> bool:
        return self.international or not needs.international


def card(*findings: Finding, now: datetime = NOW, **changes: Any) -> Scorecard:
    given: dict[str, Any] = {"profile": Company(), "now": now} | changes
    return score(
        given.pop("checklist", checklist()), findings, given.pop("policy", POLICY), **given
    )


def claim(item_id: str, choice: Any = "yes", value: Any = None, **more: Any) -> Finding:
    return finding(item_id, Level.CLAIMED, choice, value, **more)


def paper(item_id: str, choice: Any = "yes", value: Any = None, **more: Any) -> Finding:
    return finding(item_id, Level.DOCUMENTED, choice, value, **more)


def official(item_id: str, choice: Any = "yes", value: Any = None, **more: Any) -> Finding:
    return finding(item_id, Level.VERIFIED, choice, value, **more)


def measured(item_id: str, choice: Any = "yes", value: Any = None, **more: Any) -> Finding:
    return finding(item_id, Level.MEASURED, choice, value, **more)


def finding(item_id: str, kind: Level, choice: Any, value: Any, **more: Any) -> Finding:
    given: dict[str, Any] = {"at": RECENT, "source": f"{kind.word}:{item_id}"} | more
    return Finding(item_id, choice, value, kind, **given)


def arrived(k: int, n: int, item_id: str = "rate", **more: Any) -> Finding:
    """A test in which k of n arrived, in percent."""
    interval = clopper_pearson(k, n)
    percent = Interval(100 * interval.low, 100 * interval.high)
    return measured(item_id, None, 100 * k / n, interval=percent, **more)


GOOD = (
    arrived(999, 1_000),
    arrived(999, 1_000, "shown"),
    measured("speed", None, 4.0, interval=Interval(3.0, 6.0)),
    measured("support"),
    paper("hours"),
    official("agreement"),
    official("licence"),
)


def numbers(made: Scorecard) -> list[float]:
    """Every number of a card that could be gamed."""
    ranges = [made.total, *(dimension.score for dimension in made.dimensions)]
    ends = [(each.low, each.centre, each.high) for each in ranges]
    rows = [(row.low, row.centre, row.high) for row in made.rows]
    return [number for triple in (*ends, *rows) for number in triple] + [made.credibility]


def row(made: Scorecard, item_id: str) -> tuple[float, float, float]:
    found = next(each for each in made.rows if each.item_id == item_id)
    return found.low, found.centre, found.high


def gates(made: Scorecard) -> dict[str, str]:
    return {each.item_id: each.state for each in made.gates}


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


# Anti-gaming

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

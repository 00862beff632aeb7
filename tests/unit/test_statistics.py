"""Exact statistics, against the figures of the mission's tables and by property."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.statistics import (
    Interval,
    binomial_p,
    chance_to_see,
    clopper_pearson,
    confidence_sequence,
    design_effect,
    effective_size,
    fewest_for,
    fisher,
    holm,
    intraclass,
    lower_bound,
    mcnemar,
    messages_to_prove,
    more_needed,
    percentile,
    sample_size,
    sprt,
    wilson,
)

INF = math.inf
unhurried = settings(deadline=None, max_examples=50)  # the first call loads scipy


@pytest.mark.parametrize(
    ("true", "power", "n", "reject"),
    [
        (0.85, 0.8, 19, 17),
        (0.85, 0.9, 25, 23),
        (0.85, 0.95, 30, 28),
        (0.90, 0.8, 29, 27),
        (0.90, 0.9, 52, 49),
        (0.90, 0.95, 61, 58),
        (0.95, 0.8, 110, 106),
        (0.95, 0.9, 132, 128),
        (0.95, 0.95, 181, 176),
        (0.97, 0.8, 301, 294),
        (0.97, 0.9, 390, 382),
        (0.97, 0.95, 521, 511),
        (0.98, 0.8, 905, 890),
        (0.98, 0.9, 1_235, 1_216),
        (0.98, 0.95, 1_567, 1_544),
    ],
)
def test_sample_size_against_99_percent(true: float, power: float, n: int, reject: int) -> None:
    """The messages needed to show that 99 % is false are those of the table (5.1)."""
    size = sample_size(0.99, true, 0.05, power)
    assert (size.n, size.reject_at_most) == (n, reject)


@pytest.mark.parametrize(("p0", "p1"), [(0.97, 0.99), (0.9, 0.9), (1.0, 0.9)])
def test_sample_size_needs_a_lower_rate(p0: float, p1: float) -> None:
    """Asking to tell a rate from one that is not lower is an error."""
    with pytest.raises(ValueError, match="p1 < p0"):
        sample_size(p0, p1)


@pytest.mark.parametrize(
    ("p0", "needed"),
    [
        (0.95, (59, 93, 124, 153)),
        (0.97, (99, 157, 208, 257)),
        (0.98, (149, 236, 313, 386)),
        (0.99, (299, 473, 628, 773)),
        (0.995, (598, 947, 1_258, 1_549)),
    ],
)
def test_messages_to_prove_a_rate(p0: float, needed: tuple[int, ...]) -> None:
    """The messages that prove a rate with 0 to 3 failures are those of the table (5.2)."""
    assert needed == tuple(messages_to_prove(p0, failures) for failures in range(4))


def test_thousand_with_four_misses_proves_99_percent() -> None:
    """1,000 messages with 4 misses prove 99 % (one-sided) and with 5 do not."""
    assert lower_bound(996, 1_000) >= 0.99 > lower_bound(995, 1_000)


def test_990_of_1000_does_not_prove_99_percent() -> None:
    """990 of 1,000 has a Wilson interval of 98.17 to 99.46 % and proves nothing about 99 %."""
    interval = wilson(990, 1_000)
    assert (round(interval.low, 4), round(interval.high, 4)) == (0.9817, 0.9946)
    assert clopper_pearson(990, 1_000).holds(0.99)


@pytest.mark.parametrize(
    ("n", "low", "high"), [(100, 0.767, 0.907), (300, 0.805, 0.886), (1_000, 0.827, 0.871)]
)
def test_wilson_at_85_percent(n: int, low: float, high: float) -> None:
    """Wilson intervals at 85 % are those of the table (5.2)."""
    interval = wilson(0.85 * n, n)
    assert (round(interval.low, 3), round(interval.high, 3)) == (low, high)


def test_scenario_of_74_in_81() -> None:
    """74 of 81 gives 83.0 to 96.5 %, and is a 1 in 50,000 event if the claim of 99 % is true."""
    interval = clopper_pearson(74, 81)
    assert (round(interval.low, 3), round(interval.high, 3)) == (0.830, 0.965)
    assert binomial_p(74, 81, 0.99) == pytest.approx(2e-5, rel=0.1)


def test_announced_against_blind() -> None:
    """60 of 60 announced and 51 of 60 blind differ with p = 0.003 (scenario S6)."""
    assert round(fisher((60, 0), (51, 9)), 3) == 0.003


@pytest.mark.parametrize(
    ("against", "if_false", "if_true"),
    [(0.85, 10, 21), (0.90, 18, 37), (0.95, 64, 107), (0.97, 201, 287)],
)
def test_sequential_test_needs_few(against: float, if_false: int, if_true: int) -> None:
    """The sequential test's expected numbers are those of the table (5.3)."""
    test = sprt(0.99, against)
    assert (round(test.expected_if_false), round(test.expected_if_true)) == (if_false, if_true)


def test_two_early_misses_suffice_against_85_percent() -> None:
    """Two misses at the start reject 99 % against 85 %, one does not."""
    test = sprt(0.99, 0.85)
    assert test.ratio(0, 2) >= test.upper > test.ratio(0, 1)
    assert test.ratio(22, 0) <= test.lower


@pytest.mark.parametrize(("icc", "effect"), [(0.1, 4.2), (0.3, 10.6)])
def test_design_effect(icc: float, effect: float) -> None:
    """30 handsets with 33 messages each have the design effects of the table (5.4)."""
    assert design_effect(33, icc) == pytest.approx(effect)
    assert round(1_000 / design_effect(33, 0.1)) == 238


@pytest.mark.parametrize(("share", "least"), [(0.5, 5), (0.95, 59), (0.99, 299)])
def test_percentiles_need_a_sample(share: float, least: int) -> None:
    """No percentile is stated beyond the sample: p95 needs 59 values, p99 needs 299."""
    assert least == fewest_for(share)
    assert percentile(range(least - 1), share).value is None
    assert percentile(range(least), share).value is not None


def test_percentile_ranks_of_a_thousand() -> None:
    """Of 1,000 values, p95 lies between ranks 936 and 964 and p99 between 983 and 997."""
    p95, p99 = percentile(range(1, 1_001), 0.95), percentile(range(1, 1_001), 0.99)
    assert (p95.low, p95.value, p95.high) == (936, 950, 964)
    assert (p99.low, p99.value, p99.high) == (983, 990, 997)


def test_censored_values_push_percentiles_up() -> None:
    """Messages that never arrive make the percentile infinite, they are not dropped."""
    values = [1.0] * 90 + [INF] * 10
    p95 = percentile(values, 0.95)
    assert (p95.value, p95.high) == (INF, INF)
    assert percentile(values, 0.5).value == 1


def test_bound_beyond_the_sample_is_not_stated() -> None:
    """With just enough values for p95 its two-sided upper bound is still beyond the sample."""
    assert percentile(range(59), 0.95).high is None
    assert percentile(range(73), 0.95).high == 72


@pytest.mark.parametrize(
    ("nights", "bound"), [(1, 0.05), (3, 0.37), (5, 0.55), (10, 0.74), (29, 0.90)]
)
def test_few_nights_prove_little(nights: int, bound: float) -> None:
    """n of n tickets in time support only the bounds of the table (5.4)."""
    assert round(lower_bound(nights, nights), 2) == bound


@pytest.mark.parametrize(
    ("loss", "phones", "chance"),
    [
        (0.15, 5, 0.56),
        (0.15, 10, 0.80),
        (0.15, 20, 0.96),
        (0.15, 30, 0.99),
        (0.03, 30, 0.60),
        (0.03, 100, 0.95),
    ],
)
def test_panel_detection(loss: float, phones: int, chance: float) -> None:
    """A panel's chance to notice a loss is that of the table (5.4)."""
    assert round(chance_to_see(loss, phones), 2) == chance


# How many more


@pytest.mark.parametrize(
    ("arrived", "sent", "claim"),
    [(20, 20, 0.99), (995, 1_000, 0.99), (98, 100, 0.99), (57, 60, 0.9)],
)
def test_more_needed_decides_and_not_earlier(arrived: int, sent: int, claim: float) -> None:
    """That many more at the same rate decide, and one fewer does not."""
    more = more_needed(arrived, sent, claim)
    assert more

    def decided(n: int) -> bool:
        interval = clopper_pearson(arrived / sent * n, n)
        return not interval.low < claim <= interval.high

    assert decided(sent + more)
    assert not decided(sent + more - 1)


@pytest.mark.parametrize(
    ("arrived", "sent", "claim"), [(99, 100, 0.99), (10, 10, 1.0), (0, 0, 0.9)]
)
def test_more_needed_when_nothing_helps(arrived: int, sent: int, claim: float) -> None:
    """Where the rate seen is the claim itself, no number of messages decides."""
    assert more_needed(arrived, sent, claim) is None


def test_no_more_needed_once_decided() -> None:
    """Once the interval decides, nothing more is needed."""
    assert more_needed(850, 1_000, 0.99) == 0


# Properties

counts = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@unhurried
@given(counts)
def test_intervals_hold_the_share_seen(count: tuple[int, int]) -> None:
    """Every interval lies in 0 to 1 and holds the share that was seen."""
    k, n = count
    for interval in (clopper_pearson(k, n), wilson(k, n), confidence_sequence(k, n)):
        assert 0 <= interval.low <= k / n + 1e-9
        assert k / n - 1e-9 <= interval.high <= 1


@unhurried
@given(counts, st.integers(2, 6))
def test_more_data_narrow(count: tuple[int, int], times: int) -> None:
    """More messages with the same share narrow every interval."""
    k, n = count
    for method in (clopper_pearson, wilson, confidence_sequence):
        assert method(k * times, n * times).width < method(k, n).width


@unhurried
@given(counts)
def test_watching_while_it_runs_costs_width(count: tuple[int, int]) -> None:
    """The interval that allows stopping at any time is never narrower than the exact one."""
    exact, always = clopper_pearson(*count), confidence_sequence(*count)
    assert always.low <= exact.low + 1e-9
    assert exact.high <= always.high + 1e-9


@pytest.mark.parametrize("n", [10, 60, 150])
@pytest.mark.parametrize("true", [0.5, 0.85, 0.95, 0.99])
def test_coverage_is_guaranteed(n: int, true: float) -> None:
    """Clopper-Pearson holds the true share at least 95 % of the time, computed exactly."""
    chances = (
        math.comb(n, k) * true**k * (1 - true) ** (n - k)
        for k in range(n + 1)
        if clopper_pearson(k, n).holds(true)
    )
    assert sum(chances) >= 0.95


@unhurried
@given(counts, st.floats(0.5, 0.99))
def test_test_and_interval_agree(count: tuple[int, int], claim: float) -> None:
    """The claim lies above the interval exactly when the one-sided test at 2.5 % rejects it."""
    k, n = count
    assert (clopper_pearson(k, n).high < claim) == (binomial_p(k, n, claim) < 0.025)


handsets = st.lists(
    st.integers(1, 20).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    min_size=1,
    max_size=30,
)


@unhurried
@given(handsets)
def test_clustering_never_adds_messages(clusters: list[tuple[int, int]]) -> None:
    """Messages that share handsets are worth at most their number, and at least one."""
    assert 1 <= effective_size(clusters) <= sum(sent for _, sent in clusters) + 1e-9
    assert 0 <= intraclass(clusters) <= 1


def test_one_message_per_handset_is_worth_itself() -> None:
    """Without sharing there is nothing to adjust."""
    assert effective_size([(1, 1)] * 90 + [(0, 1)] * 10) == 100


def test_handsets_that_fail_together_are_worth_little() -> None:
    """When whole handsets fail, thirty of them are worth about thirty messages, not a thousand."""
    together = [(33, 33)] * 27 + [(0, 33)] * 3
    scattered = [(30, 33)] * 27 + [(27, 33)] * 3
    assert effective_size(together) < 31
    assert effective_size(scattered) > 800


def test_one_handset_is_worth_one() -> None:
    """A thousand messages to one handset say nothing about any other."""
    assert effective_size([(1_000, 1_000)]) == 1


@unhurried
@given(st.floats(0.5, 0.99), st.integers(300, 900), st.integers(1, 50))
def test_percentile_lies_in_its_interval(share: float, n: int, ties: int) -> None:
    """A percentile lies within its own interval, which lies within the sample."""
    values = [index // ties for index in range(n)]
    made = percentile(values, share)
    assert made.value is not None
    assert made.low is not None
    assert min(values) <= made.low <= made.value <= (INF if made.high is None else made.high)


# Comparisons


@pytest.mark.parametrize(
    ("first", "second", "p"),
    [((3, 1), (1, 3), 0.4857), ((8, 2), (1, 5), 0.0350), ((5, 5), (5, 5), 1.0)],
)
def test_fisher(first: tuple[int, int], second: tuple[int, int], p: float) -> None:
    """Fisher's exact test gives the textbook values."""
    assert fisher(first, second) == pytest.approx(p, abs=1e-4)


@pytest.mark.parametrize(
    ("first", "second", "p"), [(0, 0, 1), (0, 5, 0.0625), (1, 9, 0.021484375), (5, 5, 1)]
)
def test_mcnemar(first: int, second: int, p: float) -> None:
    """Pairs of which just one arrived are compared by the exact binomial."""
    assert mcnemar(first, second) == pytest.approx(p)


def test_holm() -> None:
    """Several looks cost what Holm says, in the order given."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([]) == ()


def test_nothing_sent_says_nothing() -> None:
    """Without messages every share is possible."""
    everything = Interval(0.0, 1.0)
    assert everything == clopper_pearson(0, 0)
    assert everything == wilson(0, 0)
    assert everything == confidence_sequence(0, 0)


@pytest.mark.parametrize(
    ("n", "low", "high"),
    [(10, 2, 9), (15, 4, 12), (20, 6, 15), (25, 8, 18), (30, 10, 21), (40, 14, 27), (50, 18, 33)],
)
def test_median_ranks_of_the_sign_test(n: int, low: int, high: int) -> None:
    """The median's interval has the ranks published for the sign test."""
    made = percentile(range(1, n + 1), 0.5)
    assert (made.low, made.high) == (low, high)


def test_a_lower_bound_below_the_sample_is_not_stated() -> None:
    """Of five values the median's lower bound lies below all of them."""
    assert percentile(range(5), 0.5).low is None
    assert percentile(range(6), 0.5).low == 0


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [(0, 10, 0, 0.3085), (1, 10, 0.0025, 0.4450), (5, 10, 0.1871, 0.8129)],
)
def test_clopper_pearson_as_published(k: int, n: int, low: float, high: float) -> None:
    """The exact interval has the published bounds (C. J. Clopper and E. S. Pearson, 1934)."""
    made = clopper_pearson(k, n)
    assert (round(made.low, 4), round(made.high, 4)) == (low, high)


def test_many_values_are_sorted_alike() -> None:
    """Percentiles of very many values are those of few, without an object for each."""
    from array import array

    few = list(range(1, 1_001))
    many = array("d", (value for value in few for _ in range(200)))
    assert percentile(many, 0.95).value == percentile(few, 0.95).value == 950
    assert isinstance(percentile(many, 0.95).low, float)


@pytest.mark.parametrize(("n", "p"), [(100, 0.97), (37, 0.5), (10, 0.99)])
def test_fractional_counts_lie_between_whole_ones(n: int, p: float) -> None:
    """The p-value of an effective sample lies between those of its neighbours."""
    values = [binomial_p(k, n, p) for k in (n - 3, n - 2.5, n - 2)]
    assert values == sorted(values)
    assert sum(values) > 0

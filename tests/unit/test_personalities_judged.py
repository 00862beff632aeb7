"""Each way of behaving is told by the test meant for it, and an honest vendor by none."""

import pytest

from evaluators.sending.conclusions import Given, Mark, conclusions
from evaluators.sending.pacing import SECOND
from evaluators.sending.verdict import went_well
from tests.unit.simulated_run import PLANS, run

# What speaks against a vendor, whatever the test.
AGAINST = {
    *("part_below", "part_none", "parts_differ", "announced_better", "slower", "median_lost"),
    *("controls_reported", "not_whole", "bill_differs", "sender_prefix", "sender_agreed"),
    *("optout_broken", "optout_not_told", "rate_drifts", "latency_drifts", "stalls"),
    *("works_not", "works_changed", "works_unseen"),
    *("step_throttled", "step_held", "fault_for_good", "pair_differs"),
}
QUICK = [name for name in PLANS if name not in {"burst", "ramp", "paired", "fault", "slots"}]


@pytest.mark.parametrize("test", QUICK)
def test_an_honest_vendor_passes(test: str) -> None:
    """Nothing speaks against an honest vendor in any test, and it clears the way for the next."""
    name = "opt-out-honoured" if test == "opt-out" else "honest"
    made = run(test, name)
    assert made.concluded() & AGAINST == set()
    words = {"works": {"worked"}, "rate": {"met", "not_enough"}}
    assert made.verdict().word in words[made.plan.asks]
    assert went_well(made.verdict(), made.metrics())


@pytest.mark.parametrize(
    ("test", "name", "key"),
    [
        ("arrival", "inflating", "claim_by_definition"),
        ("arrival", "platform-codes", "code_unclear"),
        ("blind", "announced-only", "announced_better"),
        ("by-carrier", "ported-misrouted", "part_below"),
        ("by-carrier", "ported-misrouted", "parts_differ"),
        ("by-carrier", "slow-cross-network", "slower"),
        ("dead-numbers", "dead-number", "controls_reported"),
        ("dead-numbers", "honest", "controls_clean"),
        ("charsets", "changed-text", "works_changed"),
        ("long", "lost-parts", "not_whole"),
        ("long", "over-billing", "bill_differs"),
        ("long", "honest", "bill_matches"),
        ("sender", "wrong-sender", "sender_agreed"),
        ("sender", "honest", "sender_right"),
        ("ramp", "throttling", "step_throttled"),
        ("ramp", "honest", "step_taken"),
        ("opt-out", "opt-out-honoured", "optout_kept"),
        ("opt-out", "opt-out-honoured", "optout_told"),
        ("opt-out", "opt-out-ignored", "optout_broken"),
        ("opt-out", "opt-out-swallowed", "optout_not_told"),
        ("soak", "honest", "no_drift"),
        ("international", "honest", "claim_by_definition"),
    ],
)
def test_a_behaviour_is_told(test: str, name: str, key: str) -> None:
    """The test meant for a behaviour finds it."""
    assert key in run(test, name).concluded()


@pytest.mark.parametrize("name", ["inflating", "random-faking", "bulk-faking", "announced-only"])
def test_what_does_not_arrive_refutes_the_claim(name: str) -> None:
    """A vendor whose messages do not arrive is not met, and its receipts disagree."""
    made = run("arrival", name).verdict()
    assert made.word == "not_met"
    assert made.receipts_excluded


@pytest.mark.parametrize(
    ("name", "key", "seconds"),
    [("channel-switch", "fault_recovered", 10), ("channel-down", "fault_for_good", None)],
)
def test_a_fault_is_timed(name: str, key: str, seconds: float | None) -> None:
    """A channel that breaks is timed from the moment noted, to within two messages' distance."""
    made = run("fault", name)
    restored = [Mark("restored", 700 * SECOND)] if seconds is not None else []
    made.marks = [Mark("fault", 200 * SECOND, "cucc"), *restored]
    assert key in made.concluded()
    assert made.verdict().rate == pytest.approx(1, abs=0.01)  # the fault was wanted
    if seconds is not None:
        found = conclusions(made.rows, made.plan, made.metrics(), Given(marks=tuple(made.marks)))
        timed = next(one for one in found if one.key == key)
        assert (
            seconds <= float(timed.params["seconds"]) <= seconds + 2 * float(timed.params["step"])
        )


def test_two_vendors_are_told_apart() -> None:
    """Of two vendors on the same numbers the one that loses more is found; like ones are alike."""
    honest = run("paired", connection="A", pair="B")
    assert "pair_differs" in honest.concluded(run("paired", "inflating", seed=2).rows)
    assert "pair_alike" in honest.concluded(run("paired", seed=3).rows)

"""The buyer's policy file and the checks it must pass."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from evaluators import checklist, policy
from evaluators.evidence import Level
from evaluators.policy import Policy

DATA = Path(__file__).parents[2] / "data" / "checklist"


@pytest.fixture(scope="module")
def ours() -> Policy:
    return policy.load(DATA / "policy.yaml")


def test_default_weights_are_the_model_s(ours: Policy) -> None:
    """OTP and notice share the default weights of the scoring model."""
    expected = {
        "delivery": 25,
        "latency": 15,
        "channels": 15,
        "compliance": 15,
        "service": 12,
        "privacy": 8,
        "commercial": 10,
    }
    assert expected == ours.weights["otp"] == ours.weights["notice"]


def test_levels_are_the_model_s(ours: Policy) -> None:
    """The evidence intervals and the decay are those of the scoring model."""
    rules = ours.evidence
    assert (rules.unanswered_centre, rules.documented_floor) == (0.25, 0.6)
    assert (rules.verified_floor, rules.measured_days) == (0.85, 90)


@pytest.mark.parametrize(
    ("kind", "arrival", "p95_s", "p99_s"),
    [("otp", 0.98, 10, 30), ("notice", 0.97, 60, 300), ("marketing", 0.95, 900, None)],
)
def test_thresholds_are_the_decided_ones(
    ours: Policy, kind: Any, arrival: float, p95_s: float, p99_s: Any
) -> None:
    """Arrival and latency thresholds are those decided where the article is silent."""
    found = ours.thresholds[kind]
    assert (found.arrival, found.p95_s, found.p99_s) == (arrival, p95_s, p99_s)


def test_named_items_exist(ours: Policy) -> None:
    """Every item the policy names is in the checklist, and is the kind of item it is named as."""
    by_id = checklist.load(DATA).by_id
    assert all(by_id[each].gate == "optional" for each in ours.gates.optional)
    assert all(by_id[each].gate is not None for each in ours.gates.needs_more)


def test_gates_need_evidence(ours: Policy) -> None:
    """No gate passes on a claim alone; licences need the official look-up."""
    assert ours.gates.needed("record-retention") == Level.DOCUMENTED
    assert ours.gates.needed("licence-lookup") == Level.VERIFIED


def test_several_kinds_share_their_weights(ours: Policy) -> None:
    """A company with several message kinds gets the mean of their weights, in any order."""
    mixed = ours.weights_for(("marketing", "otp"))
    assert mixed == ours.weights_for(("otp", "marketing"))
    assert mixed["delivery"] == (ours.weights["otp"]["delivery"] + 22) / 2
    assert sum(mixed.values()) == pytest.approx(100)
    assert ours.weights_for(()) == ours.weights_for(("notice",))


@pytest.mark.parametrize(
    ("part", "wrong"),
    [
        ("weights", {"otp": {"delivery": 100}}),
        ("evidence", {"documented_floor": 0.9}),
        ("decision", {"unanswered_share": 2}),
        ("gates", {"needs": "hearsay"}),
        ("thresholds", {"otp": {"arrival": 98, "p95_s": 10}}),
    ],
)
def test_broken_policies_are_refused(part: str, wrong: dict[str, Any]) -> None:
    """A policy that does not add up is refused when it is read."""
    raw = yaml.safe_load((DATA / "policy.yaml").read_text(encoding="utf-8"))
    raw[part] = wrong if part == "weights" else raw[part] | wrong
    with pytest.raises(ValidationError):
        Policy.model_validate(raw)


def test_weights_that_do_not_sum_to_100_are_refused() -> None:
    """Weights that do not sum to 100 are refused."""
    raw = yaml.safe_load((DATA / "policy.yaml").read_text(encoding="utf-8"))
    raw["weights"]["marketing"]["delivery"] += 1
    with pytest.raises(ValidationError, match="sum to 100"):
        Policy.model_validate(raw)

"""From signals to a tier."""

from datetime import date

import pytest
from pydantic import ValidationError

from knowledge.refusal import Calibration


def calibration(says: float = 0.7, possibly: float = 0.4) -> Calibration:
    weights = {"known": 4.0, "outside": -4.0}
    return Calibration(
        fitted=date(2026, 11, 22), note="", bias=0, weights=weights, says=says, possibly=possibly
    )


@pytest.mark.parametrize(
    ("known", "outside", "tier"),
    [(1.0, 0.0, "says"), (0.5, 0.5, "possibly"), (0.0, 1.0, "does not say")],
)
def test_tiers_follow_the_signals(known: float, outside: float, tier: str) -> None:
    """Known words push towards an answer, closeness to outside questions towards a refusal."""
    assert tier == calibration().tier({"known": known, "outside": outside, "other": 9.0})


def test_a_heading_named_is_never_refused() -> None:
    """Who types a topic that is a heading gets at least a hint."""
    weak = {"known": 0.0, "outside": 1.0}
    assert "does not say" == calibration().tier({**weak, "heading": 0.0})
    assert "possibly" == calibration().tier({**weak, "heading": 1.0})


def test_a_question_of_a_passage_is_answered() -> None:
    """What a passage itself says people ask is answered, whatever else speaks against it."""
    assert "says" == calibration().tier({"known": 0.0, "outside": 1.0, "foreseen": 1.0})


def test_a_probability_stays_one() -> None:
    """However strong the signals, the probability lies between 0 and 1."""
    assert 0 < calibration().probability({"known": -1e9, "outside": 0}) < 1e-9
    assert 1 - 1e-9 < calibration().probability({"known": 1e9, "outside": 0}) <= 1


@pytest.mark.parametrize(("says", "possibly"), [(0.4, 0.7), (1.0, 0.5), (0.5, 0.0)])
def test_tiers_must_rise(says: float, possibly: float) -> None:
    """Thresholds in the wrong order or at the ends are refused when the file is read."""
    with pytest.raises(ValidationError, match="possibly <= says"):
        calibration(says, possibly)

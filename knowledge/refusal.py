"""Does the guidance say it? A small calibrated judgement over several weak signals.

No single signal separates questions near the topic without an answer from those with one; a
logistic model over all of them does so better. Its numbers live in
`data/glossary/calibration.yaml` and are fitted by `benchmarks/fit_refusal.py`.
"""

import math
from collections.abc import Mapping
from datetime import date
from typing import Literal, Self

from pydantic import model_validator

from knowledge.content import Content

Tier = Literal["says", "possibly", "does not say"]


class Calibration(Content):
    """Weights of the signals by name, and the probabilities from which a tier begins."""

    fitted: date
    note: str
    bias: float
    weights: dict[str, float]
    says: float
    possibly: float

    @model_validator(mode="after")
    def _tiers_rise(self) -> Self:
        if not 0 < self.possibly <= self.says < 1:
            raise ValueError("0 < possibly <= says < 1")
        return self

    def probability(self, signals: Mapping[str, float]) -> float:
        """How likely the best passage answers, 0 to 1; a signal without weight counts nothing."""
        total = self.bias + sum(weight * signals[name] for name, weight in self.weights.items())
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, total))))

    def tier(self, signals: Mapping[str, float]) -> Tier:
        """A passage's very own question is answered; who only names a heading gets a hint."""
        if signals.get("foreseen") == 1:
            return "says"
        probability = self.probability(signals)
        if probability >= self.says:
            return "says"
        hint = probability >= self.possibly or signals.get("heading") == 1
        return "possibly" if hint else "does not say"

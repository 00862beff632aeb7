"""The buyer's policy as data: weights, gates, decay, thresholds (`data/checklist/policy.yaml`)."""

from datetime import date
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from evaluators import content
from evaluators.checklist import Dimension
from evaluators.content import Content
from evaluators.evidence import Level, level
from evaluators.sending.feasibility import Rules

Word = Literal["claimed", "documented", "verified", "measured"]


class Gates(Content):
    """Which optional items are gates, and how strong the evidence for passing must be."""

    optional: tuple[str, ...] = ()
    needs: Word = "documented"
    needs_more: dict[str, Word] = Field(default_factory=dict)

    def needed(self, item_id: str) -> Level:
        return level(self.needs_more.get(item_id, self.needs))


class EvidenceRules(Content):
    """How far each level narrows a score, and when a measurement is too old (mission 7.2)."""

    unanswered_centre: float = Field(ge=0, le=1)
    documented_floor: float = Field(ge=0, le=1)
    verified_floor: float = Field(ge=0, le=1)
    measured_days: int = Field(ge=1)


class Decision(Content):
    """Totals (0 to 100) a decision needs, and how much of the weight may be unanswered."""

    recommended_low: float = Field(ge=0, le=100)
    recommended_centre: float = Field(ge=0, le=100)
    conditional_centre: float = Field(ge=0, le=100)
    unanswered_share: float = Field(ge=0, le=1)


class Threshold(Content):
    """What a message kind has to reach: share on the handset, latency in seconds (2.5, 2.6)."""

    arrival: float = Field(gt=0, lt=1)
    p95_s: float = Field(gt=0)
    p99_s: float | None = Field(default=None, gt=0)


class Policy(Content):
    """The whole policy. `weights` and `thresholds` are by message kind; each set sums to 100."""

    version: date
    weights: dict[Literal["otp", "notice", "marketing"], dict[Dimension, float]]
    gates: Gates
    evidence: EvidenceRules
    decision: Decision
    thresholds: dict[Literal["otp", "notice", "marketing"], Threshold]
    sending: Rules = Rules()

    @model_validator(mode="after")
    def _sums_up(self) -> Self:
        if set(self.weights) != {"otp", "notice", "marketing"}:
            raise ValueError("weights are given for otp, notice and marketing")
        for kind, weights in self.weights.items():
            if abs(sum(weights.values()) - 100) > 1e-9 or min(weights.values()) < 0:
                raise ValueError(f"weights.{kind} sum to 100, none below 0")
        floors = self.evidence.documented_floor <= self.evidence.verified_floor
        if not floors:
            raise ValueError("evidence.documented_floor is not above verified_floor")
        return self

    def weights_for(self, kinds: tuple[str, ...]) -> dict[Dimension, float]:
        """The weights for a company's message kinds: their mean, `notice` where none is named."""
        chosen = [self.weights[kind] for kind in self.weights if kind in kinds]
        chosen = chosen or [self.weights["notice"]]
        names = sorted({name for weights in chosen for name in weights})
        return {name: sum(w.get(name, 0.0) for w in chosen) / len(chosen) for name in names}


def load(path: Path) -> Policy:
    """Read `policy.yaml`."""
    return content.read(path, Policy)

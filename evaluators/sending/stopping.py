"""When a running test ends early: declared before the first message, judged by what was seen."""

import math
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, model_validator

from evaluators.content import Bilingual, Content
from evaluators.statistics import sprt


class Missing(Content):
    """Stop when more than `share` of the messages have no final receipt, once `after` are due one.

    A receipt is due `within_s` seconds after its message was sent.
    """

    share: float = Field(gt=0, lt=1)
    after: int = Field(ge=1)
    within_s: float = Field(gt=0)

    @property
    def wording(self) -> Bilingual:
        return Bilingual(
            zh=f"满 {self.after} 条后,{self.within_s:g} 秒内无回执的超过 {self.share:.0%} 即停",
            en=f"stop when, from {self.after} messages on, over {self.share:.0%} have no receipt"
            f" within {self.within_s:g} s",
        )


class Losses(Content):
    """Stop when `count` of the first `among` messages are not on their handset `within_s` later."""

    count: int = Field(ge=1)
    among: int = Field(ge=1)
    within_s: float = Field(gt=0)

    @property
    def wording(self) -> Bilingual:
        return Bilingual(
            zh=f"前 {self.among} 条中有 {self.count} 条 {self.within_s:g} 秒内未到手机即停",
            en=f"stop when {self.count} of the first {self.among} are not on the handset"
            f" within {self.within_s:g} s",
        )


class Sequential(Content):
    """Stop when a sequential test of `claim` against `against` rejects the claim.

    Wald's likelihood ratio. As nothing stops in favour of the claim, it is held to Ville's bound
    1/alpha: however often one looks, a true claim is rejected with a chance of at most `alpha`. The
    default leaves the other half of 5 % to the interval at the end of a run that was not stopped.
    """

    against: float = Field(gt=0, lt=1)
    within_s: float = Field(gt=0)
    alpha: float = Field(default=0.025, gt=0, lt=0.5)
    beta: float = Field(default=0.05, gt=0, lt=0.5)

    def rejects(self, claim: float, arrived: float, lost: float) -> bool:
        """Whether so many arrivals and losses reject the claim; never one not above `against`."""
        if not self.against < claim < 1:
            return False
        ratio = sprt(claim, self.against, self.alpha, self.beta).ratio(arrived, lost)
        return ratio >= -math.log(self.alpha)

    @property
    def wording(self) -> Bilingual:
        return Bilingual(
            zh=f"序贯检验:数据明显更像 {self.against:.0%} 而不是所称值时即停",
            en=f"sequential test: stop once {self.against:.0%} fits far better than the claim",
        )


@dataclass(frozen=True)
class Seen:
    """What a running test has seen, each rule with its own patience (`within_s`).

    `due` messages should have a receipt by now and `missing` of them have none; `first_lost` of
    the first `Losses.among` are lost; `arrived` and `lost` are all the handsets' outcomes so far.
    """

    due: int = 0
    missing: int = 0
    first_lost: int = 0
    arrived: int = 0
    lost: int = 0


class StopRule(Content):
    """When to stop early, declared before the first message; at least one of the three."""

    missing: Missing | None = None
    losses: Losses | None = None
    sequential: Sequential | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.missing or self.losses or self.sequential):
            raise ValueError("a stop rule names missing, losses or sequential")
        return self

    def fired(self, claim: float, seen: Seen) -> Literal["missing", "losses", "sequential"] | None:
        """Which rule says stop, if any. Watching more often than declared changes nothing."""
        overdue = self.missing and seen.due >= self.missing.after
        if self.missing and overdue and seen.missing > self.missing.share * seen.due:
            return "missing"
        if self.losses and seen.first_lost >= self.losses.count:
            return "losses"
        if self.sequential and self.sequential.rejects(claim, seen.arrived, seen.lost):
            return "sequential"
        return None

    @property
    def wording(self) -> Bilingual:
        """The rule as it is shown before the test is confirmed."""
        parts = [part.wording for part in (self.missing, self.losses, self.sequential) if part]
        zh, en = ";".join(part.zh for part in parts), "; ".join(part.en for part in parts)
        return Bilingual(zh=zh, en=en)

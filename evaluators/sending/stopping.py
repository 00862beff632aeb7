"""When a running test ends early: declared before the first message, judged by what was seen."""

import math
from collections.abc import Callable
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
            zh=f"满 {self.after} 条后，{self.within_s:g} 秒内无回执的超过 {self.share:.0%} 即停",
            en=f"stop when, from message {self.after} on, over {self.share:.0%} have no receipt"
            f" within {self.within_s:g} s",
        )

    def can_fire(self, claim: float, older: "Older") -> bool:
        """Whether it could, were every receipt missing."""
        return older(self.within_s) >= self.after

    def scaled(self, share: float) -> "Missing":
        """For a sample of that share of the planned one."""
        return self.model_copy(update={"after": _scaled(self.after, share)})


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

    def can_fire(self, claim: float, older: "Older") -> bool:
        """Whether it could, were every message lost."""
        return min(self.among, older(self.within_s)) >= self.count

    def scaled(self, share: float) -> "Losses":
        """For a sample of that share of the planned one, just as strict."""
        among = _scaled(self.among, share)
        return self.model_copy(
            update={"among": among, "count": math.ceil(self.count * among / self.among)}
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

    def can_fire(self, claim: float, older: "Older") -> bool:
        """Whether it could, were every message lost."""
        return self.rejects(claim, 0, older(self.within_s))

    def scaled(self, share: float) -> "Sequential":
        """The same: it counts for itself."""
        return self

    @property
    def wording(self) -> Bilingual:
        return Bilingual(
            zh=f"序贯检验：数据明显更像 {self.against:.0%} 而不是所称值时即停",
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


Older = Callable[[float], int]
"""How many messages left at least so many seconds before the last one, at most."""

Rule = Literal["missing", "losses", "sequential"]

LEAST = 10  # messages: a rule scaled further would stop for what chance brings

_TOO_LATE = Bilingual(
    zh="本次不会提前停止（声明的规则还没轮到就已发完），约束只有条数和费用",
    en="this test cannot stop early (all has left before the declared rule could say so);"
    " count and cost are its bounds",
)
_LEFT_OUT = Bilingual(
    zh="{said}（{rules}在本次来不及起作用，略去）",
    en="{said} (left out, because it cannot take effect in this test: {rules})",
)
_NAMES = {
    "missing": Bilingual(zh="缺回执规则", en="the rule on missing receipts"),
    "losses": Bilingual(zh="丢失规则", en="the rule on losses"),
    "sequential": Bilingual(zh="序贯检验", en="the sequential test"),
}


def _scaled(count: int, share: float) -> int:
    return count if share >= 1 else max(min(count, LEAST), round(count * share))


class StopRule(Content):
    """When to stop early, declared before the first message; at least one of the three.

    `idle` are those of them that cannot fire in the plan they belong to, however bad it gets: all
    messages have left before they could. It is filled in when the plan is settled.
    """

    missing: Missing | None = None
    losses: Losses | None = None
    sequential: Sequential | None = None
    idle: tuple[Rule, ...] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.missing or self.losses or self.sequential):
            raise ValueError("a stop rule names missing, losses or sequential")
        return self

    @property
    def rules(self) -> dict[Rule, Missing | Losses | Sequential]:
        """Those there are, by name."""
        named: dict[Rule, Missing | Losses | Sequential | None] = {
            "missing": self.missing,
            "losses": self.losses,
            "sequential": self.sequential,
        }
        return {name: rule for name, rule in named.items() if rule is not None}

    def fitted(self, claim: float, older: Older) -> Self:
        """With those that cannot fire noted as `idle`."""
        idle = (name for name, rule in self.rules.items() if not rule.can_fire(claim, older))
        return self.model_copy(update={"idle": tuple(idle)})

    def scaled(self, share: float) -> Self:
        """For a sample of that share of the planned one."""
        return self.model_copy(
            update={name: rule.scaled(share) for name, rule in self.rules.items()}
        )

    def fired(self, claim: float, seen: Seen) -> Rule | None:
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
        """The rule as it is shown before the test is confirmed: what can take effect."""
        parts = [rule.wording for name, rule in self.rules.items() if name not in self.idle]
        said = Bilingual(zh="；".join(each.zh for each in parts), en="; ".join(e.en for e in parts))
        idle = [_NAMES[name] for name in self.idle]
        if not idle:
            return said
        frame = _LEFT_OUT if parts else _TOO_LATE
        return Bilingual(
            zh=frame.zh.format(said=said.zh, rules="、".join(each.zh for each in idle)),
            en=frame.en.format(said=said.en, rules=", ".join(each.en for each in idle)),
        )

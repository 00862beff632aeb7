"""What one send test will do: how many messages, how fast, to whom, at what cost, when to stop."""

import math
import random
from dataclasses import dataclass
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from evaluators.content import Bilingual, Content
from evaluators.statistics import sprt

MessageKind = Literal["otp", "notice", "marketing"]

# Unknown at the end of the observation window counts as not arrived (decision 2.23).
WINDOWS: dict[str, float] = {"otp": 300, "notice": 1_800, "marketing": 86_400}
# Latency limits where the buyer's own are not set (decision 2.5): p95 and p99, seconds.
P95_LIMITS: dict[str, float] = {"otp": 10, "notice": 60, "marketing": 900}
P99_LIMITS: dict[str, float | None] = {"otp": 30, "notice": 300, "marketing": None}

PLACE = "{token}"
TOKEN_LENGTH = 6
# Without 0 O, 1 I L, 2 Z, 5 S and 8 B: a token is compared by eye when a handset is checked.
ALPHABET = "34679ACDEFGHJKMNPQRTUVWXY"

SINGLE, PART, LONGEST = 70, 67, 500  # characters; the strictest documented maximum


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
    """Stop when Wald's sequential test of `claim` against `against` rejects the claim."""

    against: float = Field(gt=0, lt=1)
    within_s: float = Field(gt=0)
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    beta: float = Field(default=0.05, gt=0, lt=0.5)

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
        rule = self.sequential
        if rule and rule.against < claim < 1:
            test = sprt(claim, rule.against, rule.alpha, rule.beta)
            if test.ratio(seen.arrived, seen.lost) >= test.upper:
                return "sequential"
        return None

    @property
    def wording(self) -> Bilingual:
        """The rule as it is shown before the test is confirmed."""
        parts = [part.wording for part in (self.missing, self.losses, self.sequential) if part]
        zh, en = ";".join(part.zh for part in parts), "; ".join(part.en for part in parts)
        return Bilingual(zh=zh, en=en)


class Caps(Content):
    """Limits this plan may not pass: messages, messages per second, CNY."""

    count: int = Field(ge=1)
    rate: float = Field(gt=0)
    cost: float = Field(ge=0)


def _by_kind(table: dict[str, Any]) -> Any:
    return lambda data: table.get(data.get("kind", ""))


class Plan(Content):
    """One send test. Rates are messages per second, times seconds, money CNY per segment.

    `window_s` is how long receipts and handsets are watched after the last message; by default it
    follows the message kind. `claim` is the delivery rate the vendor claims, `against` the rate
    worth telling from it. `panel` names the allow-listed numbers, `numbers` narrows it to some
    of their ids, `source` is the sender number asked for. `connection` is the vendor's connection;
    `throttled` holds the status values that mean "slow down" on its protocol. `controls` are the
    ids of numbers known to be dead, which an honest route reports as failed. Without a price the
    cost is unknown.
    """

    test: str = "arrival"
    connection: str | None = None
    kind: MessageKind = "notice"
    count: int = Field(default=1_000, ge=1)
    rate: float = Field(gt=0)
    window_s: float = Field(default_factory=_by_kind(WINDOWS), gt=0)
    p95_s: float = Field(default_factory=_by_kind(P95_LIMITS), gt=0)
    p99_s: float | None = Field(default_factory=_by_kind(P99_LIMITS))
    text: str
    signature: str = ""
    claim: float = Field(gt=0, le=1)
    against: float | None = Field(default=None, gt=0, lt=1)
    price: float | None = Field(default=None, ge=0)
    stop: StopRule | None = None
    caps: Caps
    panel: str = "listed"
    numbers: tuple[int, ...] = ()
    controls: tuple[int, ...] = ()
    source: str = ""
    throttled: tuple[int, ...] = (0x14, 0x58)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.text.count(PLACE) != 1:
            raise ValueError("text holds {token} exactly once")
        if self.against is not None and self.against >= self.claim:
            raise ValueError("against is below the claim")
        return self

    @property
    def send_s(self) -> float:
        """Seconds from the first message due to the last."""
        return (self.count - 1) / self.rate

    @property
    def duration_s(self) -> float:
        """Seconds from the first message due to the end of the observation window."""
        return self.send_s + self.window_s


def render(plan: Plan, token: str) -> str:
    """The full text of one message, signature in 【】 first."""
    head = f"【{plan.signature}】" if plan.signature else ""
    return head + plan.text.replace(PLACE, token)


def length(text: str) -> int:
    """Characters as billed: UTF-16 units, so that an emoji counts as two."""
    return len(text.encode("utf-16-be")) // 2


def segments(text: str) -> int:
    """Billed parts of a full text, signature included: one up to 70 characters, then 67 each."""
    units = length(text)
    return 1 if units <= SINGLE else math.ceil(units / PART)


def cost(plan: Plan) -> float | None:
    """CNY for all messages, every one billed in full: the most it can cost. None: no price."""
    if plan.price is None:
        return None
    parts = segments(render(plan, ALPHABET[0] * TOKEN_LENGTH))
    return round(plan.count * parts * plan.price, 6)


def tokens(count: int, rng: random.Random) -> tuple[str, ...]:
    """As many different tokens, six characters each, in the order of the messages."""
    made: dict[str, None] = {}
    while len(made) < count:
        made["".join(rng.choices(ALPHABET, k=TOKEN_LENGTH))] = None
    return tuple(made)

"""What one send test will do: how many messages, how fast, to whom, at what cost, when to stop."""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from evaluators.content import Bilingual, Content, read
from evaluators.errors import ContentError
from evaluators.sending.fields import PLACE as PLACE
from evaluators.sending.fields import (
    Line,
    PanelName,
    Price,
    Rate,
    Sender,
    Signature,
    Slowing,
    Text,
    Zone,
)
from evaluators.sending.lengths import LONGEST as LONGEST
from evaluators.sending.lengths import PART, Variant
from evaluators.sending.lengths import length as length
from evaluators.sending.lengths import segments as segments
from evaluators.sending.limits import Caps as Caps
from evaluators.sending.limits import MessageKind as MessageKind
from evaluators.sending.limits import TimeOfDay
from evaluators.sending.stopping import Losses as Losses
from evaluators.sending.stopping import Missing as Missing
from evaluators.sending.stopping import Seen as Seen
from evaluators.sending.stopping import Sequential as Sequential
from evaluators.sending.stopping import StopRule as StopRule
from evaluators.sending.tokens import ALPHABET as ALPHABET
from evaluators.sending.tokens import TOKEN_LENGTH as TOKEN_LENGTH

# Unknown at the end of the observation window counts as not arrived (decision 2.23).
WINDOWS: dict[str, float] = {"otp": 300, "notice": 1_800, "marketing": 86_400}
# Latency limits where the buyer's own are not set (decision 2.5): p95 and p99, seconds.
P95_LIMITS: dict[str, float] = {"otp": 10, "notice": 60, "marketing": 900}
P99_LIMITS: dict[str, float | None] = {"otp": 30, "notice": 300, "marketing": None}

Trait = Literal["carrier", "ported", "region", "country", "announced"]
"""What numbers differ in, for whom a phase texts and for taking them in turn."""

Segment = Literal["carrier", "ported", "region", "country", "announced", "phase", "variant"]
"""What a run's messages can be told apart by when it is judged."""

Asks = Literal["rate", "works"]
"""What a test is about: a delivery rate, or whether each of a few messages arrives unchanged."""

DAY_S = 86_400
LONGEST_WINDOW_S = 14 * DAY_S
_NAME = r"^[a-z0-9-]+$"


class Only(Content):
    """Which listed numbers a phase texts; what is left out makes no difference.

    Carriers, regions and countries are any of those named; without a country, domestic ones.
    """

    carrier: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    country: tuple[str, ...] = ("CN",)
    ported: bool | None = None
    announced: bool | None = None
    watched: bool | None = None


class Phase(Content):
    """`count` messages at `rate` per second, following the phase before it without a break.

    Unless it waits: `after_s` seconds after the one before has ended, or until the next time it
    is `at` o'clock in the plan's zone (`peak`: the company's own busiest time). `turns` are the
    traits whose values take turns, so that each gets as many messages as the others, at the same
    time. `dead` of its messages go to numbers known to be dead, spread evenly among the others.
    """

    name: str = Field(pattern=_NAME)
    title: Bilingual | None = None
    count: int = Field(ge=1)
    rate: Rate
    after_s: float = Field(default=0, ge=0)
    at: TimeOfDay | Literal["peak"] | None = None
    variant: str = ""
    only: Only = Only()
    turns: tuple[Trait, ...] = ("carrier",)
    dead: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.at is not None and self.after_s:
            raise ValueError("a phase waits for a time of day or for seconds, not both")
        if self.dead > self.count:
            raise ValueError("dead is not above count")
        return self

    @property
    def lasts_s(self) -> float:
        """Seconds until the phase after it may begin."""
        return self.count / self.rate


class Replies(Content):
    """The owners of the handsets answer `word` to the phase `to`; `then` must not reach them.

    The vendor has `within_s` seconds from the reply to put it into effect.
    """

    word: str = "R"
    to: str = Field(pattern=_NAME)
    then: str = Field(pattern=_NAME)
    within_s: float = Field(gt=0)


class Drift(Content):
    """Whether quality changes over a long run: looked at in slices of `every_s` seconds.

    A stall is a gap without any arrival longer than `stall_s`.
    """

    every_s: float = Field(default=3_600, gt=0)
    stall_s: float = Field(gt=0)


def _by_kind(table: dict[str, Any]) -> Any:
    return lambda data: table.get(data.get("kind", ""))


class Plan(Content):
    """One send test. Rates are messages per second, times seconds, money CNY per segment.

    What it is: `test` is its name, `title` and `proves` say so to people, `needs` what must be
    there before. `after` names the test that has to have gone well on this connection before.

    What is sent: `count` messages at `rate`, or the `phases` one after the other, which then give
    count and highest rate. `text` is the message, `variants` further ones that phases may name.
    `panel` names the allow-listed numbers, `numbers` narrows it to some of their ids. `controls`
    are the ids of numbers known to be dead, which an honest route reports as failed; `announced`
    those named to the vendor beforehand: both as they were when the test was confirmed.
    `connection` is the vendor's connection; with `paired`, `pair` is the other vendor's, which gets
    the same messages to the same numbers in the same minutes. `source` is the sender number asked
    for, `shown` how the one shown must begin. `throttled` holds the status values that mean "slow
    down" on its protocol, `part` how many characters each part of a long text has there. Without
    a price the cost is unknown.

    How it is judged: `asks` says whether it is about a rate or only whether things work, message
    by message. `window_s` is how long receipts and handsets are watched after the last message; by
    default it follows the message kind. `claim` is the delivery rate the vendor claims, `against`
    the rate worth telling from it. `declared` are the comparisons announced beforehand; all others
    are exploratory. `marks` are what people may note while it runs.
    """

    test: Line = "arrival"
    asks: Asks = "rate"
    title: Bilingual | None = None
    proves: Bilingual | None = None
    needs: Bilingual | None = None
    after: str = ""
    connection: str | None = None
    paired: bool = False
    pair: str | None = None
    kind: MessageKind = "notice"
    count: int = Field(default=1_000, ge=1)
    rate: Rate
    phases: tuple[Phase, ...] = ()
    timezone: Zone | None = None
    window_s: float = Field(default_factory=_by_kind(WINDOWS), gt=0, le=LONGEST_WINDOW_S)
    p95_s: float = Field(default_factory=_by_kind(P95_LIMITS), gt=0)
    p99_s: float | None = Field(default_factory=_by_kind(P99_LIMITS))
    text: Text
    variants: Mapping[str, Variant] = Field(default={})
    signature: Signature = ""
    claim: float = Field(gt=0, le=1)
    against: float | None = Field(default=None, gt=0, lt=1)
    declared: tuple[Segment, ...] = ()
    price: Price | None = None
    stop: StopRule | None = None
    caps: Caps
    panel: PanelName = "listed"
    numbers: tuple[int, ...] = ()
    controls: tuple[int, ...] = ()
    announced: tuple[int, ...] = ()
    source: Sender = ""
    shown: Line = ""
    throttled: tuple[Slowing, ...] = (0x14, 0x58)
    part: int = Field(default=PART, ge=1, le=PART)
    marks: tuple[str, ...] = ()
    replies: Replies | None = None
    drift: Drift | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_phases(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not data.get("phases"):
            return data
        phases = [Phase.model_validate(phase) for phase in data["phases"]]
        rate = max(phase.rate for phase in phases)
        return {"count": sum(phase.count for phase in phases), "rate": rate} | data

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.against is not None and self.against >= self.claim:
            raise ValueError("against is below the claim")
        for problem in _phase_problems(self):
            raise ValueError(problem)
        for name in self.variants:
            render(self, ALPHABET[0] * TOKEN_LENGTH, name)
        return self

    @property
    def stages(self) -> tuple[Phase, ...]:
        """The phases, or the one that count and rate make."""
        return self.phases or (Phase(name="all", count=self.count, rate=self.rate),)

    @property
    def send_s(self) -> float:
        """Seconds from the first message due to the last; at most, where phases wait for a time."""
        waits = sum(phase.after_s if phase.at is None else DAY_S for phase in self.stages[1:])
        before, last = self.stages[:-1], self.stages[-1]
        return waits + sum(phase.lasts_s for phase in before) + (last.count - 1) / last.rate

    @property
    def duration_s(self) -> float:
        """Seconds from the first message due to the end of the observation window."""
        return self.send_s + self.window_s


def _phase_problems(plan: Plan) -> Iterator[str]:
    names = [phase.name for phase in plan.phases]
    if len(set(names)) < len(names):
        yield "each phase has its own name"
    if any(phase.variant not in {"", *plan.variants} for phase in plan.phases):
        yield "a phase names a variant there is not"
    if plan.phases and plan.count != sum(phase.count for phase in plan.phases):
        yield "count is the sum of the phases; see fit()"
    if plan.replies and not {plan.replies.to, plan.replies.then} <= set(names):
        yield "replies name a phase there is not"


def load(path: Path) -> Plan:
    """Read one plan file; the test is called as its file is."""
    plan = read(path, Plan)
    if plan.test != path.stem:
        raise ContentError(path, 1, f"test: {plan.test!r} is not the file's name")
    return plan


def load_all(folder: Path) -> dict[str, Plan]:
    """All plans by the name of their test."""
    return {path.stem: load(path) for path in sorted(folder.glob("*.yaml"))}


def fit(plan: Plan, *, count: int | None = None, rate: float | None = None) -> Plan:
    """The plan with about `count` messages, and no faster than `rate`.

    Phases keep their proportions, each with at least one message; the stop rule keeps its own.
    """
    changes: dict[str, Any] = {"rate": min(plan.rate, rate or plan.rate)}
    if plan.stop is not None and count is not None:
        changes["stop"] = plan.stop.scaled(count / plan.count)
    if not plan.phases:
        changes["count"] = count or plan.count
        return Plan.model_validate(plan.model_dump() | changes)
    share = (count or plan.count) / plan.count
    phases = []
    for phase in plan.phases:
        scaled = max(1, round(phase.count * share))
        dead = min(scaled, math.ceil(phase.dead * share))
        fitted = {"count": scaled, "rate": min(phase.rate, changes["rate"]), "dead": dead}
        phases.append(phase.model_copy(update=fitted))
    return _with_phases(plan, phases, stop=changes.get("stop", plan.stop))


def _with_phases(plan: Plan, phases: Sequence[Phase], **changes: Any) -> Plan:
    if phases:
        changes["count"] = sum(phase.count for phase in phases)
        changes["rate"] = max(phase.rate for phase in phases)
    return Plan.model_validate(plan.model_dump() | {"phases": phases} | changes)


def settle(plan: Plan, now: datetime, *, timezone: str, peak: time | None = None) -> Plan:
    """The plan as it can be timed: the peak is a time of day, phases at one come as they follow.

    Where the plan names no zone of its own, times of day are in `timezone`. Its stop rule notes
    which of its parts cannot take effect in it.

    Without a known peak, or where another phase has that time, its phase is left out. Phases that
    all wait for a time of day are put in the order in which those times come after `now` (aware).
    """
    timezone = plan.timezone or timezone
    local = now.astimezone(ZoneInfo(timezone))
    phases = []
    for phase in plan.phases:
        if phase.at == "peak":
            if peak is None or any(other.at == peak for other in plan.phases):
                continue
            phase = phase.model_copy(update={"at": peak})
        phases.append(phase)
    if phases and all(phase.at is not None for phase in phases):
        phases.sort(key=lambda phase: occurs(phase.at, local))  # type: ignore[arg-type]
    settled = _with_phases(plan, phases, timezone=timezone)
    if settled.stop is None:
        return settled
    stop = settled.stop.fitted(settled.claim, partial(left_before, settled))
    return settled.model_copy(update={"stop": stop})


def left_before(plan: Plan, seconds: float) -> int:
    """How many messages leave at least so many seconds before the last one is due.

    A phase that waits for a time of day is taken to wait long enough for everything before it.
    """
    left, later_s, gap_s = plan.count, seconds, 0.0
    for phase in reversed(plan.stages):
        later_s -= gap_s + (1 / phase.rate if left < plan.count else 0)
        if later_s <= 0:
            return left
        if later_s <= (lasts_s := (phase.count - 1) / phase.rate):
            return left - math.ceil(round(later_s * phase.rate, 6))
        left, later_s = left - phase.count, later_s - lasts_s
        gap_s = DAY_S if phase.at is not None else phase.after_s
    return 0


def occurs(at: time, after: datetime) -> datetime:
    """The first time it is `at` o'clock at or after that moment, in that moment's zone."""
    found = after.replace(hour=at.hour, minute=at.minute, second=at.second, microsecond=0)
    return found if found >= after else found + timedelta(days=1)


def render(plan: Plan, token: str, variant: str = "") -> str:
    """The full text of one message, signature in 【】 first."""
    if variant:
        return plan.variants[variant].full(plan.signature, token)
    head = f"【{plan.signature}】" if plan.signature else ""
    return head + plan.text.replace(PLACE, token)


def cost(plan: Plan) -> float | None:
    """CNY for all messages, every one billed in full: the most it can cost. None: no price."""
    if plan.price is None:
        return None
    parts = sum(phase.count * parts_of(plan, phase.variant) for phase in plan.stages)
    return round(parts * plan.price, 6)


def parts_of(plan: Plan, variant: str = "") -> int:
    """Billed parts of one message."""
    return segments(render(plan, ALPHABET[0] * TOKEN_LENGTH, variant), plan.part)

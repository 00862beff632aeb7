"""One vendor's scorecard: gates first, then score intervals by dimension, then a decision.

Follows the mission's scoring model (7.1 to 7.3). What keeps it honest, each a test: a claimed
"yes" raises no lower end; a contradicted claim raises nothing; more data with the same share
narrow; "not applicable" without a reason changes nothing; a failed gate is not outweighed; order
and language change nothing; evidence that runs out never raises anything; and the same inputs
give the same hash. "Recommended" is what the evidence allows: the signatures of the three
departments on a frozen scorecard are collected elsewhere.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from math import fsum
from typing import Any, Literal, Protocol

from evaluators.checklist import Applies, Checklist, Dimension, Item
from evaluators.claims import Tested, credibility, outcomes
from evaluators.evidence import Level
from evaluators.findings import Finding, Standing, standing
from evaluators.gates import STAGES, Gate, Waiver, forged, gate, is_gate, stages, waived
from evaluators.policy import Policy
from evaluators.sending.reasons import Reason, both, reason

__all__ = [
    "Dimensions",
    "Finding",
    "OpenPoint",
    "Profile",
    "Range",
    "Removed",
    "Scorecard",
    "Waiver",
    "score",
]

WORDINGS = {
    "gates_failed": both(
        "{count} 项否决项不通过。", "{count} knock-out check(s) failed."
    ),
    "out_of_reach": both(
        "即使其余都最好,总分也只有 {high:.0f},达不到 {needed:.0f}。",
        "Even at best the total is {high:.0f} and does not reach {needed:.0f}.",
    ),
    "gates_unknown": both(
        "{count} 项否决项还没有足够证据。", "{count} knock-out check(s) still lack evidence."
    ),
    "unanswered": both(
        "还有 {share:.0%} 的权重没有回答。", "{share:.0%} of the weight is still unanswered."
    ),
    "not_yet": both(
        "按目前证据总分 {centre:.0f},低于 {needed:.0f};补充证据后再判定。",
        "On the evidence so far the total is {centre:.0f}, below {needed:.0f}; gather more first.",
    ),
    "contradicted": both(
        "{count} 项宣称与实测不符,须先说明。",
        "{count} claim(s) disagree with our tests and need explaining first.",
    ),
    "waived": both(
        "{count} 项否决项靠豁免通过,须履行补偿措施。",
        "{count} knock-out check(s) are waived; what makes up for them has to be done.",
    ),
    "below": both(
        "否决项全部通过;总分 {centre:.0f}(下限 {low:.0f}),尚未达到推荐线。",
        "All knock-outs passed; the total of {centre:.0f} (at least {low:.0f}) is below the line"
        " for a recommendation.",
    ),
    "recommended": both(
        "否决项全部通过,总分至少 {low:.0f};仍需三个部门签署。",
        "All knock-outs passed and the total is at least {low:.0f}; three departments still sign.",
    ),
}  # fmt: skip

DecisionWord = Literal["recommended", "conditional", "gathering", "rejected"]
Why = Literal["gate", "unanswered", "claimed", "documented", "expired", "contradicted", "uncertain"]


class Profile(Protocol):
    """What the company needs: its message kinds, and which items apply to it."""

    @property
    def kinds(self) -> tuple[str, ...]: ...

    def has(self, needs: Applies) -> bool: ...


@dataclass(frozen=True)
class Range:
    """A score out of 100 with both its ends."""

    low: float
    centre: float
    high: float


@dataclass(frozen=True)
class Dimensions:
    """One dimension: its share of the total (out of 100, after removals), and its score."""

    id: Dimension
    weight: float
    score: Range
    items: tuple[str, ...]


@dataclass(frozen=True)
class OpenPoint:
    """Something still open, with the points of the total it could move (0 for a gate)."""

    item_id: str
    why: Why
    points: float
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Removed:
    """An item left out of the denominator, with the reason given and by which answer."""

    item_id: str
    reason: str
    source: str


@dataclass(frozen=True)
class Scorecard:
    """The result for one vendor. `rows` holds where every weighted item stands, with sources."""

    decision: DecisionWord
    because: Reason
    gates: tuple[Gate, ...]
    dimensions: tuple[Dimensions, ...]
    total: Range
    rows: tuple[Standing, ...]
    open_points: tuple[OpenPoint, ...]
    contradictions: tuple[Tested, ...]
    credibility: float
    removed: tuple[Removed, ...]
    weights: Mapping[Dimension, float]
    day: date
    hash: str


def score(
    checklist: Checklist,
    findings: Sequence[Finding],
    policy: Policy,
    *,
    profile: Profile,
    now: datetime,
    waivers: Sequence[Waiver] = (),
) -> Scorecard:
    """Score one vendor from the findings in force; order of findings and items does not matter."""
    case = _Case(checklist, findings, policy, profile=profile, today=now.date())
    results = outcomes(case.items, case.findings)
    stands = case.stands(credibility(results))
    gates = tuple(waived(each, waivers, case.today) for each in case.gates(stands))
    rows = [stands[i] for i, item in case.items.items() if not is_gate(item, policy)]
    counted = [row for row in rows if not row.not_applicable]
    weights = policy.weights_for(profile.kinds)
    dimensions = _dimensions(case.items, counted, weights)
    total = _total(dimensions)
    contradicted = tuple(each for each in results if each.outcome == "contradicted")
    decision, because = _decision(
        gates,
        total,
        policy,
        unanswered=_unanswered(case.items, counted, dimensions),
        contradicted=len(contradicted),
    )
    return Scorecard(
        decision=decision,
        because=because,
        gates=gates,
        dimensions=dimensions,
        total=total,
        rows=tuple(rows),
        open_points=(
            *(OpenPoint(g.item_id, "gate", 0.0, g.sources) for g in gates if g.state == "unknown"),
            *_open_points(case.items, counted, dimensions, contradicted),
        ),
        contradictions=contradicted,
        credibility=credibility(results),
        removed=_removed(rows),
        weights=weights,
        day=case.today,
        hash=_hash(checklist, case, policy, waivers),
    )


class _Case:
    """The inputs, put into one order, with only the items that apply."""

    def __init__(
        self,
        checklist: Checklist,
        findings: Sequence[Finding],
        policy: Policy,
        *,
        profile: Profile,
        today: date,
    ) -> None:
        self.policy, self.profile, self.today = policy, profile, today
        chosen = sorted(checklist.items(), key=lambda item: item.id)
        self.items = {item.id: item for item in chosen if profile.has(item.applies)}
        ordered = sorted(findings, key=lambda found: json.dumps(_plain(found), default=str))
        self.findings = [found for found in ordered if found.item_id in self.items]

    def stands(self, trust: float) -> dict[str, Standing]:
        about: dict[str, list[Finding]] = {item_id: [] for item_id in self.items}
        for found in self.findings:
            about[found.item_id].append(found)
        return {
            i: standing(item, about[i], self.policy, credibility=trust, today=self.today)
            for i, item in self.items.items()
        }

    def gates(self, stands: Mapping[str, Standing]) -> Iterable[Gate]:
        for item_id, item in self.items.items():
            if STAGES in item.measured_by:
                yield stages(item, self.items, self.findings, self.policy, today=self.today)
            elif is_gate(item, self.policy):
                yield gate(item, stands[item_id], self.policy)
            elif item.gate == "forged":
                failed = forged(item, self.findings)
                if failed:
                    yield failed


def _weighted(items: Mapping[str, Item], rows: Iterable[Standing], end: str) -> float:
    return fsum((items[row.item_id].weight or 0) * float(getattr(row, end)) for row in rows)


def _dimensions(
    items: Mapping[str, Item], counted: Sequence[Standing], weights: Mapping[Dimension, float]
) -> tuple[Dimensions, ...]:
    """Dimensions with at least one item left; the weight of an empty one is spread over them."""
    made: dict[Dimension, list[Standing]] = {}
    for row in counted:
        made.setdefault(items[row.item_id].dimension, []).append(row)
    present = {name: weights.get(name, 0.0) for name in sorted(made)}
    whole = fsum(present.values()) or 1.0
    table = []
    for name, share in present.items():
        weight = fsum(items[row.item_id].weight or 0 for row in made[name])
        ends = (100 * _weighted(items, made[name], end) / weight for end in _ENDS)
        ids = tuple(row.item_id for row in made[name])
        table.append(Dimensions(name, 100 * share / whole, Range(*ends), ids))
    return tuple(table)


_ENDS = ("low", "centre", "high")


def _total(dimensions: Sequence[Dimensions]) -> Range:
    sums = (fsum(d.weight * float(getattr(d.score, end)) for d in dimensions) for end in _ENDS)
    return Range(*(each / 100 for each in sums)) if dimensions else Range(0.0, 0.0, 100.0)


def _points(items: Mapping[str, Item], row: Standing, dimensions: Sequence[Dimensions]) -> float:
    """Points of the total this item is worth in full."""
    home = next(d for d in dimensions if d.id == items[row.item_id].dimension)
    weight = fsum(items[item_id].weight or 0 for item_id in home.items)
    return home.weight * (items[row.item_id].weight or 0) / weight


def _open_points(
    items: Mapping[str, Item],
    counted: Sequence[Standing],
    dimensions: Sequence[Dimensions],
    contradicted: Sequence[Tested],
) -> list[OpenPoint]:
    """What could move the total most comes first."""
    disputed = {each.item_id for each in contradicted}
    points = []
    for row in counted:
        why = _why(row, row.item_id in disputed)
        if why:
            worth = _points(items, row, dimensions) * row.width
            points.append(OpenPoint(row.item_id, why, worth, row.sources))
    return sorted(points, key=lambda point: (-point.points, point.item_id))


def _why(row: Standing, disputed: bool) -> Why | None:
    if disputed:
        return "contradicted"
    if row.expired:
        return "expired"
    if row.level == Level.NONE:
        return "unanswered"
    if row.level == Level.CLAIMED and row.width > 0:
        return "claimed"
    if row.level == Level.DOCUMENTED and row.width > 0:
        return "documented"
    return "uncertain" if row.level == Level.MEASURED and row.width > 0 else None


def _unanswered(
    items: Mapping[str, Item], counted: Sequence[Standing], dimensions: Sequence[Dimensions]
) -> float:
    """Share of the total's weight that nobody has answered."""
    missing = (row for row in counted if not row.scored)
    return fsum(_points(items, row, dimensions) for row in missing) / 100


def _removed(rows: Iterable[Standing]) -> tuple[Removed, ...]:
    return tuple(
        Removed(row.item_id, row.not_applicable, row.sources[0])
        for row in rows
        if row.not_applicable
    )


def _decision(
    gates: Sequence[Gate], total: Range, policy: Policy, *, unanswered: float, contradicted: int
) -> tuple[DecisionWord, Reason]:
    """Gates decide first; then whether enough is known; then how good it is."""
    rules, waived_gates = policy.decision, _count(gates, "waived")
    early = _rejected(gates, total, policy) or _gathering(gates, total, policy, unanswered)
    if early:
        return early
    if contradicted:
        return "conditional", _say("contradicted", count=contradicted)
    if waived_gates:
        return "conditional", _say("waived", count=waived_gates)
    if total.low < rules.recommended_low or total.centre < rules.recommended_centre:
        return "conditional", _say("below", low=total.low, centre=total.centre)
    return "recommended", _say("recommended", low=total.low)


def _rejected(
    gates: Sequence[Gate], total: Range, policy: Policy
) -> tuple[DecisionWord, Reason] | None:
    failed, needed = _count(gates, "fail"), policy.decision.conditional_centre
    if failed:
        return "rejected", _say("gates_failed", count=failed)
    if total.high < needed:
        return "rejected", _say("out_of_reach", high=total.high, needed=needed)
    return None


def _gathering(
    gates: Sequence[Gate], total: Range, policy: Policy, unanswered: float
) -> tuple[DecisionWord, Reason] | None:
    unknown, rules = _count(gates, "unknown"), policy.decision
    if unknown:
        return "gathering", _say("gates_unknown", count=unknown)
    if unanswered > rules.unanswered_share:
        return "gathering", _say("unanswered", share=unanswered)
    if total.centre < rules.conditional_centre:
        return "gathering", _say("not_yet", centre=total.centre, needed=rules.conditional_centre)
    return None


def _count(gates: Sequence[Gate], state: str) -> int:
    return sum(each.state == state for each in gates)


def _say(key: str, **params: float | int | str) -> Reason:
    return reason(WORDINGS, key, **params)


def _plain(found: Finding) -> dict[str, Any]:
    return asdict(found) | {"shows": sorted(found.shows)}


def _hash(checklist: Checklist, case: _Case, policy: Policy, waivers: Sequence[Waiver]) -> str:
    """SHA-256 of everything the result depends on; people's languages and orders do not count."""
    inputs = {
        "checklist": checklist.version,
        "items": [item.model_dump(mode="json") for item in case.items.values()],
        "findings": [_plain(found) for found in case.findings],
        "policy": policy.model_dump(mode="json"),
        "kinds": sorted(case.profile.kinds),
        "waivers": sorted(json.dumps(asdict(w), default=str) for w in waivers),
        "day": case.today.isoformat(),
    }
    return hashlib.sha256(json.dumps(inputs, sort_keys=True, default=str).encode()).hexdigest()

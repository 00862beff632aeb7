"""What a vendor said against what was measured, and how far its word can be trusted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from evaluators.answers import satisfaction
from evaluators.checklist import Item
from evaluators.evidence import Level
from evaluators.findings import Finding, worth_between
from evaluators.statistics import Interval

Outcome = Literal["confirmed", "contradicted", "open"]

SLACK = 1e-9


@dataclass(frozen=True)
class Tested:
    """One item of which a claim was tested: the claim that fared worst, and the test."""

    item_id: str
    outcome: Outcome
    claim: Finding
    measured: Finding


def outcome(item: Item, claim: Finding, measured: Finding) -> Outcome:
    """How a claim fares against a measurement of the same item.

    `contradicted`: the claim lies outside the measured interval on its good side. `confirmed`: even
    the bad end of the interval satisfies the item as far as the claim does. Otherwise the test
    leaves it `open`, and it counts for nothing: a test too small to tell must not earn trust.
    """
    claimed = satisfaction(item, claim.choice, claim.value)
    if claimed is None or claimed <= 0:
        return "open"
    low, high = worth_between(item, measured)
    if claimed > high + SLACK or _beyond(item, claim, measured):
        return "contradicted"
    return "confirmed" if low >= claimed - SLACK else "open"


def _beyond(item: Item, claim: Finding, measured: Finding) -> bool:
    """Whether the claimed number itself is better than anything in the measured interval."""
    points = item.value.points if item.value else ()
    if len(points) < 2 or not isinstance(claim.value, int | float):
        return False
    interval = measured.interval
    if interval is None and isinstance(measured.value, int | float):
        interval = Interval(measured.value, measured.value)
    if interval is None:
        return False
    more_is_better = points[-1][1] > points[0][1]
    return claim.value > interval.high if more_is_better else claim.value < interval.low


def outcomes(items: Mapping[str, Item], findings: Iterable[Finding]) -> tuple[Tested, ...]:
    """Every item with both a claim (or paper) and a measurement; one outcome per item, by item id.

    Expired measurements count too: a contradiction does not lapse with the test that showed it.
    """
    by_item: dict[str, list[Finding]] = {}
    for found in findings:
        by_item.setdefault(found.item_id, []).append(found)
    made = (_worst(items[i], found) for i, found in sorted(by_item.items()) if i in items)
    return tuple(each for each in made if each is not None)


def _worst(item: Item, findings: Sequence[Finding]) -> Tested | None:
    tests = [found for found in findings if found.level == Level.MEASURED]
    claims = [f for f in findings if f.level in {Level.CLAIMED, Level.DOCUMENTED}]
    if not tests or not claims:
        return None
    newest = max(tests, key=lambda found: (found.at, found.source))
    order: tuple[Outcome, ...] = ("contradicted", "confirmed", "open")
    fates = [(order.index(outcome(item, claim, newest)), claim.source, claim) for claim in claims]
    rank, _, claim = min(fates, key=lambda each: each[:2])
    return Tested(item.id, order[rank], claim, newest)


def credibility(results: Iterable[Tested]) -> float:
    """(confirmed + 1) / (tested + 2): one half before anything was tested."""
    decided = [each.outcome for each in results if each.outcome != "open"]
    return (decided.count("confirmed") + 1) / (len(decided) + 2)

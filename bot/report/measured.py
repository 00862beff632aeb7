"""What a run measured, by the names the checklist uses, and the answers that follow from it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.dialogue.case import Given
from evaluators.checklist import Checklist, Choice, Item
from evaluators.evidence import Level
from evaluators.receipts import Dictionary
from evaluators.sending.metrics import Metrics, Share
from evaluators.sending.plan import Plan
from evaluators.sending.reasons import Reason
from evaluators.sending.verdict import Verdict
from evaluators.statistics import Percentile

PERCENT, MILLI = 100, 1000
COUNTS = frozenset({"slots.count"})
"""Measures whose figure is itself what a question about a number asks for."""


@dataclass(frozen=True)
class Measure:
    """A value in the item's stored unit (percent, seconds, CNY), with the ends of its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Finished:
    """A run that has come to its end: what was planned, what was counted, what it proves.

    `conclusions` is what it answers beyond the verdict, the plan's own question first.
    """

    run_id: int
    plan: Plan
    metrics: Metrics
    verdict: Verdict
    conclusions: tuple[Reason, ...] = ()
    dictionary: Dictionary | None = None  # of receipt codes, as it was when this was judged


def answers(
    finished: Finished,
    checklist: Checklist,
    now: datetime,
    more: Mapping[str, Measure] | None = None,
) -> list[Given]:
    """A measured answer for every item that one of the run's measures settles.

    `more` are measures beyond those of every run, see `answered`.
    """
    measures = of(finished.metrics, finished.verdict) | dict(more or {})
    made = (_answer(item, measures, now) for item in checklist.items())
    return [given for given in made if given is not None]


def _answer(item: Item, measures: dict[str, Measure], now: datetime) -> Given | None:
    """The first of the item's measures that is there; a figure where the item takes one."""
    name = next((name for name in item.measured_by if name in measures), None)
    if name is None:
        return None
    measure = measures[name]
    kind = item.value.kind if item.value is not None else ""
    numeric = kind in {"percent", "duration", "price"} or name in COUNTS
    return Given(
        item=item.id,
        choice=None if numeric else _yes_or_no(name, measure),
        value=measure.value if numeric else None,
        level=Level.MEASURED,
        at=now,
        by=None,
        low=measure.low if numeric else None,
        high=measure.high if numeric else None,
    )


def _yes_or_no(name: str, measure: Measure) -> Choice:
    """Items without a figure: a handset test was done, or every handset showed what it should."""
    if name in {"arrival.handset_rate", "feasibility.numbers"}:
        return "yes"
    return "yes" if measure.value >= PERCENT else "no"


def of(metrics: Metrics, verdict: Verdict) -> dict[str, Measure]:
    """Every measure the run can state; what the sample does not carry is left out."""
    if verdict.interval is None:
        return _unchanged(metrics)
    shares = {
        "arrival.receipt_rate": Share(metrics.delivered, metrics.submitted),
        "arrival.missing_receipts": Share(metrics.missing_receipts, metrics.acknowledged),
        "arrival.text_unchanged": metrics.texts_same,
        "arrival.sender_106": _shown_as_106(metrics),
    }
    found = {name: _percent(share) for name, share in shares.items() if share.of}
    if metrics.handsets:  # nothing but listed, consenting numbers is ever sent to
        count = float(len(metrics.handsets))
        found["feasibility.numbers"] = Measure(count, count, count)
    rate = _handset_rate(verdict)
    if rate is not None:
        found["arrival.handset_rate"] = rate
        if metrics.price_per_arrival:
            found["arrival.price_per_arrival"] = _price(metrics.price_per_arrival, rate)
    if (p95 := _p95(metrics)) is not None:
        found["arrival.p95_s"] = p95
    if (gap := _carrier_gap(metrics)) is not None:
        found["arrival.carrier_gap_s"] = gap
    return found


def _unchanged(metrics: Metrics) -> dict[str, Measure]:
    """All that a test without a rate says: whether handsets showed what was sent."""
    share = metrics.texts_same
    return {"arrival.text_unchanged": _percent(share)} if share.of else {}


def _percent(share: Share) -> Measure:
    low, high = share.interval.low, share.interval.high
    return Measure(
        round(PERCENT * share.count / share.of, 6),
        round(PERCENT * low, 6),
        round(PERCENT * high, 6),
    )


def _handset_rate(verdict: Verdict) -> Measure | None:
    if verdict.basis != "handset" or verdict.word == "inconclusive":
        return None
    if verdict.rate is None or verdict.interval is None:
        return None
    return Measure(
        round(PERCENT * verdict.rate, 6),
        round(PERCENT * verdict.interval.low, 6),
        round(PERCENT * verdict.interval.high, 6),
    )


def _shown_as_106(metrics: Metrics) -> Share:
    shown = sum(count for sender, count in metrics.senders.items() if sender.startswith("106"))
    return Share(shown, sum(metrics.senders.values()))


def _price(price: float, rate: Measure) -> Measure:
    """What one arrival costs moves against the rate."""
    billed = price * rate.value
    high = billed / rate.low if rate.low else price
    return Measure(price, round(billed / rate.high, 4), round(high, 4))


def _p95(metrics: Metrics) -> Measure | None:
    stated = _seconds(metrics.latency.p95) if metrics.latency else None
    return Measure(*(round(part, 2) for part in stated)) if stated else None


def _seconds(percentile: Percentile) -> tuple[float, float, float] | None:
    """Value and interval in seconds; None beyond the sample or among what never arrived."""
    parts = (percentile.value, percentile.low, percentile.high)
    stated = [part / MILLI for part in parts if part is not None and math.isfinite(part)]
    return (stated[0], stated[1], stated[2]) if len(stated) == len(parts) else None


def _carrier_gap(metrics: Metrics) -> Measure | None:
    """Seconds between the medians of the slowest and the quickest carrier."""
    medians = [_seconds(each.latency.p50) for each in metrics.carriers if each.latency]
    stated = [median for median in medians if median is not None]
    if len(stated) < 2 or len(stated) < len(medians):
        return None
    slow, quick = max(stated), min(stated)
    return Measure(
        round(slow[0] - quick[0], 2),
        round(max(0.0, slow[1] - quick[2]), 2),
        round(slow[2] - quick[1], 2),
    )

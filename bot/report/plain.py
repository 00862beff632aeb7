"""The report as plain values for JSON: everything the scorecard rests on."""

import math
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

from bot.dialogue.case import Case, Given
from bot.report import findings
from bot.report.measured import Finished
from evaluators.checklist import Checklist
from evaluators.scoring import Scorecard
from evaluators.statistics import Percentile


def report(case: Case, card: Scorecard, checklist: Checklist) -> dict[str, Any]:
    """Vendor, answers with level and source, gates, score, contradictions, open points."""
    return {
        "vendor": case.vendor,
        "walk": case.walk,
        "decision": card.decision,
        "answers": [answer(given, checklist) for given in case.answers],
        "gates": [
            {
                "item": gate.item_id,
                "requires": list(checklist.by_id[gate.item_id].requires),
                "state": gate.state,
                "because": gate.because.wording.en,
                "sources": list(gate.sources),
            }
            for gate in card.gates
        ],
        "score": values(asdict(card.total))
        | {
            "dimensions": {
                each.id: values(asdict(each.score)) | {"weight": each.weight}
                for each in card.dimensions
            },
            "credibility": card.credibility,
            "hash": card.hash,
        },
        "contradictions": [
            {
                "item": each.item_id,
                "requires": list(checklist.by_id[each.item_id].requires),
                "claimed": each.claim.value if each.claim.value is not None else each.claim.choice,
                "measured": each.measured.value,
                "interval": values(each.measured.interval),
                "sources": [each.claim.source, each.measured.source],
            }
            for each in card.contradictions
        ],
        "open_points": [values(point) for point in card.open_points],
        "not_applicable": [values(each) for each in card.removed],
    }


def answer(given: Given, checklist: Checklist) -> dict[str, Any]:
    """One answer with who, when, own words and level."""
    return {
        "item": given.item,
        "requires": list(checklist.by_id[given.item].requires),
        "choice": given.choice,
        "value": given.value,
        "interval": None if given.low is None else [given.low, given.high],
        "level": given.level.word,
        "by": given.by,
        "at": given.at.isoformat(),
        "words": given.words,
        "note": given.note,
        "revision": given.revision,
        "source": findings.source(given),
    }


def send_test(finished: Finished) -> dict[str, Any]:
    """A run in figures: counts, rate with its exact interval, verdict, latency from due."""
    metrics, verdict, latency = finished.metrics, finished.verdict, finished.metrics.latency
    return {
        "run": finished.run_id,
        "planned": metrics.planned,
        "sent": metrics.submitted,
        "acknowledged": metrics.acknowledged,
        "refused": metrics.refused,
        "unknown": metrics.unknown,
        "delivered_by_receipt": metrics.delivered,
        "arrived_on_handset": metrics.arrived,
        "reported_but_not_seen": metrics.unseen_delivered,
        "rate": verdict.rate,
        "interval": [verdict.interval.low, verdict.interval.high] if verdict.interval else None,
        "claim": verdict.claim,
        "basis": verdict.basis,
        "verdict": verdict.word,
        "more_needed": verdict.more_needed,
        "reasons": [reason.wording.en for reason in verdict.reasons],
        "latency_ms": {
            name: _milliseconds(getattr(latency, name)) if latency else None
            for name in ("p50", "p95", "p99")
        },
        "definitions": {
            name: share.value if share else None for name, share in metrics.definitions.items()
        },
        "sender_lateness_ms": values(metrics.lateness),
    }


def _milliseconds(percentile: Percentile) -> float | None:
    """None beyond the sample, and where the percentile falls among what never arrived."""
    stated = percentile.value
    return round(stated, 3) if stated is not None and math.isfinite(stated) else None


def values(thing: Any) -> Any:
    """Dataclasses, dates and enums as JSON takes them; what is infinite becomes null."""
    if is_dataclass(thing) and not isinstance(thing, type):
        return values(asdict(thing))
    if isinstance(thing, dict):
        return {str(key): values(part) for key, part in thing.items()}
    if isinstance(thing, list | tuple):
        return [values(part) for part in thing]
    if isinstance(thing, Enum):
        return thing.value
    if isinstance(thing, date | datetime):
        return thing.isoformat()
    if isinstance(thing, float) and not math.isfinite(thing):
        return None
    return thing

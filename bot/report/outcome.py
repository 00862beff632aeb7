"""A finished run in words: the verdict first, what it rests on, what it does not say."""

import math
from collections.abc import Iterator

from bot.report.measured import Finished
from bot.wording import Wording
from evaluators.sending.metrics import Metrics, Share
from evaluators.sending.reasons import Reason
from evaluators.sending.verdict import Verdict
from evaluators.statistics import Percentile

MOST_REASONS = 3
MOST_CONCLUSIONS = 3
MOST_WORKING = 6  # of a small test; what does not work comes first
DEFINITIONS = "claim_by_definition"
"""The conclusion too long for a chat, which names only the definitions there."""
WORKS = frozenset({"works", "works_untold"})


def text(wording: Wording, finished: Finished, *, title: str, whole: bool = False) -> list[str]:
    """The outcome as lines: for a chat at most ten, `whole` for a page."""
    metrics, verdict = finished.metrics, finished.verdict
    lines = [wording("outcome.head", title=title, word=wording(f"verdict.{verdict.word}"))]
    lines += _counted(wording, verdict)
    complete = verdict.word != "interrupted"  # else receipts had no time to come
    if verdict.basis == "handset" and metrics.submitted and complete:
        receipts = Share(metrics.delivered, metrics.submitted)
        said = _share(receipts) if verdict.interval else f"{receipts.count}/{receipts.of}"
        lines.append(wording("outcome.receipts", receipts=said))
    if metrics.latency is not None and complete and finished.plan.asks == "rate":
        lines.append(latency(wording, metrics))
    if whole:
        reasons = (*verdict.reasons, *finished.conclusions)
        return lines + [f"- {reason.wording.of(wording.language)}" for reason in reasons]
    reasons = (*verdict.reasons[:MOST_REASONS], *_foremost(finished.conclusions))
    return lines + [f"- {_shortly(wording, reason)}" for reason in reasons]


def _counted(wording: Wording, verdict: Verdict) -> Iterator[str]:
    """What the verdict rests on: a rate with its interval, or only how many."""
    if verdict.counted is None:
        return
    if verdict.interval is None:
        count, of = verdict.counted.count, verdict.counted.of
        yield wording(f"outcome.few.{verdict.basis}", count=count, of=of)
        return
    yield wording(
        f"outcome.{verdict.basis}",
        counted=_share(verdict.counted),
        low=percent(verdict.interval.low),
        high=percent(verdict.interval.high),
        claim=percent(verdict.claim),
    )


def _foremost(conclusions: tuple[Reason, ...]) -> list[Reason]:
    """What the test asks first; by which definitions the claim is true has a place in any case."""
    working = [reason for reason in conclusions if reason.key.startswith("works")]
    if working:
        return sorted(working, key=lambda reason: reason.key in WORKS)[:MOST_WORKING]
    claims = [reason for reason in conclusions if reason.key == DEFINITIONS]
    others = [reason for reason in conclusions if reason.key != DEFINITIONS]
    return others[: MOST_CONCLUSIONS - len(claims)] + claims


def _shortly(wording: Wording, reason: Reason) -> str:
    if reason.key != DEFINITIONS:
        return reason.wording.of(wording.language)
    comma = wording("list.comma")
    parts = [
        wording(f"outcome.claim.{which}", names=comma.join(str(names).split(", ")))
        for which in ("holds", "fails", "open")
        if (names := reason.params[which])
    ]
    said = wording("list.semicolon").join(parts)
    return wording("outcome.claim", claim=f"{reason.params['claim']:.4g}%", said=said)


def latency(wording: Wording, metrics: Metrics) -> str:
    """p50, p95 and p99 from the moment a message was due; what never arrived counts as never."""
    assert metrics.latency is not None  # noqa: S101 - callers look first
    shown = {name: time(wording, getattr(metrics.latency, name)) for name in ("p50", "p95", "p99")}
    return wording("outcome.latency", **shown)


def time(wording: Wording, percentile: Percentile) -> str:
    if percentile.value is None:
        return wording("outcome.beyond_sample", n=percentile.n)
    if math.isinf(percentile.value):
        return wording("outcome.never")
    return wording("value.second", amount=f"{percentile.value / 1000:.2f}")


def percent(share: float) -> str:
    """A share as people read it: one decimal, a second one only where it says something."""
    return f"{share * 100:.2f}".rstrip("0").rstrip(".") + "%"


def _share(share: Share) -> str:
    return f"{share.count}/{share.of} = {percent(share.count / share.of)}"

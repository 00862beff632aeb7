"""A finished run in words: the verdict first, what it rests on, what it does not say."""

import math

from bot.report.measured import Finished
from bot.wording import Wording
from evaluators.sending.metrics import Metrics, Share
from evaluators.statistics import Percentile

MOST_REASONS = 3
MOST_CONCLUSIONS = 3


def text(wording: Wording, finished: Finished, *, title: str, whole: bool = False) -> list[str]:
    """The outcome as lines: for a chat at most ten, `whole` for a page."""
    metrics, verdict = finished.metrics, finished.verdict
    lines = [wording("outcome.head", title=title, word=wording(f"verdict.{verdict.word}"))]
    if verdict.counted is not None and verdict.interval is not None:
        lines.append(
            wording(
                f"outcome.{verdict.basis}",
                counted=_share(verdict.counted),
                low=percent(verdict.interval.low),
                high=percent(verdict.interval.high),
                claim=percent(verdict.claim),
            )
        )
    complete = verdict.word != "interrupted"  # else receipts had no time to come
    if verdict.basis == "handset" and metrics.submitted and complete:
        receipts = Share(metrics.delivered, metrics.submitted)
        lines.append(wording("outcome.receipts", receipts=_share(receipts)))
    if metrics.latency is not None and complete:
        lines.append(latency(wording, metrics))
    said = (*verdict.reasons[:MOST_REASONS], *finished.conclusions[:MOST_CONCLUSIONS])
    if whole:
        said = (*verdict.reasons, *finished.conclusions)
    lines += [f"- {reason.wording.of(wording.language)}" for reason in said]
    return lines


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

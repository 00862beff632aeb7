"""A long run: does quality drift from slice to slice, and does everything stop for a while."""

import math
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from evaluators.sending.metrics import Metrics
from evaluators.sending.plan import Drift, Plan
from evaluators.sending.questions.question import SURE, Given, chance
from evaluators.sending.reasons import Reason, both, reason
from evaluators.sending.rows import SECOND, Row, Sight
from evaluators.statistics import holm, ordered
from evaluators.trends import Trend, trend

FEWEST = 10  # slices: with fewer the test of a trend is not valid

WORDINGS = {
    "rate_drifts": both(
        "到达率随时间{word_zh}：每 {every:.0f} 分钟 {slope:+.2f} 个百分点"
        "（{low:+.2f} 至 {high:+.2f}，Mann-Kendall {said_p}）。",
        "Arrival {word_en} over time: {slope:+.2f} percentage points every {every:.0f} minutes"
        " ({low:+.2f} to {high:+.2f}, Mann-Kendall {said_p}).",
    ),
    "latency_drifts": both(
        "中位时延随时间{word_zh}：每 {every:.0f} 分钟 {slope:+.2f} 秒"
        "（{low:+.2f} 至 {high:+.2f}，Mann-Kendall {said_p}）。",
        "Median latency {word_en} over time: {slope:+.2f} s every {every:.0f} minutes"
        " ({low:+.2f} to {high:+.2f}, Mann-Kendall {said_p}).",
    ),
    "no_drift": both(
        "{slices} 段里没有发现到达率或时延的趋势（{said_rate}、{said_latency}）。",
        "No trend of arrival or latency over {slices} slice{slices:|s} ({said_rate} and"
        " {said_latency}).",
    ),
    "few_slices": both(
        "只有 {slices} 段，不足以判断趋势（至少 {least} 段）。",
        "{slices} slice{slices:|s} {slices:is|are} too few to judge a trend (at least {least}).",
    ),
    "stalls": both(
        "有 {count} 次超过 {limit:.0f} 秒没有任何短信到达，最长 {longest:.0f} 秒"
        "（按平时的间隔和丢失约 {expected:.0f} 秒）。",
        "{count} time{count:|s} nothing arrived for over {limit:.0f} s, the longest {longest:.0f} s"
        " (about {expected:.0f} s are expected from the usual distance and losses).",
    ),
    "no_stalls": both(
        "没有中断：最长 {longest:.0f} 秒无到达（约 {expected:.0f} 秒属正常）。",
        "No stall: at most {longest:.0f} s without an arrival (about {expected:.0f} s are normal).",
    ),
}  # fmt: skip


@dataclass(slots=True)
class _Slice:
    watched: int = 0
    arrived: int = 0
    waited: "array[float]" = field(default_factory=lambda: array("f"))


class Soak:
    """Slices by when messages were due, and when each left and came: 20 bytes a message."""

    def __init__(self, plan: Plan, drift: Drift) -> None:
        self._drift, self._sight = drift, Sight(plan)
        self._slices: dict[int, _Slice] = {}
        self._came, self._sent = array("q"), array("q")

    def add(self, row: Row) -> None:
        if not row.alive or not self._sight.counts(row):
            return
        if row.due_ns is None:
            return
        part = self._slices.setdefault(int(row.due_ns // (self._drift.every_s * SECOND)), _Slice())
        part.watched += 1
        arrived = self._sight.arrived(row)
        part.arrived += arrived
        if not row.timed or (arrived and row.handset_unsure_ms is None):
            return  # nobody knows when: neither a latency nor the end of a stall
        self._sent.append(row.due_ns if row.sent_ns is None else row.sent_ns)
        if arrived and row.handset_ns is not None:
            self._came.append(row.handset_ns)
        waited = self._sight.waited_ms(row, arrived)
        if waited is not None:
            part.waited.append(waited)

    def answer(self, metrics: Metrics) -> Iterator[Reason]:
        if not self._slices or not metrics.closed:
            return
        first, last = min(self._slices), max(self._slices)
        yield from self._drifts([self._slices.get(at) for at in range(first, last + 1)])
        if len(self._came) > 1:
            yield self._stalls()

    def _drifts(self, slices: Sequence[_Slice | None]) -> Iterator[Reason]:
        known = [part for part in slices if part is not None]
        if len(known) < FEWEST:
            yield reason(WORDINGS, "few_slices", slices=len(known), least=FEWEST)
            return
        rates = [100 * part.arrived / part.watched if part else None for part in slices]
        medians = [_median_s(part.waited) if part else None for part in slices]
        trends = trend(rates), trend(medians)
        rate_p, latency_p = holm([each.p_value for each in trends])
        if rate_p < SURE:
            yield self._drift_of(
                "rate_drifts", trends[0], rate_p, ("下降", "上升", "falls", "rises")
            )
        if latency_p < SURE:
            words = ("缩短", "变长", "falls", "grows")
            yield self._drift_of("latency_drifts", trends[1], latency_p, words)
        if min(rate_p, latency_p) >= SURE:
            yield reason(
                WORDINGS,
                "no_drift",
                slices=len(known),
                said_rate=chance(rate_p),
                said_latency=chance(latency_p),
            )

    def _drift_of(
        self, key: str, found: Trend, p_value: float, words: tuple[str, str, str, str]
    ) -> Reason:
        slope = found.slope or 0.0
        low, high = (found.interval.low, found.interval.high) if found.interval else (slope, slope)
        return reason(
            WORDINGS,
            key,
            every=self._drift.every_s / 60,
            slope=slope,
            low=low,
            high=high,
            p=p_value,
            said_p=chance(p_value),
            word_zh=words[slope > 0],
            word_en=words[2 + (slope > 0)],
        )

    def _stalls(self) -> Reason:
        """Gaps between arrivals in which we did send."""
        import numpy

        came, sent = (numpy.frombuffer(times, "int64") for times in (self._came, self._sent))
        came.sort()  # in place: there may be millions
        sent.sort()
        gaps, limit_ns = numpy.diff(came), self._drift.stall_s * SECOND
        wide = numpy.flatnonzero(gaps > limit_ns)
        # Something left after the last arrival, early enough to arrive before the next.
        first, last = came[wide], came[wide] + gaps[wide] - limit_ns
        tried = numpy.searchsorted(sent, last, "right") > numpy.searchsorted(sent, first)
        usual = float(sent[-1] - sent[0]) / max(1, len(sent) - 1) / SECOND
        losses = _run_of_losses(len(sent), 1 - len(came) / len(sent))
        figures = {"longest": float(gaps.max()) / SECOND, "expected": usual * (1 + losses)}
        if tried.any():
            count, limit = int(tried.sum()), self._drift.stall_s
            return reason(WORDINGS, "stalls", count=count, limit=limit, **figures)
        return reason(WORDINGS, "no_stalls", **figures)


def ask(plan: Plan, given: Given) -> Soak | None:
    """Asked where the plan wants drift looked at."""
    return Soak(plan, plan.drift) if plan.drift else None


def _median_s(waited: Sequence[float]) -> float | None:
    """Seconds; losses count as infinite, and a slice that lost most has no median."""
    if not waited:
        return None
    ascending = ordered(waited)
    median = float(ascending[(len(ascending) - 1) // 2]) / 1e3
    return None if math.isinf(median) else median


def _run_of_losses(n: int, loss: float) -> float:
    """About the longest run of losses among n messages (M. F. Schilling, 1990)."""
    if loss <= 0 or loss >= 1:
        return 0.0
    return max(0.0, math.log(n * (1 - loss)) / -math.log(loss))

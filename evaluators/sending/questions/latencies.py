"""Whether some carriers or phases are slower than others, by the intervals of their medians."""

import math
from collections.abc import Iterator

from evaluators.sending.measures import Part
from evaluators.sending.metrics import Metrics
from evaluators.sending.plan import Plan
from evaluators.sending.questions.segments import name
from evaluators.sending.reasons import Reason, both, reason

NOISE_MS = 2_000  # handset times have a resolution of a second; less than this is noise

WORDINGS = {
    "slower": both(
        "{slow_zh}的中位时延 {slow_s:.1f} 秒（{slow_low:.1f}–{slow_high:.1f}），"
        "慢于{quick_zh}的 {quick_s:.1f} 秒（{quick_low:.1f}–{quick_high:.1f}）。",
        "Median latency is {slow_s:.1f} s ({slow_low:.1f}–{slow_high:.1f}) for {slow_en}, against"
        " {quick_s:.1f} s ({quick_low:.1f}–{quick_high:.1f}) for {quick_en}.",
    ),
    "median_lost": both(
        "{name_zh}过半短信没有到达，没有中位时延。",
        "More than half of the messages for {name_en} did not arrive; there is no median.",
    ),
}  # fmt: skip


def conclude(metrics: Metrics, plan: Plan) -> Iterator[Reason]:
    """For carriers and for phases: the slowest against the quickest, if their intervals part."""
    for trait in ("carrier", "phase"):
        yield from _compare([p for p in metrics.parts if p.trait == trait and p.latency], plan)


def _compare(parts: list[Part], plan: Plan) -> Iterator[Reason]:
    stated = []
    for part in parts:
        median = part.latency.p50 if part.latency else None
        if median is None or median.value is None:
            continue
        if math.isinf(median.value):
            zh, en = name(part, plan)
            yield reason(WORDINGS, "median_lost", name_zh=zh, name_en=en)
        elif median.low is not None and median.high is not None and median.high < math.inf:
            stated.append((median.value, median.low, median.high, part))
    if len(stated) < 2:
        return
    stated.sort(key=lambda each: each[0])
    (quick, quick_low, quick_high, first), (slow, slow_low, slow_high, last) = stated[0], stated[-1]
    if slow_low <= quick_high or slow - quick < NOISE_MS:
        return
    (quick_zh, quick_en), (slow_zh, slow_en) = name(first, plan), name(last, plan)
    yield reason(
        WORDINGS,
        "slower",
        slow_zh=slow_zh,
        slow_en=slow_en,
        slow_s=slow / 1e3,
        slow_low=slow_low / 1e3,
        slow_high=slow_high / 1e3,
        quick_zh=quick_zh,
        quick_en=quick_en,
        quick_s=quick / 1e3,
        quick_low=quick_low / 1e3,
        quick_high=quick_high / 1e3,
    )

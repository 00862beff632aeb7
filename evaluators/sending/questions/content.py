"""What handsets show of texts of different kinds: whole, unchanged, and billed as counted.

A long message that lost a part never shows on the handset, or shows changed; either way it was not
whole. The bill comes afterwards, from people.
"""

from collections.abc import Iterator

from evaluators.sending.measures import Share
from evaluators.sending.metrics import Metrics
from evaluators.sending.plan import Plan, parts_of
from evaluators.sending.questions.question import Given
from evaluators.sending.reasons import Reason, both, reason
from evaluators.sending.rows import Row, Sight
from evaluators.sending.texts import Texts

WORDINGS = {
    "all_whole": both(
        "{texts} 种文本在手机上都完整、未改（{count} 条）。",
        "Every text was whole and unchanged on the handset (texts: {texts}, messages: {count}).",
    ),
    "not_whole": both(
        "「{name_zh}」（{parts} 段）：{of} 条中完整到达 {count} 条（{low:.0%}–{high:.0%}），"
        "没到 {lost} 条，内容有变 {changed} 条。",
        "“{name_en}” ({parts} part{parts:|s}): of {of} message{of:|s} {count} arrived whole"
        " ({low:.0%}–{high:.0%}), {lost} not at all, {changed} changed.",
    ),
    "bill_matches": both(
        "计费 {billed} 条，与自算一致。",
        "{billed} part{billed:|s} {billed:was|were} billed, as counted."
    ),
    "bill_differs": both(
        "计费 {billed} 条，自算 {counted} 条，相差 {more:+d} 条（{share:+.1%}）。",
        "{billed} part{billed:|s} {billed:was|were} billed and {counted} counted: {more:+d}"
        " ({share:+.1%}).",
    ),
    "no_bill": both(
        "自算应计 {counted} 条；填入服务商账单后可核对。",
        "{counted} part{counted:|s} {counted:is|are} to be billed; enter the vendor's bill to"
        " compare.",
    ),
}  # fmt: skip


class Content:
    """Whole, changed and lost, by text."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._sight, self._texts = plan, Sight(plan), Texts(plan)
        self._counts: dict[str, list[int]] = {}  # by phase: watched, arrived, changed

    def add(self, row: Row) -> None:
        if not row.alive or not self._sight.counts(row):
            return
        counts = self._counts.setdefault(self._texts.phase(row.seq).name, [0, 0, 0])
        arrived = self._sight.arrived(row)
        counts[0] += 1
        counts[1] += arrived
        counts[2] += arrived and row.handset_text_same is False

    def answer(self, metrics: Metrics) -> Iterator[Reason]:
        if not metrics.closed or not self._counts:
            return
        damaged = list(self._damaged())
        yield from damaged
        if not damaged:
            seen = [phase for phase in self._plan.stages if phase.name in self._counts]
            texts = len({phase.variant for phase in seen})
            count = sum(arrived for _, arrived, _ in self._counts.values())
            yield reason(WORDINGS, "all_whole", texts=texts, count=count)
        yield _bill(metrics)

    def _damaged(self) -> Iterator[Reason]:
        for phase in self._plan.stages:
            of, arrived, changed = self._counts.get(phase.name, (0, 0, 0))
            if arrived - changed < of:
                whole = Share(arrived - changed, of)
                title = phase.title or both(phase.name, phase.name)
                yield reason(
                    WORDINGS,
                    "not_whole",
                    name=phase.name,
                    name_zh=title.zh,
                    name_en=title.en,
                    parts=parts_of(self._plan, phase.variant),
                    of=of,
                    count=whole.count,
                    lost=of - arrived,
                    changed=changed,
                    low=whole.interval.low,
                    high=whole.interval.high,
                )


def ask(plan: Plan, given: Given) -> Content | None:
    """Asked where the plan has several texts, or one of several parts; see `works` for a few."""
    several = plan.variants or parts_of(plan) > 1
    return Content(plan) if several and plan.asks == "rate" else None


def _bill(metrics: Metrics) -> Reason:
    counted, billed = metrics.parts_counted, metrics.parts_billed
    if billed is None:
        return reason(WORDINGS, "no_bill", counted=counted)
    if billed == counted:
        return reason(WORDINGS, "bill_matches", billed=billed)
    more = billed - counted
    share = more / counted if counted else 0.0
    return reason(WORDINGS, "bill_differs", billed=billed, counted=counted, more=more, share=share)

"""Numbers known to be dead: what the receipts said of them, and whether they were really dead."""

from collections.abc import Iterator

from evaluators.sending.metrics import Metrics
from evaluators.sending.plan import Plan
from evaluators.sending.questions.question import Given
from evaluators.sending.reasons import Reason, both, reason
from evaluators.sending.rows import Row, Sight
from evaluators.statistics import clopper_pearson

WORDINGS = {
    "controls_reported": both(
        "{of} 条发往空号或关机号码，{count} 条回执说已送达（{share:.0%}，{low:.0%}–{high:.0%}）。"
        "这些号码不可能收到，请服务商书面说明。",
        "Of {of} message{of:|s} to numbers out of use or switched off, {count} {count:was|were}"
        " reported delivered"
        " ({share:.0%}, {low:.0%}–{high:.0%}). Nobody can receive there; ask the vendor to explain"
        " in writing.",
    ),
    "controls_clean": both(
        "{of} 条发往空号或关机号码，回执没有一条说已送达；"
        "如有此类回执，比例不超过 {high:.0%}（95% 把握）。",
        "Of {of} message{of:|s} to numbers out of use or switched off none was reported"
        " delivered; if there are such receipts at all, they are at most {high:.0%} (95 % sure).",
    ),
    "control_alive": both(
        "{count} 个对照号码其实收到了短信，不是空号或关机，已不作对照。请更正登记。",
        "{count} control number{count:|s} did receive messages, so {count:it is|they are} not"
        " dead and {count:was|were} left out; correct the list.",
    ),
}  # fmt: skip


class Dead:
    """Receipts of the controls, without those that turned out to be alive."""

    def __init__(self, plan: Plan) -> None:
        self._sight = Sight(plan)
        self._said: dict[int, list[int]] = {}  # by number: delivered, sent
        self._alive: set[int] = set()

    def add(self, row: Row) -> None:
        if not self._sight.control(row):
            return
        if row.handset_ns is not None:
            self._alive.add(row.number_id)
        if self._sight.submitted(row):
            counts = self._said.setdefault(row.number_id, [0, 0])
            counts[0] += self._sight.delivered(row)
            counts[1] += 1

    def answer(self, metrics: Metrics) -> Iterator[Reason]:
        dead = [counts for number, counts in self._said.items() if number not in self._alive]
        if self._alive:
            yield reason(WORDINGS, "control_alive", count=len(self._alive))
        count, of = sum(c for c, _ in dead), sum(n for _, n in dead)
        if not of or not metrics.closed:
            return
        if count:
            bounds = clopper_pearson(count, of)
            figures = {"share": count / of, "low": bounds.low, "high": bounds.high}
            yield reason(WORDINGS, "controls_reported", count=count, of=of, **figures)
        else:
            yield reason(WORDINGS, "controls_clean", of=of, high=clopper_pearson(0, of, 0.1).high)


def ask(plan: Plan, given: Given) -> Dead | None:
    """Asked where the plan has controls."""
    return Dead(plan) if plan.controls else None

"""How the vendor took the load, step by step: what it answered, held back by its window, throttled.

Held back and throttled messages are results, not losses. Where our own sender was behind, the step
was not what was planned, and nothing is said about the vendor at that load.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

from evaluators.sending.metrics import Metrics
from evaluators.sending.plan import Phase, Plan
from evaluators.sending.questions.question import Given
from evaluators.sending.reasons import Reason, both, reason
from evaluators.sending.rows import SECOND, Row, Sight
from evaluators.sending.texts import Texts
from evaluators.sending.verdict import BEHIND_MS
from evaluators.statistics import ordered

FAST = 100.0  # messages per second from which a plan is about load

WORDINGS = {
    "step_taken": both(
        "{name_zh}（每秒 {rate:g} 条）：实际提交每秒 {sent:.0f} 条，应答每秒 {answered:.0f} 条，"
        "应答 p95 {p95:.0f} 毫秒。",
        "{name_en} ({rate:g}/s): {sent:.0f}/s submitted, {answered:.0f}/s answered, answers within"
        " {p95:.0f} ms (p95).",
    ),
    "step_held": both(
        "{name_zh}（每秒 {rate:g} 条）：{count} 条等待发送窗口（{share:.0%}），"
        "实际提交每秒 {sent:.0f} 条。",
        "{name_en} ({rate:g}/s): {count} message{count:|s} waited for room in the window"
        " ({share:.0%}); {sent:.0f}/s were submitted.",
    ),
    "step_throttled": both(
        "{name_zh}（每秒 {rate:g} 条）：{count} 条被限流（{share:.0%}），接受每秒 {taken:.0f} 条。",
        "{name_en} ({rate:g}/s): {count} message{count:|s} {count:was|were} throttled"
        " ({share:.0%}); {taken:.0f}/s were taken.",
    ),
    "step_late": both(
        "{name_zh}（每秒 {rate:g} 条）：我方发送落后 {late:.0f} 毫秒，没有达到计划的速率，"
        "对服务商不下结论。",
        "{name_en} ({rate:g}/s): our own sender was {late:.0f} ms behind, so the planned rate was"
        " not reached and nothing is said about the vendor.",
    ),
}  # fmt: skip


@dataclass(slots=True)
class _Step:
    left: int = 0
    throttled: int = 0
    held: int = 0
    taken: int = 0
    sent: list[int] = field(default_factory=list)  # the first and the last
    acks: list[int] = field(default_factory=list)
    waits: "array[float]" = field(default_factory=lambda: array("f"))
    late: "array[float]" = field(default_factory=lambda: array("f"))


class Load:
    """Counts and times by phase. 8 bytes a message."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._sight, self._texts = plan, Sight(plan), Texts(plan)
        self._steps: dict[str, _Step] = {}

    def add(self, row: Row) -> None:
        if row.sent_ns is None:
            return
        step = self._steps.setdefault(self._texts.phase(row.seq).name, _Step())
        step.left += 1
        step.held += row.blocked
        step.throttled += self._sight.throttled(row)
        step.taken += row.state == "acknowledged"
        step.sent = _ends(step.sent, row.sent_ns)
        if row.due_ns is not None and not row.blocked:
            step.late.append(max(0, row.sent_ns - row.due_ns) / 1e6)
        if row.ack_ns is not None:
            step.acks = _ends(step.acks, row.ack_ns)
            step.waits.append((row.ack_ns - row.sent_ns) / 1e6)

    def answer(self, metrics: Metrics) -> Iterator[Reason]:
        for phase in self._plan.stages:
            step = self._steps.get(phase.name)
            if step is not None:
                yield from _said(phase, step)


def ask(plan: Plan, given: Given) -> Load | None:
    """Asked where the plan is about load: fast, or at several rates."""
    rates = {phase.rate for phase in plan.phases}
    return Load(plan) if len(rates) > 1 or (plan.phases and max(rates) >= FAST) else None


def _said(phase: Phase, step: _Step) -> Iterator[Reason]:
    title = phase.title or both(phase.name, phase.name)
    figures: dict[str, float | str] = {
        "name": phase.name,
        "name_zh": title.zh,
        "name_en": title.en,
        "rate": phase.rate,
        "sent": _per_second(step.left, step.sent, phase),
    }
    late = _at(step.late, 0.99)
    if late > max(BEHIND_MS, 1e3 / phase.rate):
        yield reason(WORDINGS, "step_late", late=late, **figures)
        return
    if step.held:
        share = step.held / step.left
        yield reason(WORDINGS, "step_held", count=step.held, share=share, **figures)
    if step.throttled:
        share, taken = step.throttled / step.left, _per_second(step.taken, step.sent, phase)
        yield reason(
            WORDINGS, "step_throttled", count=step.throttled, share=share, taken=taken, **figures
        )
    if not step.held and not step.throttled and step.waits:
        answered = _per_second(len(step.waits), step.acks, phase)
        yield reason(
            WORDINGS, "step_taken", answered=answered, p95=_at(step.waits, 0.95), **figures
        )


def _ends(ends: list[int], at_ns: int) -> list[int]:
    return [min(ends[0], at_ns), max(ends[1], at_ns)] if ends else [at_ns, at_ns]


def _per_second(count: int, ends: list[int], phase: Phase) -> float:
    """The rate over the time it took, that of one more message included."""
    if not ends:
        return 0.0
    return count / ((ends[1] - ends[0]) / SECOND + 1 / phase.rate)


def _at(values: "array[float]", share: float) -> float:
    """The value below which `share` of them lie; 0 where there are none."""
    return float(ordered(values)[int(share * (len(values) - 1))]) if values else 0.0

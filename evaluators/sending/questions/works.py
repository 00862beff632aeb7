"""Whether each thing a small test looks at works: a carrier, or each of several texts.

A handful of messages says nothing about a rate, so none is stated: what arrived unchanged works.
"""

from collections.abc import Iterator

from evaluators.content import Bilingual
from evaluators.sending.metrics import Metrics
from evaluators.sending.plan import Phase, Plan
from evaluators.sending.questions.question import Given
from evaluators.sending.questions.segments import VALUES
from evaluators.sending.reasons import Reason, both, reason
from evaluators.sending.rows import Row, Sight
from evaluators.sending.texts import Texts

WORDINGS = {
    "works": both(
        "「{name_zh}」通：发 {of} 条，手机收到 {arrived} 条，原文未改。",
        "“{name_en}” works: {arrived} of {of} message{of:|s} on the handset, text unchanged.",
    ),
    "works_untold": both(
        "「{name_zh}」通：发 {of} 条，手机收到 {arrived} 条；原文没有回报，看不出改没改。",
        "“{name_en}” works: {arrived} of {of} message{of:|s} on the handset; nobody told the whole"
        " text, so whether it changed is not known.",
    ),
    "works_not": both(
        "「{name_zh}」不通：{of} 条一条也没有到手机。",
        "“{name_en}” does not work: none of {of} message{of:|s} came to the handset.",
    ),
    "works_changed": both(
        "「{name_zh}」不通：到手机的 {arrived} 条里，{changed} 条原文有变。",
        "“{name_en}” does not work: of {arrived} on the handset the text of {changed} changed.",
    ),
    "works_unseen": both(
        "「{name_zh}」不知道：没有在线的手机可以看。",
        "“{name_en}” is not known: no live handset was there to show it.",
    ),
}  # fmt: skip


class Works:
    """Sent, arrived, text told and text changed, by phase or by carrier."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._sight, self._texts = plan, Sight(plan), Texts(plan)
        self._counts: dict[str, list[int]] = {phase.name: [0] * 4 for phase in self._phases}

    def add(self, row: Row) -> None:
        if not self._sight.counts(row):
            return
        name = self._texts.phase(row.seq).name if self._phases else row.carrier
        counts = self._counts.setdefault(name, [0] * 4)
        if not row.alive:
            return
        arrived = self._sight.arrived(row)
        counts[0] += 1
        counts[1] += arrived
        counts[2] += arrived and row.handset_text_same is not None
        counts[3] += arrived and row.handset_text_same is False

    def answer(self, metrics: Metrics) -> Iterator[Reason]:
        if not metrics.closed:
            return
        for name, (of, arrived, told, changed) in self._counts.items():
            title = self._title(name)
            yield reason(
                WORDINGS,
                _key(of, arrived, told, changed),
                name=name,
                name_zh=title.zh,
                name_en=title.en,
                of=of,
                arrived=arrived,
                changed=changed,
            )

    @property
    def _phases(self) -> tuple[Phase, ...]:
        """The plan's, where there are several to tell apart."""
        return self._plan.phases if len(self._plan.phases) > 1 else ()

    def _title(self, name: str) -> Bilingual:
        titles = {phase.name: phase.title for phase in self._phases}
        return titles.get(name) or both(*VALUES.get(name, (name, name)))


def ask(plan: Plan, given: Given) -> Works | None:
    """Asked where that is all the plan asks."""
    return Works(plan) if plan.asks == "works" else None


def _key(of: int, arrived: int, told: int, changed: int) -> str:
    if not of:
        return "works_unseen"
    if not arrived:
        return "works_not"
    if changed:
        return "works_changed"
    return "works" if told else "works_untold"

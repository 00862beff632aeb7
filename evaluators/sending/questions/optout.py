"""Opting out end to end: the reply reaches us, and the number gets nothing more."""

from collections.abc import Iterator, Sequence

from evaluators.sending.metrics import Metrics
from evaluators.sending.plan import Plan, Replies
from evaluators.sending.questions.question import Given, Mark
from evaluators.sending.reasons import Reason, both, reason
from evaluators.sending.rows import SECOND, Row, Sight
from evaluators.sending.texts import Texts
from evaluators.statistics import clopper_pearson

WORDINGS = {
    "optout_silent": both(
        "没有人回复退订，无法判断。", "Nobody opted out, so there is nothing to judge."
    ),
    "optout_told": both(
        "{of} 个号码回复了退订，我方都收到了通知，最慢 {seconds:.0f} 秒。",
        "{of} number{of:|s} opted out, and we were told of every one, the slowest after"
        " {seconds:.0f} s.",
    ),
    "optout_not_told": both(
        "{of} 个号码回复了退订，其中 {count} 个没有通知到我方。",
        "{of} number{of:|s} opted out; of {count} we were not told.",
    ),
    "optout_kept": both(
        "退订后再发的 {of} 条都没有到达（若有漏发，比例不超过 {high:.0%}，95% 把握）。",
        "None of {of} message{of:|s} sent after opting out arrived (at most {high:.0%} do, 95 %"
        " sure).",
    ),
    "optout_broken": both(
        "退订后仍有 {count}/{of} 条到达手机。",
        "{count} of {of} message{of:|s} sent after opting out still arrived.",
    ),
    "optout_early": both(
        "{count} 条在退订后 {within:.0f} 秒内发出，还不到约定的生效时间，不计。",
        "{count} message{count:|s} left within {within:.0f} s of opting out, before it has to be in"
        " effect, and {count:is|are} not counted.",
    ),
}  # fmt: skip


class OptOut:
    """Who opted out when, and what was sent to them afterwards."""

    def __init__(self, plan: Plan, replies: Replies, marks: Sequence[Mark]) -> None:
        self._replies, self._sight, self._texts = replies, Sight(plan), Texts(plan)
        self._replied = _first(marks, "replied")
        self._told = _first(marks, "opted_out")
        self._out = self._told | self._replied
        self._early = self._sent = self._arrived = 0

    def add(self, row: Row) -> None:
        out_ns = self._out.get(row.number_id)
        if out_ns is None or not row.alive or self._texts.phase(row.seq).name != self._replies.then:
            return
        # A refusal is what should happen, so every message that was tried counts.
        if row.sent_ns is None or self._sight.throttled(row):
            return
        if row.sent_ns < out_ns + self._replies.within_s * SECOND:
            self._early += 1
            return
        self._sent += 1
        self._arrived += row.handset_ns is not None

    def answer(self, metrics: Metrics) -> Iterator[Reason]:
        if not self._out:
            yield reason(WORDINGS, "optout_silent")
            return
        yield self._notice()
        if self._early:
            within = self._replies.within_s
            yield reason(WORDINGS, "optout_early", count=self._early, within=within)
        if self._arrived:
            yield reason(WORDINGS, "optout_broken", count=self._arrived, of=self._sent)
        elif self._sent and metrics.closed:
            high = clopper_pearson(0, self._sent, 0.1).high
            yield reason(WORDINGS, "optout_kept", of=self._sent, high=high)

    def _notice(self) -> Reason:
        """Whether we were told of those who say they replied."""
        untold = len(self._replied.keys() - self._told.keys())
        if untold:
            return reason(WORDINGS, "optout_not_told", count=untold, of=len(self._out))
        waits = [self._told[one] - at for one, at in self._replied.items()]
        slowest = max(0, *waits, 0) / SECOND
        return reason(WORDINGS, "optout_told", of=len(self._out), seconds=slowest)


def ask(plan: Plan, given: Given) -> OptOut | None:
    """Asked where the plan expects replies."""
    return OptOut(plan, plan.replies, given.marks) if plan.replies else None


def _first(marks: Sequence[Mark], kind: str) -> dict[int, int]:
    """By number, when it was first noted."""
    found: dict[int, int] = {}
    for mark in sorted(marks, key=lambda mark: -mark.at_ns):
        if mark.kind == kind and mark.number_id is not None:
            found[mark.number_id] = mark.at_ns
    return found

"""Two vendors on the same numbers in the same minutes: what one got through and the other did not.

Messages are matched by seq. Where numbers got several pairs, pairs to one number are not
independent, so each number counts once, for the vendor that got more through to it (a sign test).
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from evaluators.sending.metrics import Metrics
from evaluators.sending.plan import Plan
from evaluators.sending.questions.question import SURE, Given, chance
from evaluators.sending.reasons import Reason, both, reason
from evaluators.sending.rows import SECOND, Row, Sight
from evaluators.statistics import mcnemar

APART_S = 120  # two messages of a pair further apart than this were not in the same minutes
MOST_APART = 0.05  # share of such pairs from which the comparison says nothing

WORDINGS = {
    "pair_differs": both(
        "同一批号码 {pairs} 对：{better} 多到（只有它到 {only_better}，只有 {worse} 到 "
        "{only_worse}），差别超出偶然（McNemar {said_p}）。",
        "Of {pairs} pair{pairs:|s} to the same numbers {better} got more through ({only_better}"
        " only there, {only_worse} only with {worse}): more than chance (McNemar {said_p}).",
    ),
    "pair_alike": both(
        "同一批号码 {pairs} 对：只有 {first} 到 {only_first}，只有 {second} 到 {only_second}，"
        "没有发现超出偶然的差别（McNemar {said_p}）。",
        "Of {pairs} pair{pairs:|s} to the same numbers {only_first} arrived only with {first} and"
        " {only_second} only with {second}: no difference beyond chance (McNemar {said_p}).",
    ),
    "pair_apart": both(
        "{count} 对（{share:.0%}）两家发送相差超过 {seconds} 秒，不算同一时段，不作比较。",
        "{count} pair{count:|s} ({share:.0%}) {count:was|were} sent more than {seconds} s apart:"
        " not the same minutes, so nothing is compared.",
    ),
    "no_pairs": both(
        "没有可比较的对：两家没有都发到在线手机的短信。",
        "There are no pairs: no message left through both vendors to a live handset.",
    ),
}  # fmt: skip


class _Half(NamedTuple):
    arrived: bool
    sent_ns: int
    number_id: int


class Paired:
    """Keeps one outcome per message of this run until the other vendor's rows are read."""

    def __init__(self, plan: Plan, other: Iterable[Row]) -> None:
        self._plan, self._other, self._sight = plan, other, Sight(plan)
        self._first: dict[int, _Half] = {}

    def add(self, row: Row) -> None:
        if (half := self._half(row)) is not None:
            self._first[row.seq] = half

    def answer(self, metrics: Metrics) -> Iterator[Reason]:
        pairs = [
            (self._first[row.seq], half)
            for row in self._other
            if row.seq in self._first and (half := self._half(row)) is not None
        ]
        if not pairs:
            yield reason(WORDINGS, "no_pairs")
            return
        apart = sum(abs(a.sent_ns - b.sent_ns) > APART_S * SECOND for a, b in pairs)
        if apart > MOST_APART * len(pairs):
            share = apart / len(pairs)
            yield reason(WORDINGS, "pair_apart", count=apart, share=share, seconds=APART_S)
            return
        yield self._compared(pairs)

    def _half(self, row: Row) -> _Half | None:
        if not row.alive or not self._sight.counts(row):
            return None
        return _Half(self._sight.arrived(row), row.sent_ns or row.due_ns or 0, row.number_id)

    def _compared(self, pairs: list[tuple[_Half, _Half]]) -> Reason:
        only_first = sum(a.arrived and not b.arrived for a, b in pairs)
        only_second = sum(b.arrived and not a.arrived for a, b in pairs)
        first, second = self._plan.connection or "A", self._plan.pair or "B"
        p_value = mcnemar(*_by_number(pairs))
        if p_value >= SURE:
            return reason(
                WORDINGS,
                "pair_alike",
                pairs=len(pairs),
                first=first,
                second=second,
                only_first=only_first,
                only_second=only_second,
                p=p_value,
                said_p=chance(p_value),
            )
        ahead = only_first > only_second
        return reason(
            WORDINGS,
            "pair_differs",
            pairs=len(pairs),
            better=first if ahead else second,
            worse=second if ahead else first,
            only_better=max(only_first, only_second),
            only_worse=min(only_first, only_second),
            p=p_value,
            said_p=chance(p_value),
        )


def ask(plan: Plan, given: Given) -> Paired | None:
    """Asked where there are the other vendor's rows."""
    return None if given.pair is None else Paired(plan, given.pair)


def _by_number(pairs: list[tuple[_Half, _Half]]) -> tuple[int, int]:
    """Numbers to which the first, and to which the second got more through."""
    ahead: dict[int, int] = {}
    for a, b in pairs:
        ahead[a.number_id] = ahead.get(a.number_id, 0) + a.arrived - b.arrived
    return sum(by > 0 for by in ahead.values()), sum(by < 0 for by in ahead.values())

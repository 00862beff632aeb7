"""A fault with a stopwatch: from the moment noted until messages arrive again, carrier by carrier.

What is timed is the first arrival of a message that was sent after the fault; no finer than the
distance between two messages to that carrier. Losses are those of messages sent from the fault
until it was noted as restored, or to the end. A fault window says nothing about the usual rate.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from evaluators.sending.metrics import Metrics
from evaluators.sending.plan import Plan
from evaluators.sending.questions.question import Given, Mark
from evaluators.sending.questions.segments import VALUES
from evaluators.sending.reasons import Reason, both, reason
from evaluators.sending.rows import SECOND, Row, Sight

NEVER = 1 << 62

WORDINGS = {
    "fault_recovered": both(
        "{carrier_zh}：故障后 {seconds:.0f} 秒恢复到达（发送间隔 {step:.0f} 秒，不能更细）；"
        "期间发 {sent} 条，丢 {lost} 条；最长无到达 {gap:.0f} 秒，平时最长 {before:.0f} 秒。",
        "{carrier_en}: messages arrive again {seconds:.0f} s after the fault (one every"
        " {step:.0f} s, so no finer); of {sent} sent meanwhile {lost} {lost:was|were} lost; the"
        " longest gap was {gap:.0f} s, usually at most {before:.0f} s.",
    ),
    "fault_for_good": both(
        "{carrier_zh}：故障后 {sent} 条一条也没有到达。",
        "{carrier_en}: none of {sent} message{sent:|s} sent after the fault arrived.",
    ),
    "fault_reported": both(
        "故障期间 {count} 条回执说已送达而手机没有收到。",
        "{count} message{count:|s} of the fault {count:was|were} reported delivered and not seen"
        " on the handset.",
    ),
    "fault_repeated": both(
        "故障后 {count} 条短信到了不止一次（共 {of} 条）。",
        "After the fault {count} of {of} message{of:|s} arrived more than once.",
    ),
    "no_fault_noted": both(
        "没有记下故障时刻，没有可以计时的。",
        "Nobody noted when the fault began, so there is nothing to time.",
    ),
}  # fmt: skip


@dataclass(slots=True)
class _Stream:
    """The messages to one carrier's live handsets."""

    sent: "array[int]" = field(default_factory=lambda: array("q"))
    came: "array[int]" = field(default_factory=lambda: array("q"))  # NEVER: it did not


class Fault:
    """Each fault noted, with all carriers or the one it named."""

    def __init__(self, plan: Plan, marks: Sequence[Mark]) -> None:
        self._sight = Sight(plan)
        self._marks = sorted(marks, key=lambda mark: mark.at_ns)
        self._streams: dict[str, _Stream] = {}
        self._reported = self._repeated = self._copied = 0

    def add(self, row: Row) -> None:
        if not row.alive or not self._sight.counts(row):
            return
        sent_ns = row.sent_ns if row.sent_ns is not None else row.due_ns
        if sent_ns is None:
            return
        arrived = self._sight.arrived(row)
        stream = self._streams.setdefault(row.carrier, _Stream())
        stream.sent.append(sent_ns)
        stream.came.append(row.handset_ns if arrived and row.handset_ns is not None else NEVER)
        fault = self._fault_at(sent_ns)
        if fault is None or fault.carrier not in {"", row.carrier}:
            return
        self._reported += self._sight.delivered(row) and not arrived
        self._copied += arrived
        self._repeated += arrived and (row.handset_copies or 0) > 1

    def answer(self, metrics: Metrics) -> Iterator[Reason]:
        faults = [mark for mark in self._marks if mark.kind == "fault"]
        if not faults:
            yield reason(WORDINGS, "no_fault_noted")
        for fault in faults:
            for carrier in sorted(self._streams):
                if fault.carrier in {"", carrier}:
                    yield from self._timed(fault, carrier, self._streams[carrier])
        if self._reported:
            yield reason(WORDINGS, "fault_reported", count=self._reported)
        if self._repeated:
            yield reason(WORDINGS, "fault_repeated", count=self._repeated, of=self._copied)

    def _fault_at(self, at_ns: int) -> Mark | None:
        """The fault that is on at that moment."""
        current = None
        for mark in self._marks:
            if mark.at_ns > at_ns:
                break
            current = mark if mark.kind == "fault" else None if mark.kind == "restored" else current
        return current

    def _ends(self, fault: Mark) -> int:
        ends = (m.at_ns for m in self._marks if m.kind == "restored" and m.at_ns > fault.at_ns)
        return next(ends, NEVER)

    def _timed(self, fault: Mark, carrier: str, stream: _Stream) -> Iterator[Reason]:
        after = [(s, c) for s, c in zip(stream.sent, stream.came, strict=True) if s >= fault.at_ns]
        during = [(s, c) for s, c in after if s < self._ends(fault)]
        zh, en = VALUES.get(carrier, (carrier, carrier))
        if not after:
            return
        first = min(came for _, came in after)
        if first == NEVER:
            yield reason(WORDINGS, "fault_for_good", sent=len(after), carrier_zh=zh, carrier_en=en)
            return
        came = sorted(one for one in stream.came if one != NEVER)
        split = bisect_left(came, fault.at_ns)
        yield reason(
            WORDINGS,
            "fault_recovered",
            carrier=carrier,
            carrier_zh=zh,
            carrier_en=en,
            seconds=(first - fault.at_ns) / SECOND,
            step=_step(stream.sent),
            sent=len(during),
            lost=sum(one == NEVER for _, one in during),
            gap=_longest(came[max(0, split - 1) :]),
            before=_longest(came[:split]),
        )


def windows(marks: Iterable[Mark]) -> tuple[tuple[int, int], ...]:
    """From each fault noted until it was restored, or for good: what `summarise` leaves out."""
    made: list[tuple[int, int]] = []
    began: int | None = None
    for mark in sorted(marks, key=lambda mark: mark.at_ns):
        if mark.kind == "fault" and began is None:
            began = mark.at_ns
        elif mark.kind == "restored" and began is not None:
            made.append((began, mark.at_ns))
            began = None
    return (*made, (began, NEVER)) if began is not None else tuple(made)


def ask(plan: Plan, given: Given) -> Fault | None:
    """Asked where the plan lets a fault be noted."""
    return Fault(plan, given.marks) if "fault" in plan.marks else None


def _longest(times: Sequence[int]) -> float:
    """The longest gap between two of the times, in seconds."""
    gaps = (later - earlier for earlier, later in pairwise(times))
    return max(gaps, default=0) / SECOND


def _step(sent: Sequence[int]) -> float:
    """The usual distance between two messages, in seconds."""
    ordered = sorted(sent)
    gaps = sorted(later - earlier for earlier, later in pairwise(ordered))
    return gaps[len(gaps) // 2] / SECOND if gaps else 0.0

"""What a test's own question says about the checklist: conclusions as measures.

A yes is 100, a no is 0, so that they are treated as the measured shares are. Where the test leaves
its question open, no measure is stated and the question stays as it was answered.
"""

from collections.abc import Callable, Iterator

from bot.report.measured import Finished, Measure
from evaluators.sending.reasons import Reason

YES, NO = Measure(100, 100, 100), Measure(0, 0, 0)
SLOTS = "slots"
PEAK = "peak"  # the phase at the company's own busiest time, see data/plans/slots.yaml


def of(finished: Finished) -> dict[str, Measure]:
    """By the names that `measured_by` in the checklist uses."""
    if finished.verdict.word in {"inconclusive", "interrupted"}:
        return {}
    said = {reason.key: reason for reason in finished.conclusions}
    return {name: measure for ask in _ASKED for name, measure in ask(finished, said)}


def _slots(finished: Finished, _said: dict[str, Reason]) -> Iterator[tuple[str, Measure]]:
    if finished.plan.test != SLOTS:
        return
    count = float(len(finished.plan.stages))
    yield "slots.count", Measure(count, count, count)
    if any(phase.name == PEAK for phase in finished.plan.stages):
        yield "slots.peak", YES


def _fault(finished: Finished, said: dict[str, Reason]) -> Iterator[tuple[str, Measure]]:
    """The slowest carrier's time; a channel that stayed down has none, so no figure is given."""
    times = [
        float(reason.params["seconds"])
        for reason in finished.conclusions
        if reason.key == "fault_recovered"
    ]
    if times and "fault_for_good" not in said:
        slowest = round(max(times), 1)
        yield "fault.recovery_s", Measure(slowest, slowest, slowest)


def _steady(_finished: Finished, said: dict[str, Reason]) -> Iterator[tuple[str, Measure]]:
    if {"rate_drifts", "latency_drifts", "stalls"} & said.keys():
        yield "soak.steady", NO
    elif "no_drift" in said and "no_stalls" in said:
        yield "soak.steady", YES


def _whole(finished: Finished, said: dict[str, Reason]) -> Iterator[tuple[str, Measure]]:
    """Whole texts are half the question; the other half is the bill."""
    if finished.plan.test != "long":
        return
    if {"not_whole", "bill_differs"} & said.keys():
        yield "long.whole", NO
    elif "all_whole" in said and "bill_matches" in said:
        yield "long.whole", YES


def _opted_out(_finished: Finished, said: dict[str, Reason]) -> Iterator[tuple[str, Measure]]:
    if {"optout_broken", "optout_not_told"} & said.keys():
        yield "optout.kept", NO
    elif "optout_kept" in said and "optout_told" in said:
        yield "optout.kept", YES


_ASKED: tuple[Callable[[Finished, dict[str, Reason]], Iterator[tuple[str, Measure]]], ...] = (
    _slots,
    _fault,
    _steady,
    _whole,
    _opted_out,
)

"""What a finished run proves about the claimed delivery rate, and what it does not.

The rule, in this order:

1. Before the observation window has closed there is no verdict: `inconclusive`, "in progress",
   without a rate. A run that was broken off by a person or a crash is `interrupted`; what was
   seen until then may be shown, and proves nothing, because nobody declared beforehand when to
   stop. A run that its own declared stop rule ended is judged like any other, but on an interval
   that stays valid whenever one stops (`statistics.confidence_sequence`); where a sequential test
   was declared, that test says `not_met`, at its declared error (`stopping.Sequential`).
2. Only handsets decide. Receipts come through the party being tested, so a run that has nothing
   but receipts is `not_enough`, with the receipts' rate shown as what it is.
3. The interval shown is the one that decides: two-sided 95 %, Clopper-Pearson; where a handset
   got several messages, on the effective number of messages (`statistics.effective_size`).
   `met` when its lower bound reaches the claim, `not_met` when its upper bound is below it,
   otherwise `not_enough`, with how many more messages would decide at the rate seen so far. Where
   the window is shorter than usual for the kind of message, what has no receipt may still be on its
   way: `not_met` only if it stays so were all of that to arrive.
4. A sender of ours that fell behind did not put the planned load on the vendor, so the run is
   `inconclusive`, with its figures. Waiting for room in the vendor's window is not our lateness.
5. A plan that only asks whether things work (`Plan.asks`) gets no verdict on a rate: `worked` when
   something arrived, unchanged where that was seen, at every carrier and with every text that a
   live handset looked at; otherwise `not_worked`. How late our sender was does not matter there.
6. Times are compared on one clock. Where ours was set, or the machine slept, while the run went on,
   by more than latencies can bear, the run is `inconclusive`.
7. Latency is judged apart (`Verdict.latency`): p95 from the moment a message was due, messages
   that did not arrive counted as never. A percentile beyond the sample is not stated.

Figures only: receipts and handsets may disagree, and why is for the vendor to explain.
"""

import math
from dataclasses import asdict, dataclass, replace
from typing import Literal

from evaluators.sending.metrics import Metrics, Share
from evaluators.sending.plan import WINDOWS, Plan
from evaluators.sending.reasons import Reason, reason
from evaluators.sending.rows import SURE_MS
from evaluators.sending.sentences import WORDINGS as WORDINGS
from evaluators.statistics import (
    Interval,
    binomial_p,
    clopper_pearson,
    confidence_sequence,
    effective_size,
    fewest_for,
    more_needed,
)

Word = Literal[
    "met", "not_met", "not_enough", "interrupted", "inconclusive", "worked", "not_worked"
]

_APART = frozenset({"carrier", "phase", "variant"})
"""What a small test looks at one by one."""

BEHIND_MS = 50.0  # a sender this late is late whatever is being measured
BEHIND_SHARE = 0.05  # of the latency limit


@dataclass(frozen=True)
class Verdict:
    """The judgement of one run, every figure from its metrics. Shares are 0 to 1.

    `p_value` is the chance of so few arrivals if the claim were true, messages independent.
    `disagreement` counts messages to live handsets reported delivered and not seen there.
    `receipts_excluded`: the handsets' interval leaves out the receipts' rate.
    """

    word: Word
    claim: float
    basis: Literal["handset", "receipt"]
    rate: float | None = None
    counted: Share | None = None
    effective: float | None = None
    interval: Interval | None = None
    more_needed: int | None = None
    p_value: float | None = None
    disagreement: Share | None = None
    receipts_excluded: bool = False
    controls: Share | None = None
    latency: Word = "inconclusive"
    reasons: tuple[Reason, ...] = ()

    @property
    def shows(self) -> tuple[str, ...]:
        """Evidence marks for `scoring`: what this run says about the receipts' worth."""
        marks = {
            "receipts_disagree": self.receipts_excluded,
            "dead_numbers_delivered": bool(self.controls and self.controls.count),
        }
        return tuple(name for name, shown in marks.items() if shown)


def fell_behind(metrics: Metrics, plan: Plan) -> bool:
    """Whether our own lateness is large against the latency being judged."""
    limit_ms = max(BEHIND_MS, BEHIND_SHARE * plan.p95_s * 1e3)
    return metrics.lateness is not None and metrics.lateness.p99_ms > limit_ms


def out_of_step(step_s: float, plan: Plan) -> bool:
    """Whether our clock was set by more, while a run went on, than its latencies can bear."""
    return abs(step_s) > max(SURE_MS / 1e3, BEHIND_SHARE * plan.p95_s)


def judge(
    metrics: Metrics,
    plan: Plan,
    *,
    closed: bool,
    interrupted: bool,
    sender_late: bool,
    stopped_by_rule: bool = False,
    clock_step_s: float = 0.0,
    stopped_by: str = "",
) -> Verdict:
    """The verdict on one run by the rule at the top of this file.

    `clock_step_s`: by how much our clock was set, forward positive; `stopped_by`: who broke it off.
    """
    basis: Literal["handset", "receipt"] = "handset" if metrics.watched else "receipt"
    if not (closed and metrics.closed):
        word: Word = "interrupted" if interrupted else "inconclusive"
        why = _broken_off(metrics, stopped_by) if interrupted else _say("window_open")
        return Verdict(word, plan.claim, basis, reasons=(why,))
    counted = _counted(metrics)
    if not counted.of:
        return Verdict("not_enough", plan.claim, basis, reasons=(_say("nothing_sent"),))
    if plan.asks == "works":
        return _working(metrics, plan, interrupted, stopped_by)
    effective = effective_size(metrics.handsets) if basis == "handset" else float(counted.of)
    worth = effective / counted.of
    seen = _Seen(counted.count * worth, effective, stopped_by_rule)
    interval = seen.interval
    decided = seen.decided(plan)
    if decided == "not_met" and basis == "handset" and (more_may := _may_come(metrics, plan)):
        if_all = replace(seen, arrived=(counted.count + more_may) * worth)
        decided = "not_met" if if_all.decided(plan) == "not_met" else "not_enough"
    word = _word(basis, interrupted, sender_late, decided)
    more = _more(counted, effective, plan.claim) if word == "not_enough" else None
    made = Verdict(
        word=word,
        claim=plan.claim,
        basis=basis,
        rate=counted.value,
        counted=counted,
        effective=effective,
        interval=interval,
        more_needed=more if basis == "handset" else None,
        p_value=binomial_p(counted.count, counted.of, plan.claim),
        disagreement=_disagreement(metrics),
        receipts_excluded=_excluded(metrics, interval),
        controls=metrics.controls_delivered if metrics.controls_delivered.of else None,
        latency="inconclusive" if sender_late or interrupted else _latency(metrics, plan),
    )
    reasons = [*_unfinished(metrics, plan), *_reasons(made, metrics, sender_late, stopped_by_rule)]
    if out_of_step(clock_step_s, plan) and not interrupted:
        return replace(
            made,
            word="inconclusive",
            latency="inconclusive",
            more_needed=None,
            reasons=(_say("clock_stepped", step_s=clock_step_s), *reasons),
        )
    return _with(made, reasons, _broken_off(metrics, stopped_by) if interrupted else None)


def went_well(verdict: Verdict, metrics: Metrics) -> bool:
    """Whether a test clears the way for the next, larger one on its connection.

    Everything worked, and the claim, where one is tested, is not refuted. A small test cannot prove
    more.
    """
    good = verdict.word in {"met", "not_enough", "worked"} and verdict.basis == "handset"
    return good and _works(metrics) and not _refuted(verdict, metrics)


def _refuted(verdict: Verdict, metrics: Metrics) -> bool:
    """Whether arrivals are too few for the claim, though no verdict on a rate was asked."""
    worth = effective_size(metrics.handsets) / metrics.watched
    interval = clopper_pearson(metrics.arrived * worth, metrics.watched * worth)
    return interval.high < verdict.claim


def _works(metrics: Metrics) -> bool:
    """Something arrived with every carrier, phase and text there was, unchanged where seen."""
    unchanged = metrics.texts_same.count == metrics.texts_same.of
    looked_at = (part for part in metrics.parts if part.trait in _APART and part.arrived.of)
    return bool(metrics.arrived) and unchanged and all(part.arrived.count for part in looked_at)


def _working(metrics: Metrics, plan: Plan, interrupted: bool, stopped_by: str) -> Verdict:
    """Whether it works, without a rate."""
    word: Word = "worked" if _works(metrics) else "not_worked"
    basis: Literal["handset", "receipt"] = "handset" if metrics.watched else "receipt"
    if basis == "receipt":
        word = "not_enough"
    made = Verdict(
        word="interrupted" if interrupted else word,
        claim=plan.claim,
        basis=basis,
        counted=_counted(metrics),
        disagreement=_disagreement(metrics),
        controls=metrics.controls_delivered if metrics.controls_delivered.of else None,
    )
    said = [_say("receipts_only")] if basis == "receipt" else []
    said = [*_unfinished(metrics, plan), *said, *_about_receipts(made, metrics)]
    why = _broken_off(metrics, stopped_by) if interrupted else None
    return _with(made, [*said, *_set_apart(metrics)], why)


@dataclass(frozen=True)
class _Seen:
    """Arrivals among so many independent messages, and whether a rule ended the run there."""

    arrived: float
    of: float
    stopped: bool

    @property
    def interval(self) -> Interval:
        method = confidence_sequence if self.stopped else clopper_pearson
        return method(self.arrived, self.of)

    def decided(self, plan: Plan) -> Word:
        if self.interval.low >= plan.claim:
            return "met"
        below = self.interval.high < plan.claim
        if self.stopped and plan.stop and plan.stop.sequential:
            lost = self.of - self.arrived
            below = plan.stop.sequential.rejects(plan.claim, self.arrived, lost)
        return "not_met" if below else "not_enough"


def _with(made: Verdict, reasons: list[Reason], broken_off: Reason | None) -> Verdict:
    return replace(made, reasons=(*([broken_off] if broken_off else []), *reasons))


def _broken_off(metrics: Metrics, by: str) -> Reason:
    """By whom, and what had been counted by then."""
    if not metrics.submitted:
        return _say("stopped_unsent")
    counts = {name: getattr(metrics, name) for name in ("submitted", "arrived", "delivered")}
    return _say("interrupted_by", who=by, **counts) if by else _say("interrupted", **counts)


def _may_come(metrics: Metrics, plan: Plan) -> int:
    """Messages that may still be on their way, as the window was shorter than is usual."""
    return metrics.awaited if plan.window_s < WINDOWS[plan.kind] else 0


def _unfinished(metrics: Metrics, plan: Plan) -> list[Reason]:
    """Where we were not there, or did not stay long enough."""
    said = [_say("away", **asdict(metrics.away))] if metrics.away else []
    if count := _may_come(metrics, plan):
        usual = WINDOWS[plan.kind]
        said.append(_say("still_awaited", count=count, window=plan.window_s, usual=usual))
    return said


def _counted(metrics: Metrics) -> Share:
    if metrics.watched:
        return Share(metrics.arrived, metrics.watched)
    return Share(metrics.delivered, metrics.submitted - metrics.untold)


def _word(basis: str, interrupted: bool, sender_late: bool, decided: Word) -> Word:
    if interrupted or sender_late:
        return "interrupted" if interrupted else "inconclusive"
    return "not_enough" if basis == "receipt" else decided


def _more(counted: Share, effective: float, claim: float) -> int | None:
    """More messages to handsets like these: what a message is worth stays as it was."""
    shrunk = counted.count * effective / counted.of
    more = more_needed(shrunk, effective, claim)
    return None if more is None else math.ceil(more * counted.of / effective)


def _disagreement(metrics: Metrics) -> Share | None:
    if not metrics.watched:
        return None
    return Share(metrics.unseen_delivered, metrics.watched_delivered)


def _excluded(metrics: Metrics, interval: Interval) -> bool:
    if not metrics.watched:
        return False
    return metrics.watched_delivered / metrics.watched > interval.high


def _latency(metrics: Metrics, plan: Plan) -> Word:
    if metrics.latency is None or metrics.latency.p95.value is None:
        return "not_enough"
    p95, limit_ms = metrics.latency.p95, plan.p95_s * 1e3
    if p95.high is not None and p95.high <= limit_ms:
        return "met"
    return "not_met" if p95.low is not None and p95.low > limit_ms else "not_enough"


def _reasons(
    made: Verdict, metrics: Metrics, sender_late: bool, stopped_by_rule: bool
) -> list[Reason]:
    said = [_say("stop_rule")] if stopped_by_rule else []
    said += _about_receipts(made, metrics)
    said += _about_the_sample(made, metrics)
    said += _set_apart(metrics)
    if sender_late and metrics.lateness:
        said.append(_say("sender_behind", p99_ms=metrics.lateness.p99_ms))
    if metrics.watched and metrics.watched < fewest_for(0.95):
        said.append(_say("p95_beyond_sample", n=metrics.watched, least=fewest_for(0.95)))
    return said


def _set_apart(metrics: Metrics) -> list[Reason]:
    """Messages that do not count, or not as arrived."""
    counts = {
        "throttled": metrics.throttled,
        "left_unknown": metrics.left_unknown,
        "late_arrivals": metrics.late_arrivals,
    }
    return [_say(key, count=count) for key, count in counts.items() if count]


def _about_the_sample(made: Verdict, metrics: Metrics) -> list[Reason]:
    if made.basis == "receipt":
        return [_say("receipts_only")]
    said = []
    handsets = len(metrics.handsets)
    if made.effective is not None and handsets < metrics.watched:
        n, effective = metrics.watched, made.effective
        said.append(_say("few_handsets", n=n, handsets=handsets, effective=effective))
    if made.word == "not_enough" and made.more_needed is not None:
        said.append(_say("more_needed", claim=made.claim, more=made.more_needed))
    elif made.word == "not_enough":
        said.append(_say("no_number_decides", claim=made.claim))
    return said


def _about_receipts(made: Verdict, metrics: Metrics) -> list[Reason]:
    said = []
    gap = made.disagreement
    if gap and gap.count and gap.value is not None:
        said.append(_say("disagree", count=gap.count, of=gap.of, share=gap.value))
    if made.receipts_excluded:
        receipts = metrics.watched_delivered / metrics.watched
        said.append(_say("receipts_outside", receipts=receipts))
    if made.controls and made.controls.count:
        count, of = made.controls.count, made.controls.of
        said.append(_say("controls_delivered", count=count, of=of))
    return said


def _say(key: str, **params: float | int | str) -> Reason:
    return reason(WORDINGS, key, **params)

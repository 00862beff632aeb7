"""Whether there are numbers enough for a plan: consent, filters, limits per number."""

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from evaluators.sending.assigning import WORDINGS as NOBODY
from evaluators.sending.assigning import Listed, fits
from evaluators.sending.finding import KIND_NAMES, TRAIT_NAMES, Facts, Finding, found
from evaluators.sending.limits import RULES, SPANS, Frequency, Rules
from evaluators.sending.pacing import SECOND, Timetable, timetable
from evaluators.sending.plan import Phase, Plan
from evaluators.sending.reasons import both

SPAN_NAMES = {"minute": "分钟", "hour": "小时", "day": "天"}

WORDINGS = {
    **NOBODY,
    "no_numbers": both(
        "没有可用号码，请先登记号码和同意记录。",
        "There are no numbers to send to; list numbers with their consent first.",
    ),
    "consent": both(
        "{count} 个号码没有同意记录，请补齐或移出。",
        "{count} number{count:|s} {count:has|have} no recorded consent; add it or take"
        " {count:it|them} out.",
    ),
    "not_listed": both(
        "计划里的 {count} 个号码不在登记名单中，请登记或移出。",
        "{count} number{count:|s} of the plan {count:is|are} not on the allow-list; list"
        " {count:it|them} or take {count:it|them} out.",
    ),
    "simulated_numbers": both(
        "{count} 个模拟号码只能发往模拟服务商，请换真实号码或换连接。",
        "{count} simulated number{count:|s} may only go to a simulated vendor; change one or the"
        " other.",
    ),
    "few_numbers": both(
        "需要至少 {needed} 个不同号码（{kind_zh}每号每{span_zh}最多 {limit} 条），"
        "现有 {numbers} 个。"
        "可增加号码，或减到 {count} 条，或把速率降到每秒 {rate:.3g} 条。",
        "At least {needed} different number{needed:|s} {needed:is|are} needed ({kind}: {limit}"
        " per number per {span}); there {numbers:is|are} {numbers}. Add numbers, or send {count},"
        " or at most {rate:.3g} per second.",
    ),
    "numbers_used": both(
        "{count} 个号码最近一{span_zh}已经收过短信，还能收 {left} 条，本次要 {needed} 条"
        "（每号每{span_zh}最多 {limit} 条）。请换号码、减少条数或晚些再发。",
        "{count} number{count:|s} got messages within the last {span}; {left} more may be sent"
        " and this test needs {needed} ({limit} per number per {span}). Use others, send fewer,"
        " or wait.",
    ),
    "one_group": both(
        "按{trait_zh}比较，但登记号码只有一类，比不出差别。请补另一类号码。",
        "The test compares {trait_en}, and all listed numbers are alike in it; list some of the"
        " other kind.",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class _Need:
    """So many messages fall into one `span`, of which a number may get `limit`."""

    messages: int
    span: str
    limit: int

    @property
    def numbers(self) -> int:
        return math.ceil(self.messages / self.limit)


def check(plan: Plan, facts: Facts, rules: Rules, times: Timetable) -> Iterator[Finding]:
    """Everything found about the numbers a plan would text."""
    if facts.numbers < 1:
        yield found(WORDINGS, "no_numbers")
        return
    if facts.without_consent and not facts.simulated:
        yield found(WORDINGS, "consent", count=facts.without_consent)
    if facts.simulated_numbers and not facts.simulated:
        yield found(WORDINGS, "simulated_numbers", count=facts.simulated_numbers)
    if facts.listed is not None:
        yield from _filters(plan, facts.listed)
    needs = _needs(plan, _frequency(plan, facts, rules), times)
    numbers = _pool(plan, facts)
    short = [need for need in needs if need.numbers > numbers]
    if short:
        yield _few(plan, facts, short, numbers)
    else:
        yield from _used(plan, facts, needs, times.due_ns(0))


def numbers_needed(plan: Plan, rules: Rules = RULES, frequency: Frequency | None = None) -> int:
    """Distinct numbers this plan needs under the per-number limits, used in turn.

    `frequency` is the vendor's own; by default the rules' for this kind of message.
    """
    limits = frequency or rules.frequency.get(plan.kind, Frequency())
    needs = _needs(plan, limits, timetable(plan, 0))
    return max((need.numbers for need in needs), default=1)


def numbers_of(phase: Phase, listed: Iterable[Listed]) -> list[Listed]:
    """The live numbers a phase may text."""
    return [number for number in listed if not number.dead and fits(number, phase.only)]


def _frequency(plan: Plan, facts: Facts, rules: Rules) -> Frequency:
    return facts.frequency or rules.frequency.get(plan.kind, Frequency())


def _pool(plan: Plan, facts: Facts) -> int:
    """How many numbers share the plan's messages: those of its neediest phase."""
    if facts.listed is None:
        return facts.numbers
    return min(len(numbers_of(phase, facts.listed)) for phase in plan.stages)


def _needs(plan: Plan, limits: Frequency, times: Timetable) -> list[_Need]:
    return [
        _Need(most_within(times, seconds * SECOND), span, limit)
        for span, seconds, limit in limits.spans()
    ]


def most_within(times: Timetable, span_ns: int) -> int:
    """The most messages due within any time span of that length.

    The span with most of them begins or ends where a phase does.
    """
    begins = [
        begin for pace in times.paces for begin in (pace.start_ns, pace.last_ns - span_ns + 1)
    ]
    return max(times.due_by(begin + span_ns - 1) - times.due_by(begin - 1) for begin in begins)


def _few(plan: Plan, facts: Facts, short: Sequence[_Need], numbers: int) -> Finding:
    worst = max(short, key=lambda need: (need.numbers, need.span, need.limit))
    return found(
        WORDINGS,
        "few_numbers",
        not facts.simulated,
        needed=worst.numbers,
        numbers=numbers,
        limit=worst.limit,
        span=worst.span,
        span_zh=SPAN_NAMES[worst.span],
        kind=plan.kind,
        kind_zh=KIND_NAMES[plan.kind],
        count=min(numbers * need.limit for need in short),
        rate=min(numbers * need.limit / SPANS[need.span] for need in short),
    )


def _used(plan: Plan, facts: Facts, needs: Sequence[_Need], start_ns: int) -> Iterator[Finding]:
    """What earlier runs sent to these numbers counts too."""
    if facts.listed is None or not facts.used:
        return
    ids = {number.id for phase in plan.stages for number in numbers_of(phase, facts.listed)}
    used = {one: sorted(facts.used.get(one, ())) for one in ids}
    for need in needs:
        since = start_ns - SPANS[need.span] * SECOND
        spent = [len(times) - bisect_right(times, since) for times in used.values()]
        left = sum(max(0, need.limit - each) for each in spent)
        if left < need.messages:
            yield found(
                WORDINGS,
                "numbers_used",
                not facts.simulated,
                count=sum(each > 0 for each in spent),
                left=left,
                needed=need.messages,
                limit=need.limit,
                span=need.span,
                span_zh=SPAN_NAMES[need.span],
            )
            return


def _filters(plan: Plan, listed: Sequence[Listed]) -> Iterator[Finding]:
    missing = {*plan.numbers, *plan.controls} - {number.id for number in listed}
    if missing:
        yield found(WORDINGS, "not_listed", count=len(missing))
    for phase in plan.stages:
        live = numbers_of(phase, listed)
        if not live and phase.dead < phase.count:
            yield found(WORDINGS, "no_match", phase=phase.name)
            return
        if phase.dead and not any(number.dead for number in listed):
            yield found(WORDINGS, "no_dead", phase=phase.name)
            return
        for trait in phase.turns:
            asked = trait in plan.declared and len({getattr(one, trait) for one in live}) < 2
            if asked and live and phase.count > 1:
                # Without announced and blind numbers there is nothing to compare at all.
                blocking = trait == "announced"
                zh, en = TRAIT_NAMES[trait]
                yield found(WORDINGS, "one_group", blocking, trait=trait, trait_zh=zh, trait_en=en)
                return

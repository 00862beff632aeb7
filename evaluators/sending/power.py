"""What a plan could prove: handsets, sample size, likeness on one handset, percentiles."""

import math
from collections.abc import Iterator

from evaluators.sending.finding import TRAIT_NAMES, Facts, Finding, found
from evaluators.sending.limits import Rules
from evaluators.sending.plan import Plan
from evaluators.sending.reach import numbers_of
from evaluators.sending.reasons import both
from evaluators.statistics import design_effect, fewest_for, sample_size

SURE = 0.95  # the upper end of the range of sample sizes that is stated

WORDINGS = {
    "sample": both(
        "区分 {claim:.4g}% 与 {against:.4g}% 需要 {needed}–{most} 条"
        "（{power:.0%}–{sure:.0%} 把握），本次 {count} 条。",
        "Telling {claim:.4g} % from {against:.4g} % needs {needed}–{most} messages"
        " ({power:.0%}–{sure:.0%} power); this plan has {count}.",
    ),
    "too_close": both(
        "{claim:.4g}% 与 {against:.4g}% 太接近，一百万条也难以区分。",
        "{claim:.4g} % and {against:.4g} % are too close for a million messages to tell apart.",
    ),
    "group_sample": both(
        "按{trait_zh}分开后每组约 {count} 条，单独判定一组需要 {needed}–{most} 条；"
        "不足的组只能看差别。",
        "By {trait_en} each group gets about {count} message{count:|s}; judging one alone needs"
        " {needed}–{most}, so smaller groups only show differences.",
    ),
    "no_handsets": both(
        "没有能回报的手机，只有回执，不能下到达结论。请加入面板手机。",
        "No handset reports back: receipts alone prove no arrival. Add panel handsets.",
    ),
    "clustered": both(
        "{count} 条发到 {numbers} 部手机，若同机结果相关，"
        "只相当于约 {effective:.0f} 条；宜加手机。",
        "{count} messages to {numbers} handset{numbers:|s} count as about {effective:.0f} if"
        " results on one handset go together; more handsets help.",
    ),
    "percentiles": both(
        "样本 {count} 条，不给 p{percent}（至少 {needed} 条）。",
        "{count} message{count:|s} {count:is|are} too few to state p{percent} (at least {needed}).",
    ),
}  # fmt: skip


def check(plan: Plan, facts: Facts, rules: Rules) -> Iterator[Finding]:
    """What the plan cannot prove, or only weakly; none of it blocks."""
    if not facts.numbers:
        return
    if not facts.seen:
        yield found(WORDINGS, "no_handsets", False)
        return
    if plan.asks == "works":
        return
    count = math.floor(plan.count * min(1.0, facts.seen / facts.numbers))
    yield from _sample(plan, facts, count, rules.power)
    if count > facts.seen:
        effective = count / design_effect(count / facts.seen, rules.likeness)
        yield found(
            WORDINGS, "clustered", False, count=count, numbers=facts.seen, effective=effective
        )
    beyond = next((p for p in (95, 99) if count < fewest_for(p / 100)), None)
    if beyond:
        needed = fewest_for(beyond / 100)
        yield found(WORDINGS, "percentiles", False, count=count, percent=beyond, needed=needed)


def sample_range(claim: float, against: float, power: float = 0.9) -> tuple[int, int]:
    """How many messages tell the two rates apart, with `power` and with 95 % power.

    Raises ValueError where a million would not do (see `statistics.sample_size`).
    """
    sizes = (sample_size(claim, against, 0.05, p).n for p in (power, max(power, SURE)))
    needed, most = sizes
    return needed, most


def _sample(plan: Plan, facts: Facts, count: int, power: float) -> Iterator[Finding]:
    if plan.against is None or plan.claim >= 1:
        return
    figures = {"claim": 100 * plan.claim, "against": 100 * plan.against}
    try:
        needed, most = sample_range(plan.claim, plan.against, power)
    except ValueError:
        yield found(WORDINGS, "too_close", False, **figures)
        return
    if count < needed:
        figures |= {"power": power, "sure": max(power, SURE), "needed": needed, "most": most}
        yield found(WORDINGS, "sample", False, count=count, **figures)
        return
    for trait in plan.declared:
        each = _smallest(plan, facts, trait)
        if each is not None and each < needed:
            zh, en = TRAIT_NAMES[trait]
            sizes = {"count": each, "needed": needed, "most": most}
            yield found(
                WORDINGS, "group_sample", False, trait=trait, trait_zh=zh, trait_en=en, **sizes
            )
            return


def _smallest(plan: Plan, facts: Facts, trait: str) -> int | None:
    """About how many messages the smallest group gets; None where that cannot be said."""
    if trait == "phase":
        return min(phase.count for phase in plan.stages)
    if trait == "variant":
        texts = {phase.variant for phase in plan.stages}
        return min(sum(p.count for p in plan.stages if p.variant == text) for text in texts)
    if facts.listed is None:
        return None
    groups = {
        getattr(one, trait) for phase in plan.stages for one in numbers_of(phase, facts.listed)
    }
    return plan.count // max(1, len(groups))

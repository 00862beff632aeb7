"""Parts of a run apart: carriers, ported numbers, regions, countries, phases, texts.

Every part is tested against the claim. What the plan declared is one family of tests, all the rest
another, each adjusted by Holm; what was not declared is exploratory and says so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from evaluators.sending.finding import CARRIER_NAMES
from evaluators.sending.measures import Part
from evaluators.sending.metrics import Metrics
from evaluators.sending.plan import Plan
from evaluators.sending.questions.question import SURE, chance
from evaluators.sending.reasons import Reason, both, reason
from evaluators.statistics import binomial_p, fisher, holm

VALUES = {
    "ported": ("携号转网", "ported numbers"),
    "own": ("未转网", "numbers not ported"),
    "announced": ("预先告知的号码", "announced numbers"),
    "blind": ("未告知的号码", "blind numbers"),
    "text": ("普通文本", "the plain text"),
    "": ("未注明", "unknown"),
    # Regions of the simulated panel; a company writes its own as it calls them.
    "beijing": ("北京", "Beijing"),
    "shanghai": ("上海", "Shanghai"),
    "guangdong": ("广东", "Guangdong"),
    "sichuan": ("四川", "Sichuan"),
    "zhejiang": ("浙江", "Zhejiang"),
} | CARRIER_NAMES

WORDINGS = {
    "part_below": both(
        "{name_zh}：{count}/{of} 到达，{share:.1%}（{low:.1%}–{high:.1%}），"
        "低于所称 {claim:.4g}%（Holm 校正 {said_p}{label_zh}）。",
        "{name_en}: {count} of {of} arrived, {share:.1%} ({low:.1%}–{high:.1%}), below the"
        " claimed {claim:.4g} % (Holm-adjusted {said_p}{label_en}).",
    ),
    "part_none": both(
        "{name_zh}：{of} 条一条也没有到达。", "{name_en}: none of {of} message{of:|s} arrived."
    ),
    "parts_differ": both(
        "{low_zh}到达 {low_share:.1%}，{high_zh}到达 {high_share:.1%}，"
        "差别超出偶然（Holm 校正 {said_p}{label_zh}）。",
        "{low_en} got {low_share:.1%}, {high_en} {high_share:.1%}: more than chance"
        " (Holm-adjusted {said_p}{label_en}).",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Tested:
    """A part against the claim: one-sided p-value, adjusted within its family."""

    part: Part
    p_value: float
    adjusted: float
    declared: bool


def tested(metrics: Metrics, plan: Plan) -> tuple[Tested, ...]:
    """Every part with live handsets, tested; in the order of `metrics.parts`."""
    made: dict[int, Tested] = {}
    for declared in (True, False):
        family = [
            (at, part)
            for at, part in enumerate(metrics.parts)
            if part.arrived.of and (part.trait in plan.declared) == declared
        ]
        raw = [_against(part, plan.claim) for _, part in family]
        for (at, part), p_value, adjusted in zip(family, raw, holm(raw), strict=True):
            made[at] = Tested(part, p_value, adjusted, declared)
    return tuple(made[at] for at in sorted(made))


def _against(part: Part, claim: float) -> float:
    shrunk = part.arrived.count * part.effective / part.arrived.of
    return binomial_p(shrunk, part.effective, claim)


def conclude(metrics: Metrics, plan: Plan) -> Iterator[Reason]:
    """Parts below the claim, and parts of a trait that differ from each other."""
    for each in tested(metrics, plan):
        part = each.part
        if not part.arrived.count:
            zh, en = name(part, plan)
            yield reason(WORDINGS, "part_none", of=part.arrived.of, name_zh=zh, name_en=en)
        elif each.adjusted < SURE:
            yield _below(each, plan)
    for trait in dict.fromkeys(part.trait for part in metrics.parts):
        if trait != "announced":  # that comparison has a question of its own
            parts = [part for part in metrics.parts if part.trait == trait and part.arrived.of]
            yield from _differ(parts, plan)


def _below(each: Tested, plan: Plan) -> Reason:
    part = each.part
    name_zh, name_en = name(part, plan)
    return reason(
        WORDINGS,
        "part_below",
        trait=part.trait,
        value=part.value,
        name_zh=name_zh,
        name_en=name_en,
        count=part.arrived.count,
        of=part.arrived.of,
        share=part.arrived.count / part.arrived.of,
        low=part.interval.low,
        high=part.interval.high,
        claim=100 * plan.claim,
        p=each.adjusted,
        said_p=chance(each.adjusted),
        **_label(each.declared),
    )


def _differ(parts: Sequence[Part], plan: Plan) -> Iterator[Reason]:
    """The pair of parts that differs most, if more than by chance."""
    pairs = list(combinations(parts, 2))
    if not pairs:
        return
    adjusted = holm([difference(first, second) for first, second in pairs])
    p_value, at = min((p, at) for at, p in enumerate(adjusted))
    if p_value >= SURE:
        return
    low, high = sorted(pairs[at], key=lambda part: part.arrived.count / part.arrived.of)
    (low_zh, low_en), (high_zh, high_en) = name(low, plan), name(high, plan)
    yield reason(
        WORDINGS,
        "parts_differ",
        trait=low.trait,
        low_zh=low_zh,
        low_en=low_en,
        high_zh=high_zh,
        high_en=high_en,
        low_share=low.arrived.count / low.arrived.of,
        high_share=high.arrived.count / high.arrived.of,
        p=p_value,
        said_p=chance(p_value),
        **_label(low.trait in plan.declared),
    )


def difference(first: Part, second: Part) -> float:
    """Two-sided exact p-value that two parts differ by chance alone, on their effective sizes."""
    return fisher(_table(first), _table(second))


def _table(part: Part) -> tuple[int, int]:
    size = round(part.effective)
    arrived = round(part.arrived.count * part.effective / part.arrived.of)
    return arrived, size - arrived


def name(part: Part, plan: Plan) -> tuple[str, str]:
    """What people call a part, Chinese and English."""
    titles = {phase.name: phase.title for phase in plan.stages}
    if part.trait == "variant":
        titles = {phase.variant or "text": phase.title for phase in plan.stages}
    title = titles.get(part.value) if part.trait in {"phase", "variant"} else None
    if title:
        return title.zh, title.en
    return VALUES.get(part.value, (part.value, part.value))


def _label(declared: bool) -> dict[str, str]:
    if declared:
        return {"label_zh": "", "label_en": ""}
    return {
        "label_zh": "，事后查看，仅供参考",
        "label_en": ", exploratory: not declared beforehand",
    }

"""Which of the delivery-rate definitions in use make the vendor's claim true."""

from collections.abc import Iterator

from evaluators.sending.measures import Share
from evaluators.sending.metrics import Metrics
from evaluators.sending.plan import Plan
from evaluators.sending.reasons import Reason, both, reason
from evaluators.statistics import (
    Interval,
    clopper_pearson,
    confidence_sequence,
    effective_size,
)

NAMES = {
    "D1": ("受理/提交", "accepted of submitted"),
    "D2": ("回执送达/提交", "reported delivered of submitted"),
    "D3": ("回执送达/受理", "reported delivered of accepted"),
    "D4": ("回执送达/受理且有效号码", "reported delivered of accepted to valid numbers"),
    "D5": ("1−明确失败/有效号码，无回执算成功", "1 − explicit failures, silence counts as success"),
    "D6": ("手机收到/发往在线手机", "seen on live handsets"),
    "D7": ("限时内手机收到", "seen on live handsets in time"),
    "D8": ("到达条数/计费条数", "parts arrived of parts billed"),
}

WORDINGS = {
    "claim_by_definition": both(
        "所称 {claim:.4g}%：{said_zh}。", "The claimed {claim:.4g} %: {said_en}."
    ),
    "untimed": both(
        "{count} 条发到的手机只能证明到没到、说不出何时到（由人报编码），不计入 D7 和时延。",
        "{count} message{count:|s} went to handsets that show whether a text came, not when (a"
        " person types its code), and {count:is|are} left out of D7 and of latencies.",
    ),
}


STANDS = {
    "holds": ("成立", "holds by"),
    "fails": ("不成立", "does not hold by"),
    "open": ("样本还不足以判定", "not settled by this sample:"),
}


def conclude(metrics: Metrics, plan: Plan, *, by_rule: bool = False) -> Iterator[Reason]:
    """One reason naming each definition with its share, 95 % interval and what that settles.

    The interval decides, as it does for the verdict: `holds` from its lower end on, `fails` where
    its upper end is below the claim, `open` otherwise. `by_rule`: a stop rule ended the run.
    """
    stated = {name: share for name, share in metrics.definitions.items() if share}
    if not stated:
        return
    by_stand: dict[str, list[str]] = {which: [] for which in STANDS}
    for name, share in stated.items():
        bounds = interval(name, share, metrics, by_rule=by_rule)
        which = "holds" if bounds.low >= plan.claim else "open"
        by_stand["fails" if bounds.high < plan.claim else which].append(name)
    parts = []
    for which, names in by_stand.items():
        if names:
            zh, en = STANDS[which]
            said = [_said(name, stated[name], metrics, by_rule) for name in names]
            listed = "、".join(a for a, _ in said), ", ".join(b for _, b in said)
            parts.append((f"{zh}：{listed[0]}", f"{en} {listed[1]}"))
    yield reason(
        WORDINGS,
        "claim_by_definition",
        claim=100 * plan.claim,
        **{which: ", ".join(names) for which, names in by_stand.items()},
        said_zh="；".join(zh for zh, _ in parts),
        said_en="; ".join(en for _, en in parts),
    )
    if metrics.untimed:
        yield reason(WORDINGS, "untimed", count=metrics.untimed)


def interval(name: str, share: Share, metrics: Metrics, *, by_rule: bool = False) -> Interval:
    """The 95 % interval of the verdict; of what handsets show, on the effective number."""
    size = float(share.of)
    if name in {"D6", "D7"}:
        size *= effective_size(metrics.handsets) / max(1, metrics.watched)
    method = confidence_sequence if by_rule else clopper_pearson
    return method(share.count * size / share.of, size)


def _said(name: str, share: Share, metrics: Metrics, by_rule: bool) -> tuple[str, str]:
    bounds = interval(name, share, metrics, by_rule=by_rule)
    figures = f"{share.count / share.of:.1%} ({bounds.low:.1%}–{bounds.high:.1%})"
    zh, en = NAMES[name]
    return f"{name}（{zh}）{figures}", f"{name} ({en}) {figures}"

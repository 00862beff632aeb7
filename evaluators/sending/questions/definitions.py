"""Which of the delivery-rate definitions in use make the vendor's claim true."""

from collections.abc import Iterator

from evaluators.sending.measures import Share
from evaluators.sending.metrics import Metrics
from evaluators.sending.plan import Plan
from evaluators.sending.reasons import Reason, both, reason
from evaluators.statistics import Interval, clopper_pearson, effective_size

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
    "claim_true_under": both(
        "所称 {claim:.4g}% 按这些算法成立：{holds_zh}；按这些不成立：{fails_zh}。",
        "The claimed {claim:.4g} % is true as {holds_en}; it is not as {fails_en}.",
    ),
    "claim_true_everywhere": both(
        "所称 {claim:.4g}% 按每种算法都成立：{holds_zh}。",
        "The claimed {claim:.4g} % is true by every definition: {holds_en}.",
    ),
    "claim_true_nowhere": both(
        "所称 {claim:.4g}% 按哪种算法都不成立：{fails_zh}。",
        "The claimed {claim:.4g} % is true by no definition: {fails_en}.",
    ),
    "untimed": both(
        "{count} 条发到的手机只能证明到没到、说不出何时到（由人报编码），不计入 D7 和时延。",
        "{count} message{count:|s} went to handsets that show whether a text came, not when (a"
        " person types its code), and {count:is|are} left out of D7 and of latencies.",
    ),
}


def conclude(metrics: Metrics, plan: Plan) -> Iterator[Reason]:
    """One reason naming each definition with its share and 95 % interval."""
    stated = {name: share for name, share in metrics.definitions.items() if share}
    if not stated:
        return
    holds = [name for name, share in stated.items() if share.count >= plan.claim * share.of]
    fails = [name for name in stated if name not in holds]
    key = "claim_true_under" if holds and fails else "claim_true_nowhere"
    lists = {}
    for which, names in (("holds", holds), ("fails", fails)):
        said = [_said(name, stated[name], metrics) for name in names]
        lists[f"{which}_zh"] = "、".join(zh for zh, _ in said)
        lists[f"{which}_en"] = ", ".join(en for _, en in said)
    yield reason(
        WORDINGS,
        key if fails else "claim_true_everywhere",
        claim=100 * plan.claim,
        holds=", ".join(holds),
        fails=", ".join(fails),
        **lists,
    )
    if metrics.untimed:
        yield reason(WORDINGS, "untimed", count=metrics.untimed)


def interval(name: str, share: Share, metrics: Metrics) -> Interval:
    """The exact 95 % interval; of what handsets show, on the effective number of messages."""
    if name not in {"D6", "D7"}:
        return share.interval
    size = share.of * effective_size(metrics.handsets) / max(1, metrics.watched)
    return clopper_pearson(share.count * size / share.of, size)


def _said(name: str, share: Share, metrics: Metrics) -> tuple[str, str]:
    bounds = interval(name, share, metrics)
    figures = f"{share.count / share.of:.1%} ({bounds.low:.1%}–{bounds.high:.1%})"
    zh, en = NAMES[name]
    return f"{name}（{zh}）{figures}", f"{name} ({en}) {figures}"

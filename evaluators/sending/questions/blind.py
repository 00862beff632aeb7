"""Whether numbers the vendor was told of beforehand fare better than numbers it was not."""

from collections.abc import Iterator

from evaluators.sending.metrics import Metrics
from evaluators.sending.plan import Plan
from evaluators.sending.questions.question import SURE, chance
from evaluators.sending.questions.segments import difference
from evaluators.sending.reasons import Reason, both, reason

WORDINGS = {
    "announced_better": both(
        "预先告知的号码到达 {announced_count}/{announced_of}（{announced:.1%}），"
        "未告知的 {blind_count}/{blind_of}（{blind:.1%}），差别超出偶然（{said_p}）。"
        "告知过的号码不能代表其他号码，请以未告知的为准。",
        "Announced numbers got {announced_count} of {announced_of} ({announced:.1%}), blind ones"
        " {blind_count} of {blind_of} ({blind:.1%}): more than chance ({said_p}). Announced"
        " numbers do not stand for others; go by the blind ones.",
    ),
    "blind_better": both(
        "未告知的号码到达 {blind:.1%}，高于预先告知的 {announced:.1%}（{said_p}），"
        "请检查两组手机和号码是否可比。",
        "Blind numbers got {blind:.1%}, more than announced ones with {announced:.1%} ({said_p});"
        " check that the two groups of handsets are alike.",
    ),
    "announced_alike": both(
        "预先告知的 {announced_count}/{announced_of}，未告知的 {blind_count}/{blind_of}，"
        "没有发现超出偶然的差别（{said_p}）。",
        "Announced {announced_count} of {announced_of}, blind {blind_count} of {blind_of}: no"
        " difference beyond chance ({said_p}).",
    ),
}  # fmt: skip


def conclude(metrics: Metrics, plan: Plan) -> Iterator[Reason]:
    """One reason, where both groups have live handsets and no other trait tells them apart."""
    parts = {p.value: p for p in metrics.parts if p.trait == "announced" and p.arrived.of}
    if set(parts) != {"announced", "blind"} or not plan.announced:
        return
    announced, blind = parts["announced"], parts["blind"]
    shares = [part.arrived.count / part.arrived.of for part in (announced, blind)]
    p_value = difference(announced, blind)
    key = "announced_alike"
    if p_value < SURE:
        key = "announced_better" if shares[0] > shares[1] else "blind_better"
    elif "announced" not in plan.declared:  # nobody asked
        return
    yield reason(
        WORDINGS,
        key,
        announced_count=announced.arrived.count,
        announced_of=announced.arrived.of,
        announced=shares[0],
        blind_count=blind.arrived.count,
        blind_of=blind.arrived.of,
        blind=shares[1],
        p=p_value,
        said_p=chance(p_value),
    )

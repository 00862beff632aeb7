"""Knock-outs: passed, failed, unknown or waived; never averaged into points (mission 7.1)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from evaluators.checklist import Item
from evaluators.evidence import Level, level
from evaluators.findings import Finding, Standing, has_expired
from evaluators.policy import Policy
from evaluators.sending.reasons import Reason, both, reason

State = Literal["pass", "fail", "unknown", "waived"]
Stage = Literal["test", "papers", "probe"]

STAGES = "stages.complete"
DISAGREE = "receipts_disagree"
CORROBORATING = frozenset({"dead_numbers_delivered", "receipts_made_by_platform"})

WORDINGS = {
    "met": both("已满足，证据达到要求。", "Met, on evidence strong enough."),
    "not_met": both("不满足。", "Not met."),
    "no_answer": both("还没有能判定的回答。", "No answer yet that settles it."),
    "not_applicable": both(
        "否决项不能因“不适用”跳过；如确需豁免，要有批准人、理由、期限和补偿措施。",
        "A gate is not skipped as not applicable; a waiver needs who, why, until when and what"
        " makes up for it.",
    ),
    "tests_wait": both(
        "不满足：在此之前不做发送测试。这是我们自己要准备的，不算供应商的。",
        "Not met: no send test before it is. That is ours to prepare and counts against no vendor.",
    ),
    "partly": both("只满足一部分。", "Met only in part."),
    "too_weak": both(
        "目前只有“{level}”级证据，需要“{needed}”级。",
        "The evidence so far is {level}; {needed} is needed.",
    ),
    "expired": both("证据已过期。", "The evidence has expired."),
    "straddles": both(
        "实测区间跨过要求，尚不能判定。", "The measured interval straddles the requirement."
    ),
    "receipts_disagree": both(
        "回执与终端在统计上不符，且有另一项独立证据一致。",
        "Receipts and handsets disagree statistically, and a second independent finding agrees.",
    ),
    "stages_missing": both("还缺：{zh}。", "Still missing: {en}."),
    "waived": both(
        "{by} 豁免至 {until}：{why}。补偿措施：{instead}。",
        "Waived by {by} until {until}: {why}. Instead: {instead}.",
    ),
}  # fmt: skip
STAGE_NAMES: dict[Stage, tuple[str, str]] = {
    "test": ("发送测试", "a send test"),
    "papers": ("资质材料或查询", "papers or an official look-up"),
    "probe": ("服务响应测试", "a response test"),
}
LEVEL_NAMES = {
    Level.NONE: "无",
    Level.CLAIMED: "宣称",
    Level.DOCUMENTED: "书证",
    Level.VERIFIED: "核验",
    Level.MEASURED: "实测",
}


@dataclass(frozen=True)
class Waiver:
    """Somebody answers for going on without a gate: who, why, until when, what instead."""

    item_id: str
    by: str
    why: str
    until: date
    instead: str

    def holds(self, today: date) -> bool:
        named = all(text.strip() for text in (self.by, self.why, self.instead))
        return named and today <= self.until


@dataclass(frozen=True)
class Gate:
    """The state of one gate, why, and the findings behind it."""

    item_id: str
    state: State
    because: Reason
    sources: tuple[str, ...] = ()


def is_gate(item: Item, policy: Policy) -> bool:
    """Whether the item is pass or fail under this policy; a `forged` one has its weight first."""
    chosen = item.gate == "optional" and item.id in policy.gates.optional
    return chosen or item.gate in {"always", "tests"}


def gate(item: Item, stand: Standing, policy: Policy) -> Gate:
    """The state of a gate from where its item stands."""
    state, because = _state(item, stand, policy)
    return Gate(item.id, state, because, stand.sources)


def _state(item: Item, stand: Standing, policy: Policy) -> tuple[State, Reason]:
    if stand.not_applicable:
        return "unknown", _say("not_applicable")
    if not stand.scored:
        return "unknown", _say("no_answer")
    if item.gate == "tests" and stand.high < 1:
        return "unknown", _say("tests_wait")
    if stand.high <= 0:
        return "fail", _say("not_met")
    if stand.evidence == Level.MEASURED and stand.high < 1:
        return "fail", _say("not_met")
    if stand.level == Level.MEASURED and stand.low < 1:
        return "unknown", _say("straddles")
    if stand.high < 1:
        return "unknown", _say("partly")
    return _strong_enough(item, stand, policy)


def _strong_enough(item: Item, stand: Standing, policy: Policy) -> tuple[State, Reason]:
    needed = min(policy.gates.needed(item.id), level(item.evidence.at_most))
    if stand.level >= needed:
        return "pass", _say("met")
    if stand.expired:
        return "unknown", _say("expired")
    zh, needed_zh = LEVEL_NAMES[stand.level], LEVEL_NAMES[needed]
    said = both(
        WORDINGS["too_weak"].zh.format(level=zh, needed=needed_zh),
        WORDINGS["too_weak"].en.format(level=stand.level.word, needed=needed.word),
    )
    params = {"level": stand.level.word, "needed": needed.word}
    return "unknown", Reason("too_weak", params, said)


def forged(item: Item, findings: Iterable[Finding]) -> Gate | None:
    """A failed gate where receipts were shown to be wrong by two independent findings, else None.

    A disagreement alone costs points and asks for an explanation; it fails nobody.
    """
    marked = [found for found in findings if found.item_id == item.id and found.shows]
    marks = {mark for found in marked for mark in found.shows}
    if DISAGREE not in marks or not marks & CORROBORATING:
        return None
    sources = tuple(sorted(found.source for found in marked))
    return Gate(item.id, "fail", _say("receipts_disagree"), sources)


def stages(
    item: Item,
    items: Mapping[str, Item],
    findings: Sequence[Finding],
    policy: Policy,
    *,
    today: date,
) -> Gate:
    """The gate of R062: a send test, papers and a probe, each with evidence in force; no claims."""
    done: dict[Stage, str] = {}
    for found in sorted(findings, key=lambda each: each.source):
        about = items.get(found.item_id)
        if about is not None and about.id != item.id and not has_expired(found, policy, today):
            for stage in _stages_of(about, found):
                done.setdefault(stage, found.source)
    missing = [names for stage, names in STAGE_NAMES.items() if stage not in done]
    sources = tuple(done[stage] for stage in STAGE_NAMES if stage in done)
    if not missing:
        return Gate(item.id, "pass", _say("met"), sources)
    zh, en = "、".join(name for name, _ in missing), ", ".join(name for _, name in missing)
    return Gate(item.id, "unknown", _say("stages_missing", zh=zh, en=en), sources)


def _stages_of(item: Item, found: Finding) -> Iterable[Stage]:
    if found.choice in {"na", "unknown", "later"}:
        return
    measured = min(found.level, level(item.evidence.at_most)) == Level.MEASURED
    if measured and "test" in item.verify:
        yield "test"
    if measured and "probe" in item.verify and "test" not in item.verify:
        yield "probe"
    on_paper = found.level in {Level.DOCUMENTED, Level.VERIFIED}
    if on_paper and item.dimension == "compliance":
        yield "papers"


def waived(found: Gate, waivers: Iterable[Waiver], today: date) -> Gate:
    """The gate, waived where somebody answers for it in full; a passed one stays as it is."""
    if found.state == "pass":
        return found
    held = [w for w in waivers if w.item_id == found.item_id and w.holds(today)]
    if not held:
        return found
    last = max(held, key=lambda each: (each.until, each.by))
    because = _say(
        "waived", by=last.by, until=last.until.isoformat(), why=last.why, instead=last.instead
    )
    return Gate(found.item_id, "waived", because, found.sources)


def _say(key: str, **params: float | int | str) -> Reason:
    return reason(WORDINGS, key, **params)

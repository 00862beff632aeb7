"""Whether a plan can be carried out as it stands, and what to change where it cannot.

A naive test breaks itself: per-number limits, quiet hours, a window too small for the rate. What
breaks rules or wastes people's numbers blocks; what only weakens the result is said and may pass.
On a simulated vendor the limits that protect real people are remarks, not obstacles.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from pydantic import Field

from evaluators.content import Bilingual, Content
from evaluators.sending.plan import (
    ALPHABET,
    LONGEST,
    TOKEN_LENGTH,
    WINDOWS,
    Caps,
    MessageKind,
    Plan,
    cost,
    length,
    render,
    segments,
)
from evaluators.sending.reasons import Params, both, reason
from evaluators.statistics import design_effect, fewest_for, sample_size

SPANS = (("minute", 60), ("hour", 3_600), ("day", 86_400))
SPAN_NAMES = {"minute": "分钟", "hour": "小时", "day": "天"}
KIND_NAMES = {"otp": "验证码", "notice": "通知", "marketing": "营销"}
OPT_OUT = "拒收"


class Frequency(Content):
    """How many messages one number may get from one sender; None: no documented limit."""

    minute: int | None = Field(default=None, ge=1)
    hour: int | None = Field(default=None, ge=1)
    day: int | None = Field(default=None, ge=1)


def _documented() -> dict[MessageKind, Frequency]:
    # OTP as at Alibaba Cloud, notice as at Baidu (2022-03-16), marketing as at Huawei.
    return {
        "otp": Frequency(minute=1, hour=5, day=10),
        "notice": Frequency(minute=3, hour=10, day=50),
        "marketing": Frequency(hour=4, day=10),
    }


class Rules(Content):
    """Limits for every plan. Marketing goes out only between the two times, local time.

    `caps` are the company's own, whatever a plan says. `power` is how surely a test should tell
    the claim from the rate it is tested against; `likeness` (intraclass correlation) is what is
    assumed about messages to one handset before there are data.
    """

    frequency: dict[MessageKind, Frequency] = Field(default_factory=_documented)
    marketing_from: time = time(9, 0)
    marketing_until: time = time(20, 0)
    timezone: str = "Asia/Shanghai"
    caps: Caps | None = None
    power: float = Field(default=0.9, gt=0, lt=1)
    likeness: float = Field(default=0.1, ge=0, le=1)


RULES = Rules()


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the plan would run on.

    `simulated` is the connection's, `simulated_numbers` how many of the `numbers` exist only in
    the simulated panel. `watched` is how many of the numbers have a handset that reports (None:
    all). `rtt_s` is the vendor's answer time as measured, `max_rate` what it agreed to take.
    """

    simulated: bool
    numbers: int
    without_consent: int = 0
    simulated_numbers: int = 0
    watched: int | None = None
    connections: int = 1
    window: int = 16
    rtt_s: float | None = None
    max_rate: float | None = None

    @property
    def seen(self) -> int:
        return self.numbers if self.watched is None else self.watched


@dataclass(frozen=True)
class Finding:
    """One thing found; `params` are the figures in its sentence, unrounded."""

    blocking: bool
    key: str
    params: Params
    wording: Bilingual


WORDINGS = {
    "no_numbers": both(
        "没有可用号码，请先登记号码和同意记录。",
        "There are no numbers to send to; list numbers with their consent first.",
    ),
    "consent": both(
        "{count} 个号码没有同意记录，请补齐或移出。",
        "{count} number(s) have no recorded consent; add it or take them out.",
    ),
    "simulated_numbers": both(
        "{count} 个模拟号码只能发往模拟服务商，请换真实号码或换连接。",
        "{count} simulated number(s) may only go to a simulated vendor; change one or the other.",
    ),
    "few_numbers": both(
        "需要至少 {needed} 个不同号码（{kind_zh}每号每{span_zh}最多 {limit} 条），"
        "现有 {numbers} 个。"
        "可增加号码，或减到 {count} 条，或把速率降到每秒 {rate:.3g} 条。",
        "At least {needed} different numbers are needed ({kind}: {limit} per number per {span});"
        " there are {numbers}. Add numbers, or send {count}, or at most {rate:.3g} per second.",
    ),
    "quiet_hours": both(
        "营销短信只在 {start}–{end} 发送，本计划 {begins} 开始、{ends} 发完。请改时间或提高速率。",
        "Marketing goes out between {start} and {end} only; this plan runs {begins} to {ends}."
        " Change the time or the rate.",
    ),
    "cap_count": both(
        "{value} 条超过上限 {cap} 条。", "{value} messages pass the cap of {cap}."
    ),
    "cap_rate": both(
        "每秒 {value:g} 条超过上限 {cap:g} 条。", "{value:g} per second pass the cap of {cap:g}."
    ),
    "cap_cost": both(
        "费用 {value:.2f} 元超过上限 {cap:.2f} 元，请减少条数。",
        "The cost of CNY {value:.2f} passes the cap of {cap:.2f}; send fewer.",
    ),
    "no_price": both(
        "没有单价，算不出费用上限，请先填报价。",
        "Without a price the cost cannot be capped; give the quoted price first.",
    ),
    "no_stop_rule": both(
        "没有事先声明的停止规则，请先定好再发。",
        "No stop rule is declared; decide on one before anything is sent.",
    ),
    "no_signature": both(
        "没有签名，请填已报备的签名。", "There is no signature; give one that has been filed."
    ),
    "no_opt_out": both(
        "营销短信要写明退订方式（如“拒收请回复R”）。",
        "Marketing has to say how to opt out （such as 拒收请回复R）.",
    ),
    "too_long": both(
        "全文 {length} 字，超过 {cap} 字，请缩短。",
        "The text has {length} characters, over {cap}; shorten it.",
    ),
    "window_cap": both(
        "按 {connections} 个连接、窗口 {window}、往返 {rtt_ms:.0f} 毫秒，最多每秒 {cap:.0f} 条，"
        "达不到 {rate:g} 条。请加大窗口、增加连接，或降低速率。",
        "{connections} connection(s) with window {window} and {rtt_ms:.0f} ms round trip carry at"
        " most {cap:.0f} per second, not {rate:g}. Widen the window, add connections or slow down.",
    ),
    "vendor_rate": both(
        "超过服务商约定的每秒 {cap:g} 条，多出的会被限流，不计入到达率。",
        "This passes the agreed {cap:g} per second; what gets throttled is not counted.",
    ),
    "sample": both(
        "区分 {claim:.4g}% 与 {against:.4g}% 需要 {needed} "
        "条（{power:.0%} 把握），本次 {count} 条。",
        "Telling {claim:.4g} % from {against:.4g} % needs {needed} messages ({power:.0%} power);"
        " this plan has {count}.",
    ),
    "too_close": both(
        "{claim:.4g}% 与 {against:.4g}% 太接近，一百万条也难以区分。",
        "{claim:.4g} % and {against:.4g} % are too close for a million messages to tell apart.",
    ),
    "no_handsets": both(
        "没有能回报的手机，只有回执，不能下到达结论。请加入面板手机。",
        "No handset reports back: receipts alone prove no arrival. Add panel handsets.",
    ),
    "clustered": both(
        "{count} 条发到 {numbers} 部手机，若同机结果相关，"
        "只相当于约 {effective:.0f} 条；宜加手机。",
        "{count} messages to {numbers} handsets count as about {effective:.0f} if results on one"
        " handset go together; more handsets help.",
    ),
    "percentiles": both(
        "样本 {count} 条，不给 p{percent}（至少 {needed} 条）。",
        "{count} messages are too few to state p{percent} (at least {needed}).",
    ),
    "short_window": both(
        "观察窗口 {window:g} 秒，短于{kind_zh}的 {usual:g} 秒，较晚的回执会算作未到。",
        "The window of {window:g} s is shorter than the usual {usual:g} s for {kind}; later"
        " receipts count as not arrived.",
    ),
    "long_message": both(
        "每条按 {parts} 条计费。", "Each message is billed as {parts} parts."
    ),
}  # fmt: skip


def check(plan: Plan, facts: Facts, now: datetime, *, rules: Rules = RULES) -> tuple[Finding, ...]:
    """Everything found about a plan that would start `now` (aware); what blocks comes first."""
    made = [
        *_numbers(plan, facts, rules),
        *_hours(plan, facts, rules, now),
        *_caps(plan, facts, rules),
        *_text(plan, facts),
        *_speed(plan, facts),
        *_evidence(plan, facts, rules),
    ]
    return tuple(sorted(made, key=lambda finding: not finding.blocking))


def numbers_needed(plan: Plan, rules: Rules = RULES) -> int:
    """Distinct numbers this plan needs under the per-number limits, used in turn."""
    return max((needed for needed, _, _ in _needs(plan, rules)), default=1)


def _needs(plan: Plan, rules: Rules) -> list[tuple[int, str, int]]:
    """(numbers, span, limit) for each limit of the kind."""
    limits = rules.frequency.get(plan.kind, Frequency())
    found = []
    for span, seconds in SPANS:
        limit: int | None = getattr(limits, span)
        if limit is not None:
            within = min(plan.count, math.ceil(round(seconds * plan.rate, 9)))
            found.append((math.ceil(within / limit), span, limit))
    return found


def _numbers(plan: Plan, facts: Facts, rules: Rules) -> Iterator[Finding]:
    if facts.numbers < 1:
        yield _found("no_numbers")
        return
    if facts.without_consent and not facts.simulated:
        yield _found("consent", count=facts.without_consent)
    if facts.simulated_numbers and not facts.simulated:
        yield _found("simulated_numbers", count=facts.simulated_numbers)
    short = [need for need in _needs(plan, rules) if need[0] > facts.numbers]
    if short:
        needed, span, limit = max(short)
        seconds = dict(SPANS)
        yield _found(
            "few_numbers",
            not facts.simulated,
            needed=needed,
            numbers=facts.numbers,
            limit=limit,
            span=span,
            span_zh=SPAN_NAMES[span],
            kind=plan.kind,
            kind_zh=KIND_NAMES[plan.kind],
            count=min(facts.numbers * each for _, _, each in short),
            rate=min(facts.numbers * each / seconds[name] for _, name, each in short),
        )


def _hours(plan: Plan, facts: Facts, rules: Rules, now: datetime) -> Iterator[Finding]:
    if plan.kind != "marketing":
        return
    begins = now.astimezone(ZoneInfo(rules.timezone))
    ends = begins + timedelta(seconds=plan.send_s)
    same_day = begins.date() == ends.date()
    inside = rules.marketing_from <= begins.time() and ends.time() <= rules.marketing_until
    if not (same_day and inside):
        yield _found(
            "quiet_hours",
            not facts.simulated,
            start=f"{rules.marketing_from:%H:%M}",
            end=f"{rules.marketing_until:%H:%M}",
            begins=f"{begins:%m-%d %H:%M}",
            ends=f"{ends:%m-%d %H:%M}",
        )


def _caps(plan: Plan, facts: Facts, rules: Rules) -> Iterator[Finding]:
    total = cost(plan)
    if total is None and not facts.simulated:
        yield _found("no_price")
    for caps in filter(None, (plan.caps, rules.caps)):
        if plan.count > caps.count:
            yield _found("cap_count", value=plan.count, cap=caps.count)
        if plan.rate > caps.rate:
            yield _found("cap_rate", value=plan.rate, cap=caps.rate)
        if total is not None and total > caps.cost and not facts.simulated:
            yield _found("cap_cost", value=total, cap=caps.cost)
    if plan.stop is None:
        yield _found("no_stop_rule")


def _text(plan: Plan, facts: Facts) -> Iterator[Finding]:
    text = render(plan, ALPHABET[0] * TOKEN_LENGTH)
    if length(text) > LONGEST:
        yield _found("too_long", length=length(text), cap=LONGEST)
    if not plan.signature:
        yield _found("no_signature", not facts.simulated)
    if plan.kind == "marketing" and OPT_OUT not in text:
        yield _found("no_opt_out", not facts.simulated)
    if segments(text) > 1:
        yield _found("long_message", False, parts=segments(text))


def _speed(plan: Plan, facts: Facts) -> Iterator[Finding]:
    if facts.rtt_s:
        cap = facts.connections * facts.window / facts.rtt_s
        if plan.rate > cap:
            yield _found(
                "window_cap",
                False,
                connections=facts.connections,
                window=facts.window,
                rtt_ms=facts.rtt_s * 1e3,
                cap=cap,
                rate=plan.rate,
            )
    if facts.max_rate is not None and plan.rate > facts.max_rate:
        yield _found("vendor_rate", False, cap=facts.max_rate)
    usual = WINDOWS[plan.kind]
    if plan.window_s < usual and not facts.simulated:
        kind, kind_zh = plan.kind, KIND_NAMES[plan.kind]
        yield _found(
            "short_window", False, window=plan.window_s, usual=usual, kind=kind, kind_zh=kind_zh
        )


def _evidence(plan: Plan, facts: Facts, rules: Rules) -> Iterator[Finding]:
    """What the plan could prove: handsets, sample size, likeness on one handset, percentiles."""
    if not facts.numbers:
        return
    if not facts.seen:
        yield _found("no_handsets", False)
        return
    count = math.floor(plan.count * min(1.0, facts.seen / facts.numbers))
    yield from _sample(plan, count, rules.power)
    if count > facts.seen:
        effective = count / design_effect(count / facts.seen, rules.likeness)
        yield _found("clustered", False, count=count, numbers=facts.seen, effective=effective)
    beyond = next((p for p in (95, 99) if count < fewest_for(p / 100)), None)
    if beyond:
        needed = fewest_for(beyond / 100)
        yield _found("percentiles", False, count=count, percent=beyond, needed=needed)


def _sample(plan: Plan, count: int, power: float) -> Iterator[Finding]:
    if plan.against is None or plan.claim >= 1:
        return
    figures = {"claim": 100 * plan.claim, "against": 100 * plan.against, "power": power}
    try:
        needed = sample_size(plan.claim, plan.against, 0.05, power).n
    except ValueError:
        yield _found("too_close", False, **figures)
        return
    if count < needed:
        yield _found("sample", False, count=count, needed=needed, **figures)


def _found(key: str, blocking: bool = True, /, **params: float | int | str) -> Finding:
    said = reason(WORDINGS, key, **params)
    return Finding(blocking, key, params, said.wording)

"""Whether a plan can be carried out as it stands, and what to change where it cannot.

A naive test breaks itself: per-number limits, quiet hours, a window too small for the rate. What
breaks rules or wastes people's numbers blocks; what only weakens the result is said and may pass.
On a simulated vendor the limits that protect real people are remarks, not obstacles.
"""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from evaluators.sending import filing, power, reach
from evaluators.sending.finding import KIND_NAMES, found
from evaluators.sending.finding import Facts as Facts
from evaluators.sending.finding import Finding as Finding
from evaluators.sending.limits import RULES as RULES
from evaluators.sending.limits import Rules as Rules
from evaluators.sending.pacing import SECOND, Timetable, timetable
from evaluators.sending.plan import (
    ALPHABET,
    LONGEST,
    TOKEN_LENGTH,
    WINDOWS,
    Plan,
    cost,
    length,
    render,
    segments,
    settle,
)
from evaluators.sending.reach import numbers_needed as numbers_needed
from evaluators.sending.reasons import both

OPT_OUT = "拒收"

_WORDINGS = {
    "quiet_hours": both(
        "营销短信只在 {start}–{end} 发送，本计划 {span_zh}。请改时间或提高速率。",
        "Marketing goes out between {start} and {end} only; this plan {span_en}."
        " Change the time or the rate.",
    ),
    "no_peak": both(
        "没有登记本公司的高峰时刻，该时段不测。可在规则中填写 peak。",
        "The company's peak is not known, so that slot is left out; set `peak` in the rules.",
    ),
    "staged": both(
        "这个连接还没有通过「{after_zh}」测试，请先做它，再发大量。",
        "The test “{after_en}” has not gone well on this connection yet; do it before volume.",
    ),
    "no_second": both(
        "两家对比需要第二个连接，请选另一家。",
        "Comparing two vendors takes a second connection; choose another one.",
    ),
    "cap_count": both(
        "{value} 条超过上限 {cap} 条。",
        "{value} message{value:|s} {value:passes|pass} the cap of {cap}.",
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
    "abroad": both(
        "发往 {countries}：各国单价不同，费用按填写的单价估算，请填其中最高的。",
        "To {countries}: prices differ by country and the cost uses the one given; give the"
        " highest of them.",
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
    "long_message": both(
        "每条按 {parts} 条计费。", "Each message is billed as {parts} part{parts:|s}."
    ),
    "window_cap": both(
        "按 {connections} 个连接、窗口 {window}、往返 {rtt_ms:.0f} 毫秒，最多每秒 {cap:.0f} 条，"
        "达不到 {rate:g} 条。请加大窗口、增加连接，或降低速率。",
        "{connections} connection{connections:|s} with window {window} and {rtt_ms:.0f} ms round"
        " trip {connections:carries|carry} at most {cap:.0f} per second, not {rate:g}. Widen the"
        " window, add connections or slow down.",
    ),
    "vendor_rate": both(
        "超过服务商约定的每秒 {cap:g} 条，多出的会被限流，不计入到达率。",
        "This passes the agreed {cap:g} per second; what gets throttled is not counted.",
    ),
    "short_window": both(
        "观察窗口 {window:g} 秒，短于{kind_zh}的 {usual:g} 秒，较晚的回执会算作未到。",
        "The window of {window:g} s is shorter than the usual {usual:g} s for {kind}; later"
        " receipts count as not arrived.",
    ),
}  # fmt: skip

WORDINGS = {**_WORDINGS, **reach.WORDINGS, **filing.WORDINGS, **power.WORDINGS}


def check(plan: Plan, facts: Facts, now: datetime, *, rules: Rules = RULES) -> tuple[Finding, ...]:
    """Everything found about a plan that would start `now` (aware); what blocks comes first."""
    settled = settle(plan, now, timezone=rules.timezone, peak=rules.peak)
    times = timetable(settled, round(now.timestamp()) * SECOND)
    made = [
        *reach.check(settled, facts, rules, times),
        *_stage(settled, facts),
        *_hours(settled, facts, rules, times),
        *_caps(settled, facts, rules),
        *_text(settled, facts),
        *filing.check(settled, facts, now),
        *_speed(settled, facts),
        *power.check(settled, facts, rules),
    ]
    if rules.peak is None and any(phase.at == "peak" for phase in plan.phases):
        made.append(_found("no_peak", False))
    return tuple(sorted(made, key=lambda finding: not finding.blocking))


def _stage(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Small tests first: volume on a real connection that has not shown that it works is waste."""
    known = facts.passed is not None and not facts.simulated
    if known and plan.after and plan.after not in (facts.passed or ()):
        title = facts.titles.get(plan.after, both(plan.after, plan.after))
        yield _found("staged", after=plan.after, after_zh=title.zh, after_en=title.en)
    if plan.paired and plan.pair in {None, plan.connection}:
        yield _found("no_second")


def _hours(plan: Plan, facts: Facts, rules: Rules, times: Timetable) -> Iterator[Finding]:
    if plan.kind != "marketing":
        return
    zone, first = ZoneInfo(rules.timezone), 0
    for phase in plan.stages:
        ends_ns = times.due_ns(first + phase.count - 1)
        begins = datetime.fromtimestamp(times.due_ns(first) / SECOND, zone)
        ends = datetime.fromtimestamp(ends_ns / SECOND, zone)
        first += phase.count
        same_day = begins.date() == ends.date()
        inside = rules.marketing_from <= begins.time() and ends.time() <= rules.marketing_until
        if not (same_day and inside):
            yield _found(
                "quiet_hours",
                not facts.simulated,
                start=f"{rules.marketing_from:%H:%M}",
                end=f"{rules.marketing_until:%H:%M}",
                **_span(f"{begins:%m-%d %H:%M}", f"{ends:%m-%d %H:%M}"),
            )
            return


def _span(begins: str, ends: str) -> dict[str, str]:
    """Within one minute it is a moment."""
    said = {"begins": begins, "ends": ends}
    if begins == ends:
        return said | {"span_zh": f"{begins} 发送", "span_en": f"sends at {begins}"}
    return said | {"span_zh": f"{begins} 开始、{ends} 发完", "span_en": f"runs {begins} to {ends}"}


def _caps(plan: Plan, facts: Facts, rules: Rules) -> Iterator[Finding]:
    total = cost(plan)
    if total is None and not facts.simulated:
        yield _found("no_price")
    company = None if facts.simulated else rules.caps  # which protect money and real vendors
    for caps in filter(None, (plan.caps, company)):
        if plan.count > caps.count:
            yield _found("cap_count", value=plan.count, cap=caps.count)
        if plan.rate > caps.rate:
            yield _found("cap_rate", value=plan.rate, cap=caps.rate)
        if total is not None and total > caps.cost and not facts.simulated:
            yield _found("cap_cost", value=total, cap=caps.cost)
    abroad = {country for phase in plan.stages for country in phase.only.country} - {"CN"}
    if abroad and not facts.simulated:
        yield _found("abroad", False, countries=", ".join(sorted(abroad)))
    if plan.stop is None:
        yield _found("no_stop_rule")


def _text(plan: Plan, facts: Facts) -> Iterator[Finding]:
    variants = dict.fromkeys(phase.variant for phase in plan.stages)
    texts = [render(plan, ALPHABET[0] * TOKEN_LENGTH, variant) for variant in variants]
    longest = max(map(length, texts))
    if longest > LONGEST:
        yield _found("too_long", length=longest, cap=LONGEST)
    if not plan.signature:
        yield _found("no_signature", not facts.simulated)
    if plan.kind == "marketing" and not all(OPT_OUT in text for text in texts):
        yield _found("no_opt_out", not facts.simulated)
    parts = sorted({segments(text, plan.part) for text in texts})
    if parts[-1] > 1:
        said = f"{parts[0]}–{parts[-1]}" if len(parts) > 1 else parts[0]
        yield _found("long_message", False, parts=said)


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


def _found(key: str, blocking: bool = True, /, **params: float | int | str) -> Finding:
    return found(_WORDINGS, key, blocking, **params)

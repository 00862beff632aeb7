"""Whether signature and texts are filed with every carrier the plan texts, and who intercepts.

A test with an unfiled signature or template measures the filing, not the vendor.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime

from evaluators.sending.finding import Facts, Finding, found, names
from evaluators.sending.plan import Phase, Plan
from evaluators.sending.reach import numbers_of
from evaluators.sending.reasons import both

# Since when carriers check templates (Baidu AI Cloud's notices, Volcengine 2026-01-09, Chuangrui).
TEMPLATES_CHECKED: Mapping[str, date] = {
    "ctcc": date(2025, 5, 30),
    "cucc": date(2025, 7, 1),
    "cmcc": date(2025, 12, 5),
}

WORDINGS = {
    "signature_unfiled": both(
        "签名【{signature}】在{carriers_zh}没有报备，会被拦截，测到的是报备不是通道。"
        "请先报备（约 3–15 个工作日），或只测已报备的运营商。",
        "The signature 【{signature}】 is not filed with {carriers_en}, which will intercept it, so"
        " the test would measure the filing. File it first (some 3–15 working days), or test only"
        " the carriers it is filed with.",
    ),
    "template_unfiled": both(
        "文本「{text}」在{carriers_zh}没有报备模板，会被拦截（{since_zh}）。"
        "请先报备，或换已报备的文本。",
        "The text “{text}” is not filed as a template with {carriers_en}, which will intercept it"
        " ({since_en}). File it first, or use a text that is.",
    ),
    "filing_unknown": both(
        "没有签名【{signature}】的报备记录。请确认三网都已报备，否则测到的是拦截。",
        "There is no record of the signature 【{signature}】 being filed. Make sure every carrier"
        " has it, or the test measures interception.",
    ),
}  # fmt: skip


def check(plan: Plan, facts: Facts, now: datetime) -> Iterator[Finding]:
    """What is known to be unfiled blocks; what is not known is asked about. Domestic texts only."""
    domestic = [phase for phase in plan.stages if "CN" in phase.only.country]
    if facts.simulated or not plan.signature or not domestic:
        return
    if facts.signatures is not None:
        carriers = set().union(*(_carriers(phase, facts) for phase in domestic))
        yield from _signature(plan, carriers, facts.signatures.get(plan.signature))
    if facts.templates is not None:
        yield from _templates(plan.test, domestic, facts, now.date())


def _signature(
    plan: Plan, carriers: Collection[str], filed: Collection[str] | None
) -> Iterator[Finding]:
    if filed is None:
        yield found(WORDINGS, "filing_unknown", False, signature=plan.signature)
    elif not set(carriers) <= set(filed):
        zh, en = names(set(carriers) - set(filed))
        yield found(
            WORDINGS,
            "signature_unfiled",
            signature=plan.signature,
            carriers_zh=zh,
            carriers_en=en,
        )


def _templates(
    test: str, phases: Collection[Phase], facts: Facts, today: date
) -> Iterator[Finding]:
    filed = facts.templates or {}
    wanted: dict[str, set[str]] = {}
    for phase in phases:
        wanted.setdefault(phase.variant or "text", set()).update(_carriers(phase, facts))
    for text, carriers in wanted.items():
        checked = {one for one in carriers if TEMPLATES_CHECKED.get(one, date.max) <= today}
        missing = checked - {*filed.get(text, ()), *filed.get(f"{test}/{text}", ())}
        if missing:
            zh, en = names(missing)
            since = [(names([one]), TEMPLATES_CHECKED[one]) for one in sorted(missing)]
            yield found(
                WORDINGS,
                "template_unfiled",
                text=text,
                carriers_zh=zh,
                carriers_en=en,
                since_zh="、".join(f"{name[0]} {day} 起" for name, day in since),
                since_en=", ".join(f"{name[1]} since {day}" for name, day in since),
            )
            return


def _carriers(phase: Phase, facts: Facts) -> set[str]:
    """The carriers whose numbers a phase texts."""
    if facts.listed is None:
        return set(phase.only.carrier or TEMPLATES_CHECKED)
    return {number.carrier for number in numbers_of(phase, facts.listed)}

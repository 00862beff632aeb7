"""A test as the company set it up, fitted to the connection it goes through. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.dialogue.scene import Line
from evaluators.sending import feasibility
from evaluators.sending.feasibility import Rules
from evaluators.sending.plan import Plan, fit, settle

SIMULATED_WINDOW = 20.0  # seconds: simulated handsets answer within a few


def fitted(
    own: Plan,
    lines: Sequence[Line],
    now: datetime,
    *,
    rules: Rules,
    count: int | None = None,
) -> Plan:
    """The plan with about `count` messages, timed from now, no faster than its connections take.

    `lines` are its connection and, of a comparison, the second one.
    """
    line = lines[0]
    rate = min(each.rate for each in lines) if not line.simulated else None
    plan = fit(own, count=count, rate=rate)
    plan = settle(plan, now, timezone=rules.timezone, peak=rules.peak)
    changes: dict[str, Any] = {
        "connection": line.name,
        "panel": "simulated" if line.simulated else own.panel,
        "source": own.source or line.source,
        "part": min(each.part for each in lines),
    }
    if line.simulated:
        changes["price"] = own.price or 0
        if "window_s" not in own.model_fields_set:
            changes["window_s"] = SIMULATED_WINDOW
    return Plan.model_validate(plan.model_dump() | changes)


def findings(
    plan: Plan, lines: Sequence[Line], now: datetime, *, rules: Rules
) -> tuple[feasibility.Finding, ...]:
    """What stands in the plan's way on any of its connections; each thing is said once."""
    found = {
        (each.key, each.wording.en): each
        for line in lines
        for each in feasibility.check(plan, _facts(plan, line), now, rules=rules)
    }
    return tuple(sorted(found.values(), key=lambda each: not each.blocking))


def _facts(plan: Plan, line: Line) -> feasibility.Facts:
    """With the vendor's own limits for this kind of message, where it documents them."""
    return replace(line.facts, frequency=line.frequencies.get(plan.kind))

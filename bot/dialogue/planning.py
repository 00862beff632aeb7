"""A test as the company set it up, fitted to the connection it goes through. Pure."""

from datetime import datetime
from typing import Any

from bot.dialogue.scene import Line
from evaluators.sending.feasibility import Rules
from evaluators.sending.plan import Plan, fit, settle

SIMULATED_WINDOW = 20.0  # seconds: simulated handsets answer within a few


def fitted(own: Plan, line: Line, now: datetime, *, rules: Rules, count: int | None = None) -> Plan:
    """The plan with about `count` messages, no faster than the connection takes, timed from now."""
    rate = line.rate if not line.simulated else None
    plan = fit(own, count=count, rate=rate)
    plan = settle(plan, now, timezone=rules.timezone, peak=rules.peak)
    changes: dict[str, Any] = {
        "connection": line.name,
        "panel": "simulated" if line.simulated else own.panel,
        "source": own.source or line.source,
    }
    if line.simulated:
        changes["price"] = own.price or 0
        if "window_s" not in own.model_fields_set:
            changes["window_s"] = SIMULATED_WINDOW
    return Plan.model_validate(plan.model_dump() | changes)

"""The plan of a send test as it is shown before anything is sent: cost, numbers, hindrances."""

from dataclasses import dataclass, replace
from typing import Any

from bot.dialogue import showing
from bot.dialogue.planning import findings, fitted
from bot.dialogue.scene import Line
from bot.dialogue.session import Pending
from bot.dialogue.talk import Talk
from evaluators.checklist import Item
from evaluators.sending import feasibility
from evaluators.sending.plan import Plan, cost

CLAIM_ITEM = "arrival.handset_rate"  # the measure whose item holds the vendor's claimed rate


@dataclass(frozen=True)
class Wanted:
    """What is known of the test being planned; kept with each question about it."""

    test: str = ""  # empty: the next that makes sense on the connection
    count: int | None = None
    connection: str = ""
    pair: str = ""

    @classmethod
    def of(cls, pending: Pending) -> "Wanted":
        data: dict[str, Any] = pending.data["wanted"]
        return cls(**data)


def title(talk: Talk, plan: Plan) -> str:
    return plan.title.of(talk.language) if plan.title else plan.test


def line_named(talk: Talk, name: str) -> Line | None:
    """The connection of this name; `sim:honest/cmpp` is `sim:honest` in CMPP."""
    found = next((line for line in talk.scene.lines if line.is_called(name)), None)
    return replace(found, name=name) if found else None


def claim_item(talk: Talk) -> Item:
    """The item that holds the vendor's claimed delivery rate, in percent."""
    return next(
        item
        for item in talk.scene.checklist.items()
        if CLAIM_ITEM in item.measured_by and item.value and item.gate == "forged"
    )


def claimed_rate(talk: Talk) -> float | None:
    """The rate the vendor claims, as answered on the checklist, in percent."""
    said = talk.open_case().said(claim_item(talk).id)
    return said.value if said is not None and isinstance(said.value, float) else None


def plan_for(talk: Talk, line: Line, wanted: Wanted, claimed: float) -> Plan:
    """The company's own test, fitted to this vendor: count, claim, price, connections."""
    own, price = talk.scene.tests[wanted.test], _price(talk)
    told = {
        "claim": claimed / 100,
        "against": own.against if own.against and own.against < claimed / 100 else None,
        "price": price if not line.simulated else price or 0,
        "pair": wanted.pair or None,
    }
    plan = own.model_copy(update=told)
    lines = _lines(talk, plan, line)
    return fitted(plan, lines, talk.scene.now, rules=talk.scene.rules, count=wanted.count)


def notes(talk: Talk, plan: Plan, line: Line) -> list[str]:
    """What was found about the plan, each in a line."""
    return [f"- {each.wording.of(talk.language)}" for each in _findings(talk, plan, line)]


def hindrance(talk: Talk, plan: Plan, line: Line) -> str:
    """Why this may not be sent now, by this person; empty where it may."""
    if any(finding.blocking for finding in _findings(talk, plan, line)):
        return talk.word("test.blocked")
    if not line.simulated and not talk.scene.person.may_spend:
        return talk.word("test.approver")
    return ""


def card(talk: Talk, plan: Plan, line: Line) -> str:
    """The plan in a few lines, with its price and what it proves."""
    second = line_named(talk, plan.pair) if plan.pair else None
    through = f"{line.title} + {second.title}" if second else line.title
    shown = talk.word(
        "test.plan",
        test=title(talk, plan),
        count=plan.count,
        line=through,
        rate=f"{plan.rate:g}",
        lasts=showing.duration(talk.speaker, roughly(plan.send_s)),
        window=showing.duration(talk.speaker, plan.window_s),
        aim=talk.word(f"test.aim.{plan.asks}", claim=f"{plan.claim * 100:g}"),
        cost=_money(talk, plan, line),
        stop=plan.stop.wording.of(talk.language) if plan.stop else "-",
    )
    proves = [plan.proves.of(talk.language)] if plan.proves else []
    return "\n".join([shown, *proves])


def roughly(seconds: float) -> float:
    """To the nearest half of the largest unit that fits, or second: 259,679 s is about 3 days."""
    for unit in (showing.DAY, showing.HOUR, showing.MINUTE):
        halves = round(2 * seconds / unit)
        if halves >= 2:  # at least one whole unit
            return halves * unit / 2
    return max(1, round(seconds))


def _findings(talk: Talk, plan: Plan, line: Line) -> tuple[feasibility.Finding, ...]:
    lines = _lines(talk, plan, line)
    return findings(plan, lines, talk.scene.now, rules=talk.scene.rules)


def _lines(talk: Talk, plan: Plan, line: Line) -> list[Line]:
    """The plan's connections: one, or two that are compared."""
    second = line_named(talk, plan.pair) if plan.pair else None
    return [line, second] if second else [line]


def _price(talk: Talk) -> float | None:
    """The quoted price per message, where one was answered."""
    for item in talk.scene.checklist.items():
        if item.value and item.value.kind == "price" and "R004" in item.requires:
            said = talk.open_case().said(item.id)
            if said is not None and isinstance(said.value, int | float):
                return float(said.value)
    return None


def _money(talk: Talk, plan: Plan, line: Line) -> str:
    if line.simulated:
        return talk.word("test.free")
    total = cost(plan)
    if total is None:
        return talk.word("test.no_price")
    return talk.word("test.cost", total=f"{total * (2 if plan.pair else 1):.2f}")

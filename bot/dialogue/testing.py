"""A send test in the conversation: which connection, against which claim, go or no go, stop."""

from typing import Any

from bot.dialogue import answering, asking, showing
from bot.dialogue.case import RunLine
from bot.dialogue.commands import Command
from bot.dialogue.effects import StartRun, StopRun
from bot.dialogue.scene import Line
from bot.dialogue.session import Pending
from bot.dialogue.talk import Said, Talk
from evaluators.answers import Parsed, Refused, parse
from evaluators.checklist import Item
from evaluators.sending import feasibility
from evaluators.sending.plan import Plan, cost

CLAIM_ITEM = "arrival.handset_rate"  # the measure whose item holds the vendor's claimed rate
SIMULATED_WINDOW = 20.0  # seconds


def begin(talk: Talk, command: Command) -> None:
    """`test` or `test 300`: choose what to send through."""
    run = talk.open_case().active_run()
    if run is not None:
        return talk.say(progress_line(talk, run))
    count = command.number or talk.scene.plan.count
    lines = talk.scene.lines
    choices = [(line.name, line.title) for line in lines if line.offered]
    return talk.put("connection", talk.word("test.connection", count=count), choices, count=count)


def drop(talk: Talk) -> None:
    """The person changed their mind before anything was sent."""
    talk.tell("test.dropped")
    _back_to_the_walk(talk)


def on_connection(talk: Talk, pending: Pending, text: str) -> None:
    line = next((line for line in talk.scene.lines if text in {line.name, line.title}), None)
    if line is None:
        talk.tell("unclear.short")
        return answering.repeat(talk)
    count = pending.data["count"]
    claimed = claimed_rate(talk)
    if claimed is None or claimed <= 0:
        text = talk.word("test.claim")
        return talk.put("claim", text, (), count=count, connection=line.name)
    return _plan(talk, line, count, claimed)


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


def on_claim(talk: Talk, pending: Pending, text: str) -> None:
    """The claimed rate is an answer to its item too, so it is kept there."""
    item = claim_item(talk)
    claimed = parse(text, item, talk.scene.now.date())
    if isinstance(claimed, Refused):
        talk.say(answering.refusal(talk, item, claimed))
        return answering.repeat(talk)
    rate = claimed.value if isinstance(claimed, Parsed) else None
    if not isinstance(claimed, Parsed) or not isinstance(rate, float) or rate <= 0:
        talk.tell("test.claim_again")
        return answering.repeat(talk)
    talk.record(item, Said(claimed.choice, rate, text))
    line = _line(talk, pending.data["connection"])
    if line is None:
        talk.tell("test.no_line")
        return _back_to_the_walk(talk)
    return _plan(talk, line, pending.data["count"], rate)


def _line(talk: Talk, name: str) -> Line | None:
    return next((line for line in talk.scene.lines if line.name == name), None)


def _plan(talk: Talk, line: Line, count: int, claimed: float) -> None:
    """The plan with cost, numbers and stop rule, shown before anything is sent."""
    plan = plan_for(talk, line, count, claimed)
    lines = [_card(talk, plan, line)]
    lines += [f"- {each.wording.of(talk.language)}" for each in _findings(talk, plan, line)]
    if hindrance := _hindrance(talk, plan, line):
        talk.say("\n".join([*lines, hindrance]))
        return _back_to_the_walk(talk)
    choices = [(word, talk.word(f"button.{word}")) for word in ("go", "no")]
    lines.append(talk.word("test.go"))
    return talk.put(
        "confirm",
        "\n".join(lines),
        choices,
        plan=plan.model_dump(mode="json"),
        connection=line.name,
    )


def _findings(talk: Talk, plan: Plan, line: Line) -> tuple[feasibility.Finding, ...]:
    return feasibility.check(plan, _facts(line), talk.scene.now, rules=talk.scene.rules)


def _hindrance(talk: Talk, plan: Plan, line: Line) -> str:
    """Why this may not be sent now, by this person; empty where it may."""
    if any(finding.blocking for finding in _findings(talk, plan, line)):
        return talk.word("test.blocked")
    if not line.simulated and not talk.scene.person.may_spend:
        return talk.word("test.approver")
    return ""


def plan_for(talk: Talk, line: Line, count: int, claimed: float) -> Plan:
    """The company's arrival test, fitted to this vendor: count, claim, price, connection."""
    own = talk.scene.plan
    changes: dict[str, Any] = {
        "connection": line.name,
        "count": count,
        "claim": claimed / 100,
        "against": own.against if own.against and own.against < claimed / 100 else None,
        "price": _price(talk) if not line.simulated else _price(talk) or 0,
        "rate": min(own.rate, line.rate),
        "panel": "simulated" if line.simulated else own.panel,
        "source": line.source or own.source,
    }
    if line.simulated:  # simulated handsets answer within seconds
        changes["window_s"] = SIMULATED_WINDOW
    return Plan.model_validate(own.model_dump() | changes)


def _facts(line: Line) -> feasibility.Facts:
    """What the plan would run on; handsets that report back are so far the simulated panel's."""
    return feasibility.Facts(
        simulated=line.simulated,
        numbers=line.numbers,
        simulated_numbers=line.numbers if line.simulated else 0,
        watched=None if line.simulated else 0,
        connections=line.connections,
        window=line.window,
        max_rate=line.rate,
    )


def _price(talk: Talk) -> float | None:
    """The quoted price per message, where one was answered."""
    for item in talk.scene.checklist.items():
        if item.value and item.value.kind == "price" and "R004" in item.requires:
            said = talk.open_case().said(item.id)
            if said is not None and isinstance(said.value, int | float):
                return float(said.value)
    return None


def _card(talk: Talk, plan: Plan, line: Line) -> str:
    return talk.word(
        "test.plan",
        count=plan.count,
        line=line.title,
        rate=f"{plan.rate:g}",
        seconds=round(plan.count / plan.rate),
        window=showing.duration(talk.speaker, plan.window_s),
        claim=f"{plan.claim * 100:g}",
        cost=_money(talk, plan, line),
        stop=_stop_rule(talk, plan),
    )


def _money(talk: Talk, plan: Plan, line: Line) -> str:
    if line.simulated:
        return talk.word("test.free")
    total = cost(plan)
    if total is None:
        return talk.word("test.no_price")
    return talk.word("test.cost", total=f"{total:.2f}")


def _stop_rule(talk: Talk, plan: Plan) -> str:
    rule, parts = plan.stop, []
    if rule and rule.missing:
        share = f"{rule.missing.share * 100:g}"
        parts.append(talk.word("test.stop_missing", share=share, after=rule.missing.after))
    if rule and rule.losses:
        losses = rule.losses
        parts.append(talk.word("test.stop_losses", count=losses.count, among=losses.among))
    if rule and rule.sequential:
        parts.append(talk.word("test.stop_sequential", against=rule.sequential.against * 100))
    return talk.word("list.comma").join(parts)


def on_confirm(talk: Talk, pending: Pending, go: bool) -> None:
    """Only here is a test started; the token of the button makes a second press harmless."""
    if not go:
        return drop(talk)
    case = talk.open_case()
    # The plan may be old, somebody else may have started one, and this may be another person.
    plan = Plan.model_validate(pending.data["plan"])
    line = _line(talk, pending.data["connection"])
    run = case.active_run()
    if run is not None or line is None:
        talk.say(progress_line(talk, run) if run else talk.word("test.no_line"))
        return _back_to_the_walk(talk)
    if hindrance := _hindrance(talk, plan, line):
        talk.say("\n".join([_card(talk, plan, line), hindrance]))
        return _back_to_the_walk(talk)
    talk.do(StartRun(case.id, line.name, pending.data["plan"]))
    talk.tell("test.started", count=pending.data["plan"]["count"])
    return _back_to_the_walk(talk)


def _back_to_the_walk(talk: Talk) -> None:
    talk.session = talk.session.idle()
    asking.ask_next(talk)


def stop(talk: Talk, run: RunLine) -> None:
    talk.do(StopRun(run.id))
    talk.tell("test.stopping")
    answering.repeat(talk)


def progress_line(talk: Talk, run: RunLine) -> str:
    return showing.progress(talk.scene.wordings[talk.language], run.state, run.progress)

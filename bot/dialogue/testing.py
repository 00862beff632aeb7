"""A send test in the conversation: which connection, against which claim, go or no go, stop."""

from dataclasses import replace

from evaluators.sending.plan import Plan, arrival, cost

from bot.dialogue import answering, asking
from bot.dialogue.case import RunLine
from bot.dialogue.commands import Command
from bot.dialogue.effects import StartRun, StopRun
from bot.dialogue.scene import Line
from bot.dialogue.session import Pending
from bot.dialogue.talk import Said, Talk
from evaluators.answers import Parsed, Refused, parse
from evaluators.checklist import Item
from evaluators.sending import feasibility

CLAIM_ITEM = "arrival.handset_rate"  # the measure whose item holds the vendor's claimed rate
COUNT = 1000


def begin(talk: Talk, command: Command) -> None:
    """`test` or `test 300`: choose what to send through."""
    run = talk.open_case().active_run()
    if run is not None:
        return talk.say(progress_line(talk, run))
    count = command.number or COUNT
    lines = talk.scene.lines
    choices = [(line.name, line.title) for line in lines]
    return talk.put("connection", talk.word("test.connection", count=count), choices, count=count)


def on_connection(talk: Talk, pending: Pending, text: str) -> None:
    line = next((line for line in talk.scene.lines if text in {line.name, line.title}), None)
    if line is None:
        talk.tell("unclear.short")
        return answering.repeat(talk)
    count = pending.data["count"]
    claimed = claimed_rate(talk)
    if claimed is None:
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
    if not isinstance(claimed, Parsed) or not isinstance(claimed.value, float):
        talk.tell("test.claim_again")
        return answering.repeat(talk)
    talk.record(item, Said(claimed.choice, claimed.value, text))
    line = _line(talk, pending.data["connection"])
    return _plan(talk, line, pending.data["count"], claimed.value)


def _line(talk: Talk, name: str) -> Line:
    return next(line for line in talk.scene.lines if line.name == name)


def _plan(talk: Talk, line: Line, count: int, claimed: float) -> None:
    """The plan with cost, numbers and stop rule, shown before anything is sent."""
    plan = arrival(
        count=count,
        claim=claimed / 100,
        simulated=line.simulated,
        kinds=talk.open_case().profile.kinds,
        price=_price(talk),
        rate=line.rate,
    )
    findings = feasibility.check(plan, feasibility.Facts.of(line), now=talk.scene.now)
    lines = [_card(talk, plan, line)]
    lines += [f"- {finding.wording.of(talk.language)}" for finding in findings]
    blocked = any(finding.blocking for finding in findings)
    if blocked:
        talk.say("\n".join([*lines, talk.word("test.blocked")]))
        return _back_to_the_walk(talk)
    if not line.simulated and not talk.scene.person.may_spend:
        talk.say("\n".join([*lines, talk.word("test.approver")]))
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


def _price(talk: Talk) -> float | None:
    """The quoted price per message, where one was answered."""
    for item in talk.scene.checklist.items():
        if item.value and item.value.kind == "price" and "R004" in item.requires:
            said = talk.open_case().said(item.id)
            if said is not None and isinstance(said.value, int | float):
                return float(said.value)
    return None


def _card(talk: Talk, plan: Plan, line: Line) -> str:
    total = cost(plan)
    return talk.word(
        "test.plan",
        count=plan.count,
        line=line.title,
        rate=f"{plan.rate:g}",
        seconds=round(plan.count / plan.rate),
        window=f"{plan.window_s:g}",
        claim=f"{plan.claim * 100:g}",
        cost=talk.word("test.free") if line.simulated else _money(talk, total),
        stop=plan.stop.wording.of(talk.language),
    )


def _money(talk: Talk, total: float | None) -> str:
    return talk.word("test.cost", total=f"{total:.2f}") if total is not None else "?"


def on_confirm(talk: Talk, pending: Pending, go: bool) -> None:
    """Only here is a test started; the token of the button makes a second press harmless."""
    if not go:
        talk.tell("test.dropped")
        return _back_to_the_walk(talk)
    case = talk.open_case()
    talk.do(StartRun(case.id, pending.data["connection"], pending.data["plan"]))
    talk.tell("test.started", count=pending.data["plan"]["count"])
    return _back_to_the_walk(talk)


def _back_to_the_walk(talk: Talk) -> None:
    talk.session = replace(talk.session.idle())
    asking.ask_next(talk)


def stop(talk: Talk, run: RunLine) -> None:
    talk.do(StopRun(run.id))
    talk.tell("test.stopping")
    answering.repeat(talk)


def progress_line(talk: Talk, run: RunLine) -> str:
    """A running test in one line."""
    progress = run.progress
    return talk.word(
        "test.progress",
        sent=progress.get("sent", 0),
        planned=progress.get("planned", 0),
        delivered=progress.get("delivered", 0),
        arrived=progress.get("arrived", 0),
        phase=talk.word(f"phase.{run.state}"),
    )

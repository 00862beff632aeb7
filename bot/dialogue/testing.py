"""Planning a send test in the conversation: which, through whom, against what claim, at what cost.

Nothing is sent from here. A confirmed plan becomes an effect; a worker carries it out.
"""

from dataclasses import asdict, dataclass, replace

from bot.dialogue import answering, asking, showing
from bot.dialogue.case import RunLine
from bot.dialogue.commands import Command
from bot.dialogue.effects import MarkRun, StartRun, StopRun
from bot.dialogue.planning import findings, fitted
from bot.dialogue.scene import Line
from bot.dialogue.session import Pending, Session
from bot.dialogue.talk import Said, Talk
from evaluators.answers import Parsed, Refused, parse
from evaluators.checklist import Item
from evaluators.sending import feasibility
from evaluators.sending.plan import Plan, cost

CLAIM_ITEM = "arrival.handset_rate"  # the measure whose item holds the vendor's claimed rate
USUAL = "arrival"  # the test that settles most; on a real connection smaller ones come first
PLANNING = frozenset({"connection", "test", "pair", "claim", "confirm"})
"""What is awaited while a test is being planned."""


def is_planning(session: Session) -> bool:
    """Whether the next message may be about a test that is being planned."""
    return session.pending is not None and session.pending.awaiting in PLANNING


@dataclass(frozen=True)
class Wanted:
    """What is known of the test being planned; kept with each question about it."""

    test: str = ""  # empty: the next that makes sense on the connection
    count: int | None = None
    connection: str = ""
    pair: str = ""

    @classmethod
    def of(cls, pending: Pending) -> "Wanted":
        return cls(**pending.data["wanted"])


def begin(talk: Talk, command: Command) -> None:
    """`test`, `test 300`, or `test` and the name of one: choose what to send through."""
    run = talk.open_case().active_run()
    if run is not None:
        return talk.say(progress_line(talk, run))
    named = _named(talk, command.rest)
    wanted = Wanted(test=named, count=command.number)
    own = talk.scene.tests[named or USUAL]
    text = talk.word("test.connection", test=_title(talk, own), count=wanted.count or own.count)
    choices = [(line.name, line.title) for line in talk.scene.lines if line.offered]
    return talk.put("connection", text, choices, wanted=asdict(wanted))


def drop(talk: Talk) -> None:
    """The person changed their mind before anything was sent."""
    talk.tell("test.dropped")
    _back_to_the_walk(talk)


def on_connection(talk: Talk, pending: Pending, text: str) -> None:
    line = _line(talk, text) or next(
        (line for line in talk.scene.lines if line.title == text), None
    )
    if line is None:
        talk.tell("unclear.short")
        return answering.repeat(talk)
    return _go_on(talk, replace(Wanted.of(pending), connection=line.name))


def on_test(talk: Talk, pending: Pending, text: str) -> None:
    """Another test than the one proposed."""
    named = _named(talk, text)
    if not named:
        talk.tell("unclear.short")
        return answering.repeat(talk)
    return _go_on(talk, replace(Wanted.of(pending), test=named, count=None, pair=""))


def on_pair(talk: Talk, pending: Pending, text: str) -> None:
    """The second vendor of a comparison."""
    wanted = Wanted.of(pending)
    second = next(
        (each for each in _seconds(talk, wanted) if text in {each.name, each.title}), None
    )
    if second is None:
        talk.tell("unclear.short")
        return answering.repeat(talk)
    return _go_on(talk, replace(wanted, pair=second.name))


def _go_on(talk: Talk, wanted: Wanted) -> None:
    """Ask for what is still missing, then show the plan."""
    line = _line(talk, wanted.connection)
    if line is None:
        talk.tell("test.no_line")
        return _back_to_the_walk(talk)
    if not wanted.test:
        stage = _next_stage(talk, line)  # which has its own size, unless it is the usual test
        wanted = replace(wanted, test=stage, count=wanted.count if stage == USUAL else None)
    own = talk.scene.tests[wanted.test]
    if own.paired and not wanted.pair:
        choices = [(each.name, each.title) for each in _seconds(talk, wanted) if each.offered]
        if choices:
            return talk.put("pair", talk.word("test.second"), choices, wanted=asdict(wanted))
    claimed = claimed_rate(talk)
    if claimed is None or claimed <= 0:
        return talk.put("claim", talk.word("test.claim"), (), wanted=asdict(wanted))
    return _plan(talk, line, wanted, claimed)


def _seconds(talk: Talk, wanted: Wanted) -> list[Line]:
    """The connections that the first can be compared with: both real or both simulated."""
    first = _line(talk, wanted.connection)
    return [
        line
        for line in talk.scene.lines
        if first and line.simulated == first.simulated and line.name != wanted.connection
    ]


def _next_stage(talk: Talk, line: Line) -> str:
    """One message, one per carrier, character sets, then volume; a rehearsal needs no stages."""
    stages = [USUAL]
    while line.simulated is False and (before := talk.scene.tests[stages[0]].after):
        stages.insert(0, before)
    passed = line.facts.passed or ()
    return next((stage for stage in stages if stage not in passed), USUAL)


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
    return _go_on(talk, Wanted.of(pending))


def _line(talk: Talk, name: str) -> Line | None:
    found = next((line for line in talk.scene.lines if line.is_called(name)), None)
    return replace(found, name=name) if found else None


def _named(talk: Talk, text: str) -> str:
    """The test that a name or a title means, in either language; empty where none is."""
    said = text.strip().lower()
    for name, plan in talk.scene.tests.items():
        titles = (plan.title.zh.lower(), plan.title.en.lower()) if plan.title else ()
        if said in {name, *titles}:
            return name
    return ""


def _title(talk: Talk, plan: Plan) -> str:
    return plan.title.of(talk.language) if plan.title else plan.test


def _plan(talk: Talk, line: Line, wanted: Wanted, claimed: float) -> None:
    """The plan with cost, numbers and stop rule, shown before anything is sent."""
    plan = plan_for(talk, line, wanted, claimed)
    lines = [_card(talk, plan, line)]
    lines += [f"- {each.wording.of(talk.language)}" for each in _findings(talk, plan, line)]
    if hindrance := _hindrance(talk, plan, line):
        talk.say("\n".join([*lines, hindrance]))
        return _back_to_the_walk(talk)
    lines.append(talk.word("test.go"))
    choices = [(word, talk.word(f"button.{word}")) for word in ("go", "other", "no")]
    return talk.put(
        "confirm",
        "\n".join(lines),
        choices,
        plan=plan.model_dump(mode="json"),
        wanted=asdict(wanted),
    )


def _findings(talk: Talk, plan: Plan, line: Line) -> tuple[feasibility.Finding, ...]:
    lines = _lines(talk, plan, line)
    return findings(plan, lines, talk.scene.now, rules=talk.scene.rules)


def _lines(talk: Talk, plan: Plan, line: Line) -> list[Line]:
    """The plan's connections: one, or two that are compared."""
    second = _line(talk, plan.pair) if plan.pair else None
    return [line, second] if second else [line]


def _hindrance(talk: Talk, plan: Plan, line: Line) -> str:
    """Why this may not be sent now, by this person; empty where it may."""
    if any(finding.blocking for finding in _findings(talk, plan, line)):
        return talk.word("test.blocked")
    if not line.simulated and not talk.scene.person.may_spend:
        return talk.word("test.approver")
    return ""


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


def _price(talk: Talk) -> float | None:
    """The quoted price per message, where one was answered."""
    for item in talk.scene.checklist.items():
        if item.value and item.value.kind == "price" and "R004" in item.requires:
            said = talk.open_case().said(item.id)
            if said is not None and isinstance(said.value, int | float):
                return float(said.value)
    return None


def _card(talk: Talk, plan: Plan, line: Line) -> str:
    second = _line(talk, plan.pair) if plan.pair else None
    title = f"{line.title} + {second.title}" if second else line.title
    card = talk.word(
        "test.plan",
        test=_title(talk, plan),
        count=plan.count,
        line=title,
        rate=f"{plan.rate:g}",
        lasts=showing.duration(talk.speaker, max(1, round(plan.send_s))),
        window=showing.duration(talk.speaker, plan.window_s),
        claim=f"{plan.claim * 100:g}",
        cost=_money(talk, plan, line),
        stop=plan.stop.wording.of(talk.language) if plan.stop else "-",
    )
    proves = [plan.proves.of(talk.language)] if plan.proves else []
    return "\n".join([card, *proves])


def _money(talk: Talk, plan: Plan, line: Line) -> str:
    if line.simulated:
        return talk.word("test.free")
    total = cost(plan)
    if total is None:
        return talk.word("test.no_price")
    return talk.word("test.cost", total=f"{total * (2 if plan.pair else 1):.2f}")


def on_confirm(talk: Talk, pending: Pending, word: str) -> None:
    """Only here is a test started; the token of the button makes a second press harmless."""
    if word == "no":
        return drop(talk)
    wanted = Wanted.of(pending)
    if word == "other":
        return _others(talk, wanted)
    case = talk.open_case()
    # The plan may be old, somebody else may have started one, and this may be another person.
    plan = Plan.model_validate(pending.data["plan"])
    line = _line(talk, wanted.connection)
    run = case.active_run()
    if run is not None or line is None:
        talk.say(progress_line(talk, run) if run else talk.word("test.no_line"))
        return _back_to_the_walk(talk)
    if hindrance := _hindrance(talk, plan, line):
        talk.say("\n".join([_card(talk, plan, line), hindrance]))
        return _back_to_the_walk(talk)
    talk.do(StartRun(case.id, line.name, pending.data["plan"]))
    talk.tell("test.started", count=plan.count)
    if plan.marks:
        talk.tell("test.marks")
    if plan.replies:
        talk.tell("test.replies", word=plan.replies.word)
    return _back_to_the_walk(talk)


def _others(talk: Talk, wanted: Wanted) -> None:
    """All tests, each with what it proves."""
    lines = [talk.word("test.which")]
    choices = []
    for number, (name, plan) in enumerate(talk.scene.tests.items(), 1):
        proves = plan.proves.of(talk.language) if plan.proves else ""
        lines.append(f"{number}. {_title(talk, plan)} — {proves}")
        choices.append((name, _title(talk, plan)))
    return talk.put("test", "\n".join(lines), choices, wanted=asdict(wanted))


def _back_to_the_walk(talk: Talk) -> None:
    talk.session = talk.session.idle()
    asking.ask_next(talk)


def stop(talk: Talk, run: RunLine) -> None:
    talk.do(StopRun(run.id))
    talk.tell("test.stopping")
    answering.repeat(talk)


def mark(talk: Talk, kind: str) -> None:
    """Somebody notes a moment while a test runs: the channel went down, or is up again."""
    run = talk.open_case().active_run()
    if run is None or kind not in run.marks:
        talk.tell("test.no_marks")
        return answering.repeat(talk)
    talk.do(MarkRun(run.id, kind))
    talk.tell(f"test.marked.{kind}", at=showing.clock(talk.scene.now, talk.scene.rules.timezone))
    return answering.repeat(talk)


def progress_line(talk: Talk, run: RunLine) -> str:
    return showing.progress(talk.scene.wordings[talk.language], run.state, run.progress)

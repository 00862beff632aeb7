"""Planning a send test in the conversation: which, through whom, against what claim, at what cost.

Nothing is sent from here. A confirmed plan becomes an effect; a worker carries it out.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from bot.dialogue import answering, asking, proposing, showing
from bot.dialogue.case import RunLine
from bot.dialogue.commands import Command
from bot.dialogue.effects import MarkRun, StartRun
from bot.dialogue.proposing import Wanted, claim_item, claimed_rate, line_named
from bot.dialogue.scene import Line
from bot.dialogue.session import Awaiting, Pending, Session
from bot.dialogue.talk import Said, Talk
from evaluators.answers import Parsed, Refused, parse
from evaluators.sending.plan import Plan

USUAL = "arrival"  # the test that settles most; on a real connection smaller ones come first
PLANNING = frozenset({"connection", "test", "pair", "claim", "confirm"})
"""What is awaited while a test is being planned."""
MOST_STEPS = 8  # back through these many questions; then to where planning began
SETTLING = timedelta(seconds=10)  # a confirmation that comes again so soon is no answer
_BRACKETED = re.compile(r"\([^)]*\)")


def is_planning(session: Session) -> bool:
    """Whether the next message may be about a test that is being planned."""
    return session.pending is not None and session.pending.awaiting in PLANNING


def begin(talk: Talk, command: Command) -> None:
    """`test`, `test 300`, or `test` and the name of one: choose what to send through."""
    run = talk.open_case().active_run()
    if run is not None:
        return talk.say(progress_line(talk, run))
    if command.number == 0 or command.rest[:1] in {"-", "−", "－"}:
        talk.tell("test.least")
        return answering.repeat(talk)
    named = _named(talk, command.rest)
    talk.session = replace(talk.session, pending=_open_before(talk.session.pending))
    return _ask_connection(talk, Wanted(test=named, count=command.number))


def drop(talk: Talk) -> None:
    """The person changed their mind before anything was sent."""
    talk.tell("test.dropped")
    _back_to_the_walk(talk)


def back(talk: Talk) -> None:
    """One question back in the planning; before its first, to what was open when it began."""
    pending = talk.session.pending
    steps = pending.data.get("steps", []) if pending else []
    if not steps[1:]:  # the first of them is the walk's own
        return drop(talk)
    earlier = Pending(**steps[-1])
    data = earlier.data | {"steps": steps[:-1]}
    talk.session = replace(talk.session, pending=replace(earlier, data=data))
    return reword(talk)


def reword(talk: Talk) -> None:
    """Put the pending question of the planning anew: after going back, or in another language."""
    pending = talk.session.pending
    if pending is None:
        return None
    wanted = Wanted.of(pending)
    match pending.awaiting:
        case "connection":
            return _ask_connection(talk, wanted)
        case "test":
            return _others(talk, wanted)
        case "pair":
            return _ask_second(talk, wanted)
        case "claim":
            return _ask(talk, "claim", talk.word("test.claim"), (), wanted=wanted)
        case _:
            return _go_on(talk, wanted)


def _ask(
    talk: Talk,
    awaiting: Awaiting,
    text: str,
    choices: Sequence[tuple[str, str]],
    *,
    wanted: Wanted,
    **more: Any,
) -> None:
    """One question of the planning; it carries the ones before it, the walk's own first."""
    told = {"wanted": asdict(wanted), "steps": _steps(talk.session.pending, awaiting), **more}
    talk.put(awaiting, text, choices, **told)


def _steps(pending: Pending | None, awaiting: Awaiting) -> list[dict[str, Any]]:
    if pending is None:
        return [{}]
    if pending.awaiting not in PLANNING:
        return [asdict(pending)]
    steps: list[dict[str, Any]] = pending.data.get("steps", [{}])
    if pending.awaiting == awaiting:  # put again
        return steps
    data = {name: value for name, value in pending.data.items() if name != "steps"}
    return [steps[0], *steps[1:][-MOST_STEPS:], asdict(replace(pending, data=data))]


def _open_before(pending: Pending | None) -> Pending | None:
    """The question that was open before a test was planned."""
    if pending is None or pending.awaiting not in PLANNING:
        return pending
    before: dict[str, Any] = next(iter(pending.data.get("steps", [])), {})
    return Pending(**before) if before else None


def _ask_connection(talk: Talk, wanted: Wanted) -> None:
    own = talk.scene.tests[wanted.test or USUAL]
    title = proposing.title(talk, own)
    text = talk.word("test.connection", test=title, count=wanted.count or own.count)
    choices = [(line.name, line.title) for line in talk.scene.lines if line.offered]
    return _ask(talk, "connection", text, choices, wanted=wanted)


def on_connection(talk: Talk, pending: Pending, text: str) -> None:
    line = _meant(talk.scene.lines, text)
    if line is None:
        talk.tell("unclear.short")
        return answering.repeat(talk)
    return _go_on(talk, replace(Wanted.of(pending), connection=line.name))


def _meant(lines: Sequence[Line], text: str) -> Line | None:
    """The connection a person means: its name, or its title with or without what is in brackets."""
    exact = next((line for line in lines if line.is_called(text)), None)
    if exact is not None:
        return replace(exact, name=text)
    said = _bare(text)
    found = [line for line in lines if said and said in {_bare(line.title), _bare(line.name)}]
    found = found or [line for line in lines if said and _bare(line.title).endswith(f"·{said}")]
    return found[0] if len(found) == 1 else None


def _bare(text: str) -> str:
    """Without brackets and spaces; width, case and the kind of dot are the same to people."""
    plain = _BRACKETED.sub("", unicodedata.normalize("NFKC", text)).casefold()
    return re.sub(r"\s+", "", plain).replace("•", "·").replace("・", "·")


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
    second = _meant(_seconds(talk, wanted), text)
    if second is None:
        talk.tell("unclear.short")
        return answering.repeat(talk)
    return _go_on(talk, replace(wanted, pair=second.name))


def _go_on(talk: Talk, wanted: Wanted) -> None:
    """Ask for what is still missing, then show the plan."""
    line = line_named(talk, wanted.connection)
    if line is None:
        talk.tell("test.no_line")
        return _back_to_the_walk(talk)
    if not wanted.test:
        stage = _next_stage(talk, line)  # which has its own size, unless it is the usual test
        wanted = replace(wanted, test=stage, count=wanted.count if stage == USUAL else None)
    own = talk.scene.tests[wanted.test]
    if own.paired and not wanted.pair and any(each.offered for each in _seconds(talk, wanted)):
        return _ask_second(talk, wanted)
    claimed = claimed_rate(talk)
    if claimed is None or claimed <= 0:
        return _ask(talk, "claim", talk.word("test.claim"), (), wanted=wanted)
    return _plan(talk, line, wanted, claimed)


def _ask_second(talk: Talk, wanted: Wanted) -> None:
    choices = [(each.name, each.title) for each in _seconds(talk, wanted) if each.offered]
    return _ask(talk, "pair", talk.word("test.second"), choices, wanted=wanted)


def _seconds(talk: Talk, wanted: Wanted) -> list[Line]:
    """The connections that the first can be compared with: both real or both simulated."""
    first = line_named(talk, wanted.connection)
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
    if (before := _open_before(pending)) is not None and before.item == item.id:
        _note(talk, steps=[{}, *pending.data["steps"][1:]])  # it was this very question
    return _go_on(talk, Wanted.of(pending))


def _named(talk: Talk, text: str) -> str:
    """The test that a name or a title means, in either language; empty where none is."""
    said = text.strip().lower()
    for name, plan in talk.scene.tests.items():
        titles = (plan.title.zh.lower(), plan.title.en.lower()) if plan.title else ()
        if said in {name, *titles}:
            return name
    return ""


def _plan(talk: Talk, line: Line, wanted: Wanted, claimed: float) -> None:
    """The plan with cost, numbers and stop rule, shown before anything is sent."""
    plan = proposing.plan_for(talk, line, wanted, claimed)
    lines = [proposing.card(talk, plan, line), *proposing.notes(talk, plan, line)]
    if hindrance := proposing.hindrance(talk, plan, line):
        talk.say("\n".join([*lines, hindrance]))
        return _back_to_the_walk(talk)
    lines.append(talk.word("test.go"))
    choices = [(word, talk.word(f"button.{word}")) for word in ("go", "other", "no")]
    told = plan.model_dump(mode="json")
    return _ask(talk, "confirm", "\n".join(lines), choices, wanted=wanted, plan=told)


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
    line = line_named(talk, wanted.connection)
    run = case.active_run()
    if run is not None or line is None:
        talk.say(progress_line(talk, run) if run else talk.word("test.no_line"))
        return _back_to_the_walk(talk)
    if hindrance := proposing.hindrance(talk, plan, line):
        talk.say("\n".join([proposing.card(talk, plan, line), hindrance]))
        return _back_to_the_walk(talk)
    talk.do(StartRun(case.id, line.name, pending.data["plan"]))
    talk.tell("test.started", count=plan.count)
    if plan.marks:
        talk.tell("test.marks")
    if plan.replies:
        talk.tell("test.replies", word=plan.replies.word)
    _back_to_the_walk(talk)
    return _note(talk, started=talk.scene.now.isoformat(), by="yes" if word == "yes" else "go")


def _note(talk: Talk, **told: Any) -> None:
    """Keep something with the question that waits."""
    if (pending := talk.session.pending) is not None:
        pending = replace(pending, data=pending.data | told)
        talk.session = replace(talk.session, pending=pending)


def confirmed_twice(talk: Talk, text: str) -> bool:
    """Whether this repeats the confirmation of a test just started: said so, and asked again.

    While a confirmation is slow it is typed once more; the next question must not take that for
    its answer. Typed a third time, it counts.
    """
    pending = talk.session.pending
    if pending is None or "started" not in pending.data:
        return False
    data = dict(pending.data)
    started, by = datetime.fromisoformat(data.pop("started")), data.pop("by")
    talk.session = replace(talk.session, pending=replace(pending, data=data))
    said = unicodedata.normalize("NFKC", text).strip(" 。.!").casefold()
    if talk.scene.now - started > SETTLING or said not in _confirming(talk, by):
        return False
    talk.tell("test.once", words=text)
    answering.repeat(talk)
    return True


def _confirming(talk: Talk, by: str) -> set[str]:
    """What confirms a test, when it was confirmed `by` a yes or by its own button."""
    wordings = talk.scene.wordings.values()
    words = {word.casefold() for each in wordings for word in each.words(f"words.{by}")}
    return words if by == "yes" else words | {"1", "go"} | {each("button.go") for each in wordings}


def _others(talk: Talk, wanted: Wanted) -> None:
    """All tests by name; what the chosen one proves is said with its plan."""
    choices = [(name, proposing.title(talk, plan)) for name, plan in talk.scene.tests.items()]
    return _ask(talk, "test", talk.word("test.which"), choices, wanted=wanted)


def _back_to_the_walk(talk: Talk) -> None:
    """To the very question that was open before the planning, where there was one."""
    before = _open_before(talk.session.pending)
    talk.session = replace(talk.session, pending=before)
    return asking.ask_next(talk) if before is None else answering.repeat(talk)


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

"""What the steering words do."""

from collections.abc import Callable
from dataclasses import replace

from bot.dialogue import (
    answering,
    aside,
    asking,
    consulting,
    filing,
    opening,
    reminding,
    showing,
    stopping,
    testing,
)
from bot.dialogue.case import Case
from bot.dialogue.commands import Command
from bot.dialogue.effects import Explain, Report, SetLanguage, SignIn
from bot.dialogue.talk import Talk
from bot.wording import LANGUAGES
from evaluators.checklist import Role

ROLES: tuple[Role, ...] = ("technical", "legal", "business")


def follow(talk: Talk, command: Command) -> None:
    """Do what a steering word says; those about an evaluation need one."""
    if command.name in {"stop", "back"} and aside.underway(talk.session):
        return aside.drop(talk)
    if action := _ALWAYS.get(command.name):
        return action(talk, command)
    if talk.case is None:
        talk.tell("no_case")
        waits = talk.session.pending is not None
        return answering.repeat(talk) if waits else opening.welcome(talk)
    return _IN_A_CASE[command.name](talk, command)


def resume(talk: Talk) -> None:
    """On opening the chat: exactly where we were, or the list, or the first words."""
    if aside.underway(talk.session):
        return answering.repeat(talk)
    if talk.case is None or talk.session.pending is None:
        return opening.welcome(talk)
    talk.say(talk.word("resumed", vendor=talk.case.vendor) + "\n" + _counts(talk, talk.case))
    return answering.repeat(talk)


def _new(talk: Talk, command: Command) -> None:
    if not command.rest:
        talk.session = talk.session.idle()
        talk.case = None
        talk.session = replace(talk.session, case=None)
        return talk.tell("vendor.which")
    return opening.name_vendor(talk, command.rest)


def _prescreen(talk: Talk, command: Command) -> None:
    if not command.rest:
        return talk.tell("vendor.prescreen")
    vendor, quoted = opening.name_and_quote(command.rest)
    if not vendor or len(vendor) > opening.LONGEST_NAME:
        return talk.tell("vendor.name", most=opening.LONGEST_NAME)
    return opening.start(talk, vendor, "prescreen", quoted)


def _ask(talk: Talk, command: Command) -> None:
    return answering.ask_guidance(talk, command.rest)


def _source(talk: Talk, command: Command) -> None:
    """A guidance page by its name, as printed behind a warning."""
    talk.do(Explain(command.rest))
    return answering.repeat(talk)


def _language(talk: Talk, command: Command) -> None:
    wanted = {"中文": "zh", "chinese": "zh", "英文": "en", "english": "en"}.get(
        command.rest.lower(), command.rest.lower()
    )
    if wanted not in LANGUAGES:
        return talk.tell("language.which")
    talk.session = replace(talk.session, language=wanted)
    talk.do(SetLanguage(wanted))
    talk.tell("language.set")
    return _reworded(talk)


def _reworded(talk: Talk) -> None:
    """The pending question in the language just chosen, whatever it is."""
    pending = talk.session.pending
    if pending is None:
        return opening.welcome(talk) if talk.case is None else None
    if testing.is_planning(talk.session):
        return testing.reword(talk)
    match pending.awaiting:
        case "kinds":
            return opening.ask_kinds(talk)
        case "international" | "multilingual":
            return opening.ask_need(talk, pending.awaiting)
        case "walk":
            return opening.name_vendor(talk, pending.data["vendor"])
        case _:
            return answering.repeat(talk)


def _web(talk: Talk, _command: Command) -> None:
    """A link with which this person's browser is known."""
    talk.do(SignIn(talk.word("web.link", link="{link}"), talk.word("web.private")))
    answering.repeat(talk)


def _help(talk: Talk, _command: Command) -> None:
    talk.tell("help")
    answering.repeat(talk)


def _thanks(talk: Talk, _command: Command) -> None:
    talk.tell("thanks")
    answering.repeat(talk)


def _greeting(talk: Talk, _command: Command) -> None:
    """A greeting is answered, and whatever waits is put again."""
    if talk.session.pending is None:
        return opening.welcome(talk)
    talk.tell("greeting", name=talk.scene.person.name)
    return answering.repeat(talk)


def _list(talk: Talk, _command: Command) -> None:
    lines = opening.case_lines(talk) or [talk.word("list.empty")]
    talk.say("\n".join([*lines, talk.word("list.how")]))


def _why(talk: Talk, _command: Command) -> None:
    """The reason behind the question asked, with the guidance, then the same question."""
    pending = talk.session.pending
    if pending is None or not pending.item:
        talk.tell("why.general")
        return answering.repeat(talk)
    item = talk.item(pending.item)
    talk.tell(
        "why.item", why=item.why.of(talk.language), wanted=item.evidence.wanted.of(talk.language)
    )
    talk.do(Explain(item.guidance[0]))
    return answering.repeat(talk)


def _back(talk: Talk, _command: Command) -> None:
    """The question before this one, with the answer that stands."""
    if testing.is_planning(talk.session):
        return testing.back(talk)
    if back := consulting.returned(talk):
        talk.session = replace(talk.session, pending=back)
        return answering.repeat(talk)
    trail = talk.session.trail
    pending = talk.session.pending
    at = len(trail) - (1 if pending is not None and pending.awaiting == "answer" else 0)
    if at < 1:
        talk.tell("back.first")
        return answering.repeat(talk)
    item = talk.item(trail[at - 1])
    talk.session = replace(talk.session, trail=trail[: at - 1])
    return _again(talk, item.id)


def _change(talk: Talk, command: Command) -> None:
    number = command.number
    item = talk.scene.checklist.numbered(number) if number is not None else None
    if item is None:
        talk.tell("change.which", most=len(talk.scene.checklist.by_id))
        return answering.repeat(talk)
    return _again(talk, item.id)


def _goto(talk: Talk, command: Command) -> None:
    """An item out of turn, by its number or by the button under an answer (`case.number`)."""
    case, _, number = command.rest.rpartition(".")
    if case and case != str(talk.open_case().id):
        talk.tell("stale")
        return answering.repeat(talk)
    asked = Command("goto", number).number
    item = talk.scene.checklist.numbered(asked) if asked is not None else None
    if item is None:
        talk.tell("change.which", most=len(talk.scene.checklist.by_id))
        return answering.repeat(talk)
    return consulting.go(talk, item)


def _again(talk: Talk, item_id: str) -> None:
    item = talk.item(item_id)
    if talk.open_case().current(item_id) is None:
        return asking.ask_item(talk, item)
    stands = showing.old_answers(talk.speaker, talk.open_case(), item)
    return asking.ask_item(talk, item, talk.word("change.stands", stands=stands))


def _status(talk: Talk, _command: Command) -> None:
    case = talk.open_case()
    lines = [talk.word("status.head", vendor=case.vendor), _counts(talk, case)]
    lines += _sections(talk, case)
    lines += _departments(talk, case)
    if run := case.active_run():
        lines.append(testing.progress_line(talk, run))
    talk.say("\n".join(lines))
    answering.repeat(talk)


def _counts(talk: Talk, case: Case) -> str:
    items = list(case.applicable(talk.scene.checklist))
    if case.walk == "prescreen":
        steps = talk.scene.checklist.prescreen.steps
        items = [talk.item(item_id) for step in steps for item_id in step.items]
    stands = [case.current(item.id) for item in items]
    return talk.word(
        "status.counts",
        answered=sum(1 for item in items if asking.settled(case, item)),
        of=len(items),
        later=sum(1 for given in stands if given and given.parked),
        unknown=sum(1 for given in stands if given and given.choice == "unknown"),
        files=len({file.sha256 for _, file in case.files}),
    )


def _sections(talk: Talk, case: Case) -> list[str]:
    if case.walk == "prescreen":
        return []
    lines = []
    for section in talk.scene.checklist.sections:
        items = [item for item in section.items if case.profile.has(item.applies)]
        done = sum(1 for item in items if asking.settled(case, item))
        state = "done" if done == len(items) else "started" if done else "new"
        lines.append(
            talk.word(
                f"status.section.{state}",
                title=section.title.of(talk.language),
                done=done,
                of=len(items),
            )
        )
    return lines


def _departments(talk: Talk, case: Case) -> list[str]:
    if case.walk == "prescreen":
        return []
    left = asking.queue(case, talk.scene.checklist, None)
    parts = [
        f"{talk.word(f'role.{role}')} {sum(1 for item in left if role in item.who)}"
        for role in ROLES
    ]
    return [talk.word("status.departments", parts=talk.word("list.comma").join(parts))]


def _stop(talk: Talk, _command: Command) -> None:
    """A running test first; then a test being planned; otherwise the walk, which stays."""
    pending = talk.session.pending
    if pending is not None and pending.awaiting in testing.PLANNING:
        return testing.drop(talk)
    run = talk.open_case().active_run()
    if run is not None and run.state != "observing":
        return stopping.stop(talk, run)
    return talk.tell("stopped", vendor=talk.open_case().vendor)


def _continue(talk: Talk, _command: Command) -> None:
    if talk.session.pending is not None:
        return answering.repeat(talk)
    return asking.ask_next(talk, again=True)


def _part(talk: Talk, command: Command) -> None:
    """All questions, or only those of the person's own department."""
    talk.session = replace(talk.session, part_only=command.name == "mine")
    talk.tell(f"part.{command.name}")
    asking.ask_next(talk)


def _files(talk: Talk, _command: Command) -> None:
    filing.list_files(talk)
    answering.repeat(talk)


def _file_to(talk: Talk, command: Command) -> None:
    filing.move_last(talk, command.number or 0)


def _report(talk: Talk, _command: Command) -> None:
    talk.do(Report(talk.open_case().id))
    answering.repeat(talk)


Action = Callable[[Talk, Command], None]
_ALWAYS: dict[str, Action] = {
    "new": _new,
    "prescreen": _prescreen,
    "ask": _ask,
    "source": _source,
    "language": _language,
    "help": _help,
    "web": _web,
    "greeting": _greeting,
    "thanks": _thanks,
    "list": _list,
    "switch": lambda talk, command: opening.switch(talk, command.rest),
    "drill": reminding.follow,
    "reminders": reminding.follow,
    "reminder": reminding.follow,
    "expires": reminding.follow,
    "timezone": reminding.follow,
    "hours": reminding.follow,
}
_IN_A_CASE: dict[str, Action] = {
    "why": _why,
    "back": _back,
    "change": _change,
    "goto": _goto,
    "status": _status,
    "stop": _stop,
    "continue": _continue,
    "full": lambda talk, _command: opening.widen(talk),
    "everything": _part,
    "scope": lambda talk, _command: opening.ask_kinds(talk),
    "mine": _part,
    "evidence": _files,
    "evidence_to": _file_to,
    "report": _report,
    "test": testing.begin,
    "replied": lambda talk, _command: testing.mark(talk, "replied"),
    "fault": lambda talk, _command: testing.mark(talk, "fault"),
    "restored": lambda talk, _command: testing.mark(talk, "restored"),
}

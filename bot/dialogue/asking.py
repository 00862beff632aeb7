"""Which question comes next, and how it is put."""

from collections.abc import Sequence

from bot.dialogue import showing
from bot.dialogue.case import SETTLED, Case, Given
from bot.dialogue.effects import Button, Say
from bot.dialogue.talk import STANDING, Talk
from evaluators import answers
from evaluators.checklist import Checklist, Item, PrescreenStep, Section
from evaluators.checklist import Warning as Alarm


def queue(case: Case, checklist: Checklist, roles: frozenset[str] | None) -> list[Item]:
    """The items still to be answered, in order; `roles` narrows them to some departments."""
    if case.walk == "prescreen":
        items = [
            checklist.by_id[item_id] for step in checklist.prescreen.steps for item_id in step.items
        ]
    else:
        items = list(case.applicable(checklist))
    if roles is not None:
        items = [item for item in items if roles & set(item.who)]
    # Most items have no answer yet, and all are looked at several times a turn.
    answered = case.answered
    return [item for item in items if item.id not in answered or not settled(case, item)]


def settled(case: Case, item: Item) -> bool:
    given = case.in_force(item.id)
    if given is None or given.choice in SETTLED:
        return given is not None
    judged = answers.satisfaction(item, given.choice, given.value) is not None
    return given.value is not None and (judged or warning(item, given) is not None)


def parked(case: Case, items: Sequence[Item]) -> list[Item]:
    return [item for item in items if (given := case.said(item.id)) and given.parked]


def handed(talk: Talk) -> list[Item]:
    """What others did not know and handed to whoever speaks: asked first."""
    case, me = talk.open_case(), talk.scene.person.name
    items = [talk.item(item) for item, name in case.colleagues.items() if name == me]
    return [
        item
        for item in items
        if (given := case.in_force(item.id)) and given.choice == "unknown" and given.by != me
    ]


def narrowed(talk: Talk) -> frozenset[str] | None:
    """The person's departments where only their part is asked, else None."""
    return talk.scene.person.roles if talk.session.part_only else None


def ask_next(talk: Talk, *, again: bool = False) -> None:
    """Put the next open question; parked ones only when asked for `again`."""
    case = talk.open_case()
    if mine := handed(talk):
        return ask_item(talk, mine[0])
    left = queue(case, talk.scene.checklist, narrowed(talk))
    waiting = parked(case, left)
    held = {item.id for item in waiting}  # comparing whole items would take milliseconds
    fresh = [item for item in left if item.id not in held]
    if fresh:
        return ask_item(talk, fresh[0])
    if again and waiting:
        return ask_item(talk, waiting[0])
    return _walked_through(talk, len(waiting))


def _walked_through(talk: Talk, waiting: int) -> None:
    talk.session = talk.session.idle()
    case = talk.open_case()
    if case.walk == "prescreen":
        return prescreen_summary(talk, waiting)
    others = len(queue(case, talk.scene.checklist, None)) - waiting
    parts = [talk.word("walk.done")]
    if waiting:
        parts.append(talk.word("walk.parked", count=waiting))
    if talk.session.part_only and others > 0:
        parts.append(talk.word("walk.others", count=others))
    parts.append(talk.word("walk.next_steps"))
    talk.say("\n".join(parts))
    return None


def ask_item(talk: Talk, item: Item, before: str = "") -> None:
    """Put one item, with its standing choices and, where it has one, the value it takes."""
    lines = [before] if before else []
    lines.append(f"{heading(talk, item)}\n{question(talk, item)}")
    if hint := value_hint(talk, item):
        lines.append(hint)
    numbered = not showing.takes_numbers(item)
    talk.put("answer", "\n".join(lines), choices(talk, item), item=item.id, numbered=numbered)


def choices(talk: Talk, item: Item) -> list[tuple[str, str]]:
    """The buttons of an item: its own options where it has some, then the standing ones."""
    if item.value and item.value.options:
        own = [(option.id, option.label.of(talk.language)) for option in item.value.options]
        standing: tuple[str, ...] = ("na", "unknown", "later")
    else:
        own, standing = [], STANDING
    return own + [(word, talk.word(f"choice.{word}")) for word in standing]


def question(talk: Talk, item: Item) -> str:
    step = step_of(talk, item)
    if step is None:
        return item.ask.of(talk.language)
    note_down = talk.word("prescreen.note_down", ask=item.ask.of(talk.language))
    before = talk.session.trail[-1] if talk.session.trail else ""
    if before in step.items and before != item.id:
        return note_down  # the sentence was read aloud for the item before
    return talk.word("prescreen.aloud", ask=step.ask.of(talk.language)) + "\n" + note_down


def step_of(talk: Talk, item: Item) -> PrescreenStep | None:
    if talk.open_case().walk != "prescreen":
        return None
    steps = talk.scene.checklist.prescreen.steps
    return next((step for step in steps if item.id in step.items), None)


def heading(talk: Talk, item: Item) -> str:
    checklist, case = talk.scene.checklist, talk.open_case()
    step = step_of(talk, item)
    if step is not None:
        number = checklist.prescreen.steps.index(step) + 1
        return talk.word("prescreen.heading", vendor=case.vendor, number=number)
    section = checklist.section_of(item)
    left = _left_in(talk, section)
    return talk.word(
        "item.heading",
        section=section.section,
        sections=len(checklist.sections),
        title=section.title.of(talk.language),
        number=talk.number(item.id),
        left=len(left),
    )


def _left_in(talk: Talk, section: Section) -> list[Item]:
    """What is still to be answered of a section, as far as this person is asked."""
    ours = {item.id for item in section.items}  # comparing whole items would take milliseconds
    left = queue(talk.open_case(), talk.scene.checklist, narrowed(talk))
    return [item for item in left if item.id in ours]


def value_hint(talk: Talk, item: Item) -> str:
    if item.value is None or item.value.kind in {"choice", "file"}:
        return ""
    unit = item.value.unit.of(talk.language) if item.value.unit else ""
    return talk.word(f"hint.{item.value.kind}", unit=unit)


def section_done(talk: Talk, item: Item) -> None:
    """After the last answer of a section: what was said there, and how to change it."""
    case, checklist = talk.open_case(), talk.scene.checklist
    if case.walk == "prescreen":
        return
    section = checklist.section_of(item)
    left = _left_in(talk, section)
    if len(left) > len(parked(case, left)):
        return
    talk.say(section_summary(talk, section))


def section_summary(talk: Talk, section: Section) -> str:
    case = talk.open_case()
    items = [item for item in section.items if case.profile.has(item.applies)]
    given = [(i, g) for i in items if (g := case.current(i.id)) is not None]
    counts = {
        word: sum(1 for _, g in given if g.choice == word) for word in ("unknown", "later", "na")
    }
    warned = [(i, w) for i, g in given if (w := warning(i, g)) and w.level == "red"]
    lines = [
        talk.word(
            "section.done",
            title=section.title.of(talk.language),
            answered=len(given) - sum(counts.values()),
            of=len(items),
            **counts,
        )
    ]
    lines += [
        talk.word("section.red", number=talk.number(i.id), means=w.means.of(talk.language))
        for i, w in warned[:3]
    ]
    lines.append(talk.word("section.change"))
    return "\n".join(lines)


def warning(item: Item, given: Given) -> Alarm | None:
    """The warning an answer as it stands gives rise to."""
    return answers.warnings(item, given.choice, given.value, given.words)


def prescreen_summary(talk: Talk, waiting: int) -> None:
    """The first judgement after the call; everything in it is a claim, and it says so."""
    case, checklist = talk.open_case(), talk.scene.checklist
    items = [checklist.by_id[i] for step in checklist.prescreen.steps for i in step.items]
    given = [(i, g) for i in items if (g := case.current(i.id)) is not None and not g.parked]
    warned = [(i, w) for i, g in given if (w := warning(i, g))]
    red = [(i, w) for i, w in warned if w.level == "red"]
    known = [g for _, g in given if g.choice != "unknown"]
    gates = [i for i, g in given if i.gate == "always" and g.choice == "no"]
    gates += [i for i, _ in red if i.gate == "always" and i not in gates]
    amber = [(i, w) for i, w in warned if w.level == "amber"]
    first = "stop" if red or gates else "papers" if amber or waiting else "go_on"
    if first != "stop" and 2 * len(known) < len(items):
        first = "too_little"
    minutes = max(1, round((talk.scene.now - case.started).total_seconds() / 60))
    lines = [
        talk.word("prescreen.done", vendor=case.vendor, minutes=minutes),
        talk.word(f"prescreen.{first}"),
        talk.word("prescreen.counts", red=len(red), amber=len(amber), gates=len(gates)),
    ]
    lines += [
        talk.word("section.red", number=talk.number(i.id), means=w.means.of(talk.language))
        for i, w in red[:3]
    ]
    if waiting:
        lines.append(talk.word("walk.parked", count=waiting))
    lines.append(talk.word("prescreen.only_claims"))
    buttons = tuple(
        Button(talk.word(f"button.{word}"), f"0:command:{word}")
        for word in ("full", "test", "report")
    )
    talk.do(Say("\n".join(lines), buttons, numbered=False))

"""Pasted notes as proposed answers: one after another, and each is the person's to confirm.

Whoever read the notes has only proposed. What is offered here was read once more by
`evaluators.answers`, stands in the pasted words, and is recorded, as a claim, when the person
says that it is right. Until then it is nowhere but in this list.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.dialogue import answering, aside, asking, commands, showing, steering
from bot.dialogue.case import Given
from bot.dialogue.effects import Propose, Record, Say
from bot.dialogue.session import Pending
from bot.dialogue.talk import Talk
from evaluators import answers
from evaluators.checklist import Item
from evaluators.evidence import Level
from evaluators.phrases import length
from knowledge.forms import CHOICES, Proposal, Wanted

LONG = 40  # Chinese characters and words of other languages: more than an answer
LINES = 3  # or so many lines, with half as many words
MOST = 6000  # characters; more is a document
INTERRUPTED = frozenset({"answer", "follow_up", "proposal"})
RIGHT, WRONG, EDIT, SKIP = "right", "wrong", "edit", "skip"
OFFERED = (RIGHT, WRONG, EDIT, SKIP)
_NUMBER = re.compile(r"(?=.*\d{4})[^\s,，。;；]{5,30}")  # of a paper or a sender: it stands alone
_ASKS = re.compile(r"(?:[?？]|[吗呢么])[\s”\"』」]*$")  # a question is nobody's answer


@dataclass(frozen=True)
class Guess:
    """A proposal the checklist takes: what would be recorded, and the words it was read from."""

    item: str
    reading: str
    quote: str


def heard(talk: Talk, text: str) -> bool:
    """Whether a text was taken for notes, and either is being read now or has led to a list."""
    if not (_may_be_notes(talk) and _is_notes(text)):
        return False
    if talk.scene.proposed is None:
        talk.do(Propose(text, wanted(talk)))
        return True
    guesses = [g for p in talk.scene.proposed if (g := _guess(talk, p)) is not None]
    pending = talk.session.pending
    here = pending.item if pending is not None and pending.awaiting != "proposal" else ""
    if not guesses or {guess.item for guess in guesses} == {here}:
        return False  # it answers what was asked, or nothing: then it is an answer like any other
    _begin(talk, guesses)
    return True


def _may_be_notes(talk: Talk) -> bool:
    if talk.scene.proposed == () or talk.case is None:  # nobody reads notes, or none were found
        return False
    pending = talk.session.pending
    return pending is None or pending.awaiting in INTERRUPTED


def _is_notes(text: str) -> bool:
    """Several lines, or more words than an answer has; no command, and no single question."""
    words = length(text)
    lines = [line for line in text.splitlines() if line.strip()]
    if text.startswith("/") or len(text) > MOST:
        return False
    if len(lines) >= LINES and words >= LONG / 2:
        return True
    return words >= LONG and not answers.looks_like_question(text)


def wanted(talk: Talk) -> tuple[Wanted, ...]:
    """Every question of this evaluation, those of the call first where one is under way."""
    case, checklist = talk.open_case(), talk.scene.checklist
    steps = checklist.prescreen.steps if case.walk == "prescreen" else ()
    first = [talk.item(item_id) for step in steps for item_id in step.items]
    items = {item.id: item for item in [*first, *case.applicable(checklist)]}
    return tuple(_wanted(talk, item) for item in items.values())


def _wanted(talk: Talk, item: Item) -> Wanted:
    spec = item.value
    options = spec.options if spec else ()
    number, ask = talk.number(item.id), item.ask.of(talk.language)
    if options:
        named = "; ".join(f"{each.id} = {each.label.of(talk.language)}" for each in options)
        return Wanted(number, ask, f"one of: {named}", tuple(each.id for each in options))
    if spec is None or spec.kind == "file":
        return Wanted(number, ask, "yes, no or partly")
    unit = f" ({spec.unit.of(talk.language)})" if spec.unit else ""
    return Wanted(number, ask, f"yes, no, partly, or a {spec.kind}{unit} copied from the quote")


def _guess(talk: Talk, proposal: Proposal) -> Guess | None:
    """The proposal where the checklist takes it and it says something new."""
    item = talk.scene.checklist.numbered(proposal.number)
    if item is None:
        return None
    guess = Guess(item.id, proposal.reading, proposal.quote)
    given = _given(talk, guess)
    return guess if given is not None and not _known(talk, given) else None


def _known(talk: Talk, given: Given) -> bool:
    """Whether the item is answered so already."""
    stands = talk.open_case().said(given.item)
    return stands is not None and (stands.choice, stands.value) == (given.choice, given.value)


def _given(talk: Talk, guess: Guess) -> Given | None:
    """What would be recorded; None where the checklist refuses it or the words say otherwise."""
    item, now = talk.item(guess.item), talk.scene.now.date()
    prose = item.value is not None and item.value.kind == "text"
    if _ASKS.search(guess.quote):
        return None
    whole = prose and guess.reading not in CHOICES and not _NUMBER.fullmatch(guess.reading)
    read = answers.parse(_closed_up(guess.quote if whole else guess.reading), item, now)
    if not isinstance(read, answers.Parsed) or read.choice in {"na", "unknown", "later"}:
        return None
    if read.choice and item.value is not None and item.value.options:
        return None
    if not prose and _contradicts(answers.parse(_closed_up(guess.quote), item, now), read):
        return None
    return _of_person(talk, guess, answers.Parsed(read.choice, read.value, guess.quote))


def _closed_up(text: str) -> str:
    """`2028 年 3 月 31 日` as a date is read."""
    return re.sub(r"(?<=[\d年月])\s+(?=[\d年月日])", "", text)


def _contradicts(plainly: answers.Parsed | answers.Refused | None, read: answers.Parsed) -> bool:
    """Whether the quoted words, read by themselves, surely say something else."""
    if not isinstance(plainly, answers.Parsed) or plainly.assumed:
        return False
    values = plainly.value is not None and read.value is not None and plainly.value != read.value
    choices = {plainly.choice, read.choice}
    return values or (choices <= set(CHOICES) and len(choices) > 1)


def _of_person(talk: Talk, guess: Guess, read: answers.Parsed, note: str = "") -> Given:
    """An answer of whoever confirms it: a claim, whatever papers there are."""
    return Given(
        item=guess.item,
        choice=read.choice,
        value=read.value,
        level=Level.CLAIMED,
        at=talk.scene.now,
        by=talk.scene.person.name,
        words=read.words,
        note=note or talk.word("proposal.note"),
        revision=talk.open_case().revisions(guess.item) + 1,
    )


def _begin(talk: Talk, guesses: Sequence[Guess]) -> None:
    """Offer them; what a list under way still holds comes first."""
    pending = talk.session.pending
    raw = [[g.item, g.reading, g.quote] for g in guesses]
    if pending is not None and pending.awaiting == "proposal":
        listed = pending.data["list"]
        more = [each for each in raw if each not in listed]
        data = {**_kept(pending), "list": [*listed, *more]}
        talk.tell("proposal.more", count=len(more))
        return _put(talk, data)
    talk.tell("proposal.found", count=len(raw))
    return _put(talk, {"list": raw, "at": 0, "kept": 0, "before": _before(pending)})


def _before(pending: Pending | None) -> dict[str, Any] | None:
    if pending is None:
        return None
    return {"awaiting": pending.awaiting, "item": pending.item, "data": pending.data}


def _kept(pending: Pending) -> dict[str, Any]:
    return {name: pending.data[name] for name in ("list", "at", "kept", "before")}


def _here(pending: Pending) -> Guess:
    return Guess(*pending.data["list"][pending.data["at"]])


def _put(talk: Talk, data: dict[str, Any]) -> None:
    """The proposal at its place, or the end of the list."""
    if data["at"] >= len(data["list"]):
        return _end(talk, data)
    guess = Guess(*data["list"][data["at"]])
    given = _given(talk, guess)
    if given is None or _known(talk, given):  # somebody has answered it meanwhile
        return _put(talk, {**data, "at": data["at"] + 1})
    item = talk.item(guess.item)
    asked = talk.word(
        "proposal.ask",
        at=data["at"] + 1,
        of=len(data["list"]),
        number=talk.number(item.id),
        ask=item.ask.of(talk.language),
        said=showing.content(talk.speaker, item, given),
        quote=guess.quote,
    )
    *lines, right = asked.splitlines()
    stands = talk.open_case().said(item.id)
    if stands is not None:
        said = showing.answer(talk.speaker, item, stands)
        lines.append(talk.word("proposal.stands", stands=said))
    others = [words for other, _, words in data["list"] if other == item.id]
    lines += [
        talk.word("proposal.otherwise", quote=words) for words in others if words != guess.quote
    ]
    choices = [(word, talk.word(f"button.{word}_proposal")) for word in OFFERED]
    seen = talk.open_case().revisions(item.id)
    text = "\n".join([*lines, right])
    return talk.put("proposal", text, choices, editing=False, seen=seen, **data)


def _end(talk: Talk, data: dict[str, Any]) -> None:
    """What came of it; then whatever waited before."""
    talk.tell("proposal.done", kept=data["kept"], left=len(data["list"]) - data["kept"])
    before = Pending(**data["before"]) if data["before"] else None
    talk.session = replace(talk.session, pending=before)
    if before is None or before.awaiting == "follow_up":
        return asking.ask_next(talk) if before else None
    item = talk.item(before.item)
    if asking.settled(talk.open_case(), item):
        return asking.ask_next(talk)
    return answering.repeat(talk)


def on_reply(talk: Talk, pending: Pending, text: str) -> None:
    """What the person makes of the proposal that is shown."""
    if pending.data["editing"]:
        return _edited(talk, pending, text)
    match _meant(talk, text):
        case "right":
            return _confirmed(talk, pending)
        case "wrong":
            return _next(talk, pending)
        case "edit":
            return _edit(talk, pending)
        case "skip":
            return _end(talk, _kept(pending))
        case _:
            return _otherwise(talk, pending, text)


def _confirmed(talk: Talk, pending: Pending) -> None:
    """Recorded, unless somebody has answered meanwhile: then it is shown with that first."""
    given = _given(talk, _here(pending))
    if given is None or _known(talk, given):
        return _next(talk, pending)
    if pending.data.get("seen", given.revision - 1) != given.revision - 1:
        talk.tell("proposal.meanwhile")
        return _put(talk, _kept(pending))
    return _record(talk, pending, given)


def _otherwise(talk: Talk, pending: Pending, text: str) -> None:
    """A question in between, or what the answer is instead."""
    if answers.looks_like_question(text):
        return answering.ask_guidance(talk, text)
    if not _taken(talk, pending, text):
        talk.tell("proposal.unclear")
        return answering.repeat(talk)
    return None


def _meant(talk: Talk, text: str) -> str:
    said = text.strip().lower().rstrip("。.!！")
    if said in OFFERED:
        return said
    return next(
        (word for word in OFFERED if aside.is_word(talk, said, f"words.{word}_proposal")), ""
    )


def _record(talk: Talk, pending: Pending, given: Given) -> None:
    """The person has said that it is right."""
    case, item = talk.open_case(), talk.item(given.item)
    talk.case = case.with_answer(given)
    talk.session = replace(talk.session, last=item.id)
    talk.do(Record(case.id, given))
    said = showing.answer(talk.speaker, item, given)
    lines = [talk.word("kept", number=talk.number(item.id), said=said)]
    counted = isinstance(given.value, float | int)  # other figures stand in the same words
    about = str(given.value) if counted else given.words
    if alarm := answers.warnings(item, given.choice, given.value, about):
        lines.append(answering.warning_text(talk, alarm))
    talk.say("\n".join(lines))
    data = _kept(pending)
    return _put(talk, {**data, "at": data["at"] + 1, "kept": data["kept"] + 1})


def _next(talk: Talk, pending: Pending) -> None:
    data = _kept(pending)
    return _put(talk, {**data, "at": data["at"] + 1})


def _edit(talk: Talk, pending: Pending) -> None:
    item = talk.item(_here(pending).item)
    hint = asking.value_hint(talk, item)
    asked = talk.word("proposal.edit", number=talk.number(item.id), ask=item.ask.of(talk.language))
    skip = [(WRONG, talk.word("button.skip"))]
    text = f"{asked}\n{hint}" if hint else asked
    talk.put("proposal", text, skip, numbered=False, editing=True, **_kept(pending))


def _edited(talk: Talk, pending: Pending, text: str) -> None:
    """The person's own answer instead of the one proposed."""
    if _meant(talk, text) == SKIP or text == WRONG or aside.is_word(talk, text, "words.skip"):
        return _next(talk, pending)
    if answers.looks_like_question(text):
        return answering.ask_guidance(talk, text)
    if not _taken(talk, pending, text):
        talk.tell("proposal.unclear")
        return _edit(talk, pending)
    return None


def _taken(talk: Talk, pending: Pending, text: str) -> bool:
    """Whether a typed text is an answer to the item; then it is recorded, or said why not."""
    guess = _here(pending)
    item = talk.item(guess.item)
    read = answers.parse(text, item, talk.scene.now.date())
    if isinstance(read, answers.Refused):
        talk.say(answering.refusal(talk, item, read))
        answering.repeat(talk)
        return True
    if read is None or read.choice in {"na", "later"}:
        return False
    note = talk.word("proposal.edited", quote=guess.quote)
    _record(talk, pending, _of_person(talk, guess, read, note))
    return True


def steered(talk: Talk, command: commands.Command) -> bool:
    """`back` goes to the proposal before, `language` puts this one in the other language.

    Every other word is for the conversation to follow.
    """
    pending = talk.session.pending
    if pending is None or pending.awaiting != "proposal":
        return False
    if command.name == "back":
        data = _kept(pending)
        before = max(0, data["at"] - (0 if pending.data["editing"] else 1))
        _put(talk, {**data, "at": before})
    elif command.name == "change" and not command.rest and not pending.data["editing"]:
        _edit(talk, pending)  # `改`, in a conversation in English
    elif command.name == "language":
        talk.session = talk.session.idle()  # it would be repeated in the words it was put in
        steering.follow(talk, command)
        _edit(talk, pending) if pending.data["editing"] else _put(talk, _kept(pending))
    else:
        return False
    return True


def left(talk: Talk, before: Pending | None) -> None:
    """Say so where something else led away from a list that is not through."""
    if before is None or before.awaiting != "proposal" or aside.underway(talk.session):
        return
    pending = talk.session.pending
    if pending is None or pending.awaiting != "proposal":
        count = len(before.data["list"]) - before.data["at"]
        talk.effects.insert(0, Say(talk.word("proposal.left", count=count)))

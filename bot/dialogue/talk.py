"""One turn in the making: what has been decided so far, and the words to say it with."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bot.dialogue.case import Case, Given
from bot.dialogue.effects import Button, Effect, Record, Say
from bot.dialogue.scene import Scene
from bot.dialogue.session import Awaiting, Session
from bot.dialogue.showing import Speaker
from evaluators.checklist import Choice, Item
from evaluators.evidence import Level

STANDING: tuple[Choice, ...] = ("yes", "no", "partly", "na", "unknown", "later")


@dataclass
class Talk:
    """Collects effects in order; lives for one turn only."""

    scene: Scene
    session: Session
    case: Case | None
    effects: list[Effect] = field(default_factory=list)

    @property
    def language(self) -> str:
        return self.session.language

    @property
    def speaker(self) -> Speaker:
        return Speaker(self.scene.wordings[self.language], self.scene.checklist)

    def word(self, key: str, /, **parts: object) -> str:
        wording = self.scene.wordings[self.language]
        here = f"{key}@{self.scene.place}"  # said differently where files are handed in otherwise
        return wording(here if here in wording.phrases else key, **parts)

    def tell(self, key: str, /, **parts: object) -> None:
        self.say(self.word(key, **parts))

    def say(self, text: str) -> None:
        self.effects.append(Say(text))

    def do(self, effect: Effect) -> None:
        self.effects.append(effect)

    def put(
        self,
        awaiting: Awaiting,
        text: str,
        choices: Sequence[tuple[str, str]] = (),
        *,
        item: str = "",
        numbered: bool = True,
        **data: Any,
    ) -> None:
        """Ask something; `choices` are (word, label), pressed as buttons or typed as 1, 2, 3."""
        data["choices"] = [word for word, _ in choices] if numbered else []
        if awaiting != "answer":  # an item is put afresh; anything else is repeated as it was
            data |= {"text": text, "labels": [list(choice) for choice in choices]}
        self.session = self.session.waiting(awaiting, item, **data)
        subject = str(self.number(item)) if item else awaiting
        buttons = tuple(
            Button(label, f"{self.session.asked}:{subject}:{word}") for word, label in choices
        )
        self.effects.append(Say(text, buttons, numbered=numbered))

    def number(self, item: str) -> int:
        return self.scene.checklist.numbers[item]

    def item(self, item_id: str) -> Item:
        return self.scene.checklist.by_id[item_id]

    def open_case(self) -> Case:
        """The evaluation talked about; callers have checked that there is one."""
        assert self.case is not None  # noqa: S101 - a broken promise of ours, not of the person
        return self.case

    def record(self, item: Item, said: "Said") -> Given:
        """Keep an answer of this person, at the level its files give it."""
        case = self.open_case()
        before = case.said(item.id)
        same = before is None or (before.choice, before.value) == (said.choice, said.value)
        proven = case.proof(item) if same or said.proven else Level.CLAIMED
        given = Given(
            item=item.id,
            choice=said.choice,
            value=said.value,
            level=Level.NONE if said.choice == "later" else proven,
            at=self.scene.now,
            by=said.by or self.scene.person.name,
            words=said.words,
            note=said.note,
            revision=case.revisions(item.id) + 1,
        )
        self.case = case.with_answer(given)
        self.session = replace(self.session, last=item.id)
        self.do(Record(case.id, given))
        return given


@dataclass(frozen=True)
class Said:
    """What a person said to an item, already understood."""

    choice: Choice | None = None
    value: float | str | None = None
    words: str = ""
    note: str = ""
    by: str = ""  # whose answer it stays, where another person adds to it
    proven: bool = False  # a file just handed in is about this very answer

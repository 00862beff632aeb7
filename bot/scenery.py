"""The world as a decision sees it, put together from what is stored.

An evaluation with a hundred answers takes milliseconds to load and unseal, so it is remembered
until its revision changes, whoever changed it. Tests that run change by themselves: those are
always looked at anew.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol, TypeVar

from sqlmodel import Session as Sql

from bot import access
from bot.dialogue import confirming, reminding
from bot.dialogue.case import Case, Given
from bot.dialogue.scene import CaseLine, Line, Person, Scene
from bot.dialogue.session import Session
from bot.dialogue.testing import is_planning
from bot.messages import Message, Peer
from bot.store import cases, chats, codes, confirmed, handsets, people, reminders
from bot.store.cases import Stamp
from bot.store.people import Known
from bot.store.tables import Run
from bot.store.vault import Vault
from bot.wording import Wording
from evaluators.checklist import Checklist
from evaluators.sending.feasibility import Rules
from evaluators.sending.plan import Plan

REMEMBERED = 2000  # evaluations

T = TypeVar("T")


class Sender(Protocol):
    """The send tests as the conversation needs them."""

    def lines(
        self, session: Sql, language: str, *, thoroughly: bool = False
    ) -> tuple[Line, ...]: ...
    def add(self, session: Sql, run: Run, connection: str) -> None: ...
    def wake(self) -> None: ...


@dataclass
class Memory:
    """What was loaded before, by what must not have changed since. Safe among threads."""

    cases: OrderedDict[int, tuple[int, Case]] = field(default_factory=OrderedDict)
    lists: dict[str, tuple[object, object]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def case(
        self, case_id: int, revision: int, load: Callable[[Case | None], Case | None]
    ) -> Case | None:
        """The evaluation as of `revision`; `load` is given what is known of an older one."""
        with self.lock:
            before = self.cases.get(case_id)
            if before is not None and before[0] == revision:
                self.cases.move_to_end(case_id)
                return before[1]
        older = before[1] if before is not None and before[0] < revision else None
        found = load(older)
        if found is not None:
            with self.lock:
                self.cases[case_id] = (revision, found)
                while len(self.cases) > REMEMBERED:
                    self.cases.popitem(last=False)
        return found

    def answered(self, case_id: int, revision: int, answers: Iterable[Given]) -> None:
        """Nothing but these answers was kept between the revision before and this one."""
        with self.lock:
            before = self.cases.get(case_id)
            if before is not None and before[0] == revision - 1:
                after = replace(before[1], answers=(*before[1].answers, *answers))
                self.cases[case_id] = (revision, after)

    def listed(self, name: str, stamp: object, load: Callable[[], T]) -> T:
        with self.lock:
            before, kept = self.lists.get(name, (None, None))
        if before == stamp:
            return kept  # type: ignore[return-value]  # what this very name loads
        found = load()
        with self.lock:
            self.lists[name] = (stamp, found)
        return found


@dataclass(frozen=True)
class Scenery:
    """Puts scenes together."""

    vault: Vault
    checklist: Checklist
    wordings: Mapping[str, Wording]
    tests: Mapping[str, Plan]
    rules: Rules
    sender: Sender
    clock: Callable[[], datetime]
    memory: Memory = field(default_factory=Memory)

    def scene(
        self, sql: Sql, person: Known, session: Session, *, peer: Peer, message: Message | None
    ) -> Scene:
        """What this person's message is decided on."""
        stamp = cases.stamp(sql, session.case, person.id)
        scene = Scene(
            person=Person(
                person.name,
                access.departments(person.roles),
                access.may_spend(person.roles),
                person.id,
            ),
            checklist=self.checklist,
            wordings=self.wordings,
            tests=self.tests,
            rules=self.rules,
            now=self.clock(),
            place=_place(peer),
            cases=self._list(sql, stamp),
            case=self.case(sql, session.case, stamp) if session.case else None,
            lines=self._lines(sql, session, stamp),
            colleagues=self._colleagues(sql, stamp),
        )
        action = message.action if message is not None else ""
        if message is not None and message.about and not action:
            action = chats.asked_in(sql, peer.key, message.about)
        if message is not None and reminding.spoken_of(session, message.text, action):
            about = reminding.named(message.text, action)
            hours = reminders.hours_of(sql, person.id)
            scene = replace(scene, reminders=reminders.known(sql, about), hours=hours)
        if stamp.phones and message is not None:
            return self._with_codes(sql, scene, message)
        return scene

    def case(self, sql: Sql, case_id: int, stamp: Stamp | None = None) -> Case | None:
        """An evaluation as it stands now."""
        stamp = stamp or cases.stamp(sql, case_id)
        if stamp.revision is None:
            return None
        case = self.memory.case(
            case_id,
            stamp.revision,
            lambda known: cases.load(sql, self.vault, case_id, known, tested=False),
        )
        return replace(case, runs=cases.runs(sql, case_id)) if case and stamp.runs else case

    def _list(self, sql: Sql, stamp: Stamp) -> tuple[CaseLine, ...]:
        key = (stamp.evaluations, stamp.short)
        return self.memory.listed("cases", key, lambda: cases.lines(sql))

    def _colleagues(self, sql: Sql, stamp: Stamp) -> tuple[str, ...]:
        key = (stamp.people, stamp.gone)
        return self.memory.listed("people", key, lambda: people.names(sql))

    def _lines(self, sql: Sql, session: Session, stamp: Stamp) -> tuple[Line, ...]:
        language = session.language
        if is_planning(session):
            return self.sender.lines(sql, language, thoroughly=True)
        key = (stamp.connections, stamp.newest_connection)
        return self.memory.listed(
            f"lines {language}", key, lambda: self.sender.lines(sql, language)
        )

    def _with_codes(self, sql: Sql, scene: Scene, message: Message) -> Scene:
        """What a person whose phone is on the panel may be speaking of."""
        phones = handsets.of_person(sql, scene.person.id)
        numbers = [phone.number_id for phone in phones]
        shaped = confirming.shaped(message.text or message.action.rpartition(":")[2])
        about = confirmed.about(sql, self.vault, phones, shaped, now=scene.now)
        return replace(
            scene,
            phones=tuple(phone.name for phone in phones),
            codes=about,
            awaited=codes.awaited(sql, numbers),
        )


def _place(peer: Peer) -> str:
    """How files are handed in: by path, as a message, or only in a private chat."""
    if peer.channel in {"terminal", "demo"}:
        return "terminal"
    return "private" if peer.group and peer.channel == "wecom" else "chat"

"""A message becomes an answer: load, decide, look up, keep everything in one transaction.

Channels call this and nothing else. What is to be said waits in the outbox, written together
with the answer, so that a crash at any point loses nothing and repeats nothing that was kept.
"""

import logging
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sqlmodel import Session as Sql

from bot import access, attachments
from bot.dialogue import confirming
from bot.dialogue import effects as do
from bot.dialogue.case import FileKept
from bot.dialogue.decide import Decision, decide, greet, resume_after_switch
from bot.dialogue.effects import Effect, Say
from bot.dialogue.scene import Incoming, Line, Person, Scene
from bot.dialogue.session import Session
from bot.dialogue.testing import is_planning
from bot.errors import UserError
from bot.keeping import NEW, Keeper
from bot.messages import Chat, Message, Outgoing
from bot.store import cases, chats, codes, confirmed, handsets, people
from bot.store.database import Database
from bot.store.tables import Conversation, Run
from bot.wording import Wording
from evaluators.checklist import Checklist
from evaluators.sending.feasibility import Rules
from evaluators.sending.plan import Plan

log = logging.getLogger(__name__)


class Guide(Protocol):
    """Answers from the guidance, as text for a chat."""

    def consult(self, question: str, language: str) -> str: ...
    def explain(self, anchor: str, language: str) -> str: ...


class Scorer(Protocol):
    """Writes the scorecard of one evaluation; gives the chat's text and the file's path."""

    def __call__(self, case_id: int, language: str) -> tuple[str, str]: ...


class Sender(Protocol):
    """The send tests as the conversation needs them."""

    def lines(
        self, session: Sql, language: str, *, thoroughly: bool = False
    ) -> tuple[Line, ...]: ...
    def add(self, session: Sql, run: Run, connection: str) -> None: ...
    def wake(self) -> None: ...


@dataclass(frozen=True)
class Assistant:
    """The application behind every channel."""

    database: Database
    checklist: Checklist
    wordings: dict[str, Wording]
    tests: Mapping[str, Plan]
    rules: Rules
    guide: Guide
    scorer: Scorer
    sender: Sender
    files: Path
    clock: Callable[[], datetime]

    def greet(self, chat: Chat) -> None:
        """Queue the first words of a visit."""
        self._turn(chat, None, lambda session, scene: greet(session, scene))

    def handle(self, chat: Chat, message: Message) -> None:
        """Handle one message once; what it leads to waits in the outbox afterwards."""
        try:
            self._handle(chat, message)
        except UserError as error:
            self._say(chat, str(error))
        except Exception:
            code = secrets.token_hex(3)
            # The words of the message are personal: the code is what finds this entry again.
            log.exception("turn failed, code %s", code)
            self._say(chat, self._wording(chat)("internal", code=code))

    def waiting(self, chat: Chat) -> list[Outgoing]:
        """What this conversation has still to be told, in order."""
        with self.database.read() as session:
            return chats.undelivered(session, chat.key)

    def told(self, replies: Iterable[Outgoing]) -> None:
        """The channel has delivered these."""
        with self.database.write() as session:
            chats.delivered(session, [reply.id for reply in replies], self.clock())

    def _handle(self, chat: Chat, message: Message) -> None:
        kept, refused = self._take(chat, message.paths)
        incoming = Incoming(message.id, message.text, message.action, kept, refused)
        self._turn(chat, message, lambda session, scene: decide(session, incoming, scene))

    def _take(
        self, chat: Chat, paths: tuple[Path, ...]
    ) -> tuple[tuple[FileKept, ...], tuple[str, ...]]:
        taken = [attachments.take(path, self.files) for path in paths]
        wording = self._wording(chat) if taken else None
        refused = tuple(
            one.said(wording) for one in taken if wording and isinstance(one, attachments.Unfit)
        )
        return tuple(one for one in taken if isinstance(one, FileKept)), refused

    def _turn(
        self,
        chat: Chat,
        message: Message | None,
        deciding: Callable[[Session, Scene], Decision],
    ) -> None:
        """Decide outside the transaction, keep inside; anew if another turn came in between."""
        while True:
            revision, session, scene = self._look(chat, message)
            if scene is None:
                return
            decision = self._decide_on(deciding, session, scene)
            replies = [self._fulfil(effect, decision.session) for effect in decision.effects]
            with self.database.write() as sql:
                row = self._row(sql, chat)
                if message is not None and chats.seen(sql, chat.key, message.id):
                    return
                if row.revision != revision:
                    continue
                self._keep(sql, row, message, replace(decision, effects=tuple(replies)))
            if any(isinstance(effect, do.StartRun) for effect in replies):
                self.sender.wake()
            return

    def _decide_on(
        self, deciding: Callable[[Session, Scene], Decision], session: Session, scene: Scene
    ) -> Decision:
        decision = deciding(session, scene)
        here = decision.session.case
        if here in {None, NEW, session.case}:
            return decision
        with self.database.read() as sql:
            case = cases.load(sql, self.database.vault, here or 0)
        more = resume_after_switch(decision.session, replace(scene, case=case))
        return Decision(more.session, decision.effects + more.effects)

    def _look(self, chat: Chat, message: Message | None) -> tuple[int, Session, Scene | None]:
        """The world as it stands; no scene where the message was handled before."""
        with self.database.write() as sql:
            row = self._row(sql, chat)
            if message is not None and chats.seen(sql, chat.key, message.id):
                return row.revision, Session(), None
            session = Session.from_json(row.state)
            if message is None:  # a visit begins: whose part is asked is said with it
                session = replace(session, part_only=chat.part_only)
            scene = self._scene(sql, chat, row, session)
            return row.revision, session, self._with_codes(sql, scene, message)

    def _scene(self, sql: Sql, chat: Chat, row: Conversation, session: Session) -> Scene:
        vault = self.database.vault
        return Scene(
            person=Person(
                chat.name,
                access.departments(chat.roles),
                access.may_spend(chat.roles),
                row.person_id,
            ),
            checklist=self.checklist,
            wordings=self.wordings,
            tests=self.tests,
            rules=self.rules,
            now=self.clock(),
            cases=cases.lines(sql),
            case=cases.load(sql, vault, session.case) if session.case else None,
            lines=self.sender.lines(sql, session.language, thoroughly=is_planning(session)),
            colleagues=people.names(sql),
        )

    def _with_codes(self, sql: Sql, scene: Scene, message: Message | None) -> Scene:
        """What a person whose phone is on the panel may be speaking of."""
        phones = handsets.of_person(sql, scene.person.id)
        if not phones or message is None:
            return scene
        numbers = [phone.number_id for phone in phones]
        shaped = confirming.shaped(message.text or message.action.rpartition(":")[2])
        about = confirmed.about(sql, self.database.vault, phones, shaped, now=scene.now)
        return replace(
            scene,
            phones=tuple(phone.name for phone in phones),
            codes=about,
            awaited=codes.awaited(sql, numbers),
        )

    def _row(self, sql: Sql, chat: Chat) -> Conversation:
        now = self.clock()
        person = people.enrol(sql, chat.channel, chat.name, roles=chat.roles, now=now)
        return people.conversation(sql, chat.key, person, now)

    def _fulfil(self, effect: Effect, session: Session) -> Effect:
        """Turn a look-up into what it says; everything else is kept as it is."""
        match effect:
            case do.Consult(question):
                return Say(self.guide.consult(question, session.language))
            case do.Explain(anchor):
                return Say(self.guide.explain(anchor, session.language))
            case do.Report(case):
                text, file = self.scorer(case, session.language)
                return Say(text, file=file)
            case _:
                return effect

    def _keep(
        self, sql: Sql, row: Conversation, message: Message | None, decision: Decision
    ) -> None:
        keeper = Keeper(sql, self.database.vault, row, self.clock(), self.sender.add)
        if message is not None:
            keeper.note_turn(message.id, message.text or message.action)
        for effect in decision.effects:
            keeper.keep(effect, self.checklist.version)
        session = decision.session
        if session.case == NEW:
            session = replace(session, case=keeper.opened)
        keeper.note_state(session)

    def _wording(self, chat: Chat) -> Wording:
        with self.database.read() as sql:
            row = sql.get(Conversation, chat.key)
            language = row.state.get("language", "zh") if row else "zh"
        return self.wordings[language]

    def _say(self, chat: Chat, text: str) -> None:
        with self.database.write() as sql:
            row = self._row(sql, chat)
            chats.queue(sql, row.id, chats.body(Say(text)), self.clock())

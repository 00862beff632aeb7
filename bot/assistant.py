"""A message becomes an answer: load, decide, look up, keep everything in one transaction.

Channels call this and nothing else. What is to be said waits in the outbox, written together
with the answer, so that a crash at any point loses nothing and repeats nothing that was kept.
"""

import logging
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy.exc import IntegrityError

from bot import access, attachments, parts
from bot.dialogue import consulting
from bot.dialogue import effects as do
from bot.dialogue.case import Case, FileKept
from bot.dialogue.consulting import Told
from bot.dialogue.decide import Decision, decide, greet, resume_after_switch
from bot.dialogue.effects import Effect, Say
from bot.dialogue.scene import Incoming, Scene
from bot.dialogue.session import Session
from bot.dialogue.talk import Talk
from bot.errors import UserError
from bot.keeping import NEW, Chat, Keeper
from bot.messages import Message, Outgoing, Peer
from bot.scenery import Scenery
from bot.store import chats, gathering, people
from bot.store.database import BusyError, Database
from bot.store.people import Known
from bot.wording import Wording
from knowledge.context import Context
from knowledge.forms import Proposal, Wanted
from knowledge.readers.paper import Read, Unreadable

log = logging.getLogger(__name__)

RECALLED = 200  # lines typed before that a terminal brings back
ANEW = 20  # looks at a world that keeps changing, before giving up


class _OvertakenError(Exception):
    """Another turn of this conversation was kept since we looked."""


class Guide(Protocol):
    """Answers from the guidance, as text for a chat."""

    def consult(
        self, question: str, language: str, context: Context, case: Case | None
    ) -> Told: ...
    def explain(self, anchor: str, language: str) -> Told: ...


class Reader(Protocol):
    """Reads notes for answers to some questions; what it finds is only ever proposed."""

    def __call__(self, text: str, wanted: Sequence[Wanted]) -> tuple[Proposal, ...]: ...


class Shelf(Protocol):
    """Reads attached files, so that one can ask what they say."""

    def all_looked_at(
        self, files: Iterable[FileKept]
    ) -> Mapping[str, Read | Unreadable | None]: ...


class Scorer(Protocol):
    """Writes the scorecard of one evaluation; gives the chat's text and the file's path."""

    def __call__(self, case_id: int, language: str) -> tuple[str, str]: ...


@dataclass(frozen=True)
class Look:
    """A conversation and the world around it, as they stood at one moment."""

    person: Known
    session: Session
    revision: int  # of the conversation; -1 where nothing was kept of it yet
    scene: Scene
    unreachable: bool = False  # what was said before still waits there


Deciding = Callable[[Session, Scene], Decision]


@dataclass(frozen=True)
class Assistant:
    """The application behind every channel."""

    database: Database
    scenery: Scenery
    guide: Guide
    scorer: Scorer
    files: Path
    clock: Callable[[], datetime]
    link: Callable[[str], str] = str  # where a browser signs in with a one-time code
    reader: Reader | None = None  # of pasted notes
    shelf: Shelf | None = None  # of attached files
    late: Callable[[], object] = lambda: None  # called when a code of an ended test was typed

    def enrol(self, channel: str, user: str, roles: frozenset[str]) -> Peer:
        """The chat of somebody who needs no invitation: whoever can start smsvet owns its state."""
        with self.database.write() as sql:
            people.enrol(sql, channel, user, roles=roles, now=self.clock())
        return Peer(channel, user, user, user)

    def greet(
        self, peer: Peer, message: Message | None = None, *, part_only: bool | None = None
    ) -> None:
        """Queue the first words of a visit, once for the `message` that opened it.

        `part_only` says whose questions are asked in it.
        """

        def deciding(session: Session, scene: Scene) -> Decision:
            asked = session.part_only if part_only is None else part_only
            return greet(replace(session, part_only=asked), scene)

        self._turn(peer, message, deciding)

    def handle(self, peer: Peer, message: Message) -> bool:
        """Handle one message once; what it leads to waits in the outbox afterwards.

        False, and nothing happens, where nobody is known: see bot/front.py for how people become
        known.
        """
        try:
            return self._handle(peer, message)
        except BusyError:  # not even a reply can be kept: the channel says it, or hands it in again
            raise
        except UserError as error:
            return self._say(peer, message, str(error))
        except Exception:
            code = secrets.token_hex(3)
            # The words of the message are personal: the code is what finds this entry again.
            log.exception("turn failed, code %s", code)
            return self._say(peer, message, code=code)

    def waiting(self, conversation: str) -> list[Outgoing]:
        """What this conversation has still to be told, in order."""
        with self.database.read() as session:
            return chats.undelivered(session, conversation)

    def told(self, replies: Iterable[Outgoing]) -> None:
        """The channel has delivered these."""
        with self.database.write() as session:
            chats.delivered(session, [reply.id for reply in replies], self.clock())

    def said(self, conversation: str) -> list[str]:
        """The newest things typed in a conversation, oldest first."""
        with self.database.read() as session:
            return chats.said(session, self.database.vault, conversation, most=RECALLED)

    def _says_the_same(self, peer: Peer, message: Message) -> bool:
        """Whether an edit changes nothing: platforms tell of edits that only add a preview."""
        if not _is_edit(message) or message.paths or message.trouble:
            return False
        with self.database.read() as sql:
            before = chats.words(sql, self.database.vault, peer.key, message.about)
        return before == message.text

    def _handle(self, peer: Peer, message: Message) -> bool:
        if self._says_the_same(peer, message):
            return True
        taken = [attachments.take(path, self.files) for path in message.paths]
        if message.trouble:
            taken.append(attachments.Unfit(f"fetch_{message.trouble}", {}))
        readings = self._readings(taken)

        def deciding(session: Session, scene: Scene) -> Decision:
            wording = scene.wordings[session.language]
            incoming = self._incoming(peer, message, taken, wording)
            return decide(session, replace(incoming, readings=readings), scene)

        return self._turn(peer, message, deciding)

    def _readings(
        self, taken: list[FileKept | attachments.Unfit]
    ) -> Mapping[str, Read | Unreadable | None]:
        """What came of reading the files, by digest."""
        if self.shelf is None:
            return {}
        return self.shelf.all_looked_at(each for each in taken if isinstance(each, FileKept))

    def _incoming(
        self,
        peer: Peer,
        message: Message,
        taken: list[FileKept | attachments.Unfit],
        wording: Wording,
    ) -> Incoming:
        asked = corrects = ""
        if message.about:
            with self.database.read() as sql:
                asked = chats.asked_in(sql, peer.key, message.about)
                corrects = chats.answered_by(sql, peer.key, message.about)
        return Incoming(
            message.id,
            message.text,
            message.action,
            tuple(one for one in taken if isinstance(one, FileKept)),
            tuple(one.said(wording) for one in taken if isinstance(one, attachments.Unfit)),
            asked=asked,
            edited=_is_edit(message),
            corrects=corrects,
            group=peer.group,
        )

    def _turn(self, peer: Peer, message: Message | None, deciding: Deciding) -> bool:
        """Decide outside the transaction, keep inside; anew if another turn came in between.

        False where nobody is known.
        """
        for attempt in range(ANEW):
            look = self._look(peer, message)
            if look is None:
                return False
            if attempt and message is not None and self._is_seen(peer, message):
                return True
            decision = self._decide_on(deciding, look)
            decision = self._fulfilled(decision, look)
            try:
                self._keep(peer, message, look, decision)
            except (_OvertakenError, IntegrityError):  # or this answer came at the same time
                continue
            if any(isinstance(effect, do.StartRun) for effect in decision.effects):
                self.scenery.sender.wake()
            if _is_late(decision.effects, look.scene):
                self.late()
            return True
        raise RuntimeError("the conversation kept changing")

    def _look(self, peer: Peer, message: Message | None) -> Look | None:
        """The world as it stands; None where nobody is known."""
        with self.database.read() as sql:
            person = people.who(sql, peer.channel, peer.user)
            if person is None:
                return None
            kept, newest = chats.standing(sql, peer.key, person.id)
            session = Session.from_json(_standing(peer, person, kept if peer.group else newest))
            if not session.heard and person.language == session.language:  # first words here only
                session = replace(session, heard=chats.has_spoken(sql, person.id))
            scene = self.scenery.scene(sql, person, session, peer=peer, message=message)
            return Look(person, session, kept.revision, scene, kept.unreachable)

    def _is_seen(self, peer: Peer, message: Message) -> bool:
        """Whether the message was handled before; its row could not be written then."""
        with self.database.read() as sql:
            return chats.seen(sql, peer.key, message.id)

    def _decide_on(self, deciding: Deciding, look: Look) -> Decision:
        decision = self._decided(deciding, look)
        here = decision.session.case
        if here in {None, NEW, look.session.case}:
            return decision
        with self.database.read() as sql:
            case = self.scenery.case(sql, here or 0)
        more = resume_after_switch(decision.session, replace(look.scene, case=case))
        return Decision(more.session, decision.effects + more.effects)

    def _decided(self, deciding: Deciding, look: Look) -> Decision:
        """Where notes are to be read first, decided again with what was found in them."""
        if self.reader is None:
            return deciding(look.session, look.scene)
        decision = deciding(look.session, replace(look.scene, proposed=None))
        wanted = next((each for each in decision.effects if isinstance(each, do.Propose)), None)
        if wanted is None:
            return decision
        found = self.reader(wanted.text, wanted.wanted)
        return deciding(look.session, replace(look.scene, proposed=found))

    def _fulfilled(self, decision: Decision, look: Look) -> Decision:
        """Look-ups turned into what they say; what was answered is remembered for the next turn."""
        session, replies = decision.session, list[Effect]()
        for effect in decision.effects:
            if isinstance(effect, do.Consult | do.Explain):
                told = self._told(effect, session, look.scene.case)
                replies.append(_with_the_way(told, effect, replace(look, session=session)))
                session = consulting.remembered(session, told, look.scene.person.id)
            else:
                replies.append(self._fulfil(effect, session))
        return Decision(session, tuple(replies))

    def _told(self, effect: do.Consult | do.Explain, session: Session, case: Case | None) -> Told:
        if isinstance(effect, do.Explain):
            return self.guide.explain(effect.anchor, session.language)
        spoken = consulting.language(session, effect.question)
        mine = case if case is not None and case.id == session.case else None  # no other's papers
        if session.pending is not None and session.pending.awaiting == "walk":
            mine = None  # of the vendor just named there are none yet
        return self.guide.consult(effect.question, spoken, effect.context, mine)

    def _fulfil(self, effect: Effect, session: Session) -> Effect:
        """Turn a report into what it says; everything else is kept as it is."""
        match effect:
            case do.Report(case):
                text, file = self.scorer(case, session.language)
                return Say(text, file=file)
            case _:
                return effect

    def _keep(self, peer: Peer, message: Message | None, look: Look, decision: Decision) -> None:
        """Write everything the turn leads to, or nothing of it."""
        now, revision = self.clock(), look.revision
        with self.database.write() as sql:
            if revision < 0:  # rows refer to it
                chats.begin(sql, peer.key, look.person.id, grouped=peer.group, now=now)
                revision = 0
            chat = Chat(peer.key, look.person.id, grouped=peer.group)
            keeper = Keeper(sql, self.database.vault, chat, now, self.scenery.sender.add)
            keeper.speaker, keeper.link = look.person.name, self.link
            if message is not None:
                keeper.note_turn(message.id, message.text or message.action)
            for effect in _in_few_messages(decision.effects, peer.channel):
                keeper.keep(effect, self.scenery.checklist.version)
            session = decision.session
            if session.case == NEW:
                session = replace(session, case=keeper.opened)
            state = session.to_json()
            if not chats.keep_state(sql, peer.key, state, revision=revision, now=now):
                raise _OvertakenError
            if look.unreachable:
                gathering.gather(sql, peer.key)
        if keeper.only_answered and len(keeper.touched) == 1:  # the next turn need not read it
            ((case_id, revision),) = keeper.touched.items()
            self.scenery.memory.answered(case_id, revision, keeper.answered)

    def _say(self, peer: Peer, message: Message, text: str = "", code: str = "") -> bool:
        """Something went wrong with this message: the person is told, once."""

        def deciding(session: Session, scene: Scene) -> Decision:
            said = text or scene.wordings[session.language]("internal", code=code)
            return Decision(session, (Say(said),))

        return self._turn(peer, message, deciding)


def _with_the_way(told: Told, effect: do.Consult | do.Explain, look: Look) -> Say:
    """An answer with the way to the open item it belongs to, where that is another one."""
    if isinstance(effect, do.Explain):
        return Say(told.text)
    talk = Talk(look.scene, look.session, look.scene.case)
    button = consulting.offer(talk, effect.question, told)
    return Say(told.text, (button,), numbered=False) if button else Say(told.text)


def _is_late(effects: Iterable[Effect], scene: Scene) -> bool:
    """Whether a code was typed whose test has ended."""
    over = {line.code for line in scene.codes if line.over}
    return any(isinstance(each, do.Confirm) and over.intersection(each.codes) for each in effects)


def _is_edit(message: Message) -> bool:
    return bool(message.about) and message.id.startswith(f"{message.about}:e")


def _standing(peer: Peer, person: Known, kept: chats.State) -> dict[str, Any]:
    """The state to go on from: a person finds it again in whichever chat they open."""
    if kept.revision < 0:
        part_only = access.of_one_department(person.roles) and not peer.group
        return {"language": person.language, "part_only": part_only}
    return kept.state


def _in_few_messages(effects: Iterable[Effect], channel: str) -> list[Effect]:
    """What is said in one turn becomes one message where messages are counted."""
    if channel not in parts.ROOMS:
        return list(effects)
    said: list[Say] = []
    done: list[Effect] = []
    for effect in effects:
        if not isinstance(effect, Say):
            done.append(effect)
        elif said and _is_plain(said[-1]):
            said[-1] = replace(effect, text=f"{said[-1].text}\n\n{effect.text}")
        else:
            said.append(effect)
    return [*done, *said]


def _is_plain(say: Say) -> bool:
    return not say.buttons and not say.file

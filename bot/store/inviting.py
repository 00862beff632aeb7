"""Asking the people whose phones are on the panel for what those show.

Once as a test begins, and once more while there is still time for an answer that counts.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

from sqlmodel import Session, col, select

from bot import wording
from bot.dialogue.effects import Button, Say
from bot.settings import CONTENT
from bot.store import chats
from bot.store.tables import Conversation, Handset, Message, Outbox, Run
from bot.wording import Wording

Occasion = Literal["begins", "missing"]

LATER = 0.5  # of the window, after which the missing ones are asked for
SECOND = 1_000_000_000


def ask(session: Session, run: Run, handsets: Sequence[Handset], now_ns: int) -> None:
    """Queue what is due to be asked now, in each of a person's conversations, once."""
    window_ns = int(float(run.plan.get("window_s", 0)) * SECOND)
    wordings: Mapping[str, Wording] | None = None
    for handset in handsets:
        texts = _texts(session, run, handset)
        for occasion in _occasions(texts, now_ns - int(LATER * window_ns)):
            for conversation in _open(session, run, handset, occasion):
                wordings = wordings or wording.load(CONTENT / "wording")
                word = wordings[conversation.state.get("language", "zh")]
                say = _say(word, occasion, handset, texts)
                about = {"about": _about(run, handset, occasion)}
                _withdraw(session, f"{run.id}:{handset.id}:", conversation.id)  # said anew now
                now = datetime.fromtimestamp(now_ns / SECOND, UTC)
                chats.queue(session, conversation.id, chats.body(say) | about, now)


def withdraw(session: Session, run_id: int) -> None:
    """Nobody is asked about a test that has ended: what was not delivered yet never will be."""
    _withdraw(session, f"{run_id}:")


def _withdraw(session: Session, about: str, conversation: str | None = None) -> None:
    unsaid = (Outbox.delivered_at, Outbox.trying_at, Outbox.dead_at)
    waiting = select(Outbox).where(*(col(column).is_(None) for column in unsaid))
    if conversation is not None:
        waiting = waiting.where(Outbox.conversation_id == conversation)
    for row in session.exec(waiting):
        if str(row.body.get("about", "")).startswith(about):
            session.delete(row)
    session.flush()


def _texts(session: Session, run: Run, handset: Handset) -> list[Message]:
    ours = (Message.run_id == run.id, Message.number_id == handset.number_id)
    return list(session.exec(select(Message).where(*ours)))


def _awaited(texts: Sequence[Message]) -> list[Message]:
    """Those that no handset has shown; one the vendor refused never left."""
    return [text for text in texts if text.handset_ns is None and text.state != "refused"]


def _occasions(texts: Sequence[Message], before_ns: int) -> list[Occasion]:
    if not texts:
        return []
    left = _awaited(texts)
    all_sent = all(text.sent_ns is not None and text.sent_ns <= before_ns for text in texts)
    return ["begins", "missing"] if left and all_sent else ["begins"]


def _say(word: Wording, occasion: Occasion, handset: Handset, texts: Sequence[Message]) -> Say:
    if occasion == "begins":
        return Say(word("confirm.begins", count=len(texts), name=handset.name))
    left = len(_awaited(texts))
    button = Button(word("confirm.none"), "0:code:none")
    return Say(word("confirm.missing", count=left, name=handset.name), (button,), numbered=False)


def _open(session: Session, run: Run, handset: Handset, occasion: Occasion) -> list[Conversation]:
    """The conversations of the phone's owner in which this was not asked yet."""
    theirs = session.exec(
        select(Conversation).where(Conversation.person_id == handset.person_id)
    ).all()
    # Who was asked for the missing ones need not be told any more that it begins.
    said = {_about(run, handset, occasion), _about(run, handset, "missing")}
    return [each for each in theirs if not said & _asked(session, run, each)]


def _asked(session: Session, run: Run, conversation: Conversation) -> set[str]:
    since = run.confirmed_at or run.planned_at
    bodies = session.exec(
        select(Outbox.body).where(
            Outbox.conversation_id == conversation.id, col(Outbox.created_at) >= since
        )
    )
    return {body.get("about", "") for body in bodies}


def _about(run: Run, handset: Handset, occasion: Occasion) -> str:
    return f"{run.id}:{handset.id}:{occasion}"

"""Turns and replies: a repeated message is known by its id, and a reply waits until delivered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from bot import parts
from bot.dialogue.effects import Say
from bot.messages import Outgoing
from bot.store.tables import Answer, Conversation, Outbox, Turn


def channel_of(conversation: str) -> str:
    """The channel in a conversation's key."""
    return conversation.partition(":")[0]


@dataclass(frozen=True)
class State:
    """Where a conversation stands; `revision` -1 where nothing was kept of it yet."""

    state: dict[str, Any]
    revision: int
    updated_at: datetime | None


def state(session: Session, conversation: str) -> State:
    found = session.execute(
        select(Conversation.state, Conversation.revision, Conversation.updated_at).where(
            Conversation.id == conversation
        )
    ).first()
    return State(*found) if found else State({}, -1, None)


def newest_of(session: Session, person_id: int) -> State:
    """Where a person stands: the state of whichever of their own chats was used last."""
    found = session.execute(
        select(Conversation.state, Conversation.revision, Conversation.updated_at)
        .where(Conversation.person_id == person_id, col(Conversation.grouped).is_(False))
        .order_by(col(Conversation.updated_at).desc())
        .limit(1)
    ).first()
    return State(*found) if found else State({}, -1, None)


def keep_state(session: Session, row: Conversation, revision: int) -> bool:
    """Write a conversation's new state over `revision`; False where another turn came between.

    Whoever writes somewhere can be reached there again.
    """
    if revision < 0:
        session.add(row)
        session.flush()
        return True
    done = session.execute(
        sa.update(Conversation)
        .where(col(Conversation.id) == row.id, col(Conversation.revision) == revision)
        .values(
            state=row.state,
            revision=revision + 1,
            updated_at=row.updated_at,
            unreachable_at=None,
            unreachable="",
        )
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]  # an update always has one


def seen(session: Session, conversation: str, message_id: str) -> bool:
    """Whether this very message was handled before."""
    found = session.execute(
        select(Turn.id).where(Turn.conversation_id == conversation, Turn.message_id == message_id)
    )
    return found.first() is not None


def asked_in(session: Session, conversation: str, message_id: str) -> str:
    """Which question the platform's message put: `asked:subject` of its buttons, or nothing."""
    body = session.exec(
        select(Outbox.body).where(
            Outbox.conversation_id == conversation, Outbox.message_id == message_id
        )
    ).first()
    buttons = (body or {}).get("buttons") or [["", ""]]
    return str(buttons[0][1]).rpartition(":")[0]


def answered_by(session: Session, conversation: str, message_id: str) -> str:
    """The item that a person's earlier message answered, or nothing."""
    found = session.exec(
        select(Answer.item_id)
        .join(Turn, col(Turn.id) == col(Answer.turn_id))
        .where(Turn.conversation_id == conversation, Turn.message_id == message_id)
        .order_by(col(Answer.id).desc())
    )
    return found.first() or ""


def body(say: Say) -> dict[str, Any]:
    """A reply as it is stored."""
    return {
        "text": say.text,
        "buttons": [[button.label, button.token] for button in say.buttons],
        "file": say.file,
        "numbered": say.numbered,
    }


def queue(session: Session, conversation: str, body: dict[str, Any], now: datetime) -> None:
    """Keep a reply, in pieces that fit one message each; the buttons hang on the last one."""
    pieces = parts.split(body["text"], parts.ROOMS.get(channel_of(conversation), parts.ANY))
    for each in _pieces(body, pieces, channel_of(conversation)):
        session.execute(  # one by one, so that ids keep the order
            sa.insert(Outbox),
            {"conversation_id": conversation, "body": each, "created_at": now, "attempts": 0},
        )


def _pieces(body: dict[str, Any], texts: Sequence[str], channel: str) -> list[dict[str, Any]]:
    if channel not in parts.ROOMS:
        return [body]
    plain = {"buttons": [], "file": "", "numbered": True}
    about = {"about": body["about"]} if "about" in body else {}
    rows = [{"text": text, **plain, **about} for text in texts[:-1]]
    rows.append(body | {"text": texts[-1], "file": ""})
    if body["file"]:
        rows.append({"text": "", **plain, "file": body["file"]})
    return rows


def undelivered(session: Session, conversation: str) -> list[Outgoing]:
    """What a conversation has still to be told, in order."""
    rows = session.exec(
        select(Outbox)
        .where(
            Outbox.conversation_id == conversation,
            col(Outbox.delivered_at).is_(None),
            col(Outbox.dead_at).is_(None),
        )
        .order_by(col(Outbox.id))
    )
    return [outgoing(row) for row in rows]


def outgoing(row: Outbox, *, group: bool = False, language: str = "zh") -> Outgoing:
    return Outgoing(
        id=row.id or 0,
        text=row.body["text"],
        buttons=tuple((label, token) for label, token in row.body.get("buttons", [])),
        file=row.body.get("file", ""),
        numbered=row.body.get("numbered", True),
        chat=row.conversation_id.partition(":")[2],
        group=group,
        language=language,
        again=row.trying_at is not None,
    )


def delivered(session: Session, ids: list[int], now: datetime) -> None:
    session.execute(sa.update(Outbox).where(col(Outbox.id).in_(ids)).values(delivered_at=now))

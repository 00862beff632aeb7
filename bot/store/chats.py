"""Turns and replies: a repeated message is known by its id, and a reply waits until delivered."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from bot.dialogue.effects import Say
from bot.messages import Outgoing
from bot.store.tables import Outbox, Turn


def seen(session: Session, conversation: str, message_id: str) -> bool:
    """Whether this very message was handled before."""
    found = session.exec(
        select(Turn.id).where(Turn.conversation_id == conversation, Turn.message_id == message_id)
    )
    return found.first() is not None


def body(say: Say) -> dict[str, Any]:
    """A reply as it is stored."""
    return {
        "text": say.text,
        "buttons": [[button.label, button.token] for button in say.buttons],
        "file": say.file,
        "numbered": say.numbered,
    }


def queue(session: Session, conversation: str, body: dict[str, Any], now: datetime) -> None:
    session.add(Outbox(conversation_id=conversation, body=body, created_at=now))
    session.flush()  # one by one, so that ids keep the order


def undelivered(session: Session, conversation: str) -> list[Outgoing]:
    rows = session.exec(
        select(Outbox)
        .where(Outbox.conversation_id == conversation, col(Outbox.delivered_at).is_(None))
        .order_by(col(Outbox.id))
    )
    return [
        Outgoing(
            id=row.id or 0,
            text=row.body["text"],
            buttons=tuple((label, token) for label, token in row.body.get("buttons", [])),
            file=row.body.get("file", ""),
            numbered=row.body.get("numbered", True),
        )
        for row in rows
    ]


def delivered(session: Session, ids: list[int], now: datetime) -> None:
    session.execute(sa.update(Outbox).where(col(Outbox.id).in_(ids)).values(delivered_at=now))

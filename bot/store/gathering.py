"""What waited for somebody who comes back: one message instead of a pile."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlmodel import Session, col, select

from bot import parts
from bot.store import chats
from bot.store.tables import Outbox

Body = Mapping[str, Any]
ALWAYS = "0:"  # what the tokens of notices begin with: they hold whatever was asked since


def gather(session: Session, conversation: str) -> None:
    """Put together what one chat has still to be told, as far as one message carries it.

    What is being handed over this very moment, and files, stay messages of their own.
    """
    rows = session.exec(
        select(Outbox)
        .where(
            Outbox.conversation_id == conversation,
            col(Outbox.delivered_at).is_(None),
            col(Outbox.dead_at).is_(None),
            col(Outbox.trying_at).is_(None),
        )
        .order_by(col(Outbox.id))
    ).all()
    room = parts.ROOMS.get(chats.channel_of(conversation), parts.ANY)
    before: Outbox | None = None
    for row in rows:
        both = together((before.body, row.body)) if before is not None else None
        if before is not None and both is not None and _fits(both, room):
            row.body = both
            session.delete(before)
        before = row
    session.flush()


def together(bodies: Iterable[Body]) -> dict[str, Any] | None:
    """Replies as one; None where a file is among them. Pure.

    What a later one says again is said once. Of the questions only the last can still be answered
    by its buttons; those of notices keep working, and stay.
    """
    every = list(bodies)
    if any(body.get("file") for body in every):
        return None
    texts = [body["text"] for body in every]
    later = [texts[at + 1 :] for at in range(len(texts))]
    kept = [text for text, more in zip(texts, later, strict=True) if not _said_in(text, more)]
    buttons = [list(button) for body in every for button in body.get("buttons", ())]
    notices = [button for button in buttons if button[1].startswith(ALWAYS)]
    asked = [button for button in buttons if not button[1].startswith(ALWAYS)]
    newest = [button for button in asked if _question(button) == _question(asked[-1])]
    reminders = sorted({each for body in every for each in body.get("reminders", ())})
    return {
        **every[-1],
        "text": "\n\n".join(kept),
        "buttons": _once(newest + notices),
        **({"reminders": reminders} if reminders else {}),
    }


def _said_in(text: str, later: Iterable[str]) -> bool:
    return any(text in each for each in later)


def _question(button: list[str]) -> str:
    return button[1].rpartition(":")[0]


def _once(buttons: list[list[str]]) -> list[list[str]]:
    return list({token: [label, token] for label, token in buttons}.values())


def _fits(body: Body, room: parts.Room) -> bool:
    return not room.most or room.size(body["text"]) <= room.most

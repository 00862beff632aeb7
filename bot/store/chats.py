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
from bot.store.tables import Answer, Conversation, Outbox, Turn, metadata
from bot.store.vault import Vault


def channel_of(conversation: str) -> str:
    """The channel in a conversation's key."""
    return conversation.partition(":")[0]


@dataclass(frozen=True)
class State:
    """Where a conversation stands; `revision` -1 where nothing was kept of it yet."""

    state: dict[str, Any]
    revision: int
    updated_at: datetime | None
    unreachable: bool = False  # what was said there waits until somebody writes


_NOTHING = State({}, -1, None)
_COLUMNS = (
    Conversation.id,
    Conversation.state,
    Conversation.revision,
    Conversation.updated_at,
    Conversation.unreachable_at,
)
_ONE = sa.select(*map(col, _COLUMNS)).where(col(Conversation.id) == sa.bindparam("id"))
_OWN = (
    sa.select(*map(col, _COLUMNS))
    .where(
        col(Conversation.person_id) == sa.bindparam("person"), col(Conversation.grouped).is_(False)
    )
    .order_by(col(Conversation.updated_at).desc())
)


def standing(session: Session, conversation: str, person_id: int) -> tuple[State, State]:
    """Where a chat of one person stands, and where that person stands in any of theirs."""
    rows = session.connection().execute(_OWN, {"person": person_id}).all()
    own = next((_state(row) for row in rows if row.id == conversation), None)
    newest = _state(rows[0]) if rows else _NOTHING
    return own or state(session, conversation), newest


def state(session: Session, conversation: str) -> State:
    """Where a chat stands."""
    found = session.connection().execute(_ONE, {"id": conversation}).first()
    return _state(found) if found else _NOTHING


def _state(row: Any) -> State:
    return State(row.state, row.revision, row.updated_at, row.unreachable_at is not None)


_ROWS = metadata.tables["conversation"]
_KEEP = (
    sa.update(_ROWS)
    .where(_ROWS.c.id == sa.bindparam("chat"), _ROWS.c.revision == sa.bindparam("before"))
    .values(
        state=sa.bindparam("now"),
        revision=sa.bindparam("after"),
        updated_at=sa.bindparam("at"),
        unreachable_at=None,
        unreachable="",
    )
)


def begin(
    session: Session, conversation: str, person_id: int, *, grouped: bool, now: datetime
) -> None:
    """Make a chat of which nothing was kept yet; its revision is 0."""
    session.add(Conversation(id=conversation, person_id=person_id, grouped=grouped, updated_at=now))
    session.flush()


def keep_state(
    session: Session, conversation: str, state: dict[str, Any], *, revision: int, now: datetime
) -> bool:
    """Write a conversation's new state over `revision`; False where another turn came between.

    Whoever writes somewhere can be reached there again.
    """
    new = {"now": state, "after": revision + 1, "at": now}
    done = session.connection().execute(_KEEP, {"chat": conversation, "before": revision, **new})
    return bool(done.rowcount)


_TURNS = metadata.tables["turn"]
_ADD = sa.insert(_TURNS).returning(_TURNS.c.id)


def add_turn(session: Session, turn: dict[str, Any]) -> int:
    """Keep an incoming message; an error where this very one was kept before."""
    return int(session.connection().execute(_ADD, turn).scalar_one())


def seen(session: Session, conversation: str, message_id: str) -> bool:
    """Whether this very message was handled before."""
    found = session.execute(_SEEN, {"conversation": conversation, "message": message_id})
    return found.first() is not None


_SEEN = sa.select(col(Turn.id)).where(
    col(Turn.conversation_id) == sa.bindparam("conversation"),
    col(Turn.message_id) == sa.bindparam("message"),
)


def has_spoken(session: Session, person_id: int) -> bool:
    """Whether a person has said anything anywhere, besides the code that let them in."""
    there = sa.exists().where(
        col(Turn.conversation_id) == col(Conversation.id), col(Turn.person_id) == person_id
    )
    grouped = sa.and_(col(Conversation.grouped), there)
    states = session.exec(
        select(Conversation.state).where(sa.or_(col(Conversation.person_id) == person_id, grouped))
    )
    return any(state.get("heard") for state in states)


def asked_in(session: Session, conversation: str, message_id: str) -> str:
    """Which question the platform's message put: `asked:subject` of its buttons, or nothing.

    Of a notice about one reminder it is the token that opens that.
    """
    body = session.exec(
        select(Outbox.body).where(
            Outbox.conversation_id == conversation, Outbox.message_id == message_id
        )
    ).first()
    buttons = (body or {}).get("buttons") or [["", ""]]
    asked = str(buttons[0][1]).rpartition(":")[0]
    about = {str(token).rpartition("-")[0] for _, token in buttons}
    return f"{about.pop()}-open" if asked == "0:remind" and len(about) == 1 else asked


def answered_by(session: Session, conversation: str, message_id: str) -> str:
    """The item that a person's earlier message answered, or nothing."""
    found = session.exec(
        select(Answer.item_id)
        .join(Turn, col(Turn.id) == col(Answer.turn_id))
        .where(Turn.conversation_id == conversation, Turn.message_id == message_id)
        .order_by(col(Answer.id).desc())
    )
    return found.first() or ""


def words(session: Session, vault: Vault, conversation: str, message_id: str) -> str | None:
    """What an earlier message said; None where it was not handled, or held no words."""
    sealed = session.exec(
        select(Turn.words_sealed).where(
            Turn.conversation_id == conversation, Turn.message_id == message_id
        )
    ).first()
    return vault.unseal(sealed, "turn.words") if sealed else None


def said(session: Session, vault: Vault, conversation: str, *, most: int) -> list[str]:
    """The newest words of a conversation's people, oldest first."""
    found = session.exec(
        select(Turn.words_sealed)
        .where(Turn.conversation_id == conversation, col(Turn.words_sealed).is_not(None))
        .order_by(col(Turn.id).desc())
        .limit(most)
    ).all()
    return [vault.unseal(sealed, "turn.words") for sealed in reversed(found) if sealed]


def body(say: Say) -> dict[str, Any]:
    """A reply as it is stored."""
    return {
        "text": say.text,
        "buttons": [[button.label, button.token] for button in say.buttons],
        "file": say.file,
        "numbered": say.numbered,
    }


_QUEUE = sa.insert(metadata.tables["outbox"])


def queue(session: Session, conversation: str, body: dict[str, Any], now: datetime) -> None:
    """Keep a reply, in pieces that fit one message each; the buttons hang on the last one."""
    pieces = parts.split(body["text"], parts.ROOMS.get(channel_of(conversation), parts.ANY))
    for each in _pieces(body, pieces, channel_of(conversation)):
        session.connection().execute(  # one by one, so that ids keep the order
            _QUEUE,
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


def outgoing(row: Any, *, group: bool = False, language: str = "zh") -> Outgoing:
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

"""Send tests in SQL, as those who watch them see them."""

from sqlmodel import Session, col, select

from bot.store.tables import Conversation, Run

GOING_ON = ("confirmed", "sending", "observing")


def going_on(session: Session, conversation: str) -> Run | None:
    """The newest test of this conversation that has no end yet."""
    return session.exec(
        select(Run)
        .where(Run.conversation_id == conversation, col(Run.state).in_(GOING_ON))
        .order_by(col(Run.id).desc())
    ).first()


def any_going_on(session: Session) -> bool:
    return session.exec(select(Run.id).where(col(Run.state).in_(GOING_ON))).first() is not None


def language(session: Session, conversation: str | None) -> str:
    """The language a conversation is held in."""
    row = session.get(Conversation, conversation) if conversation else None
    return str(row.state.get("language", "zh")) if row else "zh"

"""Send tests in SQL, as those who watch them see them."""

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from bot.store.tables import Connection, Conversation, Evaluation, Run

GOING_ON = ("confirmed", "sending", "observing")


def going_on(session: Session, conversation: str) -> Run | None:
    """The newest test of this conversation that has no end yet."""
    return session.exec(
        select(Run)
        .where(Run.conversation_id == conversation, col(Run.state).in_(GOING_ON))
        .order_by(col(Run.id).desc())
    ).first()


def watched(
    session: Session, channel: str, also: Collection[int] = ()
) -> list[tuple[Run, Conversation]]:
    """The tests going on in a channel's chats with their chats, and those of `also`."""
    ours = col(Run.conversation_id).startswith(f"{channel}:", autoescape=True)
    found = session.exec(
        select(Run, Conversation)
        .join(Conversation, col(Conversation.id) == col(Run.conversation_id))
        .where(ours, sa.or_(col(Run.state).in_(GOING_ON), col(Run.id).in_(also)))
        .order_by(col(Run.id))
    )
    return [(run, chat) for run, chat in found]


def of_case_going_on(session: Session, case_id: int) -> bool:
    """Whether a test of this evaluation has no end yet."""
    ours = (Run.evaluation_id == case_id, col(Run.state).in_(GOING_ON))
    return session.exec(select(Run.id).where(*ours)).first() is not None


def any_going_on(session: Session) -> bool:
    return session.exec(select(Run.id).where(col(Run.state).in_(GOING_ON))).first() is not None


def any_through(session: Session, connection_id: int) -> bool:
    """Whether a test was ever planned through a connection."""
    return (
        session.exec(select(Run.id).where(Run.connection_id == connection_id)).first() is not None
    )


def language(session: Session, conversation: str | None) -> str:
    """The language a conversation is held in."""
    row = session.get(Conversation, conversation) if conversation else None
    return str(row.state.get("language", "zh")) if row else "zh"


def title(session: Session, run: Run) -> str:
    """What a run is called in front of people: the vendor, and the connection it went through."""
    case = session.get(Evaluation, run.evaluation_id) if run.evaluation_id else None
    connection = session.get_one(Connection, run.connection_id)
    return f"{case.vendor} · {connection.name}" if case else connection.name


def is_simulated(session: Session, run: Run) -> bool:
    return session.get_one(Connection, run.connection_id).simulated is not None


def is_told(run: Run) -> bool:
    """Whether its outcome is on the checklist and in the chat already."""
    return run.told_at is not None


def mark_told(run: Run, now: datetime) -> None:
    run.told_at = now


def problem(session: Session, case_id: int) -> str:
    """Why the newest run of an evaluation could not be completed, if it could not."""
    run = session.exec(
        select(Run).where(Run.evaluation_id == case_id).order_by(col(Run.id).desc())
    ).first()
    return run.problem if run else ""


def passed(session: Session, connection_id: int) -> frozenset[str]:
    """The tests that have gone well on a connection, see evaluators.sending.verdict."""
    found = session.exec(
        select(Run.test, Run.result).where(
            Run.connection_id == connection_id, Run.state == "judged"
        )
    )
    return frozenset(test for test, result in found if result.get("went_well"))


def round_trip_s(session: Session, connection_id: int) -> float | None:
    """How long the vendor took to answer a login or a keep-alive, when last tested."""
    notes = session.exec(
        select(Run.progress)
        .where(Run.connection_id == connection_id, col(Run.started_at).is_not(None))
        .order_by(col(Run.id).desc())
    ).first()
    return notes.get("rtt_s") if notes else None


def ask_to_stop(session: Session, run_id: int, now: datetime, *, by: str = "") -> None:
    """Sending ends at once; of a comparison both vendors' does. Who asked first is kept."""
    run = session.get_one(Run, run_id)
    for each in (run, session.get(Run, run.pair_id) if run.pair_id is not None else None):
        if each is not None and each.stop_asked_at is None:
            each.stop_asked_at = now
            each.facts = each.facts | {"stopped_by": by}


def note_mark(
    session: Session,
    run_id: int,
    kind: str,
    now: datetime,
    *,
    whose: Sequence[int | None] = (None,),
) -> None:
    """Keep what somebody noted while a test runs, about these numbers where it is about some."""
    run = session.get_one(Run, run_id)
    noted = [[kind, now.isoformat(), number_id] for number_id in whose]
    run.facts = run.facts | {"marks": [*run.facts.get("marks", []), *noted]}

"""Evaluations in SQL: loading one as the dialogue sees it, and keeping what was decided."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from bot.dialogue.case import Case, FileKept, Given, Profile, RunLine
from bot.dialogue.scene import CaseLine
from bot.store.tables import (
    Answer,
    Connection,
    Evaluation,
    Evidence,
    Handset,
    Person,
    Run,
    metadata,
)
from bot.store.vault import Vault
from evaluators.checklist import Choice
from evaluators.evidence import level


def lines(session: Session) -> tuple[CaseLine, ...]:
    """Every evaluation, oldest first."""
    rows = session.exec(select(Evaluation).order_by(col(Evaluation.id))).all()
    return tuple(CaseLine(row.id or 0, row.vendor, row.walk) for row in rows)


@dataclass(frozen=True)
class Stamp:
    """What changes whenever anything about an evaluation, or about the lists around it, does."""

    revision: int | None  # of the evaluation; None where there is none
    runs: int  # send tests of the evaluation
    evaluations: int
    short: int  # how many of them are not walked in full
    people: int
    gone: int  # how many of them have left
    connections: int
    newest_connection: int
    phones: int  # on the panel, of whoever speaks


def _counted(table: type[SQLModel], *where: Any) -> Any:
    counted = sa.select(sa.func.count()).select_from(table).where(*where)
    return counted.correlate(None).scalar_subquery()


# Asked with every message: put together once, in one statement.
_STAMP = sa.select(
    sa.select(col(Evaluation.revision))
    .where(col(Evaluation.id) == sa.bindparam("case"))
    .scalar_subquery(),
    _counted(Run, col(Run.evaluation_id) == sa.bindparam("case")),
    _counted(Evaluation),
    _counted(Evaluation, col(Evaluation.walk) == "prescreen"),
    _counted(Person),
    _counted(Person, col(Person.left_at).is_not(None)),
    _counted(Connection),
    sa.select(sa.func.coalesce(sa.func.max(col(Connection.id)), 0)).scalar_subquery(),
    _counted(
        Handset,
        col(Handset.person_id) == sa.bindparam("person"),
        col(Handset.retired_at).is_(None),
    ),
)


def stamp(session: Session, case_id: int | None, person_id: int = 0) -> Stamp:
    """With it, what was loaded before can be used again."""
    asked = {"case": case_id, "person": person_id}
    row = session.connection().execute(_STAMP, asked).one()
    return Stamp(*row)


def touch(session: Session, case_id: int) -> int:
    """Something about an evaluation is being written: whoever remembers it looks again.

    Gives the revision that it has then.
    """
    return int(session.connection().execute(_TOUCH, {"case": case_id}).scalar_one())


# Once a turn as well, on the tables themselves: what the classes add costs more than the database.
_CASE, _ANSWER, _FILE, _GIVEN_TO, _PERSON, _RUN, _CONNECTION = (
    metadata.tables[name]
    for name in ("evaluation", "answer", "evidence", "assignment", "person", "run", "connection")
)
_TOUCH = (
    sa.update(_CASE)
    .where(_CASE.c.id == sa.bindparam("case"))
    .values(revision=_CASE.c.revision + 1)
    .returning(_CASE.c.revision)
)
_ONE = sa.select(_CASE).where(_CASE.c.id == sa.bindparam("case"))
_ANSWERS = (
    sa.select(
        _ANSWER, _PERSON.c.name.label("by"), _CONNECTION.c.simulated.is_not(None).label("rehearsed")
    )
    .join_from(_ANSWER, _PERSON, _PERSON.c.id == _ANSWER.c.person_id, isouter=True)
    .join(_RUN, _RUN.c.id == _ANSWER.c.run_id, isouter=True)
    .join(_CONNECTION, _CONNECTION.c.id == _RUN.c.connection_id, isouter=True)
    .where(_ANSWER.c.evaluation_id == sa.bindparam("case"), _ANSWER.c.id > sa.bindparam("after"))
    .order_by(_ANSWER.c.id)
)
_ADD = sa.insert(_ANSWER).returning(_ANSWER.c.id)
_FILES, _ASSIGNED = (
    sa.select(table).where(table.c.evaluation_id == sa.bindparam("case")).order_by(table.c.id)
    for table in (_FILE, _GIVEN_TO)
)


def load(
    session: Session, vault: Vault, case_id: int, known: Case | None = None, *, tested: bool = True
) -> Case | None:
    """One evaluation with every revision of every answer, and its tests where it is `tested`.

    Answers are only ever added: of an evaluation `known` from before, just the newer ones are read.
    """
    sql, asked = session.connection(), {"case": case_id}
    row = sql.execute(_ONE, asked).first()
    if row is None:
        return None
    before = known.answers if known is not None else ()
    after = max((given.id or 0 for given in before), default=0)
    newer = sql.execute(_ANSWERS, {**asked, "after": after})
    return Case(
        id=case_id,
        vendor=row.vendor,
        walk=row.walk,
        started=row.created_at,
        profile=Profile.from_json(row.profile),
        answers=(*before, *(_given(answer, vault) for answer in newer)),
        files=tuple((kept.item_id, _file(kept, vault)) for kept in sql.execute(_FILES, asked)),
        colleagues={given.item_id: given.colleague for given in sql.execute(_ASSIGNED, asked)},
        runs=runs(session, case_id) if tested else (),
    )


def _given(row: Any, vault: Vault) -> Given:
    return Given(
        item=row.item_id,
        choice=cast(Choice | None, row.choice),
        value=row.value.get("typed"),
        level=level(row.level),
        at=row.at,
        by=row.by,
        words=vault.unseal(row.words_sealed, "answer.words") if row.words_sealed else "",
        note=vault.unseal(row.note_sealed, "answer.note") if row.note_sealed else "",
        revision=row.revision,
        low=row.value.get("low"),
        high=row.value.get("high"),
        run=row.run_id,
        id=row.id,
        simulated=bool(row.rehearsed),
    )


def _file(row: Any, vault: Vault) -> FileKept:
    name = vault.unseal(row.name_sealed, "evidence.name") if row.name_sealed else ""
    return FileKept(row.sha256, row.media_type, row.size, name, level(row.level))


def runs(session: Session, case_id: int) -> tuple[RunLine, ...]:
    """The send tests of one evaluation, oldest first."""
    found: Sequence[tuple[Run, Connection, str | None]] = session.exec(
        select(Run, Connection, Person.name)
        .join(Connection, col(Run.connection_id) == col(Connection.id))
        .join(Person, col(Person.id) == col(Run.planned_by), isouter=True)
        .where(Run.evaluation_id == case_id)
        .order_by(col(Run.id))
    ).all()
    return tuple(
        RunLine(
            run.id or 0,
            run.state,
            connection.name,
            connection.simulated is not None,
            run.progress,
            run.result,
            (*run.plan.get("marks", ()), *(["replied"] if run.plan.get("replies") else [])),
            by=name or "",
            since=run.confirmed_at,
        )
        for run, connection, name in found
    )


def answer_row(vault: Vault, case_id: int, given: Given) -> Answer:
    """An answer as a row, without who gave it."""
    return Answer(**_columns(vault, case_id, given))


def add_answer(
    session: Session, vault: Vault, case_id: int, given: Given, **whose: int | None
) -> Given:
    """Keep an answer and give it as it will be read; two writers cannot both be one revision."""
    row = session.connection().execute(_ADD, _columns(vault, case_id, given) | whose)
    return replace(given, id=row.scalar_one())


def _columns(vault: Vault, case_id: int, given: Given) -> dict[str, Any]:
    value: dict[str, Any] = {
        key: part
        for key, part in (("typed", given.value), ("low", given.low), ("high", given.high))
        if part is not None
    }
    return {
        "evaluation_id": case_id,
        "item_id": given.item,
        "revision": given.revision,
        "run_id": given.run,
        "at": given.at,
        "choice": given.choice,
        "value": value,
        "level": given.level.word,
        "words_sealed": vault.seal(given.words, "answer.words") if given.words else None,
        "note_sealed": vault.seal(given.note, "answer.note") if given.note else None,
    }


def detach(session: Session, case_id: int, item: str, sha256: str) -> None:
    """Take a file away from an item it was filed under by mistake."""
    session.execute(
        sa.delete(Evidence).where(
            col(Evidence.evaluation_id) == case_id,
            col(Evidence.item_id) == item,
            col(Evidence.sha256) == sha256,
        )
    )


def file_row(vault: Vault, case_id: int, item: str, file: FileKept) -> dict[str, Any]:
    """A stored file's columns, without who brought it and when."""
    return {
        "evaluation_id": case_id,
        "item_id": item,
        "sha256": file.sha256,
        "media_type": file.media_type,
        "size": file.size,
        "level": file.level.word,
        "name_sealed": vault.seal(file.name, "evidence.name"),
    }

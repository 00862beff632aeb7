"""Evaluations in SQL: loading one as the dialogue sees it, and keeping what was decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa
from sqlmodel import Session, col, select

from bot.dialogue.case import Case, FileKept, Given, Profile, RunLine
from bot.dialogue.scene import CaseLine
from bot.store.tables import (
    Answer,
    Assignment,
    Connection,
    Evaluation,
    Evidence,
    Handset,
    Person,
    Run,
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
    full: int  # how many of them are walked in full
    people: int
    connections: int
    newest_connection: int
    phones: int  # on the panel, of whoever speaks


def _counted(column: Any, *where: Any) -> Any:
    return sa.select(sa.func.count(col(column))).where(*where).scalar_subquery()


# Asked with every message: put together once, in one statement.
_STAMP = sa.select(
    sa.select(col(Evaluation.revision))
    .where(col(Evaluation.id) == sa.bindparam("case"))
    .scalar_subquery(),
    _counted(Run.id, col(Run.evaluation_id) == sa.bindparam("case")),
    _counted(Evaluation.id),
    _counted(Evaluation.id, col(Evaluation.walk) == "full"),
    _counted(Person.id),
    _counted(Connection.id),
    sa.select(sa.func.coalesce(sa.func.max(col(Connection.id)), 0)).scalar_subquery(),
    _counted(
        Handset.id,
        col(Handset.person_id) == sa.bindparam("person"),
        col(Handset.retired_at).is_(None),
    ),
)


def stamp(session: Session, case_id: int | None, person_id: int = 0) -> Stamp:
    """With it, what was loaded before can be used again."""
    row = session.execute(_STAMP, {"case": case_id, "person": person_id}).one()
    return Stamp(*row)


def touch(session: Session, case_id: int) -> None:
    """Something about an evaluation is being written: whoever remembers it looks again."""
    session.execute(
        sa.update(Evaluation)
        .where(col(Evaluation.id) == case_id)
        .values(revision=Evaluation.revision + 1)
        .execution_options(synchronize_session=False)
    )


_ROWS = Answer.metadata.tables["answer"]
_ANSWERS = (
    sa.select(_ROWS)
    .where(_ROWS.c.evaluation_id == sa.bindparam("case"), _ROWS.c.id > sa.bindparam("after"))
    .order_by(_ROWS.c.id)
)


def load(session: Session, vault: Vault, case_id: int, known: Case | None = None) -> Case | None:
    """One evaluation with every revision of every answer.

    Answers are only ever added: of an evaluation `known` from before, just the newer ones are read.
    """
    row = session.get(Evaluation, case_id)
    if row is None:
        return None
    people = dict(session.exec(select(Person.id, Person.name)).all())
    tests = runs(session, case_id)
    rehearsed = frozenset(run.id for run in tests if run.simulated)
    before = known.answers if known is not None else ()
    after = max((given.id or 0 for given in before), default=0)
    newer = session.execute(_ANSWERS, {"case": case_id, "after": after})
    return Case(
        id=case_id,
        vendor=row.vendor,
        walk=row.walk,
        started=row.created_at,
        profile=Profile.from_json(row.profile),
        answers=(*before, *(_given(answer, people, vault, rehearsed) for answer in newer)),
        files=tuple(
            (kept.item_id, _file(kept, vault))
            for kept in session.exec(
                select(Evidence).where(Evidence.evaluation_id == case_id).order_by(col(Evidence.id))
            )
        ),
        colleagues={
            given.item_id: given.colleague
            for given in session.exec(
                select(Assignment)
                .where(Assignment.evaluation_id == case_id)
                .order_by(col(Assignment.id))
            )
        },
        runs=tests,
    )


def _given(
    row: Any, people: Mapping[int | None, str], vault: Vault, rehearsed: frozenset[int]
) -> Given:
    return Given(
        item=row.item_id,
        choice=cast(Choice | None, row.choice),
        value=row.value.get("typed"),
        level=level(row.level),
        at=row.at,
        by=people.get(row.person_id) if row.person_id is not None else None,
        words=vault.unseal(row.words_sealed, "answer.words") if row.words_sealed else "",
        note=vault.unseal(row.note_sealed, "answer.note") if row.note_sealed else "",
        revision=row.revision,
        low=row.value.get("low"),
        high=row.value.get("high"),
        run=row.run_id,
        id=row.id,
        simulated=row.run_id in rehearsed,
    )


def _file(row: Evidence, vault: Vault) -> FileKept:
    name = vault.unseal(row.name_sealed, "evidence.name") if row.name_sealed else ""
    return FileKept(row.sha256, row.media_type, row.size, name, level(row.level))


def runs(session: Session, case_id: int) -> tuple[RunLine, ...]:
    """The send tests of one evaluation, oldest first."""
    found: Sequence[tuple[Run, Connection]] = session.exec(
        select(Run, Connection)
        .join(Connection, col(Run.connection_id) == col(Connection.id))
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
        )
        for run, connection in found
    )


def answer_row(vault: Vault, case_id: int, given: Given) -> Answer:
    """An answer as a row; the next revision is unique, so two writers cannot both be it."""
    value: dict[str, Any] = {
        key: part
        for key, part in (("typed", given.value), ("low", given.low), ("high", given.high))
        if part is not None
    }
    return Answer(
        evaluation_id=case_id,
        item_id=given.item,
        revision=given.revision,
        run_id=given.run,
        at=given.at,
        choice=given.choice,
        value=value,
        level=given.level.word,
        words_sealed=vault.seal(given.words, "answer.words") if given.words else None,
        note_sealed=vault.seal(given.note, "answer.note") if given.note else None,
    )


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

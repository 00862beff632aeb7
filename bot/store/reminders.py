"""Reminders in SQL: set up and changed by the conversation, read for it, and fallen due."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from bot import access, calendars
from bot.calendars import Hours
from bot.dialogue import effects as do
from bot.dialogue import rhythm
from bot.dialogue.due import Due
from bot.dialogue.rhythm import Step
from bot.store.tables import Answer, Assignment, Evaluation, Person, Reminder

REMEMBERED = ("on", "first_arrival_s")  # of a drill's result, for the next one


def hours_of(session: Session, person_id: int) -> Hours:
    """When somebody works; the company's own days come with the session, see Database."""
    row = session.get_one(Person, person_id)
    theirs = calendars.hours(row.timezone, row.works_from, row.works_to, row.workdays)
    return replace(theirs, company=session.info.get("company", theirs.company))


def ladder(session: Session, row: Reminder) -> Iterator[Step]:
    """Every notice of a reminder, in the calendar of whoever has to do it."""
    due = date.fromisoformat(row.due_on)
    return rhythm.ladder(row.kind, row.created_at, due, hours_of(session, row.person_id))


def open_items(session: Session, row: Reminder) -> tuple[str, ...]:
    """The questions that are still this person's, and still without a new answer."""
    name = session.get_one(Person, row.person_id).name
    handed: dict[str, Assignment] = {}
    for each in session.exec(
        select(Assignment)
        .where(Assignment.evaluation_id == row.evaluation_id)
        .order_by(col(Assignment.id))
    ):
        handed[each.item_id] = each
    answered = {
        (item, at)
        for item, at in session.exec(
            select(Answer.item_id, sa.func.max(col(Answer.at)))
            .where(
                Answer.evaluation_id == row.evaluation_id,
                sa.func.coalesce(col(Answer.choice), "") != "later",
            )
            .group_by(col(Answer.item_id))
        )
    }
    newest = dict(answered)
    return tuple(
        item
        for item in row.subject.get("items", ())
        if item in handed
        and handed[item].colleague == name
        and not (item in newest and newest[item] > handed[item].at)
    )


def known(session: Session, also: int = 0) -> tuple[Due, ...]:
    """Every open reminder, soonest first, and the one numbered `also` whatever became of it."""
    rows = session.exec(
        select(Reminder)
        .where(sa.or_(col(Reminder.state) == "open", col(Reminder.id) == also))
        .order_by(col(Reminder.due_on), col(Reminder.id))
    ).all()
    return tuple(seen(session, rows))


def seen(session: Session, rows: Iterable[Reminder]) -> Iterator[Due]:
    """Reminders as the conversation sees them."""
    names = dict(session.exec(select(Person.id, Person.name)).all())
    vendors = dict(session.exec(select(Evaluation.id, Evaluation.vendor)).all())
    for row in rows:
        yield Due(
            id=row.id or 0,
            kind=row.kind,
            person=names[row.person_id],
            due=date.fromisoformat(row.due_on),
            since=row.created_at,
            by=names.get(row.created_by, ""),
            approver=names.get(row.approver_id, "") if row.approver_id else "",
            subject=row.subject,
            case=row.evaluation_id,
            vendor=vendors.get(row.evaluation_id, ""),
            step=row.step,
            next_at=row.next_at,
            state=row.state,
            items=open_items(session, row) if row.kind == "question" else (),
        )


def keep(session: Session, effect: do.AboutReminder, *, by: int, now: datetime) -> None:
    """Write what the conversation decided; a reminder that was closed meanwhile stays as it is."""
    match effect:
        case do.SetHours():
            person = session.get_one(Person, by)
            person.timezone = effect.timezone or person.timezone
            person.works_from = effect.works_from or person.works_from
            person.works_to = effect.works_to or person.works_to
        case do.Remind():
            _set_up(session, effect, by=by, now=now)
        case do.Settle() | do.Snooze() | do.Move() | do.HandOver():
            row = session.get_one(Reminder, effect.reminder, with_for_update=True)
            if row.state == "open":
                _change(session, row, effect, by=by, now=now)
        case _:
            raise TypeError(f"nobody keeps {effect!r}")
    session.flush()


def _set_up(session: Session, effect: do.Remind, *, by: int, now: datetime) -> None:
    person = id_of(session, effect.who) or by
    row = _same_paper(session, effect) or Reminder(
        kind=effect.kind,
        evaluation_id=effect.case,
        person_id=person,
        created_by=by,
        created_at=now,
        due_on="",
        subject=effect.subject,
    )
    row.approver_id = approver(session, person, by)
    row.due_on = effect.due.isoformat()
    _await_next(session, row, now)
    session.add(row)


def _same_paper(session: Session, effect: do.Remind) -> Reminder | None:
    """The reminder of the same paper, whose date is another one now."""
    if effect.kind != "paper":
        return None
    rows = session.exec(
        select(Reminder).where(
            Reminder.kind == "paper",
            Reminder.evaluation_id == effect.case,
            Reminder.state == "open",
        )
    )
    return next((row for row in rows if row.subject == effect.subject), None)


def _change(
    session: Session,
    row: Reminder,
    effect: do.Settle | do.Snooze | do.Move | do.HandOver,
    *,
    by: int,
    now: datetime,
) -> None:
    match effect:
        case do.Settle():
            _close(row, effect.state, now, by)
            row.result = {**row.result, **effect.result}
            if effect.again is not None:
                session.add(_next(session, row, effect.again, now))
        case do.Snooze():
            later = rhythm.snoozed(ladder(session, row), effect.at, now, effect.day)
            row.step, row.next_at = later.name, later.at
        case do.Move():
            moved = {"from": row.due_on, "to": effect.due.isoformat(), "note": effect.note}
            row.result = {**row.result, "moved": [*row.result.get("moved", []), moved]}
            row.due_on = effect.due.isoformat()
            _await_next(session, row, now)
        case do.HandOver():
            row.person_id = id_of(session, effect.who) or row.person_id
            row.approver_id = approver(session, row.person_id, row.created_by)
            at = calendars.working_time(hours_of(session, row.person_id), now)
            row.step, row.next_at = f"to{now:%y%m%d%H%M}", at
    session.add(row)


def _close(row: Reminder, state: str, now: datetime, by: int | None) -> None:
    row.state, row.closed_at, row.closed_by = state, now, by
    row.step, row.next_at = "", None


def close(row: Reminder, now: datetime) -> None:
    """Done by itself."""
    _close(row, "done", now, None)


def _next(session: Session, row: Reminder, due: date, now: datetime) -> Reminder:
    """The same thing once more, on another day; it remembers what came of this one."""
    last = {key: row.result[key] for key in REMEMBERED if key in row.result}
    again = Reminder(
        kind=row.kind,
        evaluation_id=row.evaluation_id,
        person_id=row.person_id,
        approver_id=row.approver_id,
        created_by=row.created_by,
        created_at=now,
        subject={**row.subject, "last": last} if last else row.subject,
        due_on=due.isoformat(),
    )
    _await_next(session, again, now)
    return again


def _await_next(session: Session, row: Reminder, now: datetime) -> None:
    following(row, rhythm.upcoming(ladder(session, row), now))


def following(row: Reminder, step: Step | None) -> None:
    row.step, row.next_at = (step.name, step.at) if step is not None else ("", None)


def handed(session: Session, case_id: int, colleague: str, *, by: int, now: datetime) -> None:
    """Items were handed to somebody: known colleagues are told, of all of them at once."""
    person = id_of(session, colleague)
    if person is None or person == by:
        return
    row = _untold(session, case_id, person)
    newest = session.exec(
        select(Assignment.item_id)
        .where(Assignment.evaluation_id == case_id, Assignment.colleague == colleague)
        .order_by(col(Assignment.id).desc())
    ).first()
    items = [item for item in row.subject["items"] if item != newest] if row else []
    row = row or _questions(session, case_id, person, by=by, now=now)
    row.subject = {"items": [*items, newest]}
    quiet = min(now + rhythm.QUIET, row.created_at + rhythm.QUIET_AT_MOST)
    row.next_at = calendars.working_time(hours_of(session, person), quiet)
    row.step = "first"
    session.add(row)
    session.flush()


def _untold(session: Session, case_id: int, person: int) -> Reminder | None:
    """The digest that has not been sent yet."""
    return session.exec(
        select(Reminder)
        .where(
            Reminder.kind == "question",
            Reminder.evaluation_id == case_id,
            Reminder.person_id == person,
            Reminder.state == "open",
            Reminder.step == "first",
        )
        .with_for_update()
    ).first()


def _questions(session: Session, case_id: int, person: int, *, by: int, now: datetime) -> Reminder:
    return Reminder(
        kind="question",
        evaluation_id=case_id,
        person_id=person,
        approver_id=approver(session, person, by),
        created_by=by,
        created_at=now,
        due_on=rhythm.answers_by(now, hours_of(session, person)).isoformat(),
    )


def id_of(session: Session, name: str) -> int | None:
    """A colleague who is still here."""
    here = col(Person.left_at).is_(None)
    return session.exec(select(Person.id).where(Person.name == name, here)).first()


def approver(session: Session, person: int, by: int) -> int | None:
    """Who is told when it is overdue: whoever set it up where they may approve, else the first."""
    here = col(Person.left_at).is_(None)
    rows = session.exec(select(Person).where(here).order_by(col(Person.id))).all()
    may = [row.id for row in rows if access.may_spend(access.read(row.roles)) and row.id != person]
    return by if by in may else next(iter(may), None)

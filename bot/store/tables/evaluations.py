"""Evaluations, their answers and papers, and what must be done by a day."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from bot.store.tables.columns import added, json, sealed


class Evaluation(SQLModel, table=True):
    """One vendor under evaluation, with the checklist version it was started on."""

    id: int | None = Field(default=None, primary_key=True)
    vendor: str
    walk: str = Field(index=True)  # full or prescreen
    profile: dict[str, Any] = json()
    checklist_version: str
    created_by: int = Field(foreign_key="person.id")
    created_at: datetime
    revision: int = added(0, "0")  # counts everything written about it: answers, files, profile


class Answer(SQLModel, table=True):
    """One answer, kept for ever: a change is a further row with the next revision."""

    __table_args__ = (UniqueConstraint("evaluation_id", "item_id", "revision"),)

    id: int | None = Field(default=None, primary_key=True)
    evaluation_id: int = Field(foreign_key="evaluation.id", index=True)
    item_id: str
    revision: int
    person_id: int | None = Field(default=None, foreign_key="person.id")  # None: measured by a run
    turn_id: int | None = Field(default=None, foreign_key="turn.id")
    run_id: int | None = Field(default=None, foreign_key="run.id")
    at: datetime
    choice: str | None = None
    value: dict[str, Any] = json()  # {"typed": 0.025} and for measures {"low": …, "high": …}
    level: str = "claimed"
    words_sealed: bytes | None = sealed()
    note_sealed: bytes | None = sealed()


class Evidence(SQLModel, table=True):
    """A stored file behind an answer; `name_sealed` is the sender's name for it, data only."""

    id: int | None = Field(default=None, primary_key=True)
    evaluation_id: int = Field(foreign_key="evaluation.id", index=True)
    item_id: str
    person_id: int = Field(foreign_key="person.id")
    turn_id: int | None = Field(default=None, foreign_key="turn.id")
    at: datetime
    sha256: str
    media_type: str
    size: int
    level: str
    name_sealed: bytes | None = sealed()


class Assignment(SQLModel, table=True):
    """A question handed to a colleague."""

    id: int | None = Field(default=None, primary_key=True)
    evaluation_id: int = Field(foreign_key="evaluation.id", index=True)
    item_id: str
    colleague: str
    by: int = Field(foreign_key="person.id")
    at: datetime


class Reminder(SQLModel, table=True):
    """Something that has to be done by a day, and whom to tell. See bot/dialogue/reminding.py.

    `kind` is drill, question or paper. `next_at` is when the next notice is due, None where no
    further one is.
    """

    __table_args__ = (Index("ix_reminder_next_at", "state", "next_at"),)

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    evaluation_id: int | None = Field(default=None, foreign_key="evaluation.id", index=True)
    person_id: int = Field(foreign_key="person.id")  # who has to do it
    approver_id: int | None = Field(default=None, foreign_key="person.id")  # told when overdue
    created_by: int = Field(foreign_key="person.id")
    created_at: datetime
    subject: dict[str, Any] = json()  # drill: vendor, backup; question: items; paper: item
    due_on: str  # ISO date, in the person's own calendar
    step: str = ""  # the notice that comes next
    next_at: datetime | None = None
    state: str = "open"  # open, done, dropped
    result: dict[str, Any] = json()  # drill: on, witnesses, first_arrival_s, duplicates
    closed_at: datetime | None = None
    closed_by: int | None = Field(default=None, foreign_key="person.id")


class Notice(SQLModel, table=True):
    """One notice of a reminder, for one person, told once."""

    reminder_id: int = Field(foreign_key="reminder.id", primary_key=True)
    due_on: str = Field(primary_key=True)
    step: str = Field(primary_key=True)
    person_id: int = Field(foreign_key="person.id", primary_key=True)
    due_at: datetime = Field(index=True)  # when the person works
    at: datetime | None = None  # settled: told in `conversation_id`
    conversation_id: str | None = None  # None: the person could not be reached anywhere

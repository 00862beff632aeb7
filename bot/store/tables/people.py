"""Who is known, what is said, and what waits to be told."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from bot.store.tables.columns import added, json, sealed


class Person(SQLModel, table=True):
    """Somebody of the company. `roles` is a comma-separated list.

    `works_from` and `works_to` are HH:MM in the person's own `timezone`; `workdays` holds the
    ISO numbers of the days, Monday is 1.
    """

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    roles: str = ""
    language: str = "zh"
    created_at: datetime
    timezone: str = added("Asia/Shanghai", "'Asia/Shanghai'")
    works_from: str = added("09:00", "'09:00'")
    works_to: str = added("18:00", "'18:00'")
    workdays: str = added("12345", "'12345'")
    # no longer with the company: unknown on every channel
    left_at: datetime | None = Field(default=None, index=True)


class Identity(SQLModel, table=True):
    """A person as one channel knows them. `roles` overrides the person's where it is set."""

    channel: str = Field(primary_key=True)
    user: str = Field(primary_key=True)
    person_id: int = Field(foreign_key="person.id")
    roles: str = added("", "''")


class Invitation(SQLModel, table=True):
    """A code that makes whoever sends it first this person on their channel."""

    code: str = Field(primary_key=True)  # blind
    person_id: int = Field(foreign_key="person.id")
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    used_by: str = ""  # channel:user


class WebSession(SQLModel, table=True):
    """A browser that is signed in."""

    __tablename__ = "web_session"

    token: str = Field(primary_key=True)  # blind
    person_id: int = Field(foreign_key="person.id")
    created_at: datetime
    expires_at: datetime


class Conversation(SQLModel, table=True):
    """A chat on one channel; `state` is the dialogue's session, by value.

    A group shares one; `person_id` is then whoever spoke there first. Nothing is delivered where
    `unreachable_at` is set, until somebody writes there again.
    """

    __table_args__ = (Index("ix_conversation_person_id", "person_id", "updated_at"),)

    id: str = Field(primary_key=True)  # channel:chat
    person_id: int = Field(foreign_key="person.id")
    state: dict[str, Any] = json()
    revision: int = 0
    updated_at: datetime
    grouped: bool = added(False, "false")
    unreachable_at: datetime | None = None
    unreachable: str = added("", "''")  # why, in the platform's words


class Turn(SQLModel, table=True):
    """One incoming message; the platform's own id makes a repeated delivery harmless."""

    __table_args__ = (UniqueConstraint("conversation_id", "message_id"),)

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: str = Field(foreign_key="conversation.id")
    message_id: str
    person_id: int = Field(foreign_key="person.id")
    at: datetime
    words_sealed: bytes | None = sealed()


class Outbox(SQLModel, table=True):
    """A reply that must reach a conversation; written with the answer, delivered after.

    `trying_at` is set before it is handed to the platform: where it still is after a crash, nobody
    knows whether it arrived.
    """

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: str = Field(foreign_key="conversation.id", index=True)
    body: dict[str, Any] = json()
    created_at: datetime
    delivered_at: datetime | None = Field(default=None, index=True)
    attempts: int = 0
    due_at: datetime | None = None  # not before; None: at once
    trying_at: datetime | None = None
    dead_at: datetime | None = None  # the platform will never take it
    problem: str = added("", "''")
    message_id: str = added("", "''")  # the platform's


class Lease(SQLModel, table=True):
    """What only one process may do at a time, such as listening to one bot account."""

    name: str = Field(primary_key=True)
    holder: str
    until: datetime

"""Every table. Times are UTC. A `*_sealed` column holds ciphertext of the vault."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, LargeBinary, MetaData, UniqueConstraint
from sqlmodel import Field, SQLModel

metadata: MetaData = SQLModel.metadata
metadata.naming_convention = {  # without names, no constraint can be changed later
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def _json() -> Any:
    return Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


def _sealed(*, nullable: bool = True) -> Any:
    return Field(default=None, sa_column=Column(LargeBinary, nullable=nullable))


def _nanoseconds() -> Any:
    return Field(default=None, sa_column=Column(BigInteger, nullable=True))


class Person(SQLModel, table=True):
    """Somebody of the company. `roles` is a comma-separated list."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    roles: str = ""
    language: str = "zh"
    created_at: datetime


class Identity(SQLModel, table=True):
    """A person as one channel knows them."""

    channel: str = Field(primary_key=True)
    user: str = Field(primary_key=True)
    person_id: int = Field(foreign_key="person.id")


class Conversation(SQLModel, table=True):
    """One person's chat on one channel; `state` is the dialogue's session, by value."""

    id: str = Field(primary_key=True)  # channel:chat
    person_id: int = Field(foreign_key="person.id")
    state: dict[str, Any] = _json()
    revision: int = 0
    updated_at: datetime


class Turn(SQLModel, table=True):
    """One incoming message; the platform's own id makes a repeated delivery harmless."""

    __table_args__ = (UniqueConstraint("conversation_id", "message_id"),)

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: str = Field(foreign_key="conversation.id")
    message_id: str
    person_id: int = Field(foreign_key="person.id")
    at: datetime
    words_sealed: bytes | None = _sealed()


class Evaluation(SQLModel, table=True):
    """One vendor under evaluation, with the checklist version it was started on."""

    id: int | None = Field(default=None, primary_key=True)
    vendor: str
    walk: str  # full or prescreen
    profile: dict[str, Any] = _json()
    checklist_version: str
    created_by: int = Field(foreign_key="person.id")
    created_at: datetime


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
    value: dict[str, Any] = _json()  # {"typed": 0.025} and for measures {"low": …, "high": …}
    level: str = "claimed"
    words_sealed: bytes | None = _sealed()
    note_sealed: bytes | None = _sealed()


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
    name_sealed: bytes | None = _sealed()


class Assignment(SQLModel, table=True):
    """A question handed to a colleague."""

    id: int | None = Field(default=None, primary_key=True)
    evaluation_id: int = Field(foreign_key="evaluation.id", index=True)
    item_id: str
    colleague: str
    by: int = Field(foreign_key="person.id")
    at: datetime


class Connection(SQLModel, table=True):
    """How a vendor is reached. `simulated` names the personality where it is one of ours."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    protocol: str = "smpp"
    simulated: str | None = None
    host: str = ""
    port: int = 0
    options: dict[str, Any] = _json()  # system_id, source, window, rate, id_form, tls
    secret_sealed: bytes | None = _sealed()
    created_by: int | None = Field(default=None, foreign_key="person.id")
    created_at: datetime


class Number(SQLModel, table=True):
    """A listed number: the only kind that is ever texted. `consent` says who agreed, and when."""

    id: int | None = Field(default=None, primary_key=True)
    blind: str = Field(unique=True)
    number_sealed: bytes | None = _sealed(nullable=False)
    carrier: str
    simulated: bool = False
    owner: str = ""
    consent: str = ""
    consented_at: datetime | None = None
    retired_at: datetime | None = None


class Run(SQLModel, table=True):
    """One send test, from plan to verdict."""

    id: int | None = Field(default=None, primary_key=True)
    evaluation_id: int | None = Field(default=None, foreign_key="evaluation.id", index=True)
    connection_id: int = Field(foreign_key="connection.id")
    conversation_id: str | None = Field(default=None, foreign_key="conversation.id")
    plan: dict[str, Any] = _json()
    # planned → confirmed → sending → observing → judged; or stopped, failed, dropped
    state: str = Field(default="planned", index=True)
    planned_by: int | None = Field(default=None, foreign_key="person.id")
    planned_at: datetime
    confirmed_by: int | None = Field(default=None, foreign_key="person.id")
    confirmed_at: datetime | None = None
    started_at: datetime | None = None
    closes_at: datetime | None = None
    finished_at: datetime | None = None
    stop_asked_at: datetime | None = None
    epoch: int = 0
    armed_upto: int = 0  # every message with seq < armed_upto may already have left
    progress: dict[str, Any] = _json()
    result: dict[str, Any] = _json()
    problem: str = ""
    told_at: datetime | None = None  # when its outcome was put on the checklist and in the chat


class Message(SQLModel, table=True):
    """One message of a run. Times in ns since 1970 by our clock; its text is plan plus token."""

    run_id: int = Field(foreign_key="run.id", primary_key=True)
    seq: int = Field(primary_key=True)
    number_id: int = Field(foreign_key="number.id")
    token: str
    state: str = "planned"  # planned, sent, acknowledged, refused, unknown
    due_ns: int | None = _nanoseconds()
    sent_ns: int | None = _nanoseconds()
    ack_ns: int | None = _nanoseconds()
    status: int | None = None
    vendor_id: str | None = None
    receipt: str | None = None
    receipt_code: str | None = None
    receipt_ns: int | None = _nanoseconds()
    handset_ns: int | None = _nanoseconds()
    handset_from: str | None = None
    handset_same: bool | None = None


class Outbox(SQLModel, table=True):
    """A reply that must reach a conversation; written with the answer, delivered after."""

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: str = Field(foreign_key="conversation.id", index=True)
    body: dict[str, Any] = _json()
    created_at: datetime
    delivered_at: datetime | None = Field(default=None, index=True)
    attempts: int = 0

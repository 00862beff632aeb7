"""Every table. Times are UTC. A `*_sealed` column holds ciphertext of the vault."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Index,
    LargeBinary,
    MetaData,
    UniqueConstraint,
    text,
)
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


def _json_added() -> Any:
    """A column that older rows were given: the database knows what to put there."""
    column = Column(JSON, nullable=False, server_default=text("'{}'"))
    return Field(default_factory=dict, sa_column=column)


def _added(default: Any, stored: str) -> Any:
    return Field(default=default, sa_column_kwargs={"server_default": text(stored)})


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
    filed: dict[str, Any] = _json_added()  # signatures and templates, by carrier
    secret_sealed: bytes | None = _sealed()
    created_by: int | None = Field(default=None, foreign_key="person.id")
    created_at: datetime


class Number(SQLModel, table=True):
    """A listed number: the only kind that is ever texted. `consent` says who agreed, and when.

    `carrier` is whose SIM it is; `ported` whether it came from another carrier, None where nobody
    said. `announced`: the vendor was told of it. `dead`: nobody can receive there, on purpose.
    """

    id: int | None = Field(default=None, primary_key=True)
    blind: str = Field(unique=True)
    number_sealed: bytes | None = _sealed(nullable=False)
    carrier: str
    simulated: bool = False
    owner: str = ""
    consent: str = ""
    consented_at: datetime | None = None
    retired_at: datetime | None = None
    ported: bool | None = None
    region: str = _added("", "''")
    country: str = _added("CN", "'CN'")
    announced: bool = _added(False, "false")
    dead: bool = _added(False, "false")


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
    test: str = _added("arrival", "'arrival'")  # which kind of test
    pair_id: int | None = None  # the run it is compared with: two vendors, same numbers and minutes
    facts: dict[str, Any] = _json_added()  # what was true when it started


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
    handset_source: str | None = None  # webhook, reread, typed; None: a simulated handset
    handset_unsure_ms: int | None = None  # it may have come so much earlier; None: see source


class Handset(SQLModel, table=True):
    """A real phone that says what it received: an app on it, or its owner typing the code.

    The phone is known by a token in the address it posts to; only the token's blind index is
    kept. `clock_offset_ms` added to its clock gives ours, give or take `clock_unsure_ms`.
    """

    __table_args__ = (UniqueConstraint("name"), UniqueConstraint("token"))

    id: int | None = Field(default=None, primary_key=True)
    number_id: int = Field(foreign_key="number.id", index=True)
    person_id: int | None = Field(default=None, foreign_key="person.id")  # whose phone, if a person
    name: str
    kind: str  # smsforwarder, android-sms-gateway, person
    token: str  # blind
    secret_sealed: bytes | None = _sealed()  # what its requests are signed with
    reach_sealed: bytes | None = _sealed()  # JSON: where and how the phone itself can be asked
    beat_every_s: int = 60
    beat_at: datetime | None = None
    reread_at: datetime | None = None  # its whole inbox was last looked through
    # ms between its clock and our receiving, newest last
    clock_samples: list[int] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    clock_offset_ms: int | None = None
    clock_unsure_ms: int | None = None
    trouble: str = ""  # why its last request was refused: clock, signature
    created_at: datetime
    retired_at: datetime | None = None


class Presence(SQLModel, table=True):
    """A stretch of time through which a handset gave its heartbeat, ns since 1970 by our clock."""

    id: int | None = Field(default=None, primary_key=True)
    handset_id: int = Field(foreign_key="handset.id", index=True)
    from_ns: int = Field(sa_column=Column(BigInteger, nullable=False))
    upto_ns: int = Field(sa_column=Column(BigInteger, nullable=False))


class Control(SQLModel, table=True):
    """An ordinary text from another phone, asked for to show that a handset receives at all."""

    id: int | None = Field(default=None, primary_key=True)
    handset_id: int = Field(foreign_key="handset.id", index=True)
    code: str
    asked_at: datetime
    seen_at: datetime | None = None


class Sighting(SQLModel, table=True):
    """One text as a handset shows it. Only texts of our own tests are kept.

    `received_ns` is the phone's time by our clock, the latest it can have been; it may have been
    `unsure_ms` earlier, or, where that is None, at any time before: that it arrived is all it says.
    """

    __table_args__ = (UniqueConstraint("handset_id", "digest"),)

    id: int | None = Field(default=None, primary_key=True)
    handset_id: int = Field(foreign_key="handset.id")
    sender: str
    text_sealed: bytes | None = _sealed(nullable=False)
    received_ns: int = Field(sa_column=Column(BigInteger, nullable=False))
    came_ns: int = Field(sa_column=Column(BigInteger, nullable=False))  # to us
    unsure_ms: int | None = None
    source: str  # webhook, reread, typed
    digest: str  # of what makes it this very text: a repeated request is known by it
    body: str = Field(index=True)  # blind index of sender and text, to know it again in a re-read
    purge_at: datetime = Field(index=True)


class PushedReceipt(SQLModel, table=True):
    """A receipt that a vendor pushed over HTTP, kept before it was acknowledged."""

    __tablename__ = "pushed_receipt"
    __table_args__ = (Index("ix_pushed_receipt_connection_id", "connection_id", "taken", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    connection_id: int = Field(foreign_key="connection.id")
    came_ns: int = Field(sa_column=Column(BigInteger, nullable=False))
    message_id: str
    state: str
    err: str = ""
    number: str = ""  # blind
    reference: str = ""  # ours, where the vendor echoes it
    reported_ns: int | None = _nanoseconds()  # by the vendor's clock: pushes come late and again
    raw_sealed: bytes | None = _sealed()
    taken: bool = False  # a run has read it


class Outbox(SQLModel, table=True):
    """A reply that must reach a conversation; written with the answer, delivered after."""

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: str = Field(foreign_key="conversation.id", index=True)
    body: dict[str, Any] = _json()
    created_at: datetime
    delivered_at: datetime | None = Field(default=None, index=True)
    attempts: int = 0


class Journal(SQLModel, table=True):
    """Facts about a run's messages that are durable and not yet in the messages' rows."""

    id: int | None = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="run.id", index=True)
    size: int  # how many facts
    facts: str  # JSON: [sent, lost, answers, reports, arrivals] as evaluators.sending.ledger.Group

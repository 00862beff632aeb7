"""Connections, listed numbers, and send tests."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Index
from sqlmodel import Field, SQLModel

from bot.store.tables.columns import added, json, json_added, nanoseconds, sealed


class Connection(SQLModel, table=True):
    """How a vendor is reached. `simulated` names the personality where it is one of ours."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    protocol: str = "smpp"
    simulated: str | None = None
    host: str = ""
    port: int = 0
    options: dict[str, Any] = json()  # system_id, source, window, rate, id_form, tls
    filed: dict[str, Any] = json_added()  # see bot.store.sends.filed
    secret_sealed: bytes | None = sealed()
    created_by: int | None = Field(default=None, foreign_key="person.id")
    created_at: datetime


class Number(SQLModel, table=True):
    """A listed number: the only kind that is ever texted. `consent` says who agreed, and when.

    `carrier` is whose SIM it is; `ported` whether it came from another carrier, None where nobody
    said. `announced`: the vendor was told of it. `dead`: nobody can receive there, on purpose.
    """

    id: int | None = Field(default=None, primary_key=True)
    blind: str = Field(unique=True)
    number_sealed: bytes | None = sealed(nullable=False)
    carrier: str
    simulated: bool = False
    owner: str = ""
    consent: str = ""
    consented_at: datetime | None = None
    retired_at: datetime | None = None
    ported: bool | None = None
    region: str = added("", "''")
    country: str = added("CN", "'CN'")
    announced: bool = added(False, "false")
    dead: bool = added(False, "false")


class Run(SQLModel, table=True):
    """One send test, from plan to verdict."""

    id: int | None = Field(default=None, primary_key=True)
    evaluation_id: int | None = Field(default=None, foreign_key="evaluation.id", index=True)
    connection_id: int = Field(foreign_key="connection.id")
    conversation_id: str | None = Field(default=None, foreign_key="conversation.id")
    plan: dict[str, Any] = json()
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
    progress: dict[str, Any] = json()
    result: dict[str, Any] = json()
    problem: str = ""
    told_at: datetime | None = None  # when its outcome was put on the checklist and in the chat
    test: str = added("arrival", "'arrival'")  # which kind of test
    pair_id: int | None = None  # the run it is compared with: two vendors, same numbers and minutes
    facts: dict[str, Any] = json_added()  # what was true when it started


class Message(SQLModel, table=True):
    """One message of a run. Times in ns since 1970 by our clock; its text is plan plus token."""

    run_id: int = Field(foreign_key="run.id", primary_key=True)
    seq: int = Field(primary_key=True)
    number_id: int = Field(foreign_key="number.id")
    token: str
    state: str = "planned"  # planned, sent, acknowledged, refused, unknown
    due_ns: int | None = nanoseconds()
    sent_ns: int | None = nanoseconds()
    ack_ns: int | None = nanoseconds()
    status: int | None = None
    vendor_id: str | None = None
    receipt: str | None = None
    receipt_code: str | None = None
    receipt_ns: int | None = nanoseconds()
    handset_ns: int | None = nanoseconds()
    handset_from: str | None = None
    handset_same: bool | None = None
    handset_source: str | None = None  # webhook, reread, typed; None: a simulated handset
    handset_unsure_ms: int | None = None  # it may have come so much earlier; None: see source


class Journal(SQLModel, table=True):
    """Facts about a run's messages that are durable and not yet in the messages' rows."""

    id: int | None = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="run.id", index=True)
    size: int  # how many facts
    facts: str  # JSON: [sent, lost, answers, reports, arrivals] as evaluators.sending.ledger.Group


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
    reported_ns: int | None = nanoseconds()  # by the vendor's clock: pushes come late and again
    raw_sealed: bytes | None = sealed()
    taken: bool = False  # a run has read it

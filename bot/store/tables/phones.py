"""Real phones and what they show."""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from bot.store.tables.columns import sealed


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
    secret_sealed: bytes | None = sealed()  # what its requests are signed with
    reach_sealed: bytes | None = sealed()  # JSON: where and how the phone itself can be asked
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
    text_sealed: bytes | None = sealed(nullable=False)
    received_ns: int = Field(sa_column=Column(BigInteger, nullable=False))
    came_ns: int = Field(sa_column=Column(BigInteger, nullable=False))  # to us
    unsure_ms: int | None = None
    source: str  # webhook, reread, typed
    digest: str  # of what makes it this very text: a repeated request is known by it
    body: str = Field(index=True)  # blind index of sender and text, to know it again in a re-read
    purge_at: datetime = Field(index=True)

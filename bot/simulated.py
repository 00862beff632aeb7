"""The simulated world as the application lists it: numbers that exist only in the simulator."""

from collections.abc import Iterator
from datetime import datetime

from sqlmodel import Session, col, select

from bot.store import sends
from bot.store.database import Database
from bot.store.tables import Number
from evaluators.simulator.numbers import (
    CARRIERS,
    COUNTRIES,
    dead_number,
    facts,
    foreign_number,
    simulated_number,
)

PER_CARRIER = 1_000
DEAD = 10  # of each carrier: controls that an honest vendor reports as failed
ABROAD = 20  # of each country
NUMBERS = PER_CARRIER * len(CARRIERS)
"""Live ones at home: what a test may text unless it asks for others."""


def list_numbers(session: Session, database: Database, now: datetime) -> None:
    """List the simulated panel's numbers, once; one listed earlier gets the facts it lacks."""
    dead = (col(Number.simulated), col(Number.dead))
    if session.exec(select(Number.id).where(*dead)).first() is not None:
        return
    sends.add_numbers(session, database.vault, ((each, _row(each, now)) for each in numbers()))
    for row in session.exec(select(Number).where(col(Number.simulated))):
        _describe(row, database.vault.unseal(row.number_sealed or b"", "number"))


def numbers() -> Iterator[str]:
    """All of them, carriers in turn, then dead ones, then those abroad."""
    for index in range(PER_CARRIER):
        yield from (simulated_number(carrier, index) for carrier in CARRIERS)
    for index in range(DEAD):
        yield from (dead_number(carrier, index) for carrier in CARRIERS)
    for country in COUNTRIES:
        yield from (foreign_number(country, index) for index in range(ABROAD))


def _row(number: str, now: datetime) -> Number:
    row = Number(
        blind="",
        carrier="other",
        simulated=True,
        owner="simulated panel",
        consent="simulated handset",
        consented_at=now,
    )
    _describe(row, number)
    return row


def _describe(row: Number, number: str) -> None:
    known = facts(number)
    if known is not None:
        row.carrier, row.country, row.region = known.carrier, known.country, known.region
        row.ported, row.announced, row.dead = known.ported, known.announced, not known.held

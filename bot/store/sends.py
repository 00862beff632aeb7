"""Connections and listed numbers in SQL."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from sqlmodel import Session, col, select

from bot.store import listed
from bot.store.tables import Connection, Number
from bot.store.vault import Vault


class Filed(NamedTuple):
    """With which carriers signatures and texts are filed; None where no text was noted."""

    signatures: dict[str, list[str]]
    templates: dict[str, list[str]] | None


def filed(row: Connection) -> Filed:
    """What was noted of a connection; before templates could be, it was the signatures alone."""
    noted = row.filed
    if any(isinstance(each, list) for each in noted.values()):
        return Filed(noted, None)
    return Filed(noted.get("signatures", {}), noted.get("templates"))


def file(row: Connection, signature: str, template: str, carriers: list[str]) -> None:
    """Note where a signature is filed, or one of the texts that go with it."""
    signatures, templates = filed(row)
    if template:
        templates = {**(templates or {}), template: carriers}
    else:
        signatures = {**signatures, signature: carriers}
    row.filed = {"signatures": signatures} | ({"templates": templates} if templates else {})


def connection(session: Session, name: str) -> Connection | None:
    return session.exec(select(Connection).where(Connection.name == name)).first()


def connections(session: Session) -> list[Connection]:
    """All, oldest first."""
    return list(session.exec(select(Connection).order_by(col(Connection.id))))


def add_connection(
    session: Session, vault: Vault, row: Connection, secret: dict[str, Any] | None
) -> Connection:
    """Keep a connection; `secret` (passwords, keys) is sealed."""
    if secret:
        reseal(vault, row, secret)
    session.add(row)
    session.flush()
    return row


def reseal(vault: Vault, row: Connection, secret: dict[str, Any]) -> None:
    """Seal this with the connection instead of what was."""
    row.secret_sealed = vault.seal(json.dumps(secret), "connection.secret")


def secret(vault: Vault, row: Connection) -> dict[str, Any]:
    """What was sealed with the connection."""
    if not row.secret_sealed:
        return {}
    opened: dict[str, Any] = json.loads(vault.unseal(row.secret_sealed, "connection.secret"))
    return opened


def usable(session: Session, *, simulated: bool) -> int:
    """How many listed numbers may be texted now: consent recorded, not retired."""
    return len(listed.consenting(session, simulated=simulated))


def add_numbers(
    session: Session, vault: Vault, rows: Iterable[tuple[str, Number]]
) -> tuple[int, int]:
    """Add (number, row) pairs; numbers already listed are left alone. Returns (added, known)."""
    pairs = [(vault.index(number), number, row) for number, row in rows]
    known = set(session.exec(select(Number.blind)))
    fresh = {blind: (number, row) for blind, number, row in pairs if blind not in known}
    for blind, (number, row) in fresh.items():
        row.blind = blind
        row.number_sealed = vault.seal(number, "number")
        session.add(row)
    session.flush()
    return len(fresh), len(pairs) - len(fresh)


def describe(
    session: Session, vault: Vault, rows: Iterable[tuple[str, Number]], columns: Iterable[str]
) -> None:
    """Take over these columns for numbers that are listed already."""
    wanted = {vault.index(number): row for number, row in rows}
    named = tuple(columns)
    for stands in session.exec(select(Number)):
        if (row := wanted.get(stands.blind)) is not None and row is not stands:
            for column in named:
                setattr(stands, column, getattr(row, column))
            session.add(stands)


def number(session: Session, vault: Vault, digits: str) -> Number | None:
    """A listed number by what it is."""
    return session.exec(select(Number).where(Number.blind == vault.index(digits))).first()


def retire(session: Session, vault: Vault, number: str, now: datetime) -> bool:
    """Never text this number again; whether it was listed."""
    row = session.exec(select(Number).where(Number.blind == vault.index(number))).first()
    if row is not None:
        row.retired_at = now
        session.add(row)
    return row is not None


def is_retired(session: Session, vault: Vault, digits: str) -> bool:
    """Whether a number was listed and is not texted any more."""
    row = number(session, vault, digits)
    return row is not None and row.retired_at is not None


def list_anew(session: Session, vault: Vault, rows: Iterable[tuple[str, Number]]) -> int:
    """Retired numbers whose owners agreed on the day they were retired or later; how many."""
    count = 0
    for digits, fresh in rows:
        row = number(session, vault, digits)
        if row is None or row.retired_at is None or fresh.consented_at is None:
            continue
        if fresh.consented_at.date() >= row.retired_at.date():
            row.owner, row.consent, row.carrier = fresh.owner, fresh.consent, fresh.carrier
            row.consented_at, row.retired_at = fresh.consented_at, None
            session.add(row)
            count += 1
    return count

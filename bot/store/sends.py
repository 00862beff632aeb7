"""Connections and listed numbers in SQL."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func
from sqlmodel import Session, col, select

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
    return (
        session.scalar(
            select(func.count(col(Number.id))).where(
                Number.simulated == simulated,
                col(Number.consented_at).is_not(None),
                col(Number.retired_at).is_(None),
            )
        )
        or 0
    )


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
    for listed in session.exec(select(Number)):
        if (row := wanted.get(listed.blind)) is not None and row is not listed:
            for column in named:
                setattr(listed, column, getattr(row, column))
            session.add(listed)


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

"""`smsvet panel`: the listed numbers, each with its owner's consent; shown only masked."""

import argparse
import csv
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from sqlmodel import select

from bot import app
from bot.errors import UserError
from bot.store import sends
from bot.store.tables import Number

COLUMNS = ("number", "carrier", "owner", "consent", "consented_on")
CARRIERS = ("cmcc", "cucc", "ctcc", "cbn", "other")


def run(options: argparse.Namespace) -> int:
    """List, add or retire."""
    if options.action == "list":
        return _list()
    if options.action == "retire":
        return _retire(options.number)
    return _add(Path(options.file))


def _list() -> int:
    with app.opened() as built, built.database.read() as sql:
        rows = sql.exec(select(Number)).all()
    counts = Counter((row.simulated, row.carrier, row.retired_at is None) for row in rows)
    for (simulated, carrier, usable), count in sorted(counts.items()):
        kind = "simulated" if simulated else "real"
        sys.stdout.write(f"{kind:10} {carrier:6} {'listed' if usable else 'retired':8} {count}\n")
    if not counts:
        sys.stdout.write(f"No numbers yet. CSV columns: {','.join(COLUMNS)}\n")
    return 0


def _add(path: Path) -> int:
    rows = list(read(path))
    with app.opened() as built, built.database.write() as sql:
        added, known = sends.add_numbers(sql, built.database.vault, rows)
    sys.stdout.write(f"{added} added, {known} were listed already.\n")
    return 0


def _retire(number: str) -> int:
    with app.opened() as built, built.database.write() as sql:
        found = sends.retire(sql, built.database.vault, normal(number), app.now())
    if not found:
        raise UserError(f"{masked(number)} is not listed.")
    sys.stdout.write(f"{masked(number)} will not be texted again.\n")
    return 0


def read(path: Path) -> Iterator[tuple[str, Number]]:
    """The file's rows; raises UserError with the line of the first bad one, adds none then."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            missing = set(COLUMNS) - set(table.fieldnames or ())
            if missing:
                raise UserError(f"{path}:1: columns missing: {', '.join(sorted(missing))}")
            seen: set[str] = set()
            for row in table:
                number, listed = _row(path, table.line_num, row)
                if number in seen:
                    raise UserError(f"{path}:{table.line_num}: the number stands twice in the file")
                seen.add(number)
                yield number, listed
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path} cannot be read: {error}") from error


def _row(path: Path, line: int, row: dict[str, str]) -> tuple[str, Number]:
    number = normal(row["number"] or "")
    if not (number.isdigit() and 5 <= len(number) <= 15):
        raise UserError(f"{path}:{line}: not a phone number")
    if row["carrier"] not in CARRIERS:
        raise UserError(f"{path}:{line}: carrier is one of {', '.join(CARRIERS)}")
    if not (row["owner"] or "").strip() or not (row["consent"] or "").strip():
        raise UserError(f"{path}:{line}: without an owner and their consent no number is listed")
    try:
        consented = date.fromisoformat(row["consented_on"] or "")
    except ValueError as error:
        raise UserError(f"{path}:{line}: consented_on is a date like 2026-11-01") from error
    if consented > datetime.now(UTC).date():
        raise UserError(f"{path}:{line}: consented_on lies in the future")
    return number, Number(
        blind="",
        carrier=row["carrier"],
        owner=row["owner"].strip(),
        consent=row["consent"].strip(),
        consented_at=datetime(consented.year, consented.month, consented.day, tzinfo=UTC),
    )


def normal(number: str) -> str:
    """Digits only, without +86 or 0086."""
    digits = "".join(char for char in number if char.isdigit())
    for prefix in ("0086", "86"):
        if digits.startswith(prefix) and len(digits) == len(prefix) + 11:
            return digits[len(prefix) :]
    return digits


def masked(number: str) -> str:
    """A number as it may be shown."""
    digits = normal(number)
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) >= 11 else "****"

"""`smsvet panel`: the listed numbers, each with its owner's consent; shown only masked."""

import argparse
import csv
import io
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from sqlmodel import select

from bot import app, consent
from bot.digits import masked, normal
from bot.errors import UserError, why
from bot.store import sends
from bot.store.tables import Number

COLUMNS = ("number", "carrier", "owner", "consent", "consented_on")
MORE = ("ported", "region", "country", "announced", "dead")  # columns that may be left out
YES, NO = ("yes", "y", "1", "true", "是"), ("no", "n", "0", "false", "否")
CARRIERS = {
    "cmcc": ("移动", "mobile", "china mobile"),
    "cucc": ("联通", "unicom", "china unicom"),
    "ctcc": ("电信", "telecom", "china telecom"),
    "cbn": ("广电", "broadnet", "china broadnet"),
    "other": ("其他", "其它"),
}
NAMES = ", ".join(f"{name} ({words[0]})" for name, words in CARRIERS.items())
BEYOND = "\0"  # where fields stand that no column is named for
WRITTEN = re.compile(r"\+?[0-9][0-9 ()-]*")
DOMESTIC, ABROAD = re.compile(r"1[0-9]{10}"), re.compile(r"[0-9]{5,15}")


def run(options: argparse.Namespace) -> int:
    """List, add or retire."""
    if options.action == "list":
        return _list()
    if options.action == "retire":
        return _retire(options.number)
    return _add(Path(options.file), anew=options.anew)


def _list() -> int:
    with app.opened() as built, built.database.read() as sql:
        rows = sql.exec(select(Number)).all()
    counts = Counter(
        (row.simulated, row.carrier, row.retired_at is None, _traits(row)) for row in rows
    )
    for (simulated, carrier, usable, traits), count in sorted(counts.items()):
        kind = "simulated" if simulated else "real"
        state = "listed" if usable else "retired"
        sys.stdout.write(f"{kind:10} {carrier:6} {state:8} {count} {traits}".rstrip() + "\n")
    if not counts:
        sys.stdout.write(
            f"No numbers yet. CSV columns: {','.join(COLUMNS)}; if you like {','.join(MORE)}\n"
        )
    return 0


def _traits(row: Number) -> str:
    said = {"ported": row.ported, "announced": row.announced, "dead": row.dead}
    words = [row.country] * (row.country != "CN") + [name for name, true in said.items() if true]
    return " ".join(words)


def _add(path: Path, *, anew: bool = False) -> int:
    with app.opened() as built, built.database.write() as sql:
        vault = built.database.vault
        rows = list(read(path, lambda number: sends.number(sql, vault, number) is not None))
        agreed = [(number, row) for number, row in rows if row.consented_at is not None]
        withdrawn = [number for number, row in rows if row.consented_at is None]
        for number in withdrawn:
            sends.retire(sql, vault, number, app.now())
        again = sends.list_anew(sql, vault, agreed) if anew else 0
        sends.describe(sql, vault, agreed, described(path))
        retired = [number for number, _ in agreed if sends.is_retired(sql, vault, number)]
        added, known = sends.add_numbers(sql, vault, agreed)
    encoding = decoded(path)[1]
    read_as = "" if encoding == "UTF-8" else f" Read as {encoding}."
    known -= len(retired) + again
    sys.stdout.write(f"{added} added, {known} were listed already.{read_as}\n")
    if again:
        sys.stdout.write(f"{again} listed anew.\n")
    _tell_retired(path, withdrawn, retired)
    if columns := unknown(path):
        sys.stdout.write(
            f"Not used: {', '.join(columns)}. Columns: {','.join(COLUMNS)}; {','.join(MORE)}\n"
        )
    return 0


def _tell_retired(path: Path, withdrawn: Sequence[str], retired: Sequence[str]) -> None:
    for number in withdrawn:
        sys.stdout.write(f"{masked(number)}: consent withdrawn, it will not be texted again.\n")
    for number in retired:
        sys.stdout.write(f"{masked(number)} is retired and stays so.\n")
    if retired:
        sys.stdout.write(
            "If the owner has agreed anew since it was retired, put that consent and its date into"
            f" the file and list it again: smsvet panel add {path} --anew\n"
        )


def _retire(number: str) -> int:
    with app.opened() as built, built.database.write() as sql:
        found = sends.retire(sql, built.database.vault, normal(number), app.now())
    if not found:
        raise UserError(f"{masked(number)} is not listed.")
    sys.stdout.write(f"{masked(number)} will not be texted again.\n")
    return 0


def read(
    path: Path, is_listed: Callable[[str], bool] = lambda _number: False
) -> Iterator[tuple[str, Number]]:
    """The file's rows; raises UserError with the line of the first bad one, adds none then.

    A consent that says no is such a line, unless the number `is_listed`: then it is a withdrawal,
    and the row has no `consented_at`.
    """
    table = _table(path)
    missing = set(COLUMNS) - set(table.fieldnames or ())
    if missing:
        raise UserError(f"{path}:1: columns missing: {', '.join(sorted(missing))}")
    seen: set[str] = set()
    try:
        for row in table:
            if not any(value for value in row.values()):  # a spreadsheet's empty last lines
                continue
            if row.get(BEYOND):
                raise UserError(f"{path}:{table.line_num}: more fields than the first line names")
            number, listed = _row(path, table.line_num, row)
            if listed.consented_at is None and not is_listed(number):
                raise UserError(_no_consent(path, table.line_num, listed.consent))
            if number in seen:
                raise UserError(f"{path}:{table.line_num}: the number stands twice in the file")
            seen.add(number)
            yield number, listed
    except csv.Error as error:
        raise UserError(f"{path}:{table.line_num}: cannot be read: {error}") from error


def _table(path: Path) -> "csv.DictReader[str]":
    """The rows by column; names of columns may be written in capitals and with spaces around."""
    lines = csv.reader(io.StringIO(_text(path), newline=""))
    try:
        names = [name.strip().lower() for name in next(lines, [])]
    except csv.Error as error:
        raise UserError(f"{path}:1: cannot be read: {error}") from error
    if twice := sorted(name for name, count in Counter(names).items() if name and count > 1):
        raise UserError(f"{path}:1: columns named twice: {', '.join(twice)}")
    table = csv.DictReader(io.StringIO(_text(path), newline=""), names, restkey=BEYOND)
    next(table, None)  # the names themselves
    return table


def _text(path: Path) -> str:
    return decoded(path)[0]


def decoded(path: Path) -> tuple[str, str]:
    """Text and encoding: UTF-8, or what a Chinese spreadsheet writes: GBK and what extends it."""
    try:
        written = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {why(error)}.") from error
    try:
        return written.decode("utf-8-sig"), "UTF-8"
    except UnicodeDecodeError:
        pass  # then perhaps the other
    try:
        return written.decode("gb18030"), "GBK"
    except UnicodeDecodeError as error:
        line = written.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}:{line}: cannot be read: neither UTF-8 nor GBK") from error


def described(path: Path) -> tuple[str, ...]:
    """Which of the columns that may be left out a file has."""
    named = _table(path).fieldnames or ()
    return tuple(column for column in MORE if column in named)


def unknown(path: Path) -> tuple[str, ...]:
    """The columns that mean nothing here, as the file names them."""
    named = _table(path).fieldnames or ()
    return tuple(column for column in named if column and column not in {*COLUMNS, *MORE})


def carrier(said: str) -> str | None:
    """The carrier that is meant, in Chinese or English; None where it is none we know."""
    plain = unicodedata.normalize("NFKC", said).strip().lower().removeprefix("中国")
    return next((name for name, words in CARRIERS.items() if plain in {name, *words}), None)


def _row(path: Path, line: int, row: dict[str, str]) -> tuple[str, Number]:
    country = _country(path, line, row.get("country") or "CN")
    number = _number(path, line, row["number"] or "", country)
    by = carrier(row["carrier"] or "")
    if by is None:
        said = (row["carrier"] or "").strip()
        raise UserError(f"{path}:{line}: carrier is one of {NAMES}, not {said!r}")
    if not (row["owner"] or "").strip() or not (row["consent"] or "").strip():
        raise UserError(f"{path}:{line}: without an owner and their consent no number is listed")
    said = row["consent"].strip()
    denied = consent.denied(said)
    if consent.vague(said):
        raise UserError(f"{path}:{line}: consent says {said!r}: say how, such as: signed form 12")
    return number, Number(
        blind="",
        carrier=by,
        owner=row["owner"].strip(),
        consent=said,
        consented_at=None if denied else _consented(path, line, row["consented_on"] or ""),
        ported=_yes_or_no(path, line, row, "ported"),
        region=(row.get("region") or "").strip(),
        country=country,
        announced=_yes_or_no(path, line, row, "announced") or False,
        dead=_yes_or_no(path, line, row, "dead") or False,
    )


def _no_consent(path: Path, line: int, said: str) -> str:
    return (
        f"{path}:{line}: consent says {said!r}, which is none: this number is not listed, and"
        " nothing of this file was taken. Remove the line, or say how the owner agreed."
    )


def _consented(path: Path, line: int, said: str) -> datetime:
    try:
        day = date.fromisoformat(said.strip())
    except ValueError as error:
        raise UserError(f"{path}:{line}: consented_on is a date like 2026-11-01") from error
    if day > datetime.now(UTC).date():
        raise UserError(f"{path}:{line}: consented_on lies in the future")
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _number(path: Path, line: int, said: str, country: str) -> str:
    """The digits. A spreadsheet's 1.38E+10 holds other digits: somebody else's number."""
    written = unicodedata.normalize("NFKC", said).strip()
    number = normal(written)
    shape = DOMESTIC if country == "CN" else ABROAD
    if country != "CN":
        number = f"+{number.removeprefix('+')}"
    if not WRITTEN.fullmatch(written) or not shape.fullmatch(number.removeprefix("+")):
        raise UserError(
            f"{path}:{line}: not a phone number: 11 digits in CN, elsewhere with country code"
        )
    return number


def _yes_or_no(path: Path, line: int, row: dict[str, str], column: str) -> bool | None:
    said = (row.get(column) or "").strip().lower()
    if said not in {"", *YES, *NO}:
        raise UserError(f"{path}:{line}: {column} is yes, no or empty")
    return None if not said else said in YES


def _country(path: Path, line: int, said: str) -> str:
    country = said.strip().upper()
    if not (len(country) == 2 and country.isascii() and country.isalpha()):
        raise UserError(f"{path}:{line}: country is two letters, as in ISO 3166: CN")
    return country

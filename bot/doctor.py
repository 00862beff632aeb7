"""`smsvet doctor`: what is configured, what is missing, what to do about it."""

import importlib.metadata
import json
import platform
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot import settings as settings_
from bot.errors import UserError
from bot.settings import CONTENT, Settings

LEAST_FREE = 1 << 30  # bytes; below this an evaluation's files and a soak test may not fit
FIRST_SQLITE_FOR_312 = (3, 42)


@dataclass(frozen=True)
class Check:
    """One thing looked at; `advice` says what to do where it is not fine."""

    name: str
    fine: bool
    found: str
    advice: str = ""


def run(*, as_json: bool) -> int:
    """Print every check; 0 where all are fine."""
    checks = list(examine(settings_.load()))
    if as_json:
        sys.stdout.write(json.dumps([asdict(each) for each in checks], indent=2) + "\n")
    else:
        for each in checks:
            sys.stdout.write(f"{'ok     ' if each.fine else 'PROBLEM'} {each.name}: {each.found}\n")
            if each.advice and not each.fine:
                sys.stdout.write(f"        → {each.advice}\n")
    return 0 if all(each.fine for each in checks) else 1


def examine(settings: Settings) -> Iterator[Check]:
    """Look at everything smsvet needs on this machine."""
    yield Check("Python", sys.version_info >= (3, 11), platform.python_version(), "use 3.11+")
    yield _state(settings)
    yield _free(settings.home)
    yield _sqlite()
    yield _database(settings)
    yield _content()
    yield _engine()
    yield _numbers(settings)
    yield _phones(settings)


def _state(settings: Settings) -> Check:
    private = not settings.home.stat().st_mode & 0o077
    return Check("state directory", private, str(settings.home), f"chmod 700 {settings.home}")


def _free(home: Path) -> Check:
    free = shutil.disk_usage(home).free
    return Check("free disk", free >= LEAST_FREE, f"{free / (1 << 30):.1f} GiB", "make room")


def _sqlite() -> Check:
    version = sqlite3.sqlite_version_info
    fine = sys.version_info < (3, 12) or version >= FIRST_SQLITE_FOR_312
    return Check("SQLite", fine, sqlite3.sqlite_version, "3.42 or newer is needed on Python 3.12+")


def _database(settings: Settings) -> Check:
    from bot.store.database import Database

    try:
        Database.open(settings).close()
    except UserError as error:
        return Check("database", False, str(error), "check SMSVET_DATABASE_URL and the master key")
    return Check("database", True, settings.database_for_people)


def _content() -> Check:
    from bot import wording
    from evaluators import checklist, receipts
    from evaluators.errors import ContentError
    from evaluators.protocols.http import vendor
    from evaluators.sending import plan

    try:
        wording.load(CONTENT / "wording")
        items = checklist.load(CONTENT / "checklist")
        tests = plan.load_all(CONTENT / "plans")
        vendors = vendor.load_all(CONTENT / "vendors")
        codes = receipts.load(CONTENT / "receipts")
    except ContentError as error:
        return Check("content", False, str(error), "correct that line")
    found = (
        f"{len(items.by_id)} items (version {items.version}), {len(tests)} tests,"
        f" {len(vendors)} HTTP vendors, {len(codes.rows)} receipt codes"
    )
    return Check("content", True, found)


def _engine() -> Check:
    try:
        return Check("engine", True, f"DBOS {importlib.metadata.version('dbos')}")
    except importlib.metadata.PackageNotFoundError:
        return Check("engine", False, "DBOS is not installed", "make run")


def _numbers(settings: Settings) -> Check:
    from bot.store import sends
    from bot.store.database import Database

    try:
        database = Database.open(settings)
    except UserError:
        return Check("test numbers", True, "not looked at")
    with database.read() as sql:
        count = sends.usable(sql, simulated=False)
    database.close()
    advice = "real tests need listed, consenting numbers: smsvet panel add FILE.csv"
    found = f"{count} listed with consent"
    return Check("test numbers", True, found if count else f"{found}; {advice}")


def _phones(settings: Settings) -> Check:
    """A phone without a heartbeat proves nothing, so its messages do not count."""
    from bot.store import handsets
    from bot.store.database import Database

    try:
        database = Database.open(settings)
    except UserError:
        return Check("test phones", True, "not looked at")
    with database.read() as sql:
        phones = [handset for handset, *_ in handsets.in_use(sql) if handset.kind != "person"]
    database.close()
    quiet = [each.name for each in phones if not handsets.is_up(each, datetime.now(UTC))]
    found = f"{len(phones)} that report by themselves, {len(quiet)} without a heartbeat"
    advice = f"look at {', '.join(quiet)}; see docs/handsets.md, and whether smsvet serve runs"
    return Check("test phones", not quiet, found, advice)

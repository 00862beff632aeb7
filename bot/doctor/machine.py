"""What smsvet needs on this machine, whoever uses it."""

import importlib.metadata
import platform
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from bot.doctor.check import Check
from bot.settings import CONTENT, Settings
from bot.store import handsets, sends

LEAST_FREE = 1 << 30  # bytes; below this an evaluation's files and a soak test may not fit
FIRST_SQLITE_FOR_312 = (3, 42)


def examine(settings: Settings) -> Iterator[Check]:
    """Everything that is no database's business."""
    yield Check("Python", sys.version_info >= (3, 11), platform.python_version(), "use 3.11+")
    yield _state(settings)
    yield _free(settings.home)
    yield _sqlite()
    yield _content()
    yield _engine()
    if settings.chroma_url:
        yield _chroma(settings.chroma_url)


def tests(sql: Session, now: datetime) -> Iterator[Check]:
    """Whether real send tests have somebody to be sent to."""
    yield _numbers(sql)
    yield _phones(sql, now)


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


def _chroma(url: str) -> Check:
    from knowledge.dense import trouble

    found = trouble(url)
    advice = "start it or correct SMSVET_CHROMA_URL; until then memory serves"
    return Check("Chroma server", not found, found or "answers", advice)


def _numbers(sql: Session) -> Check:
    count = sends.usable(sql, simulated=False)
    advice = "real tests need listed, consenting numbers: smsvet panel add FILE.csv"
    found = f"{count} listed with consent"
    return Check("test numbers", True, found if count else f"{found}; {advice}")


def _phones(sql: Session, now: datetime) -> Check:
    """A phone without a heartbeat proves nothing, so its messages do not count."""
    phones = [handset for handset, *_ in handsets.in_use(sql) if handset.kind != "person"]
    quiet = [each.name for each in phones if not handsets.is_up(each, now)]
    found = f"{len(phones)} that report by themselves, {len(quiet)} without a heartbeat"
    advice = f"look at {', '.join(quiet)}; see docs/handsets.md, and whether smsvet serve runs"
    return Check("test phones", not quiet, found, advice)

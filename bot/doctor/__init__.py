"""`smsvet doctor`: what is configured, what is missing, what to do about it."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime

from bot import settings as settings_
from bot.doctor import language, machine, page, people, telegram, wecom
from bot.doctor.check import Check
from bot.errors import UserError
from bot.settings import Settings
from bot.store import overview
from bot.store.database import Database

__all__ = ["Check", "examine", "run"]


def run(*, as_json: bool, contact: bool) -> int:
    """Print every check as it is made; 0 where all are fine."""
    checks = []
    for each in examine(settings_.load(), datetime.now(UTC), contact=contact):
        checks.append(each)
        if not as_json:
            sys.stdout.write(_line(each))
            sys.stdout.flush()
    if as_json:
        sys.stdout.write(json.dumps(list(map(asdict, checks)), ensure_ascii=False, indent=2) + "\n")
    return 0 if all(each.fine for each in checks) else 1


def examine(settings: Settings, now: datetime, *, contact: bool = False) -> Iterator[Check]:
    """Look at everything; with `contact` also at what may disturb who uses a bot now."""
    yield from machine.examine(settings)
    listening: dict[str, str] = {}
    try:
        database = Database.open(settings)
    except UserError as error:
        advice = "check SMSVET_DATABASE_URL and the master key"
        yield Check("database", False, str(error), advice)
    else:
        yield Check("database", True, settings.database_for_people)
        try:
            with database.read() as sql:
                yield from machine.tests(sql, now)
                yield from people.examine(sql, settings, now)
                listening = {name: _host(who) for name, who in overview.listening(sql, now).items()}
        finally:
            database.close()
    yield from telegram.examine(settings, listening.get("telegram", ""), contact=contact)
    yield from wecom.examine(settings, listening.get("wecom", ""), contact=contact)
    yield from page.examine(settings)
    yield language.examine(settings)


def _host(holder: str) -> str:
    """The machine in a lease's holder."""
    return holder.partition(":")[0]


def _line(check: Check) -> str:
    line = f"{'ok     ' if check.fine else 'PROBLEM'} {check.name}: {check.found}\n"
    return line if check.fine or not check.advice else f"{line}        → {check.advice}\n"

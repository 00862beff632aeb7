"""Several processes look which reminders are due, and die while they do: each is told once."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import select

from bot.settings import Settings, load
from bot.store.database import Database
from bot.store.tables import Outbox, Person
from tests.integration.reminder_stage import Team, at

ROOT = Path(__file__).parent.parent.parent
START = at("2027-01-05T22:30")
DUE = "2027-01-20"
ZONES = ("Asia/Shanghai", "Asia/Kolkata", "Europe/Berlin", "America/Sao_Paulo", "America/New_York")
PEOPLE = 30
EACH = 3  # reminders


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest, home: Path) -> Iterator[Settings]:
    """Settings for an empty database of each kind."""
    if request.param == "sqlite":
        yield load({"SMSVET_HOME": str(home)})
        return
    url = request.getfixturevalue("postgres")
    name = f"r{abs(hash(str(home))) % 10**12}"
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    admin.dispose()
    there = url.replace("/postgres?", f"/{name}?")
    yield load({"SMSVET_HOME": str(home), "SMSVET_DATABASE_URL": there})


def planned(team: Team) -> None:
    """People whose work begins at all hours, each with a few drills, and some approvers."""
    for number in range(PEOPLE):
        zone = ZONES[number % len(ZONES)]
        person = team.person(f"p{number}", f"telegram:{number}", timezone=zone)
        with team.database.write() as sql:
            row = sql.get_one(Person, person)
            row.works_from = f"{7 + number // 5 % 3:02}:00"  # several begin at one moment
        for each in range(EACH):
            team.drill(f"p{number}", DUE, person, backup=f"b{each}")


def sweeper(settings: Settings) -> subprocess.Popen[str]:
    """A process that is about to look; it starts with the clock it is given."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.sweeping"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={
            "SMSVET_HOME": str(settings.home),
            "SMSVET_DATABASE_URL": settings.database_url,
            "PATH": os.environ["PATH"],
        },
    )
    assert process.stdout is not None
    assert "ready\n" == process.stdout.readline()
    return process


def begin(process: subprocess.Popen[str], began: float) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{began} {START.isoformat()}\n")
    process.stdin.flush()


def kill(process: subprocess.Popen[str]) -> None:
    """At once, whatever it is doing."""
    with process:  # closes its pipes
        process.send_signal(signal.SIGKILL)


def test_killed_sweepers_tell_each_notice_once(settings: Settings) -> None:
    """Over kills between any two steps, with two at once, each notice is in one message."""
    team = Team(Database.open(settings), START)
    planned(team)
    dice = random.Random(7)
    waiting = [sweeper(settings) for _ in range(6)]
    began = time.monotonic()
    running = [waiting.pop(), waiting.pop()]
    for process in running:
        begin(process, began)
    while waiting:
        time.sleep(dice.uniform(0.3, 0.9))
        kill(running.pop(0))
        running.append(waiting.pop())
        begin(running[-1], began)
    deadline = time.monotonic() + 60
    while not _all_told(team) and time.monotonic() < deadline:
        time.sleep(0.1)
    for process in running:
        kill(process)
    _check(team)
    team.database.close()


def _all_told(team: Team) -> bool:
    told = team.notices()
    return len(told) == PEOPLE * EACH and all(notice.at is not None for notice in told)


def _check(team: Team) -> None:
    assert _all_told(team)
    with team.database.read() as sql:
        rows = sql.exec(select(Outbox)).all()
    named = Counter(number for row in rows for number in row.body["reminders"])
    assert dict.fromkeys(range(1, PEOPLE * EACH + 1), 1) == dict(named)
    where = {number: row.conversation_id for row in rows for number in row.body["reminders"]}
    assert all(where[notice.reminder_id] == notice.conversation_id for notice in team.notices())
    assert PEOPLE == len(rows)  # what falls due at one moment is one message
    assert {"t14"} == {notice.step for notice in team.notices()}


def test_two_at_once_tell_each_notice_once(settings: Settings) -> None:
    """Whatever two processes find at the same moment is told once by one of them."""
    team = Team(Database.open(settings), START)
    planned(team)
    teams = [Team(Database.open(settings), START) for _ in range(2)]
    for step in range(48):
        for each in teams:
            each.now = START + timedelta(minutes=30 * step)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda each: each.sweeper.sweep(), teams))
    _check(team)
    for each in [team, *teams]:
        each.database.close()

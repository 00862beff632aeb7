"""Several threads write at once: they share a commit, and what fails fails alone."""

import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier

import pytest
import sqlalchemy as sa
from sqlmodel import select

from bot.settings import load
from bot.store.database import Database
from bot.store.tables import Identity, Person

MOMENT = datetime(2026, 11, 22, tzinfo=UTC)
WRITERS = 8


@pytest.fixture
def database(home: Path) -> Iterator[Database]:
    database = Database.open(load({"SMSVET_HOME": str(home)}))
    yield database
    database.close()


def add(database: Database, name: str) -> None:
    with database.write() as sql:
        sql.add(Person(name=name, created_at=MOMENT))


def names(database: Database) -> list[str]:
    with database.read() as sql:
        return sorted(sql.exec(select(Person.name)))


def at_once(database: Database, wanted: list[str]) -> list[str]:
    """Everybody writes their name at the same moment; those who were refused."""
    begin = Barrier(len(wanted))

    def write(name: str) -> str:
        begin.wait(10)
        try:
            add(database, name)
        except sa.exc.IntegrityError:
            return name
        return ""

    with ThreadPoolExecutor(len(wanted)) as threads:
        return [name for name in threads.map(write, wanted) if name]


def test_what_fails_takes_nobody_along(database: Database) -> None:
    """Of writers at the same moment only those fail whose own rows are refused."""
    add(database, "taken")
    fine = [f"p{number}" for number in range(WRITERS)]
    assert ["taken", "taken"] == at_once(database, ["taken", *fine, "taken"])
    assert [*fine, "taken"] == names(database)


def test_writers_share_commits(database: Database) -> None:
    """Where many wait at once, there are fewer commits than writers, and all is kept."""
    done: list[str] = []

    def trace(driver: sqlite3.Connection, *_: object) -> None:
        driver.set_trace_callback(done.append)

    sa.event.listen(database.engine, "checkout", trace)
    wanted = [f"p{number:02}" for number in range(4 * WRITERS)]
    with ThreadPoolExecutor(len(wanted)) as threads:
        with database.write() as sql:
            sql.add(Person(name="first", created_at=MOMENT))
            waiting = [threads.submit(add, database, name) for name in wanted]
            waited_for(database, len(wanted))
        for each in waiting:
            each.result(10)
    assert ["first", *wanted] == names(database)
    assert 0 < done.count("COMMIT") < len(wanted) / 2


def waited_for(database: Database, writers: int) -> None:
    assert database._sharing is not None
    while database._sharing._waiting < writers:
        time.sleep(0.01)


def test_whoever_is_told_that_it_is_kept_finds_it(database: Database) -> None:
    """A write returns once it is committed: another connection sees it at once."""

    def write_and_look(name: str) -> bool:
        add(database, name)
        return name in names(database)

    with ThreadPoolExecutor(WRITERS) as threads:
        assert all(threads.map(write_and_look, (f"p{number}" for number in range(5 * WRITERS))))


@contextmanager
def failing(why: str) -> Iterator[None]:
    """What is done in here is told to have failed, at its end."""
    with pytest.raises(sa.exc.OperationalError, match=why):
        yield


def test_a_commit_that_fails_is_told_to_all(database: Database) -> None:
    """Where the database refuses the commit, nobody believes that anything was kept."""
    with ThreadPoolExecutor(1) as threads:
        with failing("FOREIGN KEY"), database.write() as sql:
            sql.connection().exec_driver_sql("PRAGMA defer_foreign_keys=ON")
            sql.add(Identity(channel="web", user="nobody", person_id=404))
            fine = threads.submit(add, database, "lin")
            waited_for(database, 1)
        with pytest.raises(sa.exc.OperationalError, match="FOREIGN KEY"):
            fine.result(10)
    assert [] == names(database)
    add(database, "lin")
    assert ["lin"] == names(database)


def test_what_sqlite_drops_is_told_to_all(database: Database) -> None:
    """After some errors SQLite rolls everything back: whoever wrote before is told so too."""
    with ThreadPoolExecutor(1) as threads:
        with failing("no transaction"), database.write() as sql:
            sql.add(Person(name="first", created_at=MOMENT))
            dropped = threads.submit(drop, database)
            waited_for(database, 1)
        with pytest.raises(sa.exc.OperationalError):
            dropped.result(10)
    add(database, "next")
    assert ["next"] == names(database)


def drop(database: Database) -> None:
    """What SQLite does by itself when, say, the disk is full."""
    with database.write() as sql:
        sql.connection().exec_driver_sql("ROLLBACK")

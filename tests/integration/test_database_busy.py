"""A database that another program does not let go of, on a real SQLite file."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import select

from bot.errors import UserError
from bot.settings import Settings, load
from bot.store.database import BusyError, Database
from bot.store.tables import Person

MOMENT = datetime(2026, 11, 22, tzinfo=UTC)


@contextmanager
def held(settings: Settings) -> Iterator[None]:
    """Somebody else writes and does not come to an end."""
    path = str(settings.home / "smsvet.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def impatient(settings: Settings) -> Iterator[Database]:
    """A database that waits for its turn a twentieth of a second."""
    database = Database.open(settings)
    reading = database.engine.execution_options(reading=True)
    with reading.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=50")
    yield database
    database.close()


def test_a_lock_that_stays_is_said_in_words(home: Path) -> None:
    """Who waits too long reads what happened and that nothing is lost, and may try again."""
    settings = load({"SMSVET_HOME": str(home)})
    with impatient(settings) as database:
        with held(settings), pytest.raises(UserError) as told, database.write() as session:
            session.add(Person(name="lin", created_at=MOMENT))
        assert "Nothing was lost" in str(told.value)
        assert "已保存的都在" in str(told.value)
        assert "INSERT" not in str(told.value)
        with database.write() as session:
            session.add(Person(name="lin", created_at=MOMENT))
        with database.read() as session:
            assert ["lin"] == list(session.exec(select(Person.name)))


def test_whoever_waits_for_the_database_itself_still_knows_it(home: Path) -> None:
    """A worker that lives through a database gone for a while takes a lock for one, too."""
    settings = load({"SMSVET_HOME": str(home)})
    with (
        impatient(settings) as database,
        held(settings),
        pytest.raises(sa.exc.SQLAlchemyError) as told,
        database.write() as session,
    ):
        session.add(Person(name="lin", created_at=MOMENT))
    assert isinstance(told.value, BusyError)


def test_an_error_that_is_no_lock_stays_what_it_is(home: Path) -> None:
    """Only waiting in vain is called busy."""
    settings = load({"SMSVET_HOME": str(home)})
    with impatient(settings) as database:
        with pytest.raises(sa.exc.OperationalError) as told, database.write() as session:
            session.execute(sa.text("SELECT * FROM nowhere"))
        assert not isinstance(told.value, BusyError)


def test_the_program_opens_and_reads_while_another_writes(home: Path) -> None:
    """Opening a database that is up to date, and looking into it, wait for nobody."""
    settings = load({"SMSVET_HOME": str(home)})
    Database.open(settings).close()
    with held(settings):
        database = Database.open(settings)
        with database.read() as session:
            assert [] == list(session.exec(select(Person.name)))
        database.close()

"""The database, SQLite and PostgreSQL alike."""

import multiprocessing
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.errors import UserError
from bot.settings import Settings, load
from bot.store import tables
from bot.store.database import Database, migrate, newest_revision
from bot.store.tables import Person

MOMENT = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest, home: Path) -> Iterator[Settings]:
    """Settings for a fresh database of each kind."""
    if request.param == "sqlite":
        yield load({"SMSVET_HOME": str(home)})
        return
    url = request.getfixturevalue("postgres")
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    name = f"t{abs(hash(str(home))) % 10**12}"
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    admin.dispose()
    yield load(
        {"SMSVET_HOME": str(home), "SMSVET_DATABASE_URL": url.replace("/postgres?", f"/{name}?")}
    )


def columns(engine: sa.Engine) -> dict[str, list[tuple[str, str, bool]]]:
    inspector = sa.inspect(engine)
    return {
        table: sorted(
            (column["name"], str(column["type"]), column["nullable"])
            for column in inspector.get_columns(table)
        )
        for table in inspector.get_table_names()
    }


def constraints(engine: sa.Engine) -> dict[str, object]:
    inspector = sa.inspect(engine)
    return {
        table: (
            sorted(i["name"] for i in inspector.get_indexes(table)),
            sorted(str(u["column_names"]) for u in inspector.get_unique_constraints(table)),
            sorted(str(f["constrained_columns"]) for f in inspector.get_foreign_keys(table)),
        )
        for table in inspector.get_table_names()
    }


def test_a_made_and_a_migrated_schema_are_the_same(settings: Settings, tmp_path: Path) -> None:
    """A database made in one step has what one gets by way of all migrations."""
    made = Database.open(settings)
    found = (columns(made.engine), constraints(made.engine))
    with made.engine.begin() as connection:
        tables.metadata.drop_all(connection)
        connection.execute(sa.text("DROP TABLE alembic_version"))
    migrate(settings.database_url)
    assert found == (columns(made.engine), constraints(made.engine))
    made.close()


def test_an_older_database_is_brought_up_to_date(settings: Settings) -> None:
    """A database at an earlier revision is migrated when it is opened, and keeps its rows."""
    database = Database.open(settings)
    with database.write() as sql:
        sql.add(Person(name="lin", created_at=MOMENT))
    with database.engine.begin() as connection:
        revision = connection.scalar(sa.text("select version_num from alembic_version"))
    assert newest_revision() == revision
    database.close()
    again = Database.open(settings)
    with again.read() as sql:
        assert sql.get_one(Person, 1).name == "lin"
    again.close()


def test_what_fails_leaves_nothing_behind(settings: Settings) -> None:
    """A transaction that ends in an error keeps none of its rows."""
    database = Database.open(settings)
    with suppress(ZeroDivisionError), database.write() as sql:
        sql.add(Person(name="lin", created_at=MOMENT))
        sql.flush()
        raise ZeroDivisionError
    with database.read() as sql:
        assert sql.get(Person, 1) is None
    database.close()


def _rename(home: str, times: int) -> None:
    database = Database.open(load({"SMSVET_HOME": home}))
    for _ in range(times):
        with database.write() as sql:
            person = sql.get_one(Person, 1)
            person.roles = str(int(person.roles or 0) + 1)
            sql.add(person)
    database.close()


def test_processes_lose_no_update(home: Path) -> None:
    """Four processes changing one SQLite row at the same time lose none of their changes."""
    database = Database.open(load({"SMSVET_HOME": str(home)}))
    with database.write() as sql:
        sql.add(Person(name="lin", created_at=MOMENT))
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_rename, args=(str(home), 25)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    with database.read() as sql:
        assert sql.get_one(Person, 1).roles == "100"
    database.close()


def test_a_damaged_file_is_said_in_words(home: Path) -> None:
    """Something that is no database is refused with its path, not with a traceback."""
    settings = load({"SMSVET_HOME": str(home)})
    (home / "smsvet.db").write_bytes(b"this is not a database" * 100)
    with pytest.raises(UserError, match=r"smsvet\.db"):
        Database.open(settings)


def test_sqlite_is_set_up_to_survive(home: Path) -> None:
    """Commits are on disk when they return, and foreign keys hold."""
    database = Database.open(load({"SMSVET_HOME": str(home)}))
    with database.engine.connect() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert found == ["wal", 2, 1]
    database.close()
    assert sqlite3.connect(home / "smsvet.db").execute("select count(*) from person").fetchone()

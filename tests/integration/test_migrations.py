"""A database of an earlier release, with data in it, becomes today's."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.settings import Settings, load
from bot.store import handsets, pushed, sightings, usage
from bot.store.database import MIGRATIONS, Database
from bot.store.sightings import Seen
from bot.store.tables import Connection, Handset, Message, Number, PushedReceipt, Run
from tests.integration.phone_stage import listed, on_the_panel, running

ROWS = """
INSERT INTO connection (id, name, protocol, host, port, options, created_at)
VALUES (1, 'line', 'smpp', '127.0.0.1', 2775, '{}', '2026-11-20 08:00:00');
INSERT INTO number (id, blind, number_sealed, carrier, simulated, owner, consent)
VALUES (1, 'b', BLOB, 'cmcc', FALSE, 'lin', 'signed');
INSERT INTO run (id, connection_id, plan, state, planned_at, epoch, armed_upto, progress,
result, problem) VALUES (1, 1, '{}', 'judged', '2026-11-20 08:00:00', 1, 1, '{}', '{}', '');
INSERT INTO message (run_id, seq, number_id, token, state, handset_ns)
VALUES (1, 0, 1, 'ABC234', 'sent', 5)
"""


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest, home: Path) -> Iterator[Settings]:
    """Settings for an empty database of each kind."""
    if request.param == "sqlite":
        yield load({"SMSVET_HOME": str(home)})
        return
    url = request.getfixturevalue("postgres")
    name = f"m{abs(hash(str(home))) % 10**12}"
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    admin.dispose()
    there = url.replace("/postgres?", f"/{name}?")
    yield load({"SMSVET_HOME": str(home), "SMSVET_DATABASE_URL": there})


def first_release(settings: Settings) -> None:
    """The tables as the first release made them, one row in each that later gained columns."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("sqlalchemy.url", settings.database_url.replace("%", "%%"))
    command.upgrade(config, "0001")
    engine = sa.create_engine(settings.database_url)
    blob = "x'00'" if engine.dialect.name == "sqlite" else r"'\x00'"
    with engine.begin() as connection:
        for row in ROWS.replace("BLOB", blob).split(";"):
            connection.exec_driver_sql(row)
    engine.dispose()


def test_sightings_and_receipts_are_the_same_on_both(settings: Settings) -> None:
    """What phones show and vendors push is kept once, paged by a cursor, and forgotten in time."""
    database = Database.open(settings)
    vault = database.vault
    number = listed(database)
    on_the_panel(database, number, "smsforwarder")
    run = running(database, [number], ["A3K9PX"])
    came = time.time_ns()
    seen = Seen("1069", "code A3K9PX", came, came, 200, "webhook", "one")
    with database.write() as session:
        phone = session.get_one(Handset, 1)
        kept = [sightings.keep(session, vault, phone, seen) for _ in range(2)]
        assert kept == [True, False]
        handsets.beat(session, phone, came)
        row = session.get_one(Run, run)
        pushed.keep(
            session,
            vault,
            row.connection_id,
            receipts=[pushed.Receipt("7", "DELIVRD", number="13900000001")],
            raw="raw",
            came_ns=came,
        )
    with database.write() as session:
        found, cursor = sightings.page(session, vault, {number}, after=0, limit=5)
        assert [("code A3K9PX", "13900000001")] == [(one.text, one.number) for one in found]
        assert sightings.page(session, vault, {number}, after=cursor, limit=5) == ([], cursor)
        assert ["7"] == [one.message_id for one in pushed.after(session, 1, 0, 5)[0]]
        assert list(usage.texted(session, came - 10**12)) == [number]
        assert handsets.spans(session, {number})[number][0][0] < came
        later = datetime.now(UTC) + sightings.KEPT
        pushed.purge(session, came + 1)
        assert [0, 1] == [sightings.purge(session, at) for at in (datetime.now(UTC), later)]
        assert session.get_one(PushedReceipt, 1).raw_sealed is None
    database.close()


def test_what_the_first_release_stored_is_there_with_the_new_columns(settings: Settings) -> None:
    """Rows of the first release survive the migration and have the defaults of what is new."""
    first_release(settings)
    database = Database.open(settings)
    with database.read() as sql:
        number, run = sql.get_one(Number, 1), sql.get_one(Run, 1)
        assert ("CN", "", None, False, False) == (
            number.country,
            number.region,
            number.ported,
            number.announced,
            number.dead,
        )
        assert ("arrival", None, {}) == (run.test, run.pair_id, run.facts)
        assert {} == sql.get_one(Connection, 1).filed
        message = sql.get_one(Message, (1, 0))
        assert (5, None, None) == (
            message.handset_ns,
            message.handset_source,
            message.handset_unsure_ms,
        )
        assert {} == usage.texted(sql, 0)
    database.close()

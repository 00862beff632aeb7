"""The engine behind every table: SQLite made safe for several processes, or PostgreSQL."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import Session, create_engine

from bot.calendars import CompanyDays
from bot.errors import UserError
from bot.settings import Settings
from bot.store import tables
from bot.store.sharing import Direct, Joinable, Sharing, driver_of, told
from bot.store.vault import Vault

BUSY = (
    "The database is held by another program, and half a minute of waiting did not help. Nothing"
    " was lost, and nothing was done in this step: try it once more.\n"
    "数据库正被别的程序占着，等了半分钟也没轮到。已保存的都在，这一步没有生效：请再试一次。"
)
WAIT_MS = 30_000  # for whoever is writing
CONNECTIONS = 12  # kept open: opening one costs more than a turn
MIGRATIONS = Path(__file__).parent / "migrations"


class BusyError(sa.exc.OperationalError, UserError):
    """Somebody else kept writing for too long: nothing of this transaction was kept."""

    def __init__(self, error: sa.exc.OperationalError) -> None:
        super().__init__(error.statement, error.params, error.orig or error, hide_parameters=True)

    def __str__(self) -> str:
        return BUSY


class Database:
    """One database and the vault that opens its sealed columns."""

    def __init__(self, engine: sa.Engine, vault: Vault) -> None:
        self.engine, self.vault = engine, vault
        self.company = CompanyDays()  # goes along with every session, for whoever reckons days
        # The same connections; what listens to an engine costs a twentieth of a turn.
        self._quiet = create_engine(engine.url, pool=engine.pool, hide_parameters=True)
        self._sharing = Sharing(self._quiet) if engine.dialect.name == "sqlite" else None

    @classmethod
    def open(cls, settings: Settings) -> "Database":
        """Connect, bring the schema up to date, and check that the key fits."""
        engine = _engine(settings.database_url)
        try:
            with _saying_busy():
                _bring_up_to_date(engine, settings.database_url)
        except BusyError:
            engine.dispose()
            raise
        except (sa.exc.OperationalError, sa.exc.DatabaseError, sqlite3.DatabaseError) as error:
            raise UserError(
                f"The database {settings.database_for_people} cannot be used: {error.args[0]}"
            ) from error
        return cls(engine, Vault.open(settings.master_key_file))

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction that is alone in writing; committed at the end or not at all.

        Raises BusyError where another one did not end in time.
        """
        with _saying_busy(), self._sharing.write() if self._sharing else self._alone() as session:
            session.info["company"] = self.company
            yield session

    @contextmanager
    def _alone(self) -> Iterator[Session]:
        """A server commits what comes from several connections together by itself."""
        with Session(self._quiet, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A look that holds no lock."""
        with self._quiet.connect() as connection:
            if self._sharing:
                told(driver_of(connection), "BEGIN")
            with Direct(connection, expire_on_commit=False) as session:
                session.info["company"] = self.company
                yield session

    def close(self) -> None:
        self.engine.dispose()


@contextmanager
def _saying_busy() -> Iterator[None]:
    """A lock that SQLite gave up waiting for becomes BusyError; other errors stay as they are."""
    try:
        yield
    except sa.exc.OperationalError as error:
        code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise BusyError(error) from error
        raise


def _engine(url: str) -> sa.Engine:
    # Parameters hold what people said: an error that is logged must not show them.
    sqlite = url.startswith("sqlite")
    engine = create_engine(
        url,
        connect_args={"factory": Joinable} if sqlite else {},
        pool_pre_ping=not sqlite,
        pool_size=CONNECTIONS,
        hide_parameters=True,
    )
    if sqlite:
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # The driver's own transaction handling loses updates between processes: switch it off.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={WAIT_MS}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    reading = connection.get_execution_options().get("reading")
    told(driver_of(connection), "BEGIN" if reading else "BEGIN IMMEDIATE")


def _revision(engine: sa.Engine) -> str | None:
    with engine.execution_options(reading=True).connect() as connection:  # waits for nobody
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        version = connection.scalar(sa.text("select version_num from alembic_version"))
        return str(version) if version else None


def _bring_up_to_date(engine: sa.Engine, url: str) -> None:
    """A new database is made in one step; an older one goes through its migrations.

    Alembic costs half a second to import, which the first prompt should not pay for.
    """
    revision = _revision(engine)
    if revision is None:
        create(engine)
    elif revision != newest_revision():
        migrate(url)


def create(engine: sa.Engine) -> None:
    """Make every table and note the newest migration; a second process finds it done."""
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(74686)"))
        if sa.inspect(connection).has_table("alembic_version"):
            return
        tables.metadata.create_all(connection)
        connection.execute(
            sa.text(
                "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
                "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
            )
        )
        connection.execute(
            sa.text("INSERT INTO alembic_version VALUES (:newest)"), {"newest": newest_revision()}
        )


def newest_revision() -> str:
    """The newest migration, by file name: `0001_first.py` is revision `0001`."""
    return max(path.name.split("_", 1)[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def migrate(url: str) -> None:
    """Bring the schema up to date; two processes starting at once take turns."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, "head")

"""Several writers, one commit: what threads write at the same moment reaches the disk together.

SQLite takes one writer at a time, and each commit waits for the disk. Here threads write one after
the other into one transaction, each behind a savepoint of its own, and wait together until it is
committed. What fails takes nothing of the others along; where the commit itself fails, all of them
are told.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import sqlalchemy as sa
from sqlmodel import Session

MOST = 64  # writers in one transaction: the first of them waits for the last
LONGEST_S = 1.0  # until it is looked whether whoever was to go on was interrupted


class Joinable(sqlite3.Connection):
    """A connection on which SQLAlchemy ends nothing while it is `joined`: see Sharing.write."""

    joined = False

    def commit(self) -> None:
        if not self.joined:
            super().commit()

    def rollback(self) -> None:
        if not self.joined:
            super().rollback()


class Direct(Session):
    """A session on one connection, whose transaction is ours.

    Statements go straight to the connection. What the session does to begin and end for itself,
    which costs more than most of them, happens only where objects are asked for.
    """

    def connection(self, *args: Any, **kwargs: Any) -> sa.Connection:
        if self.in_transaction():
            return super().connection(*args, **kwargs)
        return cast(sa.Connection, self.bind)


@dataclass
class _Together:
    """A transaction that several threads write into, one at a time."""

    connection: sa.Connection
    driver: Joinable
    writers: int = 0
    ended: threading.Event = field(default_factory=threading.Event)
    failure: Exception | None = field(default_factory=lambda: RuntimeError("not committed"))

    @classmethod
    def begun(cls, engine: sa.Engine) -> "_Together":
        connection = engine.connect()
        try:
            driver = driver_of(connection)
            told(driver, "BEGIN IMMEDIATE")
        except BaseException:
            connection.close()
            raise
        driver.joined = True
        return cls(connection, driver)

    @contextmanager
    def part(self) -> Iterator[Session]:
        """One writer's own; where it fails, nothing of it stays.

        SQLAlchemy's savepoints would cost twice as much as everything else here.
        """
        told(self.driver, "SAVEPOINT part")
        try:
            with Direct(self.connection, expire_on_commit=False) as session:
                yield session
                if session.in_transaction():
                    session.commit()
        except BaseException:
            if self.driver.in_transaction:  # else SQLite has dropped everything: see `end`
                told(self.driver, "ROLLBACK TO part")
            raise
        finally:
            if self.driver.in_transaction:
                told(self.driver, "RELEASE part")

    def end(self) -> None:
        """Commit what all of them wrote; where that fails, `failure` says why."""
        self.driver.joined = False
        try:
            # after some errors, such as a full disk, SQLite has dropped everything and this fails
            told(self.driver, "COMMIT")
            self.failure = None
        except Exception as error:  # noqa: BLE001 - everybody raises it, each on their own thread
            self.failure = error
            self.connection.invalidate()  # nothing of it may reach whoever is next
        finally:
            self.connection.close()
            self.ended.set()


def driver_of(connection: sa.Connection) -> Joinable:
    """The driver's own connection below SQLAlchemy's."""
    return cast(Joinable, connection.connection.driver_connection)


def told(driver: sqlite3.Connection, statement: str) -> None:
    """Past SQLAlchemy, which takes ten times as long; its error all the same."""
    try:
        driver.execute(statement)
    except sqlite3.Error as error:
        raise sa.exc.OperationalError(statement, None, error) from error


class Sharing:
    """Transactions of one engine."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._pen = threading.Lock()  # whoever holds it writes
        self._counting = threading.Lock()
        self._waiting = 0  # for the pen
        self._open: _Together | None = None

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Committed at the end, perhaps with what other threads write; or not at all."""
        together = self._take_pen()
        try:
            with together.part() as session:
                yield session
        finally:
            self._pass_on(together)
        if together.failure is not None:
            raise together.failure

    def _take_pen(self) -> _Together:
        self._count(1)
        try:
            self._pen.acquire()
        finally:
            self._count(-1)
        try:
            if self._open is None:
                self._open = _Together.begun(self._engine)
        except BaseException:
            self._pen.release()
            raise
        self._open.writers += 1
        return self._open

    def _count(self, more: int) -> None:
        with self._counting:
            self._waiting += more

    def _pass_on(self, together: _Together) -> None:
        """The last one commits for all; the others wait for that."""
        is_lost = not together.driver.in_transaction  # and nobody may begin anew in its place
        if is_lost or not self._waiting or together.writers >= MOST:
            try:
                self._end(together)
            finally:
                self._pen.release()
            return
        self._pen.release()
        while not together.ended.wait(LONGEST_S):
            with self._pen:
                if self._open is together:
                    self._end(together)

    def _end(self, together: _Together) -> None:
        self._open = None
        together.end()

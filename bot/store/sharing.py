"""Several writers, one commit: what threads write at the same moment reaches the disk together.

SQLite takes one writer at a time, and each commit waits for the disk. Here threads write one after
the other into one transaction, each behind a savepoint of its own, and wait together until it is
committed. What fails takes nothing of the others along; where the commit itself fails, all of them
are told.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlmodel import Session

MOST = 64  # writers in one transaction: the first of them waits for the last
LONGEST_S = 1.0  # until it is looked whether whoever was to go on was interrupted


@dataclass
class _Together:
    """A transaction that several threads write into, one at a time."""

    connection: sa.Connection
    writers: int = 0
    ended: threading.Event = field(default_factory=threading.Event)
    failure: Exception | None = field(default_factory=lambda: RuntimeError("not committed"))


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
            made = Session(
                together.connection,
                expire_on_commit=False,
                join_transaction_mode="create_savepoint",
            )
            with made as session, session.begin():
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
                self._open = _Together(self._begun())
        except BaseException:
            self._pen.release()
            raise
        self._open.writers += 1
        return self._open

    def _count(self, more: int) -> None:
        with self._counting:
            self._waiting += more

    def _begun(self) -> sa.Connection:
        connection = self._engine.connect()
        try:
            connection.begin()
        except BaseException:
            connection.close()
            raise
        return connection

    def _pass_on(self, together: _Together) -> None:
        """The last one commits for all; the others wait for that."""
        if not self._waiting or together.writers >= MOST:
            try:
                self._commit(together)
            finally:
                self._pen.release()
            return
        self._pen.release()
        while not together.ended.wait(LONGEST_S):
            with self._pen:
                if self._open is together:
                    self._commit(together)

    def _commit(self, together: _Together) -> None:
        self._open = None
        try:
            together.connection.commit()
            together.failure = None
        except Exception as error:  # noqa: BLE001 - everybody raises it, each on their own thread
            together.failure = error
            together.connection.invalidate()  # nothing of it may reach whoever is next
        finally:
            together.connection.close()
            together.ended.set()

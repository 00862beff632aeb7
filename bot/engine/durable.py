"""The engine on DBOS: one workflow per run, resumed at the step a crash interrupted.

Steps are repeated after a crash; that nothing is sent twice is the ledger's doing, not this
file's. Only run ids go through the engine.
"""

import logging
import sqlite3
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Self, TypeVar

import sqlalchemy as sa
from dbos import (
    DBOS,
    DBOSConfig,
    DBOSPortableJSONSerializer,
    SetEnqueueOptions,
    SetWorkflowID,
    StepOptions,
)

from bot.engine import storage
from bot.engine.heartbeat import Heartbeat
from bot.engine.send_test import SendTest
from bot.errors import UserError
from bot.settings import Settings
from bot.store.database import Database
from bot.store.tables import Run

VERSION = "1"
"""Pinned: a version taken from the code strands every running test at the next edit. Change it
only with a change of the steps that running workflows cannot take."""

FILE = "smsvet-engine.db"
AT_ONCE = 8  # runs of one worker; most of a run is waiting
MOST_FAILURES = 3  # of one run's workflows, before the run is given up
KEPT = timedelta(days=30)
TELLINGS = 5  # of an outcome to the application, with growing pauses
LOOKS = 10  # by `tend` in a row, at work that nobody does, before it counts as stuck
FIRST_SQLITE_FOR_312 = (3, 42)

Result = TypeVar("Result")

logger = logging.getLogger(__name__)

_RUNS, _TIMERS = "runs", "timers"
_UNDER_WAY = {"ENQUEUED", "DELAYED", "PENDING"}
_BROKEN = {"ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"}


class Durable:
    """See bot.engine.port.Engine. One per process; use as a context."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        test: SendTest,
        *,
        executor: str,
        woke: Callable[[str], None] | None = None,
    ) -> None:
        _check_sqlite()
        self._database, self._test, self._executor = database, test, executor
        self._woke = woke or (lambda key: None)
        self._heartbeat: Heartbeat | None = None
        self._inside: set[str] = set()  # workflows that a thread of ours is in
        self._stuck: set[str] = set()  # those of them whose storage failed
        self._orphaned: dict[str, int] = {}
        DBOS(config=_config(settings, executor))
        self._run_workflow = DBOS.workflow(name="run")(self._make_run())
        self._wake_workflow = DBOS.workflow(name="wake")(self._make_wake())

    def __enter__(self) -> Self:
        DBOS.launch()
        DBOS.register_queue(_RUNS, worker_concurrency=AT_ONCE, polling_interval_sec=0.2)
        DBOS.register_queue(_TIMERS, polling_interval_sec=1.0)
        _forget_old()
        if self._database.engine.dialect.name == "postgresql":
            self._heartbeat = Heartbeat(self._database.engine, self._executor)
        return self

    def __exit__(self, *_: object) -> None:
        if self._heartbeat is not None and not self.busy():
            self._heartbeat.forget(self._executor)
        DBOS.destroy(destroy_registry=True)

    def start(self, run_id: int) -> None:
        known = DBOS.list_workflows(workflow_id_prefix=f"run-{run_id}-", load_input=False)
        statuses = [each.status for each in known]
        if _UNDER_WAY.intersection(statuses):
            return
        if sum(status in _BROKEN for status in statuses) >= MOST_FAILURES:
            self._test.give_up(run_id)
            return
        with SetWorkflowID(f"run-{run_id}-{len(known)}"):
            DBOS.enqueue_workflow(_RUNS, self._run_workflow, run_id)

    def cancel(self, run_id: int) -> None:
        with self._database.write() as session:
            run = session.get_one(Run, run_id)
            run.stop_asked_at = run.stop_asked_at or datetime.now(UTC)
            session.add(run)

    def progress(self, run_id: int) -> dict[str, Any]:
        with self._database.read() as session:
            return session.get_one(Run, run_id).progress

    def at(self, due: datetime, key: str) -> None:
        delay_s = max(0.0, (due - datetime.now(UTC)).total_seconds())
        due_id = f"at-{key}-{due.astimezone(UTC).isoformat()}"
        with SetWorkflowID(due_id), SetEnqueueOptions(delay_seconds=delay_s):
            DBOS.enqueue_workflow(_TIMERS, self._wake_workflow, key)

    def busy(self) -> bool:
        """Whether a workflow of this executor is under way."""
        mine = DBOS.list_workflows(
            status=["PENDING"], executor_id=self._executor, load_input=False, limit=1
        )
        return bool(mine)

    @property
    def working(self) -> bool:
        """Whether a run is carried out here; asks no database."""
        return bool(self._inside - self._stuck)

    @property
    def stuck(self) -> bool:
        """Whether only another process can go on with a run: the storage failed us, then it did.

        Such a step does not return: a failure that nobody could write down is none of the run's.
        """
        return bool(self._stuck) or LOOKS in self._orphaned.values()

    def tend(self) -> None:
        """Say that this worker lives, and pass on what dead ones left; every second or so."""
        self._orphaned = {each: self._orphaned.get(each, 0) + 1 for each in self._orphans()}
        if self._heartbeat is None:
            return
        self._heartbeat.beat()
        for executor in self._heartbeat.silent():
            left = DBOS.list_workflows(status=["PENDING"], executor_id=executor, load_input=False)
            for each in left:
                DBOS.resume_workflow(each.workflow_id, queue_name=each.queue_name)
            self._heartbeat.forget(executor)

    def _orphans(self) -> set[str]:
        """Runs under way by the engine's books that no thread is at: their end went unwritten."""
        mine = DBOS.list_workflows(
            status=["PENDING"], executor_id=self._executor, name="run", load_input=False
        )
        return {each.workflow_id for each in mine} - self._inside

    def _make_run(self) -> Callable[[int], str]:
        test = self._test

        def steps(run_id: int) -> str:
            said = _step(test.prepare, run_id)
            if said == "go on":
                said = _step(test.exchange, run_id)
            if said == "leave":
                return "left"
            _step(test.judge, run_id)
            _step(test.announce, run_id, tries=TELLINGS)
            return "concluded"

        def run(run_id: int) -> str:
            me = DBOS.workflow_id or ""
            self._inside.add(me)
            try:
                return steps(run_id)
            except storage.StuckError:
                self._stuck.add(me)
                threading.Event().wait()  # until this process ends
                raise
            finally:
                self._inside.discard(me)

        return run

    def _make_wake(self) -> Callable[[str], None]:
        def wake(key: str) -> None:
            DBOS.run_step({"name": "wake"}, self._woke, key)

        return wake


def _step(step: Callable[[int], Result], run_id: int, *, tries: int = 1) -> Result:
    """One checkpointed step; what it raises is ours to log, for the engine itself is quiet."""

    def logged() -> Result:
        try:
            return step(run_id)
        except Exception as error:
            logger.exception("run %d: %s was broken off", run_id, step.__name__)
            if storage.failed(error):
                raise storage.StuckError from error
            raise

    options = StepOptions(name=step.__name__, retries_allowed=tries > 1, max_attempts=tries)
    try:
        return DBOS.run_step(options, logged)
    except Exception as error:  # what the engine itself could not write
        if storage.failed(error):
            raise storage.StuckError from error
        raise


def _forget_old() -> None:
    """What ended long ago is of no use to the engine; the runs themselves stay."""
    before = (datetime.now(UTC) - KEPT).isoformat()
    old = DBOS.list_workflows(
        status=["SUCCESS", "ERROR"], end_time=before, load_input=False, load_output=False
    )
    DBOS.delete_workflows([each.workflow_id for each in old])


def _config(settings: Settings, executor: str) -> DBOSConfig:
    config = DBOSConfig(
        name="smsvet",
        application_version=VERSION,
        executor_id=executor,
        serializer=DBOSPortableJSONSerializer(),  # the default would be pickle
        enable_otlp=False,
        log_level="CRITICAL",
        console_log_level="CRITICAL",
        notification_listener_polling_interval_sec=1.0,
        system_database_url=settings.database_url,
    )
    if settings.sqlite is not None:
        path = settings.home / FILE
        config["system_database_url"] = f"sqlite:///{path}"
        config["system_database_engine"] = _sqlite_engine(f"sqlite:///{path}")
    return config


def _sqlite_engine(url: str) -> sa.Engine:
    engine = sa.create_engine(url, pool_size=20, max_overflow=0)
    sa.event.listen(engine, "connect", _prepare)
    return engine


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = "IMMEDIATE"  # a deferred transaction loses updates
    for pragma in (
        "busy_timeout=30000",
        "foreign_keys=ON",
        "journal_mode=WAL",
        "synchronous=FULL",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _check_sqlite() -> None:
    if sys.version_info >= (3, 12) and sqlite3.sqlite_version_info < FIRST_SQLITE_FOR_312:
        raise UserError(
            f"SQLite {sqlite3.sqlite_version} is too old for the engine on this Python: "
            "use Python 3.11, or SQLite 3.42 or newer."
        )

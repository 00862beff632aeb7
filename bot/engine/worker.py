"""The worker process: takes confirmed runs from the database and carries them out."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from types import FrameType
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from bot.engine import spawn, vendors
from bot.engine.send_test import Concluded, SendTest
from bot.engine.vendors import Vendors
from bot.settings import Settings
from bot.store.database import Database
from evaluators.sending.limits import RULES, Rules

if TYPE_CHECKING:
    from bot.engine.durable import Durable

logger = logging.getLogger(__name__)

SWEEP_S = 0.3
TEND_S = 1.0
LEAVE_S = 8.0  # for runs to come to rest once this process is to leave; managers wait 10


def serve(
    settings: Settings,
    database: Database,
    concluded: Concluded,
    *,
    until_idle: float | None = None,
    simulate: Sequence[str] = vendors.COMMAND,
    rules: Rules = RULES,
) -> int:
    """Work until told to end, or until there has been nothing to do for `until_idle` seconds.

    The one worker of this state directory; a second one says so and leaves.
    """
    with spawn.alone(settings) as alone:
        if not alone and (settings.sqlite is not None or until_idle is not None):
            sys.stderr.write(f"A worker already runs on {settings.home}.\n")
            return 0
        test = SendTest(database, Vendors(database, simulate), concluded, rules)
        worker = _Worker(settings, database, test)
        worker.work(until_idle)
    if until_idle is not None and not worker.told_to_end and worker.has_work():
        spawn.ensure(settings)  # confirmed while we were leaving, by somebody who saw us alive
    return 0


class _Worker:
    def __init__(self, settings: Settings, database: Database, test: SendTest) -> None:
        self.told_to_end = False
        self._settings, self._database, self._test = settings, database, test
        self._leaving = threading.Timer(LEAVE_S, _leave)
        self._leaving.daemon = True

    def has_work(self) -> bool:
        return bool(self._test.refresh())

    def work(self, until_idle: float | None) -> None:
        from bot.engine.durable import Durable

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        executor = _executor(self._settings)
        with Durable(self._settings, self._database, self._test, executor=executor) as engine:
            self._sweep(engine, until_idle)
            self._rest(engine)
        if not self.has_work():
            self._test.vendors.release()
        self._leaving.cancel()

    def _sweep(self, engine: Durable, until_idle: float | None) -> None:
        """Start what was confirmed, until told to end, idle for long enough, or of no use."""
        busy_at = tended_at = time.monotonic()
        while not self.told_to_end and not engine.stuck:
            now = time.monotonic()
            try:
                busy_at = now if self._start(engine) else busy_at
                if now - tended_at >= TEND_S:
                    engine.tend()
                    tended_at = now
            except SQLAlchemyError as error:  # it is away; the runs themselves notice too
                logger.error("the worker could not look for work: %s", error)  # noqa: TRY400 - often
                busy_at = now
            if until_idle is not None and now - busy_at > until_idle and not engine.busy():
                return
            time.sleep(SWEEP_S)

    def _start(self, engine: Durable) -> bool:
        """Have every run without an end worked on; False if there is none."""
        found = self._test.refresh()
        for run_id in found:
            engine.start(run_id)
        return bool(found)

    def _rest(self, engine: Durable) -> None:
        """Let runs come to rest where they are; their next worker goes on from there."""
        self._test.parking = True
        self._end_in_time()
        while engine.working or (not engine.stuck and engine.busy()):
            time.sleep(SWEEP_S)
        if engine.stuck:
            sys.stderr.write("The storage failed; the next worker goes on with what is left.\n")
            _leave()

    def _end(self, _signal: int, _frame: FrameType | None) -> None:
        self.told_to_end = True
        self._end_in_time()

    def _end_in_time(self) -> None:
        """Whatever hangs, in a run or in the engine: the next worker goes on from there."""
        if self._leaving.ident is None:
            self._leaving.start()


def _leave() -> None:
    """End this process at once; its locks go with it."""
    os._exit(1)


def _executor(settings: Settings) -> str:
    """Whose work is whose: the one worker of a SQLite home takes up what the last one left."""
    if settings.sqlite is not None:
        return "worker"
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"

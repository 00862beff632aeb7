"""Whether a worker lives on this state directory, and starting one. Cheap: no engine in here."""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bot.settings import Settings

IDLE_S = 60.0  # a worker started for one test leaves after so long without another
COMMAND = (sys.executable, "-m", "bot", "worker", "--until-idle", f"{IDLE_S:g}")


@contextmanager
def alone(settings: Settings) -> Iterator[bool]:
    """Be the one worker of this state directory while the context lasts; False: there is one.

    A lock held by a process, so that it ends with it however that ends.
    """
    descriptor = os.open(_lock(settings), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield any(_locked(descriptor, pause_s) for pause_s in (0.0, 0.1, 0.3))
    finally:
        os.close(descriptor)


def _locked(descriptor: int, pause_s: float) -> bool:
    """Try once, after a pause: somebody may only have been looking whether we live."""
    time.sleep(pause_s)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def alive(settings: Settings) -> bool:
    """Whether a worker lives here now."""
    if not _lock(settings).exists():
        return False
    descriptor = os.open(_lock(settings), os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def ensure(settings: Settings, command: Sequence[str] = COMMAND) -> bool:
    """Start a worker of its own unless one lives; True if it was started.

    It outlives the chat that started it, and writes to `worker.log` in the state directory. Call
    it after the run is committed: a worker about to leave looks once more after it let go.
    """
    if alive(settings):
        return False
    with (settings.home / "worker.log").open("ab") as log:
        subprocess.Popen(  # noqa: S603 - our own program
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=os.environ | environment(settings),
        )
    return True


def environment(settings: Settings) -> dict[str, str]:
    """What makes another process of ours read the same settings."""
    return {
        "SMSVET_HOME": str(settings.home),
        "SMSVET_DATABASE_URL": settings.database_url,
        "SMSVET_MASTER_KEY_FILE": str(settings.master_key_file),
    }


def _lock(settings: Settings) -> Path:
    return settings.home / "worker.lock"

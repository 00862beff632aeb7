"""Keeps the interpreter's own housekeeping from making a sending phase late."""

import gc
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST_S = 60.0  # a longer phase would only pile up garbage; it collects as usual

SWITCH_S = 0.0005  # how long the writer's thread may keep the sender waiting; else 5 ms

_lock = threading.Lock()
_usual_s = sys.getswitchinterval()
_users = 0


@contextmanager
def quiet(expected_s: float) -> Iterator[None]:
    """Collect now and not again, and let threads take turns quickly.

    Until the last of several such phases at once has ended.
    """
    if expected_s > LONGEST_S:
        yield
        return
    _change(+1)
    try:
        yield
    finally:
        _change(-1)


def _change(by: int) -> None:
    global _users
    with _lock:
        before, _users = _users, _users + by
        if before == 0:
            gc.collect()
            gc.freeze()
            gc.disable()
            sys.setswitchinterval(SWITCH_S)
        elif _users == 0:
            sys.setswitchinterval(_usual_s)
            gc.enable()
            gc.unfreeze()

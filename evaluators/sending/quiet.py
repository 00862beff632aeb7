"""Keeps the garbage collector from interrupting a sending phase."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST_S = 60.0  # a longer phase would only pile up garbage; it collects as usual

_lock = threading.Lock()
_users = 0


@contextmanager
def quiet(expected_s: float) -> Iterator[None]:
    """Collect now and not again until the last of several such phases has ended."""
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
        elif _users == 0:
            gc.enable()
            gc.unfreeze()

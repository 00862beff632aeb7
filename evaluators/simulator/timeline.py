"""Things that will happen: one heap of plain tuples, several times cheaper than loop timers."""

import asyncio
import heapq
from collections.abc import Callable
from itertools import count
from typing import Any


class Timeline:
    """Calls functions after so many seconds, in order of time, within a millisecond or so."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._heap: list[tuple[float, int, Callable[..., object], tuple[Any, ...]]] = []
        self._order = count()
        self._timer: asyncio.TimerHandle | None = None

    def now(self) -> float:
        return self._loop.time()

    def after(self, delay_s: float, call: Callable[..., object], *args: object) -> None:
        due = self._loop.time() + delay_s
        heapq.heappush(self._heap, (due, next(self._order), call, args))
        if self._timer is None or due < self._timer.when():
            self._arm(due)

    def close(self) -> None:
        """Nothing more happens."""
        self._heap.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(due, self._run)

    def _run(self) -> None:
        now = self._loop.time()
        while self._heap and self._heap[0][0] <= now:
            _, _, call, args = heapq.heappop(self._heap)
            call(*args)
        self._timer = None
        if self._heap:
            self._arm(max(self._heap[0][0], now + 0.001))

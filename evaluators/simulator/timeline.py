"""Things that will happen: buckets of a millisecond, many times cheaper than loop timers."""

import asyncio
import heapq
from collections.abc import Callable
from typing import Any

_PER_S = 1000

_Call = tuple[Callable[[Any, Any], object], Any, Any]


class Timeline:
    """Calls functions at their time, rounded up to a millisecond; within one, in order given."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._buckets: dict[int, list[_Call]] = {}
        self._due: list[int] = []  # a heap of the buckets' numbers
        self._timer: asyncio.TimerHandle | None = None
        self._armed = 0
        self.now = self._loop.time
        """Seconds, any origin."""

    def at(self, when_s: float, call: Callable[[Any, Any], object], one: Any, two: Any) -> None:
        """Call `call(one, two)` at this time by `now`."""
        bucket = int(when_s * _PER_S) + 1
        try:
            self._buckets[bucket].append((call, one, two))
        except KeyError:
            self._buckets[bucket] = [(call, one, two)]
            heapq.heappush(self._due, bucket)
            if self._timer is None or bucket < self._armed:
                self._arm(bucket)

    def close(self) -> None:
        """Nothing more happens."""
        self._buckets.clear()
        self._due.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self, bucket: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._armed = bucket
        self._timer = self._loop.call_at(bucket / _PER_S, self._run)

    def _run(self) -> None:
        self._timer = None
        now = int(self._loop.time() * _PER_S)
        while self._due and self._due[0] <= now:
            for call, one, two in self._buckets.pop(heapq.heappop(self._due)):
                call(one, two)
        if self._due:
            self._arm(self._due[0])

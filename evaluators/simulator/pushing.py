"""Pushes a simulated vendor's reports to whoever wants them, and again where that fails."""

import asyncio
from collections import Counter, deque
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import anyio

from evaluators.simulator.http_dialects import Dialect

AGAIN_S = (0.5, 2.0, 8.0)
"""Pauses before a push is tried again; after the last it is given up."""
_AT_A_TIME = 16
_PATIENCE_S = 5.0
_LONGEST_ANSWER = 65_536
_HELD = 100_000

Reports = deque[Mapping[str, Any]]


class Pusher:
    """Reports wait here until `run` has got them to where they belong."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        """pushed (and heard), again, given_up: requests, not reports."""
        self._waiting: dict[tuple[str, Dialect], Reports] = {}
        self._some = asyncio.Event()

    def put(self, url: str, dialect: Dialect, report: Mapping[str, Any]) -> None:
        """Push a report to `url` (http only)."""
        key = (url, dialect)
        if key not in self._waiting:
            self._waiting[key] = deque(maxlen=_HELD)
        self._waiting[key].append(report)
        self._some.set()

    async def run(self) -> None:
        """Until cancelled."""
        limit = anyio.Semaphore(_AT_A_TIME)
        async with anyio.create_task_group() as tasks:
            while True:
                await self._some.wait()
                self._some.clear()
                for (url, dialect), waiting in self._waiting.items():
                    while waiting:
                        await limit.acquire()
                        reports = [
                            waiting.popleft() for _ in range(min(dialect.most, len(waiting)))
                        ]
                        tasks.start_soon(self._deliver, (url, dialect), reports, limit)

    async def _deliver(
        self,
        where: tuple[str, Dialect],
        reports: list[Mapping[str, Any]],
        limit: anyio.Semaphore,
    ) -> None:
        held = True
        for pause_s in (*AGAIN_S, None):
            heard = await self._try(where, reports)
            if held:  # others need not wait for a second try
                limit.release()
                held = False
            if heard:
                self.counts["pushed"] += 1
                return
            if pause_s is not None:
                self.counts["again"] += 1
                await anyio.sleep(pause_s)
        self.counts["given_up"] += 1

    async def _try(self, where: tuple[str, Dialect], reports: list[Mapping[str, Any]]) -> bool:
        url, dialect = where
        parts = urlsplit(url)
        push = dialect.push(url, reports)
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        head = [f"POST {target} HTTP/1.1", f"Host: {parts.netloc}", "Connection: close"]
        head += [f"{name}: {value}" for name, value in push.headers.items()]
        head += [f"Content-Length: {len(push.body)}", "", ""]
        try:
            with anyio.fail_after(_PATIENCE_S):
                return dialect.heard(
                    *await _exchanged(parts, "\r\n".join(head).encode() + push.body)
                )
        except (OSError, ValueError):
            return False


async def _exchanged(parts: Any, request: bytes) -> tuple[int, bytes]:
    """Status and body of the answer, which ends with its connection."""
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
    try:
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        status = int(head.split(b" ", 2)[1])
        length = head.partition(b"content-length:")[2].partition(b"\r\n")[0].strip()
        size = min(int(length or _LONGEST_ANSWER), _LONGEST_ANSWER)
        return status, await (reader.readexactly(size) if length else reader.read(size))
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise ValueError("not an answer") from error
    finally:
        writer.close()

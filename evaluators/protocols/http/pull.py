"""Asks a vendor for delivery reports, never more often than its documentation allows."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Never

from evaluators.protocols.http.answer import test
from evaluators.protocols.http.codec import Response
from evaluators.protocols.http.compose import Writer, times
from evaluators.protocols.http.connection import Connection, Load
from evaluators.protocols.http.pool import Door
from evaluators.protocols.http.reading import Reader, Report
from evaluators.protocols.http.request import Moment
from evaluators.protocols.http.vendor import Pull
from evaluators.protocols.session import Clock

_LONGEST_PAUSE_S = 60.0


class Puller:
    """One question at a time over a connection of its own. What goes wrong is counted."""

    def __init__(
        self,
        pull: Pull,
        writer: Writer,
        door: Door,
        *,
        on_reports: Callable[[Sequence[Report]], None],
        moment: Callable[[], Moment],
        clock: Clock,
    ) -> None:
        self.oddities: Counter[str] = Counter()
        self._every_s = pull.every_s
        self._writer, self._door = writer, door
        self._succeeded, self._reader = test(pull.success), Reader(pull.reading)
        self._on_reports, self._moment, self._clock = on_reports, moment, clock
        self._connection: Connection | None = None
        self._waiting: asyncio.Future[Response] | None = None

    async def run(self) -> Never:
        """Ask again and again, until cancelled; more patiently while that does not work."""
        pause_s = self._every_s
        try:
            while True:
                worked = await self._ask_once()
                pause_s = self._every_s if worked else min(2 * pause_s, self._longest)
                await asyncio.sleep(pause_s)
        finally:
            if self._connection is not None:
                self._connection.abort()

    async def _ask_once(self) -> bool:
        try:
            async with asyncio.timeout(self._door.answer_timeout_s):
                response = await self._ask()
        except OSError as error:
            self.oddities[f"reports could not be asked for: {str(error) or 'no answer'}"] += 1
            if self._connection is not None:
                self._connection.abort()
            self._connection = None
            return False
        try:
            document = json.loads(response.body)
            if not self._succeeded(response.status, document):
                self.oddities[f"reports were refused: {response.body[:200]!r}"] += 1
                return False
            reports = self._reader.read("", response.body)
        except (ValueError, RecursionError) as error:
            self.oddities[f"an answer without reports: {error}"] += 1
            return False
        if reports:
            self._on_reports(reports)
        return True

    async def _ask(self) -> Response:
        loop, moment = asyncio.get_running_loop(), self._moment()
        if self._connection is None:
            _, self._connection = await loop.create_connection(
                lambda: Connection(self, self._clock),
                self._door.host,
                self._door.port,
                ssl=self._door.tls,
            )
        self._waiting = loop.create_future()
        load = Load(-1, "", self._clock())
        self._connection.send(load, self._writer.octets(times(moment), moment))
        return await self._waiting

    @property
    def _longest(self) -> float:
        return max(_LONGEST_PAUSE_S, self._every_s)

    # What the connection calls.

    def answered(self, connection: Connection, response: Response) -> None:
        connection.load = None
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(response)
        if not response.keep:
            self._connection = None
            connection.close()

    def gone(self, connection: Connection, detail: str) -> None:
        if self._connection is not connection:
            return
        self._connection = None
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ConnectionError(detail or "closed without an answer"))

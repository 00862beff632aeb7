"""Every configured channel side by side; what fails in one leaves the others alone.

A bot account may be listened to by one process at a time, so each channel runs under a lease: a
second `smsvet serve` on the same database stands by and takes over when the first is gone.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import anyio
from anyio.to_thread import run_sync

from bot.channels.port import Channel, Ticking
from bot.delivery import Delivery
from bot.front import Desk
from bot.progress import EVERY_S, Ticker
from bot.store import outbox
from bot.store.database import Database

log = logging.getLogger(__name__)

LEASE_S, RENEW_S = 30.0, 10.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
GOOD_S = 120.0  # a channel that ran so long starts with short pauses again


@dataclass
class Switchboard:
    """Runs channels: listening, delivering, starting again."""

    channels: Sequence[Channel]
    desk: Desk
    database: Database
    clock: Callable[[], datetime]
    now: Callable[[], float]
    holder: str  # who we are among processes on this database; the same after a restart
    progress_s: float = EVERY_S  # between two looks at running tests
    deliveries: dict[str, Delivery] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.desk.wake = self._wake

    async def run(self) -> None:
        """Until cancelled."""
        async with anyio.create_task_group() as tasks:
            for channel in self.channels:
                tasks.start_soon(self._keep_up, channel)

    async def close(self) -> None:
        """Leave the bots to whoever comes next."""
        for channel in self.channels:
            with anyio.move_on_after(5, shield=True):
                await channel.close()
                release = partial(self._release, channel.name)
                await run_sync(release, limiter=self.desk.threads)

    def _wake(self, name: str) -> None:
        if name in self.deliveries:
            self.deliveries[name].wake()

    async def _keep_up(self, channel: Channel) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            began = self.now()
            try:
                if await self._hold(channel.name):
                    await self._run(channel)
                else:
                    pause_s = RENEW_S  # another process has it
            except Exception:
                log.exception("%s stopped; it is started again", channel.name)
            if self.now() - began > GOOD_S:
                pause_s = FIRST_PAUSE_S
            await anyio.sleep(pause_s)
            pause_s = min(LONGEST_PAUSE_S, 2 * pause_s)

    async def _run(self, channel: Channel) -> None:
        """As long as the lease is ours."""
        wordings = self.desk.assistant.scenery.wordings
        again = {language: word("delivery.again") for language, word in wordings.items()}
        delivery = Delivery(channel, self.database, self.clock, self.now, self.desk.threads, again)
        self.deliveries[channel.name] = delivery
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(delivery.run)
                tasks.start_soon(channel.listen, self.desk)
                if isinstance(channel, Ticking):
                    ticker = Ticker(channel, delivery, wordings, self.now, self.progress_s)
                    tasks.start_soon(ticker.run)
                await self._while_ours(channel.name)
                tasks.cancel_scope.cancel()
        finally:
            del self.deliveries[channel.name]

    async def _while_ours(self, name: str) -> None:
        """Renew the lease until another process has it.

        While the database is away nobody can take it, so that proves nothing until it has run out.
        """
        held_at, ours = self.now(), True
        while ours and self.now() - held_at < LEASE_S:
            await anyio.sleep(RENEW_S)
            try:
                ours = await self._hold(name)
                held_at = self.now()
            except Exception:
                log.exception("could not renew the lease of %s", name)
        log.warning("%s is run by another process now", name)

    async def _hold(self, name: str) -> bool:
        return await run_sync(self._take_lease, name, limiter=self.desk.threads)

    def _take_lease(self, name: str) -> bool:
        with self.database.write() as sql:
            return outbox.lease(sql, name, self.holder, self.clock(), seconds=LEASE_S)

    def _release(self, name: str) -> None:
        with self.database.write() as sql:
            outbox.release(sql, name, self.holder)

"""The sweep: whichever process is up finds what is due, and tells it in one transaction.

A notice, the message about it and the step after it are written together or not at all, so a
process that dies at any moment loses nothing and repeats nothing.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import anyio
from anyio.to_thread import run_sync
from sqlmodel import Session

from bot import calendars
from bot.dialogue import notices as words
from bot.dialogue.effects import Say
from bot.dialogue.rhythm import escalates
from bot.store import chats, notices, reminders
from bot.store.database import Database
from bot.store.notices import Told
from bot.wording import Wording
from evaluators.checklist import Checklist

log = logging.getLogger(__name__)

EVERY_S = 5.0


@dataclass
class Sweeper:
    """Looks every few seconds. `wake` says that something waits for a channel."""

    database: Database
    wordings: Mapping[str, Wording]
    checklist: Checklist
    clock: Callable[[], datetime]
    wake: Callable[[str], object] = lambda _channel: None
    limiter: anyio.CapacityLimiter | None = None  # the one of the front: SQLite has one writer
    every_s: float = EVERY_S
    group: str = ""  # the conversation that hears of escalations too
    told: int = field(default=0, init=False)  # messages so far

    async def run(self) -> None:
        """Until cancelled; a database that is away for a while is waited for."""
        while True:
            try:
                for channel in await run_sync(self.sweep, limiter=self.limiter):
                    self.wake(channel)
            except Exception:  # the reminders of tomorrow must not die of one of today's
                log.exception("could not look which reminders are due")
            await anyio.sleep(self.every_s)

    def sweep(self) -> frozenset[str]:
        """Tell what is due now, one message for each person; the channels that have something."""
        now = self.clock()
        with self.database.read() as sql:
            if not notices.any_due(sql, now):
                return frozenset()
        with self.database.write() as sql:
            if not notices.alone(sql):
                return frozenset()
            notices.fall_due(sql, now)
            told = [each for each in notices.to_tell(sql, now) if self._tell(sql, each, now)]
        self.told += len(told)
        where = [each.chat.id for each in told]
        where += [self.group] if told and self.group else []
        return frozenset(map(chats.channel_of, where))

    def _tell(self, sql: Session, told: Told, now: datetime) -> bool:
        """False where one person's message could not be made: the others get theirs."""
        try:
            with sql.begin_nested():
                notices.tell(sql, told, self._say(sql, told, now), now)
                self._escalate(sql, told, now)
        except Exception:
            log.exception("could not remind person %s", told.person.id)
            notices.postpone(sql, told, now)
            return False
        return True

    def _escalate(self, sql: Session, told: Told, now: datetime) -> None:
        """What an approver is told of as overdue, the group hears too: in the same transaction."""
        overdue = [each.due for each in told.tellings if not each.yours and escalates(each.step)]
        if self.group and overdue:
            text = words.escalation(
                self._wording(told), self.checklist, overdue, _day(sql, told, now)
            )
            notices.tell_group(sql, self.group, text, beside=told.person, now=now)

    def _say(self, sql: Session, told: Told, now: datetime) -> Say:
        return words.digest(
            self._wording(told), self.checklist, told.tellings, _day(sql, told, now)
        )

    def _wording(self, told: Told) -> Wording:
        return self.wordings.get(told.person.language) or self.wordings["zh"]


def _day(sql: Session, told: Told, now: datetime) -> date:
    """Today, where the person is."""
    return calendars.today(reminders.hours_of(sql, told.person.id or 0), now)

"""People with chats and reminders in a database, and a clock in our hands."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from sqlmodel import select

from bot import wording
from bot.dialogue import effects as do
from bot.reminders import Sweeper
from bot.settings import CONTENT
from bot.store import reminders
from bot.store.database import Database
from bot.store.tables import Conversation, Notice, Outbox, Person, Reminder
from evaluators import checklist

ITEMS = checklist.load(CONTENT / "checklist")
WORDS = wording.load(CONTENT / "wording")
PAIR = {"vendor": "云信达", "backup": "九州"}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass
class Team:
    """`now` is what the sweep takes for the time."""

    database: Database
    now: datetime
    woken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sweeper = Sweeper(self.database, WORDS, ITEMS, lambda: self.now, self.woken.append)

    def person(
        self, name: str, *chats: str, roles: str = "technical", timezone: str = "Asia/Shanghai"
    ) -> int:
        """Somebody who used these chats, the last one last."""
        with self.database.write() as sql:
            row = Person(name=name, roles=roles, created_at=self.now, timezone=timezone)
            sql.add(row)
            sql.flush()
            for number, chat in enumerate(chats):
                when = self.now.replace(year=2025, minute=number)
                sql.add(Conversation(id=chat, person_id=row.id, updated_at=when))
            return row.id

    def remind(self, effect: do.AboutReminder, by: int) -> None:
        with self.database.write() as sql:
            reminders.keep(sql, effect, by=by, now=self.now)

    def drill(self, who: str, due: str, by: int, backup: str = "九州") -> None:
        subject = {**PAIR, "backup": backup}
        self.remind(do.Remind("drill", who, date.fromisoformat(due), subject), by)

    def sweep(self, when: str) -> None:
        self.now = at(when)
        self.sweeper.sweep()

    def queued(self, chat: str) -> list[Outbox]:
        with self.database.read() as sql:
            rows = sql.exec(
                select(Outbox).where(Outbox.conversation_id == chat).order_by(Outbox.id)
            )
            return list(rows)

    def said(self, chat: str) -> list[str]:
        """What is new in a chat; it counts as delivered from now on."""
        with self.database.write() as sql:
            rows = sql.exec(
                select(Outbox)
                .where(Outbox.conversation_id == chat, Outbox.delivered_at.is_(None))
                .order_by(Outbox.id)
            ).all()
            for row in rows:
                row.delivered_at = self.now
            return [row.body["text"] for row in rows]

    def unreachable(self, chat: str, *, now: bool = True) -> None:
        with self.database.write() as sql:
            sql.get_one(Conversation, chat).unreachable_at = self.now if now else None

    def reminder(self, number: int = 1) -> Reminder:
        with self.database.read() as sql:
            return sql.get_one(Reminder, number)

    def notices(self) -> list[Notice]:
        with self.database.read() as sql:
            return list(sql.exec(select(Notice).order_by(Notice.due_on, Notice.due_at)))

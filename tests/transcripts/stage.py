"""A conversation on stage: the real assistant on a real SQLite file, its clock in our hands."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot import wording
from bot.assistant import Assistant
from bot.dialogue.scene import Line
from bot.messages import Chat, Message, Outgoing
from bot.settings import CONTENT, load
from bot.store import runs
from bot.store.database import Database
from bot.store.tables import Connection, Run
from evaluators import checklist
from evaluators.content import read
from evaluators.sending.feasibility import RULES
from evaluators.sending.plan import Plan

START = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


class Guide:
    """Says what it was asked; the guidance itself has its own tests."""

    def consult(self, question: str, language: str) -> str:
        return f"<guidance: {question}>"

    def explain(self, anchor: str, language: str) -> str:
        return f"<passage: {anchor}>"


@dataclass
class Desk:
    """Two connections, and a list of what was started."""

    clock: "Clock"
    started: list[tuple[str, dict]] = field(default_factory=list)
    woken: int = 0

    def lines(self, session, language: str) -> tuple[Line, ...]:
        return (
            Line("sim:honest", "simulated honest", simulated=True, rate=200, numbers=3000),
            Line("real", "the real one", simulated=False, rate=50, numbers=1200),
        )

    def add(self, session, run: Run, connection: str) -> None:
        row = Connection(name=f"{connection}-{len(self.started)}", created_at=self.clock())
        row.simulated = connection.removeprefix("sim:") if connection.startswith("sim:") else None
        session.add(row)
        session.flush()
        run.connection_id = row.id
        session.add(run)
        self.started.append((connection, run.plan))

    def wake(self) -> None:
        self.woken += 1


@dataclass
class Clock:
    at: datetime = START

    def __call__(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


@dataclass
class Stage:
    """Plays messages and collects what is said."""

    home: Path
    chat: Chat = field(default_factory=lambda: Chat("terminal", "lin"))
    language: str = "zh"
    clock: Clock = field(default_factory=Clock)
    replies: list[Outgoing] = field(default_factory=list)
    ids: Iterable[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.settings = load({"SMSVET_HOME": str(self.home)})
        self.desk = Desk(self.clock)
        self.open()

    def open(self) -> None:
        """Start the application, as after a restart."""
        self.database = Database.open(self.settings)
        self.assistant = Assistant(
            database=self.database,
            checklist=checklist.load(CONTENT / "checklist"),
            wordings=wording.load(CONTENT / "wording"),
            plan=read(CONTENT / "plans" / "arrival.yaml", Plan),
            rules=RULES,
            guide=Guide(),
            scorer=lambda case, language: (f"<scorecard {case}>", "report.html"),
            sender=self.desk,
            files=self.settings.home / "files",
            clock=self.clock,
        )

    def close(self) -> None:
        self.database.close()

    def greet(self) -> str:
        self.assistant.greet(self.chat)
        return self._told()

    def say(self, text: str, *, id: str = "") -> str:
        self.assistant.handle(self.chat, Message(id or str(next(self.ids)), text=text))
        return self._told()

    def press(self, label: str, *, among: list[Outgoing] | None = None) -> str:
        """Press a button of the newest replies, or of earlier ones."""
        buttons = [button for reply in among or self.replies for button in reply.buttons]
        token = next(token for name, token in buttons if name == label)
        self.assistant.handle(self.chat, Message(str(next(self.ids)), action=token))
        return self._told()

    def send_file(self, path: Path, caption: str = "") -> str:
        self.assistant.handle(self.chat, Message(str(next(self.ids)), text=caption, paths=(path,)))
        return self._told()

    def running(self) -> bool:
        with self.database.read() as sql:
            return runs.any_going_on(sql)

    def _told(self) -> str:
        self.replies = self.assistant.waiting(self.chat)
        self.assistant.told(self.replies)
        return "\n".join(reply.text for reply in self.replies)

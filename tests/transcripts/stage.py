"""A conversation on stage: the real assistant on a real SQLite file, its clock in our hands."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlmodel import select

from bot import access, wording
from bot.assistant import Assistant
from bot.dialogue.case import Case
from bot.dialogue.consulting import Told
from bot.dialogue.scene import Line
from bot.engine import judging
from bot.guide import LazyGuide
from bot.messages import Message, Outgoing, Peer
from bot.scenery import Scenery
from bot.settings import CONTENT, load
from bot.store import inviting, people, runs
from bot.store.database import Database
from bot.store.tables import Connection, Handset, Number, Run, Sighting
from bot.store.tables import Message as Planned
from evaluators import checklist
from evaluators.sending.feasibility import RULES, Facts
from evaluators.sending.plan import load_all
from knowledge.context import Context
from knowledge.forms import Asked, Filled, Form
from knowledge.proposing import Proposer

START = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


class Guide:
    """Says what it was asked; the guidance itself has its own tests."""

    def consult(
        self, question: str, language: str, context: Context, case: Case | None = None
    ) -> Told:
        return Told(f"<guidance: {question}>")

    def explain(self, anchor: str, language: str) -> Told:
        return Told(f"<passage: {anchor}>")


@dataclass
class Notetaker:
    """A language model that finds the same in all notes, whatever they say."""

    finds: list[dict]
    asked: int = 0

    def ask(
        self, task: str, material: str, form: Form, *, within: float | None = None
    ) -> Filled | None:
        self.asked += 1
        return {"answers": self.finds}


@dataclass
class Desk:
    """Two connections, and a list of what was started."""

    clock: "Clock"
    started: list[tuple[str, dict]] = field(default_factory=list)
    passed: frozenset[str] = frozenset()
    woken: int = 0

    def lines(self, session, language: str, *, thoroughly: bool = False) -> tuple[Line, ...]:
        rehearsed = Facts(simulated=True, numbers=3000, simulated_numbers=3000, window=100)
        real = Facts(simulated=False, numbers=1200, watched=0, max_rate=50, passed=self.passed)
        return (
            Line("sim:honest", "simulated honest", simulated=True, rate=200, facts=rehearsed),
            Line("real", "the real one", simulated=False, rate=50, facts=real),
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
    peer: Peer = field(default_factory=lambda: Peer("terminal", "lin", "lin"))
    roles: frozenset[str] = access.EVERYTHING
    part_only: bool | None = None
    language: str = "zh"
    clock: Clock = field(default_factory=Clock)
    guide: Guide | LazyGuide = field(default_factory=Guide)
    model: Asked | None = None  # reads pasted notes
    replies: list[Outgoing] = field(default_factory=list)
    ids: Iterable[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.settings = load({"SMSVET_HOME": str(self.home)})
        self.desk = Desk(self.clock)
        self.open()

    def open(self) -> None:
        """Start the application, as after a restart."""
        self.database = Database.open(self.settings)
        scenery = Scenery(
            vault=self.database.vault,
            checklist=checklist.load(CONTENT / "checklist"),
            wordings=wording.load(CONTENT / "wording"),
            tests=load_all(CONTENT / "plans"),
            rules=RULES,
            sender=self.desk,
            clock=self.clock,
        )
        self.assistant = Assistant(
            database=self.database,
            scenery=scenery,
            guide=self.guide,
            scorer=lambda case, language: (f"<scorecard {case}>", "report.html"),
            reader=Proposer(self.model).propose if self.model else None,
            files=self.settings.home / "files",
            clock=self.clock,
        )
        self.enter(self.peer.user, self.roles, part_only=self.part_only)

    def enter(self, user: str, roles: frozenset[str], *, part_only: bool | None = None) -> None:
        """From now on this person speaks, in a terminal of their own."""
        self.roles, self.part_only = roles, part_only
        self.peer = self.assistant.enrol("terminal", user, roles)

    def close(self) -> None:
        self.database.close()

    def greet(self) -> str:
        self.assistant.greet(self.peer, part_only=self.part_only)
        return self._told()

    def say(self, text: str, *, id: str = "") -> str:
        self.assistant.handle(self.peer, Message(id or str(next(self.ids)), text=text))
        return self._told()

    def press(self, label: str, *, among: list[Outgoing] | None = None) -> str:
        """Press a button of the newest replies, or of earlier ones."""
        buttons = [button for reply in among or self.replies for button in reply.buttons]
        token = next(token for name, token in buttons if name == label)
        self.assistant.handle(self.peer, Message(str(next(self.ids)), action=token))
        return self._told()

    def send_file(self, path: Path, caption: str = "") -> str:
        self.assistant.handle(self.peer, Message(str(next(self.ids)), text=caption, paths=(path,)))
        return self._told()

    def texted(
        self, codes: list[str], *, over: bool = False, ask: bool = False, refused: bool = False
    ) -> int:
        """A test over a real line texted these codes to the phone of whoever speaks."""
        now = self.clock()
        with self.database.write() as sql:
            person = people.enrol(
                sql, self.peer.channel, self.peer.user, roles=access.EVERYTHING, now=now
            )
            line = Connection(name=f"line {now.isoformat()}", created_at=now)
            phone = sql.exec(select(Handset)).first() or self._phone(sql, person.id, now)
            sql.add(line)
            sql.flush()
            run = Run(connection_id=line.id, planned_at=now, state="judged" if over else "sending")
            run.finished_at = now if over else None
            sql.add(run)
            sql.flush()
            for seq, code in enumerate(codes):
                row = Planned(run_id=run.id, seq=seq, number_id=phone.number_id, token=code)
                row.sent_ns = 1
                row.state = "refused" if refused else "sent"
                sql.add(row)
            if ask:
                sql.flush()
                inviting.ask(sql, run, [phone], int(now.timestamp() * 1e9))
            return run.id

    def ended(self, run_id: int) -> None:
        """The test is over before anything of it was delivered."""
        with self.database.write() as sql:
            sql.get_one(Run, run_id).result = {"end": "measured"}
        judging.end(self.database, run_id, self.clock())

    def _phone(self, sql, person: int, now: datetime) -> Handset:
        vault = self.database.vault
        number = Number(
            blind="b", number_sealed=vault.seal("13900000001", "number"), carrier="cmcc"
        )
        sql.add(number)
        sql.flush()
        phone = Handset(
            name="备用机",
            kind="person",
            token="t",
            number_id=number.id,
            person_id=person,
            created_at=now,
        )
        sql.add(phone)
        sql.flush()
        return phone

    def confirmed(self) -> list[str]:
        """The codes that are known to have come, as typed."""
        with self.database.read() as sql:
            rows = sql.exec(select(Sighting).order_by(Sighting.id)).all()
            return [self.database.vault.unseal(row.text_sealed, "sighting.text") for row in rows]

    def running(self) -> bool:
        with self.database.read() as sql:
            return runs.any_going_on(sql)

    def _told(self) -> str:
        self.replies = self.assistant.waiting(self.peer.key)
        self.assistant.told(self.replies)
        return "\n".join(reply.text for reply in self.replies)

"""Everything a decision may look at: who speaks, what they said, and what is known by now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.dialogue.case import Case, FileKept
from bot.wording import Wording
from evaluators.checklist import Checklist
from evaluators.sending.feasibility import Rules
from evaluators.sending.plan import Plan


@dataclass(frozen=True)
class Incoming:
    """One message as a channel passed it on; `id` is the platform's own.

    `action` is a pressed button's token. `files` are stored already; `refused` says in the
    person's language why a file was not.
    """

    id: str
    text: str = ""
    action: str = ""
    files: tuple[FileKept, ...] = ()
    refused: tuple[str, ...] = ()


@dataclass(frozen=True)
class Person:
    """Who speaks."""

    name: str
    roles: frozenset[str]
    may_spend: bool
    id: int = 0


@dataclass(frozen=True)
class CaseLine:
    """An evaluation in the list."""

    id: int
    vendor: str
    walk: str


@dataclass(frozen=True)
class Line:
    """A connection a test can go through."""

    name: str
    title: str
    simulated: bool
    rate: float  # messages per second it allows
    numbers: int  # listed, consenting numbers it may text
    connections: int = 1
    window: int = 100
    source: str = ""  # the sender number asked for
    offered: bool = True  # shown as a choice; others are there for whoever types their name


@dataclass(frozen=True)
class Scene:
    """The world as it stands when a message arrives."""

    person: Person
    checklist: Checklist
    wordings: Mapping[str, Wording]
    plan: Plan  # the arrival test as the company set it up
    rules: Rules  # what any send must keep to
    now: datetime
    cases: tuple[CaseLine, ...] = ()
    case: Case | None = None
    lines: tuple[Line, ...] = ()
    colleagues: tuple[str, ...] = ()

"""Everything a decision may look at: who speaks, what they said, and what is known by now."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.calendars import Hours
from bot.dialogue.case import Case, FileKept
from bot.dialogue.due import Due
from bot.wording import Wording
from evaluators.checklist import Checklist
from evaluators.sending.feasibility import Facts, Rules
from evaluators.sending.lengths import PART
from evaluators.sending.limits import Frequency
from evaluators.sending.plan import Plan
from knowledge.forms import Proposal
from knowledge.readers.paper import Read, Unreadable


@dataclass(frozen=True)
class Incoming:
    """One message as a channel passed it on; `id` is the platform's own.

    `action` is a pressed button's token. `files` are stored already; `refused` says in the
    person's language why a file was not. `asked` is the question it replies to, as the beginning
    of a button's token. `edited`: it is an earlier message in other words; `corrects` is the item
    which that one answered, if it answered any.
    """

    id: str
    text: str = ""
    action: str = ""
    files: tuple[FileKept, ...] = ()
    refused: tuple[str, ...] = ()
    asked: str = ""
    edited: bool = False
    corrects: str = ""
    group: bool = False
    readings: Mapping[str, Read | Unreadable | None] = field(default_factory=dict)
    """What came of reading each file, by digest; None: it is still being read."""


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
    source: str = ""  # the sender number asked for
    part: int = PART  # characters of each part of a long text
    offered: bool = True  # shown as a choice; others are there for whoever types their name
    facts: Facts = field(default_factory=lambda: Facts(simulated=False, numbers=0))
    """What a plan would run on; looked up while one is being made."""
    frequencies: Mapping[str, Frequency] = field(default_factory=dict)
    """What the vendor documents of how often one number may be texted, by kind of message."""

    def is_called(self, name: str) -> bool:
        """Whether this connection is meant: `sim:honest/cmpp` is `sim:honest` in CMPP."""
        return name == self.name or (self.simulated and name.partition("/")[0] == self.name)


@dataclass(frozen=True)
class CodeLine:
    """A code in this very message that was texted to the person's phone lately."""

    code: str
    seen: bool  # known to have come
    over: bool  # its test has ended


@dataclass(frozen=True)
class Scene:
    """The world as it stands when a message arrives."""

    person: Person
    checklist: Checklist
    wordings: Mapping[str, Wording]
    tests: Mapping[str, Plan]  # the send tests as the company set them up, by name
    rules: Rules  # what any send must keep to
    now: datetime
    place: str = "terminal"  # chat: files are sent as they are; private: only in private chats
    cases: tuple[CaseLine, ...] = ()
    case: Case | None = None
    lines: tuple[Line, ...] = ()
    colleagues: tuple[str, ...] = ()

    @property
    def test_words(self) -> frozenset[str]:
        """What the tests are called, in lower case."""
        titles = (plan.title for plan in self.tests.values() if plan.title)
        spoken = {word.lower() for title in titles for word in (title.zh, title.en)}
        return frozenset({*self.tests, *spoken})

    phones: tuple[str, ...] = ()  # the person's own ones, on which codes are to be seen
    codes: tuple[CodeLine, ...] = ()
    awaited: int = 0  # texts of running tests that those phones have not been seen to show
    reminders: tuple[Due, ...] = ()  # looked up where they are spoken of
    proposed: tuple[Proposal, ...] | None = ()  # read from these words; None: not read yet
    hours: Hours = field(default_factory=Hours)  # when the person works; with the reminders

"""What a decision asks to be done, in order. Nothing here does anything by itself."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from bot.dialogue.case import FileKept, Given, Profile
from knowledge.context import NOTHING, Context
from knowledge.forms import Wanted


@dataclass(frozen=True)
class Button:
    """A choice to press: what it says, and a short token that names question and choice."""

    label: str
    token: str


@dataclass(frozen=True)
class Say:
    """A message to the person; it stands alone wherever buttons cannot be shown."""

    text: str
    buttons: tuple[Button, ...] = ()
    file: str = ""  # the path of a report, sent along where the channel can
    numbered: bool = True  # buttons may be typed as 1, 2, 3; not where a bare number is an answer


@dataclass(frozen=True)
class Consult:
    """Answer from the guidance, at this place among the replies.

    `context` is what it may lean on.
    """

    question: str
    context: Context = NOTHING


@dataclass(frozen=True)
class Explain:
    """Show a guidance passage by its anchor, at this place among the replies."""

    anchor: str


@dataclass(frozen=True)
class Propose:
    """Have notes read for answers to these questions; nothing is kept of what is found.

    Decided once more afterwards, with what was found in `Scene.proposed`.
    """

    text: str
    wanted: tuple[Wanted, ...]


@dataclass(frozen=True)
class Open:
    """Start an evaluation; its id is known once it is stored."""

    vendor: str
    walk: str


@dataclass(frozen=True)
class Widen:
    """Carry a pre-screen on as a full evaluation."""

    case: int


@dataclass(frozen=True)
class SetProfile:
    """What the company needs from the vendor."""

    case: int
    profile: Profile


@dataclass(frozen=True)
class Record:
    """Keep an answer; earlier ones stay."""

    case: int
    given: Given


@dataclass(frozen=True)
class Attach:
    """Tie a stored file to an item."""

    case: int
    item: str
    file: FileKept


@dataclass(frozen=True)
class Detach:
    """A file was filed under the wrong item; the stored bytes stay."""

    case: int
    item: str
    sha256: str


@dataclass(frozen=True)
class Assign:
    """Hand an item to a colleague."""

    case: int
    item: str
    colleague: str


@dataclass(frozen=True)
class StartRun:
    """A confirmed send test; the worker takes it from the table."""

    case: int
    connection: str
    plan: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Confirm:
    """The person's phone shows these codes; none: it is up and shows nothing more."""

    codes: tuple[str, ...]


@dataclass(frozen=True)
class StopRun:
    """Ask a running test to stop sending."""

    run: int


@dataclass(frozen=True)
class MarkRun:
    """Note a moment of a running test: a channel went down, or came back."""

    run: int
    kind: str


@dataclass(frozen=True)
class Report:
    """Write the scorecard and show it, at this place among the replies."""

    case: int


@dataclass(frozen=True)
class SignIn:
    """Give the person a one-time link to the web page, in place of `{link}` in `text`.

    `in_group` is said instead where others would read it.
    """

    text: str
    in_group: str


@dataclass(frozen=True)
class SetLanguage:
    """Remember the person's language."""

    language: str


class AboutReminder:
    """Something about what has to be done by a day."""


@dataclass(frozen=True)
class Remind(AboutReminder):
    """Have `who` reminded; `subject` as bot.store.tables.Reminder says, `case` 0 is a new one."""

    kind: Literal["drill", "paper"]
    who: str
    due: date
    subject: dict[str, Any]
    case: int | None = None


@dataclass(frozen=True)
class Settle(AboutReminder):
    """It is done or no longer wanted; `again` is the day of the next one."""

    reminder: int
    state: Literal["done", "dropped"]
    result: dict[str, Any] = field(default_factory=dict)
    again: date | None = None


@dataclass(frozen=True)
class Snooze(AboutReminder):
    """The same notice once more, on `day` at the moment `at`."""

    reminder: int
    day: date
    at: datetime


@dataclass(frozen=True)
class Move(AboutReminder):
    """Another day was agreed on; `note` says with whom, or why."""

    reminder: int
    due: date
    note: str


@dataclass(frozen=True)
class HandOver(AboutReminder):
    """It is somebody else's; they are told."""

    reminder: int
    who: str


@dataclass(frozen=True)
class SetHours(AboutReminder):
    """When and where the person works; what is empty stays as it is."""

    timezone: str = ""
    works_from: str = ""
    works_to: str = ""


Effect = (
    AboutReminder
    | Say
    | Consult
    | Explain
    | Propose
    | Open
    | Widen
    | SetProfile
    | Record
    | Attach
    | Detach
    | Assign
    | StartRun
    | StopRun
    | MarkRun
    | Confirm
    | Report
    | SetLanguage
    | SignIn
)

"""Where a conversation stands: a small value, stored after every turn, compared and replaced."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Self

Awaiting = Literal[
    "answer",  # an item's answer; data: words (own words waiting to be judged)
    "reason",  # why an item does not apply
    "colleague",  # whom to give an item to
    "follow_up",  # the one question after a weak answer
    "walk",  # full or pre-screen; data: vendor
    "kinds",  # profile: what is sent
    "international",  # profile
    "multilingual",  # profile
    "connection",  # which connection a test goes through; data: wanted
    "test",  # which test instead; data: wanted
    "pair",  # the second vendor of a comparison; data: wanted
    "claim",  # the rate the vendor claims; data: wanted
    "confirm",  # go, no go or another test; data: plan, wanted
    "stop",  # whether a colleague's test is to be stopped; data: run, before
    "file_level",  # what kind of paper the last file was; data: evidence
    "proposal",  # an answer read from notes; data: list, at, kept, editing, before
    "drill_main",  # a switch-over drill: from which vendor; data: drill, before
    "drill_backup",  # to which one
    "drill_lead",  # who leads it
    "drill_day",  # when
    "drill_on",  # marking one done: when it was; data: reminder, result, before
    "drill_witnesses",  # who was present
    "drill_arrival",  # how long until the first message came over the backup
    "drill_duplicates",  # how many came twice
    "remind_day",  # the day something is moved to; data: reminder, before
    "remind_agreed",  # with whom that was agreed; data: reminder, day, before
    "remind_whose",  # whose it is; data: reminder, before
    "remind_until",  # how long the renewed paper holds; data: reminder, before
]


@dataclass(frozen=True)
class Pending:
    """The question that waits for an answer."""

    awaiting: Awaiting
    item: str = ""
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Exchange:
    """The last answer from the guidance: what the next question may lean on.

    `question` is the one that stands alone behind it, `anchor` the passage shown, `item` the item
    that waited then, `who` the person (their id) it was given to.
    """

    question: str
    anchor: str
    item: str
    who: int


@dataclass(frozen=True)
class Session:
    """The state of one conversation.

    `asked` counts the questions put so far; buttons carry it, so that a stale one is recognised.
    `case` is the evaluation talked about; 0 one that this very turn creates, None none.
    `trail` holds the items asked, newest last, for going back; `changing` the item being changed.
    """

    language: str = "zh"
    case: int | None = None
    asked: int = 0
    pending: Pending | None = None
    trail: tuple[str, ...] = ()
    last: str = ""  # the item answered last: what a file without a number belongs to
    part_only: bool = False  # only the person's own department's questions
    heard: bool = False  # whether the person has said anything in this conversation
    case_since: int = 0  # `asked` when this evaluation was taken up: older buttons are another's
    exchange: Exchange | None = None
    back: Pending | None = None  # what waited when an item was put out of turn; it comes again

    def waiting(self, awaiting: Awaiting, item: str = "", **data: Any) -> Self:
        """The session after one more question was put."""
        trail = self.trail
        if awaiting == "answer" and (not trail or trail[-1] != item):
            trail = (*trail[-30:], item)
        pending = Pending(awaiting, item, data)
        return replace(self, pending=pending, asked=self.asked + 1, trail=trail)

    def idle(self) -> Self:
        """The session with nothing waiting for an answer."""
        return replace(self, pending=None)

    def to_json(self) -> dict[str, Any]:
        return {
            "language": self.language,
            "case": self.case,
            "asked": self.asked,
            "pending": self.pending and asdict(self.pending),
            "trail": list(self.trail),
            "last": self.last,
            "part_only": self.part_only,
            "heard": self.heard,
            "case_since": self.case_since,
            "exchange": self.exchange and asdict(self.exchange),
            "back": self.back and asdict(self.back),
        }

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Self:
        pending, exchange, back = raw.get("pending"), raw.get("exchange"), raw.get("back")
        return cls(
            language=raw.get("language", "zh"),
            case=raw.get("case"),
            asked=raw.get("asked", 0),
            pending=Pending(**pending) if pending else None,
            trail=tuple(raw.get("trail", ())),
            last=raw.get("last", ""),
            part_only=raw.get("part_only", False),
            heard=raw.get("heard", "asked" in raw),  # kept before this was: they have spoken
            case_since=raw.get("case_since", 0),
            exchange=Exchange(**exchange) if exchange else None,
            back=Pending(**back) if back else None,
        )

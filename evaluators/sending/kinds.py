"""What is told apart when the messages of a run are counted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from evaluators.sending.rows import Said, State


class Kind(NamedTuple):
    """Everything that a count may ask of a message."""

    state: State
    control: bool
    apart: bool
    submitted: bool
    counts: bool
    alive: bool
    arrived: bool
    late: bool
    said: Said
    invalid: bool
    same: bool | None
    left: bool
    away: bool
    held_back: bool
    phase: int


@dataclass(frozen=True)
class Counts:
    """How many messages of each kind."""

    kinds: Sequence[tuple[Kind, int]]

    @property
    def all(self) -> int:
        return sum(n for _, n in self.kinds)

    def only(self, keep: Callable[[Kind], bool]) -> "Counts":
        return Counts([(kind, n) for kind, n in self.kinds if keep(kind)])

    def of(self, keep: Callable[[Kind], bool]) -> int:
        return sum(n for kind, n in self.kinds if keep(kind))


def accepted(kind: Kind) -> bool:
    return kind.state == "acknowledged"


def reported(kind: Kind) -> bool:
    return kind.said == "delivered"


def untold(kind: Kind) -> bool:
    """No receipt, and it may have come to a process of ours that was dying."""
    return kind.away and not kind.said


def unanswered(kind: Kind) -> bool:
    """Left, and its answer may have come while we were away."""
    return kind.away and kind.state in {"unknown", "sent"}


def awaited(kind: Kind) -> bool:
    """Accepted, not on its live handset, and no receipt says what became of it: it may yet come."""
    return accepted(kind) and kind.alive and not kind.arrived and not kind.said

"""What keeps a test from its vendor, where whoever connects can say it in a person's words."""

from dataclasses import dataclass

from evaluators.protocols.session import BindRefused
from evaluators.sending.reasons import Reason


class UnreachableError(OSError):
    """Nobody answers there; `reason` says so to people."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"{reason.wording.zh} {reason.wording.en}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Refused(BindRefused):
    """A refused login with what its status means in this protocol, and what to look at."""

    reason: Reason

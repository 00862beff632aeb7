"""What has to be done by a day, as the conversation sees it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True)
class Due:
    """One reminder; people by name. `items` are the questions of it that are still open."""

    id: int
    kind: str  # drill, question, paper
    person: str
    due: date
    since: datetime
    by: str = ""  # who set it up
    approver: str = ""
    subject: Mapping[str, Any] = field(default_factory=dict)
    case: int | None = None
    vendor: str = ""
    step: str = ""  # the notice that comes next
    next_at: datetime | None = None
    state: str = "open"
    items: tuple[str, ...] = ()

    def concerns(self, name: str) -> bool:
        """Whether somebody may say something about it."""
        return name in {self.person, self.by, self.approver}

    @property
    def vendors(self) -> str:
        """A drill's pair."""
        return f"{self.subject.get('vendor', '')} → {self.subject.get('backup', '')}"

    def is_pair(self, vendor: str, backup: str) -> bool:
        return self.kind == "drill" and (vendor.lower(), backup.lower()) == (
            str(self.subject.get("vendor", "")).lower(),
            str(self.subject.get("backup", "")).lower(),
        )


@dataclass(frozen=True)
class Telling:
    """One notice to one person: what it is about, and why they of all people hear it."""

    due: Due
    step: str
    yours: bool  # they have to do it; else they approve
    unreachable: bool = False  # whoever has to do it cannot be reached anywhere

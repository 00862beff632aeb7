"""The simulated handset panel: what really arrived, as the handsets show it."""

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple, TypedDict

from evaluators.protocols.text import Part
from evaluators.simulator.numbers import national

DEVICES = 30_000
_UNFINISHED = 10_000  # long texts of which parts are still missing; the oldest is forgotten
_LARGEST_PAGE = 10_000

# `from` is a keyword, hence this form
Shown = TypedDict(
    "Shown", {"number": str, "from": str, "text": str, "received_at": float, "device": str}
)


class _Key(NamedTuple):
    number: str
    reference: int
    total: int


class Panel:
    """Handsets holding the numbers of `evaluators.simulator.numbers`."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self.alive = True
        """Turn off to see what a dead panel does to a test."""
        self.inbox: list[Shown] = []
        self._wall = wall
        self._parts: OrderedDict[_Key, dict[int, str]] = OrderedDict()

    def receive(self, number: str, sender: str, text: str, part: Part | None = None) -> bool:
        """A message, or a part of one, reaches a handset; True once there is something to read."""
        whole = text if part is None else self._join(number, text, part)
        if whole is None or not self.alive:
            return False
        bare = national(number)
        self.inbox.append(
            {
                "number": bare,
                "from": sender,
                "text": whole,
                "received_at": self._wall(),
                "device": f"sim-{bare}",
            }
        )
        return True

    def page(self, after: int = 0, limit: int = 1000) -> dict[str, object]:
        """Messages after a cursor, and the cursor to go on from."""
        start = max(0, after)
        shown = self.inbox[start : start + max(0, min(limit, _LARGEST_PAGE))]
        return {"messages": shown, "cursor": start + len(shown)}

    def health(self) -> dict[str, object]:
        """The heartbeat: a panel that does not give it may not be used against a vendor."""
        return {"alive": self.alive, "devices": DEVICES, "now": self._wall()}

    def _join(self, number: str, text: str, part: Part) -> str | None:
        key = _Key(number, part.reference, part.total)
        parts = self._parts.setdefault(key, {})
        parts[part.number] = text
        if len(parts) < part.total:
            if len(self._parts) > _UNFINISHED:
                self._parts.popitem(last=False)
            return None
        del self._parts[key]
        return "".join(parts[order] for order in range(1, part.total + 1))

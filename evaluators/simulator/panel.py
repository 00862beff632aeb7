"""The simulated handset panel: what really arrived, as the handsets show it."""

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple, TypedDict

from evaluators.protocols.text import Part
from evaluators.simulator.numbers import DEVICES, national

KEPT = 250_000
"""Messages the inbox holds; whoever asks less often than every so many misses the oldest."""
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

    def __init__(self, wall: Callable[[], float], kept: int = KEPT) -> None:
        self.alive = True
        """Turn off to see what a dead panel does to a test."""
        self.count = 0
        """Messages that arrived so far."""
        self._ring: list[tuple[str, str, str, float]] = []  # the n-th message at n mod kept
        self._wall, self._kept = wall, kept
        self._parts: OrderedDict[_Key, dict[int, str]] = OrderedDict()

    @property
    def inbox(self) -> list[Shown]:
        """All messages that are still held, oldest first."""
        return [self._shown(position) for position in range(self._first, self.count)]

    def receive(self, number: str, sender: str, text: str, part: Part | None = None) -> str | None:
        """A message, or a part of one, reaches a handset; the whole text once it can be read."""
        whole = text if part is None else self._join(number, text, part)
        if whole is None or not self.alive:
            return None
        message = number, sender, whole, self._wall()
        if self.count < self._kept:
            self._ring.append(message)
        else:
            self._ring[self.count % self._kept] = message
        self.count += 1
        return whole

    def page(self, after: int = 0, limit: int = 1000) -> dict[str, object]:
        """Messages after a cursor, the cursor to go on from, and how many were missed between."""
        start = max(self._first, min(after, self.count))
        end = min(self.count, start + max(0, min(limit, _LARGEST_PAGE)))
        shown = [self._shown(position) for position in range(start, end)]
        return {"messages": shown, "cursor": end, "missed": max(0, start - max(0, after))}

    def health(self) -> dict[str, object]:
        """The heartbeat: a panel that does not give it may not be used against a vendor."""
        return {"alive": self.alive, "devices": DEVICES, "now": self._wall()}

    @property
    def _first(self) -> int:
        return max(0, self.count - self._kept)

    def _shown(self, position: int) -> Shown:
        number, sender, text, received_at = self._ring[position % self._kept]
        bare = national(number)
        return {
            "number": bare,
            "from": sender,
            "text": text,
            "received_at": received_at,
            "device": f"sim-{bare}",
        }

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

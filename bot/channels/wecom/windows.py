"""Which callbacks of a chat may still be answered by their req_id."""

from collections.abc import Callable
from dataclasses import dataclass

KEPT = 10  # open windows of one chat
SWEEP = 500  # chats, beyond which those without an open window are forgotten


@dataclass
class Window:
    """An answer of one `kind` (message, welcome), `left` times until `closes`."""

    kind: str
    req_id: str
    closes: float
    left: int = 1


class Windows:
    """Open windows per chat, the newest last."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._open: dict[str, list[Window]] = {}

    def add(self, chat: str, window: Window) -> None:
        if len(self._open) > SWEEP:
            self._open = {name: left for name in self._open if (left := self._still(name))}
        self._open[chat] = [*self._still(chat), window][-KEPT:]

    def newest(self, chat: str, kinds: frozenset[str]) -> Window | None:
        """The newest open one of these kinds."""
        still = self._still(chat)
        return next((window for window in reversed(still) if window.kind in kinds), None)

    def use(self, window: Window) -> None:
        """An answer went through it."""
        window.left -= 1

    def shut(self, window: Window) -> None:
        """The platform says it is over."""
        window.left = 0

    def _still(self, chat: str) -> list[Window]:
        now = self._clock()
        return [one for one in self._open.get(chat, ()) if one.left > 0 and one.closes > now]

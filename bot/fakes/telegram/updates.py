"""The updates that wait for the bot: asked for or pushed, confirmed, also twice or disordered."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import anyio

from bot.fakes.telegram.params import RefusalError

JSON = dict[str, Any]

DEFAULT = frozenset({
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "inline_query",
    "callback_query",
    "my_chat_member",
    "poll",
})  # fmt: skip
LONGEST_S = 50
MOST = 100


@dataclass
class Webhook:
    """Where updates are pushed to."""

    url: str
    secret: str = ""
    last_error: str = ""


@dataclass
class Updates:
    """The queue. `doubled`: so many updates are given twice; `swapped`: so many answers backwards.

    `late`: so many updates stay behind until one after them was confirmed.
    """

    check: Callable[[str, Any], None] = lambda _kind, _value: None
    allowed: frozenset[str] = DEFAULT
    waiting: list[JSON] = field(default_factory=list)
    webhook: Webhook | None = None
    doubled: int = 0
    swapped: int = 0
    late: int = 0
    closed: bool = False
    _again: list[JSON] = field(default_factory=list)
    _held: list[JSON] = field(default_factory=list)
    _next: int = 100_000_001
    _poller: int = 0
    _changed: anyio.Event = field(default_factory=anyio.Event)

    def put(self, kind: str, what: JSON) -> int:
        """Something happened; the update's id, 0 where the bot does not want to know."""
        if kind not in self.allowed:
            return 0
        number = self._next
        update: JSON = {"update_id": number, kind: what}
        self._next += 1
        self.check("update", update)
        if self.late:
            self.late -= 1
            self._held.append(update)
        else:
            self.waiting.append(update)
        self.wake()
        return number

    def wake(self) -> None:
        """Whoever waits for news looks again."""
        self._changed.set()
        self._changed = anyio.Event()

    def close(self) -> None:
        """Let everybody who waits go."""
        self.closed = True
        self.wake()

    def confirm(self, offset: int) -> None:
        """Forget everything before `offset`."""
        gone = [one for one in self.waiting if one["update_id"] < offset]
        self.waiting = [one for one in self.waiting if one["update_id"] >= offset]
        if self.doubled and gone:
            self._again += gone[: self.doubled]
            self.doubled -= len(gone[: self.doubled])
        if gone and self._held:
            self._again += self._held
            self._held = []

    async def polled(self, offset: int, limit: int, wait_s: float) -> list[JSON]:
        """The updates from `offset` on; waits for one. A later poll ends an earlier one."""
        if self.webhook is not None:
            raise RefusalError(
                "can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first",
                409,
            )
        self._poller += 1
        me = self._poller
        self.wake()
        if offset > 0:
            self.confirm(offset)
        elif offset < 0:
            self.waiting = self.waiting[offset:]
        with anyio.move_on_after(min(wait_s, LONGEST_S)):
            while not self.waiting and not self._again and not self.closed and me == self._poller:
                await self._changed.wait()
        if me != self._poller:
            raise RefusalError(
                "terminated by other getUpdates request; "
                "make sure that only one bot instance is running",
                409,
            )
        return self._given(limit if 0 < limit <= MOST else MOST)

    def _given(self, limit: int) -> list[JSON]:
        given = [*self._again, *self.waiting][:limit]
        self._again = self._again[limit:]
        if self.swapped and len(given) > 1:
            self.swapped -= 1
            given.reverse()
        return given

    async def to_push(self) -> JSON:
        """The next update for the webhook; it stays until it is taken with `pushed`."""
        while True:
            if self._again:
                return self._again[0]
            if self.webhook is not None and self.waiting:
                return self.waiting[0]
            await self._changed.wait()

    def pushed(self, update: JSON) -> None:
        """The webhook has taken this one."""
        if self._again and self._again[0] is update:
            del self._again[0]
        else:
            self.confirm(int(update["update_id"]) + 1)

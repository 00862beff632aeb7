"""Updates on their way to being committed: each chat's in order, several chats side by side.

Nothing is confirmed to Telegram that is not committed: `offset` stays in front of it.
"""

import logging
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import anyio
from anyio.abc import TaskGroup
from telegram import Update

SEEN = 5000  # update ids remembered, so that what comes twice is taken once
LONGEST_S = 30.0  # between two tries
MOST_TRIES = 12  # of one update, while the others go through

logger = logging.getLogger(__name__)


def pause(tries: int, longest_s: float = LONGEST_S) -> float:
    """Seconds to wait after so many failures in a row: 0.5, 1, 2, ..."""
    return float(min(longest_s, 0.5 * 2 ** min(tries, 16)))


@dataclass
class Lines:
    """One line per chat. `take` does an update, returning once it is committed."""

    take: Callable[[Update], Awaitable[None]]
    tasks: TaskGroup
    offset: int = 0
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep
    _open: dict[int, anyio.Event] = field(default_factory=dict)
    _done: OrderedDict[int, None] = field(default_factory=OrderedDict)
    _queues: dict[int, deque[Update]] = field(default_factory=dict)
    _renamed: dict[int, int] = field(default_factory=dict)
    _committed: int = 0

    def fresh(self, updates: tuple[Update, ...]) -> list[Update]:
        """Those that were never seen, in order."""
        news = {
            update.update_id: update
            for update in updates
            if update.update_id not in self._done and update.update_id not in self._open
        }
        return [news[number] for number in sorted(news)]

    def add(self, update: Update) -> anyio.Event:
        """Queue an update; the event is set once it is committed."""
        number = update.update_id
        if number in self._open:
            return self._open[number]
        event = anyio.Event()
        if number in self._done:
            event.set()
            return event
        self._open[number] = event
        chat = self._line(update)
        waiting = self._queues.setdefault(chat, deque())
        waiting.append(update)
        if len(waiting) == 1:
            self.tasks.start_soon(self._work, chat)
        return event

    def polled(self, updates: tuple[Update, ...]) -> None:
        """What Telegram gave last: behind it the next question begins, once all is committed."""
        if updates:
            self.offset = max(update.update_id for update in updates) + 1

    @property
    def confirmed(self) -> int:
        """The offset with which Telegram may be asked: everything before it is committed."""
        return min((*self._open, self.offset))

    @property
    def idle(self) -> bool:
        return not self._open

    async def settle(self, within_s: float) -> None:
        """Wait until all is committed, but not for longer than this."""
        with anyio.move_on_after(within_s):
            for event in list(self._open.values()):
                await event.wait()

    def _line(self, update: Update) -> int:
        """The chat's line; a group that moved keeps the one it had."""
        chat = update.effective_chat
        if chat is None:
            return 0
        message = update.message
        if message is not None and message.migrate_to_chat_id:
            self._renamed[message.migrate_to_chat_id] = self._renamed.get(chat.id, chat.id)
        return self._renamed.get(chat.id, chat.id)

    async def _work(self, chat: int) -> None:
        waiting = self._queues[chat]
        while waiting:
            await self._insist(waiting[0])
            number = waiting.popleft().update_id
            self._done[number] = None
            while len(self._done) > SEEN:
                self._done.popitem(last=False)
            self._open.pop(number).set()
        del self._queues[chat]

    async def _insist(self, update: Update) -> None:
        """Have an update committed, however long the database is away.

        One that cannot be committed while others can is given up, so that it holds up nobody.
        """
        tries, before = 0, self._committed
        while True:
            try:
                await self.take(update)
            except Exception:
                logger.exception("update %s could not be kept", update.update_id)
            else:
                self._committed += 1
                return
            tries += 1
            if tries >= MOST_TRIES and self._committed > before:
                logger.error("update %s is given up; others go through", update.update_id)
                return
            await self.sleep(pause(tries - 1))

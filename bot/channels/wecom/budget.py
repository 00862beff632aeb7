"""How many frames a chat still takes: one reply may be several, each of which counts."""

from collections import deque

from bot.channels.port import Pace

SWEEP = 500  # chats, beyond which quiet ones are forgotten


class Budget:
    """Frames sent to each chat, against the pace; times in seconds of one clock. Pure."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        windows = (*pace.chat, *pace.group)
        self._most = max((count for count, _ in windows), default=1)
        self._longest_s = max((seconds for _, seconds in windows), default=0.0)
        self._sent: dict[str, deque[float]] = {}

    def note(self, chat: str, now: float) -> None:
        """One frame went out."""
        self._sent.setdefault(chat, deque(maxlen=self._most)).append(now)
        if len(self._sent) > SWEEP:
            oldest = now - self._longest_s
            self._sent = {name: sent for name, sent in self._sent.items() if sent[-1] > oldest}

    def wait_s(self, chat: str, *, group: bool, now: float) -> float:
        """How long until the chat takes one more; 0 where it does now."""
        sent = self._sent.get(chat, ())
        windows = self._pace.group if group and self._pace.group else self._pace.chat
        waits = [sent[-count] + seconds - now for count, seconds in windows if len(sent) >= count]
        return max(0.0, *waits) if waits else 0.0

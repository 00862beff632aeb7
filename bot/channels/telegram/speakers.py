"""Who spoke last in each group: whom a question there is put to."""

from collections import OrderedDict
from dataclasses import dataclass, field

from bot.messages import Peer

MOST = 1000  # groups remembered


@dataclass(frozen=True)
class Speaker:
    """A person of a group and the message they wrote last; without one they pressed a button."""

    user: str
    name: str
    message_id: int | None


@dataclass
class Speakers:
    """Kept in memory only: after a restart a question is simply put to everybody."""

    _last: OrderedDict[str, Speaker] = field(default_factory=OrderedDict)

    def heard(self, peer: Peer, message_id: str) -> None:
        """Note that this person said something, or pressed where there is no message id."""
        if not peer.group:
            return
        number, _, _ = message_id.partition(":")
        self._last[peer.chat] = Speaker(peer.user, peer.name, int(number) if number else None)
        self._last.move_to_end(peer.chat)
        if len(self._last) > MOST:
            self._last.popitem(last=False)

    def last(self, chat: str) -> Speaker | None:
        """Whoever spoke last in this group, if that is known."""
        return self._last.get(chat)

"""What a channel is given and what it gives. No channel knows another, the dialogue, or SQL."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from bot.messages import Message, Outgoing, Peer


class Front(Protocol):
    """The application as a channel sees it."""

    async def receive(self, peer: Peer, message: Message) -> bool:
        """Keep one message with everything it leads to; returns once that is committed.

        False where nobody is known and nothing was done.
        What it leads to comes back through `Channel.deliver`. Nothing happens for a message whose
        id was seen before in this chat. Messages of one chat are taken in the order of the calls;
        several chats go on side by side.
        """

    async def knows(self, peer: Peer) -> bool:
        """Whether anybody is enrolled there: nothing is fetched for a stranger."""

    async def visited(self, peer: Peer) -> None:
        """Somebody opened the chat without saying anything: they are told where they stand."""

    async def moved(self, channel: str, old: str, new: str) -> None:
        """The chat `old` is now called `new`; everything waiting for it goes there."""

    async def delivered(self, peer: Peer, message_id: str) -> Outgoing | None:
        """What was delivered to this chat under the platform's id; None where nobody knows."""


@dataclass(frozen=True)
class Delivered:
    """The platform has it, under this id of its own."""

    message_id: str = ""


@dataclass(frozen=True)
class Later:
    """Not now: again after so many seconds; `everybody`: nothing to any chat until then.

    `unsure`: the platform may have taken it all the same, nobody knows.
    """

    after_s: float
    why: str
    everybody: bool = False
    unsure: bool = False


@dataclass(frozen=True)
class Unreachable:
    """This chat cannot be written to until somebody writes there: blocked, left, never met."""

    why: str


@dataclass(frozen=True)
class Rejected:
    """The platform will never take this very message; others may go on."""

    why: str


Fate = Delivered | Later | Unreachable | Rejected


@dataclass(frozen=True)
class Pace:
    """How many messages a platform takes: (count, seconds) windows per chat, per group, in all."""

    chat: tuple[tuple[int, float], ...] = ()
    group: tuple[tuple[int, float], ...] = ()
    overall: tuple[tuple[int, float], ...] = ()


class Channel(Protocol):
    """One way to reach people. Its file's name is its name."""

    name: str
    pace: Pace

    async def listen(self, front: Front) -> None:
        """Take in what people say, until cancelled.

        Outages are its own business; whatever it raises, it is started again after a pause.
        """

    async def deliver(self, reply: Outgoing) -> Fate:
        """Hand one reply to the platform. Called for one chat at a time, in order.

        The platform's refusals are fates; an exception counts as `Later`.
        """

    async def close(self) -> None:
        """Let go of connections; nothing is called afterwards."""


@runtime_checkable
class Ticking(Protocol):
    """A channel that can change what it has said: a running test shows one line, not many."""

    async def tick(self, chat: str, text: str, before: str) -> Fate:
        """Show one line, in place of the one whose id an earlier call gave as `before`.

        It is for show only, and never sent again by itself.
        """

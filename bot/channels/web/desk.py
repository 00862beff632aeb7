"""What the page needs from the application behind it, and what it is given."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from bot.messages import Message

Values = dict[str, Any]  # as they go into JSON


@dataclass(frozen=True)
class Visitor:
    """Who a browser is signed in as."""

    id: int
    name: str
    language: str


@dataclass(frozen=True)
class Seen:
    """What a browser shows by now: the newest (turn, reply), and which replies are new there.

    `state` stands for everything beside the lines, as it was given; `call`: the screen for a call
    is wanted with it.
    """

    after: tuple[int, int] = (0, 0)
    shown: tuple[int, ...] = ()
    state: str = ""
    call: bool = False


@dataclass(frozen=True)
class Report:
    """A file of one reply: where it lies, and what it is called."""

    path: str
    name: str


class TooLargeError(Exception):
    """More was sent than is taken."""


class Desk(Protocol):
    """The application as the page sees it. Every method but `sign_in` is for one visitor."""

    def may_try(self, address: str) -> bool:
        """Whether somebody at this address may try one more code."""

    def entered(self, address: str) -> None:
        """Their code was right: an office behind one address is not guessing."""

    async def sign_in(self, code: str, before: str) -> str:
        """A browser's token for a one-time code; empty where it is no good.

        The session `before`, if it is one, ends.
        """

    async def visitor(self, token: str) -> Visitor | None:
        """Who a browser's token belongs to."""

    async def sign_out(self, token: str) -> None:
        """This browser is nobody's any more."""

    async def opened(self, visitor: Visitor) -> None:
        """The page was opened: say where things stand unless it says so already."""

    async def news(self, visitor: Visitor, seen: Seen) -> Values:
        """What is new, at once if anything is, otherwise as soon as it is, or after a while."""

    async def say(self, visitor: Visitor, message: Message) -> bool:
        """One message, kept when this returns; a repeated id changes nothing."""

    async def say_in_call(self, visitor: Visitor, message: Message, case: int) -> bool:
        """The same, where the conversation is about this very evaluation; else False, unsaid."""

    async def upload(
        self, visitor: Visitor, message: Message, name: str, body: AsyncIterator[bytes]
    ) -> None:
        """A message with a file, written as it comes. Raises TooLargeError."""

    async def report(self, visitor: Visitor, reply: int) -> Report | None:
        """The file that came with a reply to this very visitor."""

    def words(self) -> Mapping[str, Mapping[str, str]]:
        """What the page says, by language and key."""

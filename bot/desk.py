"""One person's conversation in the terminal: the application, loaded when it is wanted."""

from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from bot import access
from bot.messages import Message, Outgoing, Peer

if TYPE_CHECKING:
    from bot.app import App


class TerminalDesk:
    """Opens the application on `load`, which may run on a thread; closes it at the end."""

    def __init__(self, user: str, role: str | None) -> None:
        self._user = user
        self._roles = frozenset({role}) if role else access.EVERYTHING
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def load(self) -> Self:
        """Build everything; what is heavier still goes on loading in the background."""
        from bot import app

        self._app: App = self._stack.enter_context(app.opened())
        self._peer: Peer = self._app.assistant.enrol("terminal", self._user, self._roles)
        self._app.take_up()
        self._app.guide.warm()
        return self

    def greet(self) -> None:
        self._app.assistant.greet(self._peer, part_only=access.of_one_department(self._roles))

    def handle(self, message: Message) -> None:
        self._app.assistant.handle(self._peer, message)

    def waiting(self) -> list[Outgoing]:
        return self._app.assistant.waiting(self._peer.key)

    def told(self, replies: list[Outgoing]) -> None:
        self._app.assistant.told(replies)

    def progress(self) -> str:
        """The running test of this conversation in a line, or nothing."""
        return self._app.progress(self._peer.key)

    def said(self) -> list[str]:
        """What this person has typed in this conversation before, oldest first."""
        return self._app.assistant.said(self._peer.key)

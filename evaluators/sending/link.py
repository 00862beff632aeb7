"""The connection of a running test: one session at a time, opened anew when it breaks."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

import anyio

from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.session import (
    BindRefused,
    Closed,
    Events,
    OnEvents,
    Receipt,
    Session,
    Submitted,
)
from evaluators.sending.outcome import trouble
from evaluators.sending.reasons import Reason

Connect = Callable[[OnEvents], Awaitable[Session | BindRefused]]
"""Opens one session of whatever protocol; raises OSError where nobody answers."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0


class Link:
    """Holds the session. What it brings goes to `on_facts`, what it leaves open to `on_lost`.

    `session` is None while there is none, `trouble` says why.
    """

    def __init__(
        self,
        connect: Connect,
        on_facts: Callable[[Sequence[Submitted], Sequence[Receipt], int], None],
        on_lost: Callable[[Sequence[int]], None],
        counts: Counter[str],
    ) -> None:
        self.session: Session | None = None
        self.trouble: Reason | None = None
        self._connect, self._on_facts, self._on_lost = connect, on_facts, on_lost
        self._counts = counts
        self._broken = anyio.Event()
        self._leaving = False

    async def open(self) -> bool:
        """Log in once; False with `trouble` filled where that does not work."""
        try:
            session = await self._connect(self._on_events)
        except (OSError, ProtocolError) as error:
            self.trouble = trouble("unreachable", detail=str(error) or type(error).__name__)
            return False
        if isinstance(session, BindRefused):
            self.trouble = trouble("login_refused", text=session.text, status=session.status)
            return False
        self.session, self.trouble = session, None
        if session.closed is not None:  # it broke before we held it
            self._lose(session.closed)
        return True

    async def keep(self, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Open a new session whenever one breaks, ever more patiently; until cancelled."""
        while True:
            pause_s = FIRST_PAUSE_S
            while self.session is None:
                await sleep(pause_s)
                await self.open()
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            await self._broken.wait()
            self._broken = anyio.Event()

    async def close(self, patience_s: float = 2.0) -> None:
        """Log out; what is still unanswered is given to `on_lost`."""
        self._leaving = True
        if self.session is not None:
            await self.session.close(patience_s)

    def _on_events(self, events: Events) -> None:
        self._on_facts(events.submitted, events.receipts, len(events.replies))
        if events.closed is not None:
            self._on_lost(events.closed.unanswered)
            if self.session is not None:
                self._lose(events.closed)

    def _lose(self, closed: Closed) -> None:
        self.session = None
        if not self._leaving:
            detail = f"{closed.reason} {closed.detail}".strip()
            self.trouble = trouble("connection_lost", detail=detail)
            self._counts["breaks"] += 1
            self._broken.set()

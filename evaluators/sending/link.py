"""The connections of a running test: each one session at a time, opened anew when it breaks."""

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
    Reply,
    Session,
    Submitted,
)
from evaluators.sending.obstacle import Refused, UnreachableError
from evaluators.sending.outcome import lost, trouble
from evaluators.sending.reasons import Reason

Connect = Callable[[OnEvents], Awaitable[Session | BindRefused]]
"""Opens one session of whatever protocol; raises OSError where nobody answers."""

OnFacts = Callable[[Sequence[Submitted], Sequence[Receipt], Sequence[Reply]], None]
Sleep = Callable[[float], Awaitable[None]]

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0
_MOST_ODDITIES = 20
_ODD_ENDS = frozenset({"protocol", "silent"})  # reasons of `Closed` that count as oddities


class Links:
    """All connections of a test. What they bring goes to `on_facts`, what is left to `on_lost`.

    A vendor that lets in fewer than were asked for is worked with as far as it goes: that is
    counted in `counts["not_let_in"]`, and only where nobody is let in is it `trouble`.
    """

    def __init__(
        self,
        connects: Sequence[Connect],
        on_facts: OnFacts,
        on_lost: Callable[[Sequence[int]], None],
        counts: Counter[str],
    ) -> None:
        self.sessions: list[Session] = []
        """Those that live now."""
        self.counts = counts
        self.on_facts, self.on_lost = on_facts, on_lost
        self.ended: Counter[str] = Counter()
        """The oddities of the sessions that live no longer."""
        self._links = [_Link(self, connect) for connect in connects]

    @property
    def trouble(self) -> Reason | None:
        """Why one of them is not there, if one is not."""
        return next((link.trouble for link in self._links if link.trouble), None)

    @property
    def outstanding(self) -> int:
        return sum(session.outstanding for session in self.sessions)

    @property
    def oddities(self) -> Counter[str]:
        """What the vendor did that its protocol does not provide for, by name."""
        found = self.ended.copy()
        for session in self.sessions:
            found.update(odd(session))
        return Counter(dict(found.most_common(_MOST_ODDITIES)))

    async def open(self) -> bool:
        """Log in once each; False with `trouble` filled where that works nowhere."""
        for link in self._links:
            await link.open()
            if not self.sessions:
                return False
        self.counts["not_let_in"] = sum(link.refused for link in self._links)
        return True

    async def keep(self, sleep: Sleep) -> None:
        """Open a new session whenever one breaks, ever more patiently; until cancelled."""
        async with anyio.create_task_group() as tasks:
            for link in self._links:
                if not link.refused:
                    tasks.start_soon(link.keep, sleep)

    async def close(self, patience_s: float = 2.0) -> None:
        """Log out; what is still unanswered is given to `on_lost`."""
        async with anyio.create_task_group() as tasks:
            for link in self._links:
                tasks.start_soon(link.close, patience_s)


class _Link:
    """One connection."""

    def __init__(self, links: Links, connect: Connect) -> None:
        self.trouble: Reason | None = None
        self.refused = False
        """The vendor did not let this one in when the test began; it is not asked again."""
        self._session: Session | None = None
        self._links, self._connect = links, connect
        self._broken = anyio.Event()
        self._leaving = False

    async def open(self) -> None:
        """Log in once; `trouble` says why where that does not work."""
        try:
            session = await self._connect(self._on_events)
        except ProtocolError as error:
            self.trouble = trouble("unfit", detail=error.reason)
            return
        except UnreachableError as error:
            self.trouble = error.reason
            return
        except OSError as error:
            silent = isinstance(error, TimeoutError) and error.errno is None
            detail = str(error) or type(error).__name__
            self.trouble = (
                trouble("login_unanswered") if silent else trouble("unreachable", detail=detail)
            )
            return
        if isinstance(session, BindRefused):
            self.refused = True
            self.trouble = (
                session.reason
                if isinstance(session, Refused)
                else trouble("login_refused", text=session.text, status=session.status)
            )
            return
        self._session, self.trouble, self.refused = session, None, False
        self._links.sessions.append(session)
        if session.closed is not None:  # it broke before we held it
            self._lose(session.closed)

    async def keep(self, sleep: Sleep) -> None:
        while True:
            pause_s = FIRST_PAUSE_S
            while self._session is None:
                await sleep(pause_s)
                await self.open()
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            await self._broken.wait()
            self._broken = anyio.Event()

    async def close(self, patience_s: float) -> None:
        self._leaving = True
        if self._session is not None:
            await self._session.close(patience_s)

    def _on_events(self, events: Events) -> None:
        self._links.on_facts(events.submitted, events.receipts, events.replies)
        if events.closed is not None:
            self._links.on_lost(events.closed.unanswered)
            if self._session is not None:
                self._lose(events.closed)

    def _lose(self, closed: Closed) -> None:
        if self._session in self._links.sessions:
            self._links.sessions.remove(self._session)
            self._links.ended.update(odd(self._session))
        self._session = None
        if closed.reason == "idle":  # the vendor's way with quiet connections: no fault of anybody
            self._broken.set()
        elif not self._leaving:
            self.trouble = lost(closed)
            if closed.reason in _ODD_ENDS:
                self._links.ended[closed.reason] += 1
            self._links.counts["breaks"] += 1
            self._broken.set()


def odd(session: Session) -> Counter[str]:
    """What a session counted of that kind, if it counts."""
    return Counter(getattr(session, "oddities", ()))

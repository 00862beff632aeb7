"""Watches the handsets of a running test: polls the panel, matches texts by their token."""

import re
from collections.abc import Awaitable, Callable, Sequence

from anyio.to_thread import run_sync

from evaluators.sending.ledger import Arrival
from evaluators.sending.panel import Panel, Shown
from evaluators.sending.plan import ALPHABET, TOKEN_LENGTH
from evaluators.sending.tally import Tally
from evaluators.sending.writer import Writer

POLL_S = 0.5
_PAGE = 500  # a page is parsed while messages are due, so it stays short
_TOKENS = re.compile(f"(?=([{ALPHABET}]{{{TOKEN_LENGTH}}}))")  # may begin anywhere


class Watch:
    """Arrivals on a handset panel; without a panel, nothing.

    A message is known by its token, wherever in the text it stands; `text(token)` is what it
    should read. `read_ns` is the time by `now` up to which everything shown has been read.
    """

    def __init__(
        self,
        panel: Panel | None,
        tokens: Sequence[str],
        text: Callable[[str], str],
        now: Callable[[], int],
    ) -> None:
        self.read_ns = 0
        self._now = now
        self._panel, self._text = panel, text
        self._seqs = {token: seq for seq, token in enumerate(tokens)}
        self._cursor = 0

    async def alive(self) -> bool:
        """Whether the handsets give their heartbeat now."""
        return self._panel is not None and await run_sync(self._panel.alive)

    async def poll(self, tally: Tally, writer: Writer) -> bool:
        """Read one page; False when there is no more, or no way to know."""
        if self._panel is None:
            return False
        asked_ns = self._now()
        try:
            page, self._cursor = await run_sync(self._panel.inbox, self._cursor, _PAGE)
        except OSError:
            tally.counts["blind"] += 1
            return False
        found = [arrival for shown in page if (arrival := self._match(shown)) is not None]
        writer.arrived([one for one in found if tally.arrived(one.seq, same=one.same)])
        if len(page) < _PAGE:
            self.read_ns = asked_ns
        return len(page) == _PAGE

    async def keep(
        self, tally: Tally, writer: Writer, sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        """Poll until cancelled."""
        while self._panel is not None:
            await self.drain(tally, writer)
            await sleep(POLL_S)

    async def drain(self, tally: Tally, writer: Writer) -> None:
        """Read everything there is."""
        while await self.poll(tally, writer):
            pass

    def _match(self, shown: Shown) -> Arrival | None:
        for token in _TOKENS.findall(shown.text):
            seq = self._seqs.get(token)
            if seq is not None:
                same = shown.text == self._text(token)
                return Arrival(seq, shown.received_ns, shown.sender, same)
        return None

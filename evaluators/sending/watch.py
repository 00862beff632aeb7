"""Watches the handsets of a running test: polls the panel, matches texts by their token."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from anyio.to_thread import run_sync

from evaluators.sending.ledger import Arrival
from evaluators.sending.panel import Panel, Shown
from evaluators.sending.tally import Tally
from evaluators.sending.texts import Texts
from evaluators.sending.tokens import ALPHABET, TOKEN_LENGTH, Tokens
from evaluators.sending.writer import Writer

POLL_S = 0.5
ASK_S = 10.0  # between two looks at which handsets are up
_PAGE = 500  # a page is parsed while messages are due, so it stays short
_TOKENS = re.compile(f"(?=([{ALPHABET}]{{{TOKEN_LENGTH}}}))")  # may begin anywhere

Sleep = Callable[[float], Awaitable[None]]


class Watch:
    """Arrivals on a handset panel; without a panel, nothing.

    A message is known by its token, wherever in the text it stands; `texts` is what it should
    read. `read_ns` is the time by `now` up to which everything shown has been read; `silent` are
    the numbers whose handsets give no heartbeat. `cursor` is how far the panel has been read.
    """

    def __init__(
        self, panel: Panel | None, tokens: Tokens, texts: Texts, numbers: Sequence[str]
    ) -> None:
        self.read_ns = 0
        self.cursor = 0
        self.silent: frozenset[str] = frozenset()
        self._panel, self._texts, self._tokens = panel, texts, tokens
        self._numbers = numbers

    async def alive(self) -> bool:
        """Whether the handsets give their heartbeat now."""
        return self._panel is not None and await run_sync(self._panel.alive)

    async def remembers(
        self, noted: Mapping[str, Any], tally: Tally, writer: Writer, now: Callable[[], int]
    ) -> bool:
        """Whether the panel goes as far as an earlier process read it; a new one has forgotten.

        What it forgot cannot be told from what never came.
        """
        before = int(noted.get("cursor", 0))
        if before:
            await self.drain(tally, writer, now)
        return self.cursor >= before

    async def poll(self, tally: Tally, writer: Writer, now: Callable[[], int]) -> bool:
        """Read one page; False when there is no more, or no way to know."""
        if self._panel is None:
            return False
        asked_ns = now()
        try:
            page, self.cursor = await run_sync(self._panel.inbox, self.cursor, _PAGE)
        except OSError:
            tally.counts["blind"] += 1
            return False
        found = [arrival for shown in page if (arrival := self._match(shown)) is not None]
        writer.arrived([one for one in found if tally.arrived(one.seq, same=one.same is not False)])
        if len(page) < _PAGE:
            self.read_ns = asked_ns
        return len(page) == _PAGE

    async def keep(
        self, tally: Tally, writer: Writer, now: Callable[[], int], sleep: Sleep
    ) -> None:
        """Poll until cancelled."""
        asked_ns = now() - int(ASK_S * 1e9)
        while self._panel is not None:
            await self.drain(tally, writer, now)
            if now() - asked_ns >= ASK_S * 1e9:
                asked_ns, self.silent = now(), await run_sync(self._panel.silent)
            await sleep(POLL_S)

    def excused(self, seq: int) -> bool:
        """Whether nothing can be said now of what the message's handset got."""
        return bool(self.silent) and self._numbers[seq] in self.silent

    async def drain(self, tally: Tally, writer: Writer, now: Callable[[], int]) -> None:
        """Read everything there is."""
        while await self.poll(tally, writer, now):
            pass

    async def reread(self) -> frozenset[str]:
        """Have the handsets' inboxes looked through; the numbers that could not be asked."""
        return frozenset() if self._panel is None else await run_sync(self._panel.reread)

    def _match(self, shown: Shown) -> Arrival | None:
        candidates = [
            (seq, token)
            for token in _TOKENS.findall(shown.text)
            if (seq := self._tokens.seq_of(token)) is not None
        ]
        if not candidates:
            return None
        if shown.source == "typed":  # the token and nothing else of the text
            return _arrival(candidates[0][0], shown, same=None)
        for seq, token in candidates:
            if shown.text == self._texts.full(seq, token):
                return _arrival(seq, shown, same=True)
        # Any six clear characters may be a token of a long run; then the number decides.
        mine = [seq for seq, _ in candidates if self._numbers[seq] == shown.number]
        return _arrival((mine or [candidates[0][0]])[0], shown, same=False)


def _arrival(seq: int, shown: Shown, *, same: bool | None) -> Arrival:
    unsure_ms = None if shown.unsure_ns is None else -(-shown.unsure_ns // 1_000_000)
    return Arrival(seq, shown.received_ns, shown.sender, same, shown.source, unsure_ms)

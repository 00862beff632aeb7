"""A running test in a chat: one line that changes in place, where the platform lets it change.

The same line as in the terminal and on the page. It is for show: it waits for nobody, replies go
first, and it takes from the platform's pace like they do. After a restart it begins a new line.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import anyio
from anyio.to_thread import run_sync
from sqlmodel import Session

from bot.channels.port import Delivered, Fate, Later, Ticking
from bot.delivery import Delivery
from bot.dialogue import showing
from bot.store import runs
from bot.store.tables import Conversation, Run
from bot.wording import Wording

log = logging.getLogger(__name__)

EVERY_S = 5.0
GROUP_S = 15.0  # between two changes in a group, whose pace all its members share


@dataclass(frozen=True)
class Line:
    """What is to be shown of one test; `over`: nothing changes any more."""

    run: int
    chat: str
    group: bool
    text: str
    over: bool


@dataclass
class _Shown:
    """What is shown of one test: the platform's id and the words; `left`: it is left alone."""

    id: str = ""
    text: str = ""
    not_before: float = float("-inf")
    left: bool = False


@dataclass
class Ticker:
    """Shows the running tests of one channel's chats."""

    channel: Ticking
    delivery: Delivery
    wordings: Mapping[str, Wording]
    now: Callable[[], float]
    every_s: float = EVERY_S
    shown: dict[int, _Shown] = field(default_factory=dict)  # by run

    async def run(self) -> None:
        """Until cancelled; whatever fails here stops nothing else."""
        while True:
            try:
                await self.look()
            except Exception:
                log.exception("the progress of tests could not be shown")
            await anyio.sleep(self.every_s)

    async def look(self) -> None:
        """Show what has changed."""
        lines = await run_sync(self._lines, limiter=self.delivery.threads)
        for line in lines:
            await self._show(line)
        for run in self.shown.keys() - {line.run for line in lines}:
            del self.shown[run]

    def _lines(self) -> list[Line]:
        channel = self.delivery.channel.name
        with self.delivery.database.read() as sql:
            found = runs.watched(sql, channel, self.shown)
            return [self._line(sql, run, chat) for run, chat in found]

    def _line(self, sql: Session, run: Run, chat: Conversation) -> Line:
        words = self.wordings.get(str(chat.state.get("language"))) or self.wordings["zh"]
        text = showing.progress(words, run.state, run.progress)
        if run.pair_id is not None:  # two lines in one chat
            text = f"{runs.title(sql, run)}\n{text}"
        over = run.state not in runs.GOING_ON
        return Line(run.id or 0, chat.id.partition(":")[2], chat.grouped, text, over)

    async def _show(self, line: Line) -> None:
        before = self.shown.setdefault(line.run, _Shown())
        if not before.left and line.text != before.text:
            if not self._may(line, before):
                return
            self.delivery.pacing.note(line.chat, self.now())
            fate = await self.channel.tick(line.chat, line.text, before.id)
            self._note(line, before, fate)
        if line.over and (before.left or line.text == before.text):
            del self.shown[line.run]

    def _may(self, line: Line, before: _Shown) -> bool:
        now = self.now()
        waits = self.delivery.pacing.wait_s(line.chat, group=line.group, now=now) > 0
        return not waits and line.chat not in self.delivery.busy and now >= before.not_before

    def _note(self, line: Line, before: _Shown, fate: Fate) -> None:
        match fate:
            case Delivered(message_id):
                before.id, before.text = message_id, line.text
                before.not_before = self.now() + (GROUP_S if line.group else 0.0)
            case Later(after_s, everybody=everybody, unsure=unsure):
                before.left = unsure and not before.id  # rather no line than two
                before.not_before = self.now() + after_s
                if everybody:
                    self.delivery.pacing.stopped_until = before.not_before
            case _:  # deleted, blocked, refused: no second line is begun
                before.left = True

"""WeCom (企业微信) as a channel: what its people say and do, and the way back to them."""

import time
from collections.abc import Callable
from pathlib import Path

import anyio

from bot.channels.port import Fate, Front, Pace
from bot.channels.wecom.client import Line
from bot.channels.wecom.hearing import Ear, Setting, Spoken
from bot.channels.wecom.media import Fetching
from bot.channels.wecom.speaking import Patience, Speaker
from bot.channels.wecom.windows import Windows
from bot.messages import Outgoing

AGAIN_S = (0.2, 1.0, 5.0, 15.0, 60.0)


class Wecom:
    """One WeCom bot over one line.

    `folder`: where files people send are put, each into a sub-folder of its own. `bot_name`: how
    people mention the bot in groups.
    """

    name = "wecom"
    # Second-hand, and given by several sources alike; answers through a window count too here.
    pace = Pace(chat=((30, 60.0), (1000, 3600.0)), group=((30, 60.0), (1000, 3600.0)))

    def __init__(
        self,
        line: Line,
        folder: Path,
        *,
        bot_name: str = "",
        fetching: Fetching | None = None,
        patience: Patience | None = None,
        again_s: tuple[float, ...] = AGAIN_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.line = line
        windows, spoken = Windows(clock), Spoken()
        patience = patience or Patience()
        self._speaker = Speaker(
            line, windows, patience, pace=self.pace, spoken=spoken.keep, clock=clock
        )
        self._setting = Setting(
            windows=windows,
            spoken=spoken,
            settle=self._speaker.settle,
            settle_s=patience.settle_s,
            fetching=fetching or Fetching(folder),
            bot_name=bot_name,
            line=line,
            again_s=again_s,
            clock=clock,
        )

    @property
    def trouble(self) -> str:
        """Why nobody can be reached now, in words; empty while the line is up."""
        return self.line.trouble

    async def deliver(self, reply: Outgoing) -> Fate:
        """Through an open window of the chat, otherwise as a push."""
        return await self._speaker.deliver(reply)

    async def listen(self, front: Front) -> None:
        """Take in what comes, each chat in its order and several side by side."""
        async with anyio.create_task_group() as tasks:
            await self.line.run(Ear(self._setting, front, tasks).hear)

    async def close(self) -> None:
        """Nothing is left open once listening has ended."""

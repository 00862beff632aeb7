"""What a WeCom bot hears: each chat in its order, several chats side by side."""

import logging
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial

import anyio
from anyio.abc import TaskGroup

from bot.channels.port import Front
from bot.channels.wecom import incoming
from bot.channels.wecom.client import Line
from bot.channels.wecom.frames import Frame
from bot.channels.wecom.incoming import Attachment, Said
from bot.channels.wecom.media import Fetched, Fetching
from bot.channels.wecom.windows import Window, Windows
from bot.messages import Message, Outgoing, Peer

log = logging.getLogger(__name__)

SEEN = 5000  # message ids kept against duplicates
QUOTABLE = 2000  # texts sent that may be quoted
AT_ONCE = 4  # downloads side by side
WELCOME_S = 4.5  # the platform takes a welcome within five seconds

LEAVING_S = 5.0  # for what was heard but not kept when listening ends

Job = Callable[[], Awaitable[object]]
Find = Callable[[], Awaitable[Outgoing | None]]
Settle = Callable[[str, Said, Find], Coroutine[object, object, None]]


class Spoken:
    """What was said in which chat, to find the message that a quote quotes."""

    def __init__(self) -> None:
        self._ids: OrderedDict[tuple[str, str], str] = OrderedDict()

    def keep(self, chat: str, text: str, message_id: str) -> None:
        key = (chat, _letters(text))
        self._ids.pop(key, None)
        self._ids[key] = message_id
        if len(self._ids) > QUOTABLE:
            self._ids.popitem(last=False)

    def find(self, chat: str, quoted: str) -> str:
        return self._ids.get((chat, _letters(quoted)), "") if quoted.strip() else ""


@dataclass
class _Download:
    """A file on its way while its message waits for its turn."""

    attachment: Attachment
    done: anyio.Event = field(default_factory=anyio.Event)
    fetched: Fetched | None = None


@dataclass(frozen=True)
class Setting:
    """What listening needs.

    `again_s`: pauses between attempts to have a message kept; the platform says it only once.
    """

    windows: Windows
    spoken: Spoken
    settle: Settle  # changes the pressed card
    settle_s: float  # so long after a press the platform may still take that
    fetching: Fetching
    bot_name: str
    line: Line
    again_s: tuple[float, ...]
    clock: Callable[[], float]


class Ear:
    """One bot's way in, for one round of listening."""

    def __init__(self, setting: Setting, front: Front, tasks: TaskGroup) -> None:
        self._is, self._front, self._tasks = setting, front, tasks
        self._slots = anyio.CapacityLimiter(AT_ONCE)
        self._lanes: dict[str, deque[Job]] = {}
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()

    def hear(self, frame: Frame) -> None:
        """Sort one callback; whatever takes time is started, not waited for."""
        said = incoming.read(frame.body, frame.req_id, self._is.bot_name)
        if said is None or not self._is_new(said):
            self._is.line.dismiss(frame.req_id)
            return
        peer = Peer("wecom", said.chat, said.user, "", said.group)
        if said.kind == "press":
            until = self._is.clock() + self._is.settle_s
            if self._is.line.after_press:
                self._open(frame, said, 1)
            self._queue(said.chat, partial(self._press, frame.req_id, peer, said, until))
        elif said.kind == "visit":
            closes = self._is.clock() + WELCOME_S
            self._is.windows.add(said.chat, Window("welcome", frame.req_id, closes))
            self._queue(said.chat, partial(self._visit, frame.req_id, peer, said))
        else:
            self._open(frame, said, self._is.line.answers)
            downloads = self._begin(peer, said)
            self._queue(said.chat, partial(self._message, frame.req_id, peer, said, downloads))

    def _open(self, frame: Frame, said: Said, answers: int) -> None:
        closes = self._is.clock() + self._is.line.window_s
        window = Window("message", frame.req_id, closes, answers)
        self._is.windows.add(said.chat, window)

    def _is_new(self, said: Said) -> bool:
        key = (said.chat, said.id)
        if key in self._seen:
            return False
        self._seen[key] = None
        if len(self._seen) > SEEN:
            self._seen.popitem(last=False)
        return True

    def _begin(self, peer: Peer, said: Said) -> tuple[_Download, ...]:
        """Start the downloads at once: their addresses expire."""
        downloads = tuple(_Download(attachment) for attachment in said.attachments)
        for download in downloads:
            self._tasks.start_soon(self._download, peer, download)
        return downloads

    async def _download(self, peer: Peer, download: _Download) -> None:
        try:
            async with self._slots:
                if not await self._front.knows(peer):
                    return
                download.fetched = await self._is.fetching.fetch(download.attachment)
        except Exception:
            log.exception("a file of WeCom could not be fetched")
        finally:
            download.done.set()

    def _queue(self, chat: str, job: Job) -> None:
        """What one chat says is taken one by one."""
        lane = self._lanes.get(chat)
        if lane is None:
            lane = self._lanes[chat] = deque()
            self._tasks.start_soon(self._work, chat, lane)
        lane.append(job)

    async def _work(self, chat: str, lane: deque[Job]) -> None:
        try:
            await _emptied(lane)
        finally:
            # Cancelled in the middle: what was heard is still kept, for it is not said again.
            with anyio.move_on_after(LEAVING_S, shield=True):
                await _emptied(lane)
        self._lanes.pop(chat, None)

    async def _press(self, req_id: str, peer: Peer, said: Said, until: float) -> None:
        """A press is shown once it is kept, and only while the platform takes that."""
        message = Message(said.id, action=said.action)
        if not await self._kept(said, partial(self._front.receive, peer, message)):
            self._is.line.dismiss(req_id)
        elif self._is.clock() <= until:
            find = partial(self._front.delivered, peer, said.task_id)
            self._tasks.start_soon(self._is.settle, req_id, said, find)
        else:
            log.warning("A press took too long to be kept; its card stays as it is")
            self._is.line.dismiss(req_id)

    async def _visit(self, req_id: str, peer: Peer, said: Said) -> None:
        async def visited() -> bool:
            await self._front.visited(peer)
            return await self._front.knows(peer)

        if not await self._kept(said, visited):
            self._is.line.dismiss(req_id)

    async def _message(
        self, req_id: str, peer: Peer, said: Said, downloads: tuple[_Download, ...]
    ) -> None:
        for download in downloads:
            await download.done.wait()
        failed = Fetched(trouble="unreadable")
        fetched = [download.fetched or failed for download in downloads]
        troubles = [one.trouble for one in fetched if one.trouble]
        if said.kind == "unknown":
            troubles.append("kind")
        message = Message(
            said.id,
            text=said.text,
            paths=tuple(one.path for one in fetched if one.path is not None),
            about=self._is.spoken.find(said.chat, said.quoted),
            trouble=troubles[0] if troubles else "",
        )
        if not await self._kept(said, partial(self._front.receive, peer, message)):
            self._is.line.dismiss(req_id)

    async def _kept(self, said: Said, keep: Callable[[], Awaitable[bool]]) -> bool:
        """Have it kept; failing once is no reason to give up what is never said again.

        False where nobody is known there, or where it could not be kept.
        """
        for pause_s in (*self._is.again_s, 0.0):
            try:
                return await keep()
            except Exception:
                log.exception("a message from WeCom was not kept")
                await anyio.sleep(pause_s)
        self._seen.pop((said.chat, said.id), None)
        return False


async def _emptied(lane: deque[Job]) -> None:
    while lane:
        await lane[0]()
        lane.popleft()


def _letters(text: str) -> str:
    """What is the same however a text is shown."""
    return "".join(sign for sign in text if sign.isalnum())[:400]

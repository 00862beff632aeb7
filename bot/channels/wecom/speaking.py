"""Handing replies to WeCom: through an open window of the chat, otherwise as a push."""

import hashlib
import logging
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import anyio

from bot.channels.port import Delivered, Fate, Later, Pace, Rejected, Unreachable
from bot.channels.wecom import cards, frames, media, rendering
from bot.channels.wecom.budget import Budget
from bot.channels.wecom.client import Line
from bot.channels.wecom.frames import Ack, Body
from bot.channels.wecom.incoming import Said
from bot.channels.wecom.rendering import Step
from bot.channels.wecom.windows import Window, Windows
from bot.messages import Outgoing

log = logging.getLogger(__name__)

REMEMBERED = 2000  # replies on their way, and cards somebody may still press
WELCOME_BYTES = 2048
MINUTE_S = 60.0
Find = Callable[[], Awaitable[Outgoing | None]]
_ANY, _MESSAGE = frozenset({"message", "welcome"}), frozenset({"message"})


@dataclass(frozen=True)
class Patience:
    """Seconds between attempts, and how many."""

    again_s: float = 2  # nobody knows whether it arrived, or the connection is down
    lost_s: float = 15  # how long an acknowledgement may still come before a frame is sent again
    rate_s: float = 20  # doubles up to a minute, the platform's window
    settle_s: float = 4  # after a press its card may still be changed; the platform says five
    conflict_s: float = 0.5
    conflicts: int = 3  # after so many the platform is believed to have it
    refusals: int = 5  # of a kind nobody knows
    upload_ack_s: float = 30
    chunk_s: float = 0.5  # before a chunk is sent again


@dataclass(frozen=True)
class _Pending:
    """A frame of which nobody knows whether the platform has it.

    `written`: it went out whole on a connection that lasted, so that only its answer is missing.
    """

    req_id: str
    window: Window | None
    until: float
    written: bool


@dataclass
class _Progress:
    """How far one reply has come; a step keeps its ids over all attempts."""

    task_id: str
    steps: list[Step]
    done: int = 0
    refused: int = 0
    limited: int = 0  # times in a row that the platform's rate was reached
    upload: media.Upload | None = None
    media_id: str = ""
    media_kind: str = ""
    pending: _Pending | None = None
    renamed: bool = False  # the card got another task id
    ids: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Asked:
    """A card that went out, so that it can show what was chosen."""

    card: Body
    language: str


class Speaker:
    """The way out of one bot."""

    def __init__(
        self,
        line: Line,
        windows: Windows,
        patience: Patience,
        *,
        pace: Pace,
        spoken: Callable[[str, str, str], None],
        clock: Callable[[], float],
    ) -> None:
        self._line, self._windows, self._patience = line, windows, patience
        self._spoken = spoken  # (chat, text, message id): for quotes, which tell no id
        self._clock = clock
        self._budget = Budget(pace)
        self._going: OrderedDict[int, _Progress] = OrderedDict()
        self.asked: OrderedDict[str, Asked] = OrderedDict()  # by task id

    async def deliver(self, reply: Outgoing) -> Fate:
        """One reply, from where its last attempt had come to."""
        progress = self._going.get(reply.id)
        if progress is None:
            task_id = _task_id(reply)
            progress = _Progress(task_id, rendering.steps(reply, task_id))
            self._going[reply.id] = progress
            _trim(self._going)
        while progress.done < len(progress.steps):
            wait_s = self._budget.wait_s(reply.chat, group=reply.group, now=self._clock())
            if wait_s > 0:
                return Later(wait_s, "no more is taken for now", unsure=progress.done > 0)
            fate = await self._step(reply, progress)
            if not isinstance(fate, Delivered):
                if not isinstance(fate, Later):
                    self._going.pop(reply.id, None)
                return fate
        self._going.pop(reply.id, None)
        return Delivered(progress.ids[-1] if progress.ids else "")

    async def _step(self, reply: Outgoing, progress: _Progress) -> Fate:
        """The next step of a reply."""
        step = progress.steps[progress.done]
        if step.file and not progress.media_id:
            fate = await self._upload(Path(step.file), progress)
            if fate is not None:
                return fate
        window = self._window(reply.chat, step, progress)
        if window is None and step.card is not None and not step.complete:
            step = _split(progress)
        if window is None:
            ack, sent_id = await self._push(reply.chat, step, progress)
        else:
            ack, sent_id = await self._through(reply.chat, window, step, progress)
        if ack.ok:
            self._took(reply, step, progress, sent_id)
            return Delivered(sent_id)
        if window is not None and ack.code in frames.WINDOW_OVER:
            self._windows.shut(window)
            return Delivered()  # of nothing yet: the step is tried again another way
        if step.card is not None and ack.code in frames.CONTENT:
            return self._without_card(reply, step, progress, ack)
        return self._fate(ack, progress)

    def _took(self, reply: Outgoing, step: Step, progress: _Progress, sent_id: str) -> None:
        progress.done += 1
        progress.limited = 0
        progress.pending, progress.media_id = None, ""
        progress.ids.append(progress.task_id if step.card is not None else sent_id)
        if step.card is not None:
            self.asked[progress.task_id] = Asked(step.card, reply.language)
            _trim(self.asked)
        if step.text:
            self._spoken(reply.chat, step.text, progress.ids[-1])

    def _without_card(self, reply: Outgoing, step: Step, progress: _Progress, ack: Ack) -> Fate:
        """A card was refused: since it is there already, or since its id was used, or for good.

        An id is never taken twice. So a card that may have been sent before this process began,
        and is refused now, is there.
        """
        if reply.again and not progress.renamed:
            log.warning("A card that may have been sent before is refused (%s): it is there", ack)
            self._took(reply, step, progress, progress.task_id)
            return Delivered()
        task_id = progress.task_id
        if not progress.renamed:
            progress.renamed, progress.task_id = True, f"{task_id}-{secrets.token_hex(4)}"
            progress.steps[progress.done] = step.renamed(progress.task_id)
            return Delivered()
        log.warning("WeCom refused a card (%s); its choices are told as text", ack)
        progress.steps[progress.done :] = rendering.steps(reply, task_id, with_card=False)
        return Delivered()

    def _window(self, chat: str, step: Step, progress: _Progress) -> Window | None:
        """The window through which to say it; None: it is pushed."""
        if progress.pending is not None:
            return progress.pending.window
        return self._windows.newest(chat, _ANY if _may_welcome(step) else _MESSAGE)

    async def _through(
        self, chat: str, window: Window, step: Step, progress: _Progress
    ) -> tuple[Ack, str]:
        """Answer a callback. The same stream again replaces itself: no second bubble appears."""
        stream_id = f"{progress.task_id}-{progress.done}"
        if window.kind == "welcome":
            body = frames.template_card(step.card) if step.card else frames.text(step.text)
            cmd = frames.WELCOME
        else:
            body, cmd = _answer(step, progress, stream_id), frames.RESPOND
        ack = await self._call(progress, cmd, body, req_id=window.req_id, chat=chat, window=window)
        if ack.ok:
            self._windows.use(window)
        return ack, stream_id

    async def _push(self, chat: str, step: Step, progress: _Progress) -> tuple[Ack, str]:
        """Say it unasked."""
        pending = progress.pending
        req_id = pending.req_id if pending else self._line.new_req_id(frames.SEND)
        body = {"chatid": chat, **_pushed(step, progress)}
        return await self._call(progress, frames.SEND, body, req_id=req_id, chat=chat), req_id

    async def _call(
        self,
        progress: _Progress,
        cmd: str,
        body: Body,
        *,
        req_id: str,
        chat: str,
        window: Window | None = None,
    ) -> Ack:
        """Send, unless an earlier attempt's answer has come or may still come."""
        before = progress.pending
        if before is not None:
            late = self._line.late(req_id)
            if late is not None:
                progress.pending = None
                return late
            if self._clock() < before.until:
                return Ack(frames.NO_ANSWER, "its answer may still come")
        ack = await self._patiently(cmd, body, req_id)
        if ack.ok or ack.unknown:
            self._budget.note(chat, self._clock())
        if ack.unknown:
            written = ack.code == frames.NO_ANSWER
            until = self._clock() + (self._patience.lost_s if written else 0)
            progress.pending = _Pending(req_id, window, until, written)
        elif ack.code != frames.NOT_CONNECTED:
            progress.pending = None
            over = ack.code in frames.WINDOW_OVER or ack.code in frames.CONTENT
            if before is not None and before.written and over:
                log.warning("Said again and refused (%s): it is there", ack)
                return Ack(frames.OK)
        return ack

    async def _patiently(self, cmd: str, body: Body, req_id: str) -> Ack:
        """Call; a conflict is tried again, and in the end taken for "already there"."""
        for _ in range(self._patience.conflicts):
            ack = await self._line.call(cmd, body, req_id)
            if ack.code not in frames.CONFLICT:
                return ack
            await anyio.sleep(self._patience.conflict_s)
        log.warning("WeCom keeps saying it has this message already: %s", req_id)
        return Ack(frames.OK, "conflict")

    async def _upload(self, path: Path, progress: _Progress) -> Fate | None:
        """Bring the file there; None where it is."""
        upload = progress.upload = progress.upload or media.Upload(path)
        try:
            patience = self._patience
            ack = await media.upload(self._line, upload, patience.upload_ack_s, patience.chunk_s)
        except OSError as error:
            return Rejected(f"the file cannot be read: {error.strerror}")
        if ack.ok and ack.body.get("media_id"):
            progress.media_id = str(ack.body["media_id"])
            progress.media_kind = str(ack.body.get("type") or "file")
            progress.upload = None
            return None
        if ack.code == frames.NO_SUCH_WAY:
            return Rejected("files cannot be sent this way")
        return self._fate(ack, progress)

    def _fate(self, ack: Ack, progress: _Progress) -> Fate:
        """What a refusal means."""
        patience, why = self._patience, str(ack)
        if ack.code == frames.NO_SUCH_WAY:
            return Unreachable(ack.why)
        if ack.code == frames.NOT_CONNECTED:
            return Later(max(patience.again_s, self._line.down_for_s), why, everybody=True)
        if ack.unknown:
            return Later(patience.again_s, why, unsure=True)
        if ack.code in frames.RATE:
            progress.limited += 1
            after_s = min(patience.rate_s * 2 ** (progress.limited - 1), MINUTE_S)
            return Later(after_s, why, unsure=progress.done > 0)
        if ack.code in frames.UNREACHABLE:
            return Unreachable(why)
        if ack.code in frames.CONTENT:
            return Rejected(why)
        progress.refused += 1
        if ack.code in frames.NOT_READY or progress.refused < patience.refusals:
            return Later(patience.again_s, why)
        return Unreachable(why)  # nobody knows this code; what waits for the chat stays kept

    async def settle(self, req_id: str, said: Said, find: Find) -> None:
        """Show on the card what was pressed; nothing depends on whether that works.

        What a card asked that was sent before this process began is looked up with `find`.
        """
        asked = self.asked.get(said.task_id) or await _before(find, said.task_id)
        by = said.user if said.group else ""
        card = cards.settled(asked.card, said.action, asked.language, by) if asked else None
        if card is None:
            log.info("A pressed WeCom card is not known any more and stays as it is")
            return self._line.dismiss(req_id)
        ack = await self._line.call(frames.UPDATE, frames.card_update(card), req_id)
        if not ack.ok:
            log.warning("A pressed WeCom card was not updated: %s", ack)
        return None


async def _before(find: Find, task_id: str) -> Asked | None:
    """The card as it was sent, made once more from the reply it belonged to."""
    reply = await find()
    steps = rendering.steps(reply, task_id) if reply is not None else []
    cards_ = [step.card for step in steps if step.card is not None]
    return Asked(cards_[0], reply.language) if reply is not None and cards_ else None


def _task_id(reply: Outgoing) -> str:
    """The same for the same reply in every process, so that the platform knows a second one."""
    told = repr((reply.chat, reply.text, reply.buttons))
    return f"smsvet-{reply.id}-{hashlib.sha256(told.encode()).hexdigest()[:12]}"


def _split(progress: _Progress) -> Step:
    """A text and a card are two pushes: two steps, so that neither is said twice."""
    step = progress.steps[progress.done]
    parts = [Step(step.text), Step("", step.card, complete=True)]
    progress.steps[progress.done : progress.done + 1] = parts
    return parts[0]


def _may_welcome(step: Step) -> bool:
    """A welcome is one plain text or one card."""
    if step.file:
        return False
    return step.complete or (not step.card and len(step.text.encode()) <= WELCOME_BYTES)


def _answer(step: Step, progress: _Progress, stream_id: str) -> Body:
    if step.file:
        return frames.media(progress.media_kind, progress.media_id)
    if step.card is None:
        return frames.stream(stream_id, step.content)
    if step.complete:
        return frames.template_card(step.card)
    return frames.stream_with_card(stream_id, step.content, step.card)


def _pushed(step: Step, progress: _Progress) -> Body:
    if step.file:
        return frames.media(progress.media_kind, progress.media_id)
    return frames.template_card(step.card) if step.card else frames.markdown(step.content)


def _trim(kept: OrderedDict[int, _Progress] | OrderedDict[str, Asked]) -> None:
    while len(kept) > REMEMBERED:
        kept.popitem(last=False)

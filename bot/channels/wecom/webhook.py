"""A group's webhook: one-way messages, for escalation. Nobody can answer there."""

from bot.channels.port import Delivered, Fate, Later, Pace, Rejected
from bot.channels.wecom import frames, rendering
from bot.channels.wecom.callback import posted

PACE = Pace(overall=((20, 60.0),))
CONTENT_BYTES = 4096
RATE_S = 60.0


async def push(url: str, text: str) -> Fate:
    """Say `text` in the group whose webhook `url` (with its key) is. The key stays unlogged."""
    content = rendering.marked(rendering.fitting(text, CONTENT_BYTES)[0])
    ack = await posted(url, frames.markdown(content))
    if ack.ok:
        return Delivered()
    if ack.code in frames.RATE or ack.code < 0:  # not reached, or busy
        return Later(RATE_S if ack.code in frames.RATE else 5.0, str(ack))
    return Rejected(str(ack))

"""What the fake keeps: its limits, its faults, its chats and what is shown in them."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import anyio

Body = dict[str, Any]


class Codes:
    """Error codes. Reported from real bots: 853000, 846605, 846608, 6000, 40008, 45009.

    The others are placeholders: the real platform's numbers for these cases are unknown.
    """

    BAD_SECRET = 853000
    BAD_REQ_ID = 846605
    STREAM_OVER = 846608
    WINDOW_OVER = 846604
    CONFLICT = 6000
    RATE = 45009
    BAD_TYPE = 40008
    NOT_SUBSCRIBED = 846609  # placeholder
    NEVER_WROTE = 846610  # placeholder
    BAD_PARAMETER = 40058  # placeholder
    TOO_LARGE = 40006  # placeholder
    BAD_MEDIA = 40007  # placeholder
    NO_COMMAND = 40035  # placeholder


@dataclass
class Limits:
    """Times in seconds, sizes in bytes; all may be changed while it runs.

    `answers`: how many different answers one req_id takes; the real number is unknown. `keeps`:
    whether what is said while nobody is connected (or to a half-alive connection) arrives with
    the next subscription; whether the real platform does that is unknown.
    """

    quick_s: float = 5  # welcome and card update
    reply_s: float = 600
    stream_s: float = 600
    media_s: float = 300
    response_url_s: float = 3600
    content: int = 20480
    answers: int = 1
    per_minute: int = 30
    per_hour: int = 1000
    webhook_per_minute: int = 20
    keeps: bool = True
    sizes: dict[str, int] = field(
        default_factory=lambda: {
            "image": 10 << 20, "video": 10 << 20, "voice": 2 << 20, "file": 20 << 20
        }
    )  # fmt: skip


@dataclass
class Faults:
    """What goes wrong from now on. `errors`: codes for the next frames of a command, in order."""

    ack_delay_s: float = 0
    mute_pings: bool = False
    half_alive: bool = False  # heartbeats fine, no messages any more; ends with a subscription
    copies: int = 1  # each callback so many times
    hold: int = 0  # the next so many callbacks arrive together, in reverse
    errors: dict[str, list[int]] = field(default_factory=dict)
    drop_acks: dict[str, int] = field(default_factory=dict)  # done, but never acknowledged
    refuse_downloads: int = 0  # so many downloads fail with 503


@dataclass
class Bubble:
    """One message as people see it."""

    number: int
    kind: str  # said, text, markdown, stream, card, file, image, voice, video
    by: str  # a user, or "" for the bot
    text: str = ""
    card: Body | None = None
    name: str = ""
    data: bytes = b""
    stream_id: str = ""
    at: float = 0
    pushed: bool = False

    @property
    def buttons(self) -> dict[str, str]:
        """What may be pressed: label to key."""
        card = self.card or {}
        listed = [(b["text"], b["key"]) for b in card.get("button_list", ())]
        options = card.get("checkbox", {}).get("option_list", ())
        return dict(listed + [(option["text"], option["id"]) for option in options])


@dataclass
class Chat:
    """One conversation with the bot: a person's own, or a group."""

    id: str
    group: bool = False
    written: bool = False  # somebody has written here: pushes are taken
    bubbles: list[Bubble] = field(default_factory=list)
    pushes: deque[float] = field(default_factory=deque)
    news: anyio.Event = field(default_factory=anyio.Event)

    def show(self, bubble: Bubble) -> Bubble:
        self.bubbles.append(bubble)
        self.stir()
        return bubble

    def stir(self) -> None:
        """Wake who waits for something to appear or change."""
        news, self.news = self.news, anyio.Event()
        news.set()

    @property
    def shown(self) -> list[Bubble]:
        """What the bot said."""
        return [bubble for bubble in self.bubbles if not bubble.by]


@dataclass
class Callback:
    """A callback that may be answered by its req_id."""

    kind: str  # message, visit, card
    chat: Chat
    user: str
    at: float
    task_id: str = ""
    streams: dict[str, Bubble] = field(default_factory=dict)
    finished: set[str] = field(default_factory=set)
    begun: float = 0
    answers: int = 0
    card_sent: bool = False


@dataclass
class Upload:
    """A file on its way in."""

    kind: str
    name: str
    size: int
    chunks: int
    md5: str
    parts: dict[int, bytes] = field(default_factory=dict)


@dataclass
class Stored:
    """A person's file, encrypted for download."""

    data: bytes
    name: str
    at: float


def budget(times: "deque[float]", now: float, allowed: tuple[tuple[int, float], ...]) -> bool:
    """Whether one more fits into every (count, seconds) window; counts it where it does."""
    longest = max(seconds for _, seconds in allowed)
    while times and now - times[0] >= longest:
        times.popleft()
    for count, seconds in allowed:
        if sum(1 for at in times if now - at < seconds) >= count:
            return False
    times.append(now)
    return True


Clock = Callable[[], float]

"""What a phone's post says, whichever app sent it. Pure."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

REPLAY_MS = 5 * 60 * 1000  # a post signed further from now than this is refused
MOST_BYTES = 64 * 1024
MOST_DIGITS = 16

Refusal = Literal["signature", "clock", "fields"]
"""Not signed with the phone's secret; signed at another time, by a clock that is off or by somebody
who replays; signed well, but it lacks what the instructions ask for."""


class Post(NamedTuple):
    """A request as it came; header names in lower case."""

    headers: Mapping[str, str]
    body: bytes


class Text(NamedTuple):
    """One text message by the phone's own words. Times in ms since 1970.

    `received_ms` is when the phone got it by the phone's clock, where the app tells that.
    `centre_ms` is when the carrier's message centre took it, by the carrier's clock: the text
    cannot have been on the phone before.
    """

    sender: str
    text: str
    received_ms: int | None = None
    centre_ms: int | None = None


@dataclass(frozen=True)
class Passed:
    """A post that is the phone's: when it was signed, and the texts in it, perhaps none."""

    signed_ms: int
    resolution_ms: int
    texts: tuple[Text, ...] = field(default=())


class Reader(Protocol):
    """One app's way of posting."""

    def __call__(self, post: Post, secret: str, now_ms: int) -> Passed | Refusal: ...


def same(first: str, second: str) -> bool:
    """Whether two signatures are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(first.encode(), second.encode(errors="surrogatepass"))


def whole(digits: str) -> int | None:
    """A time as it stands in a post, of at most 16 digits."""
    good = digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS
    return int(digits) if good else None


def clean(text: str) -> str:
    """Text that can be stored: half a character, which JSON can carry, is replaced."""
    return text.encode(errors="replace").decode()


def timely(signed_ms: int, now_ms: int) -> bool:
    return abs(now_ms - signed_ms) <= REPLAY_MS

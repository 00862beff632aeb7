"""What passes between channels and the assistant. Light: a prompt is shown before SQL is loaded."""

from dataclasses import dataclass
from pathlib import Path

from bot import access


@dataclass(frozen=True)
class Chat:
    """Whose conversation this is, on which channel."""

    channel: str
    name: str
    roles: frozenset[str] = access.EVERYTHING
    part_only: bool = False

    @property
    def key(self) -> str:
        return f"{self.channel}:{self.name}"


@dataclass(frozen=True)
class Message:
    """What a channel received. `paths` are files it has fetched to local disk."""

    id: str
    text: str = ""
    action: str = ""
    paths: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Outgoing:
    """A reply on its way: text, buttons as (label, token), perhaps a file."""

    id: int
    text: str
    buttons: tuple[tuple[str, str], ...]
    file: str
    numbered: bool

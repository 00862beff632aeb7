"""What passes between channels and the assistant. Light: a prompt is shown before SQL is loaded."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Peer:
    """Who wrote, and where: ids are the platform's own, as text.

    `name` is what the platform shows for the person: data, never an identity.
    """

    channel: str
    chat: str
    user: str
    name: str = ""
    group: bool = False

    @property
    def key(self) -> str:
        """The conversation this belongs to; a group shares one."""
        return f"{self.channel}:{self.chat}"


@dataclass(frozen=True)
class Message:
    """What a channel received; `id` is the platform's own, never used twice in one chat.

    `action` is a pressed button's token. `paths` are files the channel has fetched to local disk.
    `about` is the platform's id of the message that this one replies to. `trouble` says why a file
    could not be fetched: too_large, expired, unreadable, or kind where the platform sends such
    things but smsvet does not take them.
    """

    id: str
    text: str = ""
    action: str = ""
    paths: tuple[Path, ...] = ()
    about: str = ""
    trouble: str = ""


@dataclass(frozen=True)
class Outgoing:
    """A reply on its way: text, buttons as (label, token), perhaps a file's path.

    It fits into one message of its channel: see bot/parts.py. `again`: it may have been delivered
    before, nobody knows, since the process died while it was being delivered.
    """

    id: int
    text: str
    buttons: tuple[tuple[str, str], ...]
    file: str
    numbered: bool
    chat: str = ""
    group: bool = False
    language: str = "zh"
    again: bool = False

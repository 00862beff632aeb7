"""A program that listens on Telegram and keeps what it hears. Given: address, token, file.

It is killed by test_telegram_loss.py; keeping takes it a while, so that this hits it in the middle.
"""

import sqlite3
import sys
from dataclasses import dataclass
from pathlib import Path

import anyio

from bot.channels.telegram import Account, build
from bot.messages import Message, Outgoing, Peer

KEEPING_S = 0.02


@dataclass
class Keeper:
    """A Front on a file: what is in it is committed."""

    file: sqlite3.Connection

    async def receive(self, peer: Peer, message: Message) -> bool:
        await anyio.sleep(KEEPING_S)
        with self.file:
            row = (peer.chat, message.id, message.text)
            self.file.execute("insert or ignore into heard (chat, id, text) values (?, ?, ?)", row)
        await anyio.sleep(KEEPING_S)
        return True

    async def knows(self, peer: Peer) -> bool:
        return True

    async def visited(self, peer: Peer) -> None:
        del peer

    async def moved(self, channel: str, old: str, new: str) -> None:
        del channel, old, new

    async def delivered(self, peer: Peer, message_id: str) -> Outgoing | None:
        del peer, message_id
        return None


def opened(file: str) -> sqlite3.Connection:
    """The file with its one table, in the order of keeping."""
    found = sqlite3.connect(file, timeout=10)
    found.execute(
        "create table if not exists heard"
        " (place integer primary key, chat text, id text, text text, unique (chat, id))"
    )
    return found


async def main(url: str, token: str, file: str) -> None:
    channel = build(Account(token, base_url=url, poll_s=1), Path(file).parent)
    await channel.listen(Keeper(opened(file)))


if __name__ == "__main__":
    anyio.run(main, *sys.argv[1:])

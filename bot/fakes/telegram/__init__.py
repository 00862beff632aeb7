"""Telegram's Bot API played on loopback, with a side door at which the people's part is played.

`Fake` holds the world, `serve` puts it on a socket. It is strict: what Telegram refuses is
refused here in Telegram's words, as far as those are known.
"""

from bot.fakes.telegram import people
from bot.fakes.telegram.faults import Fault
from bot.fakes.telegram.server import serve
from bot.fakes.telegram.world import Fake

__all__ = ["Fake", "Fault", "people", "serve"]

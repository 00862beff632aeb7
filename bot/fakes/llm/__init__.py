"""A server that speaks OpenAI's chat completions on loopback and behaves as it is told.

`Fake` holds what it will do and what it was asked, `serve` puts it on a socket.
"""

from bot.fakes.llm.server import serve
from bot.fakes.llm.world import Asked, Fake, Script

__all__ = ["Asked", "Fake", "Script", "serve"]

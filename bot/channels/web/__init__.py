"""The web page: a conversation, and a screen for the pre-screening call.

Unlike the other channels nothing is handed to it for delivery: see bot/webdesk.py.
"""

from bot.channels.web.guard import Guard
from bot.channels.web.pages import routes

__all__ = ["Guard", "routes"]

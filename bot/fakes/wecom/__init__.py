"""A WeCom of our own to try a bot against, with people to play: `async with fake_wecom() as fake`.

It keeps the rules that are known of the real one. What is not known is named in `state.Codes` and
`state.Limits`.
"""

from bot.fakes.wecom.person import Person
from bot.fakes.wecom.server import FakeWecom, fake_wecom
from bot.fakes.wecom.state import Bubble, Chat, Codes, Faults, Limits

__all__ = ["Bubble", "Chat", "Codes", "FakeWecom", "Faults", "Limits", "Person", "fake_wecom"]

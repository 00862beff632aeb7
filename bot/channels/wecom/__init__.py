"""WeCom (企业微信): a 智能机器人 over its long connection, or over encrypted callbacks."""

from bot.channels.wecom.channel import Wecom
from bot.channels.wecom.client import ENDPOINT, LongConnection, Times, probe
from bot.channels.wecom.media import Fetching
from bot.channels.wecom.speaking import Patience

__all__ = ["ENDPOINT", "Fetching", "LongConnection", "Patience", "Times", "Wecom", "probe"]

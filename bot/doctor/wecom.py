"""The bot on WeCom: each step of docs/wecom.md, looked at from outside."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import anyio

from bot.doctor import network
from bot.doctor.check import Check
from bot.settings import Settings, Wecom

ANSWER_S = 10.0
GUIDE = "docs/wecom.md"


def examine(settings: Settings, listener: str, *, contact: bool = False) -> Iterator[Check]:
    """Everything about the bot. Only with `contact` is it signed in, which displaces others."""
    yield from _group(settings.wecom_group_url)
    bot = settings.wecom
    if bot is None:
        yield Check("WeCom", True, f"not set up; {GUIDE} says how")
        return
    yield from _settings(bot)
    if bot.callback_token:
        yield _callback(settings, bot)
    else:
        yield from _connection(bot, listener, contact=contact)
    running = f"smsvet serve on {listener}" if listener else "no smsvet serve runs"
    yield Check("WeCom listener", bool(listener) or not bot.callback_token, running, "start it")


def _settings(bot: Wecom) -> Iterator[Check]:
    way = "callbacks" if bot.callback_token else "long connection"
    both = bot.callback_token and bot.bot_id
    note = "; bot_id and secret are left alone: a bot has one of the two ways" if both else ""
    named = (
        "" if bot.bot_name else "; SMSVET_WECOM_BOT_NAME is not set: mentions in groups are guessed"
    )
    yield Check("WeCom settings", True, way + note + named)


def _group(url: str) -> Iterator[Check]:
    if url:
        at = urlsplit(url)
        fine = at.scheme == "https" and "key=" in at.query
        found = f"{at.scheme}://{at.netloc}{at.path}, its key not shown"
        advice = "copy the group robot's whole address, with its ?key="
        yield Check("WeCom group robot", fine, found, advice)


def _callback(settings: Settings, bot: Wecom) -> Check:
    from bot.channels.wecom.callback import Seal

    name, url = "WeCom callbacks", f"{settings.public_url.rstrip('/')}/wecom"
    try:
        Seal(bot.callback_token, bot.callback_key)
    except ValueError:
        advice = "copy the EncodingAESKey from the bot's page again"
        return Check(name, False, "SMSVET_WECOM_CALLBACK_KEY does not have 43 characters", advice)
    if not settings.public_url:
        advice = f"WeCom needs an https:// address to post to: {GUIDE}"
        return Check(name, False, "SMSVET_PUBLIC_URL is not set", advice)
    return Check(name, True, f"enter {url} as the bot's URL, while smsvet serve runs")


def _connection(bot: Wecom, listener: str, *, contact: bool) -> Iterator[Check]:
    from bot.channels.wecom import ENDPOINT

    url = bot.url or ENDPOINT
    if why := network.unreached(url):
        advice = "no network here, or a firewall: this machine must be able to call out to it"
        yield Check("WeCom", False, f"cannot be reached: {why}", advice)
        return
    by = " through the proxy of the environment" if network.proxy(url) else ""
    yield Check("WeCom", True, f"{urlsplit(url).hostname} answers{by}")
    yield _subscribed(bot, url, listener, contact=contact)


def _subscribed(bot: Wecom, url: str, listener: str, *, contact: bool) -> Check:
    name = "WeCom bot"
    if listener:
        return Check(name, True, f"in use by smsvet serve on {listener}; its serve.log tells more")
    if not contact:
        found = "not tried; smsvet doctor --contact signs it in once, which displaces who uses it"
        return Check(name, True, found)
    from bot.channels.wecom import LongConnection, probe

    async def tried() -> str:
        return await probe(LongConnection(bot.bot_id, bot.secret, url), ANSWER_S)

    why = anyio.run(tried)
    advice = f"compare bot id and secret with the bot's page; ask IT about its IPs ({GUIDE})"
    return Check(name, not why, why or "signed in, and out again", advice)

"""The bot on Telegram: each step of docs/telegram.md, looked at from outside."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import urlsplit

import anyio

from bot.doctor import network
from bot.doctor.check import Check
from bot.settings import Settings, Telegram

ANSWER_S = 5.0
CONTEST_S = 8.0  # for another program to ask again
MANY_WAIT = 50  # updates; more than a restart leaves behind
GUIDE = "docs/telegram.md"


@dataclass(frozen=True)
class Asked:
    """What the checks go by. `listener`: the smsvet that has this bot now, if one has."""

    settings: Settings
    bot: Telegram
    listener: str
    contact: bool

    @property
    def webhook(self) -> str:
        """Where Telegram is to post to; empty where it is asked instead."""
        return f"{self.settings.public_url.rstrip('/')}/telegram" if self.bot.webhook_secret else ""


def examine(
    settings: Settings, listener: str, *, contact: bool = False, answer_s: float = ANSWER_S
) -> Iterator[Check]:
    """Everything about the bot. Only with `contact` is asked what may disturb who listens.

    `listener`: the machine whose smsvet has the bot now; `answer_s`: for Telegram to answer.
    """
    if settings.telegram is None:
        yield Check("Telegram", True, f"not set up; {GUIDE} says how")
        return
    from bot.channels.telegram import Account

    usual, bot = Account(settings.telegram.token, answer_s=answer_s), settings.telegram
    account = replace(usual, base_url=bot.base_url or usual.base_url)
    url = account.addresses[0]
    if why := network.unreached(url):
        advice = f"no network here, or Telegram is blocked: HTTPS_PROXY names a proxy ({GUIDE})"
        yield Check("Telegram", False, f"cannot be reached: {why}", advice)
        return
    by = " through the proxy of the environment" if network.proxy(url) else ""
    yield Check("Telegram", True, f"{urlsplit(url).hostname} answers{by}")
    from bot.channels.telegram.probing import contested, standing

    found = anyio.run(standing, account, answer_s)
    if isinstance(found, str):
        advice = f"copy the token from @BotFather again, or ask it for a new one ({GUIDE})"
        yield Check("Telegram bot", False, found, advice)
        return
    asked = Asked(settings, bot, listener, contact)
    yield Check("Telegram bot", bool(found.username), f"@{found.username} ({found.name})")
    yield _groups(joins=found.joins_groups, reads_everything=found.reads_everything)
    yield _way_in(asked, found.webhook, found.webhook_trouble)
    yield _waiting(asked, found.waiting)
    yield _alone(asked, partial(anyio.run, contested, account, CONTEST_S))


def _groups(*, joins: bool, reads_everything: bool) -> Check:
    if not joins:
        advice = "where groups are wanted: /setjoingroups at @BotFather"
        return Check("Telegram groups", True, f"the bot cannot be added to groups; {advice}")
    if reads_everything:
        found = "privacy mode is off: everything said in its groups reaches this machine"
        return Check("Telegram groups", True, f"{found}; /setprivacy at @BotFather changes it")
    return Check("Telegram groups", True, "privacy mode is on: it gets what is meant for it")


def _way_in(asked: Asked, webhook: str, trouble: str) -> Check:
    name, where = "Telegram updates", urlsplit(webhook).hostname or ""
    if asked.webhook:
        if webhook != asked.webhook:
            other = f"it posts to {where}" if webhook else "no webhook is set yet"
            return Check(name, False, other, "start smsvet serve: it sets the webhook")
        advice = "does the proxy pass POST /telegram on to smsvet serve, and is its TLS trusted?"
        return Check(name, not trouble, trouble or f"posted to {where}", advice)
    if webhook:
        advice = "smsvet serve removes it as it starts; if another program set it, use another bot"
        return Check(name, False, f"posted to {where}, but here they are to be asked for", advice)
    return Check(name, True, "asked for; no webhook is set")


def _waiting(asked: Asked, count: int) -> Check:
    stuck = bool(asked.listener) and count > MANY_WAIT
    advice = "look at serve.log in the state directory: what was said is not being kept"
    found = f"{count} not fetched yet" if count else "none waits"
    return Check("Telegram backlog", not stuck, found, advice)


def _alone(asked: Asked, contested: partial[bool | str]) -> Check:
    name = "Telegram listener"
    if asked.listener:
        return Check(name, True, f"smsvet serve on {asked.listener}")
    if asked.webhook:
        return Check(name, False, "no smsvet serve runs", "start smsvet serve")
    if not asked.contact:
        idle = "no smsvet serve runs; smsvet doctor --contact tries whether another program does"
        return Check(name, True, idle)
    found = contested()
    if isinstance(found, str):
        return Check(name, False, found, "try again")
    advice = "stop it, or make a bot of your own for it: a bot has one listener"
    other = "another" if found else "no other"
    return Check(name, not found, f"{other} program asks for this bot's messages", advice)

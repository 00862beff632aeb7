"""The web page: who can reach it, and whether TLS stands before it."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from bot.channels.web.guard import EVERYWHERE, is_loopback
from bot.doctor import network
from bot.doctor.check import Check
from bot.settings import Settings

GUIDE = "docs/web.md"


def examine(settings: Settings) -> Iterator[Check]:
    """Where `smsvet serve` listens, and how it looks from outside."""
    host = settings.web_host
    shown = f"[{host}]" if ":" in host else host
    here = is_loopback(host)
    there = f"http://{shown}:{settings.web_port}"
    reached = there.replace(shown, "127.0.0.1", 1) if host in EVERYWHERE else there
    runs = "" if network.unreached(reached) else ", and something listens there"
    found = f"{there}, {'on this machine only' if here else 'plain HTTP for the network'}{runs}"
    advice = f"leave SMSVET_WEB_HOST on loopback, and TLS to the company's proxy ({GUIDE})"
    yield Check("web page", here or bool(settings.public_url), found, advice)
    if not settings.public_url:
        found = "no SMSVET_PUBLIC_URL: colleagues on other machines cannot open the page"
        yield Check("web address", True, found)
        return
    why = network.untrusted(settings.public_url)
    at = urlsplit(settings.public_url).netloc
    advice = "where colleagues can open it all the same, the proxy only does not answer here"
    yield Check("web address", not why, f"{at}: {why or 'its certificate is trusted'}", advice)

"""Whether a server can be reached from here, without ever waiting long for it."""

import socket
import ssl
import urllib.request
from collections.abc import Callable
from queue import Empty, Queue
from threading import Thread
from urllib.parse import urlsplit

WITHIN_S = 2.0
PORTS = {"https": 443, "wss": 443, "http": 80, "ws": 80, "": 80}


def proxy(url: str) -> str:
    """The proxy that the environment names for this address, or nothing."""
    at = urlsplit(url)
    if urllib.request.proxy_bypass(at.netloc):
        return ""
    named = urllib.request.getproxies()
    secure = at.scheme in {"https", "wss"}
    schemes = (at.scheme, "https" if secure else "http", "all", "socks")
    return next((named[scheme] for scheme in schemes if scheme in named), "")


def unreached(url: str, within_s: float = WITHIN_S) -> str:
    """Why nothing answers at that address or at the proxy before it; empty where something does."""
    by = proxy(url)
    if by.startswith("socks"):
        return "the proxy named in the environment is a SOCKS proxy, which is not supported"
    host, port = _at(by or url)

    def connect() -> None:
        socket.create_connection((host, port), timeout=within_s).close()

    why = _tried(connect, within_s)
    return f"{'the proxy ' if by else ''}{host}:{port}: {why}" if why else ""


def untrusted(url: str, within_s: float = WITHIN_S) -> str:
    """Why an https:// address cannot be used by a browser; empty where it can."""
    host, port = _at(url)

    def connect() -> None:
        with socket.create_connection((host, port), timeout=within_s) as plain:
            ssl.create_default_context().wrap_socket(plain, server_hostname=host).close()

    return _tried(connect, within_s)


def _at(url: str) -> tuple[str, int]:
    parts = urlsplit(url if "://" in url else f"//{url}")
    return parts.hostname or "", parts.port or PORTS.get(parts.scheme, 80)


def _tried(connect: Callable[[], None], within_s: float) -> str:
    """In a thread nobody waits for: looking a name up cannot be called off."""
    told: Queue[str] = Queue()

    def attempt() -> None:
        try:
            connect()
        except (OSError, ValueError) as error:
            told.put(getattr(error, "strerror", None) or str(error) or type(error).__name__)
        else:
            told.put("")

    Thread(target=attempt, daemon=True).start()
    try:
        return told.get(timeout=within_s)
    except Empty:
        return "no answer"

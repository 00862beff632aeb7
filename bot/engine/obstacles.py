"""Refused logins and unreachable vendors in a person's words: what it means, then what to check.

The sentences are data/wording's: `login.PROTOCOL.STATUS` by the protocol's specification, and
`unreachable.WHY`.
"""

import errno
import re
import socket
import ssl
from functools import cache

from bot import wording
from bot.settings import CONTENT
from evaluators.content import Bilingual
from evaluators.protocols.session import BindRefused
from evaluators.protocols.sgip.listener import ListeningError
from evaluators.sending.obstacle import Refused, UnreachableError
from evaluators.sending.reasons import Params, Reason, both, filled

_WHY = {
    errno.ECONNREFUSED: "refused",
    errno.EHOSTUNREACH: "no_route",
    errno.ENETUNREACH: "no_route",
    errno.EADDRNOTAVAIL: "no_route",
    errno.ETIMEDOUT: "timeout",
    errno.ECONNRESET: "cut",
    errno.ECONNABORTED: "cut",
    errno.EPIPE: "cut",
}
_NUMBER = re.compile(r"\[Errno (-?\d+)\] ?")
_TWO = re.compile("(.*?[\u4e00-\u9fff].*?) ([a-z].*)")


def refused(protocol: str, said: BindRefused) -> Refused:
    """The same refusal, explained; a status that no specification names is the vendor's to say."""
    shown = f"0x{said.status:08X}" if protocol == "smpp" else str(said.status)
    key = f"login.{protocol}.{said.status}"
    if protocol == "cmpp" and said.status > 5:  # the specification: 5 and above
        key = "login.cmpp.5"
    named = halves(said.text)
    means = spoken(key) if key in _words()["zh"].phrases else spoken("login.unlisted", name=named)
    told = spoken("login.refused", status=shown, means=means)
    text = f"{told.zh} {told.en}"
    params: Params = {"status": said.status, "text": said.text}
    return Refused(said.status, text, Reason("login_refused", params, told))


def unreachable(error: OSError) -> OSError:
    """Why a connection could not be made; an answer that did not come in time stays as it is."""
    if isinstance(error, TimeoutError) and error.errno is None:
        return error
    detail = _NUMBER.sub("", str(error.strerror or error)).strip() or type(error).__name__
    why = _why(error)
    parts = {"detail": detail} if why == "other" else {}
    told = spoken(f"unreachable.{why}", **parts)
    return UnreachableError(Reason("unreachable", {"why": why, "detail": detail}, told))


def spoken(key: str, /, **parts: Bilingual | int | str) -> Bilingual:
    """A phrase in both languages; parts that have two languages are filled in by language."""
    said = both(*(_words()[language].phrases[key] for language in wording.LANGUAGES))
    zh, en = (
        {name: _in(value, language) for name, value in parts.items()}
        for language in wording.LANGUAGES
    )
    return both(filled(said, **zh).zh, filled(said, **en).en)


def halves(name: str) -> Bilingual:
    """The two languages of a status' name, written `中文 english`; any other name serves both."""
    found = _TWO.match(name)
    return both(found[1], found[2]) if found else both(name, name)


def _why(error: OSError) -> str:
    if isinstance(error, ListeningError):
        return "listen"
    if isinstance(error, ssl.SSLCertVerificationError):
        return "certificate"
    if isinstance(error, ssl.SSLError):
        return "tls"
    if isinstance(error, socket.gaierror):
        return "unresolved"
    if isinstance(error, ConnectionError) and error.errno is None:
        return "cut"
    # where a name has several addresses, asyncio tells of all of them in one sentence
    number = error.errno or next(map(int, _NUMBER.findall(str(error))), 0)
    return _WHY.get(number, "other")


def _in(value: Bilingual | int | str, language: str) -> int | str:
    return value.of(language) if isinstance(value, Bilingual) else value


@cache
def _words() -> dict[str, wording.Wording]:
    return wording.load(CONTENT / "wording")

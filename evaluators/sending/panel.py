"""What handsets received: the one interface to simulated and real phones.

A panel of simulated handsets is asked over HTTP:

    GET /inbox?after=CURSOR&limit=N
        -> {"messages": [{"number", "from", "text", "received_at", "device"}], "cursor": N}

`received_at` is Unix seconds by the panel's clock; the answer's cursor goes into the next request.
"""

import http.client
import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple, Protocol

PATIENCE_S = 5.0

Source = Literal["panel", "webhook", "reread", "typed"]
"""A simulated handset; a real one as it received; its inbox asked later; a person typed the code
and nothing else of the text."""

Span = tuple[int, int]
"""From and up to, ns since 1970: a handset was up."""


class Shown(NamedTuple):
    """One text as a handset shows it.

    `received_ns` since 1970 by our clock, the latest it can have been. It may have been
    `unsure_ns` earlier; None: at any time before, so it counts as arrived and not for latency.
    """

    number: str
    sender: str
    text: str
    received_ns: int
    unsure_ns: int | None = 0
    source: Source = "panel"


def up(spans: Iterable[Span], from_ns: int, upto_ns: int) -> bool:
    """Whether one of the spans covers the whole time: only then does a loss count."""
    return any(first <= from_ns and upto_ns <= last for first, last in spans)


class Panel(Protocol):
    """Where arrivals are read. Calls block; make them from a thread, one at a time."""

    def inbox(self, after: int, limit: int) -> tuple[list[Shown], int]:
        """Texts after a cursor (0 for all), oldest first, and the cursor to go on from.

        Raises OSError when the panel cannot be asked; asking again is harmless.
        """

    def alive(self) -> bool:
        """Whether the panel answers and every handset on it is up."""

    def silent(self) -> frozenset[str]:
        """The numbers whose handset gives no heartbeat now: what they lose is not the vendor's."""

    def reread(self) -> frozenset[str]:
        """Look through the inboxes of handsets that can be asked, for what was not passed on.

        Call it when the window has closed and read `inbox` to its end afterwards. Returns the
        numbers that could not be asked; takes seconds. Never raises for a phone's sake.
        """

    def close(self) -> None:
        """Let go of what it holds."""


class HttpPanel:
    """A panel behind HTTP; blocks, so it is called from a thread. One request at a time."""

    def __init__(self, host: str, port: int) -> None:
        self._connection = http.client.HTTPConnection(host, port, timeout=PATIENCE_S)

    def inbox(self, after: int, limit: int) -> tuple[list[Shown], int]:
        page = self._get(f"/inbox?after={after}&limit={limit}")
        try:
            return [_shown(message) for message in page["messages"]], int(page["cursor"])
        except (KeyError, TypeError, ValueError) as error:
            raise OSError(f"the handset panel does not speak as agreed: {error!r}") from error

    def alive(self) -> bool:
        try:
            return self._get("/health").get("alive") is True
        except OSError:
            return False

    def silent(self) -> frozenset[str]:
        return frozenset()

    def reread(self) -> frozenset[str]:
        return frozenset()

    def close(self) -> None:
        self._connection.close()

    def _get(self, path: str) -> dict[str, Any]:
        try:
            self._connection.request("GET", path)
            answer = self._connection.getresponse()
            page = json.loads(answer.read())
        except (http.client.HTTPException, ValueError) as error:
            self._connection.close()
            raise OSError(f"the handset panel does not speak as agreed: {error}") from error
        except OSError:
            self._connection.close()
            raise
        if answer.status != http.client.OK or not isinstance(page, dict):
            raise OSError(f"the handset panel answered {answer.status}")
        return page


def _shown(message: Mapping[str, Any]) -> Shown:
    received_ns = round(float(message["received_at"]) * 1e9)
    return Shown(message["number"], message["from"], message["text"], received_ns)

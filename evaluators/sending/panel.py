"""What handsets received, asked of a panel over HTTP.

    GET /inbox?after=CURSOR&limit=N
        -> {"messages": [{"number", "from", "text", "received_at", "device"}], "cursor": N}

`received_at` is Unix seconds by the panel's clock; the answer's cursor goes into the next request.
"""

import http.client
import json
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

PATIENCE_S = 5.0


class Shown(NamedTuple):
    """One text as a handset shows it; received_ns since 1970 by the panel's clock."""

    number: str
    sender: str
    text: str
    received_ns: int


class Panel(Protocol):
    """Where arrivals are read."""

    def inbox(self, after: int, limit: int) -> tuple[list[Shown], int]:
        """Texts after a cursor (0 for all), oldest first, and the cursor to go on from.

        Raises OSError when the panel cannot be asked; asking again is harmless.
        """

    def alive(self) -> bool:
        """Whether the panel answers and says that its handsets are up."""


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

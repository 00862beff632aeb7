"""Looking through a phone's inbox, before a loss is counted: by asking the app on it.

Both apps have a server of their own that can be asked where the phone is reachable, as in the same
network; what is asked and answered is in their documentation and source (docs/handsets.md).
"""

import base64
import json
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

from bot.inbound import smsforwarder
from bot.inbound.posted import Text, clean
from bot.inbound.smsgateway import instant_ms

PATIENCE_S = 5.0
PAGE = 100
PAGES = 20  # of one inbox; older ones are from before the test
_MOST_BYTES = 8 << 20


class UnreachableError(Exception):
    """The phone could not be asked; its words say why."""


@dataclass(frozen=True)
class Reach:
    """Where the app's own server is and how it lets us in.

    `login` is the user name of SMS Gateway's local server; `password` its password, or the signing
    key of SmsForwarder's server.
    """

    address: str
    password: str
    login: str = ""

    @classmethod
    def from_json(cls, raw: str) -> "Reach":
        return cls(**json.loads(raw))

    def to_json(self) -> str:
        return json.dumps(self.__dict__)


class Inbox(Protocol):
    """One app's way of being asked: its texts since then, by the phone's clock."""

    def __call__(self, reach: Reach, since_ms: int, now_ms: int) -> list[Text]: ...


def smsforwarder_inbox(reach: Reach, since_ms: int, now_ms: int) -> list[Text]:
    """`POST /sms/query`, newest first, page by page; `date` is the phone's own."""
    texts: list[Text] = []
    for page in range(1, PAGES + 1):
        wanted = {"type": 1, "page_num": page, "page_size": PAGE, "keyword": ""}
        sign = quote(smsforwarder.sign(str(now_ms), reach.password), safe="")
        body = {"data": wanted, "timestamp": now_ms, "sign": sign}
        answer = _ask(reach, "POST", "/sms/query", body)
        if not isinstance(answer, dict) or answer.get("code") != 200:
            raise UnreachableError(str(answer.get("msg", "") if isinstance(answer, dict) else ""))
        found = [_forwarded(each) for each in answer.get("data") or ()]
        texts += [text for text in found if (text.received_ms or 0) >= since_ms]
        if len(found) < PAGE or (found[-1].received_ms or 0) < since_ms:
            break
    return texts


def gateway_inbox(reach: Reach, since_ms: int, now_ms: int) -> list[Text]:
    """`POST /inbox/refresh`, then `GET /inbox`; `createdAt` is the message centre's time stamp."""
    since, until = _iso(since_ms), _iso(now_ms)
    wanted = {"since": since, "until": until, "messageTypes": ["SMS"]}
    _ask(reach, "POST", "/inbox/refresh", {**wanted, "triggerWebhooks": False})
    texts: list[Text] = []
    for page in range(PAGES):
        asked = {"type": "SMS", "from": since, "to": until, "limit": PAGE, "offset": page * PAGE}
        found = _ask(reach, "GET", f"/inbox?{urlencode(asked)}")
        if not isinstance(found, list):
            raise UnreachableError("its inbox is not a list")
        texts += [_listed(each) for each in found]
        if len(found) < PAGE:
            break
    return texts


INBOXES: Mapping[str, Inbox] = {
    "smsforwarder": smsforwarder_inbox,
    "android-sms-gateway": gateway_inbox,
}


def _forwarded(raw: Mapping[str, Any]) -> Text:
    return Text(clean(str(raw["number"])), clean(str(raw["content"])), received_ms=int(raw["date"]))


def _listed(raw: Mapping[str, Any]) -> Text:
    sender, text = clean(str(raw["sender"])), clean(str(raw["contentPreview"]))
    return Text(sender, text, centre_ms=instant_ms(raw["createdAt"]))


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")


def _ask(reach: Reach, method: str, path: str, body: object = None) -> Any:
    """One request to the phone; its JSON, None where the answer is empty."""
    where = urlsplit(reach.address)
    secure = where.scheme == "https"
    connect = HTTPSConnection if secure else HTTPConnection
    connection = connect(where.hostname or "", where.port, timeout=PATIENCE_S)
    headers = {"Content-Type": "application/json; charset=utf-8"}
    if reach.login:
        word = base64.b64encode(f"{reach.login}:{reach.password}".encode()).decode()
        headers["Authorization"] = f"Basic {word}"
    try:
        said = json.dumps(body).encode() if body is not None else None
        connection.request(method, where.path.rstrip("/") + path, said, headers)
        answer = connection.getresponse()
        raw = answer.read(_MOST_BYTES)
        if not 200 <= answer.status < 300:
            raise UnreachableError(f"it answered {answer.status}")
        return json.loads(raw) if raw.strip() else None
    except (OSError, HTTPException, ValueError, socket.gaierror) as error:
        raise UnreachableError(str(error)) from error
    finally:
        connection.close()


def inbox(kind: str, reach: Reach, since_ms: int, now_ms: int) -> Iterable[Text]:
    """A phone's texts since then; raises UnreachableError, whatever the phone does."""
    try:
        return INBOXES[kind](reach, since_ms, now_ms)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreachableError(f"it does not speak as documented: {error!r}") from error

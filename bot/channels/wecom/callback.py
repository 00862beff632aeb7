"""Callback mode: the platform posts encrypted JSON, answers go back with it or a little later.

An alternative to the long connection, for who cannot have one; a bot has either. It says less:
nothing can be said unasked, and files cannot be sent. Signatures and encryption are WXBizMsgCrypt
as documented; a bot's receiver id is empty.
"""

import base64
import hashlib
import hmac
import itertools
import json
import logging
import secrets
import struct
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import anyio
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.channels.wecom import frames
from bot.channels.wecom.frames import Ack, Body, Frame, as_dict

log = logging.getLogger(__name__)

BLOCK = 32
KEPT = 5000  # callbacks that may still be answered
AT_ONCE_S = 4.0  # the platform waits five seconds for what is said at once
OLD_S = 600  # a callback so old was recorded and is played again
LATER_S = 3600.0  # how long response_url is good, for one answer
_AT_ONCE = {
    "message": frames.RESPOND,
    "enter_chat": frames.WELCOME,
    "template_card_event": frames.UPDATE,
}


class UnreadableError(ValueError):
    """The signature, the encryption or the receiver is not right."""


class Seal:
    """Signing and encrypting with a token and an EncodingAESKey (43 characters of base64).

    A bot's `receiver` is empty; then whatever receiver is named inside is taken, as the published
    libraries do: who signs and encrypts rightly is the platform.
    """

    def __init__(self, token: str, aes_key: str, receiver: str = "") -> None:
        self._token, self._receiver = token, receiver.encode()
        self.key = base64.b64decode(aes_key + "=")
        if len(self.key) != BLOCK:
            raise ValueError("an EncodingAESKey has 43 characters")

    def signature(self, timestamp: str, nonce: str, text: str) -> str:
        joined = "".join(sorted([self._token, timestamp, nonce, text]))
        return hashlib.sha1(joined.encode(), usedforsecurity=False).hexdigest()

    def open(self, query: Mapping[str, str], text: str) -> str:
        """The plain text of `text`; raises UnreadableError."""
        given = query.get("msg_signature", "")
        right = self.signature(query.get("timestamp", ""), query.get("nonce", ""), text)
        if not hmac.compare_digest(given.encode(), right.encode()):
            raise UnreadableError("the signature is wrong")
        try:
            cipher = Cipher(algorithms.AES(self.key), modes.CBC(self.key[:16])).decryptor()
            plain = cipher.update(base64.b64decode(text)) + cipher.finalize()
            (size,) = struct.unpack(">I", plain[16:20])
            message, receiver = plain[20 : 20 + size], plain[20 + size : -plain[-1]]
            if not 1 <= plain[-1] <= BLOCK or len(message) != size:
                raise UnreadableError("the encryption is wrong")
            if self._receiver not in (b"", receiver):
                raise UnreadableError("not meant for us")
            return message.decode()
        except (ValueError, struct.error, IndexError) as error:
            raise UnreadableError(str(error)) from error

    def close(self, text: str, timestamp: str, nonce: str) -> Body:
        """An answer as the platform wants it."""
        raw = text.encode()
        data = secrets.token_bytes(16) + struct.pack(">I", len(raw)) + raw + self._receiver
        count = BLOCK - len(data) % BLOCK
        cipher = Cipher(algorithms.AES(self.key), modes.CBC(self.key[:16])).encryptor()
        sealed = cipher.update(data + bytes([count]) * count) + cipher.finalize()
        encrypted = base64.b64encode(sealed).decode()
        return {
            "encrypt": encrypted,
            "msgsignature": self.signature(timestamp, nonce, encrypted),
            "timestamp": int(timestamp),
            "nonce": nonce,
        }


@dataclass
class _Open:
    """One callback that waits for what we say."""

    kind: str  # message, or the event's type
    response_url: str
    answered: anyio.Event = field(default_factory=anyio.Event)
    answer: Body | None = None
    waiting: bool = True  # the platform still holds its request open


class CallbackLine:
    """A bot's people by callbacks; takes the long connection's place in `Wecom`.

    `pushed` is called by whoever serves the bot's URL. `wall`: seconds since 1970, for signatures.
    """

    window_s = LATER_S
    answers = 2  # one at once, one by response_url
    after_press = True  # by response_url, where the callback of a pressed card has one

    def __init__(
        self,
        token: str,
        aes_key: str,
        *,
        at_once_s: float = AT_ONCE_S,
        wall: Callable[[], int] = lambda: time.time_ns() // 1_000_000_000,
    ) -> None:
        self._seal = Seal(token, aes_key)
        self._at_once_s, self._wall = at_once_s, wall
        self._heard: Callable[[Frame], None] | None = None
        self._open: OrderedDict[str, _Open] = OrderedDict()
        self._numbers = itertools.count(1)
        self._started = secrets.token_hex(6)

    @property
    def up(self) -> bool:
        return self._heard is not None

    @property
    def down_for_s(self) -> float:
        return 0.0

    @property
    def trouble(self) -> str:
        return "" if self.up else "not listening yet"

    def new_req_id(self, cmd: str) -> str:
        return f"{cmd}_{self._started}_{next(self._numbers)}"

    async def run(self, heard: Callable[[Frame], None]) -> None:
        """Take callbacks until cancelled."""
        self._heard = heard
        try:
            await anyio.sleep_forever()
        finally:
            self._heard = None

    async def pushed(self, query: Mapping[str, str], body: bytes) -> tuple[int, str]:
        """One request to the bot's URL: status and text to answer with.

        Without a body it is the check of the URL. 403: not from the platform; 503: not now, the
        platform says it again.
        """
        try:
            if not body:
                return 200, self._seal.open(query, query.get("echostr", ""))
            sealed = as_dict(json.loads(body)).get("encrypt")
            told = as_dict(json.loads(self._seal.open(query, str(sealed)), strict=False))
            age_s = abs(self._wall() - int(query.get("timestamp", "")))
        except (UnreadableError, ValueError) as error:
            log.warning("a callback that is not WeCom's: %s", error)
            return 403, ""
        if age_s > OLD_S:
            log.warning("a callback whose timestamp is %d s away from now", age_s)
            return 403, ""
        if self._heard is None:
            return 503, ""
        answer = await self._say(told)
        if answer is None:
            return 200, ""
        text = json.dumps(answer, ensure_ascii=False)
        sealed = self._seal.close(text, str(self._wall()), secrets.token_hex(5))
        return 200, json.dumps(sealed)

    async def _say(self, told: Body) -> Body | None:
        """Pass a callback on; what there is to say to it at once."""
        if told.get("msgtype") == "stream" or self._heard is None:
            return None  # streams are finished at once here: there is nothing to refresh
        req_id = self.new_req_id("callback")
        event = str(as_dict(told.get("event")).get("eventtype", ""))
        waiting = _Open(event or "message", str(told.get("response_url") or ""))
        self._open[req_id] = waiting
        if len(self._open) > KEPT:
            self._open.popitem(last=False)
        self._heard(Frame("callback", req_id, _with_key(told, self._seal.key)))
        with anyio.move_on_after(self._at_once_s):
            await waiting.answered.wait()
        waiting.waiting = False
        return waiting.answer

    async def call(
        self, cmd: str, body: Body, req_id: str = "", *, ack_s: float | None = None
    ) -> Ack:
        """Answer a callback; everything else is not possible this way."""
        waiting = self._open.get(req_id)
        if cmd not in {frames.RESPOND, frames.WELCOME, frames.UPDATE}:
            return Ack(
                frames.NO_SUCH_WAY, "with callbacks only an answer within an hour is possible"
            )
        if waiting is None:
            return Ack(846605, "not to be answered any more")
        if waiting.waiting and waiting.answer is None and cmd == _AT_ONCE.get(waiting.kind):
            waiting.answer = body
            waiting.answered.set()
            return Ack(frames.OK)
        if cmd != frames.RESPOND or not waiting.response_url:
            return Ack(846604, "too late")
        url, waiting.response_url = waiting.response_url, ""
        ack = await posted(url, _later(body))
        if ack.unknown:
            waiting.response_url = url
        return ack

    def late(self, req_id: str) -> Ack | None:
        return None

    def dismiss(self, req_id: str) -> None:
        """Let the platform's request go: nothing will be said to it."""
        if waiting := self._open.get(req_id):
            waiting.answered.set()


def _with_key(told: Body, key: bytes) -> Body:
    """Files are encrypted with the bot's own key in this mode: put it where theirs would be."""
    encoded = base64.b64encode(key).decode()

    def walk(value: object) -> object:
        if isinstance(value, list):
            return [walk(one) for one in value]
        if not isinstance(value, dict):
            return value
        walked = {name: walk(one) for name, one in value.items()}
        return {"aeskey": encoded, **walked} if "url" in walked else walked

    return as_dict(walk(told))


def _later(body: Body) -> Body:
    """What response_url takes: Markdown or a card, no stream."""
    stream = body.get("stream")
    if stream is None:
        return body
    buttons = as_dict(body.get("template_card")).get("button_list", ())
    choices = [f"{number} {button['text']}" for number, button in enumerate(buttons, start=1)]
    return frames.markdown("\n".join([stream["content"], *choices]))


async def posted(url: str, body: Body, timeout_s: float = 10) -> Ack:
    """POST JSON to one of the platform's addresses."""
    import httpx

    try:
        async with httpx.AsyncClient(timeout=timeout_s) as http:
            answer = await http.post(url, json=body)
        told = as_dict(answer.json())
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        return Ack(frames.NOT_CONNECTED, type(error).__name__)
    except (httpx.HTTPError, ValueError) as error:
        return Ack(frames.NO_ANSWER, type(error).__name__)
    return Ack(int(told.get("errcode", frames.NO_ANSWER)), str(told.get("errmsg", "")))

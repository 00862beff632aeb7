"""The frames of a WeCom bot's long connection: built and read, without any I/O.

A frame is `{"cmd", "headers": {"req_id"}, "body"}`; its acknowledgement has no `cmd` but the same
`req_id`, with `errcode`, `errmsg` and perhaps a `body`.
"""

import json
from dataclasses import dataclass, field
from typing import Any

Body = dict[str, Any]

SUBSCRIBE = "aibot_subscribe"
PING = "ping"
RESPOND = "aibot_respond_msg"
WELCOME = "aibot_respond_welcome_msg"
UPDATE = "aibot_respond_update_msg"
SEND = "aibot_send_msg"
UPLOAD_BEGIN = "aibot_upload_media_init"
UPLOAD_CHUNK = "aibot_upload_media_chunk"
UPLOAD_END = "aibot_upload_media_finish"
MESSAGE = "aibot_msg_callback"
EVENT = "aibot_event_callback"

# Results of our own, where the platform said nothing; its own -1 means that it is busy.
NOT_CONNECTED, CONNECTION_LOST, NO_ANSWER, NO_SUCH_WAY = -1001, -1002, -1003, -1004
OK = 0

# The platform publishes no list for this interface. 853000, 846605, 846608 and 6000 were reported
# from real bots; 45009 and 45033 are its general codes; the others are likely, not seen.
RATE = frozenset({45009, 45033, 45047, 846607})
WINDOW_OVER = frozenset({846604, 846605, 846608})  # too late, or this req_id cannot be used for it
CONFLICT = frozenset({6000})  # another version is being written, or it was delivered already
BAD_CREDENTIALS = frozenset({853000})
NOT_READY = frozenset({-1, 846609, 846601})  # the platform's own "busy", not subscribed (any more)
UNREACHABLE = frozenset({40003, 40050, 60011, 60111, 81013, 86001, 86003, 86004, 86008, 846610})
CONTENT = frozenset({40006, 40007, 40008, 40035, 40058, 41010, 44001, 44004, 45001, 45002, 45028})


@dataclass(frozen=True)
class Ack:
    """What became of one frame: the platform's code (0: taken), or one of ours."""

    code: int
    why: str = ""
    body: Body = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return self.code == OK

    @property
    def unknown(self) -> bool:
        """Nobody knows whether the platform has it."""
        return self.code in {CONNECTION_LOST, NO_ANSWER}

    def __str__(self) -> str:
        return f"{self.code} {self.why}".strip()


@dataclass(frozen=True)
class Frame:
    """One frame, either way. `code` is None where it is no acknowledgement."""

    cmd: str
    req_id: str
    body: Body
    code: int | None = None
    why: str = ""

    @property
    def ack(self) -> Ack:
        return Ack(OK if self.code is None else self.code, self.why, self.body)

    @property
    def event(self) -> str:
        """The event's type, or nothing where this is a message."""
        return str(as_dict(self.body.get("event")).get("eventtype", "")) if self.body else ""


def written(cmd: str, req_id: str, body: Body | None = None) -> str:
    """A frame as text."""
    frame: Body = {"cmd": cmd, "headers": {"req_id": req_id}}
    if body is not None:
        frame["body"] = body
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":"))


def read(text: str | bytes) -> Frame | None:
    """A frame from text; None where it is none. Unknown fields are left alone."""
    try:
        frame = json.loads(text, strict=False)  # control characters inside strings do occur
    except (ValueError, RecursionError):
        return None
    if not isinstance(frame, dict):
        return None
    body = as_dict(frame.get("body"))
    code = frame.get("errcode", body.get("errcode") if not frame.get("cmd") else None)
    return Frame(
        cmd=str(frame.get("cmd") or ""),
        req_id=str(as_dict(frame.get("headers")).get("req_id", "")),
        body=body,
        code=code if isinstance(code, int) else None,
        why=str(frame.get("errmsg", "")),
    )


def as_dict(value: object) -> Body:
    """`value` where it is a JSON object; otherwise an empty one."""
    return value if isinstance(value, dict) else {}


def stream(stream_id: str, content: str) -> Body:
    """A whole answer at once, as a finished stream: Markdown, up to 20480 bytes."""
    return {"msgtype": "stream", "stream": {"id": stream_id, "finish": True, "content": content}}


def stream_with_card(stream_id: str, content: str, card: Body) -> Body:
    return {
        "msgtype": "stream_with_template_card",
        "stream": {"id": stream_id, "finish": True, "content": content},
        "template_card": card,
    }


def markdown(content: str) -> Body:
    return {"msgtype": "markdown", "markdown": {"content": content}}


def text(content: str) -> Body:
    """Plain text: only a welcome may be that."""
    return {"msgtype": "text", "text": {"content": content}}


def template_card(card: Body) -> Body:
    return {"msgtype": "template_card", "template_card": card}


def media(kind: str, media_id: str) -> Body:
    """`kind`: file, image, voice or video."""
    return {"msgtype": kind, kind: {"media_id": media_id}}


def card_update(card: Body) -> Body:
    return {"response_type": "update_template_card", "template_card": card}

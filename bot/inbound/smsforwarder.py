"""SmsForwarder (pppscn/SmsForwarder): its webhook channel, as the app's source builds it.

`WebhookUtils.kt`: `timestamp` is the phone's clock in ms; `sign` is Base64 of HMAC-SHA256, keyed
with the secret, over the timestamp, a newline and the secret, URL-encoded. The text itself is not
under the signature: the token in the address and TLS have to guard that. The body is a template of
the owner's; TEMPLATE is what the instructions ask for.
"""

import base64
import hashlib
import hmac
import json
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from bot.inbound.posted import Passed, Post, Refusal, Text, clean, same, timely, whole

TEMPLATE = (
    '{"from":"[from]","text":"[org_content]","received":"[receive_time:yyyy-MM-dd HH:mm:ss.SSSZ]",'
    '"timestamp":"[timestamp]","sign":"[sign]"}'
)


def sign(timestamp: str, secret: str) -> str:
    """The signature before it is URL-encoded."""
    made = hmac.new(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256)
    return base64.b64encode(made.digest()).decode()


def read(post: Post, secret: str, now_ms: int) -> Passed | Refusal:
    """The text of one post; a post of the app's own scheduler is a heartbeat like any other."""
    fields = _fields(post)
    timestamp, given = fields.get("timestamp", ""), fields.get("sign", "")
    wanted = sign(timestamp, secret)
    # URL-encoded once by the app; a form is encoded again on its way and decoded by us.
    if not (same(wanted, unquote(given)) or same(wanted, given)):
        return "signature"
    signed_ms = whole(timestamp)
    if signed_ms is None or not timely(signed_ms, now_ms):
        return "clock"
    if "text" not in fields:
        return "fields"
    received_ms = _received_ms(fields.get("received", ""))
    text = Text(fields.get("from", ""), fields["text"], received_ms)
    return Passed(signed_ms, 1, (text,))


def _fields(post: Post) -> dict[str, str]:
    """JSON as in the template, or a form where somebody has written the template as one."""
    try:
        body = post.body.decode()
        if body.lstrip().startswith("{"):
            raw: dict[str, Any] = json.loads(body)
            return {name: clean(value) for name, value in raw.items() if isinstance(value, str)}
        return dict(parse_qsl(body, keep_blank_values=True, max_num_fields=20))
    except (ValueError, RecursionError):
        return {}


def _received_ms(said: str) -> int | None:
    try:
        return round(datetime.strptime(said, "%Y-%m-%d %H:%M:%S.%f%z").timestamp() * 1000)
    except ValueError:
        return None

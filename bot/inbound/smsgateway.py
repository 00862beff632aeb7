"""SMS Gateway for Android (capcom6/android-sms-gateway): its webhooks.

Documentation and `PayloadSingingPlugin.kt`: `X-Signature` is the hexadecimal HMAC-SHA256 over the
body as sent and the value of `X-Timestamp`, Unix seconds by the phone's clock. `receivedAt` of
`sms:received` is the time stamp of the carrier's message centre (`SmsMessage.timestampMillis` in
`MessagesReceiver.kt`), not of the phone. `system:ping` is the heartbeat.
"""

import hashlib
import hmac
import json
from datetime import datetime
from typing import Any

from bot.inbound.posted import Passed, Post, Refusal, Text, clean, same, timely, whole

SIGNATURE, TIMESTAMP = "x-signature", "x-timestamp"
RECEIVED, PING = "sms:received", "system:ping"
CENTRE_RESOLUTION_MS = 1000  # of a message centre's time stamp


def sign(body: bytes, timestamp: str, secret: str) -> str:
    return hmac.new(secret.encode(), body + timestamp.encode(), hashlib.sha256).hexdigest()


def read(post: Post, secret: str, now_ms: int) -> Passed | Refusal:
    """The text of an `sms:received`; any other event shows only that the phone is up."""
    timestamp = post.headers.get(TIMESTAMP, "")
    given = post.headers.get(SIGNATURE, "").lower()
    if not same(sign(post.body, timestamp, secret), given):
        return "signature"
    seconds = whole(timestamp)
    if seconds is None or not timely(seconds * 1000, now_ms):
        return "clock"
    try:
        event: dict[str, Any] = json.loads(post.body)
        texts = (_text(event["payload"]),) if event["event"] == RECEIVED else ()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "fields"
    return Passed(seconds * 1000, 1000, texts)


def _text(payload: dict[str, Any]) -> Text:
    """`phoneNumber` is the older name of `sender`."""
    sender = clean(payload.get("sender") or payload["phoneNumber"])
    return Text(sender, clean(payload["message"]), centre_ms=instant_ms(payload["receivedAt"]))


def instant_ms(said: str) -> int:
    """ISO 8601 with an offset, in ms since 1970."""
    at = datetime.fromisoformat(said)
    if at.tzinfo is None:
        raise ValueError("a time without its offset")
    return round(at.timestamp() * 1000)

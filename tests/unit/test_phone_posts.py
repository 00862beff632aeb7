"""Reading what the apps post: the vectors of their documentation, and whatever else may come."""

import hashlib
import hmac
import json

from hypothesis import given
from hypothesis import strategies as st

from bot.inbound import smsforwarder, smsgateway
from bot.inbound.limits import Bucket, Limits
from bot.inbound.posted import Passed, Post

NOW_MS = 1_700_000_000_000
STAMP = str(NOW_MS // 1000)
EVENT = {
    "deviceId": "ffffffffceb0b1db0000018e937c815b",
    "event": "sms:received",
    "id": "Ey6ECgOkVVFjz3CL48B8C",
    "payload": {
        "messageId": "abc123",
        "message": "Android is always a sweet treat!",
        "phoneNumber": "6505551212",
        "simNumber": 1,
        "receivedAt": "2024-06-22T15:46:11.000+07:00",
    },
    "webhookId": "<unique-id>",
}


def forwarded(**fields: str) -> Post:
    stamp = str(NOW_MS)
    signed = {"timestamp": stamp, "sign": smsforwarder.sign(stamp, "s"), "from": "1069"}
    return Post({}, json.dumps(signed | fields).encode())


def event(body: bytes, secret: str = "s") -> Post:  # noqa: S107
    made = hmac.new(secret.encode(), body + STAMP.encode(), hashlib.sha256).hexdigest()
    return Post({"x-signature": made.upper(), "x-timestamp": STAMP}, body)


def test_the_signature_of_smsforwarder() -> None:
    """HMAC-SHA256 keyed with the secret, over time stamp, newline and secret, in Base64."""
    # printf '1652590258638\nSEC123' | openssl dgst -sha256 -hmac SEC123 -binary | base64
    made = smsforwarder.sign("1652590258638", "SEC123")
    assert made == "dDdKsvMRKIdLOj46vNpJX2O9IQIVgtRlt/b+u7l0RBo="


def test_a_text_of_smsforwarder() -> None:
    """Text, sender and the phone's own time, whatever zone it writes that in."""
    for said in ("2023-11-15 06:13:19.500+0800", "2023-11-14 22:13:19.500+0000"):
        passed = smsforwarder.read(forwarded(text="code A3K9PX", received=said), "s", NOW_MS)
        assert isinstance(passed, Passed)
        text = passed.texts[0]
        assert ("1069", "code A3K9PX", NOW_MS - 500) == (text.sender, text.text, text.received_ms)


def test_a_template_without_its_time_still_counts() -> None:
    """An older app that leaves the time tag as it is gives a text whose time nobody knows."""
    passed = smsforwarder.read(forwarded(text="a", received="[receive_time:yyyy]"), "s", NOW_MS)
    assert isinstance(passed, Passed)
    assert passed.texts[0].received_ms is None


def test_the_documented_event_of_sms_gateway() -> None:
    """The example of the documentation is read, in its older and its newer form."""
    newer = EVENT | {"payload": EVENT["payload"] | {"sender": "+6505551212"}}
    for said, sender in ((EVENT, "6505551212"), (newer, "+6505551212")):
        passed = smsgateway.read(event(json.dumps(said).encode()), "s", NOW_MS)
        assert isinstance(passed, Passed)
        text = passed.texts[0]
        assert (sender, EVENT["payload"]["message"]) == (text.sender, text.text)
        assert text.centre_ms == 1_719_045_971_000
        assert text.received_ms is None


def test_events_without_a_text_are_heartbeats() -> None:
    """A ping, or an event nobody knows yet, shows that the phone is up."""
    for name in ("system:ping", "sms:sent", "something:new"):
        body = json.dumps({"event": name, "payload": {"health": {}}}).encode()
        assert smsgateway.read(event(body), "s", NOW_MS) == Passed(NOW_MS, 1000)


def test_a_changed_body_is_refused() -> None:
    """The signature covers every byte of the body as it was sent."""
    good = event(json.dumps(EVENT).encode())
    assert smsgateway.read(Post(good.headers, good.body + b" "), "s", NOW_MS) == "signature"


@given(body=st.binary(max_size=400), stamp=st.text(max_size=20), sign=st.text(max_size=80))
def test_no_post_breaks_a_reader(body: bytes, stamp: str, sign: str) -> None:
    """Any bytes and any headers lead to a refusal, never to an error."""
    headers = {"x-timestamp": stamp.encode(errors="replace").decode(), "x-signature": sign}
    for read in (smsforwarder.read, smsgateway.read):
        assert read(Post(headers, body), "s", NOW_MS) == "signature"


values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(payload=values, name=st.sampled_from(["sms:received", "system:ping"]) | values)
def test_no_signed_event_breaks_the_reader(payload: object, name: object) -> None:
    """Whatever JSON is signed well is a text, a heartbeat, or refused for its fields."""
    body = json.dumps({"event": name, "payload": payload}).encode()
    assert isinstance(smsgateway.read(event(body), "s", NOW_MS), Passed | str)


@given(raw=st.dictionaries(st.sampled_from(["text", "from", "received"]), values))
def test_no_signed_template_breaks_the_reader(raw: dict[str, object]) -> None:
    """Whatever somebody makes of the template is read or refused."""
    post = forwarded()
    body = json.dumps(json.loads(post.body) | raw).encode()
    assert isinstance(smsforwarder.read(Post({}, body), "s", NOW_MS), Passed | str)


def test_a_bucket_lets_through_what_it_says() -> None:
    """So many at once, then so many per second."""
    bucket = Bucket(per_s=2, at_once=3)
    assert [True, True, True, False] == [bucket.takes(10.0) for _ in range(4)]
    assert [True, False] == [bucket.takes(10.5) for _ in range(2)]
    assert [True] * 3 + [False] == [bucket.takes(100.0) for _ in range(4)]


def test_guesses_do_not_use_up_a_phones_share() -> None:
    """Many guessed addresses empty the common bucket, not memory, and it fills again."""
    limits = Limits(per_s=1, at_once=60)
    for number in range(10_000):
        limits.takes(str(number), 1.0)
    assert not limits.takes("phone", 1.0)
    assert [True] * 60 + [False] == [limits.takes("phone", 100.0) for _ in range(61)]

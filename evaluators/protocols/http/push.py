"""Delivery reports that a vendor pushes: is it the vendor, and what does it say. Pure.

told = read(vendor, credentials, request)
# answer with told.reply; keep told.reports where told is Reports
"""

import hmac
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias
from urllib.parse import parse_qsl, urlsplit

from evaluators.protocols.http import fill, signatures
from evaluators.protocols.http.reading import Reader, Report
from evaluators.protocols.http.request import Request
from evaluators.protocols.http.vendor import PushAuth, Reply, Vendor


@dataclass(frozen=True, slots=True)
class PushRequest:
    """A request as it came. `query` is the raw string without ?, header names are lower case.

    `at` is when it came, seconds since 1970.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Reports:
    """What the vendor reported (perhaps nothing), and what it wants to hear."""

    reports: tuple[Report, ...]
    reply: Reply


@dataclass(frozen=True, slots=True)
class Refused:
    """Not the vendor, or not a report. `reason` is for the log, never for the caller."""

    reason: str
    reply: Reply


Told: TypeAlias = Reports | Refused

_FORBIDDEN = Reply(status=403, body="forbidden")
_BAD = Reply(status=400, body="bad request")


def read(vendor: Vendor, credentials: Mapping[str, str], request: PushRequest) -> Told:
    """What a push says, if it is the vendor's.

    `credentials` are the connection's fields; beside the vendor's own, `callback_token` is the
    secret word in the address it was given (`?token=word`, which no signature needs to cover), and
    `callback` that address as it was given.
    """
    push = vendor.receipts.push
    if push is None:
        return Refused("this vendor pushes nothing", _FORBIDDEN)
    try:
        problem = _doubt(push.authentication, credentials, request)
        if problem:
            return Refused(problem, _FORBIDDEN)
        found = Reader(push.reading).read(request.query, request.body)
    except (ValueError, RecursionError) as error:
        return Refused(f"not a report: {error}", _BAD)
    return Reports(tuple(found), push.reply)


def _doubt(ways: Sequence[PushAuth], credentials: Mapping[str, str], request: PushRequest) -> str:
    """Why this may not be the vendor; empty if it is. Every comparison takes the same time."""
    known = defaultdict(str, credentials)
    for auth in ways:
        keys = {name: fill.settle(text, known) for name, text in auth.uses.items()}
        if all(keys.values()):
            return _CHECKS[auth.scheme](keys, request, auth.window_s)
    return "no secret that would prove it is set up"


def _token(keys: Mapping[str, str], request: PushRequest, window_s: int | None) -> str:
    given = dict(parse_qsl(request.query)).get("token", "")
    return "" if _same(given, keys["token"]) else "the word in the address is wrong"


def _parameters(keys: Mapping[str, str], request: PushRequest, window_s: int | None) -> str:
    items = _items(request)
    right = [_same(items.get(name, ""), value) for name, value in keys.items()]
    return "" if all(right) else "the parameters that would prove it are wrong"


def _wordless(query: str) -> str:
    """The query without our own secret word in it."""
    return "&".join(pair for pair in query.split("&") if not pair.startswith("token="))


def _basic(keys: Mapping[str, str], request: PushRequest, window_s: int | None) -> str:
    wanted = signatures.basic_value(keys["user"], keys["password"])
    given = request.headers.get("authorization", "")
    return "" if _same(given, wanted) else "the password is wrong"


def _twilio(keys: Mapping[str, str], request: PushRequest, window_s: int | None) -> str:
    form = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
    given = request.headers.get("x-twilio-signature", "")
    address = keys["address"]
    query = _wordless(request.query)
    if query and not urlsplit(address).query:
        address = f"{address}?{query}"
    wanted = signatures.twilio_signature(address, form, keys["token"])
    return "" if _same(given, wanted) else "the signature is wrong"


def _vonage(keys: Mapping[str, str], request: PushRequest, window_s: int | None) -> str:
    items = _items(request)
    stamp = items.get("timestamp", "")
    if not stamp.isdigit() or abs(request.at - int(stamp)) > (window_s or 0):
        return "it is too old, or has no time"
    wanted = signatures.vonage_signature(items, keys["secret"], keys["method"])
    return "" if _same(items.get("sig", "").lower(), wanted) else "the signature is wrong"


def _submail(keys: Mapping[str, str], request: PushRequest, window_s: int | None) -> str:
    items = _items(request)
    wanted = signatures.submail_push_signature(items.get("token", ""), keys["key"])
    return "" if _same(items.get("signature", ""), wanted) else "the signature is wrong"


def _huawei(keys: Mapping[str, str], request: PushRequest, window_s: int | None) -> str:
    stamp = request.headers.get("x-sdk-date", "")
    try:
        told = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return "it has no time"
    if abs(request.at - told) > (window_s or 0):
        return "it is too old"
    parts = dict(
        part.strip().partition("=")[::2]
        for part in request.headers.get("authorization", "").partition(" ")[2].split(",")
    )
    called = Request(
        request.method,
        request.headers.get("host", ""),
        request.path,
        dict(parse_qsl(_wordless(request.query), keep_blank_values=True)),
        dict(request.headers),
        None,
        request.body,
    )
    signed = parts.get("SignedHeaders", "")
    if "x-sdk-date" not in signed.split(";") or parts.get("Access") != keys["key"]:
        return "the signature is not for this account, or leaves the time out"
    wanted = signatures.huawei_signature(called, signed, keys["secret"])
    return "" if _same(parts.get("Signature", ""), wanted) else "the signature is wrong"


_CHECKS = {
    "token": _token,
    "parameters": _parameters,
    "basic": _basic,
    "twilio": _twilio,
    "vonage": _vonage,
    "submail": _submail,
    "huawei-sdk": _huawei,
}


def _items(request: PushRequest) -> dict[str, str]:
    """The parameters of a push, wherever they stand."""
    text = request.body.decode("utf-8", "replace")
    if text.startswith("{"):
        try:
            found = json.loads(text)
        except ValueError:
            return {}
        return {name: str(value) for name, value in found.items()}
    return dict(parse_qsl(f"{_wordless(request.query)}&{text}", keep_blank_values=True))


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), wanted.encode())

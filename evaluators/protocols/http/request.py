"""A request before it is bytes, and the bytes. Pure."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

_ENCODED = [
    chr(octet) if chr(octet).isascii() and (chr(octet).isalnum() or chr(octet) in "-_.~")
    else f"%{octet:02X}"
    for octet in range(256)
]  # fmt: skip
_TABLE = dict(zip(map(chr, range(128)), _ENCODED, strict=False))
_unreserved = re.compile(r"[A-Za-z0-9\-_.~]*").fullmatch


class Moment(NamedTuple):
    """When a request is signed: seconds since 1970, and a word never used before."""

    unix: int
    nonce: str


@dataclass(slots=True)
class Request:
    """Values are as they mean, not yet encoded. `form` and `body` exclude each other."""

    method: str
    host: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    form: dict[str, str] | None = None
    body: bytes = b""

    def payload(self) -> bytes:
        """The body as it leaves."""
        return self.body if self.form is None else pairs(self.form).encode()


def encode(text: str) -> str:
    """Percent-encoding by RFC 3986: only letters, digits and -_.~ stay."""
    return text if _unreserved(text) else _encoded(text)


@lru_cache(maxsize=4096)
def _encoded(text: str) -> str:
    if text.isascii():
        return "".join(map(_TABLE.__getitem__, text))
    return "".join(map(_ENCODED.__getitem__, text.encode()))


def pairs(items: dict[str, str]) -> str:
    """name=value&name=value, encoded, in the order given."""
    return "&".join([f"{encode(name)}={encode(value)}" for name, value in items.items()])


def serialise(request: Request) -> bytes:
    """The request as it goes over the wire, keep-alive.

    Raises ValueError where a header would break out of its line.
    """
    payload = request.payload()
    target = f"{request.path}?{pairs(request.query)}" if request.query else request.path
    lines = [f"{request.method} {target} HTTP/1.1", f"Host: {request.host}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    if payload or request.method == "POST":
        lines.append(f"Content-Length: {len(payload)}")
    head = "\r\n".join(lines)
    if head.count("\n") != len(lines) - 1 or head.count("\r") != len(lines) - 1:
        raise ValueError("a header value holds a line break")
    return head.encode() + b"\r\n\r\n" + payload

"""HTTP/1.1 answers out of a stream of bytes (RFC 9112). Sans I/O.

Only what an answer needs: fixed length, chunked, until the end of the connection; interim answers
are passed over. Bytes that make no sense raise ProtocolError, and nothing after them is read.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from evaluators.protocols.errors import ProtocolError

MOST_HEAD = 32 * 1024
MOST_BODY = 1024 * 1024
_MOST_CHUNK_LINE = 256

_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9][0-9])(?: [^\r\n]*)?\r\n")
_WANTED = re.compile(
    rb"\r\n(content-length|transfer-encoding|connection|retry-after|content-encoding)"
    rb":[ \t]*([^\r\n]*?)[ \t]*(?=\r\n)",
    re.IGNORECASE,
)
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n")
_NO_BODY = (204, 304)
_INTERIM = ord("1")


class Response(NamedTuple):
    """One answer. `keep`: the connection may be used again. `retry_after` as sent, or empty."""

    status: int
    body: bytes
    keep: bool
    retry_after: str


class _Head(NamedTuple):
    status: int
    keep: bool
    retry_after: str
    length: int | None  # None: chunked, or until the end
    chunked: bool


class Responses:
    """The answers of one connection, one after the other."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._head: _Head | None = None
        self._body = bytearray()  # of a chunked answer
        self._trailing = False
        self._broken: ProtocolError | None = None

    @property
    def problem(self) -> str:
        """Why nothing more is read, or nothing: what follows the answers found makes no sense."""
        return self._broken.reason if self._broken else ""

    @property
    def begun(self) -> bool:
        """Whether part of an answer has come."""
        return self._head is not None or bool(self._data)

    def feed(self, data: bytes) -> list[Response]:
        """The answers that these bytes complete, also where nonsense follows: it is raised next."""
        if self._broken:
            raise self._broken
        if not self._data and self._head is None and (whole := _whole(data)) is not None:
            return [whole]
        self._data += data
        found: list[Response] = []
        try:
            while (response := self._next()) is not None:
                found.append(response)
        except ProtocolError as error:
            self._broken = error
            if not found:
                raise
        return found

    def end(self) -> Response | None:
        """The connection has ended: the answer that this completes, if any."""
        if self._broken:
            raise self._broken
        head, self._head = self._head, None
        if head is None or head.length is not None or head.chunked:
            return None
        return Response(head.status, bytes(self._data), False, head.retry_after)

    def _next(self) -> Response | None:
        while self._head is None:
            head = self._read_head()
            if head is None:
                return None
            if head.status >= 200:
                self._head = head
        head = self._head
        if head.chunked:
            return self._chunks(head)
        if head.length is None:
            self._check(len(self._data))
            return None
        if len(self._data) < head.length:
            return None
        body = bytes(self._data[: head.length])
        del self._data[: head.length]
        return self._done(head, body)

    def _read_head(self) -> _Head | None:
        end = self._data.find(b"\r\n\r\n")
        if end < 0:
            if len(self._data) > MOST_HEAD:
                raise ProtocolError("the head of an answer has no end")
            if not b"HTTP/1.".startswith(bytes(self._data[:7])):
                raise ProtocolError("not an HTTP answer")
            return None
        if end > MOST_HEAD:
            raise ProtocolError("the head of an answer is too long")
        head = bytes(self._data[: end + 2])
        del self._data[: end + 4]
        status = _STATUS.match(head)
        if status is None:
            raise ProtocolError("not an HTTP answer")
        return _understand(*status.groups(), *_WANTED.findall(head, status.end() - 2))

    def _chunks(self, head: _Head) -> Response | None:
        while True:
            if self._trailing:
                return self._trailer(head)
            line = _CHUNK.match(self._data)
            if line is None:
                if b"\n" in self._data[:_MOST_CHUNK_LINE] or len(self._data) > _MOST_CHUNK_LINE:
                    raise ProtocolError("a chunk without a size")
                return None
            size, start = int(line[1], 16), line.end()
            if size == 0:
                self._trailing = True
                del self._data[:start]
                continue
            self._check(len(self._body) + size)
            if len(self._data) < start + size + 2:
                return None
            if self._data[start + size : start + size + 2] != b"\r\n":
                raise ProtocolError("a chunk that does not end where it says")
            self._body += self._data[start : start + size]
            del self._data[: start + size + 2]

    def _trailer(self, head: _Head) -> Response | None:
        """Fields after the last chunk mean nothing here."""
        while not self._data.startswith(b"\r\n"):
            end = self._data.find(b"\r\n")
            if end < 0:
                if len(self._data) > MOST_HEAD:
                    raise ProtocolError("a trailer without an end")
                return None
            del self._data[: end + 2]
        del self._data[:2]
        self._trailing = False
        body, self._body = bytes(self._body), bytearray()
        return self._done(head, body)

    def _done(self, head: _Head, body: bytes) -> Response:
        self._head = None
        return Response(head.status, body, head.keep, head.retry_after)

    def _check(self, size: int) -> None:
        if size > MOST_BODY:
            raise ProtocolError("an answer is too long")


def _whole(data: bytes) -> Response | None:
    """The usual case: one answer of fixed length, all there and nothing more."""
    end = data.find(b"\r\n\r\n")
    if not 0 <= end <= MOST_HEAD:
        return None
    status = _STATUS.match(data)
    if status is None or status[2][0] == _INTERIM:
        return None
    head = _understand(*status.groups(), *_WANTED.findall(data, status.end() - 2, end + 2))
    if head.chunked or head.length != len(data) - end - 4:
        return None
    return Response(head.status, data[end + 4 :], head.keep, head.retry_after)


@lru_cache(maxsize=256)  # a vendor's answers differ in little of what is read here
def _understand(minor: bytes, status: bytes, *fields: tuple[bytes, bytes]) -> _Head:
    code = int(status)
    given: dict[bytes, bytes] = {}
    for raw, value in fields:
        name = raw.lower()
        if name == b"content-length" and given.get(name, value) != value:
            raise ProtocolError("two different lengths")
        given[name] = value
    coding = given.get(b"transfer-encoding", b"").lower()
    if coding not in {b"", b"chunked", b"identity"}:
        raise ProtocolError("a transfer coding nobody asked for")
    if given.get(b"content-encoding", b"").lower() not in {b"", b"identity"}:
        raise ProtocolError("a content coding nobody asked for")
    chunked = coding == b"chunked"
    length = _length(code, given.get(b"content-length"), chunked=chunked)
    tokens = given.get(b"connection", b"").lower()
    keep = b"close" not in tokens and (minor == b"1" or b"keep-alive" in tokens)
    endless = length is None and not chunked
    retry = given.get(b"retry-after", b"").decode("latin-1")
    return _Head(code, keep and not endless, retry, length, chunked and code not in _NO_BODY)


def _length(code: int, given: bytes | None, *, chunked: bool) -> int | None:
    if code < 200 or code in _NO_BODY:
        return 0
    if given is None or chunked:
        return None
    if not given.isdigit() or len(given) > 8:
        raise ProtocolError("a length that is none")
    if int(given) > MOST_BODY:
        raise ProtocolError("an answer is too long")
    return int(given)

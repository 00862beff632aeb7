"""Whether a vendor took a message, and under which id: the answer to one request, judged. Pure.

The HTTP status alone proves nothing: several vendors refuse with 200.
"""

import json
import re
from typing import Any, NamedTuple

from evaluators.protocols.http import status
from evaluators.protocols.http.codec import Response
from evaluators.protocols.http.path import Getter, getter, written
from evaluators.protocols.http.vendor import Answer, Success

_DECODER = json.JSONDecoder()


class Verdict(NamedTuple):
    """`code` is empty for a message that was taken, else the vendor's own; `words` are its own.

    `id` is the vendor's, empty where it gives none.
    """

    code: str
    words: str = ""
    id: bytes = b""


class Judge:
    """Reads the answers of one vendor."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._results = None if answer.results is None else getter(answer.results)
        self._succeeded = test(answer.success)
        self._code, self._words = getter(answer.code), getter(answer.words)
        self._id: Getter | None = getter(answer.id) if answer.id else None
        self._failure_code = getter(answer.failure_code) if answer.failure_code else None
        self._failure_words = getter(answer.failure_words) if answer.failure_words else None
        self._pattern = re.compile(answer.pattern) if answer.pattern else None

    def judge(self, response: Response) -> Verdict:
        if self._answer.format == "text":
            return self._text(response)
        try:
            document = _document(response.body.decode())
        except (ValueError, RecursionError):
            return Verdict(_general(response))
        entry = document if self._results is None else _first(self._results(document))
        if entry is None:
            return self._failure(document, response)
        if self._succeeded(response.status, entry):
            found = written(self._id(entry)) if self._id is not None else ""
            if not found and self._id is not None:
                return Verdict(status.UNREADABLE)
            return Verdict("", "", key(found))
        code = written(self._code(entry)) if self._answer.code else ""
        if not code:
            return self._failure(document, response)
        return Verdict(code, written(self._words(entry)) if self._answer.words else "")

    def _failure(self, document: Any, response: Response) -> Verdict:
        code = written(self._failure_code(document)) if self._failure_code else ""
        words = written(self._failure_words(document)) if self._failure_words else ""
        return Verdict(code or _general(response), words)

    def _text(self, response: Response) -> Verdict:
        text = response.body.decode("utf-8", "replace").strip()
        found = self._pattern.match(text) if self._pattern else None
        groups = found.groupdict() if found else {}
        code, words = groups.get("code") or "", groups.get("words") or text
        if self._succeeded(response.status, {"code": code}):
            return Verdict("", "", key(groups.get("id") or ""))
        return Verdict(code or _general(response), words)


def test(success: Success) -> "_Test":
    """Whether an answer with this HTTP status and this document is a success."""
    return _Test(success)


class _Test:
    def __init__(self, success: Success) -> None:
        self._http, self._equals = frozenset(success.http), frozenset(success.equals)
        self._at = getter(success.at) if success.at else None

    def __call__(self, http: int, document: Any) -> bool:
        if http not in self._http:
            return False
        return self._at is None or written(self._at(document)) in self._equals


def key(vendor_id: str) -> bytes:
    """An id as records hold it: none may have a space in it."""
    return vendor_id.replace(" ", "%20").encode(errors="replace")


def _document(text: str) -> Any:
    """What json.loads gives, sooner where no blanks stand around it."""
    if text.startswith("{"):
        document, end = _DECODER.raw_decode(text)
        if end == len(text):
            return document
    return json.loads(text)


def _first(entries: Any) -> Any:
    return entries[0] if isinstance(entries, list) and entries else None


def _general(response: Response) -> str:
    ok = 200 <= response.status < 300
    return status.UNREADABLE if ok else f"HTTP {response.status}"

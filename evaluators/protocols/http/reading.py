"""Delivery reports out of what a vendor pushes or gives when asked. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote_plus

from evaluators.protocols.correlator import Unclaimed
from evaluators.protocols.http.answer import key
from evaluators.protocols.http.path import Getter, getter, written
from evaluators.protocols.http.vendor import Reading, Time

_LONGEST = 8 * 1024 * 1024
_LATEST_NS = 1 << 62


class Report(NamedTuple):
    """One delivery report as the vendor gave it.

    `state` is DELIVRD, UNDELIV or the like, or the vendor's own word; `err` its code for the cause;
    `vendor_ns` when it says that happened, ns since 1970 (callbacks are repeated, so this is not
    when it came); `reference` ours, where it comes back.
    """

    message_id: bytes
    state: str
    err: str
    number: str
    reference: str = ""
    vendor_ns: int | None = None


def unclaimed(reports: Sequence[Report], at_ns: int) -> list[Unclaimed]:
    """The same as a session takes them; `at_ns` is when they came, by the session's clock."""
    return [
        Unclaimed(report.message_id, report.state, report.err, at_ns, report.number)
        for report in reports
    ]


class Reader:
    """Reads reports as one vendor writes them; ValueError for what makes no sense."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._entries = getter(reading.entries)
        self._only = getter(reading.only.at) if reading.only else None
        self._kinds = frozenset(reading.only.equals) if reading.only else frozenset()
        self._id, self._state = getter(reading.id), getter(reading.state)
        self._err = _optional(reading.err)
        self._number, self._reference = _optional(reading.number), _optional(reading.reference)
        self._time = _Clock(reading.time) if reading.time else None

    def read(self, query: str, body: bytes) -> list[Report]:
        """The reports in a request or an answer."""
        if len(body) > _LONGEST:
            raise ValueError("too long")
        return list(self._reports(self._document(query, body)))

    def _document(self, query: str, body: bytes) -> Any:
        form = self._reading.format
        if form == "json":
            return json.loads(body)
        text = query if form == "query" else body.decode()
        if form == "query-or-form" and query:
            text = f"{query}&{text}" if text else query
        fields = dict(parse_qsl(text, keep_blank_values=True))
        if form != "form-json":
            return fields
        held = fields.get(self._reading.field, "")
        return json.loads(unquote_plus(held) if held.startswith("%") else held)

    def _reports(self, document: Any) -> Iterator[Report]:
        found = self._entries(document)
        entries = found if isinstance(found, list) else [] if found is None else [found]
        for entry in entries:
            if self._only is None or written(self._only(entry)) in self._kinds:
                yield self._report(entry)

    def _report(self, entry: Mapping[str, Any]) -> Report:
        message_id, said = written(self._id(entry)), written(self._state(entry))
        if not message_id or not said:
            raise ValueError("a report without an id or a state")
        state = self._reading.states.get(said) or self._reading.other or said
        return Report(
            key(message_id),
            state,
            written(self._err(entry)) if self._err else "",
            written(self._number(entry)) if self._number else "",
            written(self._reference(entry)) if self._reference else "",
            self._time.read(entry) if self._time else None,
        )


class _Clock:
    def __init__(self, time: Time) -> None:
        self._at, self._format = getter(time.at), time.format
        hours, _, minutes = time.zone[1:].partition(":")
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
        self._zone = timezone(-offset if time.zone.startswith("-") else offset)

    def read(self, entry: Any) -> int | None:
        """Nanoseconds since 1970; a time that cannot be read is no reason to refuse a report."""
        text = written(self._at(entry))
        try:
            if self._format in {"s", "ms"}:
                ns = int(text) * (1_000_000_000 if self._format == "s" else 1_000_000)
                return ns if 0 <= ns < _LATEST_NS else None
            told = datetime.strptime(text, self._format)  # noqa: DTZ007 - the zone follows
            exact = told if told.tzinfo else told.replace(tzinfo=self._zone)
            return int(exact.timestamp() * 1_000_000) * 1000
        except (ValueError, OverflowError):
            return None


def _optional(path: str) -> Getter | None:
    return getter(path) if path else None

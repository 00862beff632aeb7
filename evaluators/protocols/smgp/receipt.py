"""Status reports: the 122 octets a Deliver carries (section 6.2.63), and a fast way through them.

It looks like the text of an SMPP receipt, but what follows `id:` are ten RAW octets, which may well
be spaces, colons or NUL, and the last twenty may be anything. So the id is taken by its place and
only what lies between it and the text is read as words. Gateways vary capitals, write longer
dates (the specification's own example has twelve digits) or the id as twenty hex digits.
"""

import re
from dataclasses import dataclass

from evaluators.protocols.smgp.codec import GB18030, MESSAGE_ID, UCS2

STATES = frozenset(
    {"DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD"}
)  # fmt: skip
EXCERPT = 20  # octets of Txt

_FLAGS = re.IGNORECASE | re.DOTALL
_KEY = rb"(?:sub|dlvrd|submit[ _]?date|done[ _]?date|stat|err)"
_FIELD = re.compile(rb"(?:^|[\s\0])(%b): *(?!%b:)([^\s\0]*)" % (_KEY, _KEY), _FLAGS)
_TEXT = re.compile(rb"[\s\0]te?xt:", _FLAGS)
# a report's content as the specification lays it out, the words free of spaces
_LAYOUT = (
    rb"[Ii][Dd]:(.{10}) sub:([^\s\0]{3}) dlvrd:([^\s\0]{3}) [Ss]ubmit date:([^\s\0]{10}) "
    rb"[Dd]one date:([^\s\0]{10}) stat:([^\s\0]{7}) err:([^\s\0]{3}) [Tt]ext:(.{20})"
)
_EXACT = re.compile(_LAYOUT, re.DOTALL).fullmatch
# a Deliver from IsReport on: MsgFormat, RecvTime and both numbers; the length; Reserve and the end
_USUAL = re.compile(rb"\x01.{57}\x7a" + _LAYOUT + rb".{8}\Z", re.DOTALL).match
_AFTER_ID = re.compile(rb"[\s\0]%b:" % _KEY, _FLAGS).match
_HEX_ID = re.compile(rb"[0-9A-Fa-f]{20}").fullmatch


@dataclass(frozen=True, slots=True)
class Report:
    """One status report; dates are YYMMDDhhmm in the vendor's own zone, `text` is Txt as sent."""

    message_id: bytes
    """The ten octets."""
    state: str
    err: str = "000"
    submitted: str = ""
    done: str = ""
    sub: str = "001"
    dlvrd: str = "001"
    text: bytes = bytes(EXCERPT)


def parse(data: bytes) -> Report | None:
    """The report in a Deliver's content, or None if it has no id or no state."""
    exact = _EXACT(data)
    if exact is not None:
        message_id, sub, dlvrd, submitted, done, state, err, text = exact.groups()
        state, err, submitted, done, sub, dlvrd = map(
            _word, (state, err, submitted, done, sub, dlvrd)
        )
        return Report(message_id, state, err, submitted, done, sub, dlvrd, text)
    for at in (3, 4):
        found = _read_id(data, at) if data[:3].lower() == b"id:" else None
        if found is not None:
            return _read_words(*found)
    return None


def format(report: Report) -> bytes:
    """The layout of the specification."""
    head = (
        f" sub:{report.sub} dlvrd:{report.dlvrd} Submit date:{report.submitted} "
        f"done date:{report.done} stat:{report.state} err:{report.err} Text:"
    )
    text = report.text[:EXCERPT].ljust(EXCERPT, b"\0")
    return b"id:%b%b%b" % (report.message_id, head.encode("latin-1"), text)


def excerpt(content: bytes, msg_format: int) -> bytes:
    """Txt for a message: its octets in three digits, then as many whole characters as fit."""
    start = content[: EXCERPT - 3]
    if msg_format == UCS2:
        start = start[: len(start) // 2 * 2]
    elif msg_format == GB18030:
        start = start.decode("gb18030", "ignore").encode("gb18030")
    return b"%03d" % len(content) + start


def quick(data: bytes, start: int, end: int) -> tuple[bytes, bytes, bytes] | None:
    """(id, state, err) of the Deliver at data[start:end] if it is laid out as specified.

    None means "look properly" (codec.decode, then parse): never another answer than those give.
    """
    found = _USUAL(data, start + 22, end)
    return found and (found[1], found[6], found[7])


def _read_id(data: bytes, at: int) -> tuple[bytes, bytes] | None:
    """The id at this octet, raw or in hexadecimal, and what follows it."""
    for size in (MESSAGE_ID, 2 * MESSAGE_ID):
        value, rest = data[at : at + size], data[at + size :]
        if _AFTER_ID(rest) and (size == MESSAGE_ID or _HEX_ID(value)):
            return (value if size == MESSAGE_ID else bytes.fromhex(value.decode())), rest
    return None


def _read_words(message_id: bytes, rest: bytes) -> Report | None:
    found = _TEXT.search(rest)
    text = rest[found.end() :] if found else b""
    fields: dict[bytes, str] = {}
    for match in _FIELD.finditer(rest, 0, found.start() if found else len(rest)):
        key = match[1].lower().replace(b"_", b" ").replace(b"date", b"").strip()
        fields.setdefault(key, _word(match[2]))
    if not fields.get(b"stat"):
        return None
    return Report(
        message_id,
        fields[b"stat"],
        fields.get(b"err", ""),
        fields.get(b"submit", ""),
        fields.get(b"done", ""),
        fields.get(b"sub", ""),
        fields.get(b"dlvrd", ""),
        text,
    )


def _word(value: bytes) -> str:
    return value.decode("latin-1")

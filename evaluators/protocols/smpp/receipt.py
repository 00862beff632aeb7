"""Delivery receipts: the text of appendix B, the optional parameters, and a fast way through both.

The text is not standardised: vendors vary case, order and what follows `id:`. Optional parameters
(receipted_message_id, message_state) say the same in a defined form and go first where present.
"""

import re
from dataclasses import dataclass, replace
from typing import NamedTuple

from evaluators.protocols.smpp.codec import (
    ESM_INTERMEDIATE,
    ESM_RECEIPT,
    ESM_TYPE,
    TLV_MESSAGE_STATE,
    TLV_NETWORK_ERROR_CODE,
    TLV_RECEIPTED_MESSAGE_ID,
    Sms,
)

STATES = {
    1: "ENROUTE",
    2: "DELIVRD",
    3: "EXPIRED",
    4: "DELETED",
    5: "UNDELIV",
    6: "ACCEPTD",
    7: "UNKNOWN",
    8: "REJECTD",
}
"""message_state values as the seven letters of the text form."""
STATE_CODES = {text: code for code, text in STATES.items()}

_KEYS = rb"(?:id|sub|dlvrd|submit date|done date|stat|err)"
_FIELD = re.compile(rb"\b(%b): *(?!%b:)([^ ]*)" % (_KEYS, _KEYS), re.IGNORECASE)
_TEXT = re.compile(rb"(?:^| )text:", re.IGNORECASE)
# a deliver_sm's body from service_type on, with the text of appendix B word for word
_USUAL = re.compile(
    rb"\0..([^\0]{0,20})\0..[^\0]{0,20}\0\x04..\0\0....(.)id:([^ ]+) sub:[^ ]+ dlvrd:[^ ]+ "
    rb"submit date:[^ ]+ done date:[^ ]+ stat:([^ ]+) err:([^ ]+) [Tt]ext:",
    re.DOTALL,
).match
# receipted_message_id, then message_state, then the end
_USUAL_TLVS = re.compile(rb"\0\x1e\0(.)([^\0]+)(\0?)\x04\x27\0\x01(.)\Z", re.DOTALL).match
_STATE_BYTES = {code: text.encode() for code, text in STATES.items()}


@dataclass(frozen=True, slots=True)
class Report:
    """One delivery report; dates are YYMMDDhhmm (some vendors add ss) in the vendor's own zone."""

    message_id: bytes
    state: str
    err: str = ""
    submitted: str = ""
    done: str = ""
    sub: str = "001"
    dlvrd: str = "000"
    text: bytes = b""


class Usual(NamedTuple):
    """A receipt of the usual shape; `spans` say where in the data its varying parts are.

    They are begin and end of the handset's number, of the id in the text, and of the id in the
    optional parameters (empty, at the PDU's end, if not there).
    """

    message_id: bytes
    state: bytes
    err: bytes
    spans: tuple[int, ...]


def parse(data: bytes) -> Report | None:
    """The report a receipt text gives, or None if it has no id or no state."""
    found = _TEXT.search(data)
    text = data[found.end() :] if found else b""
    fields: dict[bytes, bytes] = {}
    for match in _FIELD.finditer(data, 0, found.start() if found else len(data)):
        fields.setdefault(match[1].lower(), match[2])
    if not fields.get(b"id") or not fields.get(b"stat"):
        return None
    return Report(
        message_id=fields[b"id"],
        state=_word(fields[b"stat"]),
        err=_word(fields.get(b"err", b"")),
        submitted=_word(fields.get(b"submit date", b"")),
        done=_word(fields.get(b"done date", b"")),
        sub=_word(fields.get(b"sub", b"")),
        dlvrd=_word(fields.get(b"dlvrd", b"")),
        text=text,
    )


def format(report: Report) -> bytes:
    """The text of appendix B."""
    head = (
        f"sub:{report.sub} dlvrd:{report.dlvrd} submit date:{report.submitted} "
        f"done date:{report.done} stat:{report.state} err:{report.err} text:"
    )
    return b"id:%b %b%b" % (report.message_id, head.encode("latin-1"), report.text[:20])


def read(sms: Sms) -> Report | None:
    """The report a deliver_sm carries, None if it is a handset's message."""
    kind = sms.esm_class & ESM_TYPE
    report = parse(sms.user_data)
    if kind == 0:  # some vendors forget the bit
        return report
    if kind not in {ESM_RECEIPT, ESM_INTERMEDIATE}:
        return None
    given = report or Report(b"", "UNKNOWN", _network_error(sms))
    message_id = (sms.tlv(TLV_RECEIPTED_MESSAGE_ID) or b"").rstrip(b"\0") or given.message_id
    state = sms.tlv(TLV_MESSAGE_STATE) or b""
    if not message_id:
        return None
    known = STATES.get(state[0]) if len(state) == 1 else None
    return replace(given, message_id=message_id, state=known or given.state)


def quick(data: bytes, start: int, end: int) -> Usual | None:
    """What the deliver_sm at data[start:end] says if it has the usual shape.

    None means "look properly" (codec.decode, then read): never another answer than those give.
    """
    shape = _USUAL(data, start + 16, end)
    if shape is None:
        return None
    _, size, message_id, state, err = shape.groups()
    spans = (*shape.span(1), *shape.span(3))
    tail = shape.start(3) - 3 + size[0]
    if tail == end:
        return Usual(message_id, state, err, (*spans, end, end))
    known = _USUAL_TLVS(data, tail, end) if shape.end() <= tail else None
    if known is None:
        return None
    length, named, nul, code = known.groups()
    if length[0] != len(named) + len(nul):
        return None
    return Usual(named, _STATE_BYTES.get(code[0], state), err, (*spans, *known.span(2)))


def _network_error(sms: Sms) -> str:
    value = sms.tlv(TLV_NETWORK_ERROR_CODE)
    return str(int.from_bytes(value[1:], "big")) if value else ""


def _word(value: bytes) -> str:
    return value.decode("latin-1")

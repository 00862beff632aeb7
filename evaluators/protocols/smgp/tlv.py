"""Optional parameters of SMGP 3.0 (section 6.3): tag, length, value."""

import struct
from typing import TypeAlias

from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.smgp import status as statuses

TP_PID = 0x0001
TP_UDHI = 0x0002
LINK_ID = 0x0003
CHARGE_USER_TYPE = 0x0004
CHARGE_TERM_TYPE = 0x0005
CHARGE_TERM_PSEUDO = 0x0006
DEST_TERM_TYPE = 0x0007
DEST_TERM_PSEUDO = 0x0008
PK_TOTAL = 0x0009
PK_NUMBER = 0x000A
SUBMIT_MSG_TYPE = 0x000B
SP_DEAL_RESULT = 0x000C
SRC_TERM_TYPE = 0x000D
SRC_TERM_PSEUDO = 0x000E
NODES_COUNT = 0x000F
MSG_SRC = 0x0010
SRC_TYPE = 0x0011
M_SERVICE_ID = 0x0012

TEXT_SIZES = {LINK_ID: 20, MSG_SRC: 8, M_SERVICE_ID: 21}
"""Octets of the texts whose length is fixed; pseudonyms have any, all others are one octet."""

_HEAD = struct.Struct(">HH")

Tlvs: TypeAlias = tuple[tuple[int, bytes], ...]


def text(tag: int, value: str) -> tuple[int, bytes]:
    """A text in the length the specification gives it, filled up with NUL.

    Raises ProtocolError where it does not fit.
    """
    try:
        data = value.encode("latin-1")
    except UnicodeEncodeError as error:
        raise ProtocolError(f"{value!r} has characters outside Latin-1") from error
    size = TEXT_SIZES.get(tag, len(data))
    if len(data) > size:
        raise ProtocolError(f"{value!r} takes {len(data)} octets where {size} fit")
    return tag, data.ljust(size, b"\0")


def number(tag: int, value: int) -> tuple[int, bytes]:
    """A value of one octet; ProtocolError where it needs more."""
    if not 0 <= value <= 0xFF:
        raise ProtocolError(f"{value} where one octet fits")
    return tag, bytes((value,))


def find(tlvs: Tlvs, tag: int) -> bytes | None:
    """The first value with this tag."""
    return next((value for found, value in tlvs if found == tag), None)


def find_number(tlvs: Tlvs, tag: int) -> int:
    """The first value with this tag as a number, however many octets a peer gave it; else 0."""
    return int.from_bytes(find(tlvs, tag) or b"", "big")


def read(data: bytes, at: int) -> Tlvs:
    """The parameters from octet `at` to the end."""
    found: list[tuple[int, bytes]] = []
    while at < len(data):
        if at + _HEAD.size > len(data):
            raise ProtocolError("an optional parameter is cut", statuses.BAD_STRUCTURE)
        tag, size = _HEAD.unpack_from(data, at)
        at += _HEAD.size + size
        if at > len(data):
            raise ProtocolError(f"TLV 0x{tag:04X} is too long", statuses.BAD_STRUCTURE)
        found.append((tag, data[at - size : at]))
    return tuple(found)


def write(tlvs: Tlvs) -> bytes:
    return b"".join([_HEAD.pack(tag, len(value)) + value for tag, value in tlvs])

"""A vendor's own codes as the integers that records hold, and back. Pure.

The integer follows from the code alone, so that every process and every stored row means the same:
a decimal number below 2^30 that is not 0 is itself, anything else is 2^30 plus its CRC-32's low 30
bits. A code that stands in the vendor's file can always be told from its integer; one that does
not, only by whoever saw it (`HttpSession.codes`).
"""

import zlib
from collections.abc import Mapping
from functools import lru_cache

from evaluators.content import Bilingual
from evaluators.protocols.http.vendor import Code, ErrorClass, Vendor

_WORDS = 1 << 30
_LONGEST_NUMBER = 9  # decimal digits that surely stay below 2^30

UNREADABLE = "UNREADABLE"
"""The answer was not what the vendor's documentation says it is."""
_GENERAL: Mapping[str, tuple[ErrorClass, str, str]] = {
    "HTTP 400": ("unknown", "请求有误", "bad request"),
    "HTTP 401": ("credentials", "凭证无效", "not authenticated"),
    "HTTP 402": ("balance", "需要付费", "payment required"),
    "HTTP 403": ("permission", "没有权限", "forbidden"),
    "HTTP 404": ("unknown", "接口地址不存在", "no such interface"),
    "HTTP 429": ("throttled", "请求过于频繁", "too many requests"),
    "HTTP 500": ("system", "对方系统错误,短信是否发出不明", "their error; the fate is unknown"),
    "HTTP 502": ("system", "对方网关错误,短信是否发出不明", "bad gateway; the fate is unknown"),
    "HTTP 503": ("system", "对方暂不可用", "unavailable"),
    "HTTP 504": ("system", "对方网关超时,短信是否发出不明", "gateway timeout; the fate is unknown"),
    UNREADABLE: ("unknown", "无法理解的回答", "an answer that makes no sense"),
}  # fmt: skip


@lru_cache(maxsize=4096)
def number(code: str) -> int:
    """The integer a record holds for this code, above 0."""
    if code.isascii() and code.isdigit() and len(code) <= _LONGEST_NUMBER and int(code):
        return int(code)
    return _WORDS | (zlib.crc32(code.encode()) & (_WORDS - 1))


def name(vendor: Vendor, status: int) -> str:
    """The vendor's own code for an integer; a number nobody knows is shown as #integer."""
    known = _table(vendor).get(status)
    if known is not None:
        return known.code
    return str(status) if 0 <= status < _WORDS else f"#{status}"


def meaning(vendor: Vendor, status: int) -> Bilingual | None:
    """What the code says to people, None for one the file does not have."""
    known = _table(vendor).get(status)
    return Bilingual(zh=known.zh, en=known.en) if known is not None else None


def kind(vendor: Vendor, status: int) -> ErrorClass:
    """What kind of refusal it is."""
    known = _table(vendor).get(status)
    return known.kind if known is not None else "unknown"


def throttled(vendor: Vendor) -> frozenset[int]:
    """The integers that mean "slow down" at this vendor."""
    return frozenset(key for key, code in _table(vendor).items() if code.kind == "throttled")


def _table(vendor: Vendor) -> Mapping[int, Code]:
    general = {
        number(code): Code(code=code, kind=kind, zh=zh, en=en)
        for code, (kind, zh, en) in _GENERAL.items()
    }
    return general | {number(error.code): error for error in vendor.errors}

"""The numbers of the simulated world, and what is true of each. Pure.

Mainland: 198, 166 and 199 stand for 移动, 联通 and 电信 (one prefix each), then:

    xxx 0000 iiii   a handset of the panel, ten thousand per prefix; of these `iiii`
        0000-0099   are known to the vendor beforehand ("announced")
        0900-0999   are ported: the prefix names one carrier, the next one serves them
    xxx 0009 iiii   dead, for negative controls (as is everything else under these prefixes)

Abroad, numbers that the countries set aside for films and books, all of them on the panel:

    +44 7700 900 iii     GB    +1 202 555 01 ii     US    +33 6 39 98 iiii    FR
    +46 70 17 406 ii     SE (05 to 99)              +353 20 91 i iiii   IE
"""

from functools import lru_cache
from typing import Literal, NamedTuple

Carrier = Literal["cmcc", "cucc", "ctcc", "other"]

CARRIERS: tuple[Carrier, ...] = ("cmcc", "cucc", "ctcc")
"""The mainland's; abroad is "other"."""
COUNTRIES = ("GB", "US", "FR", "SE", "IE")
REGIONS = ("beijing", "shanghai", "guangdong", "sichuan", "zhejiang")
"""Where the mainland's handsets are: the n-th handset is in the (n mod 5)-th."""
PER_PREFIX = 10_000
_PREFIXES: dict[str, Carrier] = {"198": "cmcc", "166": "cucc", "199": "ctcc"}
_PREFIX_OF = {carrier: prefix for prefix, carrier in _PREFIXES.items()}
_ABROAD = {  # country: digits in front, digits after them, first and last of those
    "GB": ("447700900", 3, 0, 999),
    "US": ("120255501", 2, 0, 99),
    "FR": ("3363998", 4, 0, 9_999),
    "SE": ("467017406", 2, 5, 99),
    "IE": ("3532091", 5, 0, 99_999),
}
_LENGTH = 11
_ANNOUNCED = range(100)
_PORTED = range(900, 1000)
DEVICES = len(_PREFIXES) * PER_PREFIX + sum(
    last - first + 1 for *_, first, last in _ABROAD.values()
)
"""Handsets on the panel."""


class Facts(NamedTuple):
    """What is true of a number: `carrier` serves it, `by_prefix` is what its digits suggest."""

    carrier: Carrier
    by_prefix: Carrier
    country: str
    region: str
    held: bool
    """A handset of the panel has it; otherwise the number is dead."""
    announced: bool = False
    """The vendor was told of it beforehand."""

    @property
    def ported(self) -> bool:
        return self.carrier != self.by_prefix


def national(number: str) -> str:
    """The number without `+`, `00` and China's country code, which some protocols want."""
    bare = number.removeprefix("+").removeprefix("00")
    return bare[2:] if len(bare) == _LENGTH + 2 and bare.startswith("86") else bare


@lru_cache(maxsize=131_072)
def facts(number: str) -> Facts | None:
    """What is true of a number, None where no carrier has it."""
    bare, named = number, _PREFIXES.get(number[:3])
    if named is None or len(number) != _LENGTH:
        bare = national(number)
        named = _PREFIXES.get(bare[:3])
    if not (bare.isascii() and bare.isdigit()):
        return None
    if named is None or len(bare) != _LENGTH:
        return _abroad(bare)
    index = int(bare[7:])
    region = REGIONS[index % len(REGIONS)]
    if bare[3:7] != "0000":
        return Facts(named, named, "CN", region, held=False)
    if index in _PORTED:
        carrier = CARRIERS[(CARRIERS.index(named) + 1) % 3]
        return Facts(carrier, named, "CN", region, held=True)
    return Facts(named, named, "CN", region, held=True, announced=index in _ANNOUNCED)


def simulated_carrier(number: str) -> Carrier | None:
    """Who serves a number; None for what is no number of this world."""
    known = facts(number)
    return known.carrier if known else None


def held_by_panel(number: str) -> bool:
    """Whether a handset with this number lies on the simulated panel."""
    known = facts(number)
    return known is not None and known.held


def simulated_number(carrier: Carrier, index: int) -> str:
    """The `index`-th handset of a mainland carrier's prefix, 0 to 9,999."""
    return f"{_PREFIX_OF[carrier]}0000{index:04d}"


def dead_number(carrier: Carrier, index: int) -> str:
    """The `index`-th number under a carrier's prefix that nobody has, 0 to 9,999."""
    return f"{_PREFIX_OF[carrier]}0009{index:04d}"


def foreign_number(country: str, index: int) -> str:
    """The `index`-th handset abroad, with its `+`; `country` is one of COUNTRIES."""
    front, digits, first, last = _ABROAD[country]
    if not 0 <= index <= last - first:
        raise ValueError(f"{country} has {last - first + 1} handsets")
    return f"+{front}{first + index:0{digits}d}"


def _abroad(bare: str) -> Facts | None:
    for country, (front, digits, first, last) in _ABROAD.items():
        if bare.startswith(front) and len(bare) == len(front) + digits:
            held = first <= int(bare[len(front) :]) <= last
            return Facts("other", "other", country, "", held)
    return None

"""The numbers of the simulated world: 1980000xxxx, 1660000xxxx and 1990000xxxx."""

from functools import lru_cache
from typing import Literal

Carrier = Literal["cmcc", "cucc", "ctcc"]

CARRIERS: tuple[Carrier, ...] = ("cmcc", "cucc", "ctcc")
_PREFIXES: dict[str, Carrier] = {"198": "cmcc", "166": "cucc", "199": "ctcc"}
_LENGTH = 11


def national(number: str) -> str:
    """The number without the country code some protocols want."""
    bare = number.removeprefix("+").removeprefix("00")
    return bare[2:] if len(bare) == _LENGTH + 2 and bare.startswith("86") else bare


@lru_cache(maxsize=65_536)
def simulated_carrier(number: str) -> Carrier | None:
    """移动 for 198, 联通 for 166, 电信 for 199; None for anything else."""
    bare = national(number)
    return _PREFIXES.get(bare[:3]) if len(bare) == _LENGTH and bare.isdigit() else None


@lru_cache(maxsize=65_536)
def held_by_panel(number: str) -> bool:
    """Whether a handset with this number lies on the simulated panel: 10,000 of each carrier.

    Any other number of the three carriers is a dead one, for negative controls.
    """
    bare = national(number)
    return simulated_carrier(bare) is not None and bare[3:7] == "0000"


def simulated_number(carrier: Carrier, index: int) -> str:
    """The `index`-th handset of a carrier, 0 to 9,999."""
    prefix = next(prefix for prefix, name in _PREFIXES.items() if name == carrier)
    return f"{prefix}0000{index:04d}"

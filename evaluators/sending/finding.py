"""What the feasibility check goes by, and what it says."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from evaluators.content import Bilingual
from evaluators.sending.assigning import Listed
from evaluators.sending.limits import Frequency
from evaluators.sending.reasons import Params, reason

KIND_NAMES = {"otp": "验证码", "notice": "通知", "marketing": "营销"}
CARRIER_NAMES = {
    "cmcc": ("移动", "China Mobile"),
    "cucc": ("联通", "China Unicom"),
    "ctcc": ("电信", "China Telecom"),
}

TRAIT_NAMES = {
    "carrier": ("运营商", "carrier"),
    "ported": ("是否携号转网", "ported or not"),
    "region": ("地区", "region"),
    "country": ("国家", "country"),
    "announced": ("是否预先告知", "announced or blind"),
    "phase": ("阶段", "phase"),
    "variant": ("文本", "text"),
}


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the plan would run on.

    `simulated` is the connection's, `simulated_numbers` how many of the `numbers` exist only in
    the simulated panel. `watched` is how many of the numbers have a handset that reports (None:
    all). `rtt_s` is the vendor's answer time as measured, `max_rate` what it agreed to take.

    Where it is known: `listed` the numbers themselves, `used` when each was texted in the last day
    (ns since 1970), `frequency` the vendor's own documented limits for this kind of message,
    `signatures` and `templates` (the plan's `text` or a variant's name, perhaps behind the test's
    and a stroke) the carriers each is filed with, `passed` the tests that went well on this
    connection. `titles` are those of the tests.
    """

    simulated: bool
    numbers: int
    without_consent: int = 0
    simulated_numbers: int = 0
    watched: int | None = None
    connections: int = 1
    window: int = 16
    rtt_s: float | None = None
    max_rate: float | None = None
    listed: Sequence[Listed] | None = None
    used: Mapping[int, Sequence[int]] = field(default_factory=dict)
    frequency: Frequency | None = None
    signatures: Mapping[str, Collection[str]] | None = None
    templates: Mapping[str, Collection[str]] | None = None
    passed: Collection[str] | None = None
    titles: Mapping[str, Bilingual] = field(default_factory=dict)

    @property
    def seen(self) -> int:
        """How many numbers have a handset that reports."""
        return self.numbers if self.watched is None else self.watched


@dataclass(frozen=True)
class Finding:
    """One thing found; `params` are the figures in its sentence, unrounded."""

    blocking: bool
    key: str
    params: Params
    wording: Bilingual


def found(
    wordings: Mapping[str, Bilingual],
    key: str,
    blocking: bool = True,
    /,
    **params: float | int | str,
) -> Finding:
    """The finding with both its sentences filled in."""
    return Finding(blocking, key, params, reason(wordings, key, **params).wording)


def names(carriers: Collection[str]) -> tuple[str, str]:
    """Carriers as people call them, Chinese and English."""
    known = [CARRIER_NAMES.get(carrier, (carrier, carrier)) for carrier in sorted(carriers)]
    return "、".join(zh for zh, _ in known), ", ".join(en for _, en in known)

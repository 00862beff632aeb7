"""How a simulated vendor behaves, as data: one YAML file in `data/personalities/` each.

Everything left out of a file is what an honest, quick vendor does. Shares are 0 to 1, times are
seconds before the run's time scale is applied.
"""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from evaluators.content import Bilingual, Content, read
from evaluators.errors import ContentError
from evaluators.simulator.numbers import Carrier


class Latency(Content):
    """A lognormal time, given by two of its points."""

    median_s: float = Field(gt=0)
    p95_s: float = Field(gt=0)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.p95_s < self.median_s:
            raise ValueError("p95_s is not below median_s")
        return self


class Handset(Latency):
    """What a carrier's handsets get of what was accepted, and how fast."""

    rate: float = Field(default=0.999, ge=0, le=1)
    median_s: float = Field(default=0.3, gt=0)
    p95_s: float = Field(default=1.0, gt=0)


class Receipts(Content):
    """What the delivery receipts say, and when.

    `truthful`: after the handset has it (or has it not). `claimed`: DELIVRD for `claimed_rate` of
    all accepted messages, whatever the handset got. `none`: no receipts at all.
    `dead_numbers`: what is said of a number no handset has. `early` is the share sent before the
    answer to the submission; `duplicate` the share sent twice.
    """

    policy: Literal["truthful", "claimed", "none"] = "truthful"
    claimed_rate: float = Field(default=1.0, ge=0, le=1)
    dead_numbers: Literal["fail", "deliver"] = "fail"
    delay: Latency = Latency(median_s=0.05, p95_s=0.2)
    early: float = Field(default=0.0, ge=0, le=1)
    duplicate: float = Field(default=0.0, ge=0, le=1)
    failed_state: str = "UNDELIV"
    failed_err: str = "001"


class Faking(Content):
    """Messages that are never sent on although their receipt says DELIVRD.

    `always`; `unannounced`: to numbers the buyer did not name before; `in_bulk`: once more than
    `bulk_messages` came within `bulk_seconds`. `share` of those messages is faked.
    """

    when: Literal["always", "unannounced", "in_bulk"]
    share: float = Field(ge=0, le=1)
    bulk_messages: int = Field(default=30, ge=1)
    bulk_seconds: float = Field(default=60.0, gt=0)


class Alteration(Content):
    """What the handset shows differs from what was sent, for `share` of the messages."""

    share: float = Field(default=0.0, ge=0, le=1)
    prefix: str = ""
    suffix: str = ""
    replace: dict[str, str] = Field(default={})
    sender: str = ""
    """Shown instead of the number it was sent from, if not empty."""


class Outage(Content):
    """Something breaks after so many messages, for so long (for good without `for_s`).

    `refuse`: submissions are refused with `status`; `undelivered`: accepted, receipts fail;
    `stall`: submissions are not answered, keep-alives are; `half_open`: nothing is answered;
    `disconnect`: connections are cut, once.
    """

    kind: Literal["refuse", "undelivered", "stall", "half_open", "disconnect"]
    after_messages: int = Field(ge=0)
    for_s: float | None = Field(default=None, gt=0)
    carriers: tuple[Carrier, ...] = ()
    status: int = 0x08


class Personality(Content):
    """One simulated vendor."""

    name: str = Field(pattern=r"^[a-z0-9-]+$")
    title: Bilingual
    describes: Bilingual
    accept_rate: float = Field(default=1.0, ge=0, le=1)
    refusal: int = 0x45
    throttle_per_s: int | None = Field(default=None, ge=1)
    answer: Latency = Latency(median_s=0.002, p95_s=0.005)
    handsets: Handset = Handset()
    carriers: dict[Carrier, Handset] = Field(default={})
    receipts: Receipts = Receipts()
    faking: Faking | None = None
    alteration: Alteration = Alteration()
    long_parts_lost: float = Field(default=0.0, ge=0, le=1)
    ids: Literal["decimal", "hex_answer", "hex_receipt"] = "decimal"
    outages: tuple[Outage, ...] = ()

    def handset(self, carrier: Carrier) -> Handset:
        return self.carriers.get(carrier, self.handsets)


def load(path: Path) -> Personality:
    """Read one personality; its file is called as it is."""
    personality = read(path, Personality)
    if personality.name != path.stem:
        raise ContentError(path, 1, f"name: {personality.name!r} is not the file's name")
    return personality


def load_all(folder: Path) -> dict[str, Personality]:
    """All personalities by name."""
    return {path.stem: load(path) for path in sorted(folder.glob("*.yaml"))}

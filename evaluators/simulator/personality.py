"""How a simulated vendor behaves, as data: one YAML file in `data/personalities/` each.

Everything left out of a file is what an honest, quick vendor does. Shares are 0 to 1. Times are
seconds; those of handsets, receipts and replies are multiplied by the run's time scale.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from evaluators.content import Bilingual, Content, read
from evaluators.errors import ContentError
from evaluators.simulator.numbers import Carrier

Refusal = Literal["", "throttled", "bad_number", "bad_sender", "bad_content", "system"]
"""Why a submission was not accepted; each protocol has its own code. Empty: it was accepted."""

Flaw = Literal["truncated", "foreign_id", "unknown_state", "garbage"]
"""What is wrong with a receipt: its text ends early, its id is in no form of the answer's, its
state is none of the protocol's, or octets of no meaning follow where parameters belong."""

Fault = Literal["refuse", "undelivered", "stall", "half_open", "disconnect", "garbage", "drip"]

Share = Annotated[float, Field(ge=0, le=1)]


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
    """What handsets get of what was accepted, and how fast."""

    rate: Share = 0.999
    median_s: float = Field(default=0.3, gt=0)
    p95_s: float = Field(default=1.0, gt=0)


class Receipts(Content):
    """What the delivery receipts say, and when.

    `truthful`: after the handset has it (or has it not). `claimed`: DELIVRD for `claimed_rate` of
    all accepted messages, whatever the handset got. `none`: no receipts at all.
    `dead_numbers`: what is said of a number no handset has. `early` is the share sent before the
    answer to the submission, `duplicate` the share sent twice, `elsewhere` the share sent on
    another connection of the account where there is one, `flaws` the shares that are malformed.
    `codes` are the states given for failures, each as likely as the others.
    """

    policy: Literal["truthful", "claimed", "none"] = "truthful"
    claimed_rate: Share = 1.0
    dead_numbers: Literal["fail", "deliver"] = "fail"
    delay: Latency = Latency(median_s=0.05, p95_s=0.2)
    early: Share = 0.0
    duplicate: Share = 0.0
    elsewhere: Share = 0.0
    flaws: dict[Flaw, Share] = Field(default={})
    codes: dict[Carrier, tuple[str, ...]] = Field(default={})


class Faking(Content):
    """Messages that are never sent on although their receipt says DELIVRD.

    `always`; `unannounced`: to numbers the vendor was not told of; `in_bulk`: once more than
    `bulk_messages` came within `bulk_seconds`. `share` of those messages is faked.
    """

    when: Literal["always", "unannounced", "in_bulk"]
    share: Share
    bulk_messages: int = Field(default=30, ge=1)
    bulk_seconds: float = Field(default=60.0, gt=0)


class Alteration(Content):
    """What the handset shows differs from what was sent, for `share` of the messages."""

    share: Share = 0.0
    prefix: str = ""
    suffix: str = ""
    replace: dict[str, str] = Field(default={})
    sender: str = ""
    """Shown instead of the number it was sent from, if not empty."""


class Outage(Content):
    """Something breaks after so many messages, for so long (for good without `for_s`).

    `refuse`: submissions are refused with `refusal`; `undelivered`: accepted, and no handset gets
    them, which their receipts admit (`fail`), deny (`deliver`) or are not sent about (`none`);
    `stall`: submissions are not answered, keep-alives are; `half_open`: nothing is answered;
    `disconnect`: connections are cut, once; `garbage`: octets of no meaning are sent, once;
    `drip`: whoever submits gets one octet at a time from then on.
    """

    kind: Fault
    after_messages: int = Field(default=0, ge=0)
    for_s: float | None = Field(default=None, gt=0)
    carriers: tuple[Carrier, ...] = ()
    refusal: Refusal = "system"
    receipts: Literal["fail", "deliver", "none"] = "fail"


class OptOut(Content):
    """Texts that offer to reply R: who does, and what the vendor makes of it.

    `reply_share` of the handsets reply, after `delay`; all do to a text that asks them for it.
    `forwards`: the buyer gets the reply. `honours`: later messages from that sender are not sent
    to them, and their receipts say `code`.
    """

    reply_share: Share = 0.0
    delay: Latency = Latency(median_s=2.0, p95_s=5.0)
    forwards: bool = True
    honours: bool = True
    code: str = "REJECTD"


class Billing(Content):
    """What ends up on the bill: each part accepted, and one more for `extra_share` of them.

    With `failed: false` only what the receipts call delivered is billed.
    """

    extra_share: Share = 0.0
    failed: bool = True


class Personality(Content):
    """One simulated vendor.

    `ported` is what happens to ported numbers where they are not routed like others of their
    carrier. `switch_s`: a carrier's broken channel (`undelivered`) is replaced by another after so
    long; without it, only its repair ends that.
    """

    name: str = Field(pattern=r"^[a-z0-9-]+$")
    title: Bilingual
    describes: Bilingual
    accept_rate: Share = 1.0
    refusal: Refusal = "system"
    throttle_per_s: int | None = Field(default=None, ge=1)
    answer: Latency = Latency(median_s=0.002, p95_s=0.005)
    handsets: Handset = Handset()
    carriers: dict[Carrier, Handset] = Field(default={})
    ported: Handset | None = None
    receipts: Receipts = Receipts()
    faking: Faking | None = None
    alteration: Alteration = Alteration()
    opt_out: OptOut = OptOut()
    billing: Billing = Billing()
    long_parts_lost: Share = 0.0
    ids: Literal["decimal", "hex_answer", "hex_receipt"] = "decimal"
    outages: tuple[Outage, ...] = ()
    switch_s: float | None = Field(default=None, gt=0)

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

"""What any send must keep to: limits per number, hours, the company's own caps."""

from collections.abc import Mapping
from datetime import time
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from evaluators.content import Content
from evaluators.sending.fields import Zone

MessageKind = Literal["otp", "notice", "marketing"]

SPANS: Mapping[str, int] = {"minute": 60, "hour": 3_600, "day": 86_400}
"""Spans of frequency limits, in seconds."""


def _sexagesimal(value: Any) -> Any:
    # YAML 1.1 reads an unquoted 12:30 as 750 and leaves 09:00 a string.
    return f"{value // 60:02}:{value % 60:02}" if type(value) is int else value


TimeOfDay = Annotated[time, BeforeValidator(_sexagesimal)]
"""HH:MM, quoted or not."""


class Frequency(Content):
    """How many messages one number may get from one sender; None: no documented limit."""

    minute: int | None = Field(default=None, ge=1)
    hour: int | None = Field(default=None, ge=1)
    day: int | None = Field(default=None, ge=1)

    def spans(self) -> tuple[tuple[str, int, int], ...]:
        """(name, seconds, limit) of each limit there is, the shortest first."""
        limits = ((name, seconds, getattr(self, name)) for name, seconds in SPANS.items())
        return tuple((name, seconds, limit) for name, seconds, limit in limits if limit is not None)


class Caps(Content):
    """Limits that may not be passed: messages, messages per second, CNY."""

    count: int = Field(ge=1)
    rate: float = Field(gt=0)
    cost: float = Field(ge=0, allow_inf_nan=False)


def _documented() -> dict[MessageKind, Frequency]:
    # OTP as at Alibaba Cloud, notice as at Baidu (2022-03-16), marketing as at Huawei.
    return {
        "otp": Frequency(minute=1, hour=5, day=10),
        "notice": Frequency(minute=3, hour=10, day=50),
        "marketing": Frequency(hour=4, day=10),
    }


class Rules(Content):
    """Limits for every plan. Marketing goes out only between the two times, local time.

    `caps` are the company's own, whatever a plan says; `peak` is its own busiest time of day.
    `power` is how surely a test should tell the claim from the rate it is tested against;
    `likeness` (intraclass correlation) is what is assumed about messages to one handset before
    there are data.
    """

    frequency: dict[MessageKind, Frequency] = Field(default_factory=_documented)
    marketing_from: TimeOfDay = time(9, 0)
    marketing_until: TimeOfDay = time(20, 0)
    timezone: Zone = "Asia/Shanghai"
    peak: TimeOfDay | None = None
    caps: Caps | None = None
    power: float = Field(default=0.9, gt=0, lt=1)
    likeness: float = Field(default=0.1, ge=0, le=1)


RULES = Rules()

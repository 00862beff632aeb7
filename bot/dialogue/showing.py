"""How items, answers and values are put into words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.dialogue.case import Case, Given
from bot.wording import Wording
from evaluators.checklist import Checklist, Item

MINUTE, HOUR, DAY = 60, 3600, 86400
NUMERIC = frozenset({"number", "percent", "price", "duration"})


@dataclass(frozen=True)
class Speaker:
    """Words of one language, and the checklist they speak about."""

    wording: Wording
    checklist: Checklist

    @property
    def language(self) -> str:
        return self.wording.language

    def word(self, key: str, /, **parts: object) -> str:
        return self.wording(key, **parts)

    def item(self, item_id: str) -> Item:
        return self.checklist.by_id[item_id]

    def number(self, item_id: str) -> int:
        return self.checklist.numbers[item_id]


def takes_numbers(item: Item) -> bool:
    """A bare number answers this item, so it cannot also mean a button."""
    return item.value is not None and item.value.kind in NUMERIC


def value(speak: Speaker, item: Item, stored: float | str) -> str:
    """A stored value as a person would write it."""
    spec = item.value
    if isinstance(stored, str):
        option = next((o for o in spec.options if o.id == stored), None) if spec else None
        return option.label.of(speak.language) if option else stored
    kind = spec.kind if spec else "percent"
    if kind == "price":
        return speak.word("value.price", amount=short(stored, 4))
    if kind == "duration":
        return duration(speak, stored)
    if kind == "number" and spec and spec.unit:
        return f"{short(stored)} {spec.unit.of(speak.language)}"
    return f"{short(stored)}%"


def interval(speak: Speaker, item: Item, low: float, high: float) -> str:
    """The exact interval behind a measured value, in brackets."""
    ends = {"low": value(speak, item, low), "high": value(speak, item, high)}
    return speak.word("value.interval", **ends)


def short(number: float, decimals: int = 2) -> str:
    """A number without needless zeros."""
    text = f"{number:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def duration(speak: Speaker, seconds: float) -> str:
    for size, name in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if seconds >= size and seconds % (size / 2) == 0:
            return speak.word(f"value.{name}", amount=short(seconds / size))
    return speak.word("value.second", amount=short(seconds))


def clock(at: datetime, timezone: str) -> str:
    """A moment as people read it off a clock."""
    return at.astimezone(ZoneInfo(timezone)).strftime("%H:%M:%S")


def answer(speak: Speaker, item: Item, given: Given) -> str:
    """An answer in short: choice, value, level."""
    said = content(speak, item, given)
    if given.choice in {"later", "unknown", "na"}:
        return said
    return speak.word("answer.with_level", said=said, level=level(speak, given))


def content(speak: Speaker, item: Item, given: Given) -> str:
    """Choice, value and interval, without the level."""
    parts = []
    if given.choice:
        parts.append(speak.word(f"choice.{given.choice}"))
    if given.value is not None:
        parts.append(value(speak, item, given.value))
    said = speak.word("list.comma").join(parts)
    if given.low is None or given.high is None:
        return said
    return said + interval(speak, item, given.low, given.high)


def level(speak: Speaker, given: Given) -> str:
    if given.simulated:
        return speak.word("level.rehearsed")
    return speak.word(f"level.{given.level.word}")


def old_answers(speak: Speaker, case: Case, item: Item) -> str:
    """What stands, shown before it is changed."""
    given = case.current(item.id)
    return answer(speak, item, given) if given else speak.word("answer.none")


def progress(wording: Wording, state: str, counts: Mapping[str, Any]) -> str:
    """A running test in one line."""
    if state == "confirmed" and not counts.get("planned"):
        return wording("test.queued")
    return wording(
        "test.progress",
        sent=counts.get("sent", 0),
        planned=counts.get("planned", 0),
        delivered=counts.get("delivered", 0),
        arrived=counts.get("arrived", 0),
        phase=wording(f"phase.{state}"),
    )

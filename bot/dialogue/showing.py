"""How items, answers and values are put into words."""

from collections.abc import Mapping
from typing import Any

from bot.dialogue.case import Case, Given
from bot.dialogue.talk import Talk
from bot.wording import Wording
from evaluators.checklist import Item

MINUTE, HOUR, DAY = 60, 3600, 86400
NUMERIC = frozenset({"number", "percent", "price", "duration"})


def takes_numbers(item: Item) -> bool:
    """A bare number answers this item, so it cannot also mean a button."""
    return item.value is not None and item.value.kind in NUMERIC


def value(talk: Talk, item: Item, stored: float | str) -> str:
    """A stored value as a person would write it."""
    spec = item.value
    if isinstance(stored, str):
        option = next((o for o in spec.options if o.id == stored), None) if spec else None
        return option.label.of(talk.language) if option else stored
    kind = spec.kind if spec else "percent"
    if kind == "price":
        return talk.word("value.price", amount=f"{stored:g}")
    if kind == "duration":
        return duration(talk, stored)
    if kind == "number" and spec and spec.unit:
        return f"{stored:g} {spec.unit.of(talk.language)}"
    return f"{stored:g}%"


def duration(talk: Talk, seconds: float) -> str:
    for size, name in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if seconds >= size and seconds % (size / 2) == 0:
            return talk.word(f"value.{name}", amount=f"{seconds / size:g}")
    return talk.word("value.second", amount=f"{seconds:g}")


def answer(talk: Talk, item: Item, given: Given) -> str:
    """An answer in short: choice, value, level."""
    parts = []
    if given.choice:
        parts.append(talk.word(f"choice.{given.choice}"))
    if given.value is not None:
        parts.append(value(talk, item, given.value))
    if given.low is not None and given.high is not None:
        low, high = value(talk, item, given.low), value(talk, item, given.high)
        parts.append(talk.word("value.interval", low=low, high=high))
    said = talk.word("list.comma").join(parts)
    if given.choice in {"later", "unknown", "na"}:
        return said
    return talk.word("answer.with_level", said=said, level=level(talk, given))


def level(talk: Talk, given: Given) -> str:
    return talk.word(f"level.{given.level.word}")


def name(talk: Talk, item: Item) -> str:
    """An item as it is referred to: number and question."""
    return talk.word("item.name", number=talk.number(item.id), ask=item.ask.of(talk.language))


def old_answers(talk: Talk, case: Case, item: Item) -> str:
    """What stands, shown before it is changed."""
    given = case.current(item.id)
    return answer(talk, item, given) if given else talk.word("answer.none")


def progress(wording: Wording, state: str, counts: Mapping[str, Any]) -> str:
    """A running test in one line."""
    return wording(
        "test.progress",
        sent=counts.get("sent", 0),
        planned=counts.get("planned", 0),
        delivered=counts.get("delivered", 0),
        arrived=counts.get("arrived", 0),
        phase=wording(f"phase.{state}"),
    )

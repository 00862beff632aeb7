"""Reasons given with a verdict or a finding: a key for programs, a sentence for people."""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any

from evaluators.content import Bilingual

Params = Mapping[str, float | int | str]


@dataclass(frozen=True)
class Reason:
    """One reason; `params` are the figures in its sentence, unrounded."""

    key: str
    params: Params
    wording: Bilingual


class Counting(Formatter):
    """`{count} message{count:|s} {count:was|were} lost`: the form after the bar unless it is 1."""

    def format_field(self, value: Any, format_spec: str) -> Any:
        one, bar, several = format_spec.partition("|")
        if bar:
            return one if value == 1 else several
        return super().format_field(value, format_spec)


def reason(wordings: Mapping[str, Bilingual], key: str, /, **params: float | int | str) -> Reason:
    """The reason with both its sentences filled in."""
    return Reason(key, params, filled(wordings[key], **params))


def filled(said: Bilingual, **params: float | int | str) -> Bilingual:
    """Both sentences with their figures; an English noun follows its number, see `Counting`."""
    fill = Counting()
    return Bilingual(zh=fill.format(said.zh, **params), en=fill.format(said.en, **params))


def both(zh: str, en: str) -> Bilingual:
    return Bilingual(zh=zh, en=en)

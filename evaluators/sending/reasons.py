"""Reasons given with a verdict or a finding: a key for programs, a sentence for people."""

from collections.abc import Mapping
from dataclasses import dataclass

from evaluators.content import Bilingual

Params = Mapping[str, float | int | str]


@dataclass(frozen=True)
class Reason:
    """One reason; `params` are the figures in its sentence, unrounded."""

    key: str
    params: Params
    wording: Bilingual


def reason(wordings: Mapping[str, Bilingual], key: str, /, **params: float | int | str) -> Reason:
    """The reason with both its sentences filled in."""
    said = wordings[key]
    return Reason(key, params, Bilingual(zh=said.zh.format(**params), en=said.en.format(**params)))


def both(zh: str, en: str) -> Bilingual:
    return Bilingual(zh=zh, en=en)

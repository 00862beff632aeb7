"""Every sentence a person reads, by key and language, from `data/wording/`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter

from pydantic import RootModel

from evaluators.content import read
from evaluators.errors import ContentError
from evaluators.sending.reasons import Counting

LANGUAGES = ("zh", "en")
_FILL = Counting()


class Phrases(RootModel[dict[str, str]]):
    """One file: keys with their phrase; `{name}` marks what is filled in."""


@dataclass(frozen=True)
class Wording:
    """The phrases of one language."""

    language: str
    phrases: Mapping[str, str]

    def __call__(self, key: str, /, **parts: object) -> str:
        return _FILL.format(self.phrases[key], **parts)

    def words(self, key: str) -> tuple[str, ...]:
        """The phrase as a list of alternatives, written `one | two | three`."""
        return tuple(word.strip() for word in self.phrases[key].split("|"))


def load(folder: Path) -> dict[str, Wording]:
    """Read both languages and check that they say the same things with the same parts."""
    phrases = {name: read(folder / f"{name}.yaml", Phrases).root for name in LANGUAGES}
    first, second = phrases["zh"], phrases["en"]
    for key in sorted(set(first) | set(second)):
        missing = [name for name in LANGUAGES if key not in phrases[name]]
        if missing:
            raise ContentError(folder / f"{missing[0]}.yaml", 1, f"no phrase {key!r}")
        if _parts(first[key]) != _parts(second[key]):
            raise ContentError(folder / "en.yaml", 1, f"{key!r} fills in other parts than zh.yaml")
    return {name: Wording(name, phrases[name]) for name in LANGUAGES}


@cache
def _parts(phrase: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(phrase) if name)

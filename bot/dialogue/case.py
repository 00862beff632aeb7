"""One evaluation as the conversation sees it: answers with all their revisions, files, runs."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Self

from evaluators.checklist import Applies, Checklist, Choice, Item
from evaluators.evidence import Level

SETTLED = frozenset({"yes", "no", "partly", "na", "unknown"})


@dataclass(frozen=True)
class Given:
    """One answer as it was given. `value` is in the item's stored unit; `by` None is a test.

    `low` and `high` are the exact interval of a measured value.
    """

    item: str
    choice: Choice | None
    value: float | str | None
    level: Level
    at: datetime
    by: str | None
    words: str = ""
    note: str = ""
    revision: int = 1
    low: float | None = None
    high: float | None = None
    run: int | None = None
    id: int | None = None
    simulated: bool = False  # measured on one of our simulated vendors: shown, settles nothing

    @property
    def parked(self) -> bool:
        return self.choice == "later"


@dataclass(frozen=True)
class FileKept:
    """A stored file: its digest, what it is, and the sender's name for it (data only)."""

    sha256: str
    media_type: str
    size: int
    name: str
    level: Level = Level.DOCUMENTED


@dataclass(frozen=True)
class RunLine:
    """A send test in one line."""

    id: int
    state: str
    connection: str
    simulated: bool
    progress: Mapping[str, Any]
    result: Mapping[str, Any]
    marks: tuple[str, ...] = ()  # what people may note while it runs
    by: str = ""  # who started it
    since: datetime | None = None

    @property
    def going_on(self) -> bool:
        return self.state in {"confirmed", "sending", "observing"}


@dataclass(frozen=True)
class Profile:
    """What the company needs; it decides which questions apply. None: not asked yet."""

    kinds: tuple[str, ...] = ()  # otp, notice, marketing
    international: bool | None = None
    multilingual: bool | None = None

    def has(self, needs: Applies) -> bool:
        if needs.marketing and self.kinds and "marketing" not in self.kinds:
            return False
        if needs.international and self.international is False:
            return False
        return not (needs.multilingual and self.multilingual is False)

    def to_json(self) -> dict[str, Any]:
        return {
            "kinds": list(self.kinds),
            "international": self.international,
            "multilingual": self.multilingual,
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        return cls(tuple(raw.get("kinds", ())), raw.get("international"), raw.get("multilingual"))


@dataclass(frozen=True)
class Case:
    """One vendor's evaluation. `answers` holds every revision, oldest first."""

    id: int
    vendor: str
    walk: str
    started: datetime
    profile: Profile = Profile()
    answers: tuple[Given, ...] = ()
    files: tuple[tuple[str, FileKept], ...] = ()
    colleagues: Mapping[str, str] = field(default_factory=dict)
    runs: tuple[RunLine, ...] = ()

    @cached_property
    def _by_item(self) -> Mapping[str, tuple[Given, ...]]:
        """Every item's answers, newest first."""
        found: dict[str, list[Given]] = {}
        for given in reversed(self.answers):
            found.setdefault(given.item, []).append(given)
        return {item: tuple(given) for item, given in found.items()}

    @property
    def answered(self) -> Container[str]:
        """The items with any answer."""
        return self._by_item

    def said(self, item: str) -> Given | None:
        """The newest answer a person gave."""
        given = self._by_item.get(item)
        return next((a for a in given if a.by), None) if given else None

    def measured(self, item: str) -> Given | None:
        """The newest answer a test gave; a real one before any of a simulated vendor."""
        given = self._by_item.get(item)
        tests = [a for a in given if not a.by] if given else []
        return next((a for a in tests if not a.simulated), tests[0]) if tests else None

    def in_force(self, item: str) -> Given | None:
        """What settles an item: a real measurement, else what a person said."""
        if item not in self._by_item:
            return None
        measured = self.measured(item)
        return measured if measured and not measured.simulated else self.said(item)

    def current(self, item: str) -> Given | None:
        """What counts: a measurement before anything said."""
        return self.measured(item) or self.said(item)

    def revisions(self, item: str) -> int:
        return max((a.revision for a in self._by_item.get(item, ())), default=0)

    def proof(self, item: Item) -> Level:
        """The level the stored files give this item, never above what it can reach on paper."""
        levels = [file.level for name, file in self.files if name == item.id]
        ceiling = min(Level.VERIFIED, Level[item.evidence.at_most.upper()])
        return min(ceiling, max(levels, default=Level.CLAIMED))

    def applicable(self, checklist: Checklist) -> Iterable[Item]:
        return (item for item in checklist.items() if self.profile.has(item.applies))

    def with_answer(self, given: Given) -> Self:
        return replace(self, answers=(*self.answers, given))

    def with_file(self, item: str, file: FileKept) -> Self:
        return replace(self, files=(*self.files, (item, file)))

    def without_file(self, item: str, sha256: str) -> Self:
        """The case once a file filed under the wrong item is taken away from it."""
        return replace(
            self, files=tuple(f for f in self.files if (f[0], f[1].sha256) != (item, sha256))
        )

    def active_run(self) -> RunLine | None:
        return next((run for run in reversed(self.runs) if run.going_on), None)

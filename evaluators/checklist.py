"""The checklist as data: sections of items, read from `data/checklist/` and checked as a whole."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from evaluators.content import Bilingual, Content, line_of, read
from evaluators.errors import ContentError

LONGEST_QUESTION = 112  # characters; what a WeCom card shows

Role = Literal["technical", "legal", "business"]
Choice = Literal["yes", "no", "partly", "na", "unknown", "later"]
Dimension = Literal[
    "delivery", "latency", "channels", "compliance", "service", "privacy", "commercial"
]
Way = Literal["question", "document", "lookup", "demo", "test", "probe", "drill", "automated"]
Kind = Literal["number", "percent", "price", "duration", "date", "choice", "text", "file"]


class Option(Content):
    """One choice of a closed list; `meets` is how far it satisfies the check, 0 to 1."""

    id: str = Field(pattern=r"^[a-z0-9_]+$")
    label: Bilingual
    meets: float = Field(ge=0, le=1)


class Value(Content):
    """What may be typed besides the six standing choices.

    Stored units: price CNY per message, percent 0 to 100, duration seconds, number as `unit` says.
    `points` maps a stored number to how far it satisfies the check, piecewise linear, in rising
    order: `[[0.5, 0], [0.7, 1]]`.
    """

    kind: Kind
    unit: Bilingual | None = None
    least: float | None = None
    most: float | None = None
    points: tuple[tuple[float, float], ...] = ()
    options: tuple[Option, ...] = ()

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if (self.kind == "choice") != bool(self.options):
            raise ValueError("options belong to kind: choice, and only to it")
        if self.kind == "number" and self.unit is None:
            raise ValueError("a number needs its unit")
        marks = [mark for mark, _ in self.points]
        if marks != sorted(marks) or any(not 0 <= share <= 1 for _, share in self.points):
            raise ValueError("points rise, and each satisfies between 0 and 1")
        return self


class Condition(Content):
    """When a warning fires. Exactly one test is given; `matches` is a regular expression."""

    below: float | None = None
    above: float | None = None
    at_least: float | None = None
    matches: str | None = None
    not_matches: str | None = None
    choice: tuple[Choice, ...] = ()
    option: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        given = [name for name in type(self).model_fields if getattr(self, name) not in {None, ()}]
        if len(given) != 1:
            raise ValueError("a condition gives exactly one test")
        return self


class Warning(Content):
    """Said at once when an answer meets `when`: what it means, what to ask next, the source."""

    id: str = Field(pattern=r"^[a-z0-9-]+$")
    when: Condition
    level: Literal["red", "amber", "note"]
    means: Bilingual
    ask_next: Bilingual
    source: str


class Evidence(Content):
    """What to ask for, and the strongest level that paper, look-up or test can give here."""

    wanted: Bilingual
    at_most: Literal["claimed", "documented", "verified", "measured"]


class FollowUp(Content):
    """Asked once after a weak answer."""

    on: tuple[Choice, ...] = ("no", "partly")
    ask: Bilingual


class Applies(Content):
    """The item is asked only where the case has all of these; empty means always."""

    marketing: bool = False
    international: bool = False
    multilingual: bool = False


class Item(Content):
    """One question. `gate` items are pass or fail and carry no weight; the others weigh 1 to 3.

    `gate` is `always`, `tests` (of the buyer's own tests: holds a decision up, fails no vendor),
    `optional` (a gate only where the policy says so, otherwise `weight` counts) or `forged`
    (fails only when forged receipts are shown, otherwise `weight` counts).
    `measured_by` names the test and the measure that settles it, such as `arrival.handset_rate`.
    """

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    requires: tuple[str, ...] = Field(min_length=1)
    part: str
    dimension: Dimension
    who: tuple[Role, ...] = Field(min_length=1)
    ask: Bilingual
    why: Bilingual
    value: Value | None = None
    gate: Literal["always", "tests", "optional", "forged"] | None = None
    weight: int | None = Field(default=None, ge=1, le=3)
    evidence: Evidence
    verify: tuple[Way, ...] = Field(min_length=1)
    measured_by: tuple[str, ...] = ()
    applies: Applies = Applies()
    guidance: tuple[str, ...] = Field(min_length=1)
    weak: FollowUp
    warnings: tuple[Warning, ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for language in ("zh", "en"):
            if len(self.ask.of(language)) > LONGEST_QUESTION:
                raise ValueError(f"ask.{language} has more than {LONGEST_QUESTION} characters")
        if (self.gate in {"always", "tests"}) == (self.weight is not None):
            raise ValueError("an item is either a gate or has a weight")
        return self


class Section(Content):
    """One file of `data/checklist/`: a section and its items in the order they are asked."""

    section: str
    version: date
    title: Bilingual
    items: tuple[Item, ...] = Field(min_length=1)


class PrescreenStep(Content):
    """One question of the ten-minute call: read aloud, answered into one or two items."""

    ask: Bilingual
    items: tuple[str, ...] = Field(min_length=1, max_length=3)


class Prescreen(Content):
    """The pre-screen: eight steps in the order of expected information."""

    version: date
    steps: tuple[PrescreenStep, ...] = Field(min_length=8, max_length=8)


@dataclass(frozen=True)
class Checklist:
    """The whole checklist, checked: ids unique, every pre-screen item known."""

    sections: tuple[Section, ...]
    prescreen: Prescreen
    numbers: dict[str, int]  # item id -> its number on screen, 1 to n
    by_id: dict[str, Item]

    @cached_property
    def _sections(self) -> Mapping[str, Section]:
        return {item.id: section for section in self.sections for item in section.items}

    @property
    def version(self) -> str:
        """The newest date among the files."""
        return max(section.version for section in self.sections).isoformat()

    def items(self) -> Iterator[Item]:
        return iter(self.by_id.values())

    def numbered(self, number: int) -> Item | None:
        return next((item for item in self.items() if self.numbers[item.id] == number), None)

    def section_of(self, item: Item) -> Section:
        return self._sections[item.id]


def load(folder: Path) -> Checklist:
    """Read `sections/*.yaml` (in file-name order) and `prescreen.yaml` below `folder`."""
    paths = sorted((folder / "sections").glob("*.yaml"))
    if not paths:
        raise ContentError(folder, 1, "no section files")
    sections = tuple(read(path, Section) for path in paths)
    by_id: dict[str, Item] = {}
    for path, section in zip(paths, sections, strict=True):
        for index, item in enumerate(section.items):
            if item.id in by_id:
                line = line_of(path, "items", index, "id")
                raise ContentError(path, line, f"item id {item.id!r} is used twice")
            by_id[item.id] = item
    prescreen = _prescreen(folder / "prescreen.yaml", by_id)
    numbers = {item_id: number for number, item_id in enumerate(by_id, start=1)}
    return Checklist(sections, prescreen, numbers, by_id)


def _prescreen(path: Path, by_id: dict[str, Item]) -> Prescreen:
    prescreen = read(path, Prescreen)
    for index, step in enumerate(prescreen.steps):
        for item_id in step.items:
            if item_id not in by_id:
                line = line_of(path, "steps", index, "items")
                raise ContentError(path, line, f"no item {item_id!r} in the checklist")
    return prescreen

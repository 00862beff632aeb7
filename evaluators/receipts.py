"""What receipt codes mean, by the sources that say so: conflicting meanings are all kept.

One YAML file in `data/receipts/` for each family of codes. A code is never given one hard meaning:
where its sources class it differently, the class is `unclear` and every reading is shown.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, Field

from evaluators.content import Bilingual, Content, read
from evaluators.sending.rows import Row

Kind = Literal[
    "arrived",
    "user-temporary",
    "user-permanent",
    "content",  # the text, its signature or template
    "blacklist",  # of the carrier or platform, or the recipient opted out
    "frequency",
    "platform",
    "network",
    "unknown",
]

STATES = frozenset({"DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD"})
EMPTY = frozenset({"", "0", "00", "000", "0000"})
"""Raw codes that say nothing beside the state."""


class Meaning(Content):
    """What one source says of a code. A `code` may end in * for a family.

    `carrier` and `platform` are whose code it is, if not everybody's. `confidence`: `standard` (a
    protocol's specification), `document` (a vendor's or official document), `read` (read in code
    or tables).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    code: str = Field(min_length=1)
    carrier: str = ""
    platform: str = ""
    meaning: Bilingual
    kind: Kind = Field(alias="class")
    source: Bilingual
    date: str = ""
    confidence: Literal["standard", "document", "read"]

    def covers(self, code: str, carrier: str) -> bool:
        """Whether it speaks of this code at this carrier."""
        if self.carrier not in {"", carrier}:
            return False
        if self.code.endswith("*"):
            return code.startswith(self.code[:-1])
        return code == self.code


class Codes(Content):
    """One file of the dictionary."""

    about: Bilingual
    rows: tuple[Meaning, ...]


@dataclass(frozen=True)
class Reading:
    """What is known of one receipt: a class only where every source agrees, with all of them."""

    kind: Kind | Literal["unclear"]
    rows: tuple[Meaning, ...] = ()


class Dictionary:
    """All meanings; looked up by state, raw code and carrier."""

    def __init__(self, rows: Iterable[Meaning]) -> None:
        self.rows = tuple(rows)
        self._known: dict[tuple[str, str, str], Reading] = {}

    def read(self, state: str, code: str = "", carrier: str = "") -> Reading:
        """The raw code where it says anything, else the state; `unknown` without rows if neither.

        A state that is none of the standard ones is the raw code, whatever digits come beside it.
        Where sources class a code differently it is `unclear`; which of them is right only the
        vendor can say.
        """
        key = (state, code, carrier)
        if key not in self._known:
            self._known[key] = self._read(*key)
        return self._known[key]

    def _read(self, state: str, code: str, carrier: str) -> Reading:
        raw = state in STATES and code not in EMPTY
        for text in (code, state) if raw else (state,):
            rows = tuple(row for row in self.rows if row.covers(text, carrier))
            kinds = {row.kind for row in rows}
            if kinds:
                return Reading(kinds.pop() if len(kinds) == 1 else "unclear", rows)
        return Reading("unknown")

    @property
    def invalid(self) -> Callable[[Row], bool]:
        """Rows whose receipt says, by every source, that the number is not in use: for D4 and D5.

        A code that is unclear leaves nothing out, so no doubtful code improves a vendor's rate.
        """

        def invalid(row: Row) -> bool:
            said = self.read(row.receipt or "", row.receipt_code or "", row.carrier)
            return row.receipt is not None and said.kind == "user-permanent"

        return invalid


def load(folder: Path) -> Dictionary:
    """The dictionary of all files in a folder; raises ContentError naming the first bad line."""
    files = (read(path, Codes) for path in sorted(folder.glob("*.yaml")))
    return Dictionary(row for codes in files for row in codes.rows)

"""Questions the guidance did not answer: kept for whoever writes the next pages.

One JSON document per line in the state directory, the newest last. A question is personal: figures
long enough to be a phone number, addresses and links are masked, and only so many are kept.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

NAME = "unanswered.jsonl"
MOST = 500  # lines; the oldest go first
LONGEST = 200  # characters of one question
_NUMBER = re.compile(r"\d(?:[ \t-]?\d){6,}")
_ADDRESS = re.compile(r"\S+@\S+|https?://\S+")


@dataclass(frozen=True)
class Unanswered:
    """One question, masked; `at` in ISO form, UTC; `nearest` the anchors that came closest."""

    at: str
    question: str
    nearest: tuple[str, ...]


def note(folder: Path, question: str, nearest: Sequence[str], now: datetime | None = None) -> None:
    """Keep a question; nothing happens where the folder cannot be written."""
    at = (now or datetime.now(UTC)).isoformat(timespec="seconds")
    row = Unanswered(at, masked(question), tuple(nearest))
    kept = read(folder)
    if not row.question or (kept and kept[-1].question == row.question):
        return
    lines = [json.dumps(asdict(each), ensure_ascii=False) for each in [*kept, row][-MOST:]]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / f"{NAME}.{os.getpid()}"
        fresh.touch(mode=0o600)
        fresh.write_text("\n".join(lines) + "\n", encoding="utf-8")
        fresh.replace(folder / NAME)
    except OSError:
        return


def read(folder: Path) -> list[Unanswered]:
    """What is kept, oldest first; a line that was damaged is left out."""
    try:
        lines = (folder / NAME).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return [row for line in lines if (row := _row(line)) is not None]


def listing(rows: Sequence[Unanswered]) -> str:
    """The questions asked most first, with how often, when last, and what came closest."""
    counts = Counter(row.question for row in rows)
    newest = {row.question: row for row in rows}
    order = sorted(newest, key=lambda question: (-counts[question], newest[question].at))
    return "".join(
        f"{counts[question]}x  {newest[question].at[:10]}  {question}"
        f"  ({', '.join(newest[question].nearest) or '-'})\n"
        for question in order
    )


def masked(question: str) -> str:
    """On one line, without phone numbers, addresses or links."""
    plain = _ADDRESS.sub("***", " ".join(question.split())[:LONGEST])
    return _NUMBER.sub(lambda number: "*" * len(number[0]), plain)


def _row(line: str) -> Unanswered | None:
    try:
        plain = json.loads(line)
        return Unanswered(str(plain["at"]), str(plain["question"]), tuple(plain["nearest"]))
    except (ValueError, KeyError, TypeError):
        return None

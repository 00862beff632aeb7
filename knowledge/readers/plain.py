"""Text files: txt, Markdown and CSV in UTF-8, GB18030 or UTF-16. Markup in them is text."""

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path

from knowledge.readers import rows
from knowledge.readers.paper import Cut, Line, NotReadableError, Place

MOST = 4 << 20  # bytes
MOST_LINES = 50_000
TABLES = (".csv", ".tsv")
_MARKED = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read(path: Path, name: str = "") -> Iterator[Line | Cut]:
    """`name` says whether it is a table. Raises NotReadableError where it is no text."""
    with path.open("rb") as file:
        raw = file.read(MOST + 1)
    text = decoded(raw[:MOST])
    if text is None:
        raise NotReadableError("unknown")
    lines = text.splitlines()
    found = _rows(lines) if name.lower().endswith(TABLES) else iter(lines)
    for number, line in enumerate(found, start=1):
        if number > MOST_LINES:
            break
        yield Line(line, Place("line", number, number))
    if len(raw) > MOST or len(lines) > MOST_LINES:
        yield Cut()


def _rows(lines: list[str]) -> Iterator[str]:
    first = next((line for line in lines if line.strip()), "")
    delimiter = max(",;\t|", key=first.count)
    return rows.as_text(csv.reader(lines, delimiter=delimiter))


def decoded(raw: bytes) -> str | None:
    """The text in whichever encoding fits; its last character may be cut off."""
    marked = next((name for mark, name in _MARKED if raw.startswith(mark)), None)
    for encoding in [marked] if marked else _likely(raw):
        try:
            text = codecs.getincrementaldecoder(encoding)().decode(raw, final=False)
        except UnicodeDecodeError:
            continue
        return text if text.count("\0") * 100 <= len(text) else None
    return None


def _likely(raw: bytes) -> list[str]:
    """Blanks and line ends are zero bytes in one half of a UTF-16 file without a mark."""
    head = raw[:4096]
    if head[1::2].count(0) * 20 > len(head):
        return ["utf-16-le"]
    if head[::2].count(0) * 20 > len(head):
        return ["utf-16-be"]
    return ["utf-8", "gb18030"]

"""PDF files: their text by pages. Nothing in them is run, opened or fetched."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.readers.paper import Cut, Line, NotReadableError, Place, clean

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader

MOST_PAGES = 300
TAIL = 2048  # bytes in which a whole file says that it ends
_PAGE_NUMBER = re.compile(
    r"(?i)[-–—\s]*(?:第|page)?\s*\d{1,4}\s*页?(?:\s*[/共of]+\s*\d{1,4}\s*页?)?[-–—\s]*"
)
_ENDS = "。；;：:！!？?"
_STARTS = re.compile(
    r"第\s*\S{1,4}\s*[条章]|\d{1,2}[.、．)]|[(（][一二三四五六七八九十\d]+[)）]|[一二三四五六七八九十]+、|[•●■\-*]\s"
)


def read(path: Path) -> Iterator[Line | Cut]:
    """Raises NotReadableError and what pypdf raises about broken files."""
    from pypdf import PdfReader

    reader = PdfReader(path)
    if reader.is_encrypted and not reader.decrypt(""):  # many are only protected from changes
        raise NotReadableError("encrypted")
    found = broken = False
    for line in _lines(reader):
        found, broken = found or isinstance(line, Line), broken or isinstance(line, Cut)
        yield line
    if not found:
        raise NotReadableError("damaged" if broken else "scan")
    if not _ends(path) or len(reader.pages) > MOST_PAGES:
        yield Cut()


def _lines(reader: "PdfReader") -> Iterator[Line | Cut]:
    broken = 0
    for number in range(1, min(len(reader.pages), MOST_PAGES) + 1):
        page = _text(reader.pages[number - 1])
        broken += page is None
        for text in _paragraphs(page or ""):
            yield Line(text, Place("page", number, number))
    if broken:
        yield Cut()


def _text(page: "PageObject") -> str | None:
    """The page's text, or None where it cannot be read; other pages may."""
    try:
        return page.extract_text()
    except (MemoryError, RecursionError):
        raise
    except Exception:  # noqa: BLE001  a broken page raises anything at all
        return None


def _paragraphs(page: str) -> Iterator[str]:
    """Lines as the page was laid out, put together again where a sentence goes on."""
    whole = ""
    widest = max(map(_width, page.splitlines()), default=0)
    for raw in page.splitlines():
        line = clean(raw)
        if not line or _PAGE_NUMBER.fullmatch(line):
            continue
        if whole and (_STARTS.match(line) or whole[-1] in _ENDS):
            yield whole
            whole = ""
        glue = " " if whole and whole[-1].isascii() and line[0].isascii() else ""
        whole += glue + line
        if _width(raw) < 0.6 * widest:  # a short line ends its paragraph, or is a heading
            yield whole
            whole = ""
    if whole:
        yield whole


def _width(line: str) -> int:
    """In columns: Chinese characters take two."""
    return sum(1 + (char > "\u2e7f") for char in line)


def _ends(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - TAIL))
        return b"%%EOF" in file.read()

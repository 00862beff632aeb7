"""Word files (docx): paragraphs and tables in order. Insertions count, deletions do not."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from knowledge.readers import rows
from knowledge.readers.paper import Cut, Line, Place

MOST_PARAGRAPHS = 20_000  # rows of tables counted too
_STYLE = re.compile(r"(?i)(?:heading|标题)\s*(\d)")


def read(path: Path) -> Iterator[Line | Cut]:
    """Raises what python-docx raises about broken files."""
    from docx import Document
    from docx.table import Table

    with path.open("rb") as file:
        document = Document(file)
    number = 0
    for block in document.iter_inner_content():
        for text, level in _rows(block) if isinstance(block, Table) else [_paragraph(block)]:
            number += 1
            if number > MOST_PARAGRAPHS:
                yield Cut()
                return
            yield Line(text, Place("paragraph", number, number), level)


def _rows(table: Any) -> Iterator[tuple[str, int]]:
    for text in rows.as_text(_cells(row) for row in table.rows):
        yield text, 0


def _cells(row: Any) -> list[str]:
    """A merged cell, which stands in every column it spans, counts in the first."""
    found = [cell._tc for cell in row.cells]  # noqa: SLF001
    return ["" if cell in found[:at] else _words(cell) for at, cell in enumerate(found)]


def _paragraph(paragraph: Any) -> tuple[str, int]:
    style = paragraph.style.name if paragraph.style is not None else ""
    found = _STYLE.match(style or "")
    level = int(found[1]) if found else int(style == "Title")
    return _words(paragraph._p), level  # noqa: SLF001


def _words(element: Any) -> str:
    """Every text in it, of changes that are only proposed too; what was deleted is no text."""
    from docx.oxml.ns import qn

    text, *blanks = (qn(f"w:{name}") for name in ("t", "tab", "br", "p"))
    found = element.iter(text, *blanks)
    return "".join(each.text or "" if each.tag == text else " " for each in found)

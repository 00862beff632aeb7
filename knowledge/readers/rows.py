"""Rows of a table as sentences: each value beside what its column is called."""

from collections.abc import Iterable, Iterator, Sequence

MOST_COLUMNS = 40
LONGEST_CELL = 400  # characters


def as_text(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """One text for each row, empty for an empty one; the first full row names the columns."""
    names: list[str] = []
    for row in rows:
        cells = [" ".join(cell.split())[:LONGEST_CELL] for cell in row[:MOST_COLUMNS]]
        filled = [cell for cell in cells if cell]
        if not names and _names_columns(filled):
            names = cells
            yield " | ".join(filled)
        elif len(filled) < 2:
            yield "".join(filled)
        else:
            yield "；".join(_named(cells, names))


def _names_columns(filled: Sequence[str]) -> bool:
    return len(filled) > 1 and not any(_is_figure(cell) for cell in filled)


def _is_figure(cell: str) -> bool:
    return cell.replace(".", "").replace(",", "").replace("%", "").strip().isdigit()


def _named(cells: Sequence[str], names: Sequence[str]) -> Iterator[str]:
    for at, cell in enumerate(cells):
        name = names[at] if at < len(names) else ""
        if cell:
            yield f"{name}：{cell}" if name and name != cell else cell

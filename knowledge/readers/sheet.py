"""Excel files (xlsx): values by rows. No formula is computed, no macro run, no link opened."""

import datetime
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from knowledge.readers import rows
from knowledge.readers.paper import Cut, Line, Place

MOST_ROWS = 20_000  # of all sheets together
MOST_SHEETS = 50
LONGEST_NAME = 30


def read(path: Path) -> Iterator[Line | Cut]:
    """Raises what openpyxl raises about broken files."""
    from openpyxl import load_workbook

    left = MOST_ROWS
    with path.open("rb") as file:
        book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        sheets = [each for each in book.worksheets if each.sheet_state == "visible"]
        for sheet in sheets[:MOST_SHEETS]:
            sheet.reset_dimensions()  # what the file says of its size is often wrong
            values = sheet.iter_rows(max_col=rows.MOST_COLUMNS, max_row=left + 1, values_only=True)
            number = 0
            for number, text in enumerate(rows.as_text(map(_cells, values)), start=1):
                if number > left:
                    yield Cut()
                    return
                yield Line(text, Place("row", number, number, sheet.title[:LONGEST_NAME]))
            left -= number
    if len(sheets) > MOST_SHEETS:
        yield Cut()


def _cells(values: Sequence[Any]) -> list[str]:
    return [_cell(value) for value in values]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.10g}"  # 0.1 + 0.2 is 0.3 on everybody's screen
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    return str(value)

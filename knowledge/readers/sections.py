"""From lines to sections of one thought each: by headings, numbered clauses and length."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from knowledge.readers.paper import Cut, Line, Place, Section, clean

SHORTEST, LONGEST = 80, 300  # characters of a section; the last of a heading may be shorter
LONGEST_HEADING = 40
DEEPEST = 2  # headings shown, from the innermost

_NUMERAL = "一二三四五六七八九十百零〇0-9"
_HEADINGS = (  # what numbered headings look like, and their level
    (re.compile(rf"第\s*[{_NUMERAL}]+\s*[章部编]"), 1),
    (
        re.compile(
            r"(?i)(?:chapter|part|annex|appendix)\s+[0-9ivx]+\b|附[件录表]\s*[一二三四五六\d]*"
        ),
        1,
    ),
    (re.compile(rf"第\s*[{_NUMERAL}]+\s*条"), 2),
    (re.compile(rf"[{_NUMERAL[:11]}]+、"), 2),
    (re.compile(r"(?i)(?:article|section|clause)\s+\d+\b"), 2),
    (re.compile(r"\d{1,2}(?:[.．、]|\s)\s*(?![\d.])"), 2),
    (re.compile(r"[(（][一二三四五六七八九十\d]+[)）]"), 3),
    (re.compile(r"\d{1,2}(?:\.\d{1,2}){1,3}\s*"), 3),
)
_MARKED = re.compile(r"(#{1,6})\s+\S")
_CLAUSE = re.compile(rf"(第\s*[{_NUMERAL}]+\s*条|(?i:article|clause)\s+\d+\b)")
_ENDS = "。；;：:，,、！!？?."
_SENTENCE = re.compile(r"(?<=[。！？；!?;])|(?<=\.)\s+(?=[A-Z])")


def sections(found: Iterable[Line | Cut]) -> Iterator[Section | Cut]:
    """Sections as soon as they are whole; what was cut is passed on."""
    gathered = _Gathered()
    for each in found:
        if isinstance(each, Cut):
            yield each
            continue
        line = replace(each, text=clean(each.text))
        if line.text:
            yield from gathered.add(line)
    yield from gathered.flush()


class _Gathered:
    """What is read of the section under way."""

    def __init__(self) -> None:
        self._headings: dict[int, str] = {}
        self._lines: list[Line] = []

    def add(self, line: Line) -> Iterator[Section]:
        level = line.level or _level(line.text)
        if level:
            yield from self.flush()
            self._enter(level, line.text.lstrip("# "))
            return
        if clause := _CLAUSE.match(line.text):
            yield from self.flush()
            self._enter(2, clause[0])
        if self._lines and self._lines[-1].place.sheet != line.place.sheet:
            yield from self.flush()
        for piece in _pieces(line.text):
            if self._length + len(piece) > LONGEST and self._length >= SHORTEST:
                yield from self.flush()
            self._lines.append(replace(line, text=piece))

    def flush(self) -> Iterator[Section]:
        if self._lines:
            first, last = self._lines[0].place, self._lines[-1].place
            place = Place(first.unit, first.first, max(first.last, last.last), first.sheet)
            text = "\n".join(line.text for line in self._lines)
            yield Section(self._heading, place, text)
        self._lines = []

    def _enter(self, level: int, heading: str) -> None:
        kept = {at: text for at, text in self._headings.items() if at < level}
        self._headings = kept | {level: heading[: 2 * LONGEST_HEADING]}

    @property
    def _heading(self) -> str:
        return " › ".join([self._headings[at] for at in sorted(self._headings)][-DEEPEST:])

    @property
    def _length(self) -> int:
        return sum(len(line.text) for line in self._lines)


def _level(text: str) -> int:
    """The level of a line that looks like a heading, else 0."""
    if marked := _MARKED.match(text):
        return len(marked[1])
    if len(text) > LONGEST_HEADING or text[-1] in _ENDS:
        return 0
    return next((level for shape, level in _HEADINGS if shape.match(text)), 0)


def _pieces(text: str) -> Iterator[str]:
    """A long paragraph in sentences put together up to the longest, a monster cut anywhere."""
    if len(text) <= LONGEST:
        yield text
        return
    piece = ""
    for sentence in _SENTENCE.split(text):
        if piece and len(piece) + len(sentence) > LONGEST:
            yield piece
            piece = ""
        piece += sentence
        while len(piece) > LONGEST:
            yield piece[:LONGEST]
            piece = piece[LONGEST:]
    if piece.strip():
        yield piece

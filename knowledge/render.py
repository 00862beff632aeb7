"""Answers as chat text of a few lines, and as JSON."""

from collections.abc import Sequence
from typing import Any

from knowledge.citation import Citation
from knowledge.content import Bilingual
from knowledge.quoting import Answer, PaperHit
from knowledge.readers.paper import Unreadable

MOST_FOOTNOTES = 4  # as many as any passage of ours needs
MOST_SOURCES = 2  # named in one footnote; JSON has them all
ALSO = 2
LONGEST_QUOTE = 240  # characters of a paper
MOST_NAMES = 2  # of papers that were not searched

_POSSIBLY = Bilingual(zh="可能相关，请核对：", en="Possibly related, please check: ")
_MORE = Bilingual(zh="(另有 {} 处来源)", en="({} more sources)")
_ALSO = Bilingual(zh="另见：", en="See also: ")
_PAPER = Bilingual(
    zh="📎 供应商材料所写，未核实：「{text}」（{where}）",
    en='📎 As the vendor\'s papers have it, not checked: "{text}" ({where})',
)
_NOT_SEARCHED = Bilingual(
    zh="📎 这些材料这次没有查：{}", en="📎 These papers were not searched this time: {}"
)
_BEING_READ = Bilingual(
    zh="还在读，过一会儿可以再问", en="still being read; you can ask again in a while"
)
_MORE_PAPERS = Bilingual(zh="另有 {} 份", en="{} more")
_VALID = Bilingual(zh="有效期 {} 至 {}", en="valid {} to {}")
_SINCE = Bilingual(zh="自 {} 起", en="since {}")
_UNTIL = Bilingual(zh="至 {} 止", en="until {}")


def render(answer: Answer, language: str = "zh") -> str:
    """At most six lines: the answer, its sources with dates, further sections.

    What the evaluation's own papers say follows, a line each, and says that nobody checked it.
    """
    papers = [paper(hit, language) for hit in answer.papers]
    if answer.refused:
        return "\n".join([answer.answer, *papers])
    prefix = "" if answer.tier == "says" else _POSSIBLY.of(language)
    lines = [prefix + answer.answer]
    lines += [footnote(citation, language) for citation in answer.citations[:MOST_FOOTNOTES]]
    if len(answer.citations) > MOST_FOOTNOTES:
        lines[-1] += " " + _MORE.of(language).format(len(answer.citations) - MOST_FOOTNOTES)
    also = [f"{hit.heading} ({hit.id})" for hit in answer.passages[1 : 1 + ALSO]]
    if also and not papers:
        lines.append(_ALSO.of(language) + "; ".join(also))
    return "\n".join(lines + papers)


def paper(hit: PaperHit, language: str) -> str:
    """A paper's own words with file and section, on one line, and that nobody checked them."""
    text = " ".join(hit.text.split())
    short = text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"
    where = " · ".join(part for part in (hit.name, hit.section) if part)
    return _PAPER.of(language).format(text=short, where=where)


def not_searched(left_out: Sequence[tuple[str, Unreadable | None]], language: str) -> str:
    """The papers an answer knows nothing of and why, on one line; None: still being read."""
    named = []
    for name, reading in left_out[:MOST_NAMES]:
        why = reading.why(language) if reading is not None else _BEING_READ.of(language)
        named.append(f"{name} ({why})" if language == "en" else f"{name}（{why}）")
    if len(left_out) > MOST_NAMES:
        named.append(_MORE_PAPERS.of(language).format(len(left_out) - MOST_NAMES))
    return _NOT_SEARCHED.of(language).format(("; " if language == "en" else "；").join(named))


def footnote(citation: Citation, language: str) -> str:
    """`[1] title · publisher · date · interest · since when`, on one line."""
    named, more = citation.sources[:MOST_SOURCES], len(citation.sources) - MOST_SOURCES
    sources = "; ".join(named) + (" " + _MORE.of(language).format(more) if more > 0 else "")
    parts = [sources, _validity(citation, language)]
    line = f"[{citation.number}] " + " · ".join(part for part in parts if part)
    return f"{line} ⚠ {citation.note}" if citation.note else line


def _validity(citation: Citation, language: str) -> str:
    since, until = citation.valid_from, citation.valid_to
    if since and until:
        return _VALID.of(language).format(since, until)
    if since:
        return _SINCE.of(language).format(since)
    return _UNTIL.of(language).format(until) if until else ""


def to_json(answer: Answer) -> dict[str, Any]:
    """Plain values under `question answer refused citations passages`; dates as ISO text."""
    return {
        "question": answer.question,
        "answer": answer.answer,
        "refused": answer.refused,
        "citations": [_plain(citation) for citation in answer.citations],
        "passages": [
            {"id": hit.id, "text": hit.text, "score": hit.score} for hit in answer.passages
        ],
    }


def _plain(citation: Citation) -> dict[str, Any]:
    return {
        "number": citation.number,
        "anchor": citation.anchor,
        "heading": citation.heading,
        "facts": list(citation.facts),
        "sources": list(citation.sources),
        "valid_from": citation.valid_from.isoformat() if citation.valid_from else None,
        "valid_to": citation.valid_to.isoformat() if citation.valid_to else None,
        "note": citation.note,
    }

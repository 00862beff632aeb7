"""Answers as chat text of a few lines, and as JSON."""

from typing import Any

from knowledge.citation import Citation
from knowledge.content import Bilingual
from knowledge.quoting import Answer

MOST_FOOTNOTES = 3
ALSO = 2

_POSSIBLY = Bilingual(zh="可能相关，请核对：", en="Possibly related, please check: ")
_MORE = Bilingual(zh="(另有 {} 处来源)", en="({} more sources)")
_ALSO = Bilingual(zh="另见：", en="See also: ")
_VALID = Bilingual(zh="有效期 {} 至 {}", en="valid {} to {}")
_SINCE = Bilingual(zh="自 {} 起", en="since {}")
_UNTIL = Bilingual(zh="至 {} 止", en="until {}")


def render(answer: Answer, language: str = "zh") -> str:
    """At most seven lines: the answer, its sources with dates, further sections."""
    if answer.refused:
        return answer.answer
    prefix = "" if answer.tier == "says" else _POSSIBLY.of(language)
    lines = [prefix + answer.answer]
    lines += [footnote(citation, language) for citation in answer.citations[:MOST_FOOTNOTES]]
    if len(answer.citations) > MOST_FOOTNOTES:
        lines.append(_MORE.of(language).format(len(answer.citations) - MOST_FOOTNOTES))
    also = [f"{hit.heading} ({hit.id})" for hit in answer.passages[1 : 1 + ALSO]]
    if also:
        lines.append(_ALSO.of(language) + "; ".join(also))
    return "\n".join(lines)


def footnote(citation: Citation, language: str) -> str:
    """`[1] title · publisher · date · interest · since when`, on one line."""
    parts = ["; ".join(citation.sources), _validity(citation, language)]
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
